// SPDX-License-Identifier: MIT
// Arcs of circles: the fit finds a circle from its points, pieces lie on it.
#include <array>
#include <cmath>
#include <vector>

#include <dht/vector/circles.hpp>

#include "kit/catch.hpp"

using dht::detail::CircleFit;
using dht::detail::CircleSums;
using dht::detail::RoundPiece;

namespace {

const double pi = std::acos(-1.0);

/// Of points on a circle around (mx, my) through the origin, from angle to angle; the end too.
struct Sampled {
  CircleSums sums;
  long ex = 0, ey = 0;
  double error = 0;
};
Sampled sample(double radius, double from, double turn, double noise = 0) {
  const double mx = -radius * std::cos(from), my = -radius * std::sin(from);
  Sampled s;
  for (int k = 0; k <= 200; ++k) {
    const double angle = from + turn * k / 200, r = radius + (k % 2 ? noise : -noise);
    s.ex = std::lround(mx + radius * std::cos(angle)), s.ey = std::lround(my + radius * std::sin(angle));
    s.sums.add(std::lround(mx + r * std::cos(angle)), std::lround(my + r * std::sin(angle)));
  }
  return s;
}

}  // namespace

TEST_CASE("the fit finds the circle that points lie on, either way around", "[vector][circles]") {
  for (const double radius : {200.0, 1000.0})
    for (const double from : {0.0, 1.0, 2.5, 4.0})
      for (const double turn : {1.0, -1.0, 2.0, -3.0}) {
        const Sampled s = sample(radius, from, turn);
        const CircleFit fit = s.sums.fit(s.ex, s.ey);
        INFO("radius " << radius << ", from " << from << ", turn " << turn);
        CHECK(std::abs(fit.radius() - radius) < 0.02 * radius);
        CHECK(fit.clockwise == (turn > 0));  // y grows downwards
        CHECK(fit.error() < 201 * 0.25);       // points are rounded
      }
}

TEST_CASE("the fit's error is the sum of squared distances", "[vector][circles]") {
  const Sampled s = sample(1500, 0.7, 2, 12);
  const double error = s.sums.fit(s.ex, s.ey).error();
  CHECK(std::abs(error - 201 * 144) < 0.05 * 201 * 144);
}

TEST_CASE("of more than half a circle the fit gives half", "[vector][circles]") {
  const Sampled s = sample(500, 0, 1.3 * pi);
  const CircleFit fit = s.sums.fit(s.ex, s.ey);
  CHECK(std::abs(2 * fit.radius() - std::hypot(s.ex, s.ey)) < 1e-6);
  CHECK(fit.error() > 201 * 100);  // which does not pass
}

TEST_CASE("halves of a piece lie on its circle, on the side that it bulges to", "[vector][circles]") {
  // From (0, 0) to (6, 0) clockwise on the screen: upwards, where y is negative.
  for (const bool clockwise : {true, false})
    for (const double radius : {3.0, 5.0}) {
      const RoundPiece piece{0, 0, 6, 0, radius, clockwise};
      const double middle_y = (clockwise ? 1 : -1) * std::sqrt(radius * radius - 9);
      const auto on_circle = [&](double x, double y) {
        return std::abs(std::hypot(x - 3, y - middle_y) - radius) < 1e-12;
      };
      const auto halves = piece.halves();
      CHECK(halves[0].bx == 3);
      CHECK((halves[0].by < 0) == clockwise);
      CHECK(std::abs(std::abs(halves[0].by) - piece.rise()) < 1e-12);
      for (const RoundPiece& half : halves) {
        const auto quarter = half.halves();
        CHECK(on_circle(quarter[0].bx, quarter[0].by));
        CHECK(piece.within(quarter[0].bx, quarter[0].by, 1e-9));
        CHECK(piece.within(quarter[0].bx, quarter[0].by + 0.9, 1));
        CHECK_FALSE(piece.within(quarter[0].bx, quarter[0].by + (quarter[0].by < 0 ? -3 : 3), 1));
      }
      CHECK_FALSE(piece.within(3, middle_y + (clockwise ? radius : -radius), 1));  // the other side
    }
}
