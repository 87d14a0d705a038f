// SPDX-License-Identifier: MIT
// The way back through contraction: from gradients of the regions' means and variances to the features of the pixels and
// the self-loop (method, section 7). Every choice, size and box is a constant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/similarity/compactness.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>

namespace dht {

/// Gradients of what a hierarchy holds, one number each: what reaches it from above, and after the way back all of it.
template <class S>
struct HierarchyGradients {
  Buffer<S> pixel_features;  ///< `features` numbers a pixel
  Buffer<S> mean, variance;  ///< `features` numbers a node

  /// Zero, for this tree.
  template <class Extent>
  void clear(const Hierarchy<S, Extent>& tree) {
    const auto nodes = static_cast<std::size_t>(tree.nodes() * tree.features);
    mean.reserve(
        3 *
        tree.pixel_features.size());  // room for noise, as the tree itself has: untouched it costs nothing
    variance.reserve(3 * tree.pixel_features.size());
    pixel_features.assign(tree.pixel_features.size(), S(0));
    mean.assign(nodes, S(0));
    variance.assign(nodes, S(0));
  }
};

/// Scratch memory of `backward_hierarchy`, kept for the next image.
template <class S>
struct HierarchyBackwardWorkspace {
  Buffer<double> weight;  // per region of the level above: sum of its members' weights
  Buffer<S> grad_sums;    // per member: gradient of the sums of its edge's kernel
  Buffer<S> grad_self;    // per member: gradient of the argument of its self-loop's sigmoid
};

namespace detail {

/// One channel of a member's part of the gradients of its region's mean and variance: that of its mean is added to
/// `grad_mean`, that of its weight returned. `variance` is the member's, 0 for a pixel.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S share_channel(S share, S region_mean, S region_variance, S region_grad_mean,
                                           S region_grad_variance, S mean, S variance, S& grad_mean) {
  const S difference = mean - region_mean;
  grad_mean = fma(share, fma(2 * region_grad_variance, difference, region_grad_mean), grad_mean);
  const S spread = fma(difference, difference, variance - region_variance);
  return fma(region_grad_variance, spread, region_grad_mean * difference);
}

/// A member's share of its region's gradients, by its weight. One that is a region of its own without having chosen, as in
/// an image that waits for others to be finished, hands them on as they are, whatever 1 / weight is rounded to.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S share_of_member(S weight, S region_share, bool waits) {
  return waits ? S(1) : weight * region_share;
}

/// Gradients of the self-loop's parameters are summed over blocks of so many regions, then over the blocks.
inline constexpr std::int64_t self_loop_block = 1024;

DHT_SCALAR_LOOPS_BEGIN

/// One way back. Levels are taken from the top down; at each, in two steps:
///  1. every member takes its share of its region's gradients, and finds the gradient of the edge it chose;
///  2. every member takes what reaches it through chosen edges: its own, and those of neighbours that chose it.
/// The second step gathers instead of scattering, so no two threads write the same number and every sum has one order.
template <class S, concepts::graph G, class Parts, class Backend>
class HierarchyBackward {
  using Tree = Hierarchy<S, typename G::Extent>;
  using Kernel = decltype(Parts::similarity);
  using PartsWeighting = decltype(Parts::weighting);
  using Weighting = LevelWeighting<PartsWeighting>;
  static_assert(concepts::differentiable_similarity<Kernel, S>,
                "Policies::Similarity does not satisfy dht::concepts::differentiable_similarity");
  static_assert(concepts::differentiable_weighting<PartsWeighting, S>,
                "Policies::Weighting does not satisfy dht::concepts::differentiable_weighting");
  static constexpr int sums_n = Kernel::sums;
  static constexpr int most_features = 8;  // that are worked on side by side

