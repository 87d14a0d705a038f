// SPDX-License-Identifier: MIT
// Policies that decide at run time which of the library's they are, so that tests can go through all combinations with
// one compiled hierarchy. They are also policies of a user's own, run through the real algorithm.
#pragma once

#include <cstdint>

#include <dht/backend/cpu.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/selection/criteria.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/weighting.hpp>

#include "kit/random.hpp"

namespace dht::test {

enum class Kernel { gaussian, laplacian, cauchy, cosine };
enum class Penalty { aic, aicc, bic, cic };

class AnySimilarity {
 public:
  static constexpr bool on_device = true;
  static constexpr int sums = 3;
  explicit AnySimilarity(Kernel kernel = Kernel::gaussian, double bandwidth = 1)
      : kernel_(kernel),
        gaussian_(bandwidth),
        laplacian_(bandwidth),
        cauchy_(bandwidth),
        cosine_(bandwidth) {}

  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add(S* sum, S a, S b) const {
    if (kernel_ == Kernel::cosine)
      cosine_.add(sum, a, b);
    else
      gaussian_.add(sum, a, b);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S value(const S* sum) const {
    if (kernel_ == Kernel::gaussian) return gaussian_.value(sum);
    if (kernel_ == Kernel::laplacian) return laplacian_.value(sum);
    if (kernel_ == Kernel::cauchy) return cauchy_.value(sum);
    return cosine_.value(sum);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void gradient(const S* sum, S upstream, S* grad_sum) const {
    grad_sum[1] = grad_sum[2] = 0;
    if (kernel_ == Kernel::gaussian) return gaussian_.gradient(sum, upstream, grad_sum);
    if (kernel_ == Kernel::laplacian) return laplacian_.gradient(sum, upstream, grad_sum);
    if (kernel_ == Kernel::cauchy) return cauchy_.gradient(sum, upstream, grad_sum);
    cosine_.gradient(sum, upstream, grad_sum);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add_gradient(const S* grad_sum, S a, S b, S& grad_a, S& grad_b) const {
    if (kernel_ == Kernel::cosine)
      cosine_.add_gradient(grad_sum, a, b, grad_a, grad_b);
    else
      gaussian_.add_gradient(grad_sum, a, b, grad_a, grad_b);
  }

 private:
  Kernel kernel_;
  Gaussian gaussian_;
  Laplacian laplacian_;
  Cauchy cauchy_;
  Cosine cosine_;
};

struct AnyWeighting {
  static constexpr bool on_device = true;
  bool by_similarity = true;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S operator()(std::int32_t size, S similarity) const {
    return by_similarity ? SimilarityWeighting{}(size, similarity) : SizeWeighting{}(size, similarity);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S gradient(std::int32_t size, S similarity) const {
    return by_similarity ? SimilarityWeighting{}.gradient(size, similarity) : S(0);
  }
};

class AnyCriterion {
 public:
  static constexpr bool on_device = true;
  explicit AnyCriterion(Penalty penalty = Penalty::aicc, double iota = 5)
      : penalty_(penalty), aic_(iota), aicc_(iota), bic_(iota), cic_(iota) {}

  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S information(std::int32_t size, const S* variance, int features,
                                           std::int64_t pixels) const {
    if (penalty_ == Penalty::aic) return aic_.information(size, variance, features, pixels);
    if (penalty_ == Penalty::aicc) return aicc_.information(size, variance, features, pixels);
    if (penalty_ == Penalty::bic) return bic_.information(size, variance, features, pixels);
    return cic_.information(size, variance, features, pixels);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S pixel_information(std::int64_t pixels) const {
    return aic_.template pixel_information<S>(pixels);
  }

 private:
  Penalty penalty_;
  Aic aic_;
  Aicc aicc_;
  Bic bic_;
  Cic cic_;
};

/// Everything that makes a hierarchy from features.
struct TreeSettings {
  int features = 1, height = 1, width = 1;
  Kernel kernel = Kernel::gaussian;
  double bandwidth = 1;
  bool by_similarity = true;
  Penalty penalty = Penalty::aicc;
  double iota = 5;
  double compactness = 0.01;
  int enough_regions = 6;
  double constant_loop = 0.5;  // unless there is a weight:
  std::vector<double> loop_weight;
  double loop_bias = 0;
};

/// Planes (batch, channels, height, width) as a hierarchy keeps its features: pixel after pixel.
template <class S>
Buffer<S> rows_of(const std::vector<double>& planes, int batch, int channels) {
  const std::size_t pixels = planes.size() / static_cast<std::size_t>(batch * channels);
  Buffer<S> rows(planes.size());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const std::size_t c = i / pixels % static_cast<std::size_t>(channels),
                      b = i / pixels / static_cast<std::size_t>(channels);
    rows[(b * pixels + i % pixels) * static_cast<std::size_t>(channels) + c] = static_cast<S>(planes[i]);
  }
  return rows;
}

template <class S>
SelfLoop<S> loop_of(const TreeSettings& s) {
  SelfLoop<S> loop = SelfLoop<S>::constant(s.constant_loop);
  loop.weight = converted<S>(s.loop_weight);
  loop.bias = static_cast<S>(s.loop_bias);
  return loop;
}

template <class S>
using AnyParts = HierarchyParts<S, AnySimilarity, AnyWeighting, AnyCriterion>;

/// `loop` must live as long as the parts.
template <class S>
AnyParts<S> parts_of(const TreeSettings& s, const SelfLoop<S>& loop) {
  return {AnySimilarity(s.kernel, s.bandwidth), AnyWeighting{s.by_similarity},
          AnyCriterion(s.penalty, s.iota), loop};
}

inline HierarchyOptions options_of(const TreeSettings& s) {
  HierarchyOptions options;
  options.compactness = s.compactness;
  options.enough_regions = s.enough_regions;
  return options;
}

/// The hierarchy over the features of an image, given as planes.
template <class S, concepts::connectivity C = FourConnected>
Hierarchy<S> build_tree(const TreeSettings& s, const std::vector<double>& planes, int threads = 1) {
  Hierarchy<S> tree;
  tree.features = s.features;
  tree.height = s.height;
  tree.width = s.width;
  tree.pixel_features = rows_of<S>(planes, 1, s.features);
  const SelfLoop<S> loop = loop_of<S>(s);
  HierarchyWorkspace<S> workspace;
  build_hierarchy(backend::Cpu(threads), PixelGrid<C>{tree.height, tree.width}, parts_of<S>(s, loop),
                  options_of(s), tree, workspace);
  return tree;
}

}  // namespace dht::test
