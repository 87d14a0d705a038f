// SPDX-License-Identifier: MIT
// Fitted arcs: none crosses itself or another, all keep their ends and near their pixels.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <dht/vector/fit_arcs.hpp>

#include "kit/catch.hpp"
#include "vector/drawn_shapes.hpp"
#include "vector/random_label_map.hpp"

using dht::Point;
using dht::test::distinct_fills;
using dht::test::random_labels;

namespace {

/// A straight piece with the arc that it is of. Only an arc's two ends may meet other pieces than its neighbours.
struct Line {
  Point a, b;
  int arc = 0, number = 0;
  bool first = false, last = false;
};

/// The arcs as lines on a grid eight times as fine; a curve as sixteenths of its time, a round arc as 64 parts.
std::vector<Line> lines_of(const dht::DrawnArcs& arcs) {
  std::vector<Line> lines;
  for (int a = 0; a < arcs.size(); ++a) {
    const auto points = arcs.arc(a);
    const auto kind = arcs.kinds(a);
    std::vector<Point> walk{{points[0].x * 8, points[0].y * 8}};
    const auto go = [&](double x, double y) {
      const Point p{int(std::floor(x * 8 + 0.5)), int(std::floor(y * 8 + 0.5))};
      if (p != walk.back()) walk.push_back(p);
    };
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (kind[i] == dht::PointKind::round) {
        const dht::test::Place from{double(points[i - 1].x), double(points[i - 1].y)},
            to{double(points[i + 1].x), double(points[i + 1].y)};
        for (const auto p :
             dht::test::flattened_arc(from, to, points[i].x, std::abs(points[i].y), false, points[i].y > 0))
          go(p.x, p.y);
        ++i;
      } else if (kind[i] == dht::PointKind::control) {
        for (int k = 1; k < 16; ++k) {
          const double t = k / 16.0, s = 1 - t;
          const std::array w{s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t};
          double x = 0, y = 0;
          for (int c = 0; c < 4; ++c) x += w[c] * points[i - 1 + c].x, y += w[c] * points[i - 1 + c].y;
          go(x, y);
        }
        i += 2;
      }
      go(points[i].x, points[i].y);
    }
    for (std::size_t k = 1; k < walk.size(); ++k)
      lines.push_back({walk[k - 1], walk[k], a, int(k), k == 1, k + 1 == walk.size()});
  }
  return lines;
}

double at(Point a, Point b, Point p) {
  return double(b.x - a.x) * (p.y - a.y) - double(b.y - a.y) * (p.x - a.x);
}

bool on(Point a, Point b, Point p) {
  return at(a, b, p) == 0 && std::min(a.x, b.x) <= p.x && p.x <= std::max(a.x, b.x) &&
         std::min(a.y, b.y) <= p.y && p.y <= std::max(a.y, b.y);
}

/// Whether p and q meet where they must not, by looking at every end.
bool meet(const Line& p, const Line& q) {
  if (at(p.a, p.b, q.a) * at(p.a, p.b, q.b) < 0 && at(q.a, q.b, p.a) * at(q.a, q.b, p.b) < 0) return true;
  const bool next = p.arc == q.arc && q.number == p.number + 1;
  const auto allowed = [&](Point end, bool p_start, bool q_start) {
    const bool junction = (p_start ? p.first && p.a == end : p.last && p.b == end) &&
                          (q_start ? q.first && q.a == end : q.last && q.b == end);
    return junction || (next && !p_start && q_start && p.b == end && q.a == end);
  };
  const auto any_allowed = [&](Point end) {
    for (const bool s : {true, false})
      for (const bool t : {true, false})
        if (allowed(end, s, t)) return true;
    return false;
  };
  for (const Point end : {q.a, q.b})
    if (on(p.a, p.b, end) && !any_allowed(end)) return true;
  for (const Point end : {p.a, p.b})
    if (on(q.a, q.b, end) && !any_allowed(end)) return true;
  return false;
}

