// SPDX-License-Identifier: MIT
// A picture to look at: 8-bit RGB in memory. File formats are the caller's business.
#pragma once

#include <cstdint>
#include <vector>

namespace dht {

/// Height x width pixels, RGB interleaved, 8 bits each, sRGB.
struct Picture {
  int height = 0, width = 0;
  std::vector<std::uint8_t> rgb;

  Picture() = default;
  Picture(int h, int w) : height(h), width(w), rgb(std::size_t(h) * std::size_t(w) * 3) {}

  std::uint8_t* pixel(int y, int x) { return rgb.data() + (std::ptrdiff_t{y} * width + x) * 3; }
  const std::uint8_t* pixel(int y, int x) const { return rgb.data() + (std::ptrdiff_t{y} * width + x) * 3; }
};

}  // namespace dht
