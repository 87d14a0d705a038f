// SPDX-License-Identifier: MIT
// Drawings as text: lossless at tolerance 0, areas, nothing lost, nothing that crosses, colours, transparency.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <dht/vector/drawing.hpp>
#include <dht/vector/gradients.hpp>

#include "kit/catch.hpp"
#include "vector/drawn_shapes.hpp"
#include "vector/random_label_map.hpp"

using dht::test::distinct_fills;
using dht::test::DrawnShape;
using dht::test::random_labels;
using dht::test::RandomLabels;
using dht::test::read_drawing;
using dht::test::seen_at;

namespace {

std::string hex(const dht::Color& color) {
  std::string text;
  dht::detail::append_color(text, color);
  return text;
}

dht::DrawingOptions options_for(unsigned seed, dht::Form form) {
  dht::DrawingOptions options;
  options.form = form;
  options.fit.strokes =
      std::array{dht::Strokes::lines, dht::Strokes::curves, dht::Strokes::circles}[seed % 3];
  options.fit.tolerance = std::array{0.5, 1.0, 1.5, 3.0}[seed / 2 % 4];
  options.fit.byte_price = std::array{0.0, 400.0, 20000.0, 1e6}[seed / 5 % 4];
  options.fit.grid = 1 << seed / 3 % 3;
  return options;
}

double distance(dht::test::Place p, double x, double y) { return std::hypot(p.x - x, p.y - y); }

/// How many pixels' middles show another colour than their region's.
int wrong_pixels(const std::vector<DrawnShape>& shapes, const RandomLabels& map, const dht::Fills& fills,
                 int grid) {
  int wrong = 0;
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      const int shape = seen_at(shapes, {(x + 0.5) * grid, (y + 0.5) * grid});
      wrong += shape < 0 || shapes[shape].fill != hex(fills.color[map.view()(y, x)]);
    }
  return wrong;
}

/// Few pieces: what round arcs are for.
dht::DrawingOptions coarse_options(double byte_price) {
  dht::DrawingOptions options;
  options.fit.grid = 1;
  options.fit.byte_price = byte_price;
  options.fit.tolerance = 1.5;
  return options;
}

/// A disc of colour 1 on colour 0.
RandomLabels disc(int side, double radius) {
  RandomLabels map{side, side, 2, {}};
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      map.labels.push_back(std::hypot(x + 0.5 - side / 2.0, y + 0.5 - side / 2.0) < radius);
  return map;
}

}  // namespace

TEST_CASE("at tolerance 0 each pixel's middle is seen in its own region, in both forms",
          "[vector][drawing]") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    const dht::Fills fills = distinct_fills(map.regions);
    for (const dht::Form form : {dht::Form::flat, dht::Form::stacked}) {
      dht::DrawingOptions options;
      options.form = form;
      options.fit.tolerance = 0;
      options.fit.grid = seed % 2 ? 1 : 4;
      const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
      REQUIRE(shapes.size() == std::size_t(map.regions));
      INFO("map " << seed << (form == dht::Form::flat ? ", flat" : ", stacked"));
      CHECK(wrong_pixels(shapes, map, fills, options.fit.grid) == 0);
      int outside = 0;  // of the canvas: an editor would show it
      for (const DrawnShape& shape : shapes)
        for (const auto& ring : shape.rings)
          for (const dht::test::Place p : ring)
            outside += p.x < 0 || p.y < 0 || p.x > map.width * options.fit.grid ||
                       p.y > map.height * options.fit.grid;
      CHECK(outside == 0);
    }
  }
}

TEST_CASE("at any tolerance flat areas add up to the canvas, and no region vanishes", "[vector][drawing]") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const RandomLabels map = random_labels(seed, 20);
    const auto options = options_for(seed, dht::Form::flat);
    const auto shapes = read_drawing(dht::drawing(map.view(), distinct_fills(map.regions), options));
    REQUIRE(shapes.size() == std::size_t(map.regions));
    double sum = 0, least = 1;
    for (const auto& shape : shapes) sum += shape.area(), least = std::min(least, shape.area());
    INFO("map " << seed);
    // Flattened curves add rounding.
    CHECK(std::abs(sum - double(map.width) * map.height * options.fit.grid * options.fit.grid) <
          1e-6 * (1 + sum));
    CHECK(least > 0);
  }
}

TEST_CASE("stacked shapes leave no place of the canvas bare", "[vector][drawing]") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    const auto options = options_for(seed, dht::Form::stacked);
    const auto shapes = read_drawing(dht::drawing(map.view(), distinct_fills(map.regions), options));
    int bare = 0;
    const double grid = options.fit.grid;
    for (int y = 0; y < 2 * map.height; ++y)
      for (int x = 0; x < 2 * map.width; ++x)
        bare += seen_at(shapes, {(x / 2.0 + 0.3) * grid, (y / 2.0 + 0.21) * grid}) < 0;
    INFO("map " << seed);
    CHECK(bare == 0);
  }
}

