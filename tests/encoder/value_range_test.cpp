// SPDX-License-Identifier: MIT
// Images of numbers that an encoder is not made for: found in every layout, from the limit on, and said where they are.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/encoder/value_range.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

namespace {

using dht::backend::Cpu;
using dht::detail::is_within;
using dht::test::error_of;

constexpr int batch = 2, channels = 3, height = 9, width = 21;

/// The layouts in which such a batch may lie in so many numbers: planes, side by side, side by side in the opposite order, by
/// columns, every other number.
template <class S>
std::vector<dht::ImageView<const S>> layouts(const std::vector<S>& values) {
  const S* const v = values.data();
  constexpr std::ptrdiff_t image = channels * height * width;
  return {
      dht::planar_view(v, batch, channels, height, width),
      {v, batch, channels, height, width, image, 1, channels * width, channels},
      {v + channels - 1, batch, channels, height, width, image, -1, channels * width, channels},
      {v, batch, channels, height, width, image, 1, channels, channels * height},
      {v, batch, channels, height, width, 2 * image, 2 * height * width, 2 * width, 2},
  };
}

}  // namespace

TEMPLATE_TEST_CASE("a number beyond the limit is found wherever it is", "[encoder]", float, double) {
  using S = TestType;
  std::vector<S> values(2 * batch * channels * height * width, S(0.5));
  const S inf = std::numeric_limits<S>::infinity();
  for (const auto& image : layouts(values)) {
    CHECK(is_within(Cpu(1), image, 16));
    for (int i = 0; i < batch * channels * height * width; i += 13) {
      const int x = i % width, y = i / width % height, c = i / (width * height) % channels,
                b = i / (width * height * channels);
      S& value = const_cast<S&>(image(b, c, y, x));
      for (const S bad :
           {std::nextafter(S(16), inf), S(-17), inf, -inf, std::numeric_limits<S>::quiet_NaN()}) {
        value = bad;
        CHECK(!is_within(Cpu(1 + i % 3), image, 16));
      }
      for (const S good : {S(16), S(-16), S(0)}) {
        value = good;
        CHECK(is_within(Cpu(1), image, 16));
      }
      value = S(300);
      CHECK(is_within(Cpu(1), image, 300));
      CHECK(error_of([&] { dht::detail::report_values(image, 160); }) ==
            "image: is 300 at image " + std::to_string(b) + ", channel " + std::to_string(c) + ", row " +
                std::to_string(y) + ", column " + std::to_string(x) +
                "; the encoder is made for about 0 to 10 (divide 8-bit values by 255, or set check_range to "
                "false)");
      value = S(0.5);
    }
  }
}

TEST_CASE("what range encoders are made for", "[encoder]") {
  CHECK(dht::ColourEncoder<float>().value_range() == 1);
  CHECK(dht::ColourEncoder<float>(3, 20).value_range() == 1);  // CIELAB: the unit is one of its distances
  CHECK(dht::ColourEncoder<float>(1).value_range() == 1);
  CHECK(dht::ColourEncoder<float>(1, 40 * 65535.0).value_range() == 65535);
  CHECK(dht::ColourEncoder<double>(3, 400, dht::ColourSpace::as_given).value_range() == 10);
  CHECK(dht::TrainableEncoder<float>().value_range() == 1);
  auto parameters = dht::pretrained_encoder<float>();
  CHECK(dht::ConvolutionalEncoder<float>(parameters).value_range() == 1);
  // Photos as they are, and bytes: mean and standard deviation say so.
  parameters.mean = {0.485, 0.456, 0.406};
  parameters.standard_deviation = {0.229, 0.224, 0.225};
  CHECK(dht::ConvolutionalEncoder<float>(parameters).value_range() == 1);
  for (double& v : parameters.mean) v *= 255;
  for (double& v : parameters.standard_deviation) v *= 255;
  CHECK(dht::ConvolutionalEncoder<float>(parameters).value_range() > 200);
  CHECK(dht::TrainableEncoder<float>(parameters).value_range() > 200);

  struct Silent {};
  CHECK(std::isinf(dht::detail::largest_value(Silent())));
  CHECK(dht::detail::largest_value(dht::ColourEncoder<float>()) == 16);
}