 public:
  HierarchyBackward(const Backend& backend, const G& graph, const Parts& parts,
                    const HierarchyOptions& options, const Tree& tree, HierarchyGradients<S>& gradients,
                    SelfLoop<S>& grad_self_loop, HierarchyBackwardWorkspace<S>& work)
      : backend_(backend),
        parts_(parts),
        keep_(Compactness<S>(options.compactness, graph.dimensions()).gradient()),
        tree_(tree),
        out_(gradients),
        grad_self_loop_(grad_self_loop),
        work_(work) {}

  void run() {
    // The last level is made by size weights, whatever the policy; a 1x1 image has no level between.
    const int top = tree_.levels() - 1;
    if (top > 1) members_of(top - 1, {parts_.weighting, true});
    for (int level = top - 2; level >= 1; --level) members_of(level, {parts_.weighting});
    pixels({parts_.weighting, top <= 1});
  }

 private:
  /// What a member needs to know of the region above it.
  template <class Features>
  struct Region {
    const S *mean, *variance, *grad_mean, *grad_variance;
    S share;  // 1 / sum of the members' weights
  };

  /// The member's part of the gradients of its region's mean and variance, added to its own; returns the gradient of its
  /// weight. `variance` and `grad_variance` are null for pixels.
  template <class Features>
  DHT_INLINE S take_share(const Region<Features>& region, S weight, bool waits, const S* DHT_RESTRICT mean,
                          const S* DHT_RESTRICT variance, S* DHT_RESTRICT grad_mean,
                          S* DHT_RESTRICT grad_variance, Features n) const {
    const S share = share_of_member(weight, region.share, waits);
    S terms
        [most_features];  // of the weight's gradient; summed apart, for a chain of additions would be waited for
    S of_weight = 0;
    for (int done = 0; done < n; done += most_features) {
      const int end = std::min<int>(n - done, most_features);
      DHT_INDEPENDENT
      for (int i = 0; i < end; ++i) {
        const int c = done + i;
        if (grad_variance) grad_variance[c] = fma(share, region.grad_variance[c], grad_variance[c]);
        terms[i] =
            share_channel(share, region.mean[c], region.variance[c], region.grad_mean[c],
                          region.grad_variance[c], mean[c], variance ? variance[c] : S(0), grad_mean[c]);
      }
      for (int i = 0; i < end; ++i) of_weight += terms[i];
    }
    return of_weight * region.share;
  }

  template <class Features>
  DHT_INLINE Region<Features> region(std::int64_t first, std::int64_t r, Features n) const {
    const std::int64_t at = (first + r) * n;
    return {tree_.mean.data() + at, tree_.variance.data() + at, out_.mean.data() + at,
            out_.variance.data() + at, static_cast<S>(1 / work_.weight[static_cast<std::size_t>(r)])};
  }

  /// Gradient of the sums of a kernel between two vectors, given that of its value.
  template <class Features>
  DHT_INLINE void edge_gradient(const S* a, const S* b, S upstream, S* grad_sums, Features n) const {
    S sum[std::size_t{sums_n}] = {};
    for (int c = 0; c < n; ++c) parts_.similarity.add(sum, a[c], b[c]);
    parts_.similarity.gradient(sum, upstream, grad_sums);
  }

