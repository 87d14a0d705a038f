// SPDX-License-Identifier: MIT
// Contraction, round after round: from features at every pixel to the whole hierarchy (method, section 3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/region_graph.hpp>
#include <dht/graph/union_find.hpp>
#include <dht/hierarchy/concepts.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/hierarchy/moments.hpp>
#include <dht/hierarchy/pixel_choice.hpp>
#include <dht/similarity/compactness.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>
#include <limits>

namespace dht {

/// The numbers that steer contraction.
struct HierarchyOptions {
  double compactness = 0.01;  ///< kappa in [0, 1): how much a good fill of the box counts against similarity
  int enough_regions = 6;     ///< contraction stops at this many regions an image, on average
};

/// The parts that make a hierarchy, as values: a kernel with its bandwidth, a criterion with its iota.
template <class S, concepts::similarity<S> Similarity, concepts::weighting<S> Weighting, concepts::criterion<S> Criterion>
struct HierarchyParts {
  Similarity similarity;
  Weighting weighting;
  Criterion criterion;    ///< decides when further rounds are of no use
  SelfLoop<S> self_loop;
};

/// Scratch memory of `build_hierarchy`, kept for the next image.
template <class S>
struct HierarchyWorkspace {
  detail::PixelChoiceWorkspace<S> choice;
  detail::GridComponentsWorkspace components;
  detail::RegionGraphWorkspace graph;
  detail::MomentsWorkspace moments;
  Buffer<std::uint64_t> best_edge;        // per region: quantised similarity above, neighbour below
  Buffer<S> best_information, coarser;    // per region: the least over its pixels of the best so far
};

namespace detail {

/// One hierarchy under construction. Each member function is one step of a round.
template <class S, concepts::connectivity C, class Parts, class Backend>
class Builder {
 public:
  Builder(const Backend& backend, const Parts& parts, const HierarchyOptions& options, Hierarchy<S>& tree,
          HierarchyWorkspace<S>& workspace)
      : backend_(backend), parts_(parts), compactness_(options.compactness), tree_(tree), work_(workspace) {}

  /// Empties the tree and makes room for about as many regions as photos have. Memory that is never written costs
  /// nothing, and an image with more regions just makes the arrays grow.
  void reserve() {
    const auto pixels = static_cast<std::size_t>(tree_.pixels());
    const std::size_t nodes = pixels * 3 / 4 + 64, values = nodes * static_cast<std::size_t>(tree_.features);
    tree_.begin.reserve(32);
    tree_.edge_begin.reserve(32);
    tree_.begin.assign(1, 0);
    tree_.edge_begin.assign(1, 0);
    tree_.edges.clear();
    tree_.edges.reserve(pixels * 5 / 2 + 64);
    tree_.parent.reserve(nodes);
    tree_.size.reserve(nodes);
    tree_.box.reserve(nodes);
    tree_.mean.reserve(values);
    tree_.variance.reserve(values);
    tree_.information.reserve(nodes);
    tree_.chosen.reserve(nodes);
    tree_.similarity.reserve(nodes);
  }

  /// Level 1 from the pixels. Returns the number of its regions.
  std::int32_t contract_pixels() {
    const auto n = static_cast<std::size_t>(tree_.pixels());
    tree_.pixel_choice.resize(n);
    tree_.pixel_similarity.resize(n);
    tree_.pixel_parent.resize(n);
    choose_pixels<S, C>(backend_, tree_.pixel_features.data(), tree_.batch, tree_.features, tree_.height, tree_.width,
                        parts_.similarity, compactness_, tree_.pixel_choice.data(), tree_.pixel_similarity.data(),
                        work_.choice);
    const std::uint8_t* choice = tree_.pixel_choice.data();
    const int width = tree_.width;
    const std::int32_t regions = grid_components<C>(
        backend_, std::int64_t{tree_.batch} * tree_.height, width,
        [=](std::int64_t y, std::uint8_t* links) DHT_INLINE_LAMBDA { choice_links<C>(choice, y, width, links); },
        tree_.pixel_parent.data(), work_.components);
    open_level(regions);
    gather_pixels(backend_, tree_.pixel_features.data(), tree_.batch, tree_.features, tree_.height, width,
                  tree_.pixel_parent.data(), tree_.pixel_similarity.data(), parts_.weighting, regions, level(0),
                  work_.moments);
    append_region_edges<C>(backend_, tree_.pixel_parent.data(), tree_.batch, tree_.height, width, regions, work_.graph,
                           tree_.edges);
    close_level();
    return regions;
  }

