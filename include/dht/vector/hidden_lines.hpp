// SPDX-License-Identifier: MIT
// Lines that close a region where later ones cover it: those that take the least text, but far enough beneath what covers them
// that nothing else shines through where renderers blend edges.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/paint_order.hpp>
#include <dht/vector/planar_map.hpp>

namespace dht::detail {

/// Pixels of one row, from the first to before the last.
struct PixelRun {
  std::int32_t y, first, last;
};

/// What lies beneath each pixel before the region is painted to which it belongs.
class Underpainting {
 public:
  static constexpr std::int32_t page = -1;  ///< nothing

  Underpainting(LabelView labels, const PaintOrder& order, const Fills& fills)
      : labels_(labels),
        fills_(fills),
        region_(labels.pixels(), order.complete && !order.regions.empty() ? order.regions.front() : page) {}

  void paint(std::span<const PixelRun> runs, std::int32_t region) {
    for (const PixelRun& run : runs)
      std::fill_n(region_.begin() + std::ptrdiff_t{run.y} * labels_.width + run.first, run.last - run.first,
                  region);
  }

  /// A region or the page.
  std::int32_t beneath(std::int32_t y, std::int32_t x) const {
    return region_[std::int64_t{y} * labels_.width + x];
  }

  /// Four times the squared difference, of three channels, between what lies beneath and what should be seen on the edge between
  /// regions a and b: the mean of their colours.
  std::int64_t contrast(std::int32_t beneath, std::int32_t a, std::int32_t b) const {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::int32_t both = fills_.color[a][c] + fills_.color[b][c];
      if (beneath != page) {
        const std::int32_t difference = 2 * fills_.color[beneath][c] - both;
        sum += difference * difference;
      } else {  // as likely black as white
        sum += (both * both + (510 - both) * (510 - both)) / 2;
      }
    }
    return sum;
  }

 private:
  LabelView labels_;
  const Fills& fills_;
  List<std::int32_t> region_;
};

/// Quotients, rounded down, of numbers that grow by equal steps.
class Quotients {
 public:
  Quotients(std::int64_t first, std::int64_t step, std::int64_t divisor) : divisor_(divisor) {
    divide(first, value_, rest_);
    divide(step, step_, step_rest_);
  }

  std::int32_t value() const { return static_cast<std::int32_t>(value_); }

  void next() {
    value_ += step_, rest_ += step_rest_;
    if (rest_ >= divisor_) ++value_, rest_ -= divisor_;
  }

 private:
  void divide(std::int64_t number, std::int64_t& quotient, std::int64_t& rest) const {
    quotient = number / divisor_, rest = number % divisor_;
    if (rest < 0) --quotient, rest += divisor_;
  }

  std::int64_t divisor_, value_, rest_, step_, step_rest_;
};

/// Finds the lines, region after region in the order of painting. Points are pixel corners.
class HiddenLines {
 public:
  /// `byte_price`: squared error of the picture (three channels, 0 to 255) that a byte of text is worth. Larger ones than
  /// `most_price` do not count: on flat areas a hairline catches the eye more than its error says.
  HiddenLines(LabelView labels, const PaintOrder& order, const Fills& fills, double byte_price)
      : labels_(labels),
        rank_(order.rank),
        underpainting_(labels, order, fills),
        point_price_(std::llround(shine_a_point * std::min(byte_price, most_price))),
        corner_price_(std::llround(shine_a_corner * std::min(byte_price, most_price))) {}

  /// `chain` is a stretch of the region's boundary, the region on its right, everything on its left painted later or
  /// outside of the canvas. Appends the points of a line from its first to its last point, without these two, that covers
  /// the region and beyond it nothing but what is painted later. `gaps`: how far beyond each of the chain's lines what is on its
  /// left leaves the region bare, in eighths of a pixel.
  void close(std::span<const Point> chain, std::span<const std::int32_t> gaps, std::int32_t region,
             std::vector<Point>& out) {
    measure(chain, gaps, region);
    find({0, chain.size() - 1, chain.front(), chain.back()}, out);
  }

  /// The same for a whole boundary, its first point repeated at its end: appends all points of a closed line around it.
  void close_ring(std::span<const Point> chain, std::span<const std::int32_t> gaps, std::int32_t region,
                  std::vector<Point>& out) {
    measure(chain, gaps, region);
    const Point start = corner(0);
    out.push_back(start);
    find({0, chain.size() - 1, start, start}, out);
  }

