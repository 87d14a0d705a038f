// SPDX-License-Identifier: MIT
// From the classification loss back through the transformer, extraction, mean injection, W, tokens and hierarchy to W, f
// and the image, against differences with all choices held fixed.
#include <cstdint>
#include <vector>

#include <dht/encoder/parameters.hpp>
#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>
#include <dht/train/losses.hpp>
#include <dht/train/targets.hpp>
#include <dht/vit/classifier.hpp>

#include "kit/catch.hpp"
#include "kit/frozen_tree.hpp"
#include "kit/gradient_check.hpp"
#include "kit/numbers.hpp"
#include "kit/parameters.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;
using dht::backend::Cpu;
using Numbers = std::vector<double>;

struct Policies : dht::TrainingPolicies {
  using Scalar = double;
};

constexpr int batch = 2, channels = 3, height = 12, width = 13, features = 4, classes = 5;

/// Token features as a plain function of the pixels' features, for tokens that consist of whole sources.
/// The tokens are those of an image.
void add_features(const dht::Tokens<double>& tokens, const dht::Hierarchy<double>& tree,
                  const FrozenTree& frozen, const Numbers& pixels, double* out) {
  for (std::int32_t t = 0; t < tokens.count(); ++t) {
    double size = 0;
    for (const dht::Source s : tokens.partition.sources_of(t)) size += s < 0 ? 1 : tree.size[std::size_t(s)];
    for (const dht::Source s : tokens.partition.sources_of(t)) {
      const double share = (s < 0 ? 1 : tree.size[std::size_t(s)]) / size;
      const double* from =
          s < 0 ? &pixels[std::size_t((-1 - s) * features)] : &frozen.mean[std::size_t(s * features)];
      for (int c = 0; c < features; ++c) out[t * features + c] += share * from[c];
    }
  }
}

}  // namespace

TEST_CASE("chain: the classification loss reaches f, W and the image", "[vit]") {
  Random random(1);
  auto parameters = random_parameters<double>(channels, features, false, 3);
  dht::TokenizerParts<Policies> parts{dht::TrainableEncoder<double>(parameters)};
  parts.hierarchy.enough_regions = 1;
  dht::Tokenizer<Policies> tokenizer(parts);
  auto pixels = planes(Pattern::blobs, batch, channels, height, width, random);
  const auto image = dht::planar_view(std::as_const(pixels).data(), batch, channels, height, width);
  dht::Linear<double> projection{features, channels, numbers(features * channels, random),
                                 numbers(channels, random)};
  dht::BackboneConfig config;
  config.extraction = {channels, 3, 4, false};
  config.vit = {.width = 6, .depth = 2, .heads = 2, .mlp = 8};
  auto classifier = dht::Classifier<double>::initial(config, classes, 1);
  randomise(dht::parameters(classifier), random, 0.3);
  const std::vector<std::int32_t> answers{3, 1};
  const auto targets = dht::class_targets<double>(answers, classes, 0.1);

  tokenizer.forward(image);
  const dht::Tokens<double> tokens = tokenizer.select();
  REQUIRE(tokens.count(0) > 3);
  dht::Classifier<double>::Saved saved;
  Numbers grad_logits(batch * classes);
  // The loss of an image and the features of its tokens.
  const auto loss_of = [&](const dht::Tokens<double>& of, bool keep) {
    const auto injected = dht::inject_means(image, of, dht::project(of, projection));
    Numbers logits(batch * classes);
    classifier.forward(Cpu(1), dht::planar_view(injected.data(), batch, channels, height, width), of, nullptr,
                       matrix(logits, classes), saved, keep);
    return dht::cross_entropy<double>(matrix(std::as_const(logits), classes), matrix(targets, classes), -1,
                                      matrix(grad_logits, classes));
  };
  const double found = loss_of(tokens, true);

  auto grad_classifier = classifier.zeros();
  auto grad_projection = projection.zeros();
  auto gradients = tokenizer.gradients();
  Numbers grad_injected(pixels.size()), grad_image(pixels.size()), grad_by_features(pixels.size());
  const auto injected = dht::inject_means(image, tokens, dht::project(tokens, projection));
  classifier.backward(Cpu(2), dht::planar_view(injected.data(), batch, channels, height, width), tokens,
                      saved, matrix(std::as_const(grad_logits), classes), grad_classifier,
                      grad_injected.data());
  const auto grad_token =
      dht::backward_inject_means(tokens, channels, grad_injected.data(), grad_image.data());
  const auto grad_feature =
      dht::backward_project<double>(tokens, projection, matrix(grad_token, channels), grad_projection);
  tokenizer.backward(image, matrix(grad_feature, features), gradients, grad_by_features.data());
  for (std::size_t i = 0; i < grad_image.size(); ++i) grad_image[i] += grad_by_features[i];

  auto encoder = tokenizer.parts().encoder;
  const auto loss = [&] {
    Numbers of_pixels(std::size_t(batch * height * width * features));
    dht::TrainableEncoder<double>::Saved saved_encoder;
    encoder.forward(Cpu(1), image, of_pixels.data(), saved_encoder);
    const auto& p = tokenizer.parts();
    auto other = tokens;
    std::fill(other.feature.begin(), other.feature.end(), 0.0);
    for (int b = 0; b < batch; ++b) {
      const auto begin = of_pixels.begin() + std::ptrdiff_t{b} * height * width * features;
      const Numbers own(begin, begin + std::ptrdiff_t{height} * width * features);
      const auto frozen = FrozenTree::of(tokenizer.graph(), tokenizer.hierarchy(b), p.similarity, p.weighting,
                                         p.self_loop, p.hierarchy.compactness, own);
      add_features(tokens_of_image(tokens, b), tokenizer.hierarchy(b), frozen, own,
                   other.feature.data() + tokens.begin[std::size_t(b)] * features);
    }
    return loss_of(other, false);
  };
  CHECK(loss() == Catch::Approx(found).epsilon(1e-12));

  const auto check = [&](const dht::ParameterList<double>& values, const dht::ParameterList<double>& slopes,
                         std::size_t entries) {
    GradientCheckOptions options;
    options.step = 1e-3;
    options.tolerance = 1e-6;
    options.most_entries = entries;
    // Small gradients are sums of large ones that cancel, and differences have the rounding errors of the whole loss.
    options.floor = 1e-3 * largest_entry(slopes) + 1e-8;
    CHECK(largest_entry(slopes) > 1e-4);
    const auto report = check_gradients(loss, values, slopes, options);
    INFO(report.table());
    CHECK(report.good());
  };
  check(dht::parameters(encoder.parameters()), dht::parameters(gradients.encoder), 2);
  check(dht::parameters(projection), dht::parameters(grad_projection), 6);
  check({{"image", {batch, channels, height, width}, pixels}},
        {{"image", {batch, channels, height, width}, grad_image}}, 12);
}
