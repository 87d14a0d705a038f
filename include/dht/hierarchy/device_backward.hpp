// SPDX-License-Identifier: MIT
// The way back through contraction on a device (method, section 7): the sums of `backward_hierarchy`, in its order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/transpose.hpp>
#include <dht/hierarchy/backward.hpp>
#include <dht/hierarchy/device_build.hpp>
#include <dht/hierarchy/device_hierarchy.hpp>

namespace dht {

/// Gradients of what a hierarchy holds, and scratch memory of the way back, kept for the next image.
template <class S>
struct DeviceHierarchyGradients {
  struct Level {
    DeviceBuffer<S> mean, variance;  // `features` numbers a region
  };
  DeviceBuffer<S> pixel_features;  // `features` numbers a pixel
  std::vector<Level> above;        // from level 1 up

  DeviceBuffer<S> share;      // per region of the level above: 1 / sum of its members' weights
  DeviceBuffer<S> grad_sums;  // per member: gradient of the sums of its edge's kernel
  DeviceBuffer<S> grad_self;  // per member: gradient of the argument of its self-loop's sigmoid
  DeviceBuffer<S> self_loop;
  DeviceBuffer<double> parts, self_loop_sums;  // per block of regions, per level: variances, and the bias
  // Nodes and pixels that upstream gradients come to, and the tokens that they come from.
  DeviceBuffer<std::int64_t> sources;
  DeviceBuffer<std::int32_t> tokens;
  detail::DeviceMembers choosers;  // of each region: who chose it
  detail::DeviceGraphWorkspace graph;

