// SPDX-License-Identifier: MIT
// All arcs of a planar map to their drawn form, each once, so that none crosses itself or another.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/simplify.hpp>

namespace dht {

/// How boundaries are drawn.
struct FitOptions {
  /// The largest distance in pixels, in the larger of both coordinates, between a pixel corner of a boundary and the
  /// drawn line. 0: the pixels' own outlines.
  double tolerance = 1;
  /// Squared error of the picture (three channels, 0 to 255 each) that a byte of compressed text is worth: boundaries
  /// between like colours become coarser. 0: few pieces do not count, exactness does.
  double byte_price = 400;
  /// Steps a pixel of the drawn points: 1, 2, 4 or 8.
  int grid = 2;
};

namespace detail {

inline std::int64_t squared_difference(const Color& a, const Color& b) {
  std::int64_t sum = 0;
  for (int c = 0; c < 3; ++c) sum += (std::int64_t{a[c]} - b[c]) * (std::int64_t{a[c]} - b[c]);
  return sum;
}

/// Fits arc after arc; those that conflict are fitted again, finer, and in the end drawn as they are: pixel outlines
/// meet nowhere but at junctions.
class ArcFitter {
 public:
  ArcFitter(const PlanarMap& map, const Fills& fills, const FitOptions& options, const Picture* picture)
      : map_(map),
        fills_(fills),
        options_(options),
        picture_(picture),
        level_(map.arcs.size()),
        begin_(level_.size()),
        end_(level_.size()),
        simplify_(options.grid) {}

  DrawnArcs run() && {
    const std::size_t count = level_.size();
    std::vector<std::uint8_t> fresh(count, 1);
    for (std::size_t a = 0; a < count; ++a)
      level_[a] = options_.tolerance <= 0 || map_.arcs.left[a] == outside_label ? pixels_level : 0;
    for (bool again = true; again;) {
      for (std::size_t a = 0; a < count; ++a)
        if (fresh[a]) fit(static_cast<std::int32_t>(a));
      again = options_.tolerance > 0 && resolve(fresh);
    }
    DrawnArcs drawn{options_.grid, {}, {}, {0}};
    drawn.points.reserve(points_.size());
    for (std::size_t a = 0; a < count; ++a) {
      drawn.points.insert(drawn.points.end(), points_.begin() + begin_[a], points_.begin() + end_[a]);
      drawn.begin.push_back(static_cast<std::int32_t>(drawn.points.size()));
    }
    drawn.control.assign(drawn.points.size(), 0);
    return drawn;
  }

 private:
  static constexpr std::uint8_t pixels_level = 3;

  /// Fits an arc at its level; the points are appended to points_, whatever it had there before is forgotten.
  void fit(std::int32_t a) {
    begin_[a] = static_cast<std::int32_t>(points_.size());
    const auto stairs = map_.arcs.polyline(a);
    if (level_[a] == pixels_level)
      for (const Point p : stairs) points_.push_back({p.x * options_.grid, p.y * options_.grid});
    else
      fit_lines(a, stairs);
    end_[a] = static_cast<std::int32_t>(points_.size());
  }

  void fit_lines(std::int32_t a, std::span<const Point> stairs) {
    const std::int32_t l = map_.arcs.left[a], r = map_.arcs.right[a];
    ArcPrices prices;
    prices.tolerance =
        static_cast<std::int32_t>(std::lround(std::min(options_.tolerance, 64.0) * 8)) >> level_[a];
    prices.contrast = std::max<std::int64_t>(squared_difference(fills_.color[l], fills_.color[r]), 1)
                      << 2 * level_[a];
    prices.byte = std::llround(options_.byte_price);
    shifts_.clear();
    if (picture_) find_shifts(stairs, l, r);
    simplify_.run(stairs, shifts_, prices, points_);
  }

