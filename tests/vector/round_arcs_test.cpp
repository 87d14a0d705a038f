// SPDX-License-Identifier: MIT
// Round arcs: the fits find a circle and an ellipse from their points, pieces lie on them.
#include <array>
#include <cmath>
#include <vector>

#include <dht/vector/round_arcs.hpp>

#include "kit/catch.hpp"

using dht::Point;
using dht::detail::CircleFit;
using dht::detail::CircleSums;
using dht::detail::EllipseFit;
using dht::detail::EllipseSums;
using dht::detail::RoundPiece;

namespace {

const double pi = std::acos(-1.0);

/// Of points on a circle around (mx, my) through the origin, from angle to angle; the end too.
struct Sampled {
  CircleSums sums;
  long ex = 0, ey = 0;
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

TEST_CASE("the fit finds the circle that points lie on, either way around", "[vector][round_arcs]") {
  for (const double radius : {200.0, 1000.0})
    for (const double from : {0.0, 1.0, 2.5, 4.0})
      for (const double turn : {1.0, -1.0, 2.0, -3.0}) {
        const Sampled s = sample(radius, from, turn);
        const CircleFit fit = s.sums.fit(s.ex, s.ey);
        INFO("radius " << radius << ", from " << from << ", turn " << turn);
        CHECK(std::abs(fit.radius() - radius) < 0.02 * radius);
        CHECK(fit.clockwise == (turn > 0));  // y grows downwards
        CHECK(fit.error() < 201 * 0.25);     // points are rounded
      }
}

TEST_CASE("the fit's error is the sum of squared distances", "[vector][round_arcs]") {
  const Sampled s = sample(1500, 0.7, 2, 12);
  const double error = s.sums.fit(s.ex, s.ey).error();
  CHECK(std::abs(error - 201 * 144) < 0.05 * 201 * 144);
}

TEST_CASE("of more than half a circle the fit gives half", "[vector][round_arcs]") {
  const Sampled s = sample(500, 0, 1.3 * pi);
  const CircleFit fit = s.sums.fit(s.ex, s.ey);
  CHECK(std::abs(2 * fit.radius() - std::hypot(s.ex, s.ey)) < 1e-6);
  CHECK(fit.error() > 201 * 100);  // which does not pass
}

TEST_CASE("halves of a piece lie on its circle, on the side that it bulges to", "[vector][round_arcs]") {
  // From (0, 0) to (6, 0) clockwise on the screen: upwards, where y is negative.
  for (const bool clockwise : {true, false})
    for (const double radius : {3.0, 5.0}) {
      const RoundPiece piece{0, 0, 6, 0, radius, radius, clockwise};
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

TEST_CASE("the fit finds the ellipse that points lie on, either way around", "[vector][round_arcs]") {
  for (const double rx : {200.0, 1000.0})
    for (const double ry : {300.0, 600.0})
      for (const double from : {0.0, 1.0, 2.5, 4.0})
        for (const double turn : {1.5, -1.5, 2.0, -3.0}) {
          const auto on_ellipse = [&](double angle) {
            return Point{static_cast<int>(std::lround(rx * (std::cos(angle) - std::cos(from)))),
                         static_cast<int>(std::lround(ry * (std::sin(angle) - std::sin(from))))};
          };
          EllipseSums sums;
          for (int k = 0; k <= 200; ++k) {
            const Point p = on_ellipse(from + turn * k / 200);
            sums.add(p.x, p.y);
          }
          const Point end = on_ellipse(from + turn);
          const EllipseFit fit = sums.fit(end.x, end.y);
          INFO("radii " << rx << ", " << ry << ", from " << from << ", turn " << turn);
          // Points are rounded, and a quarter of an ellipse hardly says what the other three are.
          const double off = std::abs(turn) < 2 ? 0.15 : 0.03;
          CHECK(std::abs(fit.rx - rx) < off * rx);
          CHECK(std::abs(fit.ry - ry) < off * ry);
          CHECK(fit.clockwise == (turn > 0));
          CHECK(fit.error < 201 * 0.5);
        }
}

TEST_CASE("of more than half an ellipse the fit gives half", "[vector][round_arcs]") {
  EllipseSums sums;
  for (int k = 0; k <= 200; ++k) {
    const double angle = 1.3 * pi * k / 200;
    sums.add(std::lround(500 * (std::cos(angle) - 1)), std::lround(300 * std::sin(angle)));
  }
  const double x = std::round(500 * (std::cos(1.3 * pi) - 1)), y = std::round(300 * std::sin(1.3 * pi));
  const EllipseFit fit = sums.fit(std::lround(x), std::lround(y));
  REQUIRE(fit.rx > 0);
  CHECK(std::abs(std::hypot(x / 2 / fit.rx, y / 2 / fit.ry) - 1) < 1e-9);  // its middle is on the chord
  CHECK(fit.error > 201 * 100);                                            // which does not pass
}

TEST_CASE("halves of a piece of an ellipse lie on it, and places beside it by their distance",
          "[vector][round_arcs]") {
  // The upper half of the ellipse around (5, 0) with the radii 5 and 2, and what is beyond x = 1 of it.
  const RoundPiece half{0, 0, 10, 0, 5, 2, true};
  CHECK(half.rise() >= 2);
  const auto on_ellipse = [](double x, double y) {
    return std::abs((x - 5) * (x - 5) / 25 + y * y / 4 - 1) < 1e-12;
  };
  const double y = -2 * std::sqrt(1 - 16.0 / 25);
  for (const RoundPiece& piece : {half, RoundPiece{1, y, 10, 0, 5, 2, true}})
    for (const RoundPiece& part : piece.halves())
      for (const RoundPiece& quarter : part.halves()) {
        CHECK(on_ellipse(quarter.bx, quarter.by));
        CHECK(quarter.by <= 1e-12);
        CHECK(piece.within(quarter.bx, quarter.by, 1e-9));
      }
  CHECK(half.halves()[0].by == -2);
  CHECK(half.within(5, -2.2, 0.25));
  CHECK_FALSE(half.within(5, -2.4, 0.25));
  CHECK(half.within(5, -1.8, 0.25));
  CHECK_FALSE(half.within(5, -1.6, 0.25));
  CHECK_FALSE(half.within(5, 2, 0.25));  // the other side
}
