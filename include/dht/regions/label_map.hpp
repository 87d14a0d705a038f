// SPDX-License-Identifier: MIT
// A label map of one's own memory, as measures of segmentations want it: labels without gaps, and how many pixels each has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/union_find.hpp>

namespace dht {

/// A partition of an image, or of what a mask leaves of it: labels 0 ... count - 1, row by row, each of which occurs, and -1
/// outside of the mask. `label_map` makes it.
struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> sizes;  ///< pixels of each label

  std::int32_t count() const { return static_cast<std::int32_t>(sizes.size()); }
  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  std::int32_t at(int y, int x) const { return labels[index(y, x)]; }
  /// Those with a label.
  std::int64_t pixels() const { return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}); }
  LabelView view() const& { return plane_view(labels.data(), height, width); }
  LabelView view() const&& = delete;
};

/// Any labels from 0 up, with gaps or without; their order is kept. -1 stays what it is. Throws for a view without pixels and
/// for labels below -1.
inline LabelMap label_map(LabelView from) {
  detail::check_memory(from);
  LabelMap map{from.height, from.width, {}, {}};
  map.labels.reserve(static_cast<std::size_t>(from.pixels()));
  for (int y = 0; y < from.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      DHT_EXPECTS(from(y, x) >= -1, "labels: hold ", from(y, x), " at row ", y, ", column ", x,
                  "; must be at least 0, or -1 outside of a mask");
      map.labels.push_back(from(y, x));
    }
  }
  std::vector<std::int32_t> used = map.labels;
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  if (used.front() < 0) used.erase(used.begin());
  map.sizes.assign(used.size(), 0);
  for (std::int32_t& label : map.labels) {
    if (label < 0) continue;
    label = static_cast<std::int32_t>(std::lower_bound(used.begin(), used.end(), label) - used.begin());
    ++map.sizes[static_cast<std::size_t>(label)];
  }
  return map;
}

namespace detail {

/// Calls visit(a, b) with the indices of every two pixels that share a side.
template <class Visit>
void for_each_adjacent_pair(const LabelMap& map, const Visit& visit) {
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (x + 1 < map.width) visit(map.index(y, x), map.index(y, x + 1));
      if (y + 1 < map.height) visit(map.index(y, x), map.index(y + 1, x));
    }
  }
}

}  // namespace detail

/// The number of 4-connected components of equal label: `count()` where every region is in one piece.
inline std::int32_t connected_components(const LabelMap& map) {
  std::vector<std::int32_t> parent(map.labels.size());
  std::iota(parent.begin(), parent.end(), 0);
  const detail::UnionFind sets{parent.data()};
  auto components = static_cast<std::int32_t>(map.pixels());
  detail::for_each_adjacent_pair(map, [&](std::size_t a, std::size_t b) {
    if (map.labels[a] != map.labels[b] || map.labels[a] < 0) return;
    const auto one = static_cast<std::int32_t>(a), other = static_cast<std::int32_t>(b);
    components -= sets.find(one) != sets.find(other);
    sets.unite(one, other);
  });
  return components;
}

/// 1 where a pixel differs from one of its 4 neighbours, row by row.
inline std::vector<std::uint8_t> boundary_pixels(const LabelMap& map) {
  std::vector<std::uint8_t> boundary(map.labels.size(), 0);
  detail::for_each_adjacent_pair(map, [&](std::size_t a, std::size_t b) {
    if (map.labels[a] != map.labels[b]) boundary[a] = boundary[b] = 1;
  });
  return boundary;
}

}  // namespace dht
