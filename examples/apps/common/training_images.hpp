// SPDX-License-Identifier: MIT
// The pictures of a folder, in memory as far as there is room, and batches made of parts of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <dht/backend/thread_pool.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/train/crop.hpp>

namespace dht::examples {

/// How pictures are read.
struct ReadingOptions {
  std::string program;                              ///< before complaints
  std::int64_t kept_bytes = std::int64_t{2} << 30;  ///< of decoded pictures; those beyond are decoded again
  bool quiet = false;
};

/// All PNG and JPEG files of a folder and those below it that can be decoded, sorted by path.
class TrainingImages {
 public:
  /// Decodes every file once, on all threads of `pool`. A file that is broken is named on stderr and left out. Throws
  /// dht::Error, naming the folder, when no picture is left, and where there is not enough memory for one.
  TrainingImages(const std::filesystem::path& folder, const ReadingOptions& options,
                 backend::ThreadPool& pool);

  std::size_t size() const { return images_.size(); }
  /// The path of a picture.
  std::string name(std::size_t i) const { return images_[i].path.string(); }
  /// How many are kept in memory.
  std::size_t kept() const;
  /// How many files were left out.
  std::size_t broken() const { return broken_; }
  /// Tells folders apart: of the paths below the folder and the sizes of the pictures.
  const std::string& fingerprint() const { return fingerprint_; }

  /// A picture from memory, or decoded again. For use by several threads at once. Throws dht::Error when the file has
  /// changed since it was decoded.
  std::shared_ptr<const Picture> picture(std::size_t i) const;

 private:
  struct Image {
    std::filesystem::path path;
    int height = 0, width = 0;
    std::shared_ptr<const Picture> kept;
  };

  void take_fingerprint(const std::filesystem::path& folder);

  std::vector<Image> images_;
  std::size_t broken_ = 0;
  std::string fingerprint_;
};

/// Runs `task(i)` for every i below `count` on all threads of a pool, in any order.
template <class Task>
void for_each_index(backend::ThreadPool& pool, std::size_t count, const Task& task) {
  pool.run(static_cast<int>(count), [&](int i) { task(static_cast<std::size_t>(i)); });
}

/// Pictures of a batch: which of the folder's, and as planes (batch, 3, side, side) of numbers from 0 to 1.
struct TrainingBatch {
  int side = 0;
  std::vector<std::size_t> image;
  std::vector<Crop> crop;  ///< the part of each that is shown
  std::vector<float> planes;

  ImageView<const float> view() const {
    return planar_view(planes.data(), static_cast<int>(image.size()), 3, side, side);
  }
};

/// Which picture is shown when: every picture once, in random order, before any is shown again.
class ShuffledOrder {
 public:
  ShuffledOrder(std::size_t images, std::uint64_t seed) : images_(images), seed_(seed) {}

  /// The picture at a place in the sequence, a pure function of the place.
  std::size_t operator()(std::uint64_t place);

 private:
  std::size_t images_;
  std::uint64_t seed_, round_ = ~std::uint64_t{0};
  std::vector<std::uint32_t> order_;
};

/// The batch of a step: the next pictures in order, a random part of each, all drawn by seed, step and place in the batch.
/// The same for any number of threads. See `random_crop` for the area.
void training_batch(const TrainingImages& images, ShuffledOrder& order, std::uint64_t seed, std::int64_t step,
                    backend::ThreadPool& pool, TrainingBatch& batch, double least_area = 0.25);

/// The middles of pictures `begin` up to as many as the batch has room for.
void validation_batch(const TrainingImages& images, std::size_t begin, backend::ThreadPool& pool,
                      TrainingBatch& batch);

}  // namespace dht::examples
