// SPDX-License-Identifier: MIT
// One arc's stairs of pixel corners to few lines and round arcs: the chain that is cheapest in error and bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/core/math.hpp>
#include <dht/vector/arcs.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/round_arcs.hpp>

namespace dht::detail {

/// What simplification of one arc weighs against each other.
struct ArcPrices {
  /// A line may be so far from the stairs' corners, in the larger of both coordinates; in eighths of a pixel.
  std::int32_t tolerance = 8;
  /// Squared difference of the colours on both sides: what it costs per pixel to be on the wrong one.
  std::int64_t contrast = 0;
  /// What a byte of compressed text costs, in the same unit.
  std::int64_t byte = 0;
  /// Whether arcs of circles and ellipses are tried.
  bool round = false;
};

/// Where lines of a simplified arc end.
struct ChainNode {
  Point place;             ///< eighths of a pixel
  std::int32_t edges = 0;  ///< unit edges of the stairs before it
  /// Not 0: at most half an ellipse leads here, with the radii x and |y| in steps of the grid, clockwise on the screen where y
  /// is positive.
  Point radii;
};

/// Sums over the boundary's unit edges, each a point where the boundary is thought to be, in eighths of a pixel.
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

/// Simplifies arcs one after another; keeps its memory.
class ArcSimplifier {
 public:
  /// Points are made on a grid of `grid` steps a pixel: 1, 2, 4 or 8.
  explicit ArcSimplifier(std::int32_t grid) : grid_(grid), grid_step_(8 / grid) {}

  /// The nodes of the simplified arc: the first and last corner, and between them corners of the stairs and middles of
  /// their steps, on the grid. `shifts` has for each unit edge of the stairs how far the boundary is thought to be on its
  /// right, in eighths of a pixel; empty: nowhere else. Valid until the next call.
  std::span<const ChainNode> run(std::span<const Point> stairs, std::span<const std::int8_t> shifts,
                                 const ArcPrices& prices) {
    list_candidates(stairs, shifts);
    edges_moved_ = !shifts.empty();
    find_chain(prices);
    chain_.clear();
    for (auto i = static_cast<std::int32_t>(candidates_.size()) - 1; i >= 0; i = candidates_[i].from) {
      const Candidate& c = candidates_[i];
      chain_.push_back({c.place, static_cast<std::int32_t>(c.sums.n), c.radii});
    }
    std::reverse(chain_.begin(), chain_.end());
    return chain_;
  }

  /// What the chain of the last run costs.
  std::int64_t cost() const { return candidates_.back().cost; }

 private:
  /// Longest slanted line that is tried, in pixels: sums of squares stay within 63 bits.
  static constexpr std::int64_t longest = 120;
  /// In pixels: what is rounder than a line, and what 63 bits hold.
  static constexpr std::int32_t largest_radius = 4000, largest_ellipse = 1000;

  /// Where a line may end, and the cheapest chain to it so far.
  struct Candidate {
    Point place;             ///< eighths of a pixel
    bool corner = false;     ///< of the stairs: lines have to pass it
    std::int32_t from = -1;  ///< the candidate before it in the chain
    EdgeSums sums;           ///< over all edges before it
    std::int64_t cost = std::numeric_limits<std::int64_t>::max();
    Point radii{};  ///< as in ChainNode

    void reach(std::int64_t new_cost, std::int32_t new_from, Point new_radii) {
      cost = new_cost, from = new_from, radii = new_radii;
    }
  };