  /// One more level above the last. Returns the number of its regions.
  std::int32_t contract_regions() {
    const int top = tree_.levels() - 1;
    const auto members = static_cast<std::int32_t>(tree_.regions(top));
    const std::int64_t first = tree_.begin[static_cast<std::size_t>(top) - 1];
    choose(top, first, members);
    std::int32_t* parent = tree_.parent.data() + first;
    for (std::int32_t r = 0; r < members; ++r) parent[r] = r;
    const std::int32_t* chosen = tree_.chosen.data() + first;
    for (std::int32_t r = 0; r < members; ++r) UnionFind{parent}.unite(r, chosen[r]);
    const std::int32_t regions = number_components(parent, 0, members, 0);
    gather(first, members, regions, parts_.weighting);
    append_contracted_edges(static_cast<std::size_t>(tree_.edge_begin[static_cast<std::size_t>(top) - 1]),
                            static_cast<std::size_t>(tree_.edge_begin[static_cast<std::size_t>(top)]),
                            tree_.parent.data() + first, regions, work_.graph, tree_.edges);
    close_level();
    return regions;
  }

  /// The last level: one region an image, by size weights.
  void join_images() {
    const int top = tree_.levels() - 1;
    if (top == 0) return join_pixels();
    const auto members = static_cast<std::int32_t>(tree_.regions(top));
    const std::int64_t first = tree_.begin[static_cast<std::size_t>(top) - 1];
    choose_nothing(first, members);
    // The regions of an image follow each other, the first one holding the image's first pixel.
    std::int32_t* parent = tree_.parent.data() + first;
    for (std::int32_t image = 0; image < tree_.batch; ++image) {
      std::int32_t r = tree_.pixel_parent[static_cast<std::size_t>(image * tree_.image_pixels())];
      for (int l = 1; l < top; ++l) r = tree_.parent[static_cast<std::size_t>(tree_.begin[static_cast<std::size_t>(l) - 1] + r)];
      std::fill(parent + r, parent + members, image);
    }
    gather(first, members, tree_.batch, SizeWeighting{});
    close_level();
    choose_nothing(first + members, tree_.batch);
  }

  /// Whether some pixel would take its region of the last level: its information is at least the best of the pixel's
  /// regions below. Keeps the best of both for the next level.
  bool last_level_is_taken() {
    const int top = tree_.levels() - 1;
    const auto regions = static_cast<std::size_t>(tree_.regions(top));
    const S* information = tree_.information.data() + tree_.begin[static_cast<std::size_t>(top) - 1];
    Buffer<S>& coarser = work_.coarser;
    const S pixel = parts_.criterion.template pixel_information<S>(tree_.image_pixels());
    if (top == 1) {
      coarser.assign(regions, pixel);
    } else {
      const std::int64_t below = tree_.begin[static_cast<std::size_t>(top) - 2];
      const auto members = static_cast<std::size_t>(tree_.regions(top - 1));
      coarser.assign(regions, std::numeric_limits<S>::infinity());
      for (std::size_t i = 0; i < members; ++i) {
        S& least = coarser[static_cast<std::size_t>(tree_.parent[static_cast<std::size_t>(below) + i])];
        least = std::min(least, work_.best_information[i]);
      }
    }
    bool taken = false;
    for (std::size_t r = 0; r < regions; ++r) {
      taken |= information[r] >= coarser[r];
      coarser[r] = std::max(coarser[r], information[r]);
    }
    std::swap(work_.best_information, coarser);
    return taken;
  }

 private:
  RegionArrays<S> level(std::int64_t first) {
    return {tree_.size.data() + first, tree_.box.data() + first, tree_.mean.data() + first * tree_.features,
            tree_.variance.data() + first * tree_.features};
  }

