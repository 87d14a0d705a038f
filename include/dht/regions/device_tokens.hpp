// SPDX-License-Identifier: MIT
// Tokens in a device's memory: labels, sizes, boxes, features, and their copy on the host.
#pragma once

#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/transpose.hpp>
#include <dht/hierarchy/device_hierarchy.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/selection/device_best_ancestor.hpp>

namespace dht {

/// The tokens of a batch of images, as `Tokens`.
template <class S>
struct DeviceTokens {
  int batch = 0, height = 0, width = 0, features = 0;
  DevicePartition partition;  ///< its sources are nodes of the trees of all images together
  DeviceBuffer<std::int32_t> size;
  DeviceBuffer<Box> box;
  DeviceBuffer<S> feature;        ///< `features` numbers a token
  detail::DeviceMembers members;  ///< the pixels of each token, in raster order

  /// Number of tokens, all images together.
  std::int32_t count() const { return partition.regions; }
  /// The label map of one image, and the features of all tokens, for the device's functions.
  OnDevice<LabelView> labels(int image = 0) const& {
    return on_device(
        LabelView(plane_view(partition.labels.data() + std::int64_t{image} * height * width, height, width)));
  }
  OnDevice<LabelView> labels(int = 0) const&& = delete;
  OnDevice<MatrixView<const S>> feature_rows() const& {
    return on_device(MatrixView<const S>{feature.data(), count(), features});
  }
  OnDevice<MatrixView<const S>> feature_rows() const&& = delete;

  /// The tokens in the host's memory, for everything that the library does there. Waits for the device.
  Tokens<S> download(const backend::Thrust& backend) const {
    Tokens<S> tokens;
    tokens.batch = batch;
    tokens.height = height;
    tokens.width = width;
    tokens.features = features;
    const auto take = [&](const auto& from, std::int64_t count, auto& to) {
      to.resize(static_cast<std::size_t>(count));
      backend.download(from.data(), count, to.data());
    };
    const std::int64_t pixels = std::int64_t{batch} * height * width;
    tokens.partition.regions = count();
    take(partition.labels, pixels, tokens.partition.labels);
    take(partition.sources, count(), tokens.partition.sources);
    dht::detail::one_source_each(tokens.partition, false);
    take(size, count(), tokens.size);
    take(box, count(), tokens.box);
    take(feature, std::int64_t{count()} * features, tokens.feature);
    for (int b = 0; b < batch; ++b)
      tokens.begin.push_back(
          tokens.partition.labels[static_cast<std::size_t>(std::int64_t{b} * height * width)]);
    tokens.begin.push_back(count());
    return tokens;
  }
};

namespace detail {

/// Where the numbers of a node lie: its level's arrays, for all levels at once.
template <class S>
struct DeviceNodes {
  static constexpr int most = 32;
  int levels = 0;
  std::int64_t begin[most + 1] = {};
  S* values[most] = {};

  /// `of(level)` is the address of a level's numbers.
  template <class Of>
  DeviceNodes(int built, const Of& of) : levels(built) {
    for (int i = 0; i < levels; ++i) {
      const auto [address, regions] = of(i + 1);
      values[i] = address;
      begin[i + 1] = begin[i] + regions;
    }
  }
  DHT_HOST_DEVICE DHT_INLINE S* row(std::int64_t node, int features) const {
    int level = 0;
    while (node >= begin[level + 1]) ++level;
    return values[level] + (node - begin[level]) * features;
  }
};

template <class S, class Features>
void device_token_features(const backend::Thrust& backend, const DeviceHierarchy<S>& tree, Features n,
                           DeviceTokens<S>& tokens) {
  const DeviceNodes<const S> nodes(tree.built, [&](int l) {
    return std::pair<const S*, std::int64_t>(tree.level(l).mean.data(), tree.level(l).regions);
  });
  const Source* const sources = tokens.partition.sources.data();
  const S* const pixels = tree.pixel_features.data();
  S* const feature = tokens.feature.data();
  backend.launch(tokens.count(), [=] DHT_DEVICE(std::int64_t t) DHT_DEVICE_INLINE {
    const Source source = sources[t];
    const S* const from = source < 0 ? pixels + (-1 - source) * n : nodes.row(source, n);
    for (int c = 0; c < n; ++c) feature[t * n + c] = from[c];
  });
}

template <class S>
void device_token_extents(const backend::Thrust& backend, DeviceTokens<S>& tokens) {
  const int height = tokens.height, width = tokens.width;
  const std::int32_t *const begin = tokens.members.begin.data(), *const member = tokens.members.member.data(),
                            *const labels = tokens.partition.labels.data();
  std::int32_t* const size = tokens.size.data();
  Box* const box = tokens.box.data();
  backend.launch(tokens.count(), [=] DHT_DEVICE(std::int64_t t) DHT_DEVICE_INLINE {
    const std::int32_t first = member[begin[t]], last = member[begin[t + 1] - 1], x = first % width;
    size[t] = begin[t + 1] - begin[t];
    box[t] = {first / width % height, x, last / width % height, x};
  });
  // Rows follow from the first and last pixel; columns from those at the ends of runs.
  backend.launch(std::int64_t{tokens.batch} * height * width,
                 [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
                   const std::int32_t t = labels[p], x = static_cast<std::int32_t>(p % width);
                   if (x < shared_load(&box[t].xmin)) shared_min(&box[t].xmin, x);
                   if (x > shared_load(&box[t].xmax)) shared_max(&box[t].xmax, x);
                 });
}

/// Fills in what follows from `tokens.partition`.
template <class S>
void describe(const backend::Thrust& backend, const DeviceHierarchy<S>& tree, DeviceTokens<S>& tokens,
              DeviceGraphWorkspace& w) {
  tokens.batch = tree.batch;
  tokens.height = tree.height;
  tokens.width = tree.width;
  tokens.features = tree.features;
  const std::int64_t n = tokens.count(), room = roomy(n);
  backend.resize(tokens.size, n, room);
  backend.resize(tokens.box, n, room);
  backend.resize(tokens.feature, n * tree.features, room * tree.features);
  device_members(backend, tokens.partition.labels.data(), static_cast<std::int32_t>(tree.pixels()),
                 tokens.count(), tokens.members, w);
  device_token_extents(backend, tokens);
  with_features(tree.features, [&](auto d) { device_token_features(backend, tree, d, tokens); });
}

}  // namespace detail
}  // namespace dht
