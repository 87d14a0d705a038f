// SPDX-License-Identifier: MIT
// Fine merging: from the regions of one level on, neighbours merge one pair at a time, the cheapest first, until one
// region is left in each connected part. Every number of regions from there down is one cut of the resulting binary tree.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/find_leaves.hpp>
#include <dht/merging/linkage.hpp>
#include <dht/merging/measure_leaves.hpp>
#include <dht/merging/merge_graph.hpp>

namespace dht {

/// Where merging starts and what it must not leave.
struct MergeOptions {
  /// The level of the hierarchy whose regions merge, at least 1; the coarsest below whole images where there are fewer.
  int start_level = 3;
  /// Regions with fewer pixels merge before all others, each with the neighbour that costs least. A number of regions that
  /// is asked for comes first: what was merged last for this size is undone for it.
  std::int64_t smallest = 1;
  /// Where not 0: regions are cut along a grid of cells so many pixels wide before they merge. For more regions than the
  /// level has; with 1, pixels merge. In graphs other than pixel grids each vertex is a cell, whatever the number.
  int cell = 0;
  /// Regions are cut between neighbouring pixels whose features are farther apart than this before they merge; with 0, pixels
  /// of one colour merge. At least 0.
  double contrast = any_contrast;
};

/// Two regions become one, which keeps the lower number.
struct Merge {
  std::int32_t low, high;  ///< leaves, each standing for what has merged into it
  double cost;             ///< by the linkage
};

/// The leaves, and the merges in the order in which they were made. A plain value: copy it to keep it.
struct MergeTree {
  MergeLeaves leaves;
  Buffer<Merge> merges;
  std::int32_t forced = 0;  ///< so many of them were made for the smallest size; they come first

  /// The fewest regions that the image can be cut into, its connected parts, and the most that are all large enough, as
  /// far as such a part is. Both 0 where a mask leaves nothing.
  std::int32_t fewest() const { return leaves.count() - static_cast<std::int32_t>(merges.size()); }
  std::int32_t most() const { return leaves.count() - forced; }
};

/// Scratch memory of `build_merge_tree`, kept for the next image.
struct MergeWorkspace {
  /// The cheapest edge of a region to a neighbour of higher number. Keys compare like costs.
  struct Offer {
    std::uint64_t key;
    std::int32_t region;
  };
  detail::MergeGraphWorkspace leaves;
  detail::MergeGraph graph;
  Buffer<std::uint64_t> edge_key;  // per edge
  Buffer<std::int32_t> best_edge;  // per region: the edge of its offer, or -1
  Buffer<std::int32_t> edge_to;    // per region: its edge to the region that merges, or -1
  Buffer<Offer> offers;            // a tree of winners

  void reserve(std::size_t regions, std::size_t edges, int features) {
    leaves.reserve(regions);
    graph.reserve(regions, edges, features);
    edge_key.reserve(edges);
    best_edge.reserve(regions);
    edge_to.reserve(regions);
    offers.reserve(4 * regions);
  }
};

namespace detail {

/// The merging of the leaves of an image.
template <class L>
class Merging {
 public:
  Merging(MergeWorkspace& w, const L& linkage, const MergeOptions& options, std::int32_t leaves)
      : w_(w),
        graph_(w.graph),
        linkage_(linkage),
        smallest_(options.smallest),
        leaves_(leaves),
        places_(static_cast<std::int32_t>(std::bit_ceil(static_cast<std::uint32_t>(leaves)))),
        offers_(w.offers.data()) {}

  /// Writes the merges and returns how many there were, and how many for the smallest size.
  DHT_INLINE std::pair<std::int32_t, std::int32_t> run(int n, Merge* merges) {
    for (std::int32_t e = 0; e < graph_.edge_count; ++e) price(e, n);
    for (std::int32_t r = 0; r < leaves_; ++r) {
      w_.edge_to[static_cast<std::size_t>(r)] = -1;
      find_best(r);
    }
    fill_offers();
    std::int32_t made = 0, forced = 0;
    while (offers_[1].key != nothing) {
      const std::int32_t low = offers_[1].region, edge = w_.best_edge[static_cast<std::size_t>(low)];
      const std::int32_t high = other(edge, low);
      merges[made++] = {low, high, cost(edge, n)};
      forced += offers_[1].key < enough;
      join(low, high, edge, n);
    }
    return {made, forced};
  }