  /// Where pixels beside the boundary are mixtures of both colours, it runs through them: moves every unit edge to where
  /// the mixture would be right.
  void find_shifts(std::span<const Point> stairs, std::int32_t left, std::int32_t right) {
    const Color &cl = fills_.color[left], &cr = fills_.color[right];
    const double scale = 8 / double(std::max<std::int64_t>(squared_difference(cl, cr), 1));
    // How many eighths of the other side's colour a pixel has, at most half of it.
    const auto mixture = [&](int x, int y, const Color& own, const Color& other) {
      const std::uint8_t* pixel = picture_->pixel(y, x);
      int sum = 0;
      for (int c = 0; c < 3; ++c) sum += (pixel[c] - own[c]) * (other[c] - own[c]);
      return static_cast<int>(std::clamp(double(sum) * scale, 0.0, 4.0) + 0.5);
    };
    for (std::size_t i = 1; i < stairs.size(); ++i) {
      const Point a = stairs[i - 1], b = stairs[i];
      const int sx = (b.x > a.x) - (b.x < a.x), sy = (b.y > a.y) - (b.y < a.y);
      const int length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
      for (int k = 0; k < length; ++k) {
        // The pixels on both sides of the edge from (x, y) to (x + sx, y + sy).
        const int x = std::min(a.x + k * sx, a.x + (k + 1) * sx),
                  y = std::min(a.y + k * sy, a.y + (k + 1) * sy);
        const int rx = x - (sy > 0), ry = y - (sx < 0), lx = x - (sy < 0), ly = y - (sx > 0);
        const int shift = mixture(rx, ry, cr, cl) - mixture(lx, ly, cl, cr);
        shifts_.push_back(static_cast<std::int8_t>(shift));
      }
    }
  }

  /// Finds conflicts and makes their arcs finer. Returns whether there were any; `fresh` says which.
  bool resolve(std::vector<std::uint8_t>& fresh) {
    pieces_.clear();
    for (std::size_t a = 0; a < level_.size(); ++a)
      for (std::int32_t i = begin_[a] + 1; i < end_[a]; ++i)
        pieces_.push_back({points_[i - 1], points_[i], static_cast<std::int32_t>(a), i - begin_[a],
                           i == begin_[a] + 1, i + 1 == end_[a]});
    std::vector<std::uint8_t> bad(level_.size());
    for_each_conflict(pieces_, fresh, 8 * options_.grid,
                      {map_.width * options_.grid, map_.height * options_.grid},
                      [&](const Piece& p, const Piece& q) { bad[p.arc] = bad[q.arc] = 1; });
    bool any = false;
    for (std::size_t a = 0; a < bad.size(); ++a) {
      fresh[a] = bad[a] && level_[a] < pixels_level;
      level_[a] = static_cast<std::uint8_t>(level_[a] + fresh[a]);
      any |= fresh[a] != 0;
    }
    return any;
  }

  const PlanarMap& map_;
  const Fills& fills_;
  FitOptions options_;
  const Picture* picture_;
  std::vector<std::int8_t> shifts_;
  std::vector<std::uint8_t> level_;
  std::vector<std::int32_t> begin_, end_;
  ArcSimplifier simplify_;
  std::vector<Point> points_;
  std::vector<Piece> pieces_;
};

}  // namespace detail

/// The drawn form of all arcs. None crosses or touches itself or another, but at junctions; every region keeps its
/// neighbours, and none vanishes. Where `picture` is given, boundaries move within a pixel to where its colours change.
inline DrawnArcs fit_arcs(const PlanarMap& map, const Fills& fills, const FitOptions& options = {},
                          const Picture* picture = nullptr) {
  DHT_EXPECTS(fills.size() == map.regions, "fills: are ", fills.size(),
              " colours; must be one for each of the ", map.regions, " regions");
  DHT_EXPECTS(options.tolerance >= 0, "tolerance: is ", options.tolerance, "; must be at least 0");
  DHT_EXPECTS(options.byte_price >= 0 && options.byte_price <= 1e7, "byte_price: is ", options.byte_price,
              "; must be between 0 and 10000000");
  DHT_EXPECTS(options.grid == 1 || options.grid == 2 || options.grid == 4 || options.grid == 8, "grid: is ",
              options.grid, "; must be 1, 2, 4 or 8");
  return detail::ArcFitter(map, fills, options, picture).run();
}

}  // namespace dht
