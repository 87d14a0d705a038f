// SPDX-License-Identifier: MIT
// A mask from a picture: which pixels of a photo tokens are asked for.
#include "photo_mask.hpp"

#include <cstddef>
#include <limits>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

namespace dht::examples {
namespace {

/// Three samples a pixel; the least sum that is inside is half of three times the range.
template <class T>
std::vector<std::uint8_t> inside_of(const std::vector<T>& samples) {
  constexpr std::uint32_t range = std::numeric_limits<T>::max();
  std::vector<std::uint8_t> inside(samples.size() / 3);
  for (std::size_t p = 0; p < inside.size(); ++p) {
    const std::uint32_t sum = std::uint32_t{samples[3 * p]} + samples[3 * p + 1] + samples[3 * p + 2];
    inside[p] = 2 * sum >= 3 * range;
  }
  return inside;
}

}  // namespace

PhotoMask read_mask(const std::filesystem::path& path, const Photo& photo) {
  Photo picture = read_photo(path);
  const std::string file = dht::detail::file_name(path);
  DHT_EXPECTS(picture.height == photo.height && picture.width == photo.width, "--mask: ", file, " is ",
              picture.width, " x ", picture.height, " pixels; must be ", photo.width, " x ", photo.height,
              " like the photo");
  PhotoMask mask;
  mask.height = photo.height;
  mask.width = photo.width;
  mask.notes = std::move(picture.notes);
  mask.inside = std::visit([](const auto& samples) { return inside_of(samples); }, picture.samples);
  for (const std::uint8_t inside : mask.inside) mask.pixels += inside;
  DHT_EXPECTS(mask.pixels > 0, "--mask: ", file,
              " has nothing inside; a pixel must be at least half as light as white");
  return mask;
}

}  // namespace dht::examples
