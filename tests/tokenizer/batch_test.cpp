// SPDX-License-Identifier: MIT
// An image's result never depends on its batch: labels, features, hierarchies and gradients of the images of random batches
// are, to the last bit, those that they have alone.
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <dht/tokenizer.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/parameters.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;

struct Four : dht::ColourPolicies {
  using Similarity = AnySimilarity;
  using Criterion = AnyCriterion;
};
struct Eight : Four {
  using Scalar = double;
  using Graph = dht::PixelGrid<dht::EightConnected>;
};
struct Learned : dht::TrainingPolicies {
  using Criterion = AnyCriterion;
};

/// Images of one size that are finished after very different numbers of rounds.
std::vector<float> contrasting_images(int batch, int height, int width, Random& random) {
  std::vector<float> values;
  for (int b = 0; b < batch; ++b) {
    const auto own = planes(all_patterns[random.below(6)], 1, 3, height, width, random);
    const double contrast = random.chance(0.3) ? 0.01 : 1;
    for (const double v : own) values.push_back(static_cast<float>(0.1 + 0.8 * contrast * v));
  }
  return values;
}

template <class A>
bool same(const A& a, const A& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
}

/// What tokens have otherwise than others, or "".
template <class S>
std::string difference(const dht::Tokens<S>& a, const dht::Tokens<S>& b) {
  if (a.begin != b.begin) return "count";
  if (!same(a.partition.labels, b.partition.labels)) return "labels";
  if (!same(a.partition.sources, b.partition.sources)) return "sources";
  if (!same(a.partition.source_begin, b.partition.source_begin)) return "begins of sources";
  if (!same(a.size, b.size)) return "sizes";
  if (!same(a.box, b.box)) return "boxes";
  if (!same(a.feature, b.feature)) return "features";
  return "";
}

template <class S>
std::string difference(const dht::Hierarchy<S>& a, const dht::Hierarchy<S>& b) {
  if (a.begin != b.begin) return "levels";
  if (!same(a.pixel_parent, b.pixel_parent)) return "level 1";
  if (!same(a.parent, b.parent)) return "parents";
  if (!same(a.mean, b.mean)) return "means";
  if (!same(a.variance, b.variance)) return "variances";
  if (!same(a.information, b.information)) return "information";
  return "";
}

template <class Policies>
dht::TokenizerParts<Policies> drawn_parts(Random& random) {
  dht::TokenizerParts<Policies> parts;
  parts.criterion = AnyCriterion(static_cast<Penalty>(random.below(4)), random.chance(0.5) ? 5 : 0.2);
  parts.hierarchy.enough_regions = random.chance(0.5) ? 6 : 1;
  parts.merging.smallest = random.chance(0.7) ? 1 : 5;
  parts.merging.start_level = 1 + random.below(4);
  parts.backend = dht::backend::Cpu(1 + random.below(4));
  if (random.chance(0.5)) {
    parts.self_loop.weight.clear();
    for (int c = 0; c < parts.encoder.features(); ++c)
      parts.self_loop.weight.push_back(static_cast<typename Policies::Scalar>(random.uniform(-9, 9)));
    parts.self_loop.bias = 1;
  }
  return parts;
}

/// Every way to cut, of a batch and of its images alone. Returns how many different numbers of levels the images have.
template <class Policies>
std::size_t check_batch(std::uint64_t seed) {
  using S = typename Policies::Scalar;
  Random random(seed);
  const int batch = 2 + random.below(5), height = 1 + random.below(30), width = 1 + random.below(30);
  CAPTURE(seed, batch, height, width);
  const auto values = contrasting_images(batch, height, width, random);
  const auto together_view = dht::planar_view(values.data(), batch, 3, height, width);
  std::vector<std::uint8_t> inside;
  for (int p = 0; p < batch * height * width; ++p) inside.push_back(random.chance(0.9));
  const dht::Mask mask = dht::planar_view(std::as_const(inside).data(), batch, 1, height, width);
  const auto parts = drawn_parts<Policies>(random);
  dht::Tokenizer<Policies> together(parts), alone(parts);
  const std::int64_t count = 1 + random.below(height * width);
  const auto cuts = [&](dht::Tokenizer<Policies>& t, const dht::Mask& own) {
    std::vector<dht::Tokens<S>> all;
    all.push_back(t.select());
    all.push_back(t.select(dht::OptimalCut<>{dht::CodeLength(), 3}));
    all.push_back(t.select(dht::TokenBudget<>{dht::CodeLength(), count}));
    all.push_back(t.tokens(dht::Penalty{1e-4}));
    all.push_back(t.tokens(count));
    all.push_back(t.refine(2));
    t.merge_for(count);
    all.push_back(t.tokens(dht::Penalty{1e-5}));
    t.merge(own);
    all.push_back(t.tokens(count));
    return all;
  };
  together.build(together_view);
  const auto of_batch = cuts(together, mask);
  std::vector<int> levels;
  for (int b = 0; b < batch; ++b) {
    CAPTURE(b);
    alone.build(dht::image_of_batch(together_view, b));
    CHECK(difference(together.hierarchy(b), alone.hierarchy()) == "");
    const auto of_image = cuts(alone, dht::image_of_batch(mask, b));
    for (std::size_t i = 0; i < of_image.size(); ++i) {
      CAPTURE(i);
      CHECK(difference(tokens_of_image(of_batch[i], b), of_image[i]) == "");
    }
    levels.push_back(alone.hierarchy().levels());
  }
  std::sort(levels.begin(), levels.end());
  return static_cast<std::size_t>(std::unique(levels.begin(), levels.end()) - levels.begin());
}