TEST_CASE("both forms show the same picture", "[vector][drawing]") {
  int seen = 0, different = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const RandomLabels map = random_labels(seed, 20);
    const dht::Fills fills = distinct_fills(map.regions);
    const auto flat = read_drawing(dht::drawing(map.view(), fills, options_for(seed, dht::Form::flat)));
    const auto stacked = read_drawing(dht::drawing(map.view(), fills, options_for(seed, dht::Form::stacked)));
    const double grid = options_for(seed, dht::Form::flat).fit.grid;
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x) {
        const dht::test::Place p{(x + 0.5) * grid, (y + 0.5) * grid};
        const int a = seen_at(flat, p), b = seen_at(stacked, p);
        REQUIRE(a >= 0);
        REQUIRE(b >= 0);
        ++seen;
        different += flat[a].fill != stacked[b].fill;
      }
  }
  // A line that is hidden behind pixels may show where the boundary before them was moved.
  CHECK(different * 200 <= seen);
}

TEST_CASE("a later region's boundary is not written again", "[vector][drawing]") {
  const RandomLabels map = disc(40, 15);
  dht::DrawingOptions options;
  const auto stacked = read_drawing(dht::drawing(map.view(), distinct_fills(2), options));
  CHECK(stacked[0].rings.size() == 1);  // the canvas, without a hole
  CHECK(stacked[0].lines == 3);
  options.form = dht::Form::flat;
  CHECK(read_drawing(dht::drawing(map.view(), distinct_fills(2), options))[0].rings.size() == 2);
}

namespace {

/// Of the pixels beside one that is painted earlier, as `tried`, those that its shape covers, too. What is painted first
/// covers all of them and does not count.
struct Seams {
  int tried = 0, covered = 0;
};

Seams covered_seams(const RandomLabels& map, const dht::Fills& fills, const dht::DrawingOptions& options) {
  const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
  std::map<std::string, int> order;
  for (std::size_t i = 0; i < shapes.size(); ++i) order[shapes[i].fill] = static_cast<int>(i);
  const auto painted = [&](int y, int x) { return order.at(hex(fills.color[map.view()(y, x)])); };
  Seams seams;
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x)
      for (const auto& [v, u] : {std::pair{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}}) {
        if (v < 0 || u < 0 || v >= map.height || u >= map.width) continue;
        const int earlier = painted(v, u);
        if (earlier == 0 || earlier >= painted(y, x)) continue;
        ++seams.tried;
        seams.covered +=
            shapes[earlier].winding({(x + 0.5) * options.fit.grid, (y + 0.5) * options.fit.grid}) != 0;
      }
  return seams;
}

}  // namespace

TEST_CASE("where something else would shine through, shapes reach beneath those that are painted over them",
          "[vector][drawing]") {
  // Bright tiles on a dark frame.
  RandomLabels tiles{42, 42, 17, {}};
  for (int y = 0; y < 42; ++y)
    for (int x = 0; x < 42; ++x)
      tiles.labels.push_back(x < 3 || y < 3 || x > 38 || y > 38 ? 0 : 1 + (y - 3) / 9 * 4 + (x - 3) / 9);
  dht::DrawingOptions options;
  options.economical_colors = false;
  const auto bright = [](int regions) {
    dht::Fills fills = distinct_fills(regions);
    for (int r = 0; r < regions; ++r)
      fills.color[r] = {static_cast<std::uint8_t>(240 + r / 16), static_cast<std::uint8_t>(240 + r % 16),
                        240};
    return fills;
  };
  dht::Fills fills = bright(17);
  const Seams even = covered_seams(tiles, fills, options);
  fills.color[0] = {0, 0, 0};
  const Seams dark = covered_seams(tiles, fills, options);
  CHECK(dark.tried == 9 * 24);
  CHECK(dark.covered * 2 >=
        dark.tried);         // lines begin at a tile's own corners: near these they are too close
  CHECK(even.covered == 0);  // no bytes for what nobody sees

  // Ragged regions, of which thin ones leave no room.
  Seams with, without;
  for (unsigned seed = 0; seed < 100; ++seed) {
    const RandomLabels map = random_labels(seed, 24);
    options.fit.byte_price = 10;
    dht::Fills some = bright(map.regions);
    for (const bool is_dark : {false, true}) {
      // What is painted first.
      const auto shapes = read_drawing(dht::drawing(map.view(), some, options));
      if (is_dark)
        for (auto& color : some.color)
          if (hex(color) == shapes[0].fill) color = {0, 0, 0};
      const Seams seams = covered_seams(map, some, options);
      Seams& sum = is_dark ? with : without;
      sum.tried += seams.tried, sum.covered += seams.covered;
    }
  }
  // 2003 and 1432 of 3007 when this was written.
  CHECK(with.covered * 4 >= without.covered * 5);
}

TEST_CASE("a disc becomes a few smooth curves", "[vector][drawing]") {
  const double radius = 15;
  const RandomLabels map = disc(40, radius);
  dht::DrawingOptions options;
  options.fit.strokes = dht::Strokes::curves;
  options.fit.grid = 4;
  const auto shapes = read_drawing(dht::drawing(map.view(), distinct_fills(2), options));
  const auto& ring = shapes[1];
  CHECK(ring.curves >= 2);
  CHECK(ring.curves <= 8);
  CHECK(ring.lines <= 1);
  double most = 0;
  for (const auto p : ring.rings[0]) most = std::max(most, std::abs(distance(p, 80, 80) / 4 - radius));
  CHECK(most < 0.75);  // half a pixel of the labels, and the tolerance's share
}