  void list_candidates(std::span<const Point> stairs, std::span<const std::int8_t> shifts) {
    candidates_.clear(), edges_.clear();
    EdgeSums sums;
    const auto place = [&](Point p, bool corner) { candidates_.push_back({p, corner, -1, sums}); };
    const Point origin = stairs[0];
    place({8 * origin.x, 8 * origin.y}, true);
    std::size_t edge = 0;
    Point before{};  // how far the run before is moved at its end
    for (std::size_t i = 1; i < stairs.size(); ++i) {
      const Point a = stairs[i - 1], b = stairs[i];
      const std::int32_t length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
      const std::int32_t sx = (b.x > a.x) - (b.x < a.x), sy = (b.y > a.y) - (b.y < a.y);
      const auto run = shifts.empty() ? shifts : shifts.subspan(edge, std::size_t(length));
      edge += run.size();
      // On the right of (sx, sy) is (-sy, sx).
      const auto moved = [&](std::int32_t from, std::int32_t to) {
        const std::int32_t shift = on_grid(mean(run, from, to));
        return Point{-sy * shift, sx * shift};
      };
      const Point start = moved(0, 3), end = moved(length - 3, length), middle = moved(0, length);
      if (const Point p{before.x + start.x, before.y + start.y}; i > 1 && p != Point{})
        place({8 * a.x + p.x, 8 * a.y + p.y}, false);
      const std::int32_t half = on_grid(4 * length);
      for (std::int32_t k = 0; k < length; ++k) {
        if (half > 0 && 8 * k >= half && 8 * k < half + 8)
          place({8 * a.x + half * sx + middle.x, 8 * a.y + half * sy + middle.y}, false);
        const std::int32_t shift = run.empty() ? 0 : run[std::size_t(k)];
        const Point at{8 * a.x + (8 * k + 4) * sx - shift * sy, 8 * a.y + (8 * k + 4) * sy + shift * sx};
        sums.add(at.x - 8 * origin.x, at.y - 8 * origin.y);
        edges_.push_back(at);
      }
      place({8 * b.x, 8 * b.y}, true);
      before = end;
    }
  }

  /// The mean of run[from] to run[to-1], as far as there are such, times the run's direction.
  static std::int32_t mean(std::span<const std::int8_t> run, std::int32_t from, std::int32_t to) {
    if (run.empty()) return 0;
    from = std::max(from, 0), to = std::min(to, static_cast<std::int32_t>(run.size()));
    const std::int32_t sum = std::accumulate(run.begin() + from, run.begin() + to, 0);
    return sum / (to - from);
  }

  /// Eighths of a pixel to the nearest multiple of the grid's step, halves towards nought.
  std::int32_t on_grid(std::int32_t eighths) const {
    const std::int32_t n = (std::abs(eighths) + (grid_step_ - 1) / 2) & -grid_step_;
    return eighths < 0 ? -n : n;
  }

  /// The tolerance that can pay: a line farther than this from a corner costs more at the corner's two edges, whose middles are
  /// half a pixel from it, than `bytes_of_detour`.
  std::int32_t worth_trying(const ArcPrices& prices) const {
    constexpr double bytes_of_detour = 4;  // less would give longer texts, more the same ones more slowly
    const std::int32_t half_a_pixel = 4, most_shift = edges_moved_ ? 4 : 0;
    const double pixels = dht::sqrt(bytes_of_detour * double(prices.byte) / (2 * double(prices.contrast)));
    return half_a_pixel + most_shift + static_cast<std::int32_t>(std::min(8 * pixels, 1e6));
  }

  void find_chain(ArcPrices prices) {
    const auto count = static_cast<std::int32_t>(candidates_.size());
    candidates_[0].cost = 0;
    std::int32_t next_circle = 0, patience = 0;
    prices.tolerance = std::min(prices.tolerance, worth_trying(prices));
    for (std::int32_t i = 0; i < count; ++i) {
      // Where no circle leads to one candidate, none leads to most of the next, but behind a long one; where none would pay, one
      // may a little later. Ragged boundaries cost a sixteenth.
      if (prices.round && (i >= next_circle || i + 1 == count)) {
        const std::int32_t span = find_circle(i, prices);
        if (span >= 16) find_ellipse(i, i - span, prices);
        patience = std::max(patience - 1, span - 8);
        next_circle = i + (span > 0 || patience > 0 ? 1 : span < 0 ? 4 : 16);
      }
      Cone cone(prices.tolerance);
      const Candidate& p = candidates_[i];
      for (std::int32_t j = i + 1; j < count; ++j) {
        Candidate& q = candidates_[j];
        const auto [dx, dy] = q.place - p.place;
        if (q.corner && !cone.narrow(dx, dy)) break;
        if (dx != 0 && dy != 0 && std::max(std::abs(dx), std::abs(dy)) > 8 * longest) continue;
        const std::int64_t so_far = p.cost + prices.byte * line_bytes(dx, dy);
        if (so_far >= q.cost || (j > i + 1 && !cone.holds(dx, dy))) continue;
        const std::int64_t cost = so_far + squared_error(p, q) * prices.contrast;
        if (cost < q.cost) q.reach(cost, i, {});
      }
    }
  }