  /// Sums of weights, region by region, in the order of the members.
  template <class WeightOf>
  void sum_weights(std::int64_t regions, std::int64_t members, const std::int32_t* parent,
                   const WeightOf& weight_of) {
    work_.weight.resize(static_cast<std::size_t>(regions));
    double* const sum = work_.weight.data();
    backend_.for_range(regions, 4096, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      std::fill(sum + begin, sum + end, 0.0);
      for (std::int64_t i = 0; i < members; ++i)
        if (parent[i] >= begin && parent[i] < end)
          sum[parent[i]] = rounded_sum(sum[parent[i]], static_cast<double>(weight_of(i)));
    });
  }

  /// From the regions of level + 1 to their members, the regions of `level`.
  void members_of(int level, const Weighting& weighting) {
    const std::int64_t members = tree_.regions(level),
                       first = tree_.begin[static_cast<std::size_t>(level) - 1];
    const std::int32_t* const parent = tree_.parent.data() + first;
    const std::int32_t *const size = tree_.size.data() + first, *const size_above = size + members;
    const S* const similarity = tree_.similarity.data() + first;
    const std::int32_t* const chosen = tree_.chosen.data() + first;
    const auto weight_of = [=](std::int64_t i)
                               DHT_INLINE_LAMBDA { return weighting(size[i], similarity[i]); };
    sum_weights(tree_.regions(level + 1), members, parent, weight_of);
    work_.grad_sums.resize(static_cast<std::size_t>(members * sums_n));
    work_.grad_self.resize(static_cast<std::size_t>(members));
    S* const grad_sums = work_.grad_sums.data();
    S* const grad_self = work_.grad_self.data();
    backend_.for_range(members, 2048, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      with_features(tree_.features, [&](auto n) DHT_INLINE_LAMBDA {
        const S* const mean = tree_.mean.data() + first * n;
        const S* const variance = tree_.variance.data() + first * n;
        for (std::int64_t i = begin; i < end; ++i) {
          const bool apart = chosen[i] == i;
          const bool waits = apart && similarity[i] == 1 && size[i] == size_above[parent[i]];
          const S of_weight = take_share(region(first + members, parent[i], n), weight_of(i), waits,
                                         mean + i * n, variance + i * n, out_.mean.data() + (first + i) * n,
                                         out_.variance.data() + (first + i) * n, n);
          const S upstream = of_weight * weighting.gradient(size[i], similarity[i]) * keep_;
          grad_self[i] = apart ? upstream * self_loop_gradient(variance + i * n, n) : S(0);
          if (apart)
            std::fill_n(grad_sums + i * sums_n, sums_n, S(0));
          else
            edge_gradient(mean + i * n, mean + chosen[i] * n, upstream, grad_sums + i * sums_n, n);
        }
      });
    });
    backend_.for_range(members, 2048, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      with_features(tree_.features, [&](auto n) DHT_INLINE_LAMBDA {
        gather_edges(first, members, chosen, begin, end, n);
        gather_self_loops(first, begin, end, n);
      });
    });
    add_self_loop(first, members);
  }

  /// Both ends of the chosen edges take their gradients, as far as they lie in [begin, end).
  template <class Features>
  DHT_INLINE void gather_edges(std::int64_t first, std::int64_t members, const std::int32_t* chosen,
                               std::int64_t begin, std::int64_t end, Features n) {
    const S* const mean = tree_.mean.data() + first * n;
    S* const grad_mean = out_.mean.data() + first * n;
    for (std::int64_t i = 0; i < members; ++i) {
      const std::int64_t j = chosen[i];
      const bool own = i >= begin && i < end, other = j >= begin && j < end;
      if (i == j || !(own || other)) continue;
      add_edge(work_.grad_sums.data() + i * sums_n, mean + i * n, mean + j * n,
               own ? grad_mean + i * n : nullptr, other ? grad_mean + j * n : nullptr, n);
    }
  }

  /// What a chosen edge brings to its ends; to none that is null.
  template <class Features>
  DHT_INLINE void add_edge(const S* grad_sums, const S* a, const S* b, S* grad_a, S* grad_b,
                           Features n) const {
    S nothing[most_features] = {};
    for (int done = 0; done < n; done += most_features) {
      const int end = std::min<int>(n - done, most_features);
      S* const to_a = grad_a ? grad_a + done : nothing;
      S* const to_b = grad_b ? grad_b + done : nothing;
      DHT_INDEPENDENT
      for (int c = 0; c < end; ++c) {
        S of_a = 0, of_b = 0;
        parts_.similarity.add_gradient(grad_sums, a[done + c], b[done + c], of_a, of_b);
        to_a[c] += of_a;
        to_b[c] += of_b;
      }
    }
  }

  template <class Features>
  DHT_INLINE S self_loop_gradient(const S* variance, Features n) const {
    const SelfLoop<S>& loop = parts_.self_loop;
    if (loop.is_constant()) return 0;
    S sum = loop.bias;
    for (int c = 0; c < n; ++c) sum = loop.add(sum, c, variance[c]);
    return loop.gradient(sum);
  }

  template <class Features>
  DHT_INLINE void gather_self_loops(std::int64_t first, std::int64_t begin, std::int64_t end, Features n) {
    const SelfLoop<S>& loop = parts_.self_loop;
    if (loop.is_constant()) return;
    for (std::int64_t i = begin; i < end; ++i) {
      S* const grad_variance = out_.variance.data() + (first + i) * n;
      for (int c = 0; c < n; ++c)
        grad_variance[c] = fma(work_.grad_self[static_cast<std::size_t>(i)],
                               loop.weight[static_cast<std::size_t>(c)], grad_variance[c]);
    }
  }

  /// The self-loop's own parameters: one sum over all regions, in their order, block by block.
  void add_self_loop(std::int64_t first, std::int64_t members) {
    if (parts_.self_loop.get().is_constant()) return;
    const std::int64_t n = tree_.features;
    work_.weight.assign(static_cast<std::size_t>(2 * (n + 1)), 0.0);
    double *const sum = work_.weight.data(), *const part = sum + n + 1;
    for (std::int64_t block = 0; block < members; block += self_loop_block) {
      std::fill_n(part, n + 1, 0.0);
      for (std::int64_t i = block; i < std::min(members, block + self_loop_block); ++i) {
        const double g = static_cast<double>(work_.grad_self[static_cast<std::size_t>(i)]);
        if (g == 0) continue;
        for (std::int64_t c = 0; c < n; ++c)
          part[c] = fma(g, static_cast<double>(tree_.variance[static_cast<std::size_t>((first + i) * n + c)]),
                        part[c]);
        part[n] += g;
      }
      for (std::int64_t c = 0; c <= n; ++c) sum[c] += part[c];
    }
    for (int c = 0; c < n; ++c)
      grad_self_loop_.weight[static_cast<std::size_t>(c)] +=
          static_cast<S>(work_.weight[static_cast<std::size_t>(c)]);
    grad_self_loop_.bias += static_cast<S>(work_.weight[static_cast<std::size_t>(n)]);
  }

  /// From the regions of level 1 to the pixels.
  void pixels(const Weighting& weighting) {
    const std::int64_t width = tree_.width, rows = tree_.height;
    const std::int32_t* const parent = tree_.pixel_parent.data();
    const S* const similarity = tree_.pixel_similarity.data();
    const auto weight_of = [=](std::int64_t p) DHT_INLINE_LAMBDA { return weighting(1, similarity[p]); };
    sum_weights(tree_.regions(1), tree_.pixels(), parent, weight_of);
    work_.grad_sums.resize(static_cast<std::size_t>(tree_.pixels() * sums_n));
    S* const grad_sums = work_.grad_sums.data();
    // Ranges are of whole rows, where there are rows.
    const bool has_rows = concepts::pixel_grid<G>;
    const std::int64_t step = has_rows ? width : 1, count = has_rows ? rows : tree_.pixels(),
                       grain = 1 + 4096 / step;
    const Choices choices(tree_);
    backend_.for_range(count, grain, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      with_features(tree_.features, [&](auto n) DHT_INLINE_LAMBDA {
        const S* const features = tree_.pixel_features.data();
        for (std::int64_t p = begin * step; p < end * step; ++p) {
          const S of_weight = take_share(region(0, parent[p], n), weight_of(p), false, features + p * n,
                                         nullptr, out_.pixel_features.data() + p * n, nullptr, n);
          const std::int64_t q = choices.of(p);
          if (q == p) {
            std::fill_n(grad_sums + p * sums_n, sums_n, S(0));
            continue;
          }
          const S upstream = of_weight * weighting.gradient(1, similarity[p]) * keep_;
          edge_gradient(features + p * n, features + q * n, upstream, grad_sums + p * sums_n, n);
        }
      });
    });
    backend_.for_range(count, grain, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      with_features(tree_.features, [&](auto n) DHT_INLINE_LAMBDA {
        gather_pixel_edges(choices, begin * step, end * step, n);
      });
    });
  }

  /// The neighbours that pixels chose; one that chose none has itself.
  class Choices {
   public:
    explicit Choices(const Tree& tree) : tree_(tree) {
      if constexpr (concepts::pixel_grid<G>) {
        using N = Neighbours<typename G::Neighbourhood>;
        for (int k = 0; k < N::count; ++k) {
          const Offset o = N::all[static_cast<std::size_t>(k)];
          step_[k] = std::int64_t{o.dy} * tree.width + o.dx;
        }
      }
    }
    DHT_INLINE std::int64_t of(std::int64_t p) const {
      if constexpr (concepts::pixel_grid<G>) {
        const std::uint8_t choice = tree_.pixel_choice.data()[p];
        return choice == no_choice ? p : p + step_[choice];
      } else {
        return tree_.vertex_choice.data()[p];
      }
    }

   private:
    const Tree& tree_;
    std::int64_t step_[8] = {};
  };

  /// Pixels of [low, high) take the gradients of the edges that they chose, and of those by which others chose
  /// them: on pixel grids others of one row before and one behind, too.
  template <class Features>
  DHT_INLINE void gather_pixel_edges(const Choices& choices, std::int64_t low, std::int64_t high,
                                     Features n) {
    const std::int64_t reach = concepts::pixel_grid<G> ? tree_.width : tree_.pixels();
    const std::int64_t last = std::min(high + reach, tree_.pixels());
    const S* const features = tree_.pixel_features.data();
    S* const grad = out_.pixel_features.data();
    for (std::int64_t p = std::max<std::int64_t>(low - reach, 0); p < last; ++p) {
      const std::int64_t q = choices.of(p);
      if (q == p) continue;
      const bool own = p >= low && p < high, other = q >= low && q < high;
      if (!concepts::pixel_grid<G> && !own && !other) continue;
      add_edge(work_.grad_sums.data() + p * sums_n, features + p * n, features + q * n,
               own ? grad + p * n : nullptr, other ? grad + q * n : nullptr, n);
    }
  }

  const Backend& backend_;
  const Parts& parts_;
  const S keep_;
  const Tree& tree_;
  HierarchyGradients<S>& out_;
  SelfLoop<S>& grad_self_loop_;
  HierarchyBackwardWorkspace<S>& work_;
};

