// SPDX-License-Identifier: MIT
// The boundaries of a label map as arcs: polylines of pixel corners, each shared by exactly two regions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/core/marks.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// A corner between pixels: pixel (row y, column x) has the corners (x, y) to (x+1, y+1); y grows downwards.
struct Point {
  std::int32_t x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
  friend Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
};

/// The label of everything beyond the canvas.
inline constexpr std::int32_t outside_label = -1;

/// Where two regions meet (or one region and the outside), cut into arcs at the junctions. One array a quantity;
/// left and right are those of somebody who walks the arc over the picture as it is shown on a screen.
struct PlanarArcs {
  /// Corners where three or four boundary edges meet, in raster order.
  List<Point> junctions;
  /// Vertices of all arcs, arc after arc: both ends and every corner where the direction changes. A closed arc repeats
  /// its first vertex at its end.
  List<Point> points;
  /// Arc a has the vertices begin[a] to begin[a+1]-1; size()+1 entries.
  List<std::int32_t> begin{0};
  /// Labels on both sides of each arc. Never equal; beyond the canvas outside_label, which is only ever on the left.
  List<std::int32_t> left, right;
  /// Numbers of the junctions at both ends of each arc; -1 for an arc that is closed without a junction.
  List<std::int32_t> from, to;

  std::int32_t size() const { return static_cast<std::int32_t>(left.size()); }
  std::span<const Point> polyline(std::int32_t arc) const {
    return {points.data() + begin[arc], points.data() + begin[arc + 1]};
  }
};

/// An arc with the direction in which it is walked.
struct SignedArc {
  /// The arc's number, or its complement (~arc) when walked from its end to its start.
  std::int32_t code = 0;

  std::int32_t arc() const { return code < 0 ? ~code : code; }
  bool forward() const { return code >= 0; }
  friend bool operator==(const SignedArc&, const SignedArc&) = default;
};

namespace detail {

// Headings: 0 up, 1 right, 2 down, 3 left; bit h of a corner's mask says that a boundary edge leaves it that way.
inline constexpr Array<int, 4> step_x{0, 1, 0, -1}, step_y{-1, 0, 1, 0};
inline constexpr std::uint8_t up_down = 0b0101, left_right = 0b1010;

/// Bit 4 of a corner's mask: three or four edges leave it.
inline constexpr std::uint8_t junction_bit = 0b1'0000;

/// Adds that bit: both edges of one half of the mask, and one of the other half.
inline unsigned with_junction(unsigned edges) {
  const unsigned both = edges & edges >> 1, any = edges | edges >> 1;
  return edges | (((both & any >> 2) | (both >> 2 & any)) & 1) << 4;
}

inline std::int32_t label_at(const LabelView& labels, int y, int x) {
  const bool inside = y >= 0 && y < labels.height && x >= 0 && x < labels.width;
  return inside ? labels(y, x) : outside_label;
}

/// The label on the right hand of somebody who leaves corner `p`; the left hand's is the one of heading - 1.
inline std::int32_t label_right(const LabelView& labels, Point p, int heading) {
  const bool below = heading == 1 || heading == 2, east = heading < 2;
  return label_at(labels, p.y - !below, p.x - !east);
}

/// Calls f(i) for every i with bytes[i] != 0, in order; f may change bytes. Zeros cost an eighth of a step.
template <class Function>
void for_each_nonzero(const std::vector<std::uint8_t>& bytes, Function f) {
  for (std::size_t block = 0; block < bytes.size(); block += 8) {
    const std::size_t end = std::min(block + 8, bytes.size());
    std::uint64_t word = 1;
    if (end - block == 8) std::memcpy(&word, bytes.data() + block, 8);
    if (word == 0) continue;
    for (std::size_t i = block; i < end; ++i)
      if (bytes[i] != 0) f(i);
  }
}

/// The mask of boundary edges, with its junction bit, at each of the (H+1) x (W+1) corners.
inline std::vector<std::uint8_t> corner_edges(const LabelView& labels) {
  const std::size_t columns = std::size_t(labels.width) + 1;
  List<std::uint8_t> edges(columns * (std::size_t(labels.height) + 1));
  // Rows of pixels between two of the outside; edges between them, and between their pixels from column 0 on.
  List<std::int32_t> upper(columns + 1, outside_label), lower(columns + 1, outside_label);
  List<std::uint8_t> between_rows(columns + 1), in_upper(columns), in_lower(columns);
  for (int y = 0; y <= labels.height; ++y) {
    if (y < labels.height)
      std::copy_n(labels.row(y), labels.width, lower.begin() + 1);
    else
      lower.assign(columns + 1, outside_label);
    for (std::size_t x = 0; x <= columns; ++x) between_rows[x] = upper[x] != lower[x];
    for (std::size_t x = 0; x < columns; ++x) in_lower[x] = lower[x] != lower[x + 1];
    std::uint8_t* const row = edges.data() + std::size_t(y) * columns;
    for (std::size_t x = 0; x < columns; ++x)
      row[x] = static_cast<std::uint8_t>(
          with_junction(in_upper[x] | between_rows[x + 1] * 2u | in_lower[x] * 4u | between_rows[x] * 8u));
    upper.swap(lower), in_upper.swap(in_lower);
  }
  return edges;
}

/// Numbers the junctions in raster order, and finds a corner's number in constant time.
class JunctionIndex {
 public:
  explicit JunctionIndex(const std::vector<std::uint8_t>& edges)
      : bits_(edges.size() / 64 + 1), before_(edges.size() / 64 + 1) {
    std::array<std::uint8_t, 64> marks{};
    for (std::size_t block = 0; block < edges.size(); block += 64) {
      const std::size_t n = std::min(marks.size(), edges.size() - block);
      for (std::size_t i = 0; i < n; ++i) marks[i] = edges[block + i] / junction_bit;
      bits_[block / 64] = mark_bits(marks.data(), static_cast<int>(n));
    }
    for (std::size_t i = 1; i < bits_.size(); ++i) before_[i] = before_[i - 1] + std::popcount(bits_[i - 1]);
  }

