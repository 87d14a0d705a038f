// SPDX-License-Identifier: MIT
// Pictures with the class of every pixel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include <dht/backend/thread_pool.hpp>
#include <dht/train/targets.hpp>

#include "image_file.hpp"
#include "training_images.hpp"

namespace dht::examples {

/// The pictures of a folder, and a label map for each: DIR/below/NAME.png for IMAGE_DIR/below/NAME.jpg.
class LabelledImages {
 public:
  /// Reads them all. Pictures that are broken are named on stderr and left out; throws dht::Error, naming the file, for a label
  /// map that is missing, broken, of another size than its picture, or that of two pictures.
  LabelledImages(const std::filesystem::path& folder, const std::filesystem::path& labels,
                 const ReadingOptions& options, backend::ThreadPool& pool);

  const TrainingImages& images() const { return images_; }
  const LabelMap& labels(std::size_t image) const { return labels_[image]; }
  /// below/NAME.png for IMAGE_DIR/below/NAME.jpg.
  std::filesystem::path name_below(std::size_t image) const;
  /// The largest number of a pixel that is not `ignored`, plus 1.
  int classes(int ignored) const;
  /// Throws dht::Error, naming the label map, for a number from `classes` on that is not `ignored`.
  void check_classes(int classes, int ignored) const;
  /// Of pictures and label maps.
  std::string fingerprint() const;

 private:
  std::filesystem::path label_path(std::size_t image) const;
  void check_names() const;

  std::filesystem::path folder_, label_folder_;
  TrainingImages images_;
  std::vector<LabelMap> labels_;
};

/// The classes of the pixels of a batch, images x side x side, cropped as its pictures are; the nearest pixel decides. -1 for
/// `ignored`.
std::vector<std::int32_t> class_maps(const LabelledImages& images, const TrainingBatch& batch, int ignored);

}  // namespace dht::examples
