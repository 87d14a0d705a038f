// SPDX-License-Identifier: MIT
// The way back through the hierarchy against differences of the method written down with its choices held fixed, for
// every kernel, weighting and self-loop; the same bits from any number of threads.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/hierarchy/backward.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/frozen_tree.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;

template <class S>
struct Gradients {
  dht::HierarchyGradients<S> tree;
  dht::SelfLoop<S> loop;
};

/// Random numbers as what reaches the regions and pixels from above, and the way back from them.
template <class S, class C>
Gradients<S> go_back(const TreeSettings& s, const dht::Hierarchy<S>& tree, std::uint64_t seed, int threads,
                     Gradients<S>* upstream = nullptr) {
  Gradients<S> g;
  Random random(seed);
  g.tree.clear(tree);
  for (auto* numbers : {&g.tree.mean, &g.tree.variance, &g.tree.pixel_features})
    for (S& number : *numbers) number = static_cast<S>(random.uniform(-1, 1));
  const dht::SelfLoop<S> loop = loop_of<S>(s);
  g.loop = loop;
  std::fill(g.loop.weight.begin(), g.loop.weight.end(), S(0));
  g.loop.bias = 0;
  if (upstream) *upstream = g;
  dht::HierarchyBackwardWorkspace<S> workspace;
  dht::backward_hierarchy(dht::backend::Cpu(threads), dht::PixelGrid<C>{tree.height, tree.width},
                          parts_of<S>(s, loop), options_of(s), tree, g.tree, g.loop, workspace);
  return g;
}

template <class C>
void check_by_differences(const TreeSettings& s, Random& random) {
  const auto planes = dht::test::planes(Pattern::blobs, 1, s.features, s.height, s.width, random);
  const auto tree = build_tree<double, C>(s, planes);
  const std::uint64_t seed = random.bits();
  Gradients<double> upstream;
  auto found = go_back<double, C>(s, tree, seed, 1, &upstream);
  std::vector<double> features(tree.pixel_features.begin(), tree.pixel_features.end());
  dht::SelfLoop<double> loop = loop_of<double>(s);
  const auto loss = [&] {
    const auto frozen =
        FrozenTree::of(dht::PixelGrid<C>{tree.height, tree.width}, tree, AnySimilarity(s.kernel, s.bandwidth),
                       AnyWeighting{s.by_similarity}, loop, s.compactness, features);
    double sum = 0;
    for (std::size_t i = 0; i < frozen.mean.size(); ++i)
      sum += frozen.mean[i] * upstream.tree.mean[i] + frozen.variance[i] * upstream.tree.variance[i];
    for (std::size_t i = 0; i < features.size(); ++i) sum += features[i] * upstream.tree.pixel_features[i];
    return sum;
  };
  const std::vector<std::int64_t> shape{tree.pixels(), tree.features};
  dht::ParameterList<double> values = dht::parameters(loop), slopes = dht::parameters(found.loop);
  values.push_back({"features", shape, features});
  slopes.push_back({"features", shape, {found.tree.pixel_features.data(), features.size()}});
  GradientCheckOptions options;
  options.most_entries = 25;
  // Neighbours are as near as 0.005 to each other: a Laplacian has its peak there.
  options.step = 5e-4;
  options.tolerance = 1e-7;  // measured: 6e-10
  // The loss is a sum of some hundred terms; small entries are measured by the largest.
  options.floor = 0.05 * largest_entry(slopes);
  const GradientReport report = check_gradients(loss, values, slopes, options);
  INFO(report.table());
  CHECK(report.good());
}

}  // namespace

TEST_CASE("hierarchy: gradients agree with differences, for every part", "[hierarchy]") {
  for (const Kernel kernel : {Kernel::gaussian, Kernel::laplacian, Kernel::cauchy, Kernel::cosine}) {
    for (const bool by_similarity : {true, false}) {
      for (const bool learned : {true, false}) {
        for (const double compactness : {0.0, 0.1}) {
          Random random(1 + 8 * static_cast<std::uint64_t>(kernel) + 4 * by_similarity + 2 * learned +
                        (compactness > 0));
          TreeSettings s;
          s.kernel = kernel;
          s.bandwidth = kernel == Kernel::cosine ? 0.2 : 0.7;
          s.by_similarity = by_similarity;
          s.compactness = compactness;
          s.features = 2 + random.below(7);
          s.height = 5 + random.below(8);
          s.width = 5 + random.below(8);
          s.enough_regions = 1;
          s.iota = 1e-3;  // so that several rounds are worth something
          if (learned) {
            for (int c = 0; c < s.features; ++c) s.loop_weight.push_back(random.uniform(-20, 20));
            s.loop_bias = 0.5;
          }
          INFO("kernel " << int(kernel) << ", by similarity " << by_similarity << ", learned " << learned
                         << ", compactness " << compactness);
          check_by_differences<dht::FourConnected>(s, random);
          check_by_differences<dht::EightConnected>(s, random);
        }
      }
    }
  }
}

TEST_CASE("hierarchy: gradients of images without a round between pixels and the whole", "[hierarchy]") {
  Random random(5);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 2}, {2, 1}, {1, 7}}) {
    TreeSettings s;
    s.features = 3;
    s.height = height;
    s.width = width;
    check_by_differences<dht::FourConnected>(s, random);
  }
}

TEMPLATE_TEST_CASE("hierarchy: gradients are the same bits for any number of threads", "[hierarchy]", float,
                   double) {
  using S = TestType;
  Random random(7);
  TreeSettings s;
  s.features = 8;
  s.height = 130;
  s.width = 97;
  s.loop_weight.assign(8, -5.0);
  s.loop_bias = 1;
  const auto planes = dht::test::planes(Pattern::blobs, 1, s.features, s.height, s.width, random);
  const auto tree = build_tree<S>(s, planes);
  const auto one = go_back<S, dht::FourConnected>(s, tree, 3, 1);
  REQUIRE(tree.levels() > 4);
  for (const int threads : {2, 3, 7}) {
    const auto many = go_back<S, dht::FourConnected>(s, tree, 3, threads);
    CHECK(one.tree.pixel_features == many.tree.pixel_features);
    CHECK(one.tree.mean == many.tree.mean);
    CHECK(one.tree.variance == many.tree.variance);
    CHECK(one.loop.weight == many.loop.weight);
    CHECK(one.loop.bias == many.loop.bias);
  }
}

TEST_CASE("hierarchy: gradients of another tree are refused", "[hierarchy]") {
  Random random(9);
  TreeSettings s;
  s.features = 2;
  s.height = s.width = 6;
  const auto tree = build_tree<double>(s, planes(Pattern::noise, 1, 2, 6, 6, random));
  const dht::SelfLoop<double> loop = loop_of<double>(s);
  dht::HierarchyGradients<double> gradients;
  dht::HierarchyBackwardWorkspace<double> workspace;
  const auto back = [&](const dht::Hierarchy<double>& of, dht::SelfLoop<double> grad_loop) {
    return error_of([&] {
      dht::backward_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{of.height, of.width},
                              parts_of<double>(s, loop), options_of(s), of, gradients, grad_loop, workspace);
    });
  };
  CHECK(back({}, {}) == "hierarchy: is empty; build it first");
  CHECK(back(tree, {}) == "gradients: are of another hierarchy; clear them for this one");
  gradients.clear(tree);
  dht::SelfLoop<double> of_one;
  of_one.weight = {1};
  CHECK(back(tree, of_one) == "gradient of the self-loop: is of 1 variances; must be of 0");
  CHECK(back(tree, {}) == "(no error)");
}
