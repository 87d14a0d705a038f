// SPDX-License-Identifier: MIT
// Regions painted one over the other: each boundary is written once, by the region that is painted later; where a later one
// covers it anyway, a region is closed by whatever takes the least text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <dht/core/view.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/planar_map.hpp>

namespace dht::detail {

/// When each region is painted, 0 first: those with long boundaries before those with short ones, so that what has to
/// be written are the outlines of small regions. Regions that do not show are painted never: `unpainted`.
struct PaintOrder {
  static constexpr std::int32_t unpainted = -1;
  std::vector<std::int32_t> rank;     ///< per region; the same for those that are painted together
  std::vector<std::int32_t> regions;  ///< that show, in the order of painting
  /// Whether regions[i] is painted together with regions[i - 1].
  std::vector<std::uint8_t> joined;
  bool complete = true;  ///< whether all regions show
};

/// Brings regions of one plain colour together, at the place of the first of them.
inline void join_colors(const Fills& fills, PaintOrder& order) {
  const std::size_t n = order.regions.size();
  std::map<Color, std::size_t> first_of;
  std::vector<std::pair<std::size_t, std::int32_t>> placed(n);  // place of the first of the colour, region
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t r = order.regions[i];
    placed[i] = {fills.plain(r) ? first_of.try_emplace(fills.color[r], i).first->second : i, r};
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
  PaintOrder order{std::vector<std::int32_t>(map.regions, PaintOrder::unpainted), {}, {}, true};
  std::vector<std::int64_t> length(map.regions);
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
    if (fills.shows(r))
      order.regions.push_back(r);
    else
      order.complete = false;
  }
  if (by_length)
    std::stable_sort(order.regions.begin(), order.regions.end(),
                     [&](std::int32_t a, std::int32_t b) { return length[a] > length[b]; });
  order.joined.assign(order.regions.size(), 0);
  if (by_color) join_colors(fills, order);
  std::int32_t rank = 0;
  for (std::size_t i = 0; i < order.regions.size(); ++i)
    order.rank[order.regions[i]] = order.joined[i] ? rank : rank = static_cast<std::int32_t>(i);
  return order;
}

/// Finds lines that close a region where later ones cover it. Points are pixel corners.
class HiddenLines {
 public:
  HiddenLines(LabelView labels, const std::vector<std::int32_t>& rank) : labels_(labels), rank_(rank) {}

  /// `chain` is a stretch of the region's boundary, the region on its right, everything on its left painted later or
  /// outside of the canvas. Appends the points of a line from its first to its last point, without these two, that covers
  /// the region and beyond it nothing but what is painted later.
  void close(std::span<const Point> chain, std::int32_t region, std::vector<Point>& out) {
    own_rank_ = rank_[region];
    find(chain, out);
  }

  /// Whether a hole of the region may be painted over: nothing in it was painted earlier, however deep. `chain` is its
  /// whole boundary, its first point repeated at its end.
  bool may_fill(std::span<const Point> chain, std::int32_t region) {
    own_rank_ = rank_[region];
    path_.assign(2, chain.front());
    return covers(chain);
  }

  /// Whether a piece of a region, whose topmost, then leftmost corner is `corner`, lies in a hole that was found to be filled
  /// by what it is painted together with.
  bool filled(Point corner) const { return !filled_.empty() && filled_[index(corner.y, corner.x)] != 0; }

 private:
  /// From the first to the last with a step, in one row.
  struct Columns {
    std::int32_t first, last;
  };

  void find(std::span<const Point> chain, std::vector<Point>& out) {
    if (chain.size() == 2) return;
    const Point a = chain.front(), b = chain.back();
    if (a != b && try_lines(chain, a, b, out)) return;
    const std::size_t middle = farthest(chain);
    find(chain.first(middle + 1), out);
    out.push_back(chain[middle]);
    find(chain.subspan(middle), out);
  }

  /// The chain's inner point that is farthest on the left of its ends' chord; of a closed chain, from its start.
  static std::size_t farthest(std::span<const Point> chain) {
    const Point a = chain.front(), b = chain.back();
    std::size_t best = chain.size() / 2;
    std::int64_t most = 0;
    for (std::size_t i = 1; i + 1 < chain.size(); ++i) {
      const std::int64_t dx = chain[i].x - a.x, dy = chain[i].y - a.y;
      const std::int64_t left = a == b ? dx * dx + dy * dy : dx * (b.y - a.y) - dy * (b.x - a.x);
      if (left > most) most = left, best = i;
    }
    return best;
  }

