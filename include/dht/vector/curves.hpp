// SPDX-License-Identifier: MIT
// A chain of lines to smooth curves: corners stay corners, what is straight stays straight, between them cubic curves with
// least squares that join without a kink.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <dht/core/list.hpp>
#include <dht/core/math.hpp>
#include <dht/vector/arcs.hpp>
#include <dht/vector/simplify.hpp>

namespace dht::detail {

/// A place or a direction, in pixels.
struct Vec {
  double x = 0, y = 0;
};

inline double dot(Vec a, Vec b) { return dht::fma(a.x, b.x, a.y * b.y); }
inline Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y}; }
inline Vec along(Vec p, Vec direction, double length) {
  return {dht::fma(direction.x, length, p.x), dht::fma(direction.y, length, p.y)};
}
inline double length_of(Vec v) { return dht::sqrt(dot(v, v)); }
inline Vec unit(Vec v) {
  const double length = length_of(v);
  return length > 0 ? Vec{v.x / length, v.y / length} : Vec{1, 0};
}

/// A cubic Bezier curve.
struct Cubic {
  Array<Vec, 4> p;

  static std::array<double, 4> weights(double t) {
    const double s = 1 - t;
    return {s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t};
  }
  static Vec mix(std::span<const Vec> p, std::span<const double> w) {
    Vec sum;
    for (std::size_t i = 0; i < p.size(); ++i) sum = along(sum, p[i], w[i]);
    return sum;
  }
  Vec at(double t) const { return mix(p, weights(t)); }
  Vec slope(double t) const {
    const double s = 1 - t;
    const std::array<Vec, 3> d{p[1] - p[0], p[2] - p[1], p[3] - p[2]};
    return mix(d, std::array{3 * s * s, 6 * s * t, 3 * t * t});
  }
};

/// Turns chains into curves one after another; keeps its memory.
class CurveFitter {
 public:
  explicit CurveFitter(std::int32_t grid) : grid_(grid) {}

  /// Appends the arc's points to `points`, and to `kind` what they are. `nodes` is the chain
  /// that stands for the stairs. No point of the boundary is farther than `tolerance` from a curve.
  /// `closed`: the arc's start is a place like any other.
  void run(std::span<const Point> stairs, std::span<const std::int8_t> shifts,
           std::span<const ChainNode> nodes, bool closed, double tolerance, std::vector<Point>& points,
           std::vector<PointKind>& kind) {
    tolerance_ = tolerance;
    list_samples(stairs, shifts);
    place_nodes(nodes, closed);
    choose(points, kind);
  }

 private:
  struct Node {
    Vec place, in, out;  ///< directions of arriving and leaving
    std::int32_t sample = 0;
    bool corner = false;
  };
  /// A line or a curve between two nodes, and its price in bytes.
  struct Piece {
    std::int32_t from = -1;
    bool curved = false;
    Cubic cubic;
  };

  void list_samples(std::span<const Point> stairs, std::span<const std::int8_t> shifts) {
    samples_.clear();
    for (std::size_t i = 1; i < stairs.size(); ++i) {
      const Point a = stairs[i - 1], b = stairs[i];
      const int length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
      const int sx = (b.x > a.x) - (b.x < a.x), sy = (b.y > a.y) - (b.y < a.y);
      for (int k = 0; k < length; ++k) {
        const double shift = shifts.empty() ? 0 : shifts[samples_.size()] / 8.0;
        samples_.push_back({a.x + (k + 0.5) * sx - shift * sy, a.y + (k + 0.5) * sy + shift * sx});
      }
    }
  }

  /// Principal direction of the samples from `first` to `last`-1, looking along the arc, and their middle.
  struct Direction {
    Vec middle, along;
  };
  Direction direction(std::int32_t first, std::int32_t last) const {
    first = std::max(first, 0), last = std::min(last, static_cast<std::int32_t>(samples_.size()));
    Vec sum;
    for (std::int32_t i = first; i < last; ++i) sum = {sum.x + samples_[i].x, sum.y + samples_[i].y};
    const Vec middle{sum.x / (last - first), sum.y / (last - first)};
    double xx = 0, xy = 0, yy = 0;
    for (std::int32_t i = first; i < last; ++i) {
      const Vec d = samples_[i] - middle;
      xx = dht::fma(d.x, d.x, xx), xy = dht::fma(d.x, d.y, xy), yy = dht::fma(d.y, d.y, yy);
    }
    // The eigenvector of the larger eigenvalue, from the row that loses no digits.
    const double half = (xx - yy) / 2, root = dht::sqrt(dht::fma(half, half, xy * xy));
    Vec axis = half >= 0 ? Vec{half + root, xy} : Vec{xy, root - half};
    if (dot(axis, samples_[last - 1] - samples_[first]) < 0) axis = {-axis.x, -axis.y};
    return {middle, unit(axis)};
  }