  /// Makes room for the regions of a new level at the end of every array.
  void open_level(std::int32_t regions) {
    const auto n = static_cast<std::size_t>(tree_.nodes() + regions);
    const auto values = n * static_cast<std::size_t>(tree_.features);
    tree_.parent.resize(n);
    tree_.size.resize(n);
    tree_.box.resize(n);
    tree_.mean.resize(values);
    tree_.variance.resize(values);
    tree_.information.resize(n);
    tree_.chosen.resize(n);
    tree_.similarity.resize(n);
    tree_.begin.push_back(static_cast<std::int64_t>(n));
  }

  /// The numbers that follow from a level's moments.
  void close_level() {
    const std::int64_t first = tree_.begin[tree_.begin.size() - 2], end = tree_.nodes();
    tree_.edge_begin.push_back(static_cast<std::int64_t>(tree_.edges.size()));
    const int features = tree_.features;
    const std::int64_t pixels = tree_.image_pixels();
    backend_.for_range(end - first, 4096, [&](std::int64_t b, std::int64_t e) DHT_INLINE_LAMBDA {
      for (std::int64_t i = first + b; i < first + e; ++i) {
        tree_.information[static_cast<std::size_t>(i)] = parts_.criterion.information(
            tree_.size[static_cast<std::size_t>(i)], static_cast<const S*>(tree_.variance.data()) + i * features, features, pixels);
        tree_.parent[static_cast<std::size_t>(i)] = -1;
      }
    });
  }

  DHT_INLINE S pair_similarity(std::int64_t a, std::int64_t b) const {
    const int n = tree_.features;
    S sums[decltype(parts_.similarity)::sums] = {};
    const S* x = tree_.mean.data() + a * n;
    const S* y = tree_.mean.data() + b * n;
    for (int c = 0; c < n; ++c) parts_.similarity.add(sums, x[c], y[c]);
    return compactness_.of_pair(parts_.similarity.value(sums), tree_.size[static_cast<std::size_t>(a)],
                                tree_.box[static_cast<std::size_t>(a)], tree_.size[static_cast<std::size_t>(b)],
                                tree_.box[static_cast<std::size_t>(b)]);
  }

  DHT_INLINE S self_similarity(std::int64_t a) const {
    return compactness_.of_region(parts_.self_loop.value(tree_.variance.data() + a * tree_.features),
                                  tree_.size[static_cast<std::size_t>(a)], tree_.box[static_cast<std::size_t>(a)]);
  }

  /// A similarity and a neighbour as one number: the larger similarity wins, then the larger label.
  static DHT_INLINE std::uint64_t key(S similarity, std::int32_t neighbour) {
    return static_cast<std::uint64_t>(quantise(similarity)) << 32 | static_cast<std::uint32_t>(neighbour);
  }

