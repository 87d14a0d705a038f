// SPDX-License-Identifier: MIT
// A mask from a picture: which pixels of a photo tokens are asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <dht/merging/merge_graph.hpp>

#include "image_file.hpp"

namespace dht::examples {

/// Pixels inside of a mask are 1, outside 0.
struct PhotoMask {
  int height = 0, width = 0;
  std::int64_t pixels = 0;  ///< how many are inside
  std::vector<std::uint8_t> inside;
  std::vector<std::string> notes;  ///< of its reader, see Photo

  /// Empty, so that everything is inside, where no mask was read.
  Mask view() const { return inside.empty() ? Mask{} : planar_view(inside.data(), 1, 1, height, width); }
};

/// Reads the mask of a photo from a picture of its size: a pixel is inside where the mean of red, green and blue is at
/// least half of the range. Alpha is laid over white, as in photos: what is transparent is inside.
/// Throws dht::Error, naming `path`, for a file that cannot be read, another size, and a mask with nothing inside.
PhotoMask read_mask(const std::filesystem::path& path, const Photo& photo);

}  // namespace dht::examples