TEST_CASE("a disc becomes two halves of a circle", "[vector][drawing]") {
  const RandomLabels map = disc(400, 140);
  const dht::DrawingOptions options = coarse_options(4000);
  const auto text = dht::drawing(map.view(), distinct_fills(2), options);
  INFO(text);
  CHECK(text.find("d=\"m200 60a140 140 0 0 1 0 280 140 140 0 0 1 0-280z\"") != text.npos);
}

TEST_CASE("a fluid drawing is the same without width and height", "[vector][drawing]") {
  const RandomLabels map = disc(40, 15);
  dht::DrawingOptions options;
  std::string fixed = dht::drawing(map.view(), distinct_fills(2), options);
  options.fixed_size = false;
  const std::string fluid = dht::drawing(map.view(), distinct_fills(2), options);
  const std::string size = " width=\"40\" height=\"40\"";
  REQUIRE(fixed.find(size) != fixed.npos);
  fixed.erase(fixed.find(size), size.size());
  CHECK(fluid == fixed);
  CHECK(fluid.find(" viewBox=\"0 0 80 80\"") != fluid.npos);
}

TEST_CASE("ellipses become few arcs with their radii", "[vector][drawing]") {
  // Flat, and tall: 90 x 50 and 50 x 90 in the middle of the canvas.
  for (const auto& [rx, ry] : {std::pair(90, 50), std::pair(50, 90)}) {
    RandomLabels map{200, 200, 2, std::vector<std::int32_t>(200 * 200)};
    int pixels = 0;
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 200; ++x) {
        const double u = (x - 99.5) / rx, v = (y - 99.5) / ry;
        map.labels[y * 200 + x] = u * u + v * v < 1;
        pixels += map.labels[y * 200 + x];
      }
    const dht::DrawingOptions options = coarse_options(40000);
    const auto text = dht::drawing(map.view(), distinct_fills(2), options);
    INFO(text);
    const auto shapes = read_drawing(text);
    REQUIRE(shapes.size() == 2);
    const auto& ellipse = shapes[1];
    CHECK(ellipse.arcs >= 2);
    CHECK(ellipse.arcs + ellipse.lines <= 4);
    CHECK(std::abs(std::abs(ellipse.area()) - pixels) < 0.01 * pixels);
    for (const auto p : ellipse.rings[0])
      CHECK(std::abs(std::hypot((p.x - 100) / rx, (p.y - 100) / ry) - 1) < 1.5 / std::min(rx, ry));
  }
}

TEST_CASE("both sides of an arc of a circle bulge the same way", "[vector][drawing]") {
  // A disc, and a part of one at the border: closed, and from junction to junction.
  for (const int middle : {100, 40}) {
    RandomLabels map{200, 200, 2, {}};
    double pixels = 0;
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 200; ++x) {
        map.labels.push_back(std::hypot(x + 0.5 - middle, y + 0.5 - 100) < 70);
        pixels += map.labels.back();
      }
    dht::DrawingOptions options = coarse_options(4000);
    options.form = dht::Form::flat;
    const auto shapes = read_drawing(dht::drawing(map.view(), distinct_fills(2), options));
    REQUIRE(shapes.size() == 2);
    INFO("middle " << middle);
    for (const DrawnShape& shape : shapes) CHECK(shape.arcs > 0);
    const auto& round = shapes[map.labels[0] == 0 ? 1 : 0];
    CHECK(std::abs(round.area() - pixels) < 0.01 * pixels);
    CHECK(std::abs(shapes[0].area() + shapes[1].area() - 40000) < 1e-6 * 40000);
  }
}

TEST_CASE("a rectangle keeps its corners, whatever boundaries are made of", "[vector][drawing]") {
  RandomLabels map{30, 30, 2, std::vector<std::int32_t>(900)};
  for (int y = 5; y < 20; ++y)
    for (int x = 7; x < 27; ++x) map.labels[std::size_t(y) * 30 + x] = 1;
  for (const dht::Strokes strokes : {dht::Strokes::lines, dht::Strokes::circles, dht::Strokes::curves}) {
    dht::DrawingOptions options;
    options.fit.strokes = strokes;
    options.fit.grid = 1;
    const auto text = dht::drawing(map.view(), distinct_fills(2), options);
    INFO(text);
    CHECK(text.find("d=\"m7 5h20v15h-20z\"") != text.npos);
  }
}

