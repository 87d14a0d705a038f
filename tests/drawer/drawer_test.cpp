// SPDX-License-Identifier: MIT
// Drawers: regions at a price, sizes within a budget, few colours, none too small; the same on any number of threads.
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dht/drawer.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"
#include "vector/blended_disc.hpp"

namespace {

using namespace dht::test;

/// Discs on a gradient, and noise.
dht::Picture discs(int height, int width, std::uint64_t seed = 1) {
  Random random(seed);
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] =
            static_cast<std::uint8_t>(60 + (c == 0 ? x : y) * 100 / width + random.below(9));
  for (int i = 0; i < 12; ++i) {
    const int cy = random.below(height), cx = random.below(width), r = 2 + random.below(height / 5);
    const int color[3] = {random.below(256), random.below(256), random.below(256)};
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        if ((y - cy) * (y - cy) + (x - cx) * (x - cx) < r * r)
          for (int c = 0; c < 3; ++c) picture.pixel(y, x)[c] = static_cast<std::uint8_t>(color[c]);
  }
  return picture;
}

/// Squared error over all pixels and channels.
double squared_error(const dht::Picture& picture, const dht::FilledLabels& shown) {
  double sum = 0;
  for (std::size_t p = 0; p < shown.label.size(); ++p)
    for (int c = 0; c < 3; ++c) {
      const double d = double(picture.rgb[3 * p + c]) - shown.fills.color[shown.label[p]][c];
      sum += d * d;
    }
  return sum;
}

/// What compiles.
template <class Photo>
constexpr bool takes = requires(dht::Drawer& drawer, Photo&& photo) {
  drawer.build(std::forward<Photo>(photo));
};
template <class T>
constexpr bool shows_its_tree = requires(T&& drawer) {
  std::forward<T>(drawer).tree();
};
template <class T>
constexpr bool shows_its_labels = requires(T&& shown) {
  std::forward<T>(shown).labels();
};

/// The values of all `fill` attributes.
std::set<std::string> fills_of(const std::string& text) {
  std::set<std::string> fills;
  for (std::size_t at = 0; (at = text.find("fill=\"", at)) != text.npos; ++at)
    fills.insert(text.substr(at + 6, text.find('"', at + 6) - at - 6));
  return fills;
}

}  // namespace

TEST_CASE("drawer: a lower price gives more regions and less error, cut from one tree", "[drawer]") {
  const dht::Picture picture = discs(96, 120);
  dht::Drawer drawer;
  drawer.build(picture);
  double error = 1e300;
  std::vector<std::int32_t> coarse;
  for (const double price : {1e7, 20000.0, 3000.0, 500.0, 50.0, 0.0}) {
    const dht::FilledLabels shown = drawer.regions(price);
    CAPTURE(price, shown.fills.size());
    if (price == 1e7) CHECK(shown.fills.size() == 1);
    const double now = squared_error(picture, shown);
    CHECK(now <= error);
    error = now;
    // Nested: each fine region lies in one coarse region.
    if (!coarse.empty()) {
      std::vector<std::int32_t> parent(std::size_t(shown.fills.size()), -1);
      for (std::size_t p = 0; p < coarse.size(); ++p) {
        std::int32_t& of = parent[shown.label[p]];
        if (of < 0) of = coarse[p];
        REQUIRE(of == coarse[p]);
      }
    }
    coarse = shown.label;
  }
  CHECK(drawer.regions_by_count(7).fills.size() == 7);
}

TEST_CASE("drawer: the page's example", "[drawer]") {
  const dht::Picture picture = discs(64, 64, 2);
  // example-begin drawer
  dht::Drawer drawer;
  drawer.build(picture);                      // the tree, once a picture
  const std::string fine = drawer.draw(400);  // a byte must save a squared error of 400
  const std::string coarse =
      drawer.draw(4000);  // from the same tree: its regions are unions of the fine ones
  const std::string small = drawer.draw_within(25000);  // the best of at most 25,000 bytes
  // example-end drawer
  CHECK(coarse.size() < fine.size());
  CHECK(small.size() <= 25000);
}

