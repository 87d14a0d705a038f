// SPDX-License-Identifier: MIT
// One arc's stairs of pixel corners to few straight lines: the chain of chords that is cheapest in error and bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

#include <dht/vector/arcs.hpp>
#include <dht/vector/drawn_arcs.hpp>

namespace dht::detail {

/// What simplification of one arc weighs against each other.
struct ArcPrices {
  /// A line may be so far from the stairs' corners, in the larger of both coordinates; in sixteenths of a pixel.
  std::int32_t tolerance = 16;
  /// Squared difference of the colours on both sides: what it costs per pixel to be on the wrong one.
  std::int64_t contrast = 0;
  /// In the same unit: what a character of text costs.
  std::int64_t character = 0;
};

/// Sums over the middles of the boundary's unit edges, in half pixels.
struct EdgeSums {
  std::int64_t n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

  void add(std::int64_t px, std::int64_t py) {
    ++n, x += px, y += py, xx += px * px, xy += px * py, yy += py * py;
  }
  friend EdgeSums operator-(EdgeSums a, const EdgeSums& b) {
    a.n -= b.n, a.x -= b.x, a.y -= b.y, a.xx -= b.xx, a.xy -= b.xy, a.yy -= b.yy;
    return a;
  }
};

/// Sum of squared distances, in pixels, from the line through `p` in direction `d` (half pixels), times `weight`.
inline std::int64_t squared_error(const EdgeSums& s, std::int64_t px, std::int64_t py, std::int64_t dx,
                                  std::int64_t dy, std::int64_t weight) {
  const std::int64_t xx = s.xx - 2 * px * s.x + s.n * px * px;
  const std::int64_t yy = s.yy - 2 * py * s.y + s.n * py * py;
  const std::int64_t xy = s.xy - px * s.y - py * s.x + s.n * px * py;
  const std::int64_t sum = dx * dx * yy - 2 * dx * dy * xy + dy * dy * xx;
  return 16 * sum / (dx * dx + dy * dy) * weight / 64;
}

/// The directions in which a line from a fixed point passes all corners so far within the tolerance.
class Cone {
 public:
  explicit Cone(std::int32_t tolerance) : tolerance_(tolerance) {}

  /// Narrows the cone by a corner, relative to the fixed point. Returns whether it still has a direction.
  bool narrow(std::int64_t x, std::int64_t y) {
    farthest_ = std::max(farthest_, x * x + y * y);
    if (std::abs(x) <= tolerance_ && std::abs(y) <= tolerance_) return true;
    const std::int64_t sx = (x > 0) - (x < 0), sy = (y > 0) - (y < 0);
    const std::array<std::int64_t, 2> high{x - tolerance_ * sy, y + tolerance_ * sx},
        low{x + tolerance_ * sy, y - tolerance_ * sx};
    if (!bounded_ || turn(high_, high) < 0) high_ = high;
    if (!bounded_ || turn(low_, low) > 0) low_ = low;
    bounded_ = true;
    return turn(low_, high_) >= 0;
  }

  /// Whether the line to (x, y) passes all corners, and none lies far beyond its end.
  bool holds(std::int64_t x, std::int64_t y) const {
    const std::int64_t length = x * x + y * y;
    if (length == 0) return false;
    // farthest <= length + tolerance, both squared: compared without roots, a little on the strict side.
    if (farthest_ > length + tolerance_ * tolerance_ && farthest_ - length > 2 * tolerance_ * std::abs(x) &&
        farthest_ - length > 2 * tolerance_ * std::abs(y))
      return false;
    return !bounded_ || (turn(low_, {x, y}) >= 0 && turn(high_, {x, y}) <= 0);
  }

 private:
  static std::int64_t turn(const std::array<std::int64_t, 2>& a, const std::array<std::int64_t, 2>& b) {
    return a[0] * b[1] - a[1] * b[0];
  }

  std::int64_t tolerance_, farthest_ = 0;
  std::array<std::int64_t, 2> high_{}, low_{};
  bool bounded_ = false;
};

/// Characters of a number, its sign or separator included.
inline std::int64_t characters(std::int32_t number) {
  const std::int32_t n = std::abs(number);
  return n < 10 ? 2 : n < 100 ? 3 : n < 1000 ? 4 : 5;
}

/// Simplifies arcs one after another; keeps its memory.
class ArcSimplifier {
 public:
  /// Points are made on a grid of `grid` steps a pixel, 1 or 2. `both_sides`: how often each arc is written.
  explicit ArcSimplifier(std::int32_t grid) : grid_(grid) {}