TEST_CASE("where a photo is blurred, boundaries lie where its colours change", "[vector][drawing]") {
  // A slanted edge, each pixel as dark as it is covered: labels know only which side has more.
  const int side = 40;
  dht::Picture photo(side, side);
  RandomLabels map{side, side, 2, {}};
  const auto edge = [](double y) { return 15.3 + y / 7; };
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double covered = std::clamp(edge(y + 0.5) - x, 0.0, 1.0);
      for (int c = 0; c < 3; ++c)
        photo.pixel(y, x)[c] = static_cast<std::uint8_t>(std::lround(200 * covered));
      map.labels.push_back(covered < 0.5);
    }
  const dht::Fills fills{{{200, 200, 200}, {0, 0, 0}}, {}, {}};
  dht::DrawingOptions options;
  options.fit.grid = 8;
  const auto worst = [&](const dht::Picture* picture) {
    const auto shapes = read_drawing(dht::drawing(map.view(), fills, options, picture));
    double most = 0;
    for (const auto p : shapes[1].rings[0])
      if (p.x < side * 8 && p.y > 8 && p.y < side * 8 - 8)
        most = std::max(most, std::abs(p.x / 8 - edge(p.y / 8)));
    return most;
  };
  CHECK(worst(&photo) < 0.2);
}

TEST_CASE("a region that does not show is no shape, and nothing covers it", "[vector][drawing]") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    dht::Fills fills = distinct_fills(map.regions);
    fills.visible.assign(map.regions, 1);
    fills.visible[seed % map.regions] = 0;
    for (const dht::Form form : {dht::Form::flat, dht::Form::stacked}) {
      dht::DrawingOptions options;
      options.form = form;
      options.fit.tolerance = 0;
      options.fit.grid = 1;
      const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
      CHECK(shapes.size() == std::size_t(map.regions) - 1);
      int wrong = 0;
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) {
          const bool shows = fills.shows(map.view()(y, x));
          wrong += (seen_at(shapes, {x + 0.5, y + 0.5}) >= 0) != shows;
        }
      INFO("map " << seed << (form == dht::Form::flat ? ", flat" : ", stacked"));
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("a region that is not wholly opaque is painted once, exactly, over nothing and under nothing",
          "[vector][drawing]") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    dht::Fills fills = distinct_fills(map.regions);
    for (std::int32_t r = 0; r < map.regions; ++r)
      fills.opacity.push_back(r % 3 == std::int32_t(seed % 3) ? 40 : 100);
    for (const dht::Form form : {dht::Form::flat, dht::Form::stacked}) {
      dht::DrawingOptions options;
      options.form = form;
      options.fit.tolerance = 0;
      options.fit.grid = 1;
      options.one_path_a_color = seed % 2 != 0;
      const std::string text = dht::drawing(map.view(), fills, options);
      const auto shapes = read_drawing(text);
      CHECK(shapes.size() == std::size_t(map.regions));
      int wrong = 0;
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) {
          const std::int32_t label = map.view()(y, x);
          std::string own;
          dht::detail::append_color(own, fills.color[label]);
          std::vector<std::string> seen;
          for (const auto& shape : shapes)
            if (shape.winding({x + 0.5, y + 0.5}) != 0) seen.push_back(shape.fill);
          wrong += seen.empty() || seen.back() != own || (!fills.opaque(label) && seen.size() != 1);
        }
      INFO("map " << seed << (form == dht::Form::flat ? ", flat" : ", stacked"));
      CHECK(wrong == 0);
      std::ptrdiff_t faint = 0;
      for (std::size_t at = 0; (at = text.find(" fill-opacity=\".4\"", at)) != text.npos; ++at) ++faint;
      CHECK(faint == std::count(fills.opacity.begin(), fills.opacity.end(), 40));
    }
  }
}

TEST_CASE("what is not opaque is not painted twice, by a copy or by layers below", "[vector][drawing]") {
  const RandomLabels map = disc(20, 6);
  dht::Fills fills = distinct_fills(2);
  dht::DrawingOptions options;
  options.seams = dht::Seams::under_copy;
  const auto layered = [&] { return dht::drawing({{map.view(), fills}, {map.view(), fills}}); };
  CHECK(dht::drawing(map.view(), fills, options).find("<use") != std::string::npos);
  CHECK(layered().find("display:none") == std::string::npos);
  fills.opacity = {100, 7};
  const std::string text = dht::drawing(map.view(), fills, options);
  CHECK(text.find("<use") == std::string::npos);
  CHECK(text.find(" fill-opacity=\".07\"") != std::string::npos);
  const std::string twice = layered();
  CHECK(twice.find("display:none") < twice.find("layer1"));
  CHECK(twice.find("display:none", twice.find("layer1")) == std::string::npos);
  options.seams = dht::Seams::strokes;
  const std::string stroked = dht::drawing(map.view(), fills, options);
  CHECK(stroked.find(" stroke=\"") == stroked.rfind(" stroke=\""));
}

TEST_CASE("what is transparent is taken out of its regions", "[vector][fills]") {
  const std::vector<std::int32_t> labels{0, 0, 1, 1};
  const std::vector<std::uint8_t> opaque{1, 0, 0, 0};
  const auto view = dht::plane_view(labels.data(), 2, 2);
  const auto separated = dht::separate_transparent(view, 2, dht::plane_view(opaque.data(), 2, 2));
  CHECK(separated.labels == std::vector<std::int32_t>{0, 2, 2, 2});
  CHECK(separated.regions == 3);
  dht::Fills fills = distinct_fills(3);
  fills.visible = {1, 1, 0};
  const auto shapes = read_drawing(dht::drawing(dht::plane_view(separated.labels.data(), 2, 2), fills));
  REQUIRE(shapes.size() == 1);
  CHECK(shapes[0].area() == 4);  // a pixel on a grid of two steps
  CHECK_THROWS_WITH(dht::separate_transparent(view, 2, dht::plane_view(opaque.data(), 1, 4)),
                    "opaque: is 1 x 4; must be 2 x 2 like the labels");
}

