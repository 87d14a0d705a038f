// SPDX-License-Identifier: MIT
// A disc whose edge is blended, as programs that draw icons do it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/picture.hpp>

namespace dht::test {

/// How much of each pixel a disc covers, or a ring, in 64ths.
struct BlendedDisc {
  int height, width;
  std::vector<int> covered;

  BlendedDisc(int h, int w, double y0, double x0, double radius, double hole = 0) : height(h), width(w) {
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        int inside = 0;
        for (int i = 0; i < 64; ++i) {
          const double dy = y + (i / 8 + 0.5) / 8 - y0, dx = x + (i % 8 + 0.5) / 8 - x0;
          const double r2 = dy * dy + dx * dx;
          inside += r2 <= radius * radius && r2 >= hole * hole;
        }
        covered.push_back(inside);
      }
  }

  /// In one colour and so opaque, transparent around it.
  Picture on_nothing(const std::array<std::uint8_t, 3>& color, int alpha) const {
    Picture picture(height, width);
    for (std::size_t p = 0; p < covered.size(); ++p) {
      for (std::size_t c = 0; c < 3; ++c) picture.rgb[3 * p + c] = color[c];
      picture.alpha.push_back(static_cast<std::uint8_t>((covered[p] * alpha + 32) / 64));
    }
    return picture;
  }

  Picture on_white(const std::array<std::uint8_t, 3>& color) const {
    Picture picture(height, width);
    for (std::size_t p = 0; p < covered.size(); ++p)
      for (std::size_t c = 0; c < 3; ++c)
        picture.rgb[3 * p + c] =
            static_cast<std::uint8_t>((covered[p] * color[c] + (64 - covered[p]) * 255 + 32) / 64);
    return picture;
  }
};

}  // namespace dht::test
