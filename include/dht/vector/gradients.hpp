// SPDX-License-Identifier: MIT
// Linear gradient fills where a region's colours change along a direction, and only where that pays for their text.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/list.hpp>
#include <dht/core/math.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/fills.hpp>

namespace dht {
namespace detail {

/// Sums over a region's pixels: enough for its least-squares plane in each channel.
struct PlaneSums {
  std::int64_t n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  Array<std::int64_t, 3> c{}, cx{}, cy{};

  void add(std::int64_t px, std::int64_t py, const std::uint8_t* pixel) {
    ++n, x += px, y += py, xx += px * px, xy += px * py, yy += py * py;
    for (int k = 0; k < 3; ++k) c[k] += pixel[k], cx[k] += pixel[k] * px, cy[k] += pixel[k] * py;
  }
};

/// How colours change along one direction: squared error that it takes away, and the slope of each channel a pixel.
struct DirectedFit {
  double gain = 0;
  Array<double, 3> slope{};
};

inline DirectedFit fit_along(const PlaneSums& s, double ux, double uy) {
  const double n = double(s.n), mx = double(s.x) / n, my = double(s.y) / n;
  const double vxx = dht::fma(-mx, double(s.x), double(s.xx)), vyy = dht::fma(-my, double(s.y), double(s.yy));
  const double vxy = dht::fma(-mx, double(s.y), double(s.xy));
  const double variance = dht::fma(ux * ux, vxx, dht::fma(2 * ux * uy, vxy, uy * uy * vyy));
  DirectedFit fit;
  if (variance < 1) return fit;
  for (int k = 0; k < 3; ++k) {
    const double covariance = dht::fma(ux, dht::fma(-mx, double(s.c[k]), double(s.cx[k])),
                                       uy * dht::fma(-my, double(s.c[k]), double(s.cy[k])));
    fit.slope[k] = covariance / variance;
    fit.gain = dht::fma(covariance, fit.slope[k], fit.gain);
  }
  return fit;
}

}  // namespace detail

/// Gives gradients to regions whose squared error falls by more than the text costs: least squares along the best of 24
/// directions, opaque regions only. `byte_price` as in economise_colors. Labels lie in 0 .. fills.size()-1. Throws when picture and labels differ in
/// size.
inline void add_gradients(Fills& fills, const Picture& picture, LabelView labels, double byte_price) {
  detail::check_labels_of(picture, labels);
  detail::check_labels_below(labels, fills.size());
  // Its definition, compressed; measured on drawings of photos.
  constexpr double bytes_a_gradient = 28;
  constexpr int directions = 24;
  static const Array<std::array<double, 2>, directions> unit = [] {
    Array<std::array<double, 2>, directions> u;
    for (int i = 0; i < directions; ++i) {
      const double angle = 3.14159265358979323846 * i / directions;
      // Rounded, so that every C library gives the same.
      u[i] = {std::round(std::cos(angle) * 4096) / 4096, std::round(std::sin(angle) * 4096) / 4096};
    }
    return u;
  }();
  const std::size_t regions = fills.color.size();
  List<detail::PlaneSums> sums(regions);
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x)
      if (picture.alpha_at(y, x) >= 128) sums[labels(y, x)].add(x, y, picture.pixel(y, x));
  List<detail::DirectedFit> best(regions);
  List<int> direction(regions, -1);
  for (std::size_t r = 0; r < regions; ++r) {
    const auto region = static_cast<std::int32_t>(r);
    if (sums[r].n < 8 || !fills.shows(region) || !fills.opaque(region)) continue;
    for (int i = 0; i < directions; ++i)
      if (const auto fit = detail::fit_along(sums[r], unit[i][0], unit[i][1]); fit.gain > best[r].gain)
        best[r] = fit, direction[r] = i;
    if (best[r].gain <= byte_price * bytes_a_gradient) direction[r] = -1;
  }
  // How far each of them reaches along its direction.
  constexpr double far = std::numeric_limits<double>::max();
  List<std::array<double, 2>> reach(regions, {far, -far});
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) {
      const std::int32_t r = labels(y, x);
      if (direction[r] < 0) continue;
      const auto& u = unit[direction[r]];
      const double along = dht::fma(u[0], double(x), u[1] * y);
      reach[r] = {std::min(reach[r][0], along), std::max(reach[r][1], along)};
    }
  fills.gradient_of.assign(regions, -1);
  fills.gradients.clear();
  for (std::size_t r = 0; r < regions; ++r) {
    if (direction[r] < 0) continue;
    const auto& u = unit[direction[r]];
    const double n = double(sums[r].n), mx = double(sums[r].x) / n, my = double(sums[r].y) / n;
    const double middle = dht::fma(u[0], mx, u[1] * my);
    Gradient gradient;
    std::array<Point*, 2> ends{&gradient.from, &gradient.to};
    std::array<Color*, 2> colors{&gradient.first, &gradient.last};
    for (std::size_t e = 0; e < 2; ++e) {
      // The ends on whole pixels; colours are those of where they then lie. Pixels' middles are half a pixel on.
      const double offset = reach[r][e] - middle;
      *ends[e] = {static_cast<std::int32_t>(std::floor(dht::fma(u[0], offset, mx) + 1)),
                  static_cast<std::int32_t>(std::floor(dht::fma(u[1], offset, my) + 1))};
      const double at = dht::fma(u[0], ends[e]->x - 0.5, u[1] * (ends[e]->y - 0.5)) - middle;
      for (std::size_t k = 0; k < 3; ++k)
        (*colors[e])[k] = static_cast<std::uint8_t>(
            std::clamp(dht::fma(best[r].slope[k], at, double(sums[r].c[k]) / n) + 0.5, 0.0, 255.0));
    }
    if (gradient.from == gradient.to) continue;
    fills.gradient_of[r] = static_cast<std::int32_t>(fills.gradients.size());
    fills.gradients.push_back(gradient);
  }
}

}  // namespace dht