  /// The cheapest chain to candidate j that ends with an arc of a circle, where that is cheaper than the one so far. Returns what
  /// search_back does.
  std::int32_t find_circle(std::int32_t j, const ArcPrices& prices) {
    const auto passes = [&](std::int32_t i, Point to, const CircleSums& sums, double most_error) {
      const CircleFit fit = sums.fit(to.x, to.y);
      if (fit.sum > 4 * most_error * fit.radius2) return false;
      if (fit.radius2 > 64.0 * largest_radius * largest_radius) return true;
      const std::int32_t radius = radius_on_grid(fit.radius(), to.x, to.y);
      // Seen from j; along the arc it is the other way.
      end_round(i, j, {radius, fit.clockwise ? -radius : radius}, fit.error(), prices);
      return true;
    };
    return search_back<CircleSums>(j, j, prices, passes);
  }

  /// The same for arcs of ellipses that begin before candidate `last`, up to where circles pass.
  void find_ellipse(std::int32_t j, std::int32_t last, const ArcPrices& prices) {
    const auto passes = [&](std::int32_t i, Point to, const EllipseSums& sums, double most_error) {
      const EllipseFit fit = sums.fit(to.x, to.y);
      const double rx = fit.rx, ry = fit.ry;
      const bool found = rx > 0 && rx <= 4 * ry && ry <= 4 * rx && fit.error <= most_error;
      if (!found || std::max(rx, ry) > 8 * largest_ellipse) return found;
      const Point radii = radii_on_grid(rx, ry, to.x, to.y);
      end_round(i, j, {radii.x, fit.clockwise ? -radii.y : radii.y}, fit.error, prices);
      return true;
    };
    search_back<EllipseSums>(j, last, prices, passes);
  }

  /// Goes back from candidate `last` until twice in a row passes(i, place of i from j, sums from i to j, the largest error that
  /// passes) fails. Returns how far the last one that passed goes, in candidates: 0 where none passes, -1 where none would pay.
  template <class Sums, class Passes>
  std::int32_t search_back(std::int32_t j, std::int32_t last, const ArcPrices& prices, const Passes& passes) {
    Sums sums;
    const Candidate& q = candidates_[j];
    std::int64_t added = q.sums.n;
    std::int32_t span = 0;
    int misses = 0;
    for (std::int32_t i = last - 1; i >= 0 && misses < 2; --i) {
      const Candidate& p = candidates_[i];
      const Point to = p.place - q.place;
      const std::int64_t n = q.sums.n - p.sums.n;
      if (std::max(std::abs(to.x), std::abs(to.y)) > Sums::most - 16 || n > Sums::most_points) break;
      for (; added > p.sums.n; --added) {
        const Point edge = edges_[added - 1] - q.place;
        sums.add(edge.x, edge.y);
      }
      if (n < 6 || to == Point{} || p.cost + prices.byte * bytes_same_round >= q.cost) continue;
      if (passes(i, to, sums, double(n * prices.tolerance * prices.tolerance) / 4))
        misses = 0, span = j - i;
      else
        ++misses;
    }
    return span == 0 && misses == 0 ? -1 : span;
  }

  /// Ends the chain to candidate j with a round arc from i, where that is cheaper and near enough.
  void end_round(std::int32_t i, std::int32_t j, Point radii, double error, const ArcPrices& prices) {
    const Candidate& p = candidates_[i];
    Candidate& q = candidates_[j];
    const std::int64_t cost = p.cost + prices.byte * round_bytes(q.place - p.place, radii, p.radii == radii) +
                              static_cast<std::int64_t>(error) * prices.contrast;
    if (cost < q.cost && round_holds(i, j, radii, prices.tolerance)) q.reach(cost, i, radii);
  }

