// SPDX-License-Identifier: MIT
// Arcs of circles, and of ellipses along the axes, between two given points: the one nearest to a boundary, and points on it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

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

/// An arc of an ellipse with axes along those of the picture, from the origin to another point: at most half of it.
struct EllipseFit {
  double rx = 0, ry = 0;  ///< radii; both 0: there is none
  bool clockwise = false;
  double error = 0;  ///< sum of squared distances, about
};

/// The same as CircleSums for ellipses.
class EllipseSums {
 public:
  static constexpr std::int32_t most = CircleSums::most, most_points = CircleSums::most_points;

  void add(std::int64_t x, std::int64_t y) {
    const std::int64_t xx = x * x, xy = x * y, yy = y * y;
    x_ += x, y_ += y, xx_ += xx, xy_ += xy, yy_ += yy;
    xxx_ += x * xx, xxy_ += xx * y, xyy_ += x * yy, yyy_ += y * yy;
    xxxx_ += xx * xx, xxyy_ += xx * yy, yyyy_ += yy * yy;
  }

  /// Of the ellipses x^2 + B y^2 + D x + E y = 0 through the origin and (vx, vy) the one with the least sum of squares of the
  /// left side.
  EllipseFit fit(std::int64_t vx, std::int64_t vy) const {
    if (std::abs(vx) >= std::abs(vy)) return fit_wide(vx, vy);
    const EllipseFit turned = transposed().fit_wide(vy, vx);
    return {turned.ry, turned.rx, !turned.clockwise, turned.error};
  }

 private:
  EllipseSums transposed() const {
    EllipseSums sums = *this;
    std::swap(sums.x_, sums.y_), std::swap(sums.xx_, sums.yy_), std::swap(sums.xxxx_, sums.yyyy_);
    std::swap(sums.xxx_, sums.yyy_), std::swap(sums.xxy_, sums.xyy_);
    return sums;
  }

  /// |vx| >= |vy|.
  EllipseFit fit_wide(std::int64_t vx, std::int64_t vy) const {
    const auto wx = double(vx), wy = double(vy);
    // With D from the second point, the left side is f + B g + E h: f = x^2 - vx x, g = y^2 - p x, h = y - q x.
    const double p = wy * wy / wx, q = wy / wx;
    const double xx = double(xx_), xy = double(xy_), yy = double(yy_), xxx = double(xxx_), xxy = double(xxy_),
                 xyy = double(xyy_), yyy = double(yyy_), xxyy = double(xxyy_);
    const double ff = fma(wx, fma(wx, xx, -2 * xxx), double(xxxx_)),
                 fg = fma(p, fma(wx, xx, -xxx), fma(-wx, xyy, xxyy)),
                 fh = fma(q, fma(wx, xx, -xxx), fma(-wx, xy, xxy)),
                 gg = fma(p, fma(p, xx, -2 * xyy), double(yyyy_)),
                 gh = fma(q, fma(p, xx, -xyy), fma(-p, xy, yyy)), hh = fma(q, fma(q, xx, -2 * xy), yy);
    const double det = fma(gg, hh, -(gh * gh));
    const bool clockwise = vx * y_ - vy * x_ < 0;
    double b = fma(fh, gh, -(fg * hh)) / det, e = fma(fg, gh, -(fh * gg)) / det;
    double middle_x = fma(b, p, fma(e, q, wx)) / 2, middle_y = -e / (2 * b);
    double sum = fma(b, fg, fma(e, fh, ff));
    if (!(b > 0 && (fma(wx, middle_y, -(wy * middle_x)) > 0) == clockwise)) {
      // No more than half of it: with its middle on the line to the second point, g = y^2 - vy y remains.
      const double g2 = fma(wy, fma(wy, yy, -2 * yyy), double(yyyy_));
      const double f_g = fma(wx, fma(wy, xy, -xyy), fma(-wy, xxy, xxyy));
      b = -f_g / g2;
      middle_x = wx / 2, middle_y = wy / 2, sum = fma(b, f_g, ff);
    }
    if (!(b > 0)) return {};
    const double ratio = sqrt(b), rx = sqrt(fma(middle_x, middle_x, b * middle_y * middle_y));
    // The left side is 2 rx to 2 rx^2/ry times the distance.
    return {rx, rx / ratio, clockwise, std::max(sum, 0.0) / (4 * rx * rx * ratio)};
  }

  std::int64_t x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0, xxx_ = 0, xxy_ = 0, xyy_ = 0, yyy_ = 0, xxxx_ = 0,
               xxyy_ = 0, yyyy_ = 0;
};

/// At most half an ellipse from a to b, which differ; clockwise on the screen or the other way. Its radii are large enough to
/// reach both.
struct RoundPiece {
  double ax = 0, ay = 0, bx = 0, by = 0, rx = 0, ry = 0;
  bool clockwise = false;

  /// How far the arc is from the chord, at most.
  double rise() const { return (rx - height()) * std::max(1.0, ry / rx); }

  /// Both halves of the arc.
  std::array<RoundPiece, 2> halves() const {
    const auto [mx, my] = beside_chord(height() - rx);
    return {{{ax, ay, mx, my, rx, ry, clockwise}, {mx, my, bx, by, rx, ry, clockwise}}};
  }

  /// Whether a place is at most so far from the arc, which is small beside its radii.
  bool within(double x, double y, double distance) const {
    const double dx = bx - ax, dy = by - ay;
    const double outwards = fma(dy, x - ax, -dx * (y - ay)) * (clockwise ? 1 : -1);
    if (outwards < -distance * sqrt(fma(dx, dx, dy * dy))) return false;
    const auto [mx, my] = beside_chord(height());
    // To first order: u^2 + v^2 - 1 over its slope.
    const double u = (x - mx) / rx, v = (y - my) / ry, slope_x = u / rx, slope_y = v / ry;
    return std::abs(fma(u, u, fma(v, v, -1.0))) <=
           2 * distance * sqrt(fma(slope_x, slope_x, slope_y * slope_y));
  }

 private:
  // With y stretched the ellipse is a circle of the radius rx.
  double stretch() const { return rx / ry; }

  /// From the chord to the circle's middle.
  double height() const {
    const double dx = bx - ax, dy = (by - ay) * stretch();
    return sqrt(std::max(fma(rx, rx, -fma(dx, dx, dy * dy) / 4), 0.0));
  }
  /// From the chord's middle towards that of the circle.
  std::array<double, 2> beside_chord(double distance) const {
    const double dx = bx - ax, dy = (by - ay) * stretch();
    const double scale = (clockwise ? distance : -distance) / sqrt(fma(dx, dx, dy * dy));
    return {fma(-dy, scale, (ax + bx) / 2), fma(dx, scale / stretch(), (ay + by) / 2)};
  }
};

}  // namespace dht::detail
