// SPDX-License-Identifier: MIT
// Tokens: the regions that were chosen, with their numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// The tokens of a batch of images. Labels are dense over the whole batch, numbered by the raster order of each token's
/// first pixel, so the tokens of an image follow each other.
template <class S>
struct Tokens {
  int batch = 0, height = 0, width = 0, features = 0;
  Partition partition;              ///< label map and where in the hierarchy each token comes from
  std::vector<std::int32_t> begin;  ///< first token of each image, and one more
  Buffer<std::int32_t> size;        ///< pixels of a token
  Buffer<Box> box;                  ///< in pixels of its image
  Buffer<S> feature;  ///< `features` numbers a token: f* of the method, the mean of its chosen region

  /// Number of tokens, all images together.
  std::int32_t count() const { return partition.regions; }
  /// Number of tokens of one image.
  std::int32_t count(int image) const {
    return begin[static_cast<std::size_t>(image) + 1] - begin[static_cast<std::size_t>(image)];
  }
  /// The label map of one image. Its labels begin at `begin[image]`.
  LabelView labels(int image = 0) const {
    return plane_view(partition.labels.data() + std::int64_t{image} * height * width, height, width);
  }
  std::span<const S> feature_of(std::int32_t token) const {
    return {feature.data() + std::int64_t{token} * features, static_cast<std::size_t>(features)};
  }
};

namespace detail {

/// Fills in what follows from `tokens.partition`: sizes, boxes, features.
template <class S>
void describe(const Hierarchy<S>& tree, Tokens<S>& tokens) {
  tokens.batch = tree.batch;
  tokens.height = tree.height;
  tokens.width = tree.width;
  tokens.features = tree.features;
  const Partition& part = tokens.partition;
  const auto n = static_cast<std::size_t>(part.regions),
             room = static_cast<std::size_t>(tree.pixels()) / 2 + 64;
  tokens.size.reserve(room);
  tokens.box.reserve(room);
  tokens.feature.reserve(room * static_cast<std::size_t>(tree.features));
  tokens.size.resize(n);
  tokens.box.resize(n);
  tokens.feature.resize(n * static_cast<std::size_t>(tree.features));
  tokens.begin.resize(static_cast<std::size_t>(tree.batch) + 1);
  std::int32_t next = 0;
  const std::int32_t* label = part.labels.data();
  for (int b = 0; b < tree.batch; ++b) {
    tokens.begin[static_cast<std::size_t>(b)] = next;
    for (std::int32_t y = 0; y < tree.height; ++y) {
      for (std::int32_t x = 0; x < tree.width;) {
        const std::int32_t r = *label, from = x;
        do {
          ++label;
          ++x;
        } while (x < tree.width && *label == r);
        const auto i = static_cast<std::size_t>(r);
        if (r == next) {
          ++next;
          tokens.size[i] = 0;
          tokens.box[i] = {y, from, y, x - 1};
        }
        tokens.size[i] += x - from;
        Box& box = tokens.box[i];
        box.ymax = y;
        box.xmin = std::min(box.xmin, from);
        box.xmax = std::max(box.xmax, x - 1);
      }
    }
  }
  tokens.begin.back() = next;

  const auto value = [&](Source source, int c) {
    return source >= 0 ? tree.mean[static_cast<std::size_t>(source * tree.features + c)]
                       : tree.pixel_features[static_cast<std::size_t>((-1 - source) * tree.features + c)];
  };
  for (std::int32_t r = 0; r < part.regions; ++r) {
    const auto sources = part.sources_of(r);
    S* out = tokens.feature.data() + std::int64_t{r} * tree.features;
    if (sources.size() == 1) {
      for (int c = 0; c < tree.features; ++c) out[c] = value(sources[0], c);
      continue;
    }
    for (int c = 0; c < tree.features; ++c) {
      double sum = 0, weight = 0;
      for (const Source source : sources) {
        const double m = source < 0 ? 1 : tree.size[static_cast<std::size_t>(source)];
        sum = fma(m, static_cast<double>(value(source, c)), sum);
        weight += m;
      }
      out[c] = static_cast<S>(sum / weight);
    }
  }
}

}  // namespace detail
}  // namespace dht
