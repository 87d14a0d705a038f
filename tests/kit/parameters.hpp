// SPDX-License-Identifier: MIT
// Parameters of the convolutional encoder that nobody trained.
#pragma once

#include <cmath>
#include <vector>

#include <dht/encoder/convolutional.hpp>

#include "kit/random.hpp"

namespace dht::test {

template <class S>
ConvolutionAndNorm<S> random_layer(int inputs, int outputs, int side, Random& random) {
  const auto numbers = [&](int n, double low, double high) {
    std::vector<S> v;
    for (int i = 0; i < n; ++i) v.push_back(static_cast<S>(static_cast<float>(random.uniform(low, high))));
    return v;
  };
  const double scale = 1 / std::sqrt(double(inputs * side * side));
  return {numbers(outputs * inputs * side * side, -2 * scale, 2 * scale),
          numbers(outputs, -1, 1),
          numbers(outputs, 0.5, 2),
          numbers(outputs, -1, 1),
          numbers(outputs, -0.5, 0.5),
          numbers(outputs, 0.05, 2)};
}

/// The same numbers in every S: they are floats.
template <class S>
ConvolutionalParameters<S> random_parameters(int channels, int features, bool normalised,
                                             std::uint64_t seed) {
  Random random(seed);
  ConvolutionalParameters<S> p;
  p.channels = channels;
  p.features = features;
  p.fine = random_layer<S>(channels, features, 1, random);
  p.middle = random_layer<S>(channels, 4 * features, 2, random);
  p.coarse = random_layer<S>(4 * features, features, 2, random);
  if (normalised) {
    for (int c = 0; c < channels; ++c) {
      p.mean.push_back(random.uniform(0.3, 0.6));
      p.standard_deviation.push_back(random.uniform(0.2, 0.3));
    }
  }
  return p;
}

}  // namespace dht::test
