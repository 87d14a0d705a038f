// SPDX-License-Identifier: MIT
// Contraction, round after round: from features at every pixel to the whole hierarchy (method, section 3).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/extent.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/pixel_grid.hpp>
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

namespace dht {

/// The numbers that steer contraction.
struct HierarchyOptions {
  double compactness = 0.01;  ///< kappa in [0, 1): how much a good fill of the box counts against similarity
  int enough_regions = 6;     ///< contraction stops at this many regions
};

/// The parts that make a hierarchy, as values: a kernel with its bandwidth, a criterion with its iota.
template <class S, concepts::similarity<S> Similarity, concepts::weighting<S> Weighting,
          concepts::criterion<S> Criterion>
struct HierarchyParts {
  Similarity similarity;
  Weighting weighting;
  Criterion criterion;                                  ///< decides when further rounds are of no use
  std::reference_wrapper<const SelfLoop<S>> self_loop;  ///< must live as long as these parts
};

/// Scratch memory of `build_hierarchy`, kept for the next image.
template <class S, class Extent = Box>
struct HierarchyWorkspace {
  detail::PixelChoiceWorkspace<S> choice;
  detail::GridComponentsWorkspace components;
  RegionMembers pixels;
  detail::RegionGraphWorkspace graph;
  detail::MomentsWorkspace moments;
  Buffer<S> scratch;                    // per part: features of a block of edges
  Buffer<S> edge_similarity;            // per edge of a level
  Buffer<std::uint64_t> best_edge;      // per region: quantised similarity above, neighbour below
  Buffer<S> best_information, coarser;  // per region: the least over its pixels of the best so far
  // Of graphs other than pixel grids.
  Buffer<Edge> vertex_edges;
  Buffer<std::int32_t> vertex_size, vertex_component;
  Buffer<Extent> vertex_extent;
};

namespace detail {

DHT_SCALAR_LOOPS_BEGIN

/// One hierarchy under construction. Each member function is one step of a round.
template <class S, concepts::graph G, class Parts, class Backend>
class Builder {
  using Extent = typename G::Extent;

 public:
  Builder(const Backend& backend, const G& graph, const Parts& parts, const HierarchyOptions& options,
          Hierarchy<S, Extent>& tree, HierarchyWorkspace<S, Extent>& workspace)
      : backend_(backend),
        graph_(graph),
        parts_(parts),
        compactness_(options.compactness, graph.dimensions()),
        tree_(tree),
        work_(workspace) {
    if constexpr (!concepts::pixel_grid<G>) list_edges(graph_, work_.vertex_edges);
  }

  /// Empties the tree and makes room for as many regions as noise has, so that the next image of the size finds enough.
  /// Memory that is never written costs nothing; should an image need more, the arrays grow.
  void reserve() {
    const auto pixels = static_cast<std::size_t>(tree_.pixels()),
               features = static_cast<std::size_t>(tree_.features);
    const std::size_t nodes = 3 * pixels + 64, regions = pixels / 2 + 64;
    std::size_t edges = work_.vertex_edges.size() + 64;
    if constexpr (concepts::pixel_grid<G>) edges = pixels * G::Neighbourhood::forward.size() + 64;
    tree_.begin.reserve(32);
    tree_.edge_begin.reserve(32);
    tree_.begin.assign(1, 0);
    tree_.edge_begin.assign(1, 0);
    tree_.edges.clear();
    tree_.edges.reserve(3 * edges);
    tree_.parent.reserve(nodes);
    tree_.size.reserve(nodes);
    tree_.box.reserve(nodes);
    tree_.mean.reserve(nodes * features);
    tree_.variance.reserve(nodes * features);
    tree_.information.reserve(nodes);
    tree_.chosen.reserve(nodes);
    tree_.similarity.reserve(nodes);
    work_.pixels.begin.reserve(regions);
    work_.moments.sums.reserve(2 * features * static_cast<std::size_t>(backend_.threads()));
    work_.moments.members.begin.reserve(regions);
    work_.moments.members.members.reserve(regions);
    work_.graph.reserve(regions, edges);
    work_.scratch.reserve(4 * block * features * static_cast<std::size_t>(backend_.threads()));
    work_.edge_similarity.reserve(edges);
    work_.best_edge.reserve(regions);
    work_.best_information.reserve(regions);
    work_.coarser.reserve(regions);
  }

