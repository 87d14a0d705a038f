// SPDX-License-Identifier: MIT
// All arcs of a planar map to their drawn form, each once, so that none crosses itself or another.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/vector/curves.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/round_arcs.hpp>
#include <dht/vector/simplify.hpp>

namespace dht {

/// What boundaries are made of.
enum class Strokes {
  lines,    ///< Straight lines.
  circles,  ///< Lines, and arcs of circles and ellipses where these are worth their bytes.
  curves,   ///< Cubic curves between corners, lines where it is straight: smooth at any zoom.
};

/// How boundaries are drawn.
struct FitOptions {
  Strokes strokes = Strokes::circles;
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

/// Red, green and blue times alpha, and alpha: blended edges are mixtures of these, on whatever ground.
using Seen = std::array<int, 4>;

inline Seen multiplied(const Color& color, int alpha) {
  if (alpha == 255) return {color[0], color[1], color[2], alpha};
  return {color[0] * alpha / 255, color[1] * alpha / 255, color[2] * alpha / 255, alpha};
}

/// Of two colours, or of two as they are seen.
template <class T>
std::int64_t squared_difference(const T& a, const T& b) {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) sum += std::int64_t{a[c] - b[c]} * (a[c] - b[c]);
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
        simplify_(options.grid),
        curves_(options.grid) {}

  DrawnArcs run() && {
    const std::size_t count = level_.size();
    List<std::uint8_t> fresh(count, 1);
    for (std::size_t a = 0; a < count; ++a)
      level_[a] = options_.tolerance <= 0 || map_.arcs.left[a] == outside_label ? pixels_level
                  : options_.strokes == Strokes::lines                          ? lines_level
                                                                                : round_level;
    for (bool again = true; again;) {
      for (std::size_t a = 0; a < count; ++a)
        if (fresh[a]) fit(static_cast<std::int32_t>(a));
      again = options_.tolerance > 0 && resolve(fresh);
    }
    DrawnArcs drawn{options_.grid, {}, {}, {0}};
    drawn.points.reserve(points_.size()), drawn.kind.reserve(points_.size());
    for (std::size_t a = 0; a < count; ++a) {
      drawn.points.insert(drawn.points.end(), points_.begin() + begin_[a], points_.begin() + end_[a]);
      drawn.kind.insert(drawn.kind.end(), kind_.begin() + begin_[a], kind_.begin() + end_[a]);
      drawn.begin.push_back(static_cast<std::int32_t>(drawn.points.size()));
    }
    return drawn;
  }

 private:
  /// Of a shape against nothing, whatever will be behind it: black on white.
  static constexpr std::int64_t most_contrast = 3 * 255 * 255;
  /// Every level is finer than the one before.
  enum : std::uint8_t { round_level, lines_level, fine_lines_level, pixels_level };

  /// Fits an arc at its level; the points are appended to points_, whatever it had there before is forgotten.
  void fit(std::int32_t a) {
    begin_[a] = static_cast<std::int32_t>(points_.size());
    const auto stairs = map_.arcs.polyline(a);
    if (level_[a] == pixels_level)
      for (const Point p : stairs) points_.push_back({p.x * options_.grid, p.y * options_.grid});
    else
      fit_smooth(a, stairs);
    kind_.resize(points_.size(), PointKind::node);
    end_[a] = static_cast<std::int32_t>(points_.size());
  }

  void fit_smooth(std::int32_t a, std::span<const Point> stairs) {
    ArcPrices prices = prices_of(a);
    const bool closed = map_.arcs.from[a] < 0;
    if (level_[a] == round_level && options_.strokes == Strokes::curves) {
      // A chain that follows every stair would have nothing but corners.
      prices.byte = std::max<std::int64_t>(prices.byte, 1);
      prices.contrast = std::min(prices.contrast, 2 * prices.byte);
      const auto chain = simplified(a, stairs, prices);
      return curves_.run(stairs, shifts_, chain, closed, options_.tolerance, points_, kind_);
    }
    auto chain = simplified(a, stairs, prices);
    if (closed) {
      // Where it starts is a node: the first corner in raster order, or the middle of the longest run, where a circle has one.
      const std::int64_t cost = simplify_.cost();
      chain_.assign(chain.begin(), chain.end());
      start_in_longest_run(stairs);
      chain = simplified(a, turned_, prices);
      if (simplify_.cost() >= cost) chain = chain_;
    }
    for (const ChainNode& node : chain) append_node(node);
  }