  std::size_t index(std::int32_t y, std::int32_t x) const { return std::size_t(y) * labels_.width + x; }

  static std::int64_t turn(Point o, Point a, Point b) {
    return std::int64_t{a.x - o.x} * (b.y - o.y) - std::int64_t{a.y - o.y} * (b.x - o.x);
  }

  bool try_lines(std::span<const Point> chain, Point a, Point b, std::vector<Point>& out) {
    Point low = a, high = a;
    for (const Point p : chain) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    const auto attempt = [&](std::initializer_list<Point> between) {
      path_.assign(1, a);
      path_.insert(path_.end(), between);
      path_.push_back(b);
      if (!around(chain) || !covers(chain)) return false;
      out.insert(out.end(), between);
      return true;
    };
    if (attempt({})) return true;
    if (a.x != b.x && a.y != b.y && (attempt({{b.x, a.y}}) || attempt({{a.x, b.y}}))) return true;
    if (Point corner; tangent_corner(chain, corner) && attempt({corner})) return true;
    for (const std::int32_t y : {low.y, high.y})
      if (y != a.y && y != b.y && attempt({{a.x, y}, {b.x, y}})) return true;
    for (const std::int32_t x : {low.x, high.x})
      if (x != a.x && x != b.x && attempt({{x, a.y}, {x, b.y}})) return true;
    return false;
  }

  /// A quick look: whether the chain's corners are on the right of path_, of all its lines where it turns right only,
  /// otherwise of one of them.
  bool around(std::span<const Point> chain) const {
    bool convex = true;
    for (std::size_t i = 2; i < path_.size(); ++i) convex &= turn(path_[i - 2], path_[i - 1], path_[i]) >= 0;
    for (const Point c : chain) {
      std::size_t right = 0;
      for (std::size_t i = 1; i < path_.size(); ++i) right += turn(path_[i - 1], path_[i], c) >= 0;
      if (convex ? right + 1 < path_.size() : right == 0) return false;
    }
    return true;
  }

  /// Where the chain's tangents from both of its ends meet on the canvas, moved away from the chain to a pixel corner.
  bool tangent_corner(std::span<const Point> chain, Point& corner) const {
    const Point a = chain.front(), b = chain.back();
    Point p = chain[1], q = chain[chain.size() - 2];
    for (const Point c : chain) {
      if (turn(a, p, c) < 0) p = c;
      if (turn(b, q, c) > 0) q = c;
    }
    const std::int64_t dx = p.x - a.x, dy = p.y - a.y, ex = q.x - b.x, ey = q.y - b.y;
    const std::int64_t det = dx * ey - dy * ex;
    if (det == 0) return false;
    const double s = double((b.x - a.x) * ey - (b.y - a.y) * ex) / double(det);
    if (!(s > 0 && s < 1000)) return false;
    const auto x = static_cast<std::int32_t>(a.x + (s * double(dx))),
               y = static_cast<std::int32_t>(a.y + (s * double(dy)));
    std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
    for (std::int32_t v = y - 2; v <= y + 2; ++v)
      for (std::int32_t u = x - 2; u <= x + 2; ++u) {
        const Point c{u, v};
        if (u < 0 || v < 0 || u > labels_.width || v > labels_.height) continue;
        if (turn(a, p, c) > 0 || turn(b, q, c) < 0) continue;
        const std::int64_t distance = std::abs(turn(a, p, c)) + std::abs(turn(b, q, c));
        if (distance < nearest) nearest = distance, corner = c;
      }
    return nearest != std::numeric_limits<std::int64_t>::max();
  }

  /// Whether pixel (y, x) is painted later, or outside of the canvas.
  bool later(std::int32_t y, std::int32_t x) const {
    if (y < 0 || x < 0 || y >= labels_.height || x >= labels_.width) return true;
    return rank_[labels_(y, x)] > own_rank_;
  }

