// SPDX-License-Identifier: MIT
// A picture whose resampled colours are known in advance.
#pragma once

#include <cstdint>

#include <dht/core/picture.hpp>

namespace dht::test {

/// Colours that rise in a straight line: red to the right, green down; blue is a constant.
inline Picture ramp(int height, int width) {
  Picture picture(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.pixel(y, x)[0] = static_cast<std::uint8_t>(2 * x);
      picture.pixel(y, x)[1] = static_cast<std::uint8_t>(2 * y);
      picture.pixel(y, x)[2] = 77;
    }
  }
  return picture;
}

}  // namespace dht::test
