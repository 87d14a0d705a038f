// SPDX-License-Identifier: MIT
// What satisfies the concepts `similarity` and `weighting`, with and without a way back, and what just fails to.
#include <cstdint>
#include <memory>

#include <dht/similarity/kernels.hpp>
#include <dht/similarity/weighting.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"

namespace {

using dht::concepts::similarity;
using dht::concepts::weighting;

template <class K>
constexpr bool is_similarity = similarity<K, float>&& similarity<K, double>;
static_assert(is_similarity<dht::Gaussian>);
static_assert(is_similarity<dht::Laplacian>);
static_assert(is_similarity<dht::Cauchy>);
static_assert(is_similarity<dht::Cosine>);
static_assert(is_similarity<dht::test::AnySimilarity>);

/// A user's own, in ten lines.
struct Largest {
  static constexpr int sums = 1;
  template <class S>
  void add(S* most, S a, S b) const {
    most[0] = std::max(most[0], a < b ? b - a : a - b);
  }
  template <class S>
  S value(const S* most) const {
    return 1 / (1 + most[0]);
  }
};
static_assert(is_similarity<Largest>);

// Each lacks exactly one thing.
struct NoSums {
  void add(float*, float, float) const {}
  float value(const float*) const { return 1; }
};
struct NoAdd {
  [[maybe_unused]] static constexpr int sums = 1;
  float value(const float*) const { return 1; }
};
struct NoValue {
  [[maybe_unused]] static constexpr int sums = 1;
  void add(float*, float, float) const {}
};
struct OtherValue {
  [[maybe_unused]] static constexpr int sums = 1;
  void add(float*, float, float) const {}
  double value(const float*) const { return 1; }
};
struct NotConst {
  [[maybe_unused]] static constexpr int sums = 1;
  void add(float*, float, float) {}
  float value(const float*) const { return 1; }
};
struct ValueWrites {
  [[maybe_unused]] static constexpr int sums = 1;
  void add(float*, float, float) const {}
  float value(float*) const { return 1; }
};
struct NotCopyable {
  [[maybe_unused]] static constexpr int sums = 1;
  std::unique_ptr<int> state;
  void add(float*, float, float) const {}
  float value(const float*) const { return 1; }
};
struct Complete {
  [[maybe_unused]] static constexpr int sums = 1;
  void add(float*, float, float) const {}
  float value(const float*) const { return 1; }
};
static_assert(similarity<Complete, float>);
static_assert(!similarity<Complete, double>);  // it would return float
static_assert(!similarity<NoSums, float>);
static_assert(!similarity<NoAdd, float>);
static_assert(!similarity<NoValue, float>);
static_assert(!similarity<OtherValue, float>);
static_assert(!similarity<NotConst, float>);
static_assert(!similarity<ValueWrites, float>);
static_assert(!similarity<NotCopyable, float>);

template <class W>
constexpr bool is_weighting = weighting<W, float>&& weighting<W, double>;
static_assert(is_weighting<dht::SizeWeighting>);
static_assert(is_weighting<dht::SimilarityWeighting>);
static_assert(is_weighting<dht::test::AnyWeighting>);

struct Weighs {
  float operator()(std::int32_t, float) const { return 1; }
};
struct WeighsNothing {};
struct WeighsOtherwise {
  double operator()(std::int32_t, float) const { return 1; }
};
struct WeighsNotConst {
  float operator()(std::int32_t, float) { return 1; }
};
struct WeighsOnce {
  std::unique_ptr<int> state;
  float operator()(std::int32_t, float) const { return 1; }
};
struct WeighsSizesOnly {
  float operator()(std::int32_t) const { return 1; }
};
static_assert(weighting<Weighs, float>);
static_assert(!weighting<WeighsNothing, float>);
static_assert(!weighting<WeighsOtherwise, float>);
static_assert(!weighting<WeighsNotConst, float>);
static_assert(!weighting<WeighsOnce, float>);
static_assert(!weighting<WeighsSizesOnly, float>);

using dht::concepts::differentiable_similarity;
using dht::concepts::differentiable_weighting;

template <class K>
constexpr bool has_way_back = differentiable_similarity<K, float>&& differentiable_similarity<K, double>;
static_assert(has_way_back<dht::Gaussian>);
static_assert(has_way_back<dht::Laplacian>);
static_assert(has_way_back<dht::Cauchy>);
static_assert(has_way_back<dht::Cosine>);
static_assert(has_way_back<dht::test::AnySimilarity>);
static_assert(!differentiable_similarity<Largest, float>);

struct Slopes : Complete {
  void gradient(const float*, float, float*) const {}
  void add_gradient(const float*, float, float, float&, float&) const {}
};
struct NoGradient : Complete {
  void add_gradient(const float*, float, float, float&, float&) const {}
};
struct NoAddGradient : Complete {
  void gradient(const float*, float, float*) const {}
};
struct GradientNotConst : NoGradient {
  void gradient(const float*, float, float*) {}
};
struct AddGradientWrites : NoAddGradient {
  void add_gradient(float*, float, float, float&, float&) const {}
};
struct SlopesOnly {
  void gradient(const float*, float, float*) const {}
  void add_gradient(const float*, float, float, float&, float&) const {}
};
static_assert(differentiable_similarity<Slopes, float>);
static_assert(!differentiable_similarity<NoGradient, float>);
static_assert(!differentiable_similarity<NoAddGradient, float>);
static_assert(!differentiable_similarity<GradientNotConst, float>);
static_assert(!differentiable_similarity<AddGradientWrites, float>);
static_assert(!differentiable_similarity<SlopesOnly, float>);

static_assert(differentiable_weighting<dht::SizeWeighting, float>);
static_assert(differentiable_weighting<dht::SimilarityWeighting, double>);
static_assert(differentiable_weighting<dht::test::AnyWeighting, double>);
struct WeighsBack : Weighs {
  float gradient(std::int32_t, float) const { return 0; }
};
struct WeighsBackOtherwise : Weighs {
  double gradient(std::int32_t, float) const { return 0; }
};
struct WeighsBackOnly {
  float gradient(std::int32_t, float) const { return 0; }
};
static_assert(differentiable_weighting<WeighsBack, float>);
static_assert(!differentiable_weighting<Weighs, float>);
static_assert(!differentiable_weighting<WeighsBackOtherwise, float>);
static_assert(!differentiable_weighting<WeighsBackOnly, float>);

}  // namespace

TEST_CASE("similarity: a kernel of the user's own runs through the real hierarchy", "[similarity]") {
  dht::Hierarchy<float> tree;
  tree.features = 1;
  tree.height = 2;
  tree.width = 4;
  tree.pixel_features.assign({0, 0, 9, 9, 0, 0, 9, 9});
  dht::HierarchyWorkspace<float> workspace;
  const dht::SelfLoop<float> self_loop;
  const dht::HierarchyParts<float, Largest, dht::SizeWeighting, dht::Aicc> parts{
      {}, {}, dht::Aicc(), self_loop};
  dht::build_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                       parts, {}, tree, workspace);
  CHECK(tree.labels(1) == std::vector<std::int32_t>{0, 0, 1, 1, 0, 0, 1, 1});
}
