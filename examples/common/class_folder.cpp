// SPDX-License-Identifier: MIT
// Pictures sorted into one folder for each class.
#include "class_folder.hpp"

#include <algorithm>
#include <system_error>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "photo_folder.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

/// The names of the folders in a folder, sorted.
std::vector<std::string> folders_in(const fs::path& folder) {
  const std::string name = dht::detail::file_name(folder);
  std::error_code error;
  DHT_EXPECTS(fs::exists(folder, error), name, ": does not exist; must hold a folder for each class");
  DHT_EXPECTS(fs::is_directory(folder, error), name, ": is a file; must be a folder");
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error))
    if (at->is_directory(error)) names.push_back(at->path().filename().string());
  DHT_EXPECTS(!error, name, ": cannot be read (", error.message(), ")");
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> checked_classes(const fs::path& folder,
                                         const std::optional<std::vector<std::string>>& known) {
  const std::vector<std::string> found = folders_in(folder);
  const std::string name = dht::detail::file_name(folder);
  if (!known) {
    DHT_EXPECTS(found.size() >= 2, name, ": has ", found.size(), " class folders; must have at least 2");
    return found;
  }
  for (const std::string& expected : *known)
    DHT_EXPECTS(std::find(found.begin(), found.end(), expected) != found.end(), name, ": has no folder ",
                dht::detail::one_line(expected), "; must have one for each class of the model");
  for (const std::string& other : found)
    DHT_EXPECTS(std::find(known->begin(), known->end(), other) != known->end(), name, ": has a folder ",
                dht::detail::one_line(other), ", which is no class of the model");
  return *known;
}

}  // namespace

ClassFolder::ClassFolder(const fs::path& folder, const ReadingOptions& options, backend::ThreadPool& pool,
                         const std::optional<std::vector<std::string>>& classes)
    : classes_(checked_classes(folder, classes)), images_(folder, options, pool) {
  std::vector<std::size_t> count(classes_.size(), 0);
  for (std::size_t i = 0; i < images_.size(); ++i) {
    const fs::path below = fs::path(images_.name(i)).lexically_relative(folder);
    DHT_EXPECTS(std::distance(below.begin(), below.end()) >= 2, dht::detail::file_name(images_.name(i)),
                ": lies beside the class folders; must be in one");
    const auto at = std::find(classes_.begin(), classes_.end(), below.begin()->string());
    labels_.push_back(static_cast<int>(at - classes_.begin()));
    ++count[static_cast<std::size_t>(labels_.back())];
  }
  for (std::size_t c = 0; c < count.size(); ++c)
    DHT_EXPECTS(count[c] > 0, dht::detail::file_name(folder / classes_[c]),
                ": has no photo that can be read; every class must have at least one");
}

}  // namespace dht::examples
