// SPDX-License-Identifier: MIT
// Pictures sorted into one folder for each class.
#include "class_folder.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/vector/svg_text.hpp>

#include "photo_folder.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

/// Whether `text` is UTF-8 without control characters: what a model's file and a drawing can hold.
bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = dht::detail::xml_character(text);
    if (length == 0 || static_cast<unsigned char>(text[0]) < 0x20) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// The names of the folders in a folder, sorted.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::error_code error;
  DHT_EXPECTS(fs::exists(folder, error), dht::detail::file_name(folder),
              ": does not exist; must hold a folder for each class");
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries_of(folder)) {
    DHT_EXPECTS(entry.kind != FolderEntry::Kind::lost, dht::detail::file_name(entry.path),
                ": is a link that leads nowhere; must lead to a folder or a file");
    if (entry.kind != FolderEntry::Kind::folder) continue;
    names.push_back(entry.path.filename().string());
    DHT_EXPECTS(
        is_plain_text(names.back()), dht::detail::file_name(entry.path),
        ": has a name that is not UTF-8 or not of one line; a class must have one that a file can hold");
  }
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
