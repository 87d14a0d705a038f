// SPDX-License-Identifier: MIT
// Shapes of pictures with alpha: which pixels belong to them, and how opaque they are.
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/vector/fills.hpp>
#include <dht/vector/shapes.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "vector/blended_disc.hpp"

namespace {

using namespace dht::test;

}  // namespace

TEST_CASE(
    "shapes: a disc of any opacity lies where it covers half of a pixel, and is as opaque as its middle",
    "[vector]") {
  for (const int alpha : {255, 128, 102, 20, 3}) {
    const BlendedDisc disc(30, 26, 15.3, 12.7, 9.1);
    const dht::Shapes shapes = dht::shapes_of(disc.on_nothing({10, 90, 200}, alpha));
    CAPTURE(alpha);
    int wrong = 0;
    for (std::size_t p = 0; p < shapes.shown.size(); ++p) {
      const int covered = disc.covered[p];
      // Alpha is rounded to whole numbers.
      if (std::abs(covered - 32) > 64 / alpha) wrong += shapes.shown[p] != (covered > 32);
      if (shapes.shown[p] != 0) CHECK(shapes.picture.alpha[p] == alpha);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("shapes: there is no gap between those of different opacity", "[vector]") {
  dht::Picture picture(9, 12);
  for (int p = 0; p < 9 * 12; ++p) picture.alpha.push_back(p % 12 < 3 ? 0 : p % 12 < 7 ? 80 : 255);
  const dht::Shapes shapes = dht::shapes_of(picture);
  for (int p = 0; p < 9 * 12; ++p) {
    CHECK(shapes.shown[p] == (p % 12 >= 3));
    if (shapes.shown[p] != 0) CHECK(shapes.picture.alpha[p] == picture.alpha[p]);
  }
  picture.alpha.pop_back();
  CHECK(error_of([&] { dht::shapes_of(picture); }) ==
        "picture: has 107 numbers of alpha; must have none, or 108, one a pixel");
}

TEST_CASE("shapes: colours over grey differ as they do over black and over white, on average", "[vector]") {
  dht::Picture picture(1, 2);
  picture.rgb = {10, 90, 200, 250, 40, 130};
  picture.alpha = {102, 230};
  const auto seen = dht::over_grey(picture);
  REQUIRE(seen.size() == 8);
  double expected = 0, is = 0;
  for (const int ground : {0, 255})
    for (int c = 0; c < 3; ++c) {
      const auto over = [&](int p) {
        return ground + (picture.rgb[3 * p + c] - ground) * picture.alpha[p] / 255.0;
      };
      expected += (over(0) - over(1)) * (over(0) - over(1)) / 2;
    }
  for (int c = 0; c < 4; ++c) is += double(seen[c] - seen[4 + c]) * (seen[c] - seen[4 + c]);
  CHECK(is == Catch::Approx(expected).epsilon(0.02));  // of whole numbers
}

TEST_CASE("shapes: colours weigh as much as they are opaque", "[vector]") {
  dht::Picture picture(1, 4);
  picture.rgb = {200, 0, 0, 100, 0, 0, 7, 7, 7, 9, 9, 9};
  picture.alpha = {255, 51, 0, 0};
  const std::vector<std::int32_t> label{0, 0, 1, 1};
  const auto labels = dht::plane_view(label.data(), 1, 4);
  for (const dht::Fills& fills :
       {dht::mean_fills(picture, labels, 3), dht::typical_fills(picture, labels, 3)}) {
    CHECK(fills.color[0] == dht::Color{183, 0, 0});  // (200 * 255 + 100 * 51) / 306
    CHECK(fills.opacity == std::vector<std::uint8_t>{60, 0, 0});
    CHECK(fills.visible == std::vector<std::uint8_t>{1, 0, 0});
  }
  picture.rgb = {200, 0, 0, 100, 0, 0, 200, 0, 0, 200, 0, 0};
  picture.alpha = {102, 51, 102, 102};
  const std::vector<std::int32_t> one(4, 0);
  const dht::Fills fills = dht::typical_fills(picture, dht::plane_view(one.data(), 1, 4), 1);
  CHECK(fills.color[0] == dht::Color{200, 0, 0});
  CHECK(fills.opacity[0] == 40);
}