TEST_CASE("drawer: the price is that of three pixels of boundary", "[drawer]") {
  // Two halves of 8 x 16 pixels that differ by 2 d in red: one region adds 128 * 2 d^2 / 2 to the squared error, and saves
  // 8 pixels of boundary and a region, which counts as 0.022 diagonals.
  dht::Picture picture(8, 16);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 16; ++x) picture.pixel(y, x)[0] = x < 8 ? 100 : 140;
  const double price = 3 * 128 * 400.0 / (8 + 0.022 * std::sqrt(8 * 8 + 16 * 16));
  dht::Drawer drawer;
  drawer.build(picture);
  // Features are floats.
  CHECK(drawer.regions(0.9999 * price).fills.size() == 2);
  CHECK(drawer.regions(1.0001 * price).fills.size() == 1);
}

TEST_CASE("drawer: layers, the last of which is the drawing", "[drawer]") {
  const dht::Picture picture = discs(96, 96, 5);
  dht::Drawer drawer;
  drawer.build(picture);
  dht::DrawerOptions options;
  options.layers = 3;
  dht::Drawer layered(options);
  layered.build(picture);
  const auto paths = [](const std::string& text) {
    return text.substr(text.find("<path"), text.rfind("/>\n") - text.find("<path"));
  };
  const std::string text = layered.draw(500);
  std::size_t at = 0;
  for (int layer = 0; layer < 3; ++layer) {
    at = text.find("<g id=\"layer" + std::to_string(layer) + "\"", at);
    REQUIRE(at != text.npos);
  }
  CHECK(text.find(paths(drawer.draw(500)), at) != text.npos);
  CHECK(text.find("<g id=\"layer3") == text.npos);
  CHECK(layered.draw_within(3000).size() <= 3000);  // with all of its layers
  options.layers = 0;
  CHECK(error_of([&] { dht::Drawer none(options); }) == "layers: is 0; must be between 1 and 8");
}

TEST_CASE("drawer: gradients where they are worth it", "[drawer]") {
  const dht::Picture picture = discs(128, 128, 6);  // its ground is a gradient
  dht::DrawerOptions options;
  options.smallest = 3000;  // regions as large as a gradient is worth
  dht::Drawer plain(options);
  plain.build(picture);
  options.gradients = true;
  dht::Drawer shaded(options);
  shaded.build(picture);
  CHECK(plain.draw(1000).find("<linearGradient") == std::string::npos);
  CHECK(shaded.draw(1000).find("<linearGradient") != std::string::npos);
}

TEST_CASE("drawer: the best drawing within so many bytes", "[drawer]") {
  const dht::Picture picture = discs(128, 128, 4);
  dht::Drawer drawer;
  drawer.build(picture);
  for (const std::int64_t bytes : {400, 1000, 3000, 8000}) {
    const std::string text = drawer.draw_within(bytes);
    CAPTURE(bytes, text.size());
    CHECK(static_cast<std::int64_t>(text.size()) <= bytes);
    CHECK(static_cast<std::int64_t>(text.size()) >= bytes * 8 / 10);
    // By any other measure.
    const auto half = [](const std::string& t) { return t.size() / 2; };
    CHECK(static_cast<std::int64_t>(drawer.draw_within(bytes, half).size()) <= 2 * bytes + 1);
  }
  // More than every pixel takes.
  CHECK(dht::squared_error(dht::painted(drawer.draw_within(100000000), 128, 128), picture) == 0);
  CHECK(error_of([&] { drawer.draw_within(50); }).find("bytes: is 50; the smallest drawing has ") == 0);
}

