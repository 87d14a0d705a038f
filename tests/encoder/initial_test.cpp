// SPDX-License-Identifier: MIT
// Parameters to begin training with: what is promised of them, and that encoders take them.
#include <algorithm>
#include <cmath>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/initial.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using dht::test::error_of;

TEMPLATE_TEST_CASE("initial parameters: bounded, normalised, by the seed", "[encoder]", float, double) {
  using S = TestType;
  const auto p = dht::initial_parameters<S>(3, 8, 5);
  CHECK(p.fine.weight.size() == 3 * 8);
  CHECK(p.middle.weight.size() == 3 * 4 * 32);
  CHECK(p.coarse.weight.size() == 32 * 4 * 8);
  const auto check = [](const dht::ConvolutionAndNorm<S>& layer, double taps) {
    const double bound = std::sqrt(3 / taps);
    const auto [low, high] = std::minmax_element(layer.weight.begin(), layer.weight.end());
    CHECK(*low >= -bound);
    CHECK(*high <= bound);
    CHECK(*low < -bound / 2);
    CHECK(*high > bound / 2);
    for (const S v : layer.bias) CHECK(v == 0);
    for (const S v : layer.norm_weight) CHECK(v == 1);
    for (const S v : layer.norm_bias) CHECK(v == 0);
    for (const S v : layer.running_mean) CHECK(v == 0);
    for (const S v : layer.running_var) CHECK(v == 1);
  };
  check(p.fine, 3);
  check(p.middle, 12);
  check(p.coarse, 128);
  CHECK(p.fine.weight == dht::initial_parameters<S>(3, 8, 5).fine.weight);
  CHECK(p.fine.weight != dht::initial_parameters<S>(3, 8, 6).fine.weight);

  const auto map = dht::initial_linear<S>(8, 3, 5);
  CHECK(map.weight.size() == 24);
  CHECK(map.bias == std::vector<S>(3, S(0)));
}

TEST_CASE("initial parameters: an encoder takes them, in any number", "[encoder]") {
  for (const int features : {1, 3, 8}) {
    const dht::ConvolutionalEncoder<float> encoder(dht::initial_parameters<float>(3, features, 1));
    const std::vector<float> image(3 * 5 * 7, 0.5f);
    std::vector<float> out(std::size_t(5 * 7 * features));
    dht::ConvolutionalEncoder<float>::Workspace workspace;
    CHECK(encoder.encode(dht::backend::Cpu(), dht::planar_view(image.data(), 1, 3, 5, 7), out.data(),
                         workspace));
  }
}

TEST_CASE("initial parameters: opponent colours keep grey apart from colour, and give colours back",
          "[encoder]") {
  const auto model = dht::opponent_colours<float>(8, 1);
  const dht::ConvolutionalEncoder<float> encoder(model.encoder);
  std::vector<float> image, rgb(3 * 16), features(8 * 16);
  for (int c = 0; c < 3; ++c)
    for (int p = 0; p < 16; ++p) image.push_back(static_cast<float>((p * 5 + c * 7) % 16) / 15);
  dht::ConvolutionalEncoder<float>::Workspace workspace;
  REQUIRE(encoder.encode(dht::backend::Cpu(), dht::planar_view(image.data(), 1, 3, 4, 4), features.data(),
                         workspace));
  model.projection.forward({features.data(), 16, 8}, {rgb.data(), 16, 3});
  for (std::size_t p = 0; p < 16; ++p) {
    for (std::size_t c = 0; c < 3; ++c)
      CHECK(std::abs(rgb[3 * p + c] - image[16 * c + p]) < 0.05);  // SiLU bends a little
    for (std::size_t f = 3; f < 8; ++f) CHECK(features[8 * p + f] == 0);
  }
  CHECK(error_of([] { dht::opponent_colours<float>(2, 1); }) ==
        "features: is 2; must be at least 3, one a colour");
}

TEST_CASE("initial parameters: sizes that make no sense are named", "[encoder]") {
  CHECK(error_of([] { dht::initial_parameters<float>(0, 8, 1); }) == "channels: is 0; must be 1 to 1024");
  CHECK(error_of([] { dht::initial_parameters<float>(3, 2000, 1); }) ==
        "features: is 2000; must be 1 to 1024");
  CHECK(error_of([] { dht::initial_linear<float>(0, 3, 1); }) ==
        "linear map: is 0 to 3; must have at least one of each");
}