TEST_CASE("layers are groups, painted one over the other", "[vector][drawing]") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    dht::DrawingOptions options;
    options.fit.tolerance = 0;
    options.fit.grid = 1;
    // One region below, the same map above.
    const std::vector<std::int32_t> one(map.labels.size(), 0);
    dht::Fills black = distinct_fills(1);
    black.color[0] = {0, 0, 0};
    std::vector<dht::DrawingLayer> layers{{dht::plane_view(one.data(), map.height, map.width), black},
                                          {map.view(), distinct_fills(map.regions)}};
    const auto text = dht::drawing(layers, options);
    INFO(text);
    const auto first = text.find("<g id=\"layer0\""), second = text.find("<g id=\"layer1\"");
    REQUIRE(first != text.npos);
    REQUIRE(second != text.npos);
    const auto last = text.find("</g>\n</svg>");
    REQUIRE(last != text.npos);
    CHECK(text.find("</g>") < second);
    const auto shapes = read_drawing(text);
    CHECK(wrong_pixels(shapes, map, layers[1].fills, 1) == 0);
    // With the upper layer hidden, the lower one is seen.
    const auto below = read_drawing(text.substr(0, second) + "</svg>");
    REQUIRE(below.size() == 1);
    CHECK(below[0].area() == double(map.height) * map.width);
    // And alone, the upper layer is what it would have been without the other.
    const auto alone = dht::drawing(map.view(), layers[1].fills, options);
    const auto paths = alone.substr(alone.find("<path"), alone.rfind("</svg>") - alone.find("<path"));
    CHECK(text.find(paths) != text.npos);
  }
  CHECK_THROWS_WITH(dht::drawing(std::vector<dht::DrawingLayer>{}), "layers: are none; must be at least one");
  const RandomLabels small = disc(8, 2), large = disc(9, 2);
  CHECK_THROWS_WITH(dht::drawing({{small.view(), distinct_fills(2)}, {large.view(), distinct_fills(2)}}),
                    "layers: one is 9 x 9; must be 8 x 8 like the first");
}

TEST_CASE("a path a colour shows the same picture", "[vector][drawing]") {
  std::size_t paths = 0, regions = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const RandomLabels map = random_labels(seed, 16);
    dht::Fills fills = distinct_fills(map.regions);
    // Few colours, also of neighbours.
    const std::int32_t colors = 1 + static_cast<std::int32_t>(seed % 4);
    for (std::int32_t r = 0; r < map.regions; ++r) fills.color[r] = fills.color[r % colors];
    const auto most = std::size_t(std::min(map.regions, colors));
    if (seed % 5 == 4) fills.visible.assign(std::size_t(map.regions), 1), fills.visible[0] = 0;
    for (const dht::Form form : {dht::Form::flat, dht::Form::stacked}) {
      dht::DrawingOptions options;
      options.form = form;
      options.one_path_a_color = true;
      options.fit.tolerance = 0;
      options.fit.grid = 1;
      const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
      CHECK(shapes.size() <= most);
      paths += shapes.size(), regions += std::size_t(map.regions);
      INFO("map " << seed << (form == dht::Form::flat ? ", flat" : ", stacked"));
      if (fills.visible.empty()) {
        CHECK(wrong_pixels(shapes, map, fills, 1) == 0);
        continue;
      }
      int wrong = 0;
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) {
          const int shape = seen_at(shapes, {x + 0.5, y + 0.5});
          const std::int32_t region = map.view()(y, x);
          wrong += region == 0 ? shape >= 0 : shape < 0 || shapes[shape].fill != hex(fills.color[region]);
        }
      CHECK(wrong == 0);
    }
  }
  CHECK(paths < regions * 2 / 3);
}

TEST_CASE("what lies in a hole that its own colour fills is not written", "[vector][drawing]") {
  // A frame of colour 1, within it an area of colour 2, and in that a spot of colour 1 again.
  RandomLabels map{30, 30, 4, {}};
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 30; ++x) {
      const int inwards = std::min({x, y, 29 - x, 29 - y});
      map.labels.push_back(inwards < 3 ? 0 : inwards < 6 ? 1 : inwards < 13 ? 2 : 3);
    }
  dht::Fills fills = distinct_fills(4);
  fills.color[3] = fills.color[1];
  dht::DrawingOptions options;
  options.one_path_a_color = true;
  options.fit.grid = 1;
  const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
  REQUIRE(shapes.size() == 3);
  CHECK(shapes[1].rings.size() == 1);  // the frame's outside, which paints the spot as well
  CHECK(wrong_pixels(shapes, map, fills, 1) == 0);
}

