// SPDX-License-Identifier: MIT
// The weights that the library brings, so that nobody needs a file. docs/training.md says how they were made.
#pragma once

#include <cstddef>
#include <iterator>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/encoder/convolutional_parameters.hpp>
#include <dht/encoder/pretrained_values.hpp>
#include <dht/nn/linear.hpp>

namespace dht {

namespace detail {

/// An encoder's parameters with room for all values, and W.
template <class S>
struct Pretrained {
  ConvolutionalParameters<S> encoder;
  Linear<S> projection;

  Pretrained() {
    const auto layer = [](std::size_t outputs, std::size_t taps) {
      const std::vector<S> one(outputs);
      return ConvolutionAndNorm<S>{std::vector<S>(outputs * taps), one, one, one, one, one};
    };
    encoder.channels = pretrained_channels;
    encoder.features = pretrained_features;
    const std::size_t c = pretrained_channels, d = pretrained_features;
    encoder.fine = layer(d, c);
    encoder.middle = layer(4 * d, 4 * c);
    encoder.coarse = layer(d, 16 * d);
    projection = {pretrained_features, pretrained_channels, std::vector<S>(c * d), std::vector<S>(c)};
  }

  /// All tensors, in the order of the values.
  std::vector<std::vector<S>*> tensors() {
    std::vector<std::vector<S>*> all;
    for (auto* layer : {&encoder.fine, &encoder.middle, &encoder.coarse})
      all.insert(all.end(), {&layer->weight, &layer->bias, &layer->norm_weight, &layer->norm_bias});
    for (auto* layer : {&encoder.fine, &encoder.middle, &encoder.coarse})
      all.insert(all.end(), {&layer->running_mean, &layer->running_var});
    all.insert(all.end(), {&projection.weight, &projection.bias});
    return all;
  }
};

template <class S>
Pretrained<S> pretrained() {
  Pretrained<S> weights;
  const float* next = pretrained_values;
  for (std::vector<S>* tensor : weights.tensors())
    for (S& value : *tensor) value = static_cast<S>(*next++);
  DHT_EXPECTS(next == std::end(pretrained_values), "pretrained values: are ", std::size(pretrained_values),
              "; must be ", next - pretrained_values);
  return weights;
}

}  // namespace detail

/// The encoder's parameters, for RGB between 0 and 1: what `ConvolutionalEncoder` is made of where nobody says otherwise.
template <class S>
ConvolutionalParameters<S> pretrained_encoder() {
  return detail::pretrained<S>().encoder;
}

/// W of the method: from the features of these weights' tokens back to RGB.
template <class S>
Linear<S> pretrained_projection() {
  return detail::pretrained<S>().projection;
}

}  // namespace dht
