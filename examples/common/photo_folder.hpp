// SPDX-License-Identifier: MIT
// The photos of a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dht::examples {

/// The files of a folder whose names end in .png, .jpg or .jpeg, in any case, sorted by name; folders below are not
/// looked into. Throws dht::Error, naming the folder, when it is none or cannot be read, when it has no such file, and
/// when two would give results of the same name (see `label_map_name`).
std::vector<std::filesystem::path> photos_in(const std::filesystem::path& folder);

/// The same files of a folder and of all folders below it, sorted by path; names may be the same. Links to folders are not
/// followed. Throws dht::Error, naming the folder, when it is none or cannot be read, and when it has no such file.
std::vector<std::filesystem::path> photos_below(const std::filesystem::path& folder);

/// NAME.npy for NAME.jpg.
std::string label_map_name(const std::filesystem::path& photo);

}  // namespace dht::examples