TEST_CASE("what lies in a hole that another colour fills is written", "[vector][drawing]") {
  // 0 around everything, 1 a wide frame, in its hole 3 around a piece of 2, which has a long piece elsewhere: 2 is painted
  // before 3 and after 1.
  RandomLabels map{45, 61, 4, std::vector<std::int32_t>(45 * 61, 0)};
  const auto fill = [&](int top, int left, int bottom, int right, int label) {
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) map.labels[y * map.width + x] = label;
  };
  fill(1, 1, 31, 60, 1);
  fill(11, 21, 21, 37, 3);
  fill(14, 25, 18, 32, 2);
  fill(37, 3, 39, 50, 2);
  const dht::Fills fills = distinct_fills(4);
  dht::DrawingOptions options;
  options.fit.tolerance = 0;
  const auto shapes = read_drawing(dht::drawing(map.view(), fills, options));
  REQUIRE(shapes.size() == 4);
  CHECK(shapes[1].fill == hex(fills.color[1]));
  CHECK(shapes[2].fill == hex(fills.color[2]));
  CHECK(wrong_pixels(shapes, map, fills, options.fit.grid) == 0);
}

TEST_CASE("lines that go straight on across a junction are one", "[vector][drawing]") {
  // Three columns above a row: the row's upper side is cut by two junctions.
  RandomLabels map{4, 9, 4, {}};
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 9; ++x) map.labels.push_back(y < 2 ? x / 3 : 3);
  dht::DrawingOptions options;
  options.form = dht::Form::flat;
  options.fit.grid = 1;
  const auto text = dht::drawing(map.view(), distinct_fills(4), options);
  INFO(text);
  CHECK(text.find("d=\"m0 2h9v2h-9z\"") != text.npos);
}

TEST_CASE("pixel art is drawn in its large pixels", "[vector][drawing]") {
  int checked = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const RandomLabels small = random_labels(9000 + seed, 20);
    const int step = 4 + static_cast<int>(seed % 3);
    RandomLabels large{small.height * step, small.width * step, small.regions, {}};
    for (int y = 0; y < large.height; ++y)
      for (int x = 0; x < large.width; ++x) large.labels.push_back(small.view()(y / step, x / step));
    dht::DrawingOptions options;
    options.fit.grid = 1;
    options.form = seed % 2 ? dht::Form::flat : dht::Form::stacked;
    const dht::Fills fills = distinct_fills(small.regions);
    const auto text = dht::drawing(large.view(), fills, options);
    const auto number = [](int n) { return std::to_string(n); };
    INFO("map " << seed << "\n" << text);
    CHECK(text.find("width=\"" + number(large.width) + "\" height=\"" + number(large.height) + "\"") !=
          text.npos);
    const auto box = [&](const RandomLabels& map) {
      return text.find("viewBox=\"0 0 " + number(map.width) + " " + number(map.height) + "\"") != text.npos;
    };
    if (box(large)) continue;  // too few large pixels, or chance made them larger
    if (!box(small)) continue;
    CHECK(wrong_pixels(read_drawing(text), small, fills, 1) == 0);
    ++checked;
  }
  CHECK(checked >= 10);
  // A checkerboard is one for certain.
  RandomLabels board{64, 64, 2, {}};
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) board.labels.push_back((x / 8 + y / 8) % 2);
  dht::DrawingOptions options;
  options.fit.grid = 1;
  CHECK(dht::drawing(board.view(), distinct_fills(2), options).find("viewBox=\"0 0 8 8\"") !=
        std::string::npos);
  options.seams = dht::Seams::strokes;
  CHECK(dht::drawing(board.view(), distinct_fills(2), options).find("viewBox=\"0 0 64 64\"") !=
        std::string::npos);
}

TEST_CASE("gradients of layers have names of their own", "[vector][drawing]") {
  const RandomLabels map = disc(8, 2);
  dht::Fills fills = distinct_fills(2);
  fills.gradient_of = {-1, 0};
  fills.gradients.push_back({{0, 0}, {8, 8}, {1, 2, 3}, {200, 100, 50}});
  const auto text = dht::drawing({{map.view(), fills}, {map.view(), fills}});
  CHECK(text.find("id=\"A\"") != text.npos);
  CHECK(text.find("id=\"B\"") != text.npos);
  CHECK(text.find("url(#A)") < text.find("id=\"B\""));
  CHECK(text.find("url(#B)") != text.npos);
}

TEST_CASE("strokes have the colours of what they surround", "[vector][drawing]") {
  const RandomLabels map = disc(8, 2);
  dht::DrawingOptions options;
  options.form = dht::Form::flat;
  options.seams = dht::Seams::strokes;
  const dht::Fills fills = distinct_fills(2);
  for (const int grid : {1, 2, 4}) {
    options.fit.grid = grid;
    const auto text = dht::drawing(map.view(), fills, options);
    CHECK(text.find(grid == 1   ? "stroke-width=\".5\""
                    : grid == 2 ? "stroke-width=\"1\""
                                : "stroke-width=\"2\"") != text.npos);
    for (const auto& color : fills.color)
      CHECK(text.find("fill=\"" + hex(color) + "\" stroke=\"" + hex(color) + "\"") != text.npos);
  }
}

TEST_CASE("the same labels give the same text", "[vector][drawing]") {
  const RandomLabels map = random_labels(5, 60);
  const auto options = options_for(1, dht::Form::stacked);
  CHECK(dht::drawing(map.view(), distinct_fills(map.regions), options) ==
        dht::drawing(map.view(), distinct_fills(map.regions), options));
}

