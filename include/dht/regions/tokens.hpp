// SPDX-License-Identifier: MIT
// Tokens: the regions that were chosen, with their numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/extent.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// The tokens of a batch of images. Labels are dense over the whole batch, numbered by the raster order of each token's
/// first pixel, so the tokens of an image follow each other; -1 marks pixels outside of a mask.
template <class S, class ExtentType = Box>
struct Tokens {
  using Extent = ExtentType;
  int batch = 0, height = 0, width = 0, features = 0;  ///< of graphs other than pixel grids height is 1
  Partition partition;              ///< label map and where in its image's hierarchy each token comes from
  std::vector<std::int32_t> begin;  ///< first token of each image, and one more
  Buffer<std::int32_t> size;        ///< pixels of a token
  Buffer<Extent> box;               ///< in pixels of its image
  Buffer<S> feature;  ///< `features` numbers a token: f* of the method, the mean of its chosen region

  /// Number of tokens, all images together.
  std::int32_t count() const { return partition.regions; }
  /// Number of tokens of one image.
  std::int32_t count(int image) const {
    return begin[static_cast<std::size_t>(image) + 1] - begin[static_cast<std::size_t>(image)];
  }
  /// The label map of one image. Its labels begin at `begin[image]`.
  LabelView labels(int image = 0) const& {
    return plane_view(partition.labels.data() + std::int64_t{image} * height * width, height, width);
  }
  LabelView labels(int = 0) const&& = delete;
  std::span<const S> feature_of(std::int32_t token) const& {
    return {feature.data() + std::int64_t{token} * features, static_cast<std::size_t>(features)};
  }
  std::span<const S> feature_of(std::int32_t) const&& = delete;
};