  void place_nodes(std::span<const ChainNode> nodes, bool closed) {
    nodes_.clear();
    const std::size_t n = nodes.size();
    const auto chain_direction = [&](std::size_t i) {
      return Vec{double(nodes[i].place.x - nodes[i - 1].place.x),
                 double(nodes[i].place.y - nodes[i - 1].place.y)};
    };
    // Where a closed arc starts it goes on smoothly, or not: as if its first samples came again.
    const bool smooth_start = closed && !is_corner(chain_direction(n - 1), chain_direction(1));
    if (smooth_start)
      for (std::int32_t k = 0; k < window; ++k) samples_.push_back(samples_[k]);
    for (std::size_t i = 0; i < n; ++i) {
      Node node;
      node.sample = nodes[i].edges;
      node.place = {nodes[i].place.x / 8.0, nodes[i].place.y / 8.0};
      const bool end = i == 0 || i + 1 == n;
      node.corner = end ? !smooth_start : is_corner(chain_direction(i), chain_direction(i + 1));
      const std::int32_t at = node.sample;
      if (node.corner) {
        if (i > 0) node.in = direction(std::max(at - window, nodes[i - 1].edges), at).along;
        if (i + 1 < n) node.out = direction(at, std::min(at + window, nodes[i + 1].edges)).along;
        // One sample alone has no direction.
        if (i > 0 && at - nodes[i - 1].edges < 2) node.in = unit(chain_direction(i));
        if (i + 1 < n && nodes[i + 1].edges - at < 2) node.out = unit(chain_direction(i + 1));
      } else {
        const Direction d = direction(at - window, at + window);
        node.in = node.out = d.along;
        node.place = along(d.middle, d.along, dot(node.place - d.middle, d.along));
      }
      nodes_.push_back(node);
    }
    if (smooth_start) {
      const std::int32_t sample = nodes_.front().sample;
      nodes_.front() = nodes_.back(), nodes_.front().sample = sample;
    }
    for (Node& node : nodes_) node.place = rounded(node.place);
  }

  /// Whether the chain turns by more than 60 degrees, or by more than 35 between long lines.
  static bool is_corner(Vec a, Vec b) {
    const double la = length_of(a), lb = length_of(b), cosine = dot(a, b) / (la * lb);
    return cosine < 0.5 || (cosine < 0.82 && std::min(la, lb) > 8 * 6);
  }

  Vec rounded(Vec v) const {
    return {std::floor(v.x * grid_ + 0.5) / grid_, std::floor(v.y * grid_ + 0.5) / grid_};
  }
  Point on_grid(Vec v) const {
    return {static_cast<std::int32_t>(std::floor(v.x * grid_ + 0.5)),
            static_cast<std::int32_t>(std::floor(v.y * grid_ + 0.5))};
  }

  /// The chain of pieces with the fewest bytes.
  void choose(std::vector<Point>& points, std::vector<PointKind>& kind) {
    constexpr double line_price = 2, curve_price = 5;
    const auto n = static_cast<std::int32_t>(nodes_.size());
    best_.assign(nodes_.size(), std::numeric_limits<double>::max());
    piece_.assign(nodes_.size(), {});
    best_[0] = 0;
    for (std::int32_t i = 0; i + 1 < n; ++i) {
      if (best_[i] == std::numeric_limits<double>::max()) continue;
      int misses = 0;
      for (std::int32_t j = i + 1; j < n && misses < 2; ++j) {
        Piece piece{i, false, {}};
        double price = std::numeric_limits<double>::max();
        if (line_fits(i, j)) {
          price = line_price;
        } else if (fit(i, j, piece.cubic)) {
          price = curve_price, piece.curved = true;
        } else if (j == i + 1) {
          price = 2 * curve_price;  // a line with kinks, where nothing better is known
        } else {
          ++misses;
          continue;
        }
        if (best_[i] + price < best_[j]) best_[j] = best_[i] + price, piece_[j] = piece;
        // Beyond a corner nothing fits.
        if (nodes_[j].corner) break;
      }
    }
    chosen_.clear();
    for (std::int32_t j = n - 1; j > 0; j = piece_[j].from) chosen_.push_back(j);
    points.push_back(on_grid(nodes_.front().place)), kind.push_back(PointKind::node);
    for (std::size_t k = chosen_.size(); k-- > 0;) {
      const Piece& piece = piece_[chosen_[k]];
      if (piece.curved)
        for (int c = 1; c <= 2; ++c)
          points.push_back(on_grid(piece.cubic.p[c])), kind.push_back(PointKind::control);
      points.push_back(on_grid(nodes_[chosen_[k]].place)), kind.push_back(PointKind::node);
    }
  }

