// SPDX-License-Identifier: MIT
// The photos of a folder.
#include "photo_folder.hpp"

#include <algorithm>
#include <map>
#include <system_error>

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

/// The photos that an iterator over a folder comes by, in order.
template <class Iterator>
std::vector<fs::path> photos_of(const fs::path& folder) {
  const std::string name = dht::detail::file_name(folder);
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  DHT_EXPECTS(status.type() != fs::file_type::not_found, name, ": does not exist");
  DHT_EXPECTS(status.type() == fs::file_type::none || fs::is_directory(status), name,
              ": is a file; must be a folder");
  std::vector<fs::path> photos;
  Iterator entry(folder, error);
  for (; !error && entry != Iterator(); entry.increment(error)) {
    std::error_code ignored;  // what has gone in the meantime is no photo
    if (has_name_of_photo(entry->path()) && entry->is_regular_file(ignored)) photos.push_back(entry->path());
  }
  DHT_EXPECTS(!error, name, ": cannot be read (", error.message(), ")");
  DHT_EXPECTS(!photos.empty(), name, ": has no photo; must hold PNG or JPEG files");
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

std::vector<fs::path> photos_in(const fs::path& folder) {
  std::vector<fs::path> photos = photos_of<fs::directory_iterator>(folder);
  check_results_differ(folder, photos);
  return photos;
}

std::vector<fs::path> photos_below(const fs::path& folder) {
  return photos_of<fs::recursive_directory_iterator>(folder);
}

}  // namespace dht::examples