  /// Level 1 from the pixels. Returns the number of its regions.
  std::int32_t contract_pixels() {
    const auto n = static_cast<std::size_t>(tree_.pixels());
    tree_.pixel_similarity.resize(n);
    tree_.pixel_parent.resize(n);
    const std::int32_t regions = first_regions();
    open_level(regions);
    work_.pixels.assign(tree_.pixel_parent.data(), tree_.pixels(), regions);
    gather_pixels(backend_, graph_, tree_.pixel_features.data(), tree_.features, work_.pixels,
                  tree_.pixel_similarity.data(), weighting(), level(0), work_.moments);
    backend_.serial(backend::up_to_baseline, [&]() DHT_INLINE_LAMBDA {
      if constexpr (concepts::pixel_grid<G>)
        append_region_edges<typename G::Neighbourhood>(tree_.pixel_parent.data(), tree_.height, tree_.width,
                                                       work_.pixels, work_.graph, tree_.edges);
      else
        append_contracted_edges(work_.vertex_edges.data(), work_.vertex_edges.size(),
                                tree_.pixel_parent.data(), regions, work_.graph, tree_.edges);
    });
    close_level();
    return regions;
  }

  /// One more level above the last. Returns the number of its regions.
  std::int32_t contract_regions() {
    const int top = tree_.levels() - 1;
    const auto members = static_cast<std::int32_t>(tree_.regions(top));
    const std::int64_t first = tree_.begin[static_cast<std::size_t>(top) - 1];
    choose_regions(top, first, members);
    std::int32_t* parent = tree_.parent.data() + first;
    const std::int32_t* chosen = tree_.chosen.data() + first;
    std::int32_t regions = 0;
    work_.graph.seen.resize(static_cast<std::size_t>(members));
    backend_.serial(backend::up_to_baseline, [&]() DHT_INLINE_LAMBDA {
      regions = chosen_components(chosen, members, parent, work_.graph.seen.data());
    });
    gather(first, members, regions, weighting());
    backend_.serial(backend::up_to_baseline, [&]() DHT_INLINE_LAMBDA {
      const std::span<const Edge> below = tree_.edges_of(top);
      append_contracted_edges(below.data(), below.size(), tree_.parent.data() + first, regions, work_.graph,
                              tree_.edges);
    });
    close_level();
    return regions;
  }

  /// The last level: the whole image, or each connected part of another graph, by size weights.
  void join() {
    const int top = tree_.levels() - 1;
    if (top == 0) return join_pixels();
    const auto members = static_cast<std::int32_t>(tree_.regions(top));
    const std::int64_t first = tree_.begin[static_cast<std::size_t>(top) - 1];
    choose_nothing(first, members);
    const std::int32_t parts = connected_parts(members, tree_.edges_of(top), tree_.parent.data() + first);
    gather(first, members, parts, size_weighting());
    close_level();
    choose_nothing(first + members, parts);
  }

