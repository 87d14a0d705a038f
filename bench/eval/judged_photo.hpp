// SPDX-License-Identifier: MIT
// Photos that people have segmented, read from a folder: NAME.jpg beside NAME.0.png, NAME.1.png, ..., one a person.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>
#include <dht/io/file.hpp>

#include "common/image_file.hpp"
#include "superpixel_scores.hpp"

namespace dht::bench {

/// A photo and people's segmentations of it.
struct JudgedPhoto {
  std::string name;
  Picture photo;
  std::vector<LabelMap> truths;
};

/// The names of all NAME.jpg in order, at most `limit` of them.
inline std::vector<std::string> photo_names(const std::filesystem::path& folder, int limit) {
  std::error_code error;
  DHT_EXPECTS(std::filesystem::is_directory(folder, error), dht::detail::file_name(folder),
              ": is no folder; must be one with photos NAME.jpg and segmentations NAME.0.png, ...");
  std::vector<std::string> names;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".jpg") names.push_back(entry.path().stem().string());
  DHT_EXPECTS(!names.empty(), dht::detail::file_name(folder), ": holds no NAME.jpg; must hold at least one");
  std::sort(names.begin(), names.end());
  if (limit > 0 && static_cast<std::size_t>(limit) < names.size())
    names.resize(static_cast<std::size_t>(limit));
  return names;
}

/// The first of the three channels that the reader makes of grey.
inline LabelMap read_segmentation(const std::filesystem::path& path, int height, int width) {
  const dht::examples::Photo file = dht::examples::read_photo(path);
  DHT_EXPECTS(file.height == height && file.width == width, dht::detail::file_name(path), ": is ",
              file.height, " x ", file.width, " pixels; must be ", height, " x ", width, " like its photo");
  std::vector<std::int32_t> labels;
  std::visit(
      [&](const auto& samples) {
        for (std::size_t i = 0; i < samples.size(); i += 3) labels.push_back(samples[i]);
      },
      file.samples);
  return label_map(height, width, labels);
}

inline JudgedPhoto read_judged_photo(const std::filesystem::path& folder, const std::string& name) {
  JudgedPhoto judged{name, dht::examples::read_photo(folder / (name + ".jpg")).picture(), {}};
  for (int person = 0;; ++person) {
    const std::filesystem::path path = folder / (name + "." + std::to_string(person) + ".png");
    if (person > 0 && !std::filesystem::exists(path)) return judged;
    judged.truths.push_back(read_segmentation(path, judged.photo.height, judged.photo.width));
  }
}

}  // namespace dht::bench