  std::int32_t count() const { return before_.back() + std::popcount(bits_.back()); }

  /// Calls visit(corner) for each, in raster order.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t i = 0; i < bits_.size(); ++i)
      for (std::uint64_t bits = bits_[i]; bits != 0; bits &= bits - 1)
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
  }

  std::int32_t number(std::size_t corner) const {
    const std::uint64_t earlier = bits_[corner / 64] & ((std::uint64_t{1} << corner % 64) - 1);
    return before_[corner / 64] + std::popcount(earlier);
  }

 private:
  List<std::uint64_t> bits_;
  List<std::int32_t> before_;
};

/// No arc leaves that way.
inline constexpr std::int32_t no_arc = std::numeric_limits<std::int32_t>::min();

/// The arcs, and for each junction j and heading h the signed arc that leaves, leaving[4*j + h], or no_arc.
struct TracedArcs {
  PlanarArcs arcs;
  List<std::int32_t> leaving;
};

/// Walks the boundary edges. Corners inside an arc are wiped off the mask as they are passed, so that what remains
/// after the junctions are served are the closed arcs.
class ArcTracer {
 public:
  explicit ArcTracer(const LabelView& labels)
      : labels_(labels),
        columns_(std::size_t(labels.width) + 1),
        edges_(corner_edges(labels)),
        index_(edges_),
        leaving_(std::size_t(index_.count()) * 4, no_arc) {
    arcs_.junctions.reserve(std::size_t(index_.count()));
    arcs_.points.reserve(edges_.size() / 4);  // enough for most; what is not written costs nothing
  }

  TracedArcs run() && {
    index_.for_each([&](std::size_t corner) { leave_junction(corner); });
    // In raster order the first corner met of a closed arc is its topmost, and of those its leftmost.
    for_each_nonzero(edges_, [&](std::size_t corner) {
      if (edges_[corner] & junction_bit) return;
      trace(corner, 1);
      edges_[corner] = 0;
    });
    return {std::move(arcs_), std::move(leaving_)};
  }

 private:
  struct End {
    std::size_t corner;
    int heading;
  };

  Point point(std::size_t corner) const {
    return {std::int32_t(corner % columns_), std::int32_t(corner / columns_)};
  }

  void leave_junction(std::size_t corner) {
    const std::int64_t slots = std::int64_t{index_.number(corner)} * 4;
    arcs_.junctions.push_back(point(corner));
    for (int heading = 0; heading < 4; ++heading) {
      if (!(edges_[corner] >> heading & 1) || leaving_[slots + heading] != no_arc) continue;
      // Left to the junction at the other end, so that the outside is always on the left.
      if (label_right(labels_, arcs_.junctions.back(), heading) == outside_label) continue;
      const std::int32_t arc = arcs_.size();
      const End end = trace(corner, heading);
      leaving_[slots + heading] = arc;
      leaving_[std::int64_t{index_.number(end.corner)} * 4 + (end.heading ^ 2)] = ~arc;
    }
  }

  /// Adds one arc and says where it ended and with which heading.
  End trace(std::size_t corner, int heading) {
    const Point start = point(corner);
    arcs_.left.push_back(label_right(labels_, start, (heading + 3) % 4));
    arcs_.right.push_back(label_right(labels_, start, heading));
    arcs_.points.push_back(start);
    const End end = walk(corner, heading, start);
    const bool closed = !(edges_[end.corner] & junction_bit);
    arcs_.from.push_back(closed ? -1 : index_.number(corner));
    arcs_.to.push_back(closed ? -1 : index_.number(end.corner));
    arcs_.begin.push_back(static_cast<std::int32_t>(arcs_.points.size()));
    return end;
  }

  End walk(const std::size_t start, int heading, Point p) {
    const Array<std::size_t, 4> steps{0 - columns_, 1, columns_,
                                      std::size_t{0} - 1};  // up and left: modulo 2^64
    for (std::size_t corner = start;;) {
      const std::uint8_t straight = heading % 2 ? left_right : up_down;
      std::int32_t run = 1;
      for (corner += steps[heading]; edges_[corner] == straight; corner += steps[heading], ++run)
        edges_[corner] = 0;
      p = {p.x + run * step_x[heading], p.y + run * step_y[heading]};
      arcs_.points.push_back(p);
      if (edges_[corner] & junction_bit || corner == start) return {corner, heading};
      const unsigned onwards = edges_[corner] & ~(1u << (heading ^ 2));
      heading = std::countr_zero(onwards);
      edges_[corner] = 0;
    }
  }

  LabelView labels_;
  std::size_t columns_;
  List<std::uint8_t> edges_;
  JunctionIndex index_;
  PlanarArcs arcs_;
  List<std::int32_t> leaving_;
};

inline TracedArcs trace_arcs(const LabelView& labels) { return ArcTracer(labels).run(); }

}  // namespace detail
}  // namespace dht