  /// Zero, for this tree.
  void clear(const backend::Thrust& backend, const DeviceHierarchy<S>& tree) {
    const std::int64_t n = tree.features;
    if (above.size() < static_cast<std::size_t>(tree.built))
      above.resize(static_cast<std::size_t>(tree.built));
    backend.fill(backend.resize(pixel_features, tree.pixels() * n), tree.pixels() * n, S(0));
    for (int l = 1; l <= tree.built; ++l) {
      Level& to = level(l);
      const std::int64_t size = tree.level(l).regions * n,
                         room = l == 1 ? (tree.pixels() / 2 + 1) * n : detail::roomy(size);
      backend.fill(backend.resize(to.mean, size, room), size, S(0));
      backend.fill(backend.resize(to.variance, size, room), size, S(0));
    }
  }
  Level& level(int l) { return above[static_cast<std::size_t>(l) - 1]; }
};

namespace detail {

/// What the way back reads of a region's level, and of its members.
template <class S>
struct DeviceShares {
  const S *mean, *variance, *grad_mean, *grad_variance, *share;  // of regions
  const std::int32_t* parent;                                    // of members
  const std::int32_t* size;                                      // of regions
};

/// 1 / sum of the members' weights of each region, in the order of the members. `size` is null for pixels.
template <class S, class Weighting>
void device_weight_shares(const backend::Thrust& backend, const DeviceMembers& members, std::int32_t regions,
                          const std::int32_t* size, const S* similarity, const Weighting& weighting,
                          S* share) {
  const std::int32_t *const begin = members.begin.data(), *const member = members.member.data();
  backend.launch(regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    double sum = 0;
    for (std::int32_t i = begin[r]; i < begin[r + 1]; ++i) {
      const std::int32_t m = member[i];
      sum = rounded_sum(sum, static_cast<double>(weighting(size ? size[m] : std::int32_t{1}, similarity[m])));
    }
    share[r] = static_cast<S>(1 / sum);
  });
}

/// A member takes its share of its region's gradients; returns the gradient of its weight. `variance` and
/// `grad_variance` are null for pixels.
template <class S, class Features>
DHT_HOST_DEVICE DHT_INLINE S device_take_share(const DeviceShares<S>& in, std::int64_t i, S weight,
                                               bool waits, const S* mean, const S* variance, S* grad_mean,
                                               S* grad_variance, Features n) {
  const std::int64_t r = in.parent[i];
  const S share = share_of_member(weight, in.share[r], waits);
  S of_weight = 0;
  for (int c = 0; c < n; ++c) {
    const std::int64_t k = r * n + c;
    if (grad_variance) grad_variance[i * n + c] = fma(share, in.grad_variance[k], grad_variance[i * n + c]);
    of_weight += share_channel(share, in.mean[k], in.variance[k], in.grad_mean[k], in.grad_variance[k],
                               mean[i * n + c], variance ? variance[i * n + c] : S(0), grad_mean[i * n + c]);
  }
  return of_weight * in.share[r];
}

/// Gradient of the sums of a kernel between two members, given that of its value.
template <class S, class Similarity, class Features>
DHT_HOST_DEVICE DHT_INLINE void device_edge_gradient(const Similarity& kernel, const S* a, const S* b,
                                                     S upstream, S* grad_sums, Features n) {
  S sum[Similarity::sums] = {};
  for (int c = 0; c < n; ++c) kernel.add(sum, a[c], b[c]);
  kernel.gradient(sum, upstream, grad_sums);
}

/// One channel of what a chosen edge brings to its ends.
template <class S, class Similarity>
DHT_HOST_DEVICE DHT_INLINE S device_end_gradient(const Similarity& kernel, const S* grad_sums, S a, S b,
                                                 bool first) {
  S of_a = 0, of_b = 0;
  kernel.add_gradient(grad_sums, a, b, of_a, of_b);
  return first ? of_a : of_b;
}

/// First step of a level: shares, and the gradients of chosen edges and self-loops.
template <class S, class Similarity, class Weighting, class Features>
void device_share_regions(const backend::Thrust& backend, const DeviceLevel<S>& level,
                          const DeviceShares<S>& in, Features n, const Similarity& kernel,
                          const Weighting& weighting, const SelfLoopView<S>& loop, S keep, S* grad_mean,
                          S* grad_variance, S* grad_sums, S* grad_self) {
  constexpr int sums_n = Similarity::sums;
  const std::int32_t *const size = level.size.data(), *const chosen = level.chosen.data();
  const S *const similarity = level.similarity.data(), *const mean = level.mean.data(),
                 *const variance = level.variance.data();
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const bool waits = chosen[i] == i && similarity[i] == 1 && size[i] == in.size[in.parent[i]];
    const S of_weight = device_take_share(in, i, weighting(size[i], similarity[i]), waits, mean, variance,
                                          grad_mean, grad_variance, n);
    const S upstream = of_weight * weighting.gradient(size[i], similarity[i]) * keep;
    S of_loop = 0;
    if (chosen[i] == i) {
      if (!loop.is_constant) {
        S sum = loop.bias;
        for (int c = 0; c < n; ++c) sum = loop.add(sum, c, variance[i * n + c]);
        of_loop = loop.gradient(sum);
      }
      for (int k = 0; k < sums_n; ++k) grad_sums[i * sums_n + k] = 0;
      grad_self[i] = upstream * of_loop;
    } else {
      grad_self[i] = 0;
      device_edge_gradient(kernel, mean + i * n, mean + std::int64_t{chosen[i]} * n, upstream,
                           grad_sums + i * sums_n, n);
    }
  });
}

