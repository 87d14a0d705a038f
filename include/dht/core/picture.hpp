// SPDX-License-Identifier: MIT
// A picture to look at: 8-bit RGB in memory, with or without alpha. File formats are the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/error.hpp>

namespace dht {

/// Height x width pixels, RGB interleaved, 8 bits each, sRGB.
struct Picture {
  int height = 0, width = 0;
  std::vector<std::uint8_t> rgb;
  /// Height x width, how opaque each pixel is, its colour not multiplied by it; empty: all wholly. Drawings have shapes as
  /// opaque as it says; nothing else looks at it.
  std::vector<std::uint8_t> alpha;

  Picture() = default;
  Picture(int h, int w) : height(h), width(w), rgb(std::size_t(h) * std::size_t(w) * 3) {}

  std::uint8_t* pixel(int y, int x) { return rgb.data() + (std::ptrdiff_t{y} * width + x) * 3; }
  const std::uint8_t* pixel(int y, int x) const { return rgb.data() + (std::ptrdiff_t{y} * width + x) * 3; }
  std::uint8_t alpha_at(int y, int x) const {
    return alpha.empty() ? std::uint8_t{255} : *(alpha.data() + (std::ptrdiff_t{y} * width + x));
  }
};

/// Throws dht::Error for a picture without pixels, and where its memory is not that of its shape.
inline void check(const Picture& picture, const char* name) {
  DHT_EXPECTS(picture.height > 0 && picture.width > 0, name, ": is ", picture.height, " x ", picture.width,
              " pixels; must have at least one");
  const std::size_t pixels = std::size_t(picture.height) * std::size_t(picture.width);
  DHT_EXPECTS(picture.rgb.size() == 3 * pixels, name, ": has ", picture.rgb.size(), " numbers; must have ",
              3 * pixels, ", three a pixel of ", picture.height, " x ", picture.width);
  DHT_EXPECTS(picture.alpha.empty() || picture.alpha.size() == pixels, name, ": has ", picture.alpha.size(),
              " numbers of alpha; must have none, or ", pixels, ", one a pixel");
}

}  // namespace dht
