// SPDX-License-Identifier: MIT
// The code of docs/vit.md, compiled and run. docs/check_snippets.cmake compares the two.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/io/safetensors.hpp>
#include <dht/nn/activation.hpp>
#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>
#include <dht/train/losses.hpp>
#include <dht/train/targets.hpp>
#include <dht/vit/classifier.hpp>
#include <dht/vit/pretrained.hpp>
#include <dht/vit/squares.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

namespace {

// example-begin own_activation
/// A straight line to the right, none to the left.
struct Rectifier {
  template <class S>
  static DHT_INLINE S value(S x) {
    return x > 0 ? x : S(0);
  }
  template <class S>
  static DHT_INLINE S slope(S x) {
    return x > 0 ? S(1) : S(0);
  }
};
static_assert(dht::concepts::activation<Rectifier, float>);
// example-end own_activation

}  // namespace

TEST_CASE("docs/vit.md: a classifier on tokens", "[docs]") {
  std::vector<float> pixels(2 * 3 * 48 * 48);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7919 % 1000) / 1000;
  const auto images = dht::planar_view(std::as_const(pixels).data(), 2, 3, 48, 48);
  const std::vector<std::int32_t> answers{1, 0};

  // example-begin classifier
  dht::BackboneConfig config;
  config.extraction = {.channels = 3, .patch = 8, .position = 16};
  config.vit = {.width = 48, .depth = 2, .heads = 3};               // or dht::vit_small() and so on
  auto classifier = dht::Classifier<float>::initial(config, 2, 1);  // classes, seed
  auto projection = dht::pretrained_projection<float>();            // W: features of tokens to colours

  dht::Tokenizer<dht::TrainingPolicies> tokenizer;
  tokenizer.forward(images);
  const auto& tokens = tokenizer.tokens(36);  // in each image
  const auto injected = dht::inject_means(images, tokens, dht::project(tokens, projection));
  const auto seen = dht::planar_view(injected.data(), 2, 3, 48, 48);

  dht::Classifier<float>::Saved saved;
  std::vector<float> logits(2 * 2), grad_logits(2 * 2);
  const dht::backend::Cpu backend(0);  // one thread a core
  classifier.forward(backend, seen, tokens, nullptr, {logits.data(), 2, 2}, saved, true);
  // example-end classifier

  // example-begin classifier_backward
  const auto targets = dht::class_targets<float>(answers, 2);
  const double loss = dht::cross_entropy<float>({logits.data(), 2, 2}, {targets.data(), 2, 2}, -1,
                                                {grad_logits.data(), 2, 2});

  auto gradients = classifier.zeros();
  auto grad_projection = projection.zeros();
  auto grad_tokenizer = tokenizer.gradients();
  std::vector<float> grad_injected(injected.size()), grad_images(injected.size());
  classifier.backward(backend, seen, tokens, saved, {grad_logits.data(), 2, 2}, gradients,
                      grad_injected.data());
  // From the injected image to W, and through the tokens to the encoder f.
  const auto grad_colour = dht::backward_inject_means(tokens, 3, grad_injected.data(), grad_images.data());
  const auto grad_feature = dht::backward_project<float>(
      tokens, projection, {grad_colour.data(), tokens.count(), 3}, grad_projection);
  tokenizer.backward(images, {grad_feature.data(), tokens.count(), tokens.features}, grad_tokenizer);
  // example-end classifier_backward
  CHECK(loss > 0);
  bool reached = false;
  for (const float g : grad_tokenizer.encoder.fine.weight) reached = reached || g != 0;
  CHECK(reached);
}

TEST_CASE("docs/vit.md: published weights", "[docs]") {
  const dht::test::ScratchFolder scratch;
  dht::PatchVitConfig small{
      .patch = 4, .rows = 3, .columns = 3, .vit = {.width = 64, .depth = 1, .heads = 1}};
  small.classes = 5;
  auto made = dht::PatchVit<float>::zeros(small);
  dht::SafeTensorsWriter writer;
  for (const auto& p : dht::timm_parameters(made)) writer.add(p.name, p.shape, p.values);
  writer.save(scratch / "model.safetensors");
  const std::vector<float> pixels(3 * 12 * 12);
  const auto image = dht::planar_view(pixels.data(), 1, 3, 12, 12);
  const dht::backend::Cpu backend;

  // example-begin published
  const auto file = dht::SafeTensors::load(scratch / "model.safetensors");
  const auto model = dht::read_patch_vit<float>(file);  // names of timm, or of Hugging Face
  const auto classifier = dht::on_tokens(model, 16);    // positions by histograms of 16 x 16 bins

  // The squares that it was trained on are tokens like others.
  const auto squares = dht::square_tokens<float>(1, image.height, image.width, model.config.patch);
  std::vector<float> logits(static_cast<std::size_t>(classifier.classes()));
  dht::Classifier<float>::Saved saved;
  classifier.forward(backend, image, squares, nullptr, {logits.data(), 1, classifier.classes()}, saved);
  // example-end published
  CHECK(logits.size() == 5);
  CHECK(dht::Classifier<float, Rectifier>::initial({.vit = {.width = 8, .depth = 1, .heads = 1}}, 3, 1)
            .classes() == 3);
}
