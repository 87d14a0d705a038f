// SPDX-License-Identifier: MIT
// Parameters to begin training with: random, the same ones for the same seed on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/random.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/nn/linear.hpp>

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

/// An encoder and the map from its features back to colours.
template <class S>
struct InitialModel {
  ConvolutionalParameters<S> encoder;
  Linear<S> projection;
};

/// A model of RGB images that begins where plain colour is: the first three features are nearly linear in the opponent
/// colours of a pixel (light, red against green, yellow against blue), apart by about as much as people see them apart;
/// the other features, and what lies around a pixel, begin silent; the map gives the colours back. Learning to paint
/// images with tokens says little about where tokens should end, so it had better begin with regions that are good.
template <class S>
InitialModel<S> opponent_colours(int features, std::uint64_t seed) {
  DHT_EXPECTS(features >= 3, "features: is ", features, "; must be at least 3, one a colour");
  // Unit vectors, the colours' mean and deviation along them in photographs, and by how much a feature changes with them.
  struct Axis {
    double red, green, blue, mean, deviation, slope;
  };
  constexpr double third = 0.577350269189626, half = 0.707106781186548, sixth = 0.408248290463863;
  constexpr Axis axes[] = {{third, third, third, 0.773, 0.437, 2.5},
                           {half, -half, 0, 0.022, 0.0815, 7},
                           {sixth, sixth, -2 * sixth, 0.055, 0.110, 7}};
  constexpr double shift = 6;  // SiLU is nearly the identity there

  InitialModel<S> model{initial_parameters<S>(3, features, seed), initial_linear<S>(features, 3, seed)};
  ConvolutionAndNorm<S>& fine = model.encoder.fine;
  std::fill(fine.norm_weight.begin(), fine.norm_weight.end(), S(0));
  std::fill(model.encoder.coarse.norm_weight.begin(), model.encoder.coarse.norm_weight.end(), S(0));
  double bias[3] = {0, 0, 0};
  for (std::size_t k = 0; k < 3; ++k) {
    const Axis& axis = axes[k];
    const double colour[3] = {axis.red, axis.green, axis.blue};
    fine.norm_weight[k] = static_cast<S>(axis.slope * axis.deviation);
    fine.norm_bias[k] = static_cast<S>(shift);
    fine.running_mean[k] = static_cast<S>(axis.mean);
    fine.running_var[k] = static_cast<S>(axis.deviation * axis.deviation);
    for (std::size_t c = 0; c < 3; ++c) {
      fine.weight[3 * k + c] = static_cast<S>(colour[c]);
      model.projection.weight[c * static_cast<std::size_t>(features) + k] =
          static_cast<S>(colour[c] / axis.slope);
      bias[c] += colour[c] * (axis.mean - shift / axis.slope);
    }
  }
  for (std::size_t c = 0; c < 3; ++c) model.projection.bias[c] = static_cast<S>(bias[c]);
  return model;
}

}  // namespace dht
