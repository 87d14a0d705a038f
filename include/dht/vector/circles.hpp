// SPDX-License-Identifier: MIT
// Arcs of circles between two given points: the one nearest to a boundary, and points on it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <dht/core/math.hpp>
#include <dht/vector/arcs.hpp>

namespace dht::detail {

/// An arc of a circle from the origin to another point: at most half of the circle.
struct CircleFit {
  double radius2 = 0;      ///< its radius, squared
  bool clockwise = false;  ///< on the screen
  double sum = 0;          ///< of (d^2 - r^2)^2, d being the distance of a point from its middle

  double radius() const { return sqrt(radius2); }
  /// Sum of squared distances from the circle, where these are small beside its radius.
  double error() const { return sum / (4 * radius2); }
};

/// Sums over points of a boundary, relative to one end of the arc. Exact for coordinates up to `most`, and `most_points`.
class CircleSums {
 public:
  static constexpr std::int32_t most = 3200, most_points = 4096;

  void add(std::int64_t x, std::int64_t y) {
    const std::int64_t z = x * x + y * y;
    x_ += x, y_ += y, xx_ += x * x, xy_ += x * y, yy_ += y * y, zx_ += z * x, zy_ += z * y, zz_ += z * z;
  }

  /// Of the circles through the origin and (vx, vy) the one with the least sum (Kasa 1976).
  CircleFit fit(std::int64_t vx, std::int64_t vy) const {
    // For a middle that is k/2 times the chord to the right of its own, t has d^2 - r^2 = t.t - t.v - k t.w.
    const std::int64_t wx = -vy, wy = vx;
    const std::int64_t square =
        zz_ - 2 * (vx * zx_ + vy * zy_) + vx * vx * xx_ + 2 * vx * vy * xy_ + vy * vy * yy_;
    const std::int64_t mixed =
        wx * zx_ + wy * zy_ - vx * wx * xx_ - (vx * wy + vy * wx) * xy_ - vy * wy * yy_;
    const std::int64_t across = wx * wx * xx_ + 2 * wx * wy * xy_ + wy * wy * yy_;
    const bool clockwise = wx * x_ + wy * y_ < 0;
    double k = double(mixed) / double(std::max<std::int64_t>(across, 1));
    if ((k > 0) != clockwise) k = 0;  // no more than half a circle
    const double radius2 = fma(k, k, 1.0) * double(vx * vx + vy * vy) / 4;
    const double sum = fma(k, fma(k, double(across), -2 * double(mixed)), double(square));
    return {radius2, clockwise, std::max(sum, 0.0)};
  }

 private:
  std::int64_t x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0, zx_ = 0, zy_ = 0, zz_ = 0;
};

/// At most half a circle from a to b, which differ; clockwise on the screen or the other way. Its radius is at least half
/// their distance.
struct RoundPiece {
  double ax = 0, ay = 0, bx = 0, by = 0, radius = 0;
  bool clockwise = false;

  /// How far the arc's middle is from the chord.
  double rise() const { return radius - height(); }

  /// Both halves of the arc.
  std::array<RoundPiece, 2> halves() const {
    const auto [mx, my] = beside_chord(-rise());
    return {{{ax, ay, mx, my, radius, clockwise}, {mx, my, bx, by, radius, clockwise}}};
  }

  /// Whether a place is at most so far from the arc, measured towards the circle's middle.
  bool within(double x, double y, double distance) const {
    const double dx = bx - ax, dy = by - ay;
    const double outwards = fma(dy, x - ax, -dx * (y - ay)) * (clockwise ? 1 : -1);
    if (outwards < -distance * sqrt(fma(dx, dx, dy * dy))) return false;
    const auto [mx, my] = beside_chord(height());
    const double px = x - mx, py = y - my;
    return std::abs(sqrt(fma(px, px, py * py)) - radius) <= distance;
  }

 private:
  /// From the chord to the circle's middle.
  double height() const {
    const double dx = bx - ax, dy = by - ay;
    return sqrt(std::max(fma(radius, radius, -fma(dx, dx, dy * dy) / 4), 0.0));
  }
  /// From the chord's middle towards that of the circle.
  std::array<double, 2> beside_chord(double distance) const {
    const double dx = bx - ax, dy = by - ay;
    const double scale = (clockwise ? distance : -distance) / sqrt(fma(dx, dx, dy * dy));
    return {fma(-dy, scale, (ax + bx) / 2), fma(dx, scale, (ay + by) / 2)};
  }
};

}  // namespace dht::detail