/// Second step: every region gathers from the edge that it chose and from those by which others chose it, in the order
/// of who chose; and from its self-loop.
template <class S, class Similarity, class Features>
void device_gather_regions(const backend::Thrust& backend, const DeviceLevel<S>& level,
                           const DeviceMembers& choosers, Features n, const Similarity& kernel,
                           const SelfLoopView<S>& loop, const S* grad_sums, const S* grad_self, S* grad_mean,
                           S* grad_variance) {
  constexpr int sums_n = Similarity::sums;
  const std::int32_t *const chosen = level.chosen.data(), *const begin = choosers.begin.data(),
                            *const member = choosers.member.data();
  const S* const mean = level.mean.data();
  backend.launch(std::int64_t{level.regions} * n, [=] DHT_DEVICE(std::int64_t k) DHT_DEVICE_INLINE {
    const std::int64_t r = k / n, c = k % n;
    S sum = grad_mean[k];
    bool own = chosen[r] == r;  // done already
    for (std::int32_t i = begin[r]; i <= begin[r + 1]; ++i) {
      const bool end = i == begin[r + 1];
      const std::int64_t m = end ? r + 1 : member[i];  // at the end it is the own edge's turn at last
      if (!own && m > r) {
        sum += device_end_gradient(kernel, grad_sums + r * sums_n, mean[k],
                                   mean[std::int64_t{chosen[r]} * n + c], true);
        own = true;
      }
      if (!end && m != r)
        sum += device_end_gradient(kernel, grad_sums + m * sums_n, mean[m * n + c], mean[k], false);
    }
    grad_mean[k] = sum;
    if (!loop.is_constant) grad_variance[k] = fma(grad_self[r], loop.weight[c], grad_variance[k]);
  });
}

/// The self-loop's own parameters, image by image: block by block, then all blocks.
template <class S>
void device_add_self_loop(const backend::Thrust& backend, const DeviceLevel<S>& level, int n,
                          const S* grad_self, DeviceBuffer<double>& memory, double* out) {
  const std::int64_t batch = static_cast<std::int64_t>(level.image_begin.size()) - 1, each = n + 1;
  std::int64_t most = 0;  // regions of an image
  for (std::int64_t b = 0; b < batch; ++b)
    most = std::max<std::int64_t>(most, level.regions_of(static_cast<std::size_t>(b)));
  const std::int64_t blocks = (most + self_loop_block - 1) / self_loop_block;
  double* const parts = backend.resize(memory, batch * blocks * each, roomy(batch * blocks) * each);
  const S* const variance = level.variance.data();
  const std::int32_t* const first = level.image_begin_on_device.data();
  backend.launch(batch * blocks * each, [=] DHT_DEVICE(std::int64_t k) DHT_DEVICE_INLINE {
    const std::int64_t c = k % each, image = k / each / blocks,
                       begin = first[image] + k / each % blocks * self_loop_block,
                       end = begin + self_loop_block < first[image + 1] ? begin + self_loop_block
                                                                        : first[image + 1];
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const double g = static_cast<double>(grad_self[i]);
      if (g == 0) continue;
      sum = c < n ? fma(g, static_cast<double>(variance[i * n + c]), sum) : sum + g;
    }
    parts[k] = sum;
  });
  backend.launch(batch * each, [=] DHT_DEVICE(std::int64_t k) DHT_DEVICE_INLINE {
    double sum = 0;
    for (std::int64_t block = 0; block < blocks; ++block)
      sum += parts[(k / each * blocks + block) * each + k % each];
    out[k] = sum;
  });
}

/// The first step for pixels.
template <class S, class Similarity, class Weighting, class Features>
void device_share_pixels(const backend::Thrust& backend, const DeviceHierarchy<S>& tree,
                         const DeviceShares<S>& in, Features n, const Similarity& kernel,
                         const Weighting& weighting, S keep, S* grad, S* grad_sums) {
  constexpr int sums_n = Similarity::sums;
  const S *const features = tree.pixel_features.data(), *const similarity = tree.pixel_similarity.data();
  const std::int32_t* const chosen = tree.pixel_chosen.data();
  backend.launch(tree.pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const S of_weight = device_take_share(in, p, weighting(std::int32_t{1}, similarity[p]), false, features,
                                          static_cast<const S*>(nullptr), grad, static_cast<S*>(nullptr), n);
    if (chosen[p] == p) {
      for (int k = 0; k < sums_n; ++k) grad_sums[p * sums_n + k] = 0;
      return;
    }
    const S upstream = of_weight * weighting.gradient(std::int32_t{1}, similarity[p]) * keep;
    device_edge_gradient(kernel, features + p * n, features + std::int64_t{chosen[p]} * n, upstream,
                         grad_sums + p * sums_n, n);
  });
}

