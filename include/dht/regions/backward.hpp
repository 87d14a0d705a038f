// SPDX-License-Identifier: MIT
// The way back from tokens: to the hierarchy that they were cut from, through W, and through mean injection (method,
// sections 6 and 7).
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/hierarchy/backward.hpp>
#include <dht/nn/linear.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// Adds the gradient of token features, tokens x features, to the gradients of the nodes and pixels that the tokens come
/// from.
template <class S, class Extent>
void backward_tokens(const Hierarchy<S, Extent>& tree, const Tokens<S, Extent>& tokens,
                     const std::type_identity_t<MatrixView<const S>>& grad_feature,
                     HierarchyGradients<S>& gradients) {
  DHT_EXPECTS(grad_feature.rows == tokens.count() && grad_feature.columns == tree.features,
              "gradient of token features: is ", grad_feature.rows, " x ", grad_feature.columns, "; must be ",
              tokens.count(), " x ", tree.features);
  const int n = tree.features;
  const auto add = [n](S* to, const S* from, S share) {
    for (int c = 0; c < n; ++c) to[c] = fma(share, from[c], to[c]);
  };
  if (tokens.partition.means_of_pixels) {
    for (std::size_t p = 0; p < tokens.partition.labels.size(); ++p) {
      const std::int32_t token = tokens.partition.labels[p];
      if (token < 0) continue;
      add(gradients.pixel_features.data() + static_cast<std::int64_t>(p) * n, grad_feature.row(token),
          1 / static_cast<S>(tokens.size[static_cast<std::size_t>(token)]));
    }
    return;
  }
  const auto size_of = [&](Source source) {
    return source < 0 ? std::int32_t{1} : tree.size[static_cast<std::size_t>(source)];
  };
  for (std::int32_t token = 0; token < tokens.count(); ++token) {
    double pixels = 0;
    for (const Source source : tokens.partition.sources_of(token)) pixels += size_of(source);
    for (const Source source : tokens.partition.sources_of(token)) {
      S* const to = source < 0 ? gradients.pixel_features.data() + (-1 - source) * n
                               : gradients.mean.data() + source * n;
      add(to, grad_feature.row(token), static_cast<S>(size_of(source) / pixels));
    }
  }
}

/// From the gradient of `project`, tokens x channels, to the map, where it is added, and to the token features: the
/// result, tokens x features.
template <class S>
Buffer<S> backward_project(const Tokens<S>& tokens, const Linear<S>& map, const MatrixView<const S>& grad_out,
                           Linear<S>& gradients) {
  Buffer<S> grad_feature(static_cast<std::size_t>(tokens.count()) *
                         static_cast<std::size_t>(tokens.features));
  map.backward({tokens.feature.data(), tokens.count(), tokens.features}, grad_out, gradients,
               {grad_feature.data(), tokens.count(), tokens.features});
  return grad_feature;
}

/// From the gradient of `inject_means`, planes (batch, channels, height, width), to the image, where it overwrites
/// `grad_image`, and to the token features, tokens x channels: the result. Sums are taken in double, in raster order.
template <class S>
Buffer<S> backward_inject_means(const Tokens<S>& tokens, int channels, const S* grad_injected,
                                S* grad_image) {
  const std::int64_t pixels = std::int64_t{tokens.height} * tokens.width;
  std::vector<double> sum(static_cast<std::size_t>(tokens.count()) * static_cast<std::size_t>(channels), 0.0);
  const auto each = [&](const auto& body) {
    for (std::int64_t plane = 0; plane < std::int64_t{tokens.batch} * channels; ++plane) {
      const std::int32_t* const label = tokens.partition.labels.data() + plane / channels * pixels;
      for (std::int64_t p = 0; p < pixels; ++p)
        body(plane * pixels + p, label[p],
             static_cast<std::size_t>(std::max(label[p], 0) * channels + plane % channels));
    }
  };
  each([&](std::int64_t at, std::int32_t token, std::size_t i) {
    if (token >= 0) sum[i] += static_cast<double>(grad_injected[at]);
  });
  each([&](std::int64_t at, std::int32_t token, std::size_t i) {
    const double mean = token < 0 ? 0 : sum[i] / tokens.size[static_cast<std::size_t>(token)];
    grad_image[at] = static_cast<S>(static_cast<double>(grad_injected[at]) - mean);
  });
  Buffer<S> grad_features(sum.size());
  for (std::size_t i = 0; i < sum.size(); ++i) grad_features[i] = static_cast<S>(sum[i]);
  return grad_features;
}

}  // namespace dht
