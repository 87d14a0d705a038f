// SPDX-License-Identifier: MIT
// The way back from tokens. Token features, W and mean injection are linear, so gradients must give the change that any
// step makes, to the last few bits.
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/regions/backward.hpp>
#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;

struct Double : dht::ColourPolicies {
  using Scalar = double;
};

template <class Numbers>
Numbers noise(const Numbers& like, Random& random) {
  Numbers out(like.size());
  for (auto& v : out) v = random.uniform(-1, 1);
  return out;
}

template <class A, class B>
double dot(const A& a, const B& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Whether the gradient of the tokens' features foretells the change by a step of everything that they are made of.
void check_features(const dht::Hierarchy<double>& tree, const dht::Tokens<double>& tokens, Random& random) {
  const auto upstream = noise(tokens.feature, random);
  dht::HierarchyGradients<double> g;
  g.clear(tree);
  dht::backward_tokens(tree, tokens, {upstream.data(), tokens.count(), tree.features}, g);
  auto moved_tree = tree;
  const auto step_mean = noise(tree.mean, random), step_pixels = noise(tree.pixel_features, random);
  for (std::size_t i = 0; i < step_mean.size(); ++i) moved_tree.mean[i] += step_mean[i];
  for (std::size_t i = 0; i < step_pixels.size(); ++i) moved_tree.pixel_features[i] += step_pixels[i];
  auto moved = tokens;
  dht::detail::describe(dht::PixelGrid<>{moved_tree.height, moved_tree.width}, moved_tree, moved);
  const double change = dot(upstream, moved.feature) - dot(upstream, tokens.feature);
  CHECK(change == Approx(dot(g.mean, step_mean) + dot(g.pixel_features, step_pixels)).epsilon(1e-10));
  CHECK(std::abs(change) > 1e-6);  // that something was moved at all
}

}  // namespace

TEST_CASE("tokens: the gradient of features goes to what they are made of, however they were cut",
          "[tokens]") {
  Random random(3);
  const auto values = planes(Pattern::blobs, 1, 3, 24, 31, random);
  const auto image = dht::planar_view(values.data(), 1, 3, 24, 31);
  dht::Tokenizer<Double> tokenizer;
  const auto& tree = tokenizer.build(image);
  check_features(tree, tokenizer.select(dht::BestAncestor{}), random);
  check_features(tree, tokenizer.select(dht::OptimalCut<>{dht::CodeLength(), 5}), random);
  check_features(tree, tokenizer.select(dht::TokenBudget<>{dht::CodeLength(), 20}), random);
  for (const int count : {1, 7, 60, 500})
    check_features(tree, tokenizer.tokens(count), random);  // 500: from pieces
  check_features(tree, tokenizer.tokens(dht::Penalty{1e-4}), random);
}

TEST_CASE("tokens: gradients of W and of mean injection", "[tokens]") {
  Random random(4);
  const int channels = 3, batch = 2, height = 13, width = 18;
  const auto values = planes(Pattern::blobs, batch, channels, height, width, random);
  const auto image = dht::planar_view(values.data(), batch, channels, height, width);
  dht::Tokenizer<Double> tokenizer;
  const auto& tokens = tokenizer(image, 12);
  dht::Linear<double> map{3, channels, {}, {}};
  for (int i = 0; i < 9; ++i) map.weight.push_back(random.uniform(-1, 1));
  for (int i = 0; i < 3; ++i) map.bias.push_back(random.uniform(-1, 1));

  const auto projected = dht::project(tokens, map);
  const auto upstream = noise(projected, random);
  auto grad_map = map.zeros();
  const auto grad_feature =
      dht::backward_project(tokens, map, {upstream.data(), tokens.count(), channels}, grad_map);
  const auto step_feature = noise(tokens.feature, random);
  auto moved = tokens;
  for (std::size_t i = 0; i < step_feature.size(); ++i) moved.feature[i] += step_feature[i];
  CHECK(dot(upstream, dht::project(moved, map)) - dot(upstream, projected) ==
        Approx(dot(grad_feature, step_feature)));
  auto moved_map = map;
  const auto step_weight = noise(map.weight, random), step_bias = noise(map.bias, random);
  for (std::size_t i = 0; i < 9; ++i) moved_map.weight[i] += step_weight[i];
  for (std::size_t i = 0; i < 3; ++i) moved_map.bias[i] += step_bias[i];
  CHECK(dot(upstream, dht::project(tokens, moved_map)) - dot(upstream, projected) ==
        Approx(dot(grad_map.weight, step_weight) + dot(grad_map.bias, step_bias)));

  const auto injected = dht::inject_means(image, tokens, projected);
  const auto upstream_injected = noise(injected, random);
  std::vector<double> grad_image(values.size());
  const auto grad_features =
      dht::backward_inject_means(tokens, channels, upstream_injected.data(), grad_image.data());
  const auto step_image = noise(values, random);
  const auto step_features = noise(projected, random);
  auto moved_values = values;
  auto moved_features = projected;
  for (std::size_t i = 0; i < values.size(); ++i) moved_values[i] += step_image[i];
  for (std::size_t i = 0; i < projected.size(); ++i) moved_features[i] += step_features[i];
  const auto moved_image = dht::planar_view(moved_values.data(), batch, channels, height, width);
  CHECK(dot(upstream_injected, dht::inject_means(moved_image, tokens, moved_features)) -
            dot(upstream_injected, injected) ==
        Approx(dot(grad_image, step_image) + dot(grad_features, step_features)));
}

TEST_CASE("tokens: gradients outside of a mask", "[tokens]") {
  Random random(5);
  const auto values = planes(Pattern::blobs, 1, 3, 12, 12, random);
  std::vector<std::uint8_t> inside(144, 0);
  for (int i = 30; i < 110; ++i) inside[static_cast<std::size_t>(i)] = 1;
  dht::Tokenizer<Double> tokenizer;
  const auto& tree = tokenizer.build(dht::planar_view(values.data(), 1, 3, 12, 12));
  tokenizer.merge(dht::planar_view(std::as_const(inside).data(), 1, 1, 12, 12));
  const auto& tokens = tokenizer.tokens(9);
  check_features(tree, tokens, random);
  const auto upstream = noise(values, random);
  std::vector<double> grad_image(values.size());
  const auto grad = dht::backward_inject_means(tokens, 3, upstream.data(), grad_image.data());
  CHECK(grad_image[0] == upstream[0]);
  CHECK(grad_image[60] != upstream[60]);
}
