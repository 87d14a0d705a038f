// SPDX-License-Identifier: MIT
// The weights that the library brings: complete, and good for what they were trained for.
#include <cmath>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/pretrained.hpp>
#include <dht/encoder/trainable.hpp>

#include "kit/catch.hpp"

TEMPLATE_TEST_CASE("pretrained weights: W gives back the colours of flat pictures", "[encoder]", float,
                   double) {
  using S = TestType;
  const dht::ConvolutionalEncoder<S> encoder;
  const auto map = dht::pretrained_projection<S>();
  REQUIRE(encoder.channels() == 3);
  REQUIRE(encoder.features() == map.inputs);
  for (const double red : {0.1, 0.5, 0.9}) {
    for (const double green : {0.1, 0.5, 0.9}) {
      for (const double blue : {0.1, 0.5, 0.9}) {
        const double colour[3] = {red, green, blue};
        std::vector<S> image, features(8 * 64), painted(3 * 64);
        for (const double c : colour) image.insert(image.end(), 64, static_cast<S>(c));
        typename dht::ConvolutionalEncoder<S>::Workspace workspace;
        REQUIRE(encoder.encode(dht::backend::Cpu(), dht::planar_view(image.data(), 1, 3, 8, 8),
                               features.data(), workspace));
        map.forward({features.data(), 64, 8}, {painted.data(), 64, 3});
        // Photos hardly have the most glaring of these colours: there W is off by more than for others.
        for (std::size_t c = 0; c < 3; ++c)
          CHECK(std::abs(static_cast<double>(painted[c]) - colour[c]) < 0.2);
      }
    }
  }
}

TEST_CASE("pretrained weights: the same for every encoder and scalar", "[encoder]") {
  const auto narrow = dht::pretrained_encoder<float>();
  const auto wide = dht::pretrained_encoder<double>();
  for (std::size_t i = 0; i < narrow.coarse.weight.size(); ++i)
    CHECK(static_cast<double>(narrow.coarse.weight[i]) == wide.coarse.weight[i]);
  CHECK(dht::TrainableEncoder<float>().parameters().middle.weight == narrow.middle.weight);
  for (const float variance : narrow.fine.running_var) CHECK(variance > 0);
}
