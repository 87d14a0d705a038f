// SPDX-License-Identifier: MIT
// Pictures with the class of every pixel.
#include "labelled_images.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <system_error>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "fingerprint.hpp"
#include "signals.hpp"

namespace dht::examples {

namespace fs = std::filesystem;

LabelledImages::LabelledImages(const fs::path& folder, const fs::path& labels, const ReadingOptions& options,
                               backend::ThreadPool& pool)
    : folder_(folder), label_folder_(labels), images_(folder, options, pool), labels_(images_.size()) {
  std::error_code error;
  DHT_EXPECTS(fs::is_directory(labels, error), dht::detail::file_name(labels),
              ": is no folder; must hold the label maps");
  check_names();
  for_each_index(pool, labels_.size(), [&](std::size_t i) {
    check_interrupted();
    labels_[i] = read_label_map(label_path(i));
    const auto picture = images_.picture(i);
    DHT_EXPECTS(labels_[i].height == picture->height && labels_[i].width == picture->width,
                dht::detail::file_name(label_path(i)), ": is ", labels_[i].width, " x ", labels_[i].height,
                " pixels; must be ", picture->width, " x ", picture->height, " like ", images_.name(i));
  });
}

fs::path LabelledImages::name_below(std::size_t image) const {
  return fs::path(images_.name(image)).lexically_relative(folder_).replace_extension(".png");
}

fs::path LabelledImages::label_path(std::size_t image) const { return label_folder_ / name_below(image); }

void LabelledImages::check_names() const {
  std::map<fs::path, std::size_t> image_of;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    const auto [at, is_new] = image_of.emplace(name_below(i), i);
    DHT_EXPECTS(is_new, dht::detail::file_name(images_.name(at->second)), ": has the same label map as ",
                dht::detail::file_name(images_.name(i)), ", ", dht::detail::file_name(label_path(i)),
                "; must have one of its own");
  }
}

int LabelledImages::classes(int ignored) const {
  int most = -1;
  for (const LabelMap& map : labels_)
    for (const std::uint8_t value : map.values)
      if (value != ignored) most = std::max<int>(most, value);
  return most + 1;
}

void LabelledImages::check_classes(int classes, int ignored) const {
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    for (const std::uint8_t value : labels_[i].values)
      DHT_EXPECTS(value == ignored || value < classes, dht::detail::file_name(label_path(i)),
                  ": has a pixel of class ", int{value}, "; must be below ", classes, ", or ", ignored,
                  " where it is not known");
  }
}

std::string LabelledImages::fingerprint() const {
  Fingerprint fingerprint;
  fingerprint.add(images_.fingerprint());
  for (const LabelMap& map : labels_) fingerprint.add(std::as_bytes(std::span(map.values)));
  return fingerprint.text();
}

std::vector<std::int32_t> class_maps(const LabelledImages& images, const TrainingBatch& batch, int ignored) {
  const int side = batch.side;
  std::vector<std::int32_t> maps;
  maps.reserve(batch.image.size() * static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  const auto at = [side](double begin, double length, int i, int pixels) {
    return std::clamp(static_cast<int>(begin + (i + 0.5) * length / side), 0, pixels - 1);
  };
  for (std::size_t b = 0; b < batch.image.size(); ++b) {
    const LabelMap& map = images.labels(batch.image[b]);
    const Crop& crop = batch.crop[b];
    for (int y = 0; y < side; ++y) {
      const int row = at(crop.top, crop.height, y, map.height);
      for (int x = 0; x < side; ++x) {
        const int column = at(crop.left, crop.width, crop.is_mirrored ? side - 1 - x : x, map.width);
        const int value = map.values[static_cast<std::size_t>(row) * static_cast<std::size_t>(map.width) +
                                     static_cast<std::size_t>(column)];
        maps.push_back(value == ignored ? -1 : value);
      }
    }
  }
  return maps;
}

}  // namespace dht::examples