  /// In steps of the grid, at least half of the ends' distance.
  std::int32_t radius_on_grid(double eighths, std::int64_t dx, std::int64_t dy) const {
    auto radius = static_cast<std::int32_t>(eighths * grid_ / 8 + 0.5);
    while (std::int64_t{256} * radius * radius < (dx * dx + dy * dy) * grid_ * grid_) ++radius;
    return radius;
  }
  /// The same of an ellipse.
  Point radii_on_grid(double rx, double ry, std::int64_t dx, std::int64_t dy) const {
    Point radii{std::max(static_cast<std::int32_t>(rx * grid_ / 8 + 0.5), 1),
                std::max(static_cast<std::int32_t>(ry * grid_ / 8 + 0.5), 1)};
    const auto reached = [&] {
      const std::int64_t xx = std::int64_t{radii.x} * radii.x, yy = std::int64_t{radii.y} * radii.y;
      return (dx * dx * yy + dy * dy * xx) * grid_ * grid_ <= 256 * xx * yy;
    };
    while (!reached()) ++(std::abs(dx) * radii.y > std::abs(dy) * radii.x ? radii.x : radii.y);
    return radii;
  }

  /// Whether all corners between candidates i and j are within the tolerance from the arc.
  bool round_holds(std::int32_t i, std::int32_t j, Point radii, std::int32_t tolerance) const {
    const Point p = candidates_[i].place, q = candidates_[j].place;
    const double step = grid_step_;
    const RoundPiece piece{double(p.x), double(p.y),    double(q.x),
                           double(q.y), radii.x * step, std::abs(radii.y) * step,
                           radii.y > 0};
    return std::all_of(candidates_.begin() + i + 1, candidates_.begin() + j, [&](const Candidate& c) {
      return !c.corner || piece.within(c.place.x, c.place.y, tolerance);
    });
  }

  /// Sum of squared distances of the boundary between two candidates from the line that joins them, in 1/64 square pixels.
  std::int64_t squared_error(const Candidate& p, const Candidate& q) const {
    const EdgeSums s = q.sums - p.sums;
    const Point origin = candidates_[0].place;
    const std::int64_t px = p.place.x - origin.x, py = p.place.y - origin.y;
    const std::int64_t dx = q.place.x - p.place.x, dy = q.place.y - p.place.y;
    // Lines along the stairs may be longer than `longest`: for them nothing is multiplied with their length.
    const std::int64_t xx = dy == 0 ? 0 : s.xx - 2 * px * s.x + s.n * px * px;
    const std::int64_t yy = dx == 0 ? 0 : s.yy - 2 * py * s.y + s.n * py * py;
    if (dx == 0) return xx;
    if (dy == 0) return yy;
    const std::int64_t xy = s.xy - px * s.y - py * s.x + s.n * px * py;
    // Both are exact in a double, and its division is rounded alike everywhere; that of integers takes twice as long.
    return static_cast<std::int64_t>(double(dx * dx * yy - 2 * dx * dy * xy + dy * dy * xx) /
                                     double(dx * dx + dy * dy));
  }

  /// What a line costs compressed, in 1/64 bytes; measured on drawings of photos.
  std::int64_t line_bytes(std::int32_t dx, std::int32_t dy) const {
    return (dx == 0 || dy == 0 ? bytes_straight : bytes_slanted) + step_bytes(dx, dy);
  }
  /// The same of a round arc; `again`: with the radii and direction of the arc before it.
  std::int64_t round_bytes(Point step, Point radii, bool again) const {
    int bytes = bytes_same_round;
    if (!again) bytes = bytes_round + bytes_digit * more_digits(radii.x);
    if (!again && radii.x != std::abs(radii.y))
      bytes += bytes_straight + bytes_digit * more_digits(std::abs(radii.y));
    return bytes + step_bytes(step.x, step.y);
  }
  int step_bytes(std::int32_t dx, std::int32_t dy) const {
    return bytes_digit * (more_digits(std::abs(dx) * grid_ / 8) + more_digits(std::abs(dy) * grid_ / 8));
  }
  static int more_digits(std::int32_t n) { return n < 10 ? 0 : n < 100 ? 1 : n < 1000 ? 2 : 3; }
  static constexpr int bytes_straight = 64, bytes_slanted = 104, bytes_digit = 28, bytes_round = 416,
                       bytes_same_round = 224;

  std::int32_t grid_, grid_step_;  ///< steps a pixel, and eighths of a pixel a step: powers of two
  bool edges_moved_ = false;
  List<Candidate> candidates_;
  List<Point> edges_;
  List<ChainNode> chain_;
};

}  // namespace dht::detail
