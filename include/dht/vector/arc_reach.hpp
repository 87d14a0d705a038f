// SPDX-License-Identifier: MIT
// How far the drawn form of an arc leaves the pixels' own outline: what lies behind a region shows there, unless the region beneath
// reaches as far.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <dht/core/math.hpp>
#include <dht/vector/arcs.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/round_arcs.hpp>

namespace dht::detail {

/// Calls go with points between the ends of a round arc, so that lines miss it by less than `rise`.
template <class Go>
void flatten_round(const RoundPiece& piece, double rise, const Go& go) {
  if (piece.rise() < rise) return;
  const auto halves = piece.halves();
  flatten_round(halves[0], rise, go);
  go(Point{static_cast<std::int32_t>(std::floor(halves[0].bx + 0.5)),
           static_cast<std::int32_t>(std::floor(halves[0].by + 0.5))});
  flatten_round(halves[1], rise, go);
}

/// Calls go with 32nds of a cubic curve, without its ends.
template <class Go>
void flatten_curve(Point a, Point b, Point c, Point d, const Go& go) {
  for (std::int64_t t = 1; t < 32; ++t) {
    const std::int64_t s = 32 - t, sst = 3 * s * s * t, stt = 3 * s * t * t;
    const auto at = [&](std::int64_t p, std::int64_t q, std::int64_t r, std::int64_t v) {
      return static_cast<std::int32_t>((s * s * s * p + sst * q + stt * r + t * t * t * v) >> 15);
    };
    go(Point{at(a.x, b.x, c.x, d.x), at(a.y, b.y, c.y, d.y)});
  }
}

/// Compares arcs with their stairs, one after another; keeps its memory.
class ArcReach {
 public:
  /// Eighths of a pixel that arc `a` is drawn beyond its stairs at most, on their left or on their right, for each run of the
  /// stairs. Valid until the next call.
  std::span<const std::int32_t> measure(std::span<const Point> stairs, const DrawnArcs& drawn, std::int32_t a,
                                        bool left) {
    flatten(drawn, a);
    reach_.assign(stairs.size() - 1, 0);
    std::size_t piece = 0;
    for (std::size_t i = 0; i + 1 < stairs.size(); ++i) {
      const Point step = stairs[i + 1] - stairs[i];
      const std::int32_t length = std::max(std::abs(step.x), std::abs(step.y));
      double most = 0;
      for (std::int32_t k = 0; k <= length; ++k) {
        const Point p{unit * (stairs[i].x + step.x / length * k), unit * (stairs[i].y + step.y / length * k)};
        while (piece + 2 < line_.size() && distance2(piece + 1, p) <= distance2(piece, p)) ++piece;
        // What is drawn on the left has the stairs on its right.
        if (line_.size() > 1 && (cross(line_[piece], line_[piece + 1], p) > 0) == left)
          most = std::max(most, distance2(piece, p));
      }
      reach_[i] = static_cast<std::int32_t>(sqrt(most) * 8 / unit);
    }
    return reach_;
  }

 private:
  static constexpr std::int32_t unit = 64;  ///< steps a pixel

  void flatten(const DrawnArcs& drawn, std::int32_t a) {
    const auto points = drawn.arc(a);
    const auto kinds = drawn.kinds(a);
    const std::int32_t scale = unit / drawn.grid;
    const auto at = [&](std::size_t i) { return Point{points[i].x * scale, points[i].y * scale}; };
    const auto go = [&](Point p) { line_.push_back(p); };
    line_.assign(1, at(0));
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (kinds[i] == PointKind::round) {
        const Point from = at(i - 1), to = at(i + 1), radii = at(i);
        flatten_round({double(from.x), double(from.y), double(to.x), double(to.y), double(radii.x),
                       double(std::abs(radii.y)), radii.y > 0},
                      unit / 16, go);
        ++i;
      } else if (kinds[i] == PointKind::control) {
        flatten_curve(at(i - 1), at(i), at(i + 1), at(i + 2), go);
        i += 2;
      }
      go(at(i));
    }
  }

  /// From a point to a piece of the line.
  double distance2(std::size_t piece, Point p) const {
    const Point a = line_[piece], b = line_[piece + 1], along = b - a, to = p - a;
    const std::int64_t length2 = std::int64_t{along.x} * along.x + std::int64_t{along.y} * along.y;
    const std::int64_t part = std::int64_t{along.x} * to.x + std::int64_t{along.y} * to.y;
    if (part > 0 && part < length2) {
      const auto beside = static_cast<double>(cross(a, b, p));
      return beside * beside / static_cast<double>(length2);
    }
    const Point end = part <= 0 ? to : p - b;
    return static_cast<double>(std::int64_t{end.x} * end.x + std::int64_t{end.y} * end.y);
  }

  std::vector<Point> line_;
  std::vector<std::int32_t> reach_;
};

}  // namespace dht::detail