  /// Appends the nodes of the simplified arc to `out`: the first and last corner, and between them corners of the stairs
  /// and middles of their steps, on the grid.
  void run(std::span<const Point> stairs, const ArcPrices& prices, std::vector<Point>& out) {
    list_candidates(stairs);
    find_chain(prices);
    const std::size_t old_size = out.size();
    for (std::int32_t i = static_cast<std::int32_t>(places_.size()) - 1; i >= 0; i = from_[i])
      out.push_back({places_[i].x * grid_ / 2, places_[i].y * grid_ / 2});
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(old_size), out.end());
  }

 private:
  /// Longest line that is tried, in pixels: sums of squares stay within 63 bits.
  static constexpr std::int64_t longest = 120;

  /// Places where a line may end, in half pixels, with the sums over all edges before; corners also bound the lines.
  void list_candidates(std::span<const Point> stairs) {
    places_.clear(), sums_.clear(), corner_.clear();
    EdgeSums sums;
    const auto place = [&](Point p, bool corner) {
      places_.push_back(p), sums_.push_back(sums), corner_.push_back(corner);
    };
    const Point origin = stairs[0];
    place({2 * origin.x, 2 * origin.y}, true);
    for (std::size_t i = 1; i < stairs.size(); ++i) {
      const Point a = stairs[i - 1], b = stairs[i];
      const std::int32_t length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
      const std::int32_t sx = (b.x > a.x) - (b.x < a.x), sy = (b.y > a.y) - (b.y < a.y);
      // The middle, on the grid.
      const std::int32_t half = grid_ == 1 ? length / 2 * 2 : length;
      for (std::int32_t k = 0; k < length; ++k) {
        if (half > 0 && 2 * k >= half && 2 * k < half + 2)
          place({2 * a.x + half * sx, 2 * a.y + half * sy}, false);
        sums.add(2 * (a.x - origin.x) + (2 * k + 1) * sx, 2 * (a.y - origin.y) + (2 * k + 1) * sy);
      }
      place({2 * b.x, 2 * b.y}, true);
    }
  }

  void find_chain(const ArcPrices& prices) {
    const auto count = static_cast<std::int32_t>(places_.size());
    const Point origin = places_[0];
    cost_.assign(count, std::numeric_limits<std::int64_t>::max());
    from_.assign(count, -1);
    cost_[0] = 0;
    for (std::int32_t i = 0; i + 1 < count; ++i) {
      Cone cone(prices.tolerance);
      const Point p = places_[i];
      for (std::int32_t j = i + 1; j < count; ++j) {
        const Point q = places_[j];
        const std::int32_t dx = q.x - p.x, dy = q.y - p.y;
        if (j > i + 1 && std::max(std::abs(dx), std::abs(dy)) > 2 * longest) break;
        // Sixteenths of a pixel.
        if (corner_[j] && !cone.narrow(dx * 8, dy * 8)) break;
        if (j > i + 1 && !cone.holds(dx * 8, dy * 8)) continue;
        const std::int64_t error =
            prices.contrast == 0 || dx == 0 || dy == 0
                ? straight_error(i, j, dx, dy, prices.contrast)
                : squared_error(sums_[j] - sums_[i], p.x - origin.x, p.y - origin.y, dx, dy, prices.contrast);
        const std::int64_t text =
            prices.character * (characters(dx * grid_ / 2) + characters(dy * grid_ / 2));
        if (const std::int64_t cost = cost_[i] + error + text; cost < cost_[j]) cost_[j] = cost, from_[j] = i;
      }
    }
  }

  /// Lines along the stairs may be longer than `longest`: for them the sums are not squared again.
  std::int64_t straight_error(std::int32_t i, std::int32_t j, std::int64_t dx, std::int64_t dy,
                              std::int64_t contrast) const {
    if (j == i + 1 || contrast == 0) return 0;
    const EdgeSums s = sums_[j] - sums_[i];
    const std::int64_t px = places_[i].x - places_[0].x, py = places_[i].y - places_[0].y;
    const std::int64_t sum =
        dx == 0 ? s.xx - 2 * px * s.x + s.n * px * px : s.yy - 2 * py * s.y + s.n * py * py;
    static_cast<void>(dy);
    return sum * contrast / 4;
  }

  std::int32_t grid_;
  std::vector<Point> places_;
  std::vector<EdgeSums> sums_;
  std::vector<std::uint8_t> corner_;
  std::vector<std::int64_t> cost_;
  std::vector<std::int32_t> from_;
};

}  // namespace dht::detail
