// SPDX-License-Identifier: MIT
// The photos of a folder.
#include "photo_folder.hpp"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

bool has_name_of_photo(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

bool is_photo(const FolderEntry& entry) {
  return entry.kind != FolderEntry::Kind::folder && has_name_of_photo(entry.path);
}

/// Appends the photos of a folder, whose path without links is the last of `above`, and of those below it.
void add_photos_below(const fs::path& folder, std::vector<fs::path>& above, std::vector<fs::path>& photos) {
  for (const FolderEntry& entry : entries_of(folder)) {
    if (is_photo(entry)) photos.push_back(entry.path);
    DHT_EXPECTS(is_photo(entry) || entry.kind != FolderEntry::Kind::lost, dht::detail::file_name(entry.path),
                ": is a link that leads nowhere; must lead to a folder or a file");
    if (entry.kind != FolderEntry::Kind::folder) continue;
    std::error_code error;
    const fs::path real =
        entry.is_link ? fs::canonical(entry.path, error) : above.back() / entry.path.filename();
    DHT_EXPECTS(!error, dht::detail::file_name(entry.path), ": cannot be read (", error.message(), ")");
    // A link to a folder above would lead here again and again.
    if (std::find(above.begin(), above.end(), real) != above.end()) continue;
    above.push_back(real);
    add_photos_below(entry.path, above, photos);
    above.pop_back();
  }
}

std::vector<fs::path> checked(const fs::path& folder, std::vector<fs::path> photos) {
  DHT_EXPECTS(!photos.empty(), dht::detail::file_name(folder), ": has no photo; must hold PNG or JPEG files");
  std::sort(photos.begin(), photos.end());
  return photos;
}

void check_results_differ(const fs::path& folder, const std::vector<fs::path>& photos) {
  std::map<std::string, fs::path> photo_of;
  for (const fs::path& photo : photos) {
    const auto [at, is_new] = photo_of.emplace(label_map_name(photo), photo);
    DHT_EXPECTS(is_new, dht::detail::file_name(folder), ": has ",
                dht::detail::file_name(at->second.filename()), " and ",
                dht::detail::file_name(photo.filename()), ", which would both become ",
                dht::detail::one_line(at->first, 4096), "; must have different names");
  }
}

}  // namespace

std::string label_map_name(const fs::path& photo) { return photo.stem().string() + ".npy"; }

std::vector<FolderEntry> entries_of(const fs::path& folder) {
  const std::string name = dht::detail::file_name(folder);
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  DHT_EXPECTS(status.type() != fs::file_type::not_found, name, ": does not exist");
  DHT_EXPECTS(status.type() == fs::file_type::none || fs::is_directory(status), name,
              ": is a file; must be a folder");
  std::vector<FolderEntry> entries;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().filename().string().starts_with('.')) continue;
    std::error_code ignored;  // what cannot be followed is lost
    const fs::file_status seen = at->status(ignored);
    const bool is_link = at->is_symlink(ignored);
    entries.push_back({at->path(),
                       fs::is_directory(seen)         ? FolderEntry::Kind::folder
                       : is_link && !fs::exists(seen) ? FolderEntry::Kind::lost
                                                      : FolderEntry::Kind::file,
                       is_link});
  }
  DHT_EXPECTS(!error, name, ": cannot be read (", error.message(), ")");
  std::sort(entries.begin(), entries.end(),
            [](const FolderEntry& a, const FolderEntry& b) { return a.path < b.path; });
  return entries;
}

std::vector<fs::path> photos_in(const fs::path& folder) {
  std::vector<fs::path> photos;
  for (FolderEntry& entry : entries_of(folder))
    if (is_photo(entry)) photos.push_back(std::move(entry.path));
  photos = checked(folder, std::move(photos));
  check_results_differ(folder, photos);
  return photos;
}

std::vector<fs::path> photos_below(const fs::path& folder) {
  std::vector<fs::path> photos;
  std::error_code error;
  std::vector<fs::path> above{fs::canonical(folder, error)};  // what is wrong is said by entries_of
  add_photos_below(folder, above, photos);
  return checked(folder, std::move(photos));
}

}  // namespace dht::examples
