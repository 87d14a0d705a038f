// SPDX-License-Identifier: MIT
// Union-find whose roots are the smallest members, so that components can be numbered in the order of their first
// members without sorting.
#pragma once

#include <cstdint>

#include <dht/core/config.hpp>

namespace dht::detail {

/// A forest over 0..n-1 in memory of the caller: `parent[i] <= i`, roots point at themselves. Every tree's root is its
/// smallest member, in whatever order the unions come.
struct UnionFind {
  std::int32_t* parent;

  /// The smallest member of i's set; shortens the path on its way.
  DHT_INLINE std::int32_t find(std::int32_t i) const {
    while (parent[i] != i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  }

  /// Makes one set of two; returns its root.
  DHT_INLINE std::int32_t unite(std::int32_t a, std::int32_t b) const {
    a = find(a);
    b = find(b);
    const std::int32_t low = a < b ? a : b, high = a < b ? b : a;
    parent[high] = low;
    return low;
  }
};

/// Replaces the forest over [begin, end) by component numbers, counted on from `next`; returns the next free number.
/// Components are numbered in the order of their smallest members. Ranges must come in ascending order.
DHT_INLINE std::int32_t number_components(std::int32_t* parent, std::int32_t begin, std::int32_t end,
                                          std::int32_t next) {
  for (std::int32_t i = begin; i < end; ++i) {
    const std::int32_t up = parent[i], number = parent[up];
    const bool root = up == i;  // not to be foreseen, so not a branch
    parent[i] = root ? next : number;
    next += root;
  }
  return next;
}

}  // namespace dht::detail
