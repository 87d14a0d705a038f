// SPDX-License-Identifier: MIT
// From arcs to faces: every region's rings of signed arcs, each hole with the ring that it is a hole of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/arcs.hpp>

namespace dht {

/// The numbers first .. last-1, for range-based loops. (std::views::iota is beyond clang 14 with libstdc++.)
struct NumberRange {
  /// Stands on one of the numbers.
  struct Iterator {
    std::int32_t number = 0;
    std::int32_t operator*() const { return number; }
    Iterator& operator++() { return ++number, *this; }
    friend bool operator==(Iterator, Iterator) = default;
  };

  std::int32_t first = 0, last = 0;
  Iterator begin() const { return {first}; }
  Iterator end() const { return {last}; }
  std::int32_t size() const { return last - first; }
  bool empty() const { return first == last; }
};

/// Every region's boundary as rings of signed arcs. A ring has its face on its right hand: on the screen outer
/// rings run clockwise, holes anticlockwise. Pixels that touch at a corner only are not connected, so a ring may touch
/// itself there and never crosses. The rings of a face are in raster order of their outer ring's `ring_corner`, each
/// outer ring followed by its holes, again in raster order. The last face is the outside: one ring, the canvas's frame.
struct PlanarFaces {
  /// Face f has the rings face_begin[f] to face_begin[f+1]-1.
  List<std::int32_t> face_begin;
  /// Ring r has the signed arcs ring_begin[r] to ring_begin[r+1]-1.
  List<std::int32_t> ring_begin;
  /// Signed arcs of all rings: every arc once forward (in the face on its right) and once backward.
  List<SignedArc> ring_arcs;
  /// An outer ring's own number; a hole's: the number of the outer ring around it; the outside's ring: -1.
  List<std::int32_t> ring_outer;
  /// Signed area in pixels, negative for holes: a region's areas add up to the number of its pixels.
  List<std::int64_t> ring_area;
  /// The topmost, and of those leftmost, corner of each ring: the ring turns there.
  List<Point> ring_corner;

  /// Numbers of a face's rings.
  NumberRange rings(std::int32_t face) const { return {face_begin[face], face_begin[face + 1]}; }
  std::span<const SignedArc> ring(std::int32_t r) const {
    return {ring_arcs.data() + ring_begin[r], ring_arcs.data() + ring_begin[r + 1]};
  }
  std::int32_t ring_count() const { return static_cast<std::int32_t>(ring_outer.size()); }
};

namespace detail {

inline bool raster_less(Point a, Point b) { return a.y != b.y ? a.y < b.y : a.x < b.x; }

inline int heading_of(Point a, Point b) { return b.y < a.y ? 0 : b.x > a.x ? 1 : b.y > a.y ? 2 : 3; }

/// The arc that follows in the ring on the right hand. The tightest right turn keeps diagonal pixels apart.
inline SignedArc next_arc(const TracedArcs& traced, SignedArc s) {
  const std::int32_t junction = s.forward() ? traced.arcs.to[s.arc()] : traced.arcs.from[s.arc()];
  if (junction < 0) return s;
  const auto line = traced.arcs.polyline(s.arc());
  const std::size_t last = line.size() - 1;
  const int heading = s.forward() ? heading_of(line[last - 1], line[last]) : heading_of(line[1], line[0]);
  const std::int32_t* leaving = traced.leaving.data() + std::size_t(junction) * 4;
  for (int turn : {1, 0})
    if (const std::int32_t code = leaving[(heading + turn) % 4]; code != no_arc) return {code};
  return {leaving[(heading + 3) % 4]};
}

/// What an arc adds to the area on its right (the integral of x dy), and its first vertex in raster order.
struct ArcMeasures {
  List<std::int64_t> area;
  List<Point> corner;

  explicit ArcMeasures(const PlanarArcs& arcs) : area(arcs.size()), corner(arcs.size()) {
    for (std::int32_t a = 0; a < arcs.size(); ++a) {
      const auto line = arcs.polyline(a);
      for (std::size_t i = 1; i < line.size(); ++i)
        area[a] += std::int64_t{line[i].x} * (line[i].y - line[i - 1].y);
      corner[a] = *std::min_element(line.begin(), line.end(), raster_less);
    }
  }
};

/// Rings in the order in which they were found.
struct FoundRings {
  List<std::int32_t> begin{0}, face;
  List<SignedArc> arcs;
  List<std::int64_t> area;
  List<Point> corner;

