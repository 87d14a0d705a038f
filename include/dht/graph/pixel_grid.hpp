// SPDX-License-Identifier: MIT
// The pixels of an image as a graph. Every stage has a fast path for it.
#pragma once

#include <array>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/graph.hpp>

namespace dht {

/// Pixels in raster order, and a neighbourhood: FourConnected, EightConnected, or one's own.
template <concepts::connectivity C = FourConnected>
struct PixelGrid {
  using Neighbourhood = C;
  using Extent = Box;

  int height = 0, width = 0;

  std::int64_t vertices() const { return std::int64_t{height} * width; }
  static constexpr int dimensions() { return 2; }

  template <class Visit>
  DHT_INLINE void for_each_neighbour(std::int32_t pixel, const Visit& visit) const {
    const std::int32_t y = pixel / width, x = pixel % width;
    for (const Offset o : detail::Neighbours<C>::all) {
      if (y + o.dy >= 0 && y + o.dy < height && x + o.dx >= 0 && x + o.dx < width)
        visit(pixel + o.dy * width + o.dx);
    }
  }

  DHT_INLINE Box extent(std::int32_t pixel) const {
    const std::int32_t y = pixel / width, x = pixel % width;
    return {y, x, y, x};
  }
  DHT_INLINE std::int32_t sides(const Box& box) const { return box.ymax - box.ymin + box.xmax - box.xmin; }
  std::array<double, 3> centre(std::int32_t pixel) const {
    return {static_cast<double>(pixel / width), static_cast<double>(pixel % width), 0};
  }

  void check() const {
    DHT_EXPECTS(height > 0 && width > 0, "pixel grid: is ", height, " x ", width, "; must be at least 1 x 1");
    check_pixels(1, vertices(), "pixel grid");
  }
};

namespace detail {

template <class G>
inline constexpr bool is_pixel_grid = false;
template <class C>
inline constexpr bool is_pixel_grid<PixelGrid<C>> = true;

}  // namespace detail

namespace concepts {

/// A graph of the pixels of an image: what has rows and columns, a picture, and outlines.
template <class G>
concept pixel_grid = detail::is_pixel_grid<G>;

}  // namespace concepts
}  // namespace dht
