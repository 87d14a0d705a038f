// SPDX-License-Identifier: MIT
// Drawings painted: shares of pixels as a slow rasteriser finds them, colours, gradients, opacity; and errors from a picture.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/vector/drawing.hpp>
#include <dht/vector/painted.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "vector/drawn_shapes.hpp"
#include "vector/random_label_map.hpp"

namespace {

using Pixel = std::array<std::uint8_t, 4>;

const std::string head =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"3\" viewBox=\"0 0 8 6\">\n";

dht::PaintedDrawing paint(const std::string& shapes) {
  return dht::painted(head + shapes + "</svg>\n", 3, 4);
}

/// A disc of colour 1 on colour 0, and the drawing of it.
std::string disc_drawing(int size, double radius, dht::Strokes strokes) {
  std::vector<std::int32_t> labels;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) labels.push_back(std::hypot(x - 19.6, y - 20.2) < radius);
  dht::Fills fills{{{255, 255, 255}, {0, 0, 0}}, {}, {}};
  dht::DrawingOptions options;
  options.fit.strokes = strokes;
  return dht::drawing(dht::plane_view(static_cast<const std::int32_t*>(labels.data()), size, size), fills,
                      options);
}

}  // namespace

TEST_CASE("painted: shares of pixels, colours over colours", "[vector]") {
  // On a grid of half pixels.
  const auto seen = paint(
      "<path fill=\"#fff\" d=\"m0 0h8v6h-8z\"/>\n<path fill=\"#804020\" d=\"m1 1h3v2h-3zm6 4h1v1h-1z\"/>\n");
  const auto white_with = [](double share) {
    Pixel mixed{};
    const double color[4] = {128, 64, 32, 255};
    for (int c = 0; c < 4; ++c)
      mixed[c] = static_cast<std::uint8_t>(std::lround(255 + (color[c] - 255) * share));
    return mixed;
  };
  const double share[3][4] = {{0.25, 0.5, 0, 0}, {0.25, 0.5, 0, 0}, {0, 0, 0, 0.25}};
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x) {
      CAPTURE(y, x);
      CHECK(seen.pixel[std::size_t(y * 4 + x)] == white_with(share[y][x]));
    }
}

TEST_CASE("painted: holes, what is not opaque, what is bare", "[vector]") {
  const auto seen = paint("<path fill=\"#0f0\" fill-opacity=\".4\" d=\"m0 0h8v6h-8zm2 2v2h2v-2z\"/>\n");
  CHECK(seen.pixel[0] == Pixel{0, 102, 0, 102});
  CHECK(seen.pixel[5] == Pixel{0, 0, 0, 0});
  CHECK(seen.pixel[6] == Pixel{0, 102, 0, 102});
}

TEST_CASE("painted: gradients run from pixel to pixel", "[vector]") {
  const auto seen = paint(
      "<linearGradient id=\"A\" x1=\"1\" y1=\"0\" x2=\"5\" y2=\"0\" gradientUnits=\"userSpaceOnUse\"><stop "
      "stop-color=\"#000\"/><stop offset=\"1\" stop-color=\"#c80000\"/></linearGradient>\n"
      "<path fill=\"url(#A)\" d=\"m0 0h8v6h-8z\"/>\n");
  CHECK(seen.pixel[0] == Pixel{0, 0, 0, 255});
  CHECK(seen.pixel[1] == Pixel{100, 0, 0, 255});
  CHECK(seen.pixel[2] == Pixel{200, 0, 0, 255});
}

TEST_CASE("painted: round arcs and curves as sixteen samples a side see them", "[vector]") {
  for (const dht::Strokes strokes : {dht::Strokes::lines, dht::Strokes::circles, dht::Strokes::curves}) {
    const std::string text = disc_drawing(40, 13.3, strokes);
    const dht::PaintedDrawing seen = dht::painted(text, 40, 40);
    const auto shapes = dht::test::read_drawing(text);
    const double grid = 2;  // the default
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) {
        if (std::abs(std::hypot(x - 19.1, y - 19.7) - 13.3) > 2) continue;
        int black = 0;
        for (int k = 0; k < 256; ++k)
          black += dht::test::seen_at(
                       shapes, {grid * (x + (k % 16 + 0.5) / 16), grid * (y + (k / 16 + 0.5) / 16)}) == 1;
        CAPTURE(int(strokes), y, x);
        // Samples see an edge within a half of 1/16 of the pixel's side.
        CHECK(std::abs(255 - seen.pixel[std::size_t(y * 40 + x)][0] - black * 255.0 / 256) < 12);
      }
  }
}

TEST_CASE("painted: drawings along the pixels' own outlines show the labels' colours", "[vector]") {
  for (unsigned seed = 0; seed < 12; ++seed) {
    const auto map = dht::test::random_labels(300 + seed, 24);
    const dht::Fills fills = dht::test::distinct_fills(map.regions);
    dht::DrawingOptions options;
    options.fit.tolerance = 0;
    options.fit.grid = seed % 2 ? 1 : 2;
    options.form = seed % 3 ? dht::Form::stacked : dht::Form::flat;
    options.seams = seed % 4 == 3 ? dht::Seams::under_copy : dht::Seams::none;
    dht::Picture picture(map.height, map.width);
    for (std::size_t p = 0; p < map.labels.size(); ++p)
      for (std::size_t c = 0; c < 3; ++c) picture.rgb[3 * p + c] = fills.color[std::size_t(map.labels[p])][c];
    const auto seen = dht::painted(dht::drawing(map.view(), fills, options), map.height, map.width);
    CHECK(dht::squared_error(seen, picture) == 0);
    picture.pixel(0, 0)[1] ^= 4;
    CHECK(dht::squared_error(seen, picture) == 16);
  }
}

TEST_CASE("painted: errors where the picture or the drawing has no colour", "[vector]") {
  dht::Picture picture(1, 2);
  picture.rgb = {255, 255, 255, 255, 255, 255};
  dht::PaintedDrawing seen{1, 2, {{}, {}}};
  // Nothing on black is as far from white as can be, on white it is white.
  CHECK(dht::squared_error(seen, picture) == 2 * 3 * (255 * 255 / 2));
  const std::vector<std::uint8_t> opaque{0, 255};
  const auto mask = dht::plane_view(opaque.data(), 1, 2);
  CHECK(dht::squared_error(seen, picture, mask) == 3 * (255 * 255 / 2));
  seen.pixel[1] = {255, 255, 255, 255};
  CHECK(dht::squared_error(seen, picture, mask) == 0);
  using dht::test::error_of;
  CHECK(error_of([&] { dht::squared_error(seen, dht::Picture(2, 1)); }) ==
        "drawing: is 1 x 2; must be 2 x 1 like the picture");
  dht::Picture small(1, 2);
  small.rgb.pop_back();
  CHECK(error_of([&] { dht::squared_error(seen, small); }) ==
        "picture: has 5 numbers; must have 6, three a pixel of 1 x 2");
  CHECK(error_of([] { dht::painted("<svg >", 0, 1); }) == "size: is 0 x 1; must be at least 1 x 1");
  CHECK(error_of([] { dht::painted("nothing", 1, 1); }) == "text: has no <svg>; must be a drawing");
}