  /// Whether path_ keeps on the left of the chain, with nothing between both and nothing cut that was painted earlier.
  bool covers(std::span<const Point> chain) {
    for (std::size_t i = 1; i < path_.size(); ++i)
      if (!cuts_later(path_[i - 1], path_[i])) return false;
    Point low = chain[0], high = chain[0];
    const auto widen = [&](Point p) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    };
    for (const Point p : chain) widen(p);
    for (const Point p : path_) widen(p);
    low = {std::max(low.x, 0), std::max(low.y, 0)};
    high = {std::min(high.x, labels_.width), std::min(high.y, labels_.height)};
    const std::int32_t columns = high.x - low.x, rows = high.y - low.y;
    if (columns <= 0 || rows <= 0) return true;
    steps_.assign(std::size_t(columns + 1) * rows, 0);
    touched_.assign(rows, {columns, 0});
    const auto add = [&](Point a, Point b, int sign) {
      if (a.y == b.y) return;
      if (a.y > b.y) std::swap(a, b), sign = -sign;
      for (std::int32_t y = std::max(a.y, low.y); y < std::min(b.y, high.y); ++y) {
        // The first pixel whose middle is right of the edge at the middle of the row.
        std::int64_t x = a.x;
        if (a.x != b.x) {
          const std::int64_t length = b.y - a.y;
          const std::int64_t twice =
              2 * length * a.x + (2 * (y - a.y) + 1) * std::int64_t{b.x - a.x} + length;
          x = twice / (2 * length) - (twice % (2 * length) < 0);
        }
        const auto column = static_cast<std::int32_t>(std::clamp<std::int64_t>(x - low.x, 0, columns));
        std::int16_t& step = steps_[std::size_t(y - low.y) * (columns + 1) + column];
        step = static_cast<std::int16_t>(step - sign);
        auto& [first, last] = touched_[y - low.y];
        first = std::min(first, column), last = std::max(last, column);
      }
    };
    for (std::size_t i = 1; i < path_.size(); ++i) add(path_[i - 1], path_[i], 1);
    for (std::size_t i = 1; i < chain.size(); ++i) add(chain[i - 1], chain[i], -1);
    const bool hole = path_.front() == path_.back();
    inside_.clear();
    for (std::int32_t y = 0; y < rows; ++y) {
      const std::int16_t* step = steps_.data() + std::size_t(y) * (columns + 1);
      const std::int32_t* label = labels_.row(low.y + y) + low.x;
      int winding = 0;
      for (std::int32_t x = touched_[y].first; x < touched_[y].last; ++x) {
        winding += step[x];
        if (winding == 0) continue;
        if (winding != 1 || rank_[label[x]] < own_rank_) return false;
        if (hole && rank_[label[x]] == own_rank_) inside_.push_back(index(low.y + y, low.x + x));
      }
    }
    if (filled_.empty() && !inside_.empty()) filled_.resize(index(labels_.height, 0));
    for (const std::size_t pixel : inside_) filled_[pixel] = 1;
    return true;
  }

  /// Whether the line from a to b cuts only pixels that are painted later: a part of one that is not would be lost.
  bool cuts_later(Point a, Point b) const {
    if (a.x == b.x || a.y == b.y) return true;
    if (a.y > b.y) std::swap(a, b);
    const std::int64_t dy = b.y - a.y, dx = b.x - a.x;
    for (std::int32_t y = a.y; y < b.y; ++y) {
      // Both ends within the row, as multiples of 1/dy.
      const std::int64_t here = dx * (y - a.y), there = here + dx;
      const std::int64_t left = std::min(here, there), right = std::max(here, there);
      const std::int64_t first = left / dy - (left % dy < 0),
                         last = (right - 1) / dy - ((right - 1) % dy < 0);
      for (std::int64_t x = first; x <= last; ++x)
        if (!later(y, static_cast<std::int32_t>(a.x + x))) return false;
    }
    return true;
  }

  LabelView labels_;
  const std::vector<std::int32_t>& rank_;
  std::int32_t own_rank_ = 0;
  std::vector<Point> path_;
  std::vector<std::int16_t> steps_;
  std::vector<Columns> touched_;
  std::vector<std::uint8_t> filled_;
  std::vector<std::size_t> inside_;
};

}  // namespace dht::detail