  ArcPrices prices_of(std::int32_t a) const {
    const std::int32_t l = map_.arcs.left[a], r = map_.arcs.right[a];
    const int halvings = level_[a] == fine_lines_level ? 1 : 0;
    ArcPrices prices;
    prices.tolerance = static_cast<std::int32_t>(std::lround(options_.tolerance * 8)) >> halvings;
    const std::int64_t contrast = both_show(a) ? squared_difference(seen(l), seen(r)) : most_contrast;
    prices.contrast = std::max<std::int64_t>(contrast, 1) << 2 * halvings;
    prices.byte = std::llround(options_.byte_price);
    prices.round = level_[a] == round_level && options_.strokes == Strokes::circles;
    return prices;
  }

  bool both_show(std::int32_t a) const {
    return fills_.shows(map_.arcs.left[a]) && fills_.shows(map_.arcs.right[a]);
  }

  std::span<const ChainNode> simplified(std::int32_t a, std::span<const Point> stairs,
                                        const ArcPrices& prices) {
    shifts_.clear();
    if (picture_ && (both_show(a) || !picture_->alpha.empty()))
      find_shifts(stairs, map_.arcs.left[a], map_.arcs.right[a]);
    return simplify_.run(stairs, shifts_, prices);
  }

  /// Closed stairs, to `turned_`.
  void start_in_longest_run(std::span<const Point> stairs) {
    const auto length = [&](std::size_t i) {
      return std::abs(stairs[i + 1].x - stairs[i].x) + std::abs(stairs[i + 1].y - stairs[i].y);
    };
    std::size_t longest = 0;
    for (std::size_t i = 1; i + 1 < stairs.size(); ++i)
      if (length(i) > length(longest)) longest = i;
    const Point a = stairs[longest], b = stairs[longest + 1], middle{(a.x + b.x) / 2, (a.y + b.y) / 2};
    turned_.assign(1, middle);
    const auto start = stairs.begin() + std::ptrdiff_t(longest);
    turned_.insert(turned_.end(), start + (middle == b ? 2 : 1), stairs.end());
    turned_.insert(turned_.end(), stairs.begin() + 1, start + 1);
    if (middle != a) turned_.push_back(middle);
  }

  void append_node(const ChainNode& node) {
    if (node.radii != Point{}) {
      points_.push_back(node.radii);
      kind_.resize(points_.size(), PointKind::node), kind_.back() = PointKind::round;
    }
    points_.push_back({node.place.x * options_.grid / 8, node.place.y * options_.grid / 8});
  }

  /// A region's colour times its opacity, and that.
  Seen seen(std::int32_t region) const {
    if (!fills_.shows(region)) return {};
    return multiplied(fills_.color[region],
                      fills_.opacity.empty() ? 255 : (255 * fills_.opacity[region] + 50) / 100);
  }

