// SPDX-License-Identifier: MIT
// Drawings within so many bytes: exact with bytes to spare, never worse with more of them; and nothing that lies behind shows.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <dht/drawer.hpp>
#include <dht/vector/painted.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"

namespace {

using dht::test::error_of;
using dht::test::Random;

std::int64_t error_of_drawing(const std::string& text, const dht::Picture& picture) {
  return dht::squared_error(dht::painted(text, picture.height, picture.width), picture);
}

dht::Picture on_white(int height, int width) {
  dht::Picture picture(height, width);
  picture.rgb.assign(picture.rgb.size(), 255);
  return picture;
}

/// Lines and dots a pixel wide that touch themselves at corners only.
dht::Picture thin_lines(int size) {
  dht::Picture picture = on_white(size, size);
  for (int i = 4; i < size - 4; ++i) picture.pixel(i, i)[0] = picture.pixel(i, i)[1] = 20;
  for (int y = 2; y < size; y += 7)
    for (int x = 3; x < size; x += 9)
      if (std::abs(x - y) > 2) picture.pixel(y, x)[1] = picture.pixel(y, x)[2] = 0;
  return picture;
}

dht::Picture sprite() {
  Random random(3);
  dht::Picture picture = on_white(24, 24);
  const dht::Color palette[4] = {{0, 0, 0}, {200, 30, 30}, {250, 210, 60}, {30, 60, 160}};
  for (int y = 4; y < 20; ++y)
    for (int x = 4; x < 20; ++x)
      if (random.chance(0.5))
        for (int c = 0; c < 3; ++c) picture.pixel(y, x)[c] = palette[(x / 3 + y / 4) % 4][c];
  return picture;
}

/// A square and a disc with a triangle in it, with smooth edges; the square's blue grows a little from left to right.
dht::Picture logo(int size) {
  dht::Picture picture = on_white(size, size);
  const double s = size;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      double sum[3] = {};
      for (int k = 0; k < 64; ++k) {
        const double u = (x + (k % 8 + 0.5) / 8) / s, v = (y + (k / 8 + 0.5) / 8) / s;
        double color[3] = {255, 255, 255};
        const auto paint = [&](double r, double g, double b) { color[0] = r, color[1] = g, color[2] = b; };
        if (u > 0.1 && u < 0.62 && v > 0.08 && v < 0.6) paint(0, 68 + 4 * u, 150 + 8 * u);
        if (std::hypot(u - 0.55, v - 0.55) < 0.33) paint(240, 180, 0);
        if (v > 0.35 && v < 0.75 && std::abs(u - 0.5) < 0.4 * (v - 0.35)) paint(255, 255, 255);
        for (int c = 0; c < 3; ++c) sum[c] += color[c] / 64;
      }
      for (int c = 0; c < 3; ++c) picture.pixel(y, x)[c] = static_cast<std::uint8_t>(std::lround(sum[c]));
    }
  return picture;
}

}  // namespace

TEST_CASE("drawer: lines a pixel wide are exact with bytes to spare", "[drawer]") {
  for (const dht::Picture& picture : {thin_lines(40), sprite(), logo(28)}) {
    dht::Drawer drawer;
    drawer.build(picture);
    CHECK(error_of_drawing(drawer.draw_within(100000), picture) == 0);
    dht::DrawingOptions exact = dht::Drawer::for_photos();
    exact.fit.tolerance = 0;
    CHECK(error_of_drawing(drawer.draw(0, exact), picture) == 0);
  }
}

TEST_CASE("drawer: lines a pixel wide remain where merging starts from regions", "[drawer]") {
  dht::Picture picture = thin_lines(60);
  Random random(1);
  for (auto& v : picture.rgb) v = static_cast<std::uint8_t>(v - random.below(5) * (v > 4));
  dht::DrawerOptions options;
  options.leaves = 2000;  // less than pixels
  dht::Drawer drawer(options);
  drawer.build(picture);
  const dht::FilledLabels shown = drawer.regions(1000);
  for (int i = 4; i < 56; ++i)
    CHECK(shown.fills.color[std::size_t(shown.label[std::size_t(i * 60 + i)])][0] < 60);
}

TEST_CASE("drawer: more bytes never give a worse drawing", "[drawer]") {
  for (const dht::Picture& picture : {logo(64), thin_lines(48), sprite()}) {
    dht::Drawer drawer;
    drawer.build(picture);
    auto error = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t bytes = 300; bytes < 12000; bytes = bytes * 5 / 4) {
      const std::int64_t now = error_of_drawing(drawer.draw_within(bytes), picture);
      CAPTURE(picture.width, bytes);
      CHECK(now <= error);
      error = now;
    }
  }
}

TEST_CASE("drawer: nothing shows between regions of like colours", "[drawer]") {
  const dht::Picture picture = logo(110);
  dht::Drawer drawer;
  drawer.build(picture);
  for (const double price : {1000.0, 300.0, 100.0, 30.0, 10.0, 1.0}) {
    const auto seen = dht::painted(drawer.draw(price), 110, 110);
    int light = 0;  // pixels inside of the square that are not blue
    for (int y = 12; y < 22; ++y)
      for (int x = 14; x < 64; ++x) light += seen.pixel[std::size_t(y * 110 + x)][0] > 24;
    CAPTURE(price);
    CHECK(light == 0);
  }
}

TEST_CASE("drawer: without a number of bytes an icon is few paths, and more where these show more",
          "[drawer]") {
  const auto size_of = [](const std::string& text) { return text.size(); };
  const auto paths = [](const std::string& text) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find("<path", at)) != text.npos; ++at) ++count;
    return count;
  };
  const dht::Picture picture = logo(128);
  dht::Drawer drawer;
  drawer.build(picture);
  CHECK(drawer.balanced_price() == 1500 / 4.0);
  const std::string icon = drawer.draw_balanced(drawer.balanced_price(), size_of);
  CHECK(paths(icon) <= 12);
  CHECK(error_of_drawing(icon, picture) < 128 * 128 * 3 * 8);  // 39 dB
  // The more a byte is worth, the fewer there are.
  CHECK(drawer.draw_balanced(1e6, size_of).size() < icon.size());
  const dht::Picture lines = thin_lines(40);
  drawer.build(lines);
  CHECK(error_of_drawing(drawer.draw_balanced(drawer.balanced_price(), size_of), lines) == 0);
  CHECK(error_of([] { dht::Drawer().balanced_price(); }) == "picture: is missing; build its tree first");
}
