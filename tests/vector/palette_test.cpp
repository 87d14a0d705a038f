// SPDX-License-Identifier: MIT
// Palettes: how many colours are left, that each is the nearest of them, and regions of one colour joined.
#include <algorithm>
#include <cstdint>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include <dht/vector/palette.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::Color;
using dht::Fills;

std::set<Color> distinct(const Fills& fills) { return {fills.color.begin(), fills.color.end()}; }

Fills random_fills(Random& random, int regions) {
  Fills fills;
  for (int r = 0; r < regions; ++r) {
    fills.color.push_back({static_cast<std::uint8_t>(random.below(256)),
                           static_cast<std::uint8_t>(random.below(256)),
                           static_cast<std::uint8_t>(random.below(256))});
    fills.pixels.push_back(1 + random.below(1000));
  }
  return fills;
}

double error(const Fills& before, const Fills& after) {
  double sum = 0;
  for (int r = 0; r < before.size(); ++r)
    sum += before.pixels[r] *
           dht::detail::distance2(dht::detail::lab_of(before.color[r]), dht::detail::lab_of(after.color[r]));
  return sum;
}

/// The 4-connected parts of one colour by flooding, numbered in raster order.
std::vector<std::int32_t> flooded(dht::LabelView labels, const Fills& fills) {
  std::vector<std::int32_t> number(std::size_t(labels.height) * labels.width, -1);
  std::int32_t count = 0;
  const auto at = [&](int y, int x) -> std::int32_t& { return number[std::size_t(y) * labels.width + x]; };
  for (int y0 = 0; y0 < labels.height; ++y0)
    for (int x0 = 0; x0 < labels.width; ++x0) {
      if (at(y0, x0) >= 0) continue;
      std::queue<std::pair<int, int>> open;
      open.emplace(y0, x0);
      at(y0, x0) = count;
      for (; !open.empty(); open.pop()) {
        const auto [y, x] = open.front();
        for (const auto& [v, u] : {std::pair(y - 1, x), {y + 1, x}, {y, x - 1}, {y, x + 1}}) {
          if (v < 0 || u < 0 || v >= labels.height || u >= labels.width || at(v, u) >= 0) continue;
          if (fills.color[labels(v, u)] != fills.color[labels(y, x)]) continue;
          at(v, u) = count;
          open.emplace(v, u);
        }
      }
      ++count;
    }
  return number;
}

}  // namespace

TEST_CASE("palette: CIELAB of known colours", "[vector]") {
  const auto check = [](Color color, double l, double a, double b) {
    const auto lab = dht::detail::lab_of(color);
    // Tables give two decimals.
    CHECK(lab[0] == Approx(l).margin(0.02));
    CHECK(lab[1] == Approx(a).margin(0.02));
    CHECK(lab[2] == Approx(b).margin(0.02));
  };
  check({255, 255, 255}, 100, 0, 0);
  check({255, 0, 0}, 53.24, 80.09, 67.20);
  check({0, 0, 255}, 32.30, 79.19, -107.86);
  check({0, 0, 0}, 0, 0, 0);
}

TEST_CASE("palette: colours that differ clearly are found", "[vector]") {
  Fills fills;
  const std::vector<Color> seeds{{250, 10, 10}, {10, 240, 20}, {20, 20, 230}, {240, 240, 240}};
  for (int r = 0; r < 40; ++r) {
    Color c = seeds[r % 4];
    c[r % 3] = static_cast<std::uint8_t>(c[r % 3] + r % 5);
    fills.color.push_back(c);
    fills.pixels.push_back(r % 4 == 3 ? 100 : 500);
  }
  const Fills four = dht::limit_colors(fills, 4);
  CHECK(distinct(four).size() == 4);
  for (int r = 4; r < 40; ++r) CHECK(four.color[r] == four.color[r - 4]);
}

TEST_CASE("palette: blended edges do not make black and white grey", "[vector]") {
  Fills fills{
      {{0, 0, 0}, {40, 40, 40}, {20, 20, 20}, {200, 200, 200}, {255, 255, 255}}, {}, {800, 30, 60, 50, 900}};
  const Fills two = dht::limit_colors(fills, 2);
  CHECK(distinct(two) == std::set<Color>{{0, 0, 0}, {255, 255, 255}});
  fills.pixels = {80, 30, 60, 50, 50};  // no colour has more than half of either
  CHECK(distinct(dht::limit_colors(fills, 2)) == std::set<Color>{{14, 14, 14}, {228, 228, 228}});
}