  /// Whether a hole of the region may be painted over: nothing in it was painted earlier, however deep. `chain` is its
  /// whole boundary, its first point repeated at its end. If so, it is taken for painted.
  bool may_fill(std::span<const Point> chain, std::int32_t region) {
    chain_ = chain, region_ = region;
    path_.assign(2, chain.front());
    if (!covers({0, chain.size() - 1, chain.front(), chain.front()})) return false;
    underpainting_.paint(inside_, region);
    if (filled_.empty()) filled_.resize(std::size_t(index(labels_.height, 0)));
    for (const PixelRun& run : inside_)
      for (std::int32_t x = run.first; x < run.last; ++x)
        if (rank_[labels_(run.y, x)] == rank_[region]) filled_[index(run.y, x)] = 1;
    return true;
  }

  /// Whether a piece of a region, whose topmost, then leftmost corner is `corner`, lies in a hole that was found to be filled
  /// by what it is painted together with.
  bool filled(Point corner) const { return !filled_.empty() && filled_[index(corner.y, corner.x)] != 0; }

 private:
  // Where the edges of two regions are one line, a screen pixel that they halve at t shows t (1 - t) of what lies beneath: of
  // its squared contrast 1/30, on average over t. `shine_` counts it eightfold. A point takes about 8/3 bytes, and half of
  // what it hides a line without it would hide, too; to move one that is there anyway takes half a byte at most.
  static constexpr double shine_a_point = 2 * 8 * 30 * 8 / 3.0, shine_a_corner = 8 * 30 / 2.0;
  static constexpr double most_price = 1000;

  /// The chain from one of its points to another, and where the line for it begins and ends.
  struct Stretch {
    std::size_t first, last;
    Point a, b;

    std::span<const Point> inner(std::span<const Point> points) const {
      return points.subspan(first + 1, last - first - 1);
    }
  };

  /// Where an edge crosses the middle of a row: before pixel x, downwards +1 or upwards -1. `next` of the row, or -1.
  struct Crossing {
    std::int32_t x, winding, next;
  };

  static int sign(std::int32_t v) { return (v > 0) - (v < 0); }

  std::int64_t index(std::int32_t y, std::int32_t x) const { return std::int64_t{y} * labels_.width + x; }

  bool on_canvas(std::int32_t y, std::int32_t x) const {
    return y >= 0 && x >= 0 && y < labels_.height && x < labels_.width;
  }

  /// Whether pixel (y, x) is painted later, or outside of the canvas.
  bool later(std::int32_t y, std::int32_t x) const {
    return !on_canvas(y, x) || rank_[labels_(y, x)] > rank_[region_];
  }

  /// Begins with a chain: what shines through at its points, and where lines pass them at a distance.
  void measure(std::span<const Point> chain, std::span<const std::int32_t> gaps, std::int32_t region) {
    chain_ = chain, gaps_ = gaps, region_ = region;
    const std::size_t n = chain.size();
    shine_.assign(n, 0);
    beyond_.assign(chain.begin(), chain.end());
    if (n == 2) return;
    for (std::size_t i = 1; i < n; ++i) {
      const std::int64_t shine = shine_along(i);
      shine_[i - 1] += shine, shine_[i] += shine;
      if (i + 1 < n) beyond_[i] = beyond(chain[i - 1], chain[i], chain[i + 1], pixels_bare(i));
    }
    if (chain.front() != chain.back()) return;
    shine_.front() += shine_.back();
    beyond_.front() = beyond_.back() = beyond(chain[n - 2], chain[0], chain[1], pixels_bare(0));
  }

  /// Of the chain's i-th line, from point i - 1 on. Where later regions leave a strip bare, all of what lies beneath shows in it:
  /// thirty times as much for each pixel of its width as where edges blend, of which the mean is about half the largest.
  std::int64_t shine_along(std::size_t i) const {
    return shine_between(chain_[i - 1], chain_[i]) * (1 + 2 * gaps_[i - 1]);
  }

  /// Pixels that a line must pass point i at so that nothing is bare.
  int pixels_bare(std::size_t i) const {
    const std::size_t lines = gaps_.size();
    return 1 + (std::max(gaps_[(i + lines - 1) % lines], gaps_[i % lines]) > 6);
  }

