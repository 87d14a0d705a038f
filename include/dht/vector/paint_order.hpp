// SPDX-License-Identifier: MIT
// The order in which regions are painted one over the other: each boundary is written once, by the region that is painted
// later.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/planar_map.hpp>

namespace dht::detail {

/// When each region is painted, 0 first: those with long boundaries before those with short ones, so that what has to
/// be written are the outlines of small regions. Regions that do not show are painted never: `unpainted`. So is what others
/// must not be painted beneath, the regions that are not opaque: they have a place in the order of painting, but no rank.
struct PaintOrder {
  static constexpr std::int32_t unpainted = -1;
  List<std::int32_t> rank;     ///< per region; the same for those that are painted together
  List<std::int32_t> regions;  ///< that show, in the order of painting
  /// Whether regions[i] is painted together with regions[i - 1].
  List<std::uint8_t> joined;
  bool complete = true;  ///< whether all regions show and are opaque
};

/// Brings regions of one plain colour and opacity together, at the place of the first of them.
inline void join_colors(const Fills& fills, PaintOrder& order) {
  const std::size_t n = order.regions.size();
  std::map<std::pair<Color, int>, std::size_t> first_of;
  List<std::pair<std::size_t, std::int32_t>> placed(n);  // place of the first of the colour, region
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t r = order.regions[i];
    const int opacity = fills.opacity.empty() ? 100 : fills.opacity[r];
    placed[i] = {fills.plain(r) ? first_of.try_emplace({fills.color[r], opacity}, i).first->second : i, r};
  }
  std::sort(placed.begin(),
            placed.end());  // within a colour in raster order, so that steps between them are short
  for (std::size_t i = 0; i < n; ++i) {
    order.regions[i] = placed[i].second;
    order.joined[i] = i > 0 && placed[i].first == placed[i - 1].first;
  }
}

/// Without `by_length` regions keep the order of labels; with `by_color` those of one colour are painted together.
inline PaintOrder paint_order(const PlanarMap& map, const Fills& fills, bool by_length, bool by_color) {
  PaintOrder order{List<std::int32_t>(map.regions, PaintOrder::unpainted), {}, {}, true};
  List<std::int64_t> length(map.regions);
  for (std::int32_t a = 0; a < map.arcs.size(); ++a) {
    const auto line = map.arcs.polyline(a);
    std::int64_t sum = 0;
    for (std::size_t i = 1; i < line.size(); ++i)
      sum += std::abs(line[i].x - line[i - 1].x) + std::abs(line[i].y - line[i - 1].y);
    length[map.arcs.right[a]] += sum;
    if (map.arcs.left[a] != outside_label) length[map.arcs.left[a]] += sum;
  }
  for (std::int32_t r = 0; r < map.regions; ++r) {
    if (length[r] == 0) continue;
    if (fills.shows(r)) order.regions.push_back(r);
    order.complete &= fills.shows(r) && fills.opaque(r);
  }
  if (by_length)
    std::stable_sort(order.regions.begin(), order.regions.end(),
                     [&](std::int32_t a, std::int32_t b) { return length[a] > length[b]; });
  order.joined.assign(order.regions.size(), 0);
  if (by_color) join_colors(fills, order);
  std::int32_t rank = 0;
  for (std::size_t i = 0; i < order.regions.size(); ++i) {
    if (!order.joined[i]) rank = static_cast<std::int32_t>(i);
    if (fills.opaque(order.regions[i])) order.rank[order.regions[i]] = rank;
  }
  return order;
}

}  // namespace dht::detail