 private:
  static constexpr std::uint64_t nothing = ~std::uint64_t{0};
  static constexpr std::uint64_t enough = std::uint64_t{1}
                                          << 63;  // set in keys of regions that are large enough

  std::int32_t owner(std::int32_t half) const { return graph_.owner[static_cast<std::size_t>(half)]; }
  std::int32_t next(std::int32_t half) const { return graph_.next[static_cast<std::size_t>(half)]; }
  std::int32_t head(std::int32_t region) const { return graph_.head[static_cast<std::size_t>(region)]; }
  bool gone(std::int32_t edge) const { return graph_.length[static_cast<std::size_t>(edge)] == 0; }
  std::int32_t other(std::int32_t edge, std::int32_t region) const {
    return owner(2 * edge) ^ owner(2 * edge + 1) ^ region;
  }

  DHT_INLINE double cost(std::int32_t edge, int n) const {
    const auto e = static_cast<std::size_t>(edge);
    const std::int32_t x = owner(2 * edge), y = owner(2 * edge + 1);
    const auto a = static_cast<std::size_t>(std::min(x, y)), b = static_cast<std::size_t>(std::max(x, y));
    const double *f = graph_.mean.data() + a * static_cast<std::size_t>(n),
                 *g = graph_.mean.data() + b * static_cast<std::size_t>(n);
    double distance2 = 0;
    for (int c = 0; c < n; ++c) distance2 = fma(f[c] - g[c], f[c] - g[c], distance2);
    const auto length = static_cast<double>(graph_.length[e]);
    const SharedBoundary shared{length * graph_.boundary_unit, graph_.contrast[e] / length};
    return linkage_(graph_.region[a], graph_.region[b], shared, distance2);
  }

  /// The key of an edge: its cost as an integer of the same order, less one bit, which goes to whether both regions are
  /// large enough.
  DHT_INLINE void price(std::int32_t edge, int n) {
    const auto bits = detail::bit_cast<std::uint64_t>(cost(edge, n) + 0.0);  // -0 becomes 0
    const std::uint64_t sign = std::uint64_t{1} << 63, ordered = bits & sign ? ~bits : bits | sign;
    const bool large = graph_.pixels[static_cast<std::size_t>(owner(2 * edge))] >= smallest_ &&
                       graph_.pixels[static_cast<std::size_t>(owner(2 * edge + 1))] >= smallest_;
    w_.edge_key[static_cast<std::size_t>(edge)] = ordered >> 1 | (large ? enough : 0);
  }

  /// Looks through a region's edges for the cheapest to a higher number, the lower neighbour where two cost the same.
  DHT_INLINE void find_best(std::int32_t region) {
    std::uint64_t best = nothing;
    std::int32_t best_edge = -1, best_other = 0;
    for (std::int32_t half = head(region); half >= 0; half = next(half)) {
      const std::int32_t edge = half >> 1, to = owner(half ^ 1);
      if (gone(edge) || to < region) continue;
      const std::uint64_t key = w_.edge_key[static_cast<std::size_t>(edge)];
      if (key < best || (key == best && to < best_other)) {
        best = key;
        best_edge = edge;
        best_other = to;
      }
    }
    w_.best_edge[static_cast<std::size_t>(region)] = best_edge;
  }

  MergeWorkspace::Offer offer_of(std::int32_t region) const {
    const std::int32_t edge = w_.best_edge[static_cast<std::size_t>(region)];
    return {edge < 0 ? nothing : w_.edge_key[static_cast<std::size_t>(edge)], region};
  }

  /// The winner of two offers; the left one, of the lower region, where they are equal.
  static MergeWorkspace::Offer winner(const MergeWorkspace::Offer& left, const MergeWorkspace::Offer& right) {
    return right.key < left.key ? right : left;
  }