  /// Of the pixels on the left of a line along them.
  std::int64_t shine_between(Point p, Point q) const {
    const int dx = sign(q.x - p.x), dy = sign(q.y - p.y);
    // The first step's left pixel.
    std::int32_t x = p.x - (dx < 0 || dy < 0), y = p.y - (dx > 0 || dy < 0);
    if (!on_canvas(y, x)) return 0;  // nor are the others
    std::int32_t last_beneath = region_, last_label = region_;
    std::int64_t sum = 0, contrast = 0;
    for (std::int32_t i = std::abs(q.x - p.x) + std::abs(q.y - p.y); i > 0; --i, x += dx, y += dy) {
      const std::int32_t beneath = underpainting_.beneath(y, x), label = labels_(y, x);
      if (beneath != last_beneath || label != last_label) {
        last_beneath = beneath, last_label = label;
        contrast = beneath == region_ ? 0 : underpainting_.contrast(beneath, region_, label);
      }
      sum += contrast;
    }
    return sum;
  }

  /// So many pixels beyond the chain's point q, away from the region. Or fewer, where that touches what was painted earlier: on its
  /// other side a thin region is as much in need of a sharp edge.
  Point beyond(Point p, Point q, Point r, int pixels) const {
    if (cross(p, q, r) < 0) return q;
    const int dx = sign(sign(q.x - p.x) + sign(r.x - q.x)), dy = sign(sign(q.y - p.y) + sign(r.y - q.y));
    Point farthest = q;
    for (int k = 1; k <= pixels; ++k) {
      const Point far{std::clamp(q.x + k * dy, 0, labels_.width),
                      std::clamp(q.y - k * dx, 0, labels_.height)};
      if (!room_at(far)) break;
      farthest = far;
    }
    return farthest;
  }

  /// Whether all four pixels around a corner are painted later, or the region's.
  bool room_at(Point p) const {
    const auto room = [&](std::int32_t y, std::int32_t x) {
      return !on_canvas(y, x) || rank_[labels_(y, x)] >= rank_[region_];
    };
    return room(p.y - 1, p.x - 1) && room(p.y - 1, p.x) && room(p.y, p.x - 1) && room(p.y, p.x);
  }

  /// The point for a corner of the line at the chain's i-th.
  Point corner(std::size_t i) const { return shine_[i] > corner_price_ ? beyond_[i] : chain_[i]; }

  void find(const Stretch& s, std::vector<Point>& out) {
    const bool straight = s.last - s.first == 1;
    if (straight && s.a == chain_[s.first] && s.b == chain_[s.last]) {
      if (reach_beside(s)) take(out);
    } else if (s.a != s.b && (reach_further(s) || try_lines(s, chain_))) {
      take(out);
    } else if (straight) {
      out.push_back(chain_[s.first]);
      out.push_back(chain_[s.last]);
    } else {
      const std::size_t middle = farthest(s);
      const Point m = corner(middle);
      find({s.first, middle, s.a, m}, out);
      out.push_back(m);
      find({middle, s.last, m, s.b}, out);
    }
  }

  /// path_ is the line.
  void take(std::vector<Point>& out) {
    underpainting_.paint(inside_, region_);
    out.insert(out.end(), path_.begin() + 1, path_.end() - 1);
  }

  /// Along a straight line from end to end: a pixel beside it, where that hides much and there is room. Where it hides less, text
  /// of many small shapes would grow by a tenth.
  bool reach_beside(const Stretch& s) {
    const Point a = s.a, b = s.b;
    const std::int32_t length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
    if (length < 3 || 2 * shine_along(s.last) <= 4 * point_price_) return false;
    const int dx = sign(b.x - a.x), dy = sign(b.y - a.y);
    const auto beside = [&](std::int32_t i) { return Point{a.x + i * dx + dy, a.y + i * dy - dx}; };
    for (std::int32_t i = 1; i < length; ++i)
      if (!room_at(beside(i))) return false;
    path_ = {a, beside(1), beside(length - 1), b};
    return covers(s);
  }

  /// Tries a line that passes the chain at a distance, if that is worth its points.
  bool reach_further(const Stretch& s) {
    std::int64_t shine = 0;
    for (std::size_t i = s.first + 1; i < s.last; ++i) shine += shine_[i];
    return shine > point_price_ && try_lines(s, beyond_) &&
           static_cast<std::int64_t>(path_.size() - 2) * point_price_ < shine;
  }

  /// The chain's inner point that is farthest on the left of its ends' chord; of a closed chain, from its start.
  std::size_t farthest(const Stretch& s) const {
    const Point a = chain_[s.first], b = chain_[s.last];
    std::size_t best = (s.first + s.last + 1) / 2;
    std::int64_t most = 0;
    for (std::size_t i = s.first + 1; i < s.last; ++i) {
      const std::int64_t dx = chain_[i].x - a.x, dy = chain_[i].y - a.y;
      const std::int64_t left = a == b ? dx * dx + dy * dy : dx * (b.y - a.y) - dy * (b.x - a.x);
      if (left > most) most = left, best = i;
    }
    return best;
  }