DHT_SCALAR_LOOPS_END

}  // namespace detail

/// The way back through a hierarchy that `build_hierarchy` made with these parts and options. On entry `gradients` holds
/// what reaches means, variances and pixel features from above, from tokens for example; on return all of it is there,
/// `gradients.pixel_features` being what an encoder needs. Gradients of the self-loop's parameters are added to
/// `grad_self_loop`, a map of as many variances. The result does not depend on the number of threads, to the last bit.
template <concepts::graph G, class S, class Parts, class Backend>
void backward_hierarchy(const Backend& backend, const G& graph, const Parts& parts,
                        const HierarchyOptions& options, const Hierarchy<S, typename G::Extent>& tree,
                        HierarchyGradients<S>& gradients, SelfLoop<S>& grad_self_loop,
                        HierarchyBackwardWorkspace<S>& workspace) {
  const SelfLoop<S>& self_loop = parts.self_loop;
  detail::check_built_on(graph, tree);
  DHT_EXPECTS(gradients.pixel_features.size() == tree.pixel_features.size() &&
                  gradients.mean.size() == tree.mean.size() &&
                  gradients.variance.size() == tree.variance.size(),
              "gradients: are of another hierarchy; clear them for this one");
  DHT_EXPECTS(grad_self_loop.weight.size() == self_loop.weight.size(), "gradient of the self-loop: is of ",
              grad_self_loop.weight.size(), " variances; must be of ", self_loop.weight.size());
  detail::HierarchyBackward<S, G, Parts, Backend>(backend, graph, parts, options, tree, gradients,
                                                  grad_self_loop, workspace)
      .run();
}

}  // namespace dht