  /// Every region of the top level chooses a neighbour, or itself.
  void choose(int top, std::int64_t first, std::int32_t members) {
    Buffer<std::uint64_t>& best = work_.best_edge;
    best.resize(static_cast<std::size_t>(members));
    backend_.for_range(members, 4096, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t r = begin; r < end; ++r) {
        best[static_cast<std::size_t>(r)] = key(self_similarity(first + r), static_cast<std::int32_t>(r));
      }
    });
    for (const Edge& e : tree_.edges_of(top)) {
      const S s = pair_similarity(first + e.low, first + e.high);
      std::uint64_t& low = best[static_cast<std::size_t>(e.low)];
      std::uint64_t& high = best[static_cast<std::size_t>(e.high)];
      low = std::max(low, key(s, e.high));
      high = std::max(high, key(s, e.low));
    }
    backend_.for_range(members, 4096, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t r = begin; r < end; ++r) {
        const auto to = static_cast<std::int32_t>(best[static_cast<std::size_t>(r)] & 0xffffffffu);
        tree_.chosen[static_cast<std::size_t>(first + r)] = to;
        tree_.similarity[static_cast<std::size_t>(first + r)] = to == r ? self_similarity(first + r) : pair_similarity(first + r, first + to);
      }
    });
  }

  void choose_nothing(std::int64_t first, std::int32_t regions) {
    for (std::int32_t r = 0; r < regions; ++r) {
      tree_.chosen[static_cast<std::size_t>(first + r)] = r;
      tree_.similarity[static_cast<std::size_t>(first + r)] = 1;
    }
  }

  template <class Weighting>
  void gather(std::int64_t first, std::int32_t members, std::int32_t regions, const Weighting& weighting) {
    open_level(regions);
    const std::int32_t* size = tree_.size.data() + first;
    const S* similarity = tree_.similarity.data() + first;
    gather_regions(
        backend_, members, tree_.features, level(first), tree_.parent.data() + first,
        [=](std::int32_t i) DHT_INLINE_LAMBDA { return weighting(size[i], similarity[i]); }, regions,
        level(first + members), work_.moments);
  }

  /// Images too small for any round: the whole image is the only level above the pixels.
  void join_pixels() {
    const auto n = static_cast<std::size_t>(tree_.pixels());
    tree_.pixel_choice.assign(n, no_choice);
    tree_.pixel_similarity.assign(n, S(1));
    tree_.pixel_parent.resize(n);
    for (std::size_t p = 0; p < n; ++p) tree_.pixel_parent[p] = static_cast<std::int32_t>(static_cast<std::int64_t>(p) / tree_.image_pixels());
    open_level(tree_.batch);
    gather_pixels(backend_, tree_.pixel_features.data(), tree_.batch, tree_.features, tree_.height, tree_.width,
                  tree_.pixel_parent.data(), tree_.pixel_similarity.data(), SizeWeighting{}, tree_.batch, level(0),
                  work_.moments);
    close_level();
    choose_nothing(0, tree_.batch);
  }

  const Backend& backend_;
  const Parts& parts_;
  Compactness<S> compactness_;
  Hierarchy<S>& tree_;
  HierarchyWorkspace<S>& work_;
};

}  // namespace detail

/// Builds the hierarchy over `tree.pixel_features`, whose shape `tree.batch`, `tree.features`, `tree.height` and
/// `tree.width` give; everything else in `tree` is overwritten. Features must be finite.
///
/// Throws dht::Error for options out of range and for a self-loop of another number of features. Nothing is allocated
/// when `tree` and `workspace` have served an image of this size before.
template <concepts::connectivity C, class S, class Parts, class Backend>
void build_hierarchy(const Backend& backend, const Parts& parts, const HierarchyOptions& options, Hierarchy<S>& tree,
                     HierarchyWorkspace<S>& workspace) {
  const std::int64_t pixels = tree.pixels();
  DHT_EXPECTS(pixels > 0 && tree.features > 0, "hierarchy: has no pixels or no features to build on");
  DHT_EXPECTS(static_cast<std::int64_t>(tree.pixel_features.size()) == pixels * tree.features, "pixel features: are ",
              tree.pixel_features.size(), " numbers; must be ", pixels * tree.features);
  DHT_EXPECTS(parts.self_loop.is_constant() || parts.self_loop.weight.size() == static_cast<std::size_t>(tree.features),
              "self-loop: is a map of ", parts.self_loop.weight.size(), " variances; must be of ", tree.features);
  DHT_EXPECTS(options.enough_regions >= 1, "enough regions: is ", options.enough_regions, "; must be at least 1");
  detail::Builder<S, C, Parts, Backend> builder(backend, parts, options, tree, workspace);
  builder.reserve();

  int most_rounds = 0;  // ceil(log2(sqrt(pixels of an image)))
  while ((std::int64_t{1} << 2 * most_rounds) < tree.image_pixels()) ++most_rounds;
  std::int64_t regions = pixels;
  bool taken = true;
  for (int round = 0; round < most_rounds && regions > std::int64_t{options.enough_regions} * tree.batch && taken; ++round) {
    regions = round == 0 ? builder.contract_pixels() : builder.contract_regions();
    taken = builder.last_level_is_taken() || round == 0;
  }
  builder.join_images();
}

}  // namespace dht
