// SPDX-License-Identifier: MIT
// Extents: the smallest box around a region, in the dimension of its graph. That of a pixel grid is `Box`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <dht/core/config.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// The smallest box around vertices with `dimensions` coordinates, both ends inclusive.
template <class T, int dimensions>
struct Extent {
  std::array<T, static_cast<std::size_t>(dimensions)> low, high;
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// That of a graph without positions.
struct NoExtent {
  friend bool operator==(const NoExtent&, const NoExtent&) = default;
};

/// The box around two.
DHT_INLINE Box joined(const Box& a, const Box& b) {
  return {std::min(a.ymin, b.ymin), std::min(a.xmin, b.xmin), std::max(a.ymax, b.ymax),
          std::max(a.xmax, b.xmax)};
}
template <class T, int dimensions>
DHT_INLINE Extent<T, dimensions> joined(Extent<T, dimensions> a, const Extent<T, dimensions>& b) {
  for (std::size_t i = 0; i < a.low.size(); ++i) {
    a.low[i] = std::min(a.low[i], b.low[i]);
    a.high[i] = std::max(a.high[i], b.high[i]);
  }
  return a;
}
DHT_INLINE NoExtent joined(NoExtent, NoExtent) { return {}; }

}  // namespace dht