  std::int32_t size() const { return static_cast<std::int32_t>(face.size()); }
};

inline FoundRings find_rings(const TracedArcs& traced, std::int32_t outside_face) {
  const PlanarArcs& arcs = traced.arcs;
  const ArcMeasures measures(arcs);
  List<std::uint8_t> used(std::size_t(arcs.size()) * 2, 0);
  FoundRings rings;
  rings.arcs.reserve(used.size());
  const auto follow = [&](const SignedArc start) {
    if (used[std::size_t(start.arc()) * 2 + start.forward()]) return;
    const std::int32_t label = start.forward() ? arcs.right[start.arc()] : arcs.left[start.arc()];
    rings.face.push_back(label == outside_label ? outside_face : label);
    std::int64_t area = 0;
    Point corner = measures.corner[start.arc()];
    SignedArc s = start;
    do {
      used[std::size_t(s.arc()) * 2 + s.forward()] = 1;
      rings.arcs.push_back(s);
      area += s.forward() ? measures.area[s.arc()] : -measures.area[s.arc()];
      corner = std::min(corner, measures.corner[s.arc()], raster_less);
      s = next_arc(traced, s);
    } while (s != start);
    rings.area.push_back(area);
    rings.corner.push_back(corner);
    rings.begin.push_back(static_cast<std::int32_t>(rings.arcs.size()));
  };
  for (std::int32_t a = 0; a < arcs.size(); ++a) follow({a}), follow({~a});
  return rings;
}

/// `order` sorted by key(item), which lies in 0 .. bins-1; equal keys keep their order. Linear.
template <class Key>
std::vector<std::int32_t> counting_sort(const std::vector<std::int32_t>& order, std::int64_t bins, Key key) {
  List<std::int32_t> next(bins + 1, 0), sorted(order.size());
  for (const std::int32_t item : order) ++next[key(item) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (const std::int32_t item : order) sorted[next[key(item)]++] = item;
  return sorted;
}

/// The 4-connected pieces of a label map, each known by its first pixel in raster order: its outer ring's corner.
class Pieces {
 public:
  explicit Pieces(const LabelView& labels) : width_(labels.width), parent_(labels.pixels(), -1) {
    for (int y = 0; y < labels.height; ++y)
      for (int x = 0; x < labels.width; ++x) {
        if (x > 0 && labels(y, x) == labels(y, x - 1)) unite(pixel(y, x), pixel(y, x - 1));
        if (y > 0 && labels(y, x) == labels(y - 1, x)) unite(pixel(y, x), pixel(y - 1, x));
      }
  }

  /// Remembers a number with the piece whose first pixel is the one below and right of `corner`.
  void set_ring(Point corner, std::int32_t ring) { parent_[pixel(corner.y, corner.x)] = ~ring; }
  /// The number remembered for the piece of pixel (y, x).
  std::int32_t ring(int y, int x) { return ~parent_[root(pixel(y, x))]; }

 private:
  std::int32_t pixel(int y, int x) const { return static_cast<std::int32_t>(std::int64_t{y} * width_ + x); }

  std::int32_t root(std::int32_t i) {
    while (parent_[i] >= 0) {
      const std::int32_t above = parent_[i];
      if (parent_[above] >= 0) parent_[i] = parent_[above];
      i = above;
    }
    return i;
  }

  void unite(std::int32_t a, std::int32_t b) {
    a = root(a), b = root(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

  std::int32_t width_;
  List<std::int32_t> parent_;
};

/// For each found ring the outer ring that it belongs to. `order` has each face's rings together, in raster order.
inline std::vector<std::int32_t> find_outer(const FoundRings& rings, const std::vector<std::int32_t>& order,
                                            const LabelView& labels, std::int32_t outside_face) {
  List<std::int32_t> outer(rings.size(), -1), outer_count(std::size_t(outside_face) + 1, 0);
  for (std::int32_t r = 0; r < rings.size(); ++r) outer_count[rings.face[r]] += rings.area[r] > 0;
  bool ambiguous = false;
  std::int32_t latest = -1;
  for (const std::int32_t r : order) {
    if (rings.area[r] > 0) latest = r;
    if (rings.face[r] == outside_face) continue;
    outer[r] = latest;
    ambiguous |= rings.area[r] < 0 && outer_count[rings.face[r]] > 1;
  }
  if (!ambiguous) return outer;
  // A hole of a region in several pieces: the pixel above the hole's corner says which piece has it.
  Pieces pieces(labels);
  for (std::int32_t r = 0; r < rings.size(); ++r)
    if (rings.area[r] > 0) pieces.set_ring(rings.corner[r], r);
  for (std::int32_t r = 0; r < rings.size(); ++r)
    if (rings.area[r] < 0 && outer[r] >= 0) outer[r] = pieces.ring(rings.corner[r].y - 1, rings.corner[r].x);
  return outer;
}

/// Joins the arcs to rings, sorts the rings and assigns the holes.
inline PlanarFaces join_rings(const TracedArcs& traced, const LabelView& labels, std::int32_t regions) {
  const FoundRings rings = find_rings(traced, regions);
  List<std::int32_t> order(rings.size());
  std::iota(order.begin(), order.end(), 0);
  order = counting_sort(order, labels.width + 1, [&](std::int32_t r) { return rings.corner[r].x; });
  order = counting_sort(order, labels.height + 1, [&](std::int32_t r) { return rings.corner[r].y; });
  order = counting_sort(order, std::int64_t{regions} + 1, [&](std::int32_t r) { return rings.face[r]; });

  const List<std::int32_t> outer = find_outer(rings, order, labels, regions);
  List<std::int32_t> place(rings.size());
  for (std::int32_t i = 0; i < rings.size(); ++i) place[order[i]] = i;
  order =
      counting_sort(order, rings.size(), [&](std::int32_t r) { return place[outer[r] < 0 ? r : outer[r]]; });
  for (std::int32_t i = 0; i < rings.size(); ++i) place[order[i]] = i;

  PlanarFaces faces;
  faces.face_begin.assign(std::size_t(regions) + 2, 0);
  faces.ring_begin.push_back(0);
  faces.ring_arcs.reserve(rings.arcs.size());
  for (const std::int32_t r : order) {
    ++faces.face_begin[rings.face[r] + 1];
    faces.ring_arcs.insert(faces.ring_arcs.end(), rings.arcs.begin() + rings.begin[r],
                           rings.arcs.begin() + rings.begin[r + 1]);
    faces.ring_begin.push_back(static_cast<std::int32_t>(faces.ring_arcs.size()));
    faces.ring_outer.push_back(outer[r] < 0 ? -1 : place[outer[r]]);
    faces.ring_area.push_back(rings.area[r]);
    faces.ring_corner.push_back(rings.corner[r]);
  }
  std::partial_sum(faces.face_begin.begin(), faces.face_begin.end(), faces.face_begin.begin());
  return faces;
}

}  // namespace detail
}  // namespace dht
