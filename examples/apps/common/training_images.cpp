// SPDX-License-Identifier: MIT
// The pictures of a folder, in memory as far as there is room, and batches made of parts of them.
#include "training_images.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/core/random.hpp>
#include <dht/io/file.hpp>

#include "fingerprint.hpp"
#include "image_file.hpp"
#include "memory.hpp"
#include "options.hpp"
#include "photo_folder.hpp"
#include "progress.hpp"
#include "signals.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

/// Streams of random numbers that do not meet: what they are for comes first.
enum Purpose : std::uint64_t { shuffling = 101, cropping = 102 };

std::shared_ptr<const Picture> decoded(const fs::path& path) {
  try {
    return std::make_shared<const Picture>(read_photo(path).picture());
  } catch (const std::bad_alloc&) {
    throw NotEnoughMemory(dht::detail::file_name(path) + ": " + not_enough_memory);
  }
}

}  // namespace

TrainingImages::TrainingImages(const fs::path& folder, const ReadingOptions& options,
                               backend::ThreadPool& pool) {
  for (fs::path& path : photos_below(folder)) images_.emplace_back().path = std::move(path);
  Progress progress(options.quiet ? nullptr : terminal(), "reading", images_.size());
  std::atomic<std::int64_t> bytes = 0;
  for_each_index(pool, images_.size(), [&](std::size_t i) {
    check_interrupted();
    Image& image = images_[i];
    try {
      const auto picture = decoded(image.path);
      image.height = picture->height;
      image.width = picture->width;
      const auto size = static_cast<std::int64_t>(picture->rgb.size());
      if (bytes.fetch_add(size) + size <= options.kept_bytes)
        image.kept = picture;
      else
        bytes.fetch_sub(size);
    } catch (const NotEnoughMemory&) {
      throw;  // what is learned must not depend on it
    } catch (const Error& error) {
      progress.interrupt([&] { complain(options.program, error.what()); });
    }
    progress.step();
  });
  broken_ = std::erase_if(images_, [](const Image& image) { return image.height == 0; });
  DHT_EXPECTS(!images_.empty(), dht::detail::file_name(folder),
              ": has no photo that can be read; must have at least one");
  take_fingerprint(folder);
}

void TrainingImages::take_fingerprint(const fs::path& folder) {
  Fingerprint fingerprint;
  for (const Image& image : images_) {
    fingerprint.add(std::string_view(image.path.lexically_relative(folder).generic_string()));
    fingerprint.add(static_cast<std::uint64_t>(image.height));
    fingerprint.add(static_cast<std::uint64_t>(image.width));
  }
  fingerprint_ = fingerprint.text();
}

std::size_t TrainingImages::kept() const {
  return static_cast<std::size_t>(std::count_if(images_.begin(), images_.end(),
                                                [](const Image& image) { return image.kept != nullptr; }));
}

std::shared_ptr<const Picture> TrainingImages::picture(std::size_t i) const {
  const Image& image = images_[i];
  if (image.kept) return image.kept;
  auto again = decoded(image.path);
  DHT_EXPECTS(again->height == image.height && again->width == image.width,
              dht::detail::file_name(image.path), ": is ", again->width, " x ", again->height,
              " pixels; was ", image.width, " x ", image.height, " when training began");
  return again;
}

std::size_t ShuffledOrder::operator()(std::uint64_t place) {
  const std::uint64_t round = place / images_;
  if (round != round_) {
    order_ = Random(seed_, std::uint64_t{shuffling}, round).permutation(static_cast<std::uint32_t>(images_));
    round_ = round;
  }
  return order_[place % images_];
}

void training_batch(const TrainingImages& images, ShuffledOrder& order, std::uint64_t seed, std::int64_t step,
                    backend::ThreadPool& pool, TrainingBatch& batch, double least_area) {
  const std::size_t size = batch.image.size(),
                    numbers = static_cast<std::size_t>(batch.side) * static_cast<std::size_t>(batch.side) * 3;
  batch.planes.resize(size * numbers);
  batch.crop.resize(size);
  for (std::size_t i = 0; i < size; ++i) batch.image[i] = order(static_cast<std::uint64_t>(step) * size + i);
  for_each_index(pool, size, [&](std::size_t i) {
    Random random(seed, std::uint64_t{cropping}, step, i);
    const auto picture = images.picture(batch.image[i]);
    batch.crop[i] = random_crop(picture->height, picture->width, random, least_area);
    resample(*picture, batch.crop[i], batch.side, batch.side, batch.planes.data() + i * numbers);
  });
}

void validation_batch(const TrainingImages& images, std::size_t begin, backend::ThreadPool& pool,
                      TrainingBatch& batch) {
  batch.image.resize(std::min(batch.image.size(), images.size() - begin));
  const std::size_t numbers = static_cast<std::size_t>(batch.side) * static_cast<std::size_t>(batch.side) * 3;
  batch.planes.resize(batch.image.size() * numbers);
  batch.crop.resize(batch.image.size());
  for_each_index(pool, batch.image.size(), [&](std::size_t i) {
    batch.image[i] = begin + i;
    const auto picture = images.picture(begin + i);
    batch.crop[i] = centre_crop(picture->height, picture->width);
    resample(*picture, batch.crop[i], batch.side, batch.side, batch.planes.data() + i * numbers);
  });
}

}  // namespace dht::examples
