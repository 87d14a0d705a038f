// SPDX-License-Identifier: MIT
// The way back from tokens on a device to the hierarchy that they were cut from (method, section 7).
#pragma once

#include <cstdint>
#include <utility>

#include <dht/backend/thrust.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/device_graph.hpp>
#include <dht/hierarchy/device_backward.hpp>
#include <dht/hierarchy/device_hierarchy.hpp>
#include <dht/regions/device_tokens.hpp>

namespace dht {

/// Adds the gradient of token features, tokens x features, to those of the nodes and pixels that they come from. Pieces of
/// one node are added in the order of the tokens.
template <class S>
void backward_tokens(const backend::Thrust& backend, const DeviceHierarchy<S>& tree,
                     const DeviceTokens<S>& tokens, const OnDevice<MatrixView<const S>>& grad_feature,
                     DeviceHierarchyGradients<S>& out) {
  const std::int64_t count = tokens.count();
  DHT_EXPECTS(grad_feature.view().rows == count && grad_feature.view().columns == tree.features,
              "gradient of token features: is ", grad_feature.view().rows, " x ", grad_feature.view().columns,
              "; must be ", count, " x ", tree.features);
  const int n = tree.features;
  const detail::DeviceNodes<S> nodes(tree.built, [&](int l) {
    return std::pair<S*, std::int64_t>(out.level(l).mean.data(), tree.level(l).regions);
  });
  Source* const sources = backend.resize(out.sources, count, detail::roomy(count));
  std::int32_t* const sorted = backend.resize(out.tokens, count, detail::roomy(count));
  backend.copy(sources, tokens.partition.sources.data(), count);
  backend.launch(
      count, [=] DHT_DEVICE(std::int64_t t) DHT_DEVICE_INLINE { sorted[t] = static_cast<std::int32_t>(t); });
  backend.sort_pairs(sources, sorted, count);
  S* const pixels = out.pixel_features.data();
  const S* const from = grad_feature.view().data;
  backend.launch(count * n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t first = i / n, c = i % n;
    const Source source = sources[first];
    if (first > 0 && sources[first - 1] == source) return;
    S* const to = (source < 0 ? pixels + (-1 - source) * n : nodes.row(source, n)) + c;
    S sum = *to;
    for (std::int64_t t = first; t < count && sources[t] == source; ++t)
      sum += from[sorted[t] * std::int64_t{n} + c];
    *to = sum;
  });
}

}  // namespace dht
