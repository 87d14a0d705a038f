// SPDX-License-Identifier: MIT
// Crops and resampling: what lies where, straight lines stay straight, nothing is left out.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/train/crop.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/ramp.hpp"
#include "kit/random.hpp"

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using dht::Crop;
using dht::Picture;
using dht::test::error_of;
using dht::test::ramp;

namespace {

std::vector<float> resampled(const Picture& picture, const Crop& crop, int side) {
  std::vector<float> planes(std::size_t(3 * side * side), -1.0f);
  dht::resample(picture, crop, side, side, planes.data());
  return planes;
}

/// Rounding of sums of some tens of floats below 1.
constexpr double rounding = 1e-5;

}  // namespace

TEST_CASE("crops lie within the picture, a quarter to all of it, nearly square", "[train]") {
  for (const auto& [height, width] : {std::pair{100, 100}, {50, 200}, {300, 40}, {1, 1}, {7, 1}}) {
    double least = 1, most = 0;
    int mirrored = 0;
    for (int i = 0; i < 400; ++i) {
      dht::Random random(3, i);
      const Crop crop = dht::random_crop(height, width, random);
      REQUIRE(crop.top >= 0);
      REQUIRE(crop.left >= 0);
      REQUIRE(crop.top + crop.height <= height + 1e-9);
      REQUIRE(crop.left + crop.width <= width + 1e-9);
      const double shape = crop.width / crop.height;
      REQUIRE(shape >= 0.75 - 1e-9);
      REQUIRE(shape <= 4.0 / 3 + 1e-9);
      const double area = crop.width * crop.height / (height * width);
      least = std::min(least, area);
      most = std::max(most, area);
      mirrored += crop.is_mirrored;
    }
    CHECK(mirrored > 140);
    CHECK(mirrored < 260);
    if (height != width) continue;
    CHECK(least > 0.25 - 1e-9);
    CHECK(least < 0.27);
    CHECK(most > 0.9);
  }
  const Crop middle = dht::centre_crop(30, 51);
  CHECK(middle.top == 0);
  CHECK(middle.left == 10.5);
  CHECK(middle.width == 30);
  CHECK(middle.height == 30);
}

TEST_CASE("resampling to the same size changes nothing, mirrored it turns around", "[train]") {
  dht::test::Random random(5);
  Picture picture(16, 16);
  for (auto& value : picture.rgb) value = static_cast<std::uint8_t>(random.below(256));
  const auto same = resampled(picture, {0, 0, 16, 16, false}, 16);
  const auto mirror = resampled(picture, {0, 0, 16, 16, true}, 16);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        const double value = picture.pixel(y, x)[c] / 255.0;
        REQUIRE(same[std::size_t((c * 16 + y) * 16 + x)] == Approx(value).margin(rounding));
        REQUIRE(mirror[std::size_t((c * 16 + y) * 16 + 15 - x)] == Approx(value).margin(rounding));
      }
    }
  }
}

TEST_CASE("resampling keeps straight lines, whether larger or smaller", "[train]") {
  const Picture picture = ramp(100, 120);
  for (const int side : {3, 10, 33, 64, 150}) {
    const Crop crop{10.25, 20.5, 60, 80.5, false};
    const auto planes = resampled(picture, crop, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        // A pixel's value belongs to its centre.
        const double across = crop.left + (x + 0.5) * crop.width / side - 0.5,
                     down = crop.top + (y + 0.5) * crop.height / side - 0.5;
        const auto at = std::size_t(y * side + x), plane = std::size_t(side * side);
        // Triangles wider than a pixel weigh both sides nearly, not quite, alike: a fifth of a pixel, two levels each.
        const auto near = [&](double extent) { return extent > side ? 0.2 * 2 / 255 : rounding; };
        REQUIRE(planes[at] == Approx(2 * across / 255).margin(near(crop.width)));
        REQUIRE(planes[plane + at] == Approx(2 * down / 255).margin(near(crop.height)));
        REQUIRE(planes[2 * plane + at] == Approx(77 / 255.0).margin(rounding));
      }
    }
  }
}

TEST_CASE("resampling leaves nothing out: a chequered picture becomes grey", "[train]") {
  Picture picture(64, 64);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) std::fill_n(picture.pixel(y, x), 3, (x + y) % 2 ? 255 : 0);
  for (const int side : {5, 8, 16, 21})
    for (const float v : resampled(picture, {0, 0, 64, 64, false}, side))
      REQUIRE(v == Approx(0.5).margin(0.02));
}

TEST_CASE("resampling refuses what lies outside", "[train]") {
  const Picture picture(10, 10);
  CHECK_THAT(error_of([&] {
               resampled(picture, {0, 5, 5, 6, false}, 4);
             }),
             ContainsSubstring("crop: is 5 x 6 at 0, 5; must be within the 10 x 10"));
  CHECK(error_of([&] {
          resampled(picture, {0, 0, 5, 5, false}, 0);
        }) == "size: is 0 x 0; must be at least 1 x 1");
  Picture short_of_memory(10, 10);
  short_of_memory.rgb.pop_back();
  CHECK(error_of([&] {
          resampled(short_of_memory, {0, 0, 5, 5, false}, 4);
        }) == "picture: has 299 numbers; must have 300, three a pixel of 10 x 10");
}

TEST_CASE("resampling to a rectangle is resampling of rows and of columns", "[train]") {
  const Picture picture = ramp(40, 60);
  const Crop crop{4, 6, 30, 50, false};
  std::vector<float> planes(3 * 15 * 10);
  dht::resample(picture, crop, 15, 10, planes.data());
  const auto wide = resampled(picture, crop, 10), high = resampled(picture, crop, 15);
  for (int y = 0; y < 15; ++y)  // red rises to the right only, green down only
    for (int x = 0; x < 10; ++x) {
      CHECK(planes[std::size_t(y * 10 + x)] == Approx(wide[std::size_t(x)]).margin(rounding));
      CHECK(planes[std::size_t(150 + y * 10 + x)] ==
            Approx(high[std::size_t(225 + y * 15)]).margin(rounding));
    }
}