dht::FitOptions options_for(unsigned seed) {
  dht::FitOptions options;
  options.strokes = std::array{dht::Strokes::lines, dht::Strokes::curves, dht::Strokes::circles}[seed % 3];
  options.tolerance = std::array{0.5, 1.0, 2.0, 6.0}[seed / 2 % 4];
  options.byte_price = std::array{0.0, 400.0, 30000.0, 1e6}[seed / 5 % 4];
  options.grid = 1 << seed / 3 % 4;
  return options;
}

/// Any colours: what boundaries move by.
dht::Picture random_picture(int height, int width, unsigned seed) {
  std::mt19937 random(seed);
  dht::Picture picture(height, width);
  for (auto& value : picture.rgb) value = static_cast<std::uint8_t>(random());
  return picture;
}

}  // namespace

TEST_CASE("the checker of crossings knows good from bad", "[vector][fit]") {
  const Line line{{0, 0}, {8, 8}, 0, 1, true, false};
  CHECK(meet(line, {{0, 8}, {8, 0}, 1, 1, true, true}));
  CHECK(meet(line, {{4, 4}, {8, 0}, 1, 1, true, true}));
  CHECK(meet(line, {{8, 8}, {9, 0}, 1, 1, true, true}));
  CHECK_FALSE(meet(line, {{0, 0}, {8, 0}, 1, 1, true, true}));
  CHECK_FALSE(meet(line, {{8, 8}, {16, 0}, 0, 2, false, true}));
  CHECK(meet(line, {{0, 0}, {4, 4}, 1, 1, true, false}));
}

TEST_CASE("no arc crosses or touches itself or another", "[vector][fit]") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    const auto map = random_labels(seed, 24);
    const auto picture = random_picture(map.height, map.width, seed);
    const dht::PlanarMap planar = dht::planar_map(map.view(), map.regions);
    const auto arcs = dht::fit_arcs(planar, distinct_fills(map.regions), options_for(seed),
                                    seed % 5 < 2 ? &picture : nullptr);
    const auto lines = lines_of(arcs);
    int crossings = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
      for (std::size_t j = i + 1; j < lines.size(); ++j) crossings += meet(lines[i], lines[j]);
    INFO("map " << seed);
    CHECK(crossings == 0);
  }
}

TEST_CASE("arcs keep their ends, and no pixel's corner is farther off than the tolerance", "[vector][fit]") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto map = random_labels(seed, 24);
    const auto options = options_for(seed);
    const dht::PlanarMap planar = dht::planar_map(map.view(), map.regions);
    const auto arcs = dht::fit_arcs(planar, distinct_fills(map.regions), options);
    const auto lines = lines_of(arcs);
    REQUIRE(arcs.size() == planar.arcs.size());
    double worst = 0;
    for (int a = 0; a < arcs.size(); ++a) {
      const auto stairs = planar.arcs.polyline(a);
      const auto drawn = arcs.arc(a);
      if (planar.arcs.from[a] >= 0) {
        CHECK(drawn.front() == Point{stairs.front().x * options.grid, stairs.front().y * options.grid});
        CHECK(drawn.back() == Point{stairs.back().x * options.grid, stairs.back().y * options.grid});
      } else {
        CHECK(drawn.front() == drawn.back());
      }
      for (const Point s : stairs) {
        double nearest = 1e9;
        const double x = s.x * 8.0 * options.grid, y = s.y * 8.0 * options.grid;
        for (const Line& line : lines) {
          if (line.arc != a) continue;
          const double dx = line.b.x - line.a.x, dy = line.b.y - line.a.y;
          const double t =
              std::clamp(((x - line.a.x) * dx + (y - line.a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
          nearest = std::min(nearest, std::hypot(line.a.x + t * dx - x, line.a.y + t * dy - y));
        }
        worst = std::max(worst, nearest / (8 * options.grid) - options.tolerance);
      }
    }
    INFO("map " << seed);
    // The tolerance is in the larger of both coordinates; a curve is measured from the middles of pixel sides.
    CHECK(worst < options.tolerance * 0.42 + 0.75);
  }
}
