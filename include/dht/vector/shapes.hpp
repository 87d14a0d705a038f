// SPDX-License-Identifier: MIT
// Where a picture with alpha has shapes, and how opaque these are: edges that are blended with nothing lie where alpha crosses
// half of the shape's own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>

namespace dht {

/// A picture's shapes.
struct Shapes {
  /// A number a pixel, row after row: 1 where there is a shape, 0 where there is nothing.
  std::vector<std::uint8_t> shown;
  /// The picture, but that pixels of blended edges are as opaque as their shape.
  Picture picture;
};

namespace detail {

/// The least and the largest of each value and its two neighbours in a line of `count` values, `step` apart.
inline void extend_range(const std::uint8_t* least, const std::uint8_t* largest, std::ptrdiff_t count,
                         std::ptrdiff_t step, std::uint8_t* low, std::uint8_t* high) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::ptrdiff_t before = std::max<std::ptrdiff_t>(i - 1, 0) * step;
    const std::ptrdiff_t after = std::min(i + 1, count - 1) * step;
    low[i * step] = std::min({least[before], least[i * step], least[after]});
    high[i * step] = std::max({largest[before], largest[i * step], largest[after]});
  }
}

/// The least and the largest value of each pixel and its eight neighbours.
inline std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>> range_around(
    const std::vector<std::uint8_t>& values, std::ptrdiff_t height, std::ptrdiff_t width) {
  std::vector<std::uint8_t> low(values.size()), high(values.size()), least(values.size()),
      largest(values.size());
  for (std::ptrdiff_t y = 0; y < height; ++y)
    extend_range(values.data() + y * width, values.data() + y * width, width, 1, low.data() + y * width,
                 high.data() + y * width);
  for (std::ptrdiff_t x = 0; x < width; ++x)
    extend_range(low.data() + x, high.data() + x, height, width, least.data() + x, largest.data() + x);
  return {std::move(least), std::move(largest)};
}

}  // namespace detail

/// The shapes of a picture with alpha. Beside nothing (an eighth, at most, of the most opaque pixel around), a pixel belongs
/// to the shape where it is at least half as opaque as that pixel; so a shape of any opacity keeps its own, and its edge lies
/// where its pixels are half covered. Throws when alpha is not one number a pixel.
inline Shapes shapes_of(const Picture& picture) {
  check(picture, "picture");
  const std::size_t pixels = std::size_t(picture.height) * std::size_t(picture.width);
  DHT_EXPECTS(picture.alpha.size() == pixels, "alpha: has ", picture.alpha.size(), " numbers; must have ",
              pixels, ", one a pixel");
  Shapes shapes{std::vector<std::uint8_t>(pixels), picture};
  const auto [least, largest] = detail::range_around(picture.alpha, picture.height, picture.width);
  for (std::size_t p = 0; p < pixels; ++p) {
    const int alpha = picture.alpha[p];
    const bool edge = 8 * least[p] <= largest[p];
    shapes.shown[p] = alpha > 0 && (!edge || 2 * alpha >= largest[p]);
  }
  // Two pixels wide: slanted edges have pixels that are nearly covered behind those that are half covered.
  std::vector<std::uint8_t> inner = shapes.shown;
  for (int ring = 0; ring < 2; ++ring)
    inner = detail::range_around(inner, picture.height, picture.width).first;
  for (std::size_t p = 0; p < pixels; ++p)
    if (shapes.shown[p] != 0 && inner[p] == 0) shapes.picture.alpha[p] = largest[p];
  return shapes;
}

/// Four numbers a pixel, for regions: the colour over middle grey, and alpha by half the square root of three. Their squared
/// difference is the mean of those that three channels have over black and over white.
inline std::vector<std::uint8_t> over_grey(const Picture& picture) {
  if (!picture.alpha.empty()) check(picture, "picture");
  std::vector<std::uint8_t> seen;
  seen.reserve(4 * picture.alpha.size());
  for (std::size_t p = 0; p < picture.alpha.size(); ++p) {
    const int alpha = picture.alpha[p];
    for (std::size_t c = 0; c < 3; ++c)
      seen.push_back(
          static_cast<std::uint8_t>((picture.rgb[3 * p + c] * alpha + 128 * (255 - alpha) + 127) / 255));
    seen.push_back(static_cast<std::uint8_t>((alpha * 221 + 127) / 255));
  }
  return seen;
}

}  // namespace dht