namespace detail {

/// Sizes and boxes by a walk over the label map, run by run; -1 is no token.
template <class S>
void measure_labels(Tokens<S>& tokens) {
  std::fill(tokens.size.begin(), tokens.size.end(), 0);
  std::int32_t next = 0;
  const std::int32_t* label = tokens.partition.labels.data();
  for (std::int32_t y = 0; y < tokens.height; ++y) {
    for (std::int32_t x = 0; x < tokens.width;) {
      const std::int32_t r = *label, from = x;
      do {
        ++label;
        ++x;
      } while (x < tokens.width && *label == r);
      if (r < 0) continue;
      const auto i = static_cast<std::size_t>(r);
      Box& box = tokens.box[i];
      if (r == next) {
        ++next;
        box = {y, from, y, x - 1};
      }
      tokens.size[i] += x - from;
      box.ymax = y;
      box.xmin = std::min(box.xmin, from);
      box.xmax = std::max(box.xmax, x - 1);
    }
  }
}

/// The same by a walk over the vertices of any graph.
template <concepts::graph G, class S>
void measure_labels(const G& graph, Tokens<S, typename G::Extent>& tokens) {
  std::fill(tokens.size.begin(), tokens.size.end(), 0);
  const std::int32_t* const label = tokens.partition.labels.data();
  for (std::int32_t v = 0; v < static_cast<std::int32_t>(graph.vertices()); ++v) {
    if (label[v] < 0) continue;
    const auto i = static_cast<std::size_t>(label[v]);
    tokens.box[i] = tokens.size[i] == 0 ? graph.extent(v) : joined(tokens.box[i], graph.extent(v));
    ++tokens.size[i];
  }
}

/// Sizes and boxes of regions that consist of whole nodes and pixels.
template <class S>
void measure_sources(const Hierarchy<S>& tree, Tokens<S>& tokens) {
  for (std::int32_t r = 0; r < tokens.count(); ++r) {
    const auto i = static_cast<std::size_t>(r);
    std::int32_t size = 0;
    Box box{tokens.height, tokens.width, -1, -1};
    for (const Source source : tokens.partition.sources_of(r)) {
      Box part;
      if (source < 0) {
        const std::int64_t pixel = -1 - source;
        const auto y = static_cast<std::int32_t>(pixel / tree.width),
                   x = static_cast<std::int32_t>(pixel % tree.width);
        part = {y, x, y, x};
        size += 1;
      } else {
        part = tree.box[static_cast<std::size_t>(source)];
        size += tree.size[static_cast<std::size_t>(source)];
      }
      box = joined(box, part);
    }
    tokens.size[i] = size;
    tokens.box[i] = box;
  }
}

/// Features of regions that consist of whole nodes and pixels, or of a piece of one: the mean over their sources.
template <class S, class Extent>
void average_sources(const Hierarchy<S, Extent>& tree, Tokens<S, Extent>& tokens) {
  const auto value = [&](Source source, int c) {
    return source >= 0 ? tree.mean[static_cast<std::size_t>(source * tree.features + c)]
                       : tree.pixel_features[static_cast<std::size_t>((-1 - source) * tree.features + c)];
  };
  for (std::int32_t r = 0; r < tokens.count(); ++r) {
    const auto sources = tokens.partition.sources_of(r);
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

/// Means of tokens over their pixels; those of the tree may be weighted. `tokens.size` must be known.
template <class S, class Extent, class Features>
DHT_INLINE void mean_over_pixels(const Hierarchy<S, Extent>& tree, const Tokens<S, Extent>& tokens,
                                 Features n, Buffer<double>& mean) {
  mean.assign(tokens.size.size() * static_cast<std::size_t>(n), 0);
  const std::int32_t* const labels = tokens.partition.labels.data();
  const S* DHT_RESTRICT feature = tree.pixel_features.data();
  for (std::int64_t p = 0; p < tree.pixels();) {
    const std::int32_t token = labels[p];
    std::int64_t end = p + 1;
    while (end < tree.pixels() && labels[end] == token) ++end;
    double* DHT_RESTRICT const sum = mean.data() + std::int64_t{std::max(token, 0)} * n;
    for (; p < end; ++p, feature += n) {
      for (int c = 0; token >= 0 && c < n; ++c) sum[c] += static_cast<double>(feature[c]);
    }
  }
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] /= tokens.size[i / static_cast<std::size_t>(n)];
}

/// Features of regions that were merged from pieces: the mean over their pixels.
template <class S, class Extent>
void average_pixels(const Hierarchy<S, Extent>& tree, Tokens<S, Extent>& tokens) {
  Buffer<double> mean;
  with_features(tree.features, [&](auto n) { mean_over_pixels(tree, tokens, n, mean); });
  std::transform(mean.begin(), mean.end(), tokens.feature.begin(),
                 [](double m) { return static_cast<S>(m); });
}

/// Fills in what follows from `tokens.partition`, that of one image: sizes, boxes, features.
template <concepts::graph G, class S>
void describe(const G& graph, const Hierarchy<S, typename G::Extent>& tree,
              Tokens<S, typename G::Extent>& tokens) {
  tokens.batch = 1;
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
  tokens.begin.assign({0, part.regions});
  if constexpr (!concepts::pixel_grid<G>) {
    measure_labels(graph, tokens);
  } else if (part.whole_sources) {
    measure_sources(tree, tokens);
  } else {
    measure_labels(tokens);
  }
  if (part.means_of_pixels) {
    average_pixels(tree, tokens);
  } else {
    average_sources(tree, tokens);
  }
}

/// The tokens of images of one size together, one after the other; `tokens_of(i)` are those of image i.
template <class S, class Extent, class TokensOf>
void join_tokens(int images, const TokensOf& tokens_of, Tokens<S, Extent>& out) {
  const Tokens<S, Extent>& first = tokens_of(0);
  out.batch = images;
  out.height = first.height;
  out.width = first.width;
  out.features = first.features;
  out.begin.assign(1, 0);
  Partition& to = out.partition;
  to.whole_sources = true;
  to.means_of_pixels = false;
  to.labels.clear();
  to.sources.clear();
  to.source_begin.assign(1, 0);
  out.size.clear();
  out.box.clear();
  out.feature.clear();
  const auto append = [](const auto& from, auto& all) { all.insert(all.end(), from.begin(), from.end()); };
  for (int i = 0; i < images; ++i) {
    const Tokens<S, Extent>& image = tokens_of(i);
    to.whole_sources &= image.partition.whole_sources;
    to.means_of_pixels |= image.partition.means_of_pixels;
    const std::int32_t before = out.begin.back();
    const std::int64_t sources = to.source_begin.back();
    for (const std::int32_t label : image.partition.labels)
      to.labels.push_back(label < 0 ? -1 : before + label);
    for (std::int32_t r = 1; r <= image.count(); ++r)
      to.source_begin.push_back(sources + image.partition.source_begin[static_cast<std::size_t>(r)]);
    append(image.partition.sources, to.sources);
    append(image.size, out.size);
    append(image.box, out.box);
    append(image.feature, out.feature);
    out.begin.push_back(before + image.count());
  }
  to.regions = out.begin.back();
}

}  // namespace detail
}  // namespace dht