TEST_CASE("mean colours of stored values and of light", "[vector][fills]") {
  dht::Picture picture(1, 3);
  for (int c = 0; c < 3; ++c) picture.pixel(0, 0)[c] = 255, picture.pixel(0, 2)[c] = std::uint8_t(10 * c);
  const std::vector<std::int32_t> labels{0, 0, 1};
  const auto view = dht::plane_view(labels.data(), 1, 3);
  const dht::Fills values = dht::mean_fills(picture, view, 3);
  CHECK(values.color[0] == dht::Color{128, 128, 128});
  CHECK(values.color[1] == dht::Color{0, 10, 20});
  CHECK(values.pixels == std::vector<std::int32_t>{2, 1, 0});
  // Half of white's light is 188 in sRGB.
  const dht::Fills light = dht::mean_fills(picture, view, 3, dht::Light::linear);
  CHECK(light.color[0] == dht::Color{188, 188, 188});
  CHECK(light.color[1] == dht::Color{0, 10, 20});
}

TEST_CASE("typical colours: what more than half of a region's pixels have, else the mean",
          "[vector][fills]") {
  const std::vector<std::uint8_t> red{90, 7, 200, 7, 7, 10, 10, 20, 20, 1, 2, 6};
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2};
  dht::Picture picture(1, 12);
  for (std::size_t i = 0; i < red.size(); ++i) picture.rgb[3 * i] = red[i], picture.rgb[3 * i + 1] = 50;
  const auto view = dht::plane_view(labels.data(), 1, 12);
  const dht::Fills fills = dht::typical_fills(picture, view, 4);
  CHECK(fills.color == std::vector<dht::Color>{{7, 50, 0}, {15, 50, 0}, {3, 50, 0}, {0, 0, 0}});
  CHECK(fills.pixels == std::vector<std::int32_t>{5, 4, 3, 0});
  // One that is lost among others on its way, and is the majority nevertheless.
  for (int majority = 0; majority < 5; ++majority) {
    std::vector<std::uint8_t> order{9, 9, 9, 1, 2};
    std::rotate(order.begin(), order.begin() + majority, order.end());
    dht::Picture turned(1, 5);
    for (std::size_t i = 0; i < 5; ++i) turned.rgb[3 * i] = order[i];
    CHECK(dht::typical_fills(turned, dht::plane_view(labels.data(), 1, 5), 1).color[0][0] == 9);
  }
  CHECK_THROWS_WITH(dht::typical_fills(dht::Picture(1, 2), view, 4),
                    "labels: are 1 x 12; must be 1 x 2 like the picture");
}

TEST_CASE("economical colours: small regions get short ones, large ones stay near", "[vector][fills]") {
  dht::Fills fills{{{130, 77, 203}, {130, 77, 203}, {130, 77, 203}}, {}, {1, 1000, 1000000}};
  dht::economise_colors(fills, 1000);
  for (const std::uint8_t channel : fills.color[0]) CHECK(channel % 17 == 0);
  for (int c = 0; c < 3; ++c) CHECK(std::abs(fills.color[1][c] - std::array{130, 77, 203}[c]) <= 3);
  CHECK(fills.color[2] == dht::Color{130, 77, 203});
  dht::Fills unknown{{{130, 77, 203}}, {}, {}};
  dht::economise_colors(unknown, 1e6);
  CHECK(unknown.color[0] == dht::Color{130, 77, 203});
}

TEST_CASE("economical colours: a region shares that of a larger one where this costs less than a path",
          "[vector][fills]") {
  // 20 pixels that differ by 10 in each channel: 6000 of squared error, as six bytes cost at 1000.
  const dht::Fills fills{{{100, 100, 100}, {110, 110, 110}, {200, 30, 30}}, {}, {100000, 20, 20}};
  const auto economised = [&](double price, bool share) {
    dht::Fills changed = fills;
    dht::economise_colors(changed, price, share);
    return changed.color;
  };
  const auto apart = economised(999, true), together = economised(1001, true),
             alone = economised(1001, false);
  CHECK(apart[0] != apart[1]);
  CHECK(together[0] == together[1]);
  CHECK(together[0] == dht::Color{100, 100, 100});
  CHECK(together[2] != together[0]);
  CHECK(alone[0] != alone[1]);
  dht::Fills hidden = fills;
  hidden.visible = {0, 1, 1};
  dht::economise_colors(hidden, 1001, true);
  CHECK(hidden.color[0] == dht::Color{100, 100, 100});
  CHECK(hidden.color[1] != hidden.color[0]);
}