  void fill_offers() {
    for (std::int32_t i = 0; i < places_; ++i)
      offers_[places_ + i] = i < leaves_ ? offer_of(i) : MergeWorkspace::Offer{nothing, leaves_};
    for (std::int32_t i = places_ - 1; i >= 1; --i) offers_[i] = winner(offers_[2 * i], offers_[2 * i + 1]);
  }

  DHT_INLINE void update_offer(std::int32_t region) {
    std::int32_t i = places_ + region;
    offers_[i] = offer_of(region);
    for (i >>= 1; i >= 1; i >>= 1) {
      const MergeWorkspace::Offer best = winner(offers_[2 * i], offers_[2 * i + 1]);
      if (best.key == offers_[i].key && best.region == offers_[i].region)
        return;  // nor does anything above change
      offers_[i] = best;
    }
  }

  /// `high` becomes part of `low`.
  DHT_INLINE void join(std::int32_t low, std::int32_t high, std::int32_t edge, int n) {
    join_moments(low, high, edge, n);
    graph_.length[static_cast<std::size_t>(edge)] = 0;
    join_chains(low, high);
    w_.best_edge[static_cast<std::size_t>(high)] = -1;
    update_offer(high);
    for (std::int32_t half = head(low); half >= 0; half = next(half)) {
      const std::int32_t e = half >> 1, to = owner(half ^ 1);
      w_.edge_to[static_cast<std::size_t>(to)] = -1;
      price(e, n);
      if (to < high) offer_again(to, e, low);
    }
    find_best(low);
    update_offer(low);
  }

  /// The edge between `region` and the one that has grown has a new price, or a new owner.
  DHT_INLINE void offer_again(std::int32_t region, std::int32_t edge, std::int32_t grown) {
    std::int32_t& best = w_.best_edge[static_cast<std::size_t>(region)];
    if (best >= 0 && (best == edge || gone(best))) {
      find_best(region);
    } else if (region < grown) {
      const std::uint64_t held = w_.edge_key[static_cast<std::size_t>(best)],
                          offered = w_.edge_key[static_cast<std::size_t>(edge)];
      if (offered > held || (offered == held && other(best, region) < grown)) return;
      best = edge;
    } else {
      return;
    }
    update_offer(region);
  }

  DHT_INLINE void join_moments(std::int32_t low, std::int32_t high, std::int32_t edge, int n) {
    MergingRegion& a = graph_.region[static_cast<std::size_t>(low)];
    const MergingRegion& b = graph_.region[static_cast<std::size_t>(high)];
    double* f = graph_.mean.data() + std::int64_t{low} * n;
    const double* g = graph_.mean.data() + std::int64_t{high} * n;
    std::int64_t &pixels = graph_.pixels[static_cast<std::size_t>(low)],
                 &sides = graph_.sides[static_cast<std::size_t>(low)];
    const std::int64_t other = graph_.pixels[static_cast<std::size_t>(high)];
    pixels += other;
    sides += graph_.sides[static_cast<std::size_t>(high)] - 2 * graph_.length[static_cast<std::size_t>(edge)];
    const double share = static_cast<double>(other) / static_cast<double>(pixels);
    double distance2 = 0;
    for (int c = 0; c < n; ++c) {
      const double d = g[c] - f[c];
      distance2 = fma(d, d, distance2);
      f[c] = fma(share, d, f[c]);
    }
    const double within = fma(share, b.variance - a.variance, a.variance);
    a.variance = fma(share * (1 - share), distance2, within);
    a.row = fma(share, b.row - a.row, a.row);
    a.column = fma(share, b.column - a.column, a.column);
    a.third = fma(share, b.third - a.third, a.third);
    a.perimeter = static_cast<double>(sides) * graph_.boundary_unit;
    a.size = static_cast<double>(pixels) * graph_.size_unit;
  }