TEST_CASE("drawer: few colours, and none too small", "[drawer]") {
  const dht::Picture picture = discs(100, 90, 7);
  dht::DrawerOptions options;
  options.colors = 5;
  options.smallest = 12;
  dht::Drawer drawer(options);
  drawer.build(picture);
  for (const double price : {2000.0, 100.0, 0.0}) {
    const dht::FilledLabels shown = drawer.regions(price);
    const std::set<dht::Color> colors(shown.fills.color.begin(), shown.fills.color.end());
    CHECK(colors.size() <= 5);
    // And no more of them in the drawing.
    const std::set<std::string> fills = fills_of(drawer.draw(price));
    CHECK(fills.size() >= 1);
    CHECK(fills.size() <= 5);
    for (const std::int32_t pixels : shown.fills.pixels) CHECK(pixels >= 12);
  }
}

TEST_CASE("drawer: blended edges do not change the colours of shapes", "[drawer]") {
  const dht::Picture picture = BlendedDisc(48, 48, 24.3, 23.6, 15).on_white({0, 0, 0});
  dht::Drawer drawer;
  drawer.build(picture);
  CHECK(fills_of(drawer.draw(100000)) == std::set<std::string>{"#000", "#fff"});
  dht::DrawerOptions options;
  options.colors = 2;
  dht::Drawer two(options);
  two.build(picture);
  CHECK(fills_of(two.draw(100)) == std::set<std::string>{"#000", "#fff"});
}

TEST_CASE("drawer: what is partly opaque keeps that, and blended edges on nothing are clean", "[drawer]") {
  const BlendedDisc ring(64, 64, 32.2, 31.9, 24, 13);
  const dht::Picture on_white = ring.on_white({10, 90, 200});
  dht::Drawer drawer;
  drawer.build(on_white);
  const std::string white = drawer.draw(1000);
  for (const int alpha : {255, 102}) {
    const dht::Picture picture = ring.on_nothing({10, 90, 200}, alpha);
    drawer.build(picture);
    for (const double price : {1000.0, 50.0}) {
      const std::string text = drawer.draw(price);
      CAPTURE(alpha, price, text);
      CHECK(fills_of(text) == std::set<std::string>{"#0a5ac8"});
      CHECK((text.find(" fill-opacity=\".4\"") != text.npos) == (alpha == 102));
      CHECK(text.find("<path") == text.rfind("<path"));
      CHECK(text.size() <= white.size());
      CHECK(text.find('a', text.find(" d=\"")) != text.npos);  // round arcs and no stairs
    }
  }
  // As a mask does, and both together.
  const std::vector<std::uint8_t> none(64 * 64, 0);
  const dht::Picture picture = ring.on_nothing({10, 90, 200}, 255);
  drawer.build(picture, dht::planar_view<const std::uint8_t>(none.data(), 1, 1, 64, 64));
  CHECK(drawer.draw(1000).find("<path") == std::string::npos);
  drawer.build(on_white);
  CHECK(drawer.draw(1000) == white);
}

TEST_CASE("drawer: layers share so few colours", "[drawer]") {
  const dht::Picture picture = discs(100, 90, 7);
  dht::DrawerOptions options;
  options.colors = 5;
  dht::Drawer drawer(options);
  drawer.build(picture);
  options.layers = 4;
  dht::Drawer layered(options);
  layered.build(picture);
  for (const double price : {2000.0, 100.0}) {
    const std::set<std::string> fills = fills_of(drawer.draw(price));
    CHECK(fills.size() == 5);
    CHECK(fills_of(layered.draw(price)) == fills);  // the layers below have no colours of their own
  }
}

TEST_CASE("drawer: the same bytes on any number of threads, from one pixel on", "[drawer]") {
  for (const auto& [height, width] : {std::pair(1, 1), {1, 7}, {2, 2}, {61, 83}}) {
    dht::Picture picture = discs(61, 83);
    picture.height = height, picture.width = width;
    picture.rgb.resize(std::size_t(height) * width * 3);
    std::string first;
    for (const int threads : {1, 2, 5}) {
      dht::DrawerOptions options;
      options.threads = threads;
      options.leaves = 500;
      dht::Drawer drawer(options);
      drawer.build(picture);
      CHECK(drawer.tree().leaves.count() <= 500);
      const std::string text = drawer.draw(300);
      if (first.empty()) first = text;
      CHECK(text == first);
    }
  }
}

