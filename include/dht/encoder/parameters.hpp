// SPDX-License-Identifier: MIT
// The convolutional encoder's parameters by the names that they have in checkpoints: for optimisers, files and checks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/encoder/convolutional_parameters.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

namespace detail {

/// Calls body(layer, name of the convolution, name of its normalisation, shape of the weight) for each of the layers.
template <class Parameters, class Body>
void for_layers(Parameters& p, const std::string& prefix, const Body& body) {
  using Shape = std::vector<std::int64_t>;
  const std::int64_t d = p.features, c = p.channels;
  body(p.fine, prefix + "ds.0", prefix + "ds.1", Shape{d, c, 1, 1});
  body(p.middle, prefix + "cv.0", prefix + "cv.1", Shape{4 * d, c, 2, 2});
  body(p.coarse, prefix + "cv.3", prefix + "cv.4", Shape{d, 4 * d, 2, 2});
}

template <class S>
void append(ParameterList<S>& list, std::string name, std::vector<std::int64_t> shape,
            std::vector<S>& values) {
  std::int64_t wanted = 1;
  for (const std::int64_t n : shape) wanted *= n;
  DHT_EXPECTS(static_cast<std::int64_t>(values.size()) == wanted, name, ": has ", values.size(),
              " numbers; must have ", wanted);
  list.push_back({std::move(name), std::move(shape), std::span<S>(values)});
}

}  // namespace detail

/// What is trained: weights, biases, and those of the normalisations; of a gradient's struct, their gradients. Throws
/// dht::Error, naming the tensor, when one has another size than channels and features say.
template <class S>
ParameterList<S> parameters(ConvolutionalParameters<S>& p, const std::string& prefix = "conv.") {
  ParameterList<S> list;
  detail::for_layers(p, prefix,
                     [&](ConvolutionAndNorm<S>& layer, const std::string& convolution,
                         const std::string& norm, const std::vector<std::int64_t>& shape) {
                       const std::vector<std::int64_t> one{shape[0]};
                       detail::append(list, convolution + ".weight", shape, layer.weight);
                       detail::append(list, convolution + ".bias", one, layer.bias);
                       detail::append(list, norm + ".weight", one, layer.norm_weight);
                       detail::append(list, norm + ".bias", one, layer.norm_bias);
                     });
  return list;
}

/// What is not trained but belongs to a checkpoint: running means and variances. Throws as `parameters` does.
template <class S>
ParameterList<S> running_statistics(ConvolutionalParameters<S>& p, const std::string& prefix = "conv.") {
  ParameterList<S> list;
  detail::for_layers(p, prefix,
                     [&](ConvolutionAndNorm<S>& layer, const std::string&, const std::string& norm,
                         const std::vector<std::int64_t>& shape) {
                       const std::vector<std::int64_t> one{shape[0]};
                       detail::append(list, norm + ".running_mean", one, layer.running_mean);
                       detail::append(list, norm + ".running_var", one, layer.running_var);
                     });
  return list;
}

}  // namespace dht
