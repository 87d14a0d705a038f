// SPDX-License-Identifier: MIT
// The photos of a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dht::examples {

/// What has a name in a folder.
struct FolderEntry {
  enum class Kind { folder, file, lost };
  std::filesystem::path path;
  Kind kind;     ///< of what a link leads to; lost where it leads nowhere
  bool is_link;  ///< symbolic
};

/// Everything in a folder but names that begin with a dot, sorted by name. Those are hidden: folders of tools such as
/// .ipynb_checkpoints, and the ._photo.jpg that some systems put beside photo.jpg. Throws dht::Error, naming the folder, when
/// it is none or cannot be read.
std::vector<FolderEntry> entries_of(const std::filesystem::path& folder);

/// The entries of a folder that are no folders and whose names end in .png, .jpg or .jpeg, in any case, sorted by name; folders
/// below are not looked into. Throws dht::Error, naming the folder, when it is none or cannot be read, when it has no such
/// file, and when two would give results of the same name (see `label_map_name`).
std::vector<std::filesystem::path> photos_in(const std::filesystem::path& folder);

/// The same of a folder and of all folders below it, sorted by path; names may be the same. Links to folders are followed, but
/// not to one that is being looked into already. Throws dht::Error, naming the folder, when it is none or cannot be read, and
/// when it has no such file; and for a link that leads nowhere, unless its name is a photo's: it is for the reader to refuse.
std::vector<std::filesystem::path> photos_below(const std::filesystem::path& folder);

/// NAME.npy for NAME.jpg.
std::string label_map_name(const std::filesystem::path& photo);

}  // namespace dht::examples