template <class Policies>
void check_gradients_of_batch(std::uint64_t seed, const typename dht::Tokenizer<Policies>::Encoder& encoder) {
  using S = typename Policies::Scalar;
  Random random(seed);
  const int batch = 2 + random.below(4), height = 1 + random.below(24), width = 1 + random.below(24);
  CAPTURE(seed, batch, height, width);
  const auto values = contrasting_images(batch, height, width, random);
  const auto view = dht::planar_view(values.data(), batch, 3, height, width);
  auto parts = drawn_parts<Policies>(random);
  parts.encoder = encoder;
  dht::Tokenizer<Policies> together(parts), alone(parts);
  together.forward(view);
  const dht::Tokens<S> tokens = random.chance(0.5) ? together.select() : together.tokens(3);
  const bool by_number = tokens.count() == 3 * batch;
  std::vector<S> upstream, grad_image(values.size());
  for (std::size_t i = 0; i < tokens.feature.size(); ++i)
    upstream.push_back(static_cast<S>(random.uniform(-1, 1)));
  auto gradients = together.gradients(), sum = together.gradients();
  together.backward(view, {upstream.data(), tokens.count(), tokens.features}, gradients, grad_image.data());
  const std::size_t numbers = values.size() / static_cast<std::size_t>(batch);
  for (int b = 0; b < batch; ++b) {
    CAPTURE(b);
    const auto image = dht::image_of_batch(view, b);
    alone.forward(image);
    const dht::Tokens<S> own = by_number ? alone.tokens(3) : alone.select();
    REQUIRE(difference(tokens_of_image(tokens, b), own) == "");
    auto of_image = alone.gradients();
    std::vector<S> grad(numbers);
    alone.backward(
        image,
        {upstream.data() + std::int64_t{tokens.begin[static_cast<std::size_t>(b)]} * tokens.features,
         own.count(), own.features},
        of_image, grad.data());
    CHECK(std::memcmp(grad.data(), grad_image.data() + numbers * static_cast<std::size_t>(b),
                      numbers * sizeof(S)) == 0);
    dht::add_gradient(of_image.self_loop, sum.self_loop);
  }
  CHECK(same(gradients.self_loop.weight, sum.self_loop.weight));
  CHECK(gradients.self_loop.bias == sum.self_loop.bias);
}

}  // namespace

TEST_CASE("batch: tokens and hierarchies of images are those that they have alone", "[tokenizer]") {
  int uneven = 0;  // batches whose images have different numbers of levels
  for (std::uint64_t seed = 1; seed <= 40; ++seed) uneven += check_batch<Four>(seed) > 1;
  for (std::uint64_t seed = 101; seed <= 120; ++seed) uneven += check_batch<Eight>(seed) > 1;
  CHECK(uneven > 20);
}

TEST_CASE("batch: gradients of images are those that they have alone", "[tokenizer]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    check_gradients_of_batch<Four>(seed, dht::ColourEncoder<float>());
  dht::TrainableEncoder<float> running(random_parameters<float>(3, 8, true, 5));
  running.set_statistics(dht::Statistics::running);
  for (std::uint64_t seed = 101; seed <= 112; ++seed) check_gradients_of_batch<Learned>(seed, running);
}

TEST_CASE("batch: an image that cannot be leaves nothing of the batch", "[tokenizer]") {
  Random random(3);
  auto values = contrasting_images(4, 6, 7, random);
  values[2 * 3 * 42 + 5] = std::numeric_limits<float>::quiet_NaN();
  dht::TokenizerParts<Four> parts;
  parts.backend = dht::backend::Cpu(2);
  dht::Tokenizer<Four> tokenizer(parts);
  CHECK(error_of([&] { tokenizer.build(dht::planar_view(std::as_const(values).data(), 4, 3, 6, 7)); }) ==
        "image: is not finite at image 2, channel 0, row 0, column 5; must be numbers");
  CHECK(error_of([&] { tokenizer.tokens(2); }) == "hierarchy: is empty; build it first");
  CHECK(tokenizer.hierarchy().levels() == 0);
  values[2 * 3 * 42 + 5] = 0;
  tokenizer.build(dht::planar_view(std::as_const(values).data(), 4, 3, 6, 7));
  CHECK(tokenizer.hierarchy(3).levels() > 1);
  CHECK(error_of([&] { (void)tokenizer.hierarchy(4); }) == "image: is 4; the last batch had 4 images");
  CHECK(error_of([&] { (void)tokenizer.merge_tree(-1); }) == "image: is -1; the last batch had 4 images");
}

TEST_CASE("batch: gradients of another self-loop are refused", "[tokenizer]") {
  Random random(4);
  const auto values = contrasting_images(2, 9, 8, random);
  const auto view = dht::planar_view(values.data(), 2, 3, 9, 8);
  dht::Tokenizer<Four> tokenizer;
  tokenizer.forward(view);
  const auto& tokens = tokenizer.tokens(4);
  const std::vector<float> upstream(tokens.feature.size(), 1.0f);
  auto gradients = tokenizer.gradients();
  gradients.self_loop.weight = {1, 2};
  CHECK(error_of([&] {
          tokenizer.backward(view, {upstream.data(), tokens.count(), 3}, gradients);
        }) == "gradient of the self-loop: is of 2 variances; must be of 0");
}
