// SPDX-License-Identifier: MIT
// Union-find whose roots are the smallest members, so that components can be numbered in the order of their first
// members without sorting.
#pragma once

#include <algorithm>
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

/// Numbers the components of the graph that links each of `n` members to the one that it chose, in the order of their
/// smallest members, into `component`; returns how many they are. `numbers` is scratch for n numbers.
///
/// Chains of choices must end in a pair that chose one another, or in a choice of oneself. So they do where everyone
/// takes the best of what both sides see alike, ties to the larger label: around a longer ring all would be equal, and
/// every second label larger than the last.
DHT_INLINE std::int32_t chosen_components(const std::int32_t* DHT_RESTRICT chosen, std::int32_t n,
                                          std::int32_t* DHT_RESTRICT component,
                                          std::int32_t* DHT_RESTRICT numbers) {
  DHT_INDEPENDENT
  for (std::int32_t i = 0; i < n; ++i) {
    const std::int32_t c = chosen[i];
    component[i] = ((chosen[c] == i) & (i < c)) ? i : c;
  }
  // Every member jumps to where the one that it points at points, until all point at the end of their chains. Whether
  // that one has jumped already does not matter, so that many may jump at once.
  for (std::int32_t moved = 1; moved != 0;) {
    moved = 0;
    DHT_INDEPENDENT
    for (std::int32_t i = 0; i < n; ++i) {
      const std::int32_t up = component[i], above = component[up];
      component[i] = above;
      moved |= up ^ above;
    }
  }
  std::fill_n(numbers, n, -1);
  std::int32_t next = 0;
  for (std::int32_t i = 0; i < n; ++i) {
    const std::int32_t end = component[i], known = numbers[end];
    const std::int32_t number = known < 0 ? next : known;
    next += known < 0;
    component[i] = numbers[end] = number;
  }
  return next;
}

}  // namespace dht::detail
