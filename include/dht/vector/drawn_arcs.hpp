// SPDX-License-Identifier: MIT
// Arcs as they are drawn: lines, round arcs and cubic curves on a fine grid, each used by both of its regions; and the check that
// none crosses itself or another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/vector/arcs.hpp>

namespace dht {

/// What a point of a drawn arc is.
enum class PointKind : std::uint8_t {
  node,     ///< A place that the arc passes.
  control,  ///< One of the two control points of a cubic Bezier curve between two nodes.
  round,  ///< No place: x and |y| are the radii of at most half an ellipse between two nodes, which goes clockwise on the screen
          ///< where y is positive.
};

/// The drawn form of every arc of a planar map, in the same order. Points are in steps of 1/grid pixel. An arc is a
/// chain of nodes; two nodes are joined by what is between them: nothing is a line, else see PointKind.
struct DrawnArcs {
  /// Steps a pixel.
  std::int32_t grid = 1;
  List<Point> points;
  List<PointKind> kind;
  /// Arc a has the points begin[a] to begin[a+1]-1.
  List<std::int32_t> begin{0};

  std::int32_t size() const { return static_cast<std::int32_t>(begin.size()) - 1; }
  std::span<const Point> arc(std::int32_t a) const {
    return {points.data() + begin[a], points.data() + begin[a + 1]};
  }
  std::span<const PointKind> kinds(std::int32_t a) const {
    return {kind.data() + begin[a], kind.data() + begin[a + 1]};
  }
};

namespace detail {

inline std::int64_t cross(Point o, Point a, Point b) {
  return std::int64_t{a.x - o.x} * (b.y - o.y) - std::int64_t{a.y - o.y} * (b.x - o.x);
}

/// A straight piece of an arc. Pieces of one arc are numbered along it.
struct Piece {
  Point a, b;
  std::int32_t arc = 0, number = 0;
  bool first = false, last = false;  ///< whether a is the arc's start, b its end
};

inline bool between(Point a, Point b, Point p) {
  return std::min(a.x, b.x) <= p.x && p.x <= std::max(a.x, b.x) && std::min(a.y, b.y) <= p.y &&
         p.y <= std::max(a.y, b.y);
}

/// Whether two segments have a point in common.
inline bool touch(Point a, Point b, Point c, Point d) {
  const auto side = [](std::int64_t value) { return value > 0 ? 1 : value < 0 ? -1 : 0; };
  const int abc = side(cross(a, b, c)), abd = side(cross(a, b, d));
  const int cda = side(cross(c, d, a)), cdb = side(cross(c, d, b));
  if (abc * abd < 0 && cda * cdb < 0) return true;
  return (abc == 0 && between(a, b, c)) || (abd == 0 && between(a, b, d)) || (cda == 0 && between(c, d, a)) ||
         (cdb == 0 && between(c, d, b));
}

/// Whether p and q, which share the end `s` (their other ends are `e` and `f`), share more than that.
inline bool overlap(Point s, Point e, Point f) {
  const std::int64_t along = std::int64_t{e.x - s.x} * (f.x - s.x) + std::int64_t{e.y - s.y} * (f.y - s.y);
  return cross(s, e, f) == 0 && along > 0;
}

/// A rectangle, its sides included.
struct Extent {
  Point low, high;

  static Extent of(const Piece& p) {
    return {{std::min(p.a.x, p.b.x), std::min(p.a.y, p.b.y)},
            {std::max(p.a.x, p.b.x), std::max(p.a.y, p.b.y)}};
  }

  bool meets(const Extent& other) const {
    // Which of the four fails cannot be foreseen: one branch for all.
    return (low.x <= other.high.x) & (other.low.x <= high.x) & (low.y <= other.high.y) &
           (other.low.y <= high.y);
  }

  void include(const Extent& other) {
    low = {std::min(low.x, other.low.x), std::min(low.y, other.low.y)};
    high = {std::max(high.x, other.high.x), std::max(high.y, other.high.y)};
  }
};

/// Whether two pieces whose extents meet do so elsewhere than where they may: consecutive ones at their node, arcs at a common
/// junction.
inline bool conflict(const Piece& p, const Piece& q) {
  const bool same = p.arc == q.arc;
  const bool pq = same && q.number == p.number + 1, qp = same && p.number == q.number + 1;
  int shared = 0;
  bool bad = false;
  const auto share = [&](Point at, Point e, Point f) {
    ++shared;
    bad |= overlap(at, e, f);
  };
  if (p.a == q.a && p.first && q.first) share(p.a, p.b, q.b);
  if (p.a == q.b && ((p.first && q.last) || qp)) share(p.a, p.b, q.a);
  if (p.b == q.a && ((p.last && q.first) || pq)) share(p.b, p.a, q.b);
  if (p.b == q.b && p.last && q.last) share(p.b, p.a, q.a);
  // Two straight pieces with one point in common and different directions have no other.
  return shared > 0 ? bad || shared > 1 : touch(p.a, p.b, q.a, q.b);
}

/// Calls found(p, q) for each pair of pieces in conflict of which at least one is of an arc with `fresh[arc]` != 0.
/// Pieces are sorted into square cells with a side of 2^`cell_bits`; a pair that shares several may be found several times.
template <class Found>
void for_each_conflict(const List<Piece>& pieces, const List<std::uint8_t>& fresh, int cell_bits, Point size,
                       Found found) {
  const std::int32_t columns = (size.x >> cell_bits) + 1, rows = (size.y >> cell_bits) + 1;
  const auto column = [&](std::int32_t x) { return std::clamp(x >> cell_bits, 0, columns - 1); };
  const auto row = [&](std::int32_t y) { return std::clamp(y >> cell_bits, 0, rows - 1); };
  const auto cells_of = [&](const Extent& e, auto visit) {
    const std::int32_t c0 = column(e.low.x), c1 = column(e.high.x), r0 = row(e.low.y), r1 = row(e.high.y);
    for (std::int32_t r = r0; r <= r1; ++r)
      for (std::int32_t c = c0; c <= c1; ++c) visit(std::int64_t{r} * columns + c);
  };
  // Each cell has a list of the fresh pieces so far, the newest first.
  struct Member {
    std::int32_t piece, next;
  };
  constexpr std::int32_t none = -1;
  List<std::int32_t> newest(std::int64_t{rows} * columns, none);
  List<Member> members;
  members.reserve(2 * pieces.size());
  const auto look = [&](std::int64_t cell, const Piece& p, const Extent& extent) {
    for (std::int32_t m = newest[cell]; m != none; m = members[m].next)
      if (const Piece& q = pieces[members[m].piece]; Extent::of(q).meets(extent) && conflict(p, q))
        found(p, q);
  };
  Extent all{size, {0, 0}};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& p = pieces[i];
    if (!fresh[p.arc]) continue;
    const Extent extent = Extent::of(p);
    all.include(extent);
    cells_of(extent, [&](std::int64_t cell) {
      look(cell, p, extent);
      members.push_back({static_cast<std::int32_t>(i), newest[cell]});
      newest[cell] = static_cast<std::int32_t>(members.size()) - 1;
    });
  }
  for (const Piece& p : pieces)
    if (const Extent extent = Extent::of(p); extent.meets(all) && !fresh[p.arc])
      cells_of(extent, [&](std::int64_t cell) { look(cell, p, extent); });
}

}  // namespace detail
}  // namespace dht