TEST_CASE("palette: at most as many colours as asked, less error with more of them", "[vector]") {
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    const Fills fills = random_fills(random, 1 + random.below(300));
    double last = 1e300;
    for (const int colors : {1, 2, 5, 16, 64}) {
      const Fills few = dht::limit_colors(fills, colors);
      CHECK(static_cast<int>(distinct(few).size()) <= colors);
      CHECK(few.color == dht::limit_colors(fills, colors).color);
      const double now = error(fills, few);
      // Both steps lead to a local least error only, so that a larger palette may be a little worse.
      CHECK(now <= 1.1 * last);
      last = now;
    }
    CHECK(dht::limit_colors(fills, 300).color == fills.color);
  }
}

TEST_CASE("palette: the nearest of given colours", "[vector]") {
  Random random(8);
  for (int i = 0; i < 20; ++i) {
    Fills fills = random_fills(random, 1 + random.below(50));
    fills.visible.assign(fills.color.size(), 1);
    fills.visible.back() = 0;
    const std::vector<Color> palette = random_fills(random, 1 + random.below(9)).color;
    const Fills near = dht::nearest_colors(fills, palette);
    for (int r = 0; r + 1 < fills.size(); ++r) {
      const auto distance = [&](const Color& color) {
        return dht::detail::distance2(dht::detail::lab_of(color), dht::detail::lab_of(fills.color[r]));
      };
      CHECK(std::count(palette.begin(), palette.end(), near.color[r]) > 0);
      for (const Color& color : palette) CHECK(distance(near.color[r]) <= distance(color));
    }
    CHECK(near.color.back() == fills.color.back());
  }
}

TEST_CASE("palette: the colours that are seen", "[vector]") {
  const Fills fills{
      {{9, 0, 0}, {0, 0, 7}, {9, 0, 0}, {1, 1, 1}, {2, 2, 2}}, {1, 1, 1, 0, 1}, {4, 4, 4, 4, 0}};
  CHECK(dht::palette_of(fills) == std::vector<Color>{{0, 0, 7}, {9, 0, 0}});
}

TEST_CASE("palette: neighbours of one colour become one region", "[vector]") {
  Random random(5);
  for (int i = 0; i < 60; ++i) {
    const int height = 1 + random.below(12), width = 1 + random.below(12);
    std::vector<std::int32_t> label(std::size_t(height) * width);
    for (auto& l : label) l = random.below(9);
    const auto labels = dht::plane_view(static_cast<const std::int32_t*>(label.data()), height, width);
    const auto connected = flooded(labels, random_fills(random, 9));
    std::copy(connected.begin(), connected.end(), label.begin());
    const int regions = *std::max_element(label.begin(), label.end()) + 1;
    Fills fills = random_fills(random, regions);
    for (auto& c : fills.color) c = {static_cast<std::uint8_t>(random.below(3)), 0, 0};
    const dht::FilledLabels joined = dht::join_equal_colors(labels, fills);
    CAPTURE(i, height, width, regions);
    CHECK(joined.label == flooded(labels, fills));
    std::vector<std::int32_t> pixels(std::size_t(joined.fills.size()), 0);
    for (std::size_t p = 0; p < label.size(); ++p) {
      CHECK(joined.fills.color[joined.label[p]] == fills.color[label[p]]);
      ++pixels[joined.label[p]];
    }
    CHECK(joined.fills.pixels == pixels);
  }
}

TEST_CASE("palette: what cannot be done is named", "[vector]") {
  Fills fills{{{1, 2, 3}}, {}, {4}};
  CHECK(error_of([&] { dht::limit_colors(fills, 0); }) == "colors: is 0; must be at least 1");
  fills.pixels.clear();
  CHECK(error_of([&] { dht::limit_colors(fills, 2); }) ==
        "fills: have the sizes of 0 regions; must have those of all 1");
  CHECK(error_of([&] { dht::nearest_colors(fills, {}); }) ==
        "palette: is empty; must be at least one colour");
  const std::vector<std::int32_t> label{0, 1};
  CHECK(error_of([&] { dht::join_equal_colors(dht::plane_view(label.data(), 1, 2), fills); }) ==
        "labels: is 1 at row 0, column 1; must be between 0 and 0");
}