  bool line_fits(std::int32_t i, std::int32_t j) const {
    const Node &a = nodes_[i], &b = nodes_[j];
    const Vec d = b.place - a.place;
    const double length = length_of(d);
    if (length == 0) return false;
    constexpr double straight = 0.97;  // at most 14 degrees of a kink
    if (!a.corner && dot(d, a.out) < straight * length) return false;
    if (!b.corner && dot(d, b.in) < straight * length) return false;
    const double most = std::min(tolerance_, 0.5);
    for (std::int32_t k = a.sample; k < b.sample; ++k) {
      const Vec s = samples_[k] - a.place;
      if (std::abs(dht::fma(d.x, s.y, -d.y * s.x)) > most * length) return false;
    }
    return true;
  }

  /// The curve through both nodes with their directions and the least squared distance from the samples between.
  bool fit(std::int32_t i, std::int32_t j, Cubic& cubic) {
    const Node &a = nodes_[i], &b = nodes_[j];
    const std::span<const Vec> s(samples_.data() + a.sample, samples_.data() + b.sample);
    if (s.empty()) return false;
    times_.resize(s.size());
    double total = 0;
    Vec before = a.place;
    for (std::size_t k = 0; k < s.size(); ++k)
      total += length_of(s[k] - before), before = s[k], times_[k] = total;
    total += length_of(b.place - before);
    for (double& t : times_) t /= total;
    for (int round = 0; round < 2; ++round) {
      cubic = least_squares(a, b, s);
      for (std::size_t k = 0; k < s.size(); ++k) {  // one step of Newton towards the foot of each sample
        const Vec off = cubic.at(times_[k]) - s[k], slope = cubic.slope(times_[k]);
        const double square = dot(slope, slope);
        if (square > 0) times_[k] = std::clamp(times_[k] - dot(off, slope) / square, 0.0, 1.0);
      }
    }
    for (int c = 1; c <= 2; ++c) cubic.p[c] = rounded(cubic.p[c]);
    for (std::size_t k = 0; k < s.size(); ++k)
      if (length_of(cubic.at(times_[k]) - s[k]) > tolerance_) return false;
    return true;
  }

  Cubic least_squares(const Node& a, const Node& b, std::span<const Vec> s) const {
    double aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
    const Vec out = a.out, in{-b.in.x, -b.in.y};
    for (std::size_t k = 0; k < s.size(); ++k) {
      const auto w = Cubic::weights(times_[k]);
      const Vec base = along(along({0, 0}, a.place, w[0] + w[1]), b.place, w[2] + w[3]);
      const Vec rest = s[k] - base;
      aa = dht::fma(w[1], w[1], aa), bb = dht::fma(w[2], w[2], bb);
      ab = dht::fma(w[1] * w[2], dot(out, in), ab);
      ra = dht::fma(w[1], dot(out, rest), ra), rb = dht::fma(w[2], dot(in, rest), rb);
    }
    const double determinant = dht::fma(aa, bb, -ab * ab), chord = length_of(b.place - a.place);
    double first = chord / 3, second = chord / 3;
    if (determinant > 1e-9) {
      const double x = dht::fma(ra, bb, -rb * ab) / determinant, y = dht::fma(rb, aa, -ra * ab) / determinant;
      // Long or reversed handles make loops.
      if (x > 0.05 * chord && y > 0.05 * chord && x < 1.5 * chord && y < 1.5 * chord) first = x, second = y;
    }
    return {{a.place, along(a.place, out, first), along(b.place, in, second), b.place}};
  }

  static constexpr std::int32_t window = 3;

  std::int32_t grid_;
  double tolerance_ = 1;
  List<Vec> samples_;
  List<Node> nodes_;
  List<double> times_, best_;
  List<Piece> piece_;
  List<std::int32_t> chosen_;
};

}  // namespace dht::detail
