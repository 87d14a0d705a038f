// SPDX-License-Identifier: MIT
// Parameters to begin training with: random, the same ones for the same seed on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/random.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/nn/linear.hpp>
#include <dht/similarity/self_loop.hpp>

namespace dht {
namespace detail {

/// Uniform between -bound and bound.
template <class S>
std::vector<S> uniform_values(std::int64_t count, double bound, Random random) {
  std::vector<S> values;
  values.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<S>(random.uniform(-bound, bound)));
  return values;
}

/// A convolution whose outputs vary about as much as its inputs (He et al., 2015: sqrt(6 / inputs) before a rectifier; the
/// normalisation behind it makes the factor one of taste, and 3 keeps features of neighbours apart in the first step), and
/// a batch normalisation that does nothing yet.
template <class S>
ConvolutionAndNorm<S> initial_layer(std::int64_t inputs, std::int64_t outputs, std::int64_t side,
                                    Random random) {
  const std::int64_t taps = inputs * side * side;
  const auto n = static_cast<std::size_t>(outputs);
  ConvolutionAndNorm<S> layer;
  layer.weight =
      uniform_values<S>(outputs * taps, dht::sqrt(3.0 / static_cast<double>(taps)), Random(random.bits()));
  layer.bias.assign(n, S(0));
  layer.norm_weight.assign(n, S(1));
  layer.norm_bias.assign(n, S(0));
  layer.running_mean.assign(n, S(0));
  layer.running_var.assign(n, S(1));
  return layer;
}

}  // namespace detail

/// An untrained encoder for images of `channels` channels: random convolutions, normalisations with weight 1, bias 0,
/// running mean 0 and running variance 1.
template <class S>
ConvolutionalParameters<S> initial_parameters(int channels, int features, std::uint64_t seed) {
  DHT_EXPECTS(channels >= 1 && channels <= 1024, "channels: is ", channels, "; must be 1 to 1024");
  DHT_EXPECTS(features >= 1 && features <= 1024, "features: is ", features, "; must be 1 to 1024");
  ConvolutionalParameters<S> p;
  p.channels = channels;
  p.features = features;
  p.fine = detail::initial_layer<S>(channels, features, 1, Random(seed, 0));
  p.middle = detail::initial_layer<S>(channels, 4 * features, 2, Random(seed, 1));
  p.coarse = detail::initial_layer<S>(4 * features, features, 2, Random(seed, 2));
  return p;
}

/// An untrained linear map: weights between -1/sqrt(inputs) and 1/sqrt(inputs), biases 0.
template <class S>
Linear<S> initial_linear(int inputs, int outputs, std::uint64_t seed) {
  DHT_EXPECTS(inputs >= 1 && outputs >= 1, "linear map: is ", inputs, " to ", outputs,
              "; must have at least one of each");
  return {inputs, outputs,
          detail::uniform_values<S>(std::int64_t{inputs} * outputs,
                                    1 / dht::sqrt(static_cast<double>(inputs)), Random(seed, 3)),
          std::vector<S>(static_cast<std::size_t>(outputs), S(0))};
}

/// An untrained learned self-loop, which depends on the variances but little: weights like a linear map's, bias 0.
template <class S>
SelfLoop<S> initial_self_loop(int features, std::uint64_t seed) {
  DHT_EXPECTS(features >= 1, "features: is ", features, "; must be at least 1");
  SelfLoop<S> loop;
  loop.weight =
      detail::uniform_values<S>(features, 1 / dht::sqrt(static_cast<double>(features)), Random(seed, 4));
  return loop;
}

}  // namespace dht