  /// Tries lines around `points`, the chain or what is beyond it, those with fewest points first. If one will do, it is path_,
  /// and inside_ what it covers.
  bool try_lines(const Stretch& s, std::span<const Point> points) {
    const Point a = s.a, b = s.b;
    const auto inner = s.inner(points);
    Point low = a, high = a;
    const auto widen = [&](Point p) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    };
    for (const Point p : inner) widen(p);
    widen(b);
    const auto attempt = [&](std::initializer_list<Point> between) {
      path_.assign(1, a);
      path_.insert(path_.end(), between);
      path_.push_back(b);
      return around(inner, low, high) && covers(s);
    };
    if (attempt({})) return true;
    if (a.x != b.x && a.y != b.y && (attempt({{b.x, a.y}}) || attempt({{a.x, b.y}}))) return true;
    if (Point meeting; tangents_meet(inner, a, b, meeting) && attempt({meeting})) return true;
    for (const std::int32_t y : {low.y, high.y})
      if (y != a.y && y != b.y && attempt({{a.x, y}, {b.x, y}})) return true;
    for (const std::int32_t x : {low.x, high.x})
      if (x != a.x && x != b.x && attempt({{x, a.y}, {x, b.y}})) return true;
    return false;
  }

  /// A quick look: whether all points, which lie between `low` and `high`, are on the right of path_: of all its lines where it
  /// turns right only, otherwise of one of them.
  bool around(std::span<const Point> points, Point low, Point high) const {
    const auto all = [&](const auto& right) { return std::all_of(points.begin(), points.end(), right); };
    bool convex = true;
    for (std::size_t i = 2; i < path_.size(); ++i) convex &= cross(path_[i - 2], path_[i - 1], path_[i]) >= 0;
    if (!convex)
      return all([&](Point c) {
        for (std::size_t i = 1; i < path_.size(); ++i)
          if (cross(path_[i - 1], path_[i], c) >= 0) return true;
        return false;
      });
    for (std::size_t i = 1; i < path_.size(); ++i) {
      const Point p = path_[i - 1], q = path_[i];
      const bool right = p.y == q.y   ? (q.x > p.x ? low.y >= p.y : high.y <= p.y)
                         : p.x == q.x ? (q.y > p.y ? high.x <= p.x : low.x >= p.x)
                                      : all([&](Point c) { return cross(p, q, c) >= 0; });
      if (!right) return false;
    }
    return true;
  }

  /// Where the tangents from a and b to the points meet on the canvas, moved away from these to a pixel corner.
  bool tangents_meet(std::span<const Point> points, Point a, Point b, Point& meeting) const {
    if (points.empty()) return false;
    Point p = points.front(), q = points.back();
    for (const Point c : points) {
      if (cross(a, p, c) < 0) p = c;
      if (cross(b, q, c) > 0) q = c;
    }
    if (cross(a, p, b) < 0) p = b;
    if (cross(b, q, a) > 0) q = a;
    const std::int64_t dx = p.x - a.x, dy = p.y - a.y, ex = q.x - b.x, ey = q.y - b.y;
    const std::int64_t det = dx * ey - dy * ex;
    if (det == 0) return false;
    const double s = double((b.x - a.x) * ey - (b.y - a.y) * ex) / double(det);
    if (!(s > 0 && s < 1000)) return false;
    const auto x = static_cast<std::int32_t>(a.x + (s * double(dx))),
               y = static_cast<std::int32_t>(a.y + (s * double(dy)));
    // Pixel corners around, by how far they are on the left of both tangents.
    std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
    for (std::int32_t v = std::max(y - 2, 0); v <= std::min(y + 2, labels_.height); ++v) {
      const std::int32_t first = std::max(x - 2, 0), last = std::min(x + 2, labels_.width);
      std::int64_t one = -cross(a, p, {first, v}), other = cross(b, q, {first, v});
      for (std::int32_t u = first; u <= last; ++u, one += dy, other -= ey)
        if (one >= 0 && other >= 0 && one + other < nearest) nearest = one + other, meeting = {u, v};
    }
    return nearest != std::numeric_limits<std::int64_t>::max();
  }

  /// Whether path_ keeps on the left of the chain, with nothing between both and nothing cut that was painted earlier.
  bool covers(const Stretch& s) {
    const auto chain = chain_.subspan(s.first, s.last - s.first + 1);
    for (std::size_t i = 1; i < path_.size(); ++i)
      if (!cuts_later(path_[i - 1], path_[i])) return false;
    inside_.clear(), crossings_.clear();
    std::int32_t top = labels_.height, bottom = 0;
    for (const auto points : {chain, std::span<const Point>(path_)})
      for (const Point p : points) top = std::min(top, p.y), bottom = std::max(bottom, p.y);
    first_crossing_.assign(std::size_t(std::max(bottom - top, 0)), -1);
    const auto cross = [&](Point a, Point b) {
      for_each_row(a, b, [&](std::int32_t y, std::int32_t x, std::int32_t winding) {
        add_crossing(first_crossing_[y - top], x, winding);
      });
    };
    for (std::size_t i = 1; i < path_.size(); ++i) cross(path_[i], path_[i - 1]);
    for (std::size_t i = 1; i < chain.size(); ++i) cross(chain[i - 1], chain[i]);
    cross(s.a, chain.front()), cross(chain.back(), s.b);
    for (std::int32_t y = top; y < bottom; ++y)
      if (!row_is_later(y, first_crossing_[y - top])) return false;
    return true;
  }

  /// `use(y, x, winding)` for each row of pixels between a and b, x the first pixel whose middle is right of the line from a to b
  /// at the middle of the row.
  template <class Use>
  static void for_each_row(Point a, Point b, const Use& use) {
    if (a.y == b.y) return;
    const int winding = a.y < b.y ? 1 : -1;
    if (winding < 0) std::swap(a, b);
    const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
    if (dx == 0) {
      for (std::int32_t y = a.y; y < b.y; ++y) use(y, a.x, winding);
      return;
    }
    Quotients x(2 * dy * a.x + dx + dy, 2 * dx, 2 * dy);
    for (std::int32_t y = a.y; y < b.y; ++y, x.next()) use(y, x.value(), winding);
  }

  /// Into a row's list, in the order of x.
  void add_crossing(std::int32_t& first, std::int32_t x, std::int32_t winding) {
    const auto added = static_cast<std::int32_t>(crossings_.size());
    std::int32_t before = -1, next = first;
    while (next >= 0 && crossings_[next].x < x) before = next, next = crossings_[next].next;
    crossings_.push_back({x, winding, next});
    (before < 0 ? first : crossings_[before].next) = added;
  }

  /// Whether edges wind at most once around a row's pixels, and around none that was painted earlier. Appends to inside_ those
  /// that they wind around.
  bool row_is_later(std::int32_t y, std::int32_t crossing) {
    const std::int32_t* const label = labels_.row(y);
    std::int32_t winding = 0, last_label = region_;
    while (crossing >= 0) {
      const Crossing& from = crossings_[crossing];
      winding += from.winding;
      crossing = from.next;
      if (crossing < 0 || winding == 0) continue;
      const std::int32_t to = crossings_[crossing].x;
      if (from.x == to) continue;
      if (winding != 1) return false;
      for (std::int32_t x = from.x; x < to; ++x)
        if (label[x] != last_label && rank_[last_label = label[x]] < rank_[region_]) return false;
      inside_.push_back({y, from.x, to});
    }
    return true;
  }

  /// Whether the line from a to b cuts only pixels that are painted later: a part of one that is not would be lost.
  bool cuts_later(Point a, Point b) const {
    if (a.x == b.x || a.y == b.y) return true;
    if (a.y > b.y) std::swap(a, b);
    const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
    Quotients first(std::min<std::int64_t>(dx, 0), dx, dy), last(std::max<std::int64_t>(dx, 0) - 1, dx, dy);
    for (std::int32_t y = a.y; y < b.y; ++y, first.next(), last.next())
      for (std::int32_t x = a.x + first.value(); x <= a.x + last.value(); ++x)
        if (!later(y, x)) return false;
    return true;
  }

  LabelView labels_;
  const List<std::int32_t>& rank_;
  Underpainting underpainting_;
  std::int64_t point_price_, corner_price_;
  // Of the chain at hand.
  std::span<const Point> chain_;
  std::span<const std::int32_t> gaps_;  ///< per line of it
  std::int32_t region_ = 0;
  std::vector<std::int64_t> shine_;  ///< per point, of the boundary on both sides of it
  std::vector<Point> beyond_;        ///< per point
  std::vector<Point> path_;
  std::vector<PixelRun> inside_;
  List<Crossing> crossings_;
  List<std::int32_t> first_crossing_;  ///< per row, -1: none
  List<std::uint8_t> filled_;
};

}  // namespace dht::detail
