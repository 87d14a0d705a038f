// SPDX-License-Identifier: MIT
// Pictures sorted into one folder for each class.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <dht/backend/thread_pool.hpp>

#include "training_images.hpp"

namespace dht::examples {

/// The pictures of a folder whose folders are classes: what is below `shirt/` shows a shirt.
class ClassFolder {
 public:
  /// Reads all pictures, as TrainingImages does. The classes are the folders in the order of their names, or those of `classes`
  /// where a model knows them already. A link to a folder is one; names that begin with a dot are none. Throws dht::Error,
  /// naming the folder, when a picture lies beside the class folders, a class has no picture that can be read or a name that is
  /// not UTF-8, and where the folders are not those of `classes`.
  ClassFolder(const std::filesystem::path& folder, const ReadingOptions& options, backend::ThreadPool& pool,
              const std::optional<std::vector<std::string>>& classes = std::nullopt);

  const TrainingImages& images() const { return images_; }
  const std::vector<std::string>& classes() const { return classes_; }
  /// The class of a picture.
  int label(std::size_t image) const { return labels_[image]; }

 private:
  std::vector<std::string> classes_;
  TrainingImages images_;
  std::vector<int> labels_;
};

}  // namespace dht::examples