  /// Whether some pixel would take its region of the last level: its information is at least the best of the pixel's
  /// regions below. Keeps the best of both for the next level.
  bool last_level_is_taken() {
    const int top = tree_.levels() - 1;
    const auto regions = static_cast<std::size_t>(tree_.regions(top));
    const S* information = tree_.information.data() + tree_.begin[static_cast<std::size_t>(top) - 1];
    Buffer<S>& coarser = work_.coarser;
    const S pixel = parts_.criterion.template pixel_information<S>(tree_.pixels());
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
  static constexpr int block = 64;  // edges, or regions, that a kernel takes at once

  /// Who goes with whom in the first round: into `tree_.pixel_parent`. Returns the number of regions.
  std::int32_t first_regions() requires concepts::pixel_grid<G> {
    using C = typename G::Neighbourhood;
    tree_.pixel_choice.resize(static_cast<std::size_t>(tree_.pixels()));
    choose_pixels<S, C>(backend_, tree_.pixel_features.data(), tree_.features, tree_.height, tree_.width,
                        parts_.similarity, compactness_, tree_.pixel_choice.data(),
                        tree_.pixel_similarity.data(), work_.choice);
    const std::uint8_t* choice = tree_.pixel_choice.data();
    const int width = tree_.width;
    return grid_components<C>(
        backend_, tree_.height, width,
        [=](std::int64_t y, std::uint8_t* links)
            DHT_INLINE_LAMBDA { choice_links<C>(choice, y, width, links); },
        tree_.pixel_parent.data(), work_.components);
  }
  std::int32_t first_regions() {
    const auto n = static_cast<std::int32_t>(tree_.pixels());
    const auto vertices = static_cast<std::size_t>(n);
    work_.vertex_size.assign(vertices, 1);
    work_.vertex_extent.resize(vertices);
    for (std::int32_t v = 0; v < n; ++v) work_.vertex_extent[static_cast<std::size_t>(v)] = graph_.extent(v);
    tree_.vertex_choice.resize(vertices);
    S* const similarity = tree_.pixel_similarity.data();
    // Whatever a neighbour offers is better than nothing.
    constexpr std::uint64_t neighbour = std::uint64_t{1} << 63;
    choose(
        {tree_.pixel_features.data(), work_.vertex_size.data(), work_.vertex_extent.data(), n},
        work_.vertex_edges.data(), std::ssize(work_.vertex_edges), neighbour,
        [=](std::int64_t begin, std::int64_t end, std::uint64_t* best) DHT_INLINE_LAMBDA {
          for (std::int64_t v = begin; v < end; ++v) {
            best[v] = static_cast<std::uint64_t>(v);
            similarity[v] = 1;
          }
        },
        tree_.vertex_choice.data(), similarity);
    std::int32_t regions = 0;
    work_.vertex_component.resize(vertices);
    backend_.serial(backend::up_to_baseline, [&]() DHT_INLINE_LAMBDA {
      regions = chosen_components(tree_.vertex_choice.data(), n, tree_.pixel_parent.data(),
                                  work_.vertex_component.data());
    });
    return regions;
  }

  /// The connected part that each of `members` regions is in, of which an image is one.
  std::int32_t connected_parts([[maybe_unused]] std::int32_t members,
                               [[maybe_unused]] std::span<const Edge> edges, std::int32_t* part) {
    if constexpr (concepts::pixel_grid<G>) {
      std::fill_n(part, members, 0);
      return 1;
    } else {
      for (std::int32_t i = 0; i < members; ++i) part[i] = i;
      const UnionFind sets{part};
      for (const Edge& e : edges) sets.unite(e.low, e.high);
      return number_components(part, 0, members, 0);
    }
  }

  RegionArrays<S, Extent> level(std::int64_t first) {
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
    const std::int64_t pixels = tree_.pixels();
    backend_.for_range(backend::up_to_avx2, end - first, 4096,
                       [&](std::int64_t b, std::int64_t e) DHT_INLINE_LAMBDA {
                         const auto criterion = parts_.criterion;
                         const std::int32_t* const size = tree_.size.data() + first;
                         const S* const variance = tree_.variance.data() + first * features;
                         S* const information = tree_.information.data() + first;
                         with_features(features, [&](auto n) DHT_INLINE_LAMBDA {
                           for (std::int64_t i = b; i < e; ++i)
                             information[i] = criterion.information(size[i], variance + i * n, n, pixels);
                         });
                         std::fill(tree_.parent.data() + first + b, tree_.parent.data() + first + e, -1);
                       });
  }

  /// The regions of a level, or vertices: what a choice between them looks at.
  struct Members {
    const S* mean;
    const std::int32_t* size;
    const Extent* box;
    std::int32_t count;
  };

  /// A whole number on pixel grids, where loops have a form of their own.
  using Sides = std::conditional_t<concepts::pixel_grid<G>, std::int32_t, S>;
  static DHT_INLINE S compact(const Compactness<S>& compactness, S similarity, std::int32_t size,
                              Sides sides) {
    if constexpr (concepts::pixel_grid<G>)
      return compactness.mix(similarity, size, sides);
    else
      return compactness.mix_in_space(similarity, size, sides);
  }

  /// Similarities of `count` edges. Features are gathered for a block of
  /// edges, both ends one below the other, and turned into planes, so that the kernel runs over edges side by side.
  DHT_INLINE void edge_similarities(const Edge* edges, std::int64_t count, const Members& of, S* scratch,
                                    S* out) const {
    constexpr int sums_n = decltype(parts_.similarity)::sums;
    S sums[std::size_t{sums_n}][block];
    std::int32_t size[block];
    Sides sides[block];
    const auto kernel = parts_.similarity;
    const Compactness<S> compactness = compactness_;
    const int features = tree_.features;
    const S* mean = of.mean;
    const std::int32_t* sizes = of.size;
    const Extent* boxes = of.box;
    S *rows = scratch, *low = rows + 2 * block * features, *high = low + block;
    for (std::int64_t done = 0; done < count; done += block) {
      const int m = static_cast<int>(std::min<std::int64_t>(block, count - done));
      with_features(features, [&](auto n) DHT_INLINE_LAMBDA {
        for (int i = 0; i < m; ++i) {
          const auto [a, b] = edges[done + i];
          prefetch(mean + std::int64_t{edges[std::min(done + i + prefetch_steps, count - 1)].high} * n);
          copy_values(mean + std::int64_t{a} * n, rows + i * n, n);
          copy_values(mean + std::int64_t{b} * n, rows + (block + i) * n, n);
        }
      });
      for (int i = 0; i < m; ++i) {
        const auto [a, b] = edges[done + i];
        prefetch(boxes + edges[std::min(done + i + prefetch_steps, count - 1)].high);
        size[i] = sizes[a] + sizes[b];
        sides[i] = static_cast<Sides>(graph_.sides(joined(boxes[a], boxes[b])));
      }
      rows_to_planes(rows, 2 * block, features, low, 2 * block);
      std::fill_n(&sums[0][0], sums_n * block, S(0));
      for (int c = 0; c < features; ++c) {
        DHT_INDEPENDENT
        for (int i = 0; i < block; ++i) {
          S sum[std::size_t{sums_n}];
          for (int k = 0; k < sums_n; ++k) sum[k] = sums[k][i];
          kernel.add(sum, low[2 * c * block + i], high[2 * c * block + i]);
          for (int k = 0; k < sums_n; ++k) sums[k][i] = sum[k];
        }
      }
      DHT_INDEPENDENT
      for (int i = 0; i < m; ++i) {
        S sum[std::size_t{sums_n}];
        for (int k = 0; k < sums_n; ++k) sum[k] = sums[k][i];
        out[done + i] = compact(compactness, kernel.value(sum), size[i], sides[i]);
      }
    }
  }

  /// Similarities of the self-loops of `count` nodes from `first` on.
  DHT_INLINE void self_similarities(std::int64_t first, std::int64_t count, S* out) const {
    const SelfLoop<S>& loop = parts_.self_loop;
    const Compactness<S> compactness = compactness_;
    const int features = loop.is_constant() ? 0 : tree_.features;
    const S* variance = tree_.variance.data() + first * features;
    const std::int32_t* size = tree_.size.data() + first;
    const Extent* box = tree_.box.data() + first;
    for (std::int64_t i = 0; i < count; ++i) {
      S sum = loop.bias;
      for (int c = 0; c < features; ++c) sum = loop.add(sum, c, variance[i * features + c]);
      out[i] = compact(compactness, loop.value(sum), size[i], static_cast<Sides>(graph_.sides(box[i])));
    }
  }

  /// `a` where all bits of `mask` are set, `b` where none is.
  static DHT_INLINE S take_if(std::uint64_t mask, S a, S b) {
    using Bits = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;
    const Bits x = detail::bit_cast<Bits>(a), y = detail::bit_cast<Bits>(b);
    return detail::bit_cast<S>(static_cast<Bits>(y ^ ((x ^ y) & static_cast<Bits>(mask))));
  }

  /// Every region of the top level chooses a neighbour, or itself.
  void choose_regions(int top, std::int64_t first, std::int32_t members) {
    const std::span<const Edge> edges = tree_.edges_of(top);
    S* const similarity = tree_.similarity.data() + first;
    choose(
        {tree_.mean.data() + first * tree_.features, tree_.size.data() + first, tree_.box.data() + first,
         members},
        edges.data(), std::ssize(edges), 0,
        [=, this](std::int64_t begin, std::int64_t end, std::uint64_t* best) DHT_INLINE_LAMBDA {
          self_similarities(first + begin, end - begin, similarity + begin);
          for (std::int64_t r = begin; r < end; ++r)
            best[r] = choice_key(similarity[r], static_cast<std::int32_t>(r));
        },
        tree_.chosen.data() + first, similarity);
  }

  /// Every member chooses the best of what `begin_with(begin, end, best)` has for it and what its neighbours offer, whose
  /// keys have `neighbour` added.
  template <class BeginWith>
  void choose(const Members& of, const Edge* edges, std::int64_t edge_count, std::uint64_t neighbour,
              const BeginWith& begin_with, std::int32_t* chosen, S* similarity) {
    const std::int32_t members = of.count;
    const int features = tree_.features;
    const std::int64_t scratch = std::int64_t{4} * block * features;
    work_.scratch.resize(static_cast<std::size_t>(scratch * backend_.threads()));
    work_.edge_similarity.resize(static_cast<std::size_t>(edge_count));
    work_.best_edge.resize(static_cast<std::size_t>(members));
    std::uint64_t* const best = work_.best_edge.data();
    S* const edge_similarity = work_.edge_similarity.data();
    backend_.for_range(backend::up_to_avx2, members, 4096,
                       [&](std::int64_t begin, std::int64_t end)
                           DHT_INLINE_LAMBDA { begin_with(begin, end, best); });
    backend_.for_parts(edge_count, 4096,
                       [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                         edge_similarities(edges + begin, end - begin, of,
                                           work_.scratch.data() + part * scratch, edge_similarity + begin);
                       });
    // Which offer is better cannot be foreseen, so the better one is taken without a branch.
    const auto offer = [=](std::int32_t region, std::uint64_t offered, S value) DHT_INLINE_LAMBDA {
      const std::uint64_t held = best[region], better = std::uint64_t{0} - std::uint64_t{offered > held};
      best[region] = held ^ ((held ^ offered) & better);
      similarity[region] = take_if(better, value, similarity[region]);
    };
    backend_.serial(backend::up_to_baseline, [&]() DHT_INLINE_LAMBDA {
      for (std::int64_t i = 0; i < edge_count; ++i) {
        const auto [low, high] = edges[i];
        const S value = edge_similarity[i];
        offer(low, neighbour + choice_key(value, high), value);
        offer(high, neighbour + choice_key(value, low), value);
      }
      for (std::int64_t r = 0; r < members; ++r) chosen[r] = static_cast<std::int32_t>(best[r] & 0xffffffffu);
    });
  }

  void choose_nothing(std::int64_t first, std::int32_t regions) {
    for (std::int32_t r = 0; r < regions; ++r) {
      tree_.chosen[static_cast<std::size_t>(first + r)] = r;
      tree_.similarity[static_cast<std::size_t>(first + r)] = 1;
    }
  }

  using Weighting = LevelWeighting<decltype(Parts::weighting)>;
  Weighting weighting() const { return {parts_.weighting}; }
  Weighting size_weighting() const { return {parts_.weighting, true}; }

  void gather(std::int64_t first, std::int32_t members, std::int32_t regions, const Weighting& weight_of) {
    open_level(regions);
    const std::int32_t* size = tree_.size.data() + first;
    const S* similarity = tree_.similarity.data() + first;
    gather_regions(
        backend_, members, tree_.features, level(first), tree_.parent.data() + first,
        [=](std::int32_t i) DHT_INLINE_LAMBDA { return weight_of(size[i], similarity[i]); }, regions,
        level(first + members), work_.moments);
  }

  /// An image too small for any round: the whole of it is the only level above the pixels.
  void join_pixels() {
    const auto n = static_cast<std::size_t>(tree_.pixels());
    if constexpr (concepts::pixel_grid<G>) {
      tree_.pixel_choice.assign(n, no_choice);
    } else {
      tree_.vertex_choice.resize(n);
      std::iota(tree_.vertex_choice.begin(), tree_.vertex_choice.end(), 0);
    }
    tree_.pixel_similarity.assign(n, S(1));
    tree_.pixel_parent.resize(n);
    const std::int32_t parts =
        connected_parts(static_cast<std::int32_t>(n), {work_.vertex_edges.data(), work_.vertex_edges.size()},
                        tree_.pixel_parent.data());
    open_level(parts);
    work_.pixels.assign(tree_.pixel_parent.data(), tree_.pixels(), parts);
    gather_pixels(backend_, graph_, tree_.pixel_features.data(), tree_.features, work_.pixels,
                  tree_.pixel_similarity.data(), size_weighting(), level(0), work_.moments);
    close_level();
    choose_nothing(0, parts);
  }

  const Backend& backend_;
  const G graph_;
  const Parts& parts_;
  Compactness<S> compactness_;
  Hierarchy<S, Extent>& tree_;
  HierarchyWorkspace<S, Extent>& work_;
};

DHT_SCALAR_LOOPS_END

/// Throws dht::Error for a self-loop of another number of features, and for options out of range.
template <class S>
void check_contraction(const SelfLoop<S>& self_loop, int features, const HierarchyOptions& options) {
  DHT_EXPECTS(self_loop.is_constant() || self_loop.weight.size() == static_cast<std::size_t>(features),
              "self-loop: is a map of ", self_loop.weight.size(), " variances; must be of ", features);
  DHT_EXPECTS(options.enough_regions >= 1, "enough regions: is ", options.enough_regions,
              "; must be at least 1");
}

/// Height and width of the tree: of an image its own.
template <concepts::graph G, class S>
void set_shape(const G& graph, Hierarchy<S, typename G::Extent>& tree) {
  if constexpr (concepts::pixel_grid<G>) {
    tree.height = graph.height;
    tree.width = graph.width;
  } else {
    tree.height = 1;
    tree.width = static_cast<int>(graph.vertices());
  }
}

/// ceil(log2(sqrt(pixels of an image))): no more rounds than that.
inline int most_rounds(std::int64_t pixels) {
  int rounds = 0;
  while ((std::int64_t{1} << 2 * rounds) < pixels) ++rounds;
  return rounds;
}

}  // namespace detail

/// Builds the hierarchy over a graph and `tree.pixel_features`, `tree.features` numbers a pixel, or vertex; everything else
/// in `tree` is overwritten. Features must be finite.
///
/// Throws dht::Error for a graph that is not one, options out of range and a self-loop of another number of features. Nothing is allocated
/// when `tree` and `workspace` have served an image of this size before.
template <concepts::graph G, class S, class Parts, class Backend>
void build_hierarchy(const Backend& backend, const G& graph, const Parts& parts,
                     const HierarchyOptions& options, Hierarchy<S, typename G::Extent>& tree,
                     HierarchyWorkspace<S, typename G::Extent>& workspace) {
  tree.begin.clear();  // should anything below fail, the tree is empty
  graph.check();
  DHT_EXPECTS(tree.features > 0, "hierarchy: has no features to build on");
  detail::set_shape(graph, tree);
  const std::int64_t pixels = tree.pixels();
  DHT_EXPECTS(static_cast<std::int64_t>(tree.pixel_features.size()) == pixels * tree.features,
              "pixel features: are ", tree.pixel_features.size(), " numbers; must be ",
              pixels * tree.features);
  detail::check_contraction<S>(parts.self_loop, tree.features, options);
  detail::Builder<S, G, Parts, Backend> builder(backend, graph, parts, options, tree, workspace);
  builder.reserve();
  // Round after round, until one of the rules says stop; then the last level.
  const int most_rounds = detail::most_rounds(pixels);
  std::int64_t regions = pixels;
  bool taken = true;
  for (int round = 0; round < most_rounds && regions > options.enough_regions && taken; ++round) {
    regions = round == 0 ? builder.contract_pixels() : builder.contract_regions();
    taken = builder.last_level_is_taken() || round == 0;
  }
  builder.join();
}

}  // namespace dht
