// SPDX-License-Identifier: MIT
// Views: where a value lies, what they refuse, and the sentences in which they say so.
#include <climits>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::error_of;

static_assert(std::is_convertible_v<dht::ImageView<float>, dht::ImageView<const float>>);
static_assert(!std::is_convertible_v<dht::ImageView<const float>, dht::ImageView<float>>);
static_assert(std::is_convertible_v<dht::PlaneView<int>, dht::PlaneView<const int>>);
static_assert(!std::is_convertible_v<dht::PlaneView<const int>, dht::PlaneView<int>>);
static_assert(std::is_convertible_v<dht::MatrixView<double>, dht::MatrixView<const double>>);
static_assert(!std::is_convertible_v<dht::MatrixView<const double>, dht::MatrixView<double>>);
static_assert(std::is_trivially_copyable_v<dht::ImageView<const std::uint8_t>>);

static_assert(dht::sample_unit<float>() == 1 && dht::sample_unit<const double>() == 1);
static_assert(dht::sample_unit<std::uint8_t>() == 1.0 / 255 &&
              dht::sample_unit<const std::uint16_t>() == 1.0 / 65535);

TEST_CASE("views: planar and interleaved images find their values", "[core]") {
  std::vector<int> values(2 * 3 * 4 * 5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  const auto planar = dht::planar_view(values.data(), 2, 3, 4, 5);
  CHECK(planar.pixels() == 20);
  CHECK(planar.total_pixels() == 40);
  CHECK(planar(0, 0, 0, 0) == 0);
  CHECK(planar(1, 2, 3, 4) == 119);
  CHECK(planar(1, 0, 2, 1) == 60 + 11);

  const auto interleaved = dht::interleaved_view(values.data(), 4, 5, 3);
  CHECK(interleaved.batch == 1);
  CHECK(interleaved(0, 1, 0, 0) == 1);
  CHECK(interleaved(0, 2, 3, 4) == (3 * 5 + 4) * 3 + 2);
  const auto padded = dht::interleaved_view(values.data(), 4, 5, 3, 20);
  CHECK(padded(0, 2, 3, 4) == 3 * 20 + 4 * 3 + 2);

  const dht::ImageView<const int> reading = padded;
  CHECK(&reading(0, 1, 2, 3) == &padded(0, 1, 2, 3));
  CHECK(reading.batch_stride == padded.batch_stride);
}

TEST_CASE("views: planes and matrices find their values", "[core]") {
  std::vector<int> values(12);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  const auto plane = dht::plane_view(values.data(), 3, 4);
  CHECK(plane(2, 1) == 9);
  CHECK(plane.row(1) == values.data() + 4);
  CHECK(plane.pixels() == 12);
  const dht::PlaneView<int> narrow{values.data(), 3, 2, 4};
  CHECK(narrow(2, 1) == 9);
  const dht::MatrixView<int> matrix{values.data(), 4, 3};
  CHECK(matrix(2, 1) == 7);
  CHECK(*matrix.row(3) == 9);
  dht::Picture picture(2, 3);
  CHECK(picture.rgb.size() == 18);
  CHECK(picture.pixel(1, 2) == picture.rgb.data() + 15);
}

TEST_CASE("views: check says what is wrong with an image", "[core]") {
  float value = 0;
  CHECK(error_of([&] { dht::check(dht::planar_view(&value, 1, 1, 1, 1), "image"); }) == "(no error)");
  CHECK(error_of([&] { dht::check(dht::planar_view<float>(nullptr, 1, 3, 4, 5), "image"); }) ==
        "image: has no data (null pointer)");
  const int shapes[][4] = {{0, 3, 4, 5}, {1, 0, 4, 5},  {1, 3, 0, 5},
                           {1, 3, 4, 0}, {-1, 3, 4, 5}, {1, 3, 4, -5}};
  for (const auto& s : shapes) {
    const std::string sentence =
        error_of([&] { dht::check(dht::planar_view(&value, s[0], s[1], s[2], s[3]), "photo"); });
    CHECK_THAT(sentence,
               ContainsSubstring("photo: has an empty shape, batch " + std::to_string(s[0]) + ", channels " +
                                 std::to_string(s[1]) + ", height " + std::to_string(s[2]) + ", width " +
                                 std::to_string(s[3]) + "; each must be at least 1"));
  }
}

TEST_CASE("views: check refuses more pixels than 31 bits number, on the spot", "[core]") {
  float value = 0;
  // 2^31 - 2 pixels are the most. The check reads none of them.
  CHECK(error_of([&] { dht::check(dht::planar_view(&value, 1, 1, 1, INT_MAX - 1), "image"); }) ==
        "(no error)");
  CHECK_THAT(error_of([&] { dht::check(dht::planar_view(&value, 1, 1, 1, INT_MAX), "image"); }),
             ContainsSubstring("has 1 x 2147483647 pixels; at most 2147483646"));
  CHECK_THAT(error_of([&] { dht::check(dht::planar_view(&value, 2, 1, 1 << 15, 1 << 15), "image"); }),
             ContainsSubstring("at most 2147483646"));
  CHECK_THAT(error_of([&] {
               dht::check(dht::ImageView<float>{&value, 1, 1, INT_MAX, INT_MAX}, "image");
             }),
             ContainsSubstring("at most 2147483646"));
  // The product of three such sides does not fit 64 bits.
  CHECK_THAT(error_of([&] {
               dht::check(dht::ImageView<float>{&value, 1 << 22, 1, 1 << 21, 1 << 21}, "image");
             }),
             ContainsSubstring("at most 2147483646"));
}

TEST_CASE("errors: DHT_EXPECTS streams its parts, and only when it fails", "[core]") {
  int built = 0;
  const auto part = [&built] { return ++built; };
  CHECK(error_of([&] { DHT_EXPECTS(true, "never ", part()); }) == "(no error)");
  CHECK(built == 0);
  CHECK(error_of([&] { DHT_EXPECTS(2 < 1, "tokens: is ", part(), "; must be ", 2.5, '!'); }) ==
        "tokens: is 1; must be 2.5!");
  CHECK_THROWS_AS(dht::detail::fail({"x"}), std::runtime_error);
}