TEST_CASE("a ramp becomes a gradient, a flat region does not", "[vector][fills]") {
  const int side = 40;
  dht::Picture picture(side, side);
  std::vector<std::int32_t> labels;
  const auto ramp = [](int x, int y, int c) { return 60.0 + 2.1 * x - 1.2 * y + 20 * c; };
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      labels.push_back(x >= 30);
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] = x >= 30 ? 90 : static_cast<std::uint8_t>(std::lround(ramp(x, y, c)));
    }
  const auto view = dht::plane_view(const_cast<const std::int32_t*>(labels.data()), side, side);
  dht::Fills fills = dht::mean_fills(picture, view, 2);
  dht::add_gradients(fills, picture, view, 400);
  REQUIRE(fills.gradient_of == std::vector<std::int32_t>{0, -1});
  const dht::Gradient g = fills.gradients[0];
  const double dx = g.to.x - g.from.x, dy = g.to.y - g.from.y;
  double worst = 0;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < 30; ++x) {
      const double t =
          std::clamp(((x + 0.5 - g.from.x) * dx + (y + 0.5 - g.from.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
      for (int c = 0; c < 3; ++c)
        worst = std::max(worst, std::abs(g.first[c] + t * (g.last[c] - g.first[c]) - ramp(x, y, c)));
    }
  CHECK(worst < 6);  // 24 directions: at most 3.75 degrees off
  dht::DrawingOptions options;
  options.fit.grid = 1;
  const auto text = dht::drawing(view, fills, options);
  CHECK(text.find("<linearGradient id=\"A\" x1=") != text.npos);
  CHECK(text.find("<path fill=\"url(#A)\" d=") != text.npos);
  dht::add_gradients(fills, picture, view, 1e6);
  CHECK(fills.gradients.empty());
  CHECK_THROWS_WITH(dht::add_gradients(fills, dht::Picture(1, 2), view, 1),
                    "labels: are 40 x 40; must be 1 x 2 like the picture");
}

TEST_CASE("what a drawing cannot be made of is refused with a sentence", "[vector][drawing]") {
  const std::vector<std::int32_t> labels{0, 1};
  const auto view = dht::plane_view(labels.data(), 1, 2);
  const dht::PlanarMap map = dht::planar_map(view, 2);
  CHECK_THROWS_WITH(dht::fit_arcs(map, distinct_fills(3)),
                    "fills: are 3 colours; must be one for each of the 2 regions");
  const auto refused = [&](auto change) {
    dht::FitOptions options;
    change(options);
    dht::fit_arcs(map, distinct_fills(2), options);
  };
  CHECK_THROWS_WITH(refused([](auto& o) { o.tolerance = -1; }), "tolerance: is -1; must be between 0 and 64");
  CHECK_THROWS_WITH(refused([](auto& o) { o.byte_price = -1; }),
                    "byte_price: is -1; must be between 0 and 10000000");
  CHECK_THROWS_WITH(refused([](auto& o) { o.grid = 3; }), "grid: is 3; must be 1, 2, 4 or 8");
  const dht::Picture picture(1, 3);
  CHECK_THROWS_WITH(dht::mean_fills(picture, view, 2), "labels: are 1 x 2; must be 1 x 3 like the picture");
  CHECK_THROWS_WITH(dht::mean_fills(dht::Picture(1, 2), view, 1),
                    "labels: is 1 at row 0, column 1; must be between 0 and 0");
  CHECK_THROWS_WITH(dht::mean_fills(dht::Picture(1, 2), view, 0), "regions: is 0; must be at least 1");
  CHECK_THROWS_WITH(dht::drawing(dht::LabelView{nullptr, 40, 40}, distinct_fills(2)),
                    "labels: has no data (null pointer)");
  CHECK_THROWS_WITH(dht::drawing(view, distinct_fills(1)),
                    "labels: is 1 at row 0, column 1; must be between 0 and 0");
  CHECK_THROWS_WITH(dht::drawing(view, distinct_fills(2), {}, &picture),
                    "picture: is 1 x 3; must be 1 x 2 like the labels");
  CHECK_THROWS_WITH(dht::balanced_byte_price(picture, view, distinct_fills(2)),
                    "labels: are 1 x 2; must be 1 x 3 like the picture");
  CHECK_THROWS_WITH(dht::balanced_byte_price(dht::Picture(1, 2), view, distinct_fills(1)),
                    "labels: is 1 at row 0, column 1; must be between 0 and 0");
  dht::Fills one = distinct_fills(1);
  CHECK_THROWS_WITH(dht::add_gradients(one, dht::Picture(1, 2), view, 1),
                    "labels: is 1 at row 0, column 1; must be between 0 and 0");
  dht::Picture small(1, 2);
  small.rgb.pop_back();
  const char* const too_small = "picture: has 5 numbers; must have 6, three a pixel of 1 x 2";
  CHECK_THROWS_WITH(dht::mean_fills(small, view, 2), too_small);
  CHECK_THROWS_WITH(dht::drawing(view, distinct_fills(2), {}, &small), too_small);
}

TEST_CASE("the example of docs/vector.md: a drawing of a photo", "[vector][drawing]") {
  const RandomLabels labels = disc(20, 6);
  const dht::Picture photo(20, 20);
  // example-begin drawing
  const std::int32_t regions = 2;
  const dht::Fills fills = dht::typical_fills(photo, labels.view(), regions);
  dht::DrawingOptions options;
  options.title = "A shore";
  options.fit.byte_price = dht::balanced_byte_price(photo, labels.view(), fills);
  const std::string text = dht::drawing(labels.view(), fills, options, &photo);
  // example-end drawing
  CHECK(text.find("<title>A shore</title>") != text.npos);
  CHECK(read_drawing(text).size() == 2);
}
