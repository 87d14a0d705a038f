// SPDX-License-Identifier: MIT
// The planar map of a label map: junctions, the arcs between them, and every region's rings of arcs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/list.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/arcs.hpp>
#include <dht/vector/faces.hpp>

namespace dht {

/// A label map's geometry as a value. `arcs` has each boundary once, `faces` says which arcs surround a region:
/// what is done to an arc (simplified, moved, fitted by a curve) is done to both of its regions, so neighbours
/// never part. Face number regions is the outside.
struct PlanarMap {
  /// Pixels.
  int height = 0, width = 0;
  std::int32_t regions = 0;
  PlanarArcs arcs;
  PlanarFaces faces;

  std::int32_t outside_face() const { return regions; }
};

namespace detail {

inline void check_labels(const LabelView& labels, std::int32_t regions) {
  DHT_EXPECTS(labels.data != nullptr, "labels: has no data (null pointer)");
  DHT_EXPECTS(labels.height > 0 && labels.width > 0, "labels: has an empty shape, height ", labels.height,
              ", width ", labels.width, "; each must be at least 1");
  // Up to four vertices a corner are numbered by 31 bits.
  constexpr std::int64_t most_corners = std::int64_t{1} << 29;
  DHT_EXPECTS((std::int64_t{labels.height} + 1) * (std::int64_t{labels.width} + 1) < most_corners,
              "labels: has height ", labels.height, ", width ", labels.width,
              "; (height + 1) * (width + 1) must be less than ", most_corners);
  constexpr std::int32_t most_regions = std::numeric_limits<std::int32_t>::max() - 1;
  DHT_EXPECTS(regions > 0 && regions <= most_regions, "regions: is ", regions, "; must be between 1 and ",
              most_regions);
  for (int y = 0; y < labels.height; ++y) {
    const std::int32_t* row = labels.row(y);
    bool good = true;
    // Negative numbers are beyond all others as unsigned ones.
    for (int x = 0; x < labels.width; ++x)
      good &= static_cast<std::uint32_t>(row[x]) < static_cast<std::uint32_t>(regions);
    if (good) [[likely]]
      continue;
    const auto bad = [&](std::int32_t label) { return label < 0 || label >= regions; };
    const auto x = std::find_if(row, row + labels.width, bad) - row;
    fail({"labels: is ", row[x], " at row ", y, ", column ", x, "; must be between 0 and ", regions - 1});
  }
}

/// Drops the points of a closed ring where it goes straight on. The first point must be one where it turns.
inline void drop_straight_points(std::vector<Point>& ring) {
  std::size_t kept = 1;
  for (std::size_t i = 1; i < ring.size(); ++i) {
    const Point before = ring[kept - 1], here = ring[i], after = ring[i + 1 < ring.size() ? i + 1 : 0];
    const bool straight =
        (before.x == here.x && here.x == after.x) || (before.y == here.y && here.y == after.y);
    if (!straight) ring[kept++] = here;
  }
  ring.resize(kept);
}

}  // namespace detail

/// Which points a region's ring has.
enum class Vertices {
  corners,  ///< Those where the ring turns: the fewest.
  shared,   ///< Also junctions on a straight stretch: both sides of every boundary have the same points.
};

/// The planar map of `labels`: 0 .. regions-1 at every pixel, regions of any shape and in any number of pieces; a label
/// that occurs nowhere is a face without rings. Time and memory are linear in the number of pixels. The numbering of
/// junctions, arcs and rings depends on the labels alone.
/// Throws when the view is empty or larger than 2^29 corners, and when a label is out of range.
inline PlanarMap planar_map(LabelView labels, std::int32_t regions) {
  detail::check_labels(labels, regions);
  detail::TracedArcs traced = detail::trace_arcs(labels);
  PlanarMap map{labels.height, labels.width, regions, {}, detail::join_rings(traced, labels, regions)};
  map.arcs = std::move(traced.arcs);
  return map;
}

/// The points of one ring, from its `ring_corner` on, with the face on the right hand; the first point is not
/// repeated. Replaces what `points` held, and reuses its memory.
inline void ring_points(const PlanarMap& map, std::int32_t ring, Vertices vertices,
                        std::vector<Point>& points) {
  points.clear();
  for (const SignedArc s : map.faces.ring(ring)) {
    const auto line = map.arcs.polyline(s.arc());
    if (s.forward())
      points.insert(points.end(), line.begin(), line.end() - 1);
    else
      points.insert(points.end(), line.rbegin(), line.rend() - 1);
  }
  const auto first = std::find(points.begin(), points.end(), map.faces.ring_corner[ring]);
  std::rotate(points.begin(), first, points.end());
  if (vertices == Vertices::corners) detail::drop_straight_points(points);
}

/// A region's outline as polygons: ring i has the points ring_begin[i] to ring_begin[i+1]-1, the first not repeated.
/// Outer rings run clockwise on the screen, holes anticlockwise; each starts at its topmost, then leftmost, corner. An
/// outer ring is followed by its holes; ring_outer[i] is i for an outer ring, for a hole the ring around it.
struct Outline {
  List<Point> points;
  List<std::int32_t> ring_begin{0};
  List<std::int32_t> ring_outer;

  std::int32_t rings() const { return static_cast<std::int32_t>(ring_outer.size()); }
  std::span<const Point> ring(std::int32_t i) const {
    return {points.data() + ring_begin[i], points.data() + ring_begin[i + 1]};
  }
};

/// The outline of `region`; no rings when no pixel has the label. Throws when the region does not exist.
inline Outline outline(const PlanarMap& map, std::int32_t region, Vertices vertices = Vertices::corners) {
  DHT_EXPECTS(region >= 0 && region < map.regions, "region: is ", region, "; must be between 0 and ",
              map.regions - 1);
  Outline result;
  List<Point> points;
  const std::int32_t first = map.faces.face_begin[region];
  for (const std::int32_t ring : map.faces.rings(region)) {
    ring_points(map, ring, vertices, points);
    result.points.insert(result.points.end(), points.begin(), points.end());
    result.ring_begin.push_back(static_cast<std::int32_t>(result.points.size()));
    result.ring_outer.push_back(map.faces.ring_outer[ring] - first);
  }
  return result;
}

}  // namespace dht