/// The second step for pixels: others that chose one are among its neighbours.
template <concepts::connectivity C, class S, class Similarity, class Features>
void device_gather_pixels(const backend::Thrust& backend, const DeviceHierarchy<S>& tree, Features n,
                          const Similarity& kernel, const S* grad_sums, S* grad) {
  constexpr int sums_n = Similarity::sums, half = NeighbourSteps<C>::half;
  const NeighbourSteps<C> steps(tree.height, tree.width);
  const int width = tree.width, height = tree.height;
  const S* const features = tree.pixel_features.data();
  const std::int32_t* const chosen = tree.pixel_chosen.data();
  backend.launch(tree.pixels() * n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t p = i / n, c = i % n;
    const int x = static_cast<int>(p % width), y = static_cast<int>(p / width % height);
    S sum = grad[i];
    for (int k = 0; k <= NeighbourSteps<C>::count; ++k) {
      if (k == half && chosen[p] != p)
        sum += device_end_gradient(kernel, grad_sums + p * sums_n, features[i],
                                   features[std::int64_t{chosen[p]} * n + c], true);
      if (k == NeighbourSteps<C>::count || !steps.has(k, y, x)) continue;
      const std::int64_t q = p + steps.step(k);
      if (chosen[q] == p)
        sum += device_end_gradient(kernel, grad_sums + q * sums_n, features[q * n + c], features[i], false);
    }
    grad[i] = sum;
  });
}

/// One way back, as `HierarchyBackward`.
template <class S, concepts::connectivity C, class Parts>
class DeviceHierarchyBackward {
  using Kernel = decltype(Parts::similarity);
  static_assert(concepts::differentiable_similarity<Kernel, S>,
                "Policies::Similarity does not satisfy dht::concepts::differentiable_similarity");
  static_assert(concepts::differentiable_weighting<decltype(Parts::weighting), S>,
                "Policies::Weighting does not satisfy dht::concepts::differentiable_weighting");

 public:
  DeviceHierarchyBackward(const backend::Thrust& backend, const Parts& parts, const HierarchyOptions& options,
                          const DeviceHierarchy<S>& tree, DeviceHierarchyGradients<S>& gradients)
      : backend_(backend),
        parts_(parts),
        keep_(Compactness<S>(options.compactness).gradient()),
        tree_(tree),
        out_(gradients) {
    const SelfLoop<S>& loop = parts.self_loop;
    loop_ = loop.view(backend.upload(loop.weight.data(), static_cast<std::int64_t>(loop.weight.size()),
                                     gradients.self_loop));
  }

  void run(SelfLoop<S>& grad_self_loop) {
    const int top = tree_.built;
    const std::int64_t each = tree_.features + 1;
    backend_.resize(out_.self_loop_sums, 32 * each * tree_.batch);
    if (top > 1) members_of(top - 1, SizeWeighting{});
    for (int level = top - 2; level >= 1; --level) members_of(level, parts_.weighting);
    if (top > 1)
      pixels(parts_.weighting);
    else
      pixels(SizeWeighting{});
    if (loop_.is_constant || top < 2) return;
    const std::int64_t all = each * tree_.batch;  // of a level
    std::vector<double> sums(static_cast<std::size_t>((top - 1) * all));
    backend_.download(out_.self_loop_sums.data(), (top - 1) * all, sums.data());
    const auto add = [&](std::int64_t image, SelfLoop<S>& to) {
      for (int level = top - 1; level >= 1; --level) {
        const double* const sum = sums.data() + (level - 1) * all + image * each;
        for (std::int64_t c = 0; c < tree_.features; ++c)
          to.weight[static_cast<std::size_t>(c)] += static_cast<S>(sum[c]);
        to.bias += static_cast<S>(sum[tree_.features]);
      }
    };
    if (tree_.batch == 1) return add(0, grad_self_loop);
    for (int image = 0; image < tree_.batch;
         ++image) {  // as the host does: each image's own, then all of them
      SelfLoop<S> of_image = zero_gradient(grad_self_loop);
      add(image, of_image);
      add_gradient(of_image, grad_self_loop);
    }
  }