  /// All edges of both in the chain of `low`, one for each neighbour; edges that have gone are dropped.
  DHT_INLINE void join_chains(std::int32_t low, std::int32_t high) {
    std::int32_t front = -1;
    for (const std::int32_t from : {low, high}) {
      for (std::int32_t half = head(from), following; half >= 0; half = following) {
        following = next(half);
        const std::int32_t edge = half >> 1;
        if (gone(edge)) continue;
        std::int32_t& kept = w_.edge_to[static_cast<std::size_t>(owner(half ^ 1))];
        if (kept >= 0) {
          graph_.length[static_cast<std::size_t>(kept)] += graph_.length[static_cast<std::size_t>(edge)];
          graph_.contrast[static_cast<std::size_t>(kept)] += graph_.contrast[static_cast<std::size_t>(edge)];
          graph_.length[static_cast<std::size_t>(edge)] = 0;
          continue;
        }
        kept = edge;
        graph_.owner[static_cast<std::size_t>(half)] = low;
        graph_.next[static_cast<std::size_t>(half)] = front;
        front = half;
      }
    }
    graph_.head[static_cast<std::size_t>(low)] = front;
    graph_.head[static_cast<std::size_t>(high)] = -1;
  }

  MergeWorkspace& w_;
  MergeGraph& graph_;
  const L& linkage_;
  std::int64_t smallest_;
  std::int32_t leaves_, places_;
  MergeWorkspace::Offer* offers_;
};

}  // namespace detail

/// Merges the regions of a level of `tree`, those inside of `mask` where there is one. `out` is overwritten. Nothing is allocated when `out` and `workspace` have served an image like this before.
///
/// Throws dht::Error for an empty hierarchy or one of other neighbours, options out of range, a mask of another shape, and
/// more than 2^30 leaves or boundaries between them.
template <concepts::graph G, class S, concepts::linkage L, class Backend>
void build_merge_tree(const Backend& backend, const G& graph, const Hierarchy<S, typename G::Extent>& tree,
                      const L& linkage, const MergeOptions& options, const Mask& mask, MergeTree& out,
                      MergeWorkspace& workspace) {
  detail::check_built_on(graph, tree);
  DHT_EXPECTS(options.start_level >= 1, "start level: is ", options.start_level, "; must be at least 1");
  DHT_EXPECTS(options.smallest >= 1, "smallest region: is ", options.smallest, " pixels; must be at least 1");
  DHT_EXPECTS(options.cell >= 0, "cell: is ", options.cell,
              " pixels wide; must be at least 1, or 0 for no grid");
  DHT_EXPECTS(options.contrast >= 0, "contrast: is ", options.contrast, "; must be at least 0");
  if (mask.data != nullptr) detail::check_mask(mask, 1, tree.height, tree.width);
  const auto pixels = static_cast<std::size_t>(tree.pixels());
  out.leaves.reserve(pixels);
  out.merges.reserve(MergeLeaves::most(pixels));
  if constexpr (concepts::pixel_grid<G>)
    workspace.reserve(MergeLeaves::most(pixels), pixels * G::Neighbourhood::forward.size(), tree.features);
  out.leaves.level = std::clamp(options.start_level, 1, std::max(tree.levels() - 2, 1));
  detail::find_leaves(backend, graph, tree, mask, options.cell, options.contrast, out.leaves,
                      workspace.leaves);
  detail::measure_leaves(backend, graph, tree, out.leaves, workspace.graph, workspace.leaves);
  const auto count = static_cast<std::size_t>(out.leaves.count());
  workspace.edge_key.resize(workspace.graph.length.size());
  workspace.best_edge.resize(count);
  workspace.edge_to.resize(count);
  workspace.offers.resize(4 * count);
  out.merges.resize(count);
  std::int32_t made = 0;
  out.forced = 0;
  if (count > 0) {
    backend.serial(backend::up_to_avx2, [&]() DHT_INLINE_LAMBDA {
      detail::Merging<L> merging(workspace, linkage, options, out.leaves.count());
      std::tie(made, out.forced) = merging.run(tree.features, out.merges.data());
    });
  }
  out.merges.resize(static_cast<std::size_t>(made));
}

}  // namespace dht