  /// Where pixels beside the boundary are mixtures of both colours, it runs through them: moves every unit edge to where
  /// the mixture would be right.
  void find_shifts(std::span<const Point> stairs, std::int32_t left, std::int32_t right) {
    const Seen cl = seen(left), cr = seen(right);
    const double scale = 8 / double(std::max<std::int64_t>(squared_difference(cl, cr), 1));
    // How many eighths of the other side's colour a pixel has, at most half of it.
    const auto mixture = [&](int x, int y, const Seen& own, const Seen& other) {
      const std::uint8_t* color = picture_->pixel(y, x);
      const Seen pixel = multiplied({color[0], color[1], color[2]}, picture_->alpha_at(y, x));
      int sum = 0;
      for (std::size_t c = 0; c < 4; ++c) sum += (pixel[c] - own[c]) * (other[c] - own[c]);
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
  bool resolve(List<std::uint8_t>& fresh) {
    std::erase_if(pieces_, [&](const Piece& p) { return fresh[p.arc] != 0; });
    pieces_.reserve(points_.size());
    for (std::int32_t a = 0; a < map_.arcs.size(); ++a)
      if (fresh[a]) append_pieces(a);
    List<std::uint8_t> bad(level_.size());
    const std::int32_t pixel = options_.grid * fineness();
    const int cell_bits = std::countr_zero(static_cast<std::uint32_t>(4 * pixel));
    for_each_conflict(pieces_, fresh, cell_bits, {map_.width * pixel, map_.height * pixel},
                      [&](const Piece& p, const Piece& q) { bad[p.arc] = bad[q.arc] = 1; });
    bool any = false;
    for (std::size_t a = 0; a < bad.size(); ++a) {
      fresh[a] = bad[a] && level_[a] < pixels_level;
      if (fresh[a]) level_[a] = next_level(static_cast<std::int32_t>(a));
      any |= fresh[a] != 0;
    }
    return any;
  }

  /// Finer than the arc's. Lines that were found among round arcs would be found again.
  std::uint8_t next_level(std::int32_t a) const {
    const bool lines = std::count(kind_.begin() + begin_[a], kind_.begin() + end_[a], PointKind::node) ==
                       end_[a] - begin_[a];
    const bool again = level_[a] == round_level && options_.strokes == Strokes::circles && lines;
    return static_cast<std::uint8_t>(level_[a] + (again ? 2 : 1));
  }

  /// Steps of the pieces in one of the grid: curves are looked at more closely.
  std::int32_t fineness() const { return options_.strokes == Strokes::lines ? 1 : 8; }

  /// The arc as straight pieces; a curve as sixteenths of its time, a round arc halved until it is a line.
  void append_pieces(std::int32_t a) {
    const std::int32_t fine = fineness();
    const auto scaled = [&](Point p) { return Point{p.x * fine, p.y * fine}; };
    const std::size_t first = pieces_.size();
    Point here = scaled(points_[begin_[a]]);
    const auto go = [&](Point p) {
      if (p == here) return;
      pieces_.push_back({here, p, a, static_cast<std::int32_t>(pieces_.size() - first), false, false});
      here = p;
    };
    const auto go_near = [&](Vec p) {
      go({static_cast<std::int32_t>(std::floor(p.x * fine + 0.5)),
          static_cast<std::int32_t>(std::floor(p.y * fine + 0.5))});
    };
    for (std::int32_t i = begin_[a] + 1; i < end_[a]; ++i) {
      if (kind_[i] == PointKind::round) {
        const Vec from = vec(points_[i - 1]), to = vec(points_[i + 1]);
        const Point radii = points_[i];
        go_round({from.x, from.y, to.x, to.y, double(radii.x), double(std::abs(radii.y)), radii.y > 0},
                 go_near);
        ++i;
      } else if (kind_[i] == PointKind::control) {
        const Cubic cubic{{vec(points_[i - 1]), vec(points_[i]), vec(points_[i + 1]), vec(points_[i + 2])}};
        for (int t = 1; t < 16; ++t) {
          go_near(cubic.at(t / 16.0));
        }
        i += 2;
      }
      go(scaled(points_[i]));
    }
    if (first == pieces_.size()) return;
    pieces_[first].first = pieces_.back().last = true;
  }
  /// Calls go with points between the arc's ends.
  template <class Go>
  void go_round(const RoundPiece& piece, const Go& go) const {
    if (piece.rise() * fineness() < 1) return;
    const auto halves = piece.halves();
    go_round(halves[0], go);
    go({halves[0].bx, halves[0].by});
    go_round(halves[1], go);
  }
  static Vec vec(Point p) { return {double(p.x), double(p.y)}; }

  const PlanarMap& map_;
  const Fills& fills_;
  FitOptions options_;
  const Picture* picture_;
  List<std::int8_t> shifts_;
  List<ChainNode> chain_;
  List<Point> turned_;
  List<std::uint8_t> level_;
  List<std::int32_t> begin_, end_;
  ArcSimplifier simplify_;
  CurveFitter curves_;
  List<Point> points_;
  List<PointKind> kind_;
  List<Piece> pieces_;
};

}  // namespace detail

/// The drawn form of all arcs. None crosses or touches itself or another, but at junctions; every region keeps its
/// neighbours, and none vanishes. Where `picture` is given, boundaries move within a pixel to where its colours change.
inline DrawnArcs fit_arcs(const PlanarMap& map, const Fills& fills, const FitOptions& options = {},
                          const Picture* picture = nullptr) {
  DHT_EXPECTS(fills.size() == map.regions, "fills: are ", fills.size(),
              " colours; must be one for each of the ", map.regions, " regions");
  DHT_EXPECTS(options.tolerance >= 0 && options.tolerance <= 64, "tolerance: is ", options.tolerance,
              "; must be between 0 and 64");
  DHT_EXPECTS(options.byte_price >= 0 && options.byte_price <= 1e7, "byte_price: is ", options.byte_price,
              "; must be between 0 and 10000000");
  DHT_EXPECTS(options.grid == 1 || options.grid == 2 || options.grid == 4 || options.grid == 8, "grid: is ",
              options.grid, "; must be 1, 2, 4 or 8");
  if (picture) check(*picture, "picture");
  DHT_EXPECTS(!picture || (picture->height == map.height && picture->width == map.width), "picture: is ",
              picture->height, " x ", picture->width, "; must be ", map.height, " x ", map.width,
              " like the labels");
  return detail::ArcFitter(map, fills, options, picture).run();
}

}  // namespace dht