 private:
  DeviceShares<S> shares(int level, const std::int32_t* parent) {
    const DeviceLevel<S>& above = tree_.level(level);
    const auto& grad = out_.level(level);
    return {above.mean.data(),    above.variance.data(), grad.mean.data(),
            grad.variance.data(), out_.share.data(),     parent,
            above.size.data()};
  }

  template <class Weighting>
  void members_of(int l, const Weighting& weighting) {
    const DeviceLevel<S>&level = tree_.level(l), &above = tree_.level(l + 1);
    backend_.resize(out_.share, above.regions, roomy(above.regions));
    device_weight_shares(backend_, above.members, above.regions, level.size.data(), level.similarity.data(),
                         weighting, out_.share.data());
    backend_.resize(out_.grad_sums, tree_.pixels() * Kernel::sums);
    backend_.resize(out_.grad_self, level.regions, tree_.pixels() / 2 + 1);
    device_members(backend_, level.chosen.data(), level.regions, level.regions, out_.choosers, out_.graph,
                   tree_.pixels() / 2 + 1);
    const DeviceShares<S> in = shares(l + 1, level.parent.data());
    auto& grad = out_.level(l);
    with_features(tree_.features, [&](auto n) {
      device_share_regions(backend_, level, in, n, parts_.similarity, weighting, loop_, keep_,
                           grad.mean.data(), grad.variance.data(), out_.grad_sums.data(),
                           out_.grad_self.data());
      device_gather_regions(backend_, level, out_.choosers, n, parts_.similarity, loop_,
                            out_.grad_sums.data(), out_.grad_self.data(), grad.mean.data(),
                            grad.variance.data());
    });
    if (!loop_.is_constant)
      device_add_self_loop(backend_, level, tree_.features, out_.grad_self.data(), out_.parts,
                           out_.self_loop_sums.data() + (l - 1) * (tree_.features + 1) * tree_.batch);
  }

  template <class Weighting>
  void pixels(const Weighting& weighting) {
    const DeviceLevel<S>& above = tree_.level(1);
    backend_.resize(out_.share, above.regions, tree_.pixels() / 2 + 1);
    device_weight_shares(backend_, above.members, above.regions, static_cast<const std::int32_t*>(nullptr),
                         tree_.pixel_similarity.data(), weighting, out_.share.data());
    backend_.resize(out_.grad_sums, tree_.pixels() * Kernel::sums);
    const DeviceShares<S> in = shares(1, tree_.pixel_parent.data());
    with_features(tree_.features, [&](auto n) {
      device_share_pixels(backend_, tree_, in, n, parts_.similarity, weighting, keep_,
                          out_.pixel_features.data(), out_.grad_sums.data());
      device_gather_pixels<C>(backend_, tree_, n, parts_.similarity, out_.grad_sums.data(),
                              out_.pixel_features.data());
    });
  }

  const backend::Thrust& backend_;
  const Parts& parts_;
  const S keep_;
  const DeviceHierarchy<S>& tree_;
  DeviceHierarchyGradients<S>& out_;
  SelfLoopView<S> loop_;
};

}  // namespace detail

/// The way back through a hierarchy, as the function of that name for the host. Waits for the device once, for the
/// gradients of the self-loop's parameters, and not for a constant one.
template <concepts::connectivity C, class S, class Parts>
void backward_hierarchy(const backend::Thrust& backend, const Parts& parts, const HierarchyOptions& options,
                        const DeviceHierarchy<S>& tree, DeviceHierarchyGradients<S>& gradients,
                        SelfLoop<S>& grad_self_loop) {
  const SelfLoop<S>& self_loop = parts.self_loop;
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  DHT_EXPECTS(grad_self_loop.weight.size() == self_loop.weight.size(), "gradient of the self-loop: is of ",
              grad_self_loop.weight.size(), " variances; must be of ", self_loop.weight.size());
  detail::DeviceHierarchyBackward<S, C, Parts>(backend, parts, options, tree, gradients).run(grad_self_loop);
}

}  // namespace dht