TEST_CASE("drawer: outside of a mask nothing shows", "[drawer]") {
  const dht::Picture picture = discs(50, 70, 9);
  Random random(6);
  for (int i = 0; i < 4; ++i) {
    std::vector<std::uint8_t> inside(50 * 70);
    for (std::size_t p = 0; p < inside.size(); ++p)
      inside[p] = i == 0                                                       ? 0
                  : i == 1                                                     ? 255
                  : (p / 70 / 10 + p % 70 / 10) % 2 != 0 || random.chance(0.1) ? 255
                                                                               : 0;
    dht::Drawer drawer;
    drawer.build(picture, dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, 50, 70));
    for (const double price : {0.0, 500.0, 1e7}) {
      const dht::FilledLabels shown = drawer.regions(price);
      for (std::size_t p = 0; p < inside.size(); ++p)
        REQUIRE(shown.fills.shows(shown.label[p]) == (inside[p] != 0));
      CHECK((drawer.draw(price).find("<path") != std::string::npos) == (i != 0));
    }
  }
}

TEST_CASE("drawer: one that was moved from has no picture, and a picture that is gone is none", "[drawer]") {
  const dht::Picture picture = discs(20, 30);
  dht::Drawer from({.threads = 2});
  from.build(picture);
  const std::string text = from.draw(100);
  dht::Drawer to = std::move(from);
  CHECK(to.draw(100) == text);
  const std::string missing = "picture: is missing; build its tree first";
  CHECK(error_of([&] { from.regions(1); }) == missing);
  CHECK(error_of([&] { from.regions_by_count(3); }) == missing);
  CHECK(error_of([&] { from.build(picture); }) ==
        "tokenizer: was moved from; must be given another one before it is used");
  from = std::move(to);
  from.build(picture);
  CHECK(from.draw(100) == text);
  STATIC_REQUIRE(takes<const dht::Picture&>);
  STATIC_REQUIRE_FALSE(takes<dht::Picture>);
  STATIC_REQUIRE_FALSE(shows_its_tree<dht::Drawer>);
  STATIC_REQUIRE_FALSE(shows_its_labels<dht::FilledLabels>);
}

TEST_CASE("drawer: what cannot be done is named", "[drawer]") {
  dht::Drawer drawer;
  CHECK(error_of([&] { drawer.regions(1); }) == "picture: is missing; build its tree first");
  CHECK(error_of([&] { drawer.regions_by_count(1); }) == "picture: is missing; build its tree first");
  CHECK(error_of([] { dht::Drawer({1, -1}); }) == "colors: is -1; must be at least 1, or 0 for any");
  CHECK(error_of([] { dht::Drawer({1, 0, 0}); }) == "leaves: is 0; must be at least 1");
  const dht::Picture picture = discs(20, 20), none;
  CHECK(error_of([&] { drawer.build(none); }) == "picture: is 0 x 0 pixels; must have at least one");
  dht::Picture small = picture;
  small.rgb.pop_back();
  CHECK(error_of([&] { drawer.build(small); }) ==
        "picture: has 1199 numbers; must have 1200, three a pixel of 20 x 20");
  small = picture;
  small.alpha.resize(399);
  CHECK(error_of([&] { drawer.build(small); }) ==
        "picture: has 399 numbers of alpha; must have none, or 400, one a pixel");
  drawer.build(picture);
  CHECK(error_of([&] { drawer.regions(-1); }) == "byte_price: is -1; must be between 0 and 1e+07");
  CHECK(error_of([&] { drawer.regions(2e7); }) == "byte_price: is 2e+07; must be between 0 and 1e+07");
}
