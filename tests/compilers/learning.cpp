// SPDX-License-Identifier: MIT
// Every public function of nn/, vit/ and train/: layers and their ways back, models, losses, optimisers.
#include <cstdint>
#include <vector>

#include "calls.hpp"

namespace calls {
namespace {

using Numbers = std::vector<float>;

Numbers ramp(int n) {
  Numbers values(std::size_t(n), 0.0f);
  for (int i = 0; i < n; ++i) values[std::size_t(i)] = float(i % 7) / 7 - 0.4f;
  return values;
}

dht::MatrixView<float> matrix(Numbers& values, int columns) {
  return {values.data(), std::int64_t(values.size()) / columns, columns};
}

void call_layers(Results& results) {
  const dht::backend::Cpu backend;
  Numbers x = ramp(5 * 4), y(5 * 4), grad(5 * 4), sums(5 * 12);
  auto map = dht::initial_map<float>(4, 4, 1, 2, 3);
  auto grad_map = map.zeros();
  map.forward(matrix(x, 4), matrix(y, 4));
  map.forward(backend, matrix(x, 4), matrix(y, 4));
  map.backward(matrix(x, 4), matrix(y, 4), grad_map, matrix(grad, 4));
  map.backward(backend, matrix(x, 4), matrix(y, 4), grad_map, matrix(grad, 4));
  map.backward_rows(backend, matrix(y, 4), matrix(grad, 4));
  dht::check_same_parameters(dht::parameters(map), dht::parameters(grad_map), "gradients");

  auto norm = dht::LayerNorm<float>::identity(4);
  auto grad_norm = norm.zeros();
  dht::LayerNorm<float>::Saved saved;
  norm.forward(backend, matrix(x, 4), matrix(y, 4));
  norm.forward(backend, matrix(x, 4), matrix(y, 4), saved);
  norm.again(backend, saved, matrix(y, 4));
  norm.backward(backend, saved, matrix(y, 4), grad_norm, matrix(grad, 4));
  results.add(dht::parameters(norm, "norm.").size() + std::size_t(norm.width()));

  const dht::Sequences sequences{{0, 2, 5}, {}};
  dht::check(sequences, "sequences");
  results.add(sequences.longest() + sequences.count(1) + sequences.batch());
  dht::Attention<float> attention{2, dht::initial_map<float>(4, 12, 1), dht::initial_map<float>(4, 4, 2)};
  auto grad_attention = attention.zeros();
  dht::Attention<float>::Saved kept;
  attention.forward(backend, matrix(x, 4), sequences, matrix(y, 4), kept, true);
  attention.backward(backend, matrix(x, 4), sequences, kept, matrix(y, 4), grad_attention, matrix(grad, 4));
  results.add(dht::parameters(attention, "attn.").size() + std::size_t(attention.width()));
  results.add_all(grad);
}

template <class Activation>
void call_mlp(Results& results) {
  const dht::backend::Cpu backend;
  results.add(Activation::value(0.5f) + Activation::slope(0.5f));
  Numbers x = ramp(5 * 4), y(5 * 4), grad(5 * 4);
  dht::Mlp<float, Activation> mlp{dht::initial_map<float>(4, 6, 1), dht::initial_map<float>(6, 4, 2)};
  auto grad_mlp = mlp.zeros();
  typename dht::Mlp<float, Activation>::Saved saved;
  typename dht::Mlp<float, Activation>::Workspace workspace;
  mlp.forward(backend, matrix(x, 4), matrix(y, 4), saved, workspace);
  mlp.backward(backend, matrix(x, 4), saved, matrix(y, 4), grad_mlp, matrix(grad, 4), workspace);
  results.add(dht::parameters(mlp, "mlp.").size() + std::size_t(mlp.width() + mlp.hidden()));
  results.add_all(grad);
}

template <class Model>
void call_model(Results& results, Model model, int answers, const dht::ImageView<const std::uint8_t>& image,
                const dht::Tokens<float>& tokens) {
  const dht::backend::Cpu backend;
  const Numbers changes = ramp(int(image.total_pixels()) * 2);
  Numbers logits(std::size_t(answers * model.classes())), grad_image(std::size_t(image.total_pixels() * 3));
  typename Model::Saved saved;
  model.forward(backend, image, tokens, changes.data(), matrix(logits, model.classes()), saved, true, {});
  auto gradients = model.zeros();
  model.backward(backend, image, tokens, saved, matrix(logits, model.classes()), gradients,
                 grad_image.data());
  results.add(dht::parameters(model).size());
  results.add(model.backbone.width() + model.backbone.encoder.depth() + model.backbone.encoder.width());
  results.add_all(grad_image);
}

void call_models(Results& results) {
  const dht::Picture picture = photo(24, 32);
  dht::Tokenizer<> tokenizer;
  const auto& tokens = tokenizer(view_of(picture), 12);
  dht::BackboneConfig config;
  config.extraction = {3, 3, 2, true};
  config.vit = {.width = 6, .depth = 2, .heads = 2, .mlp = 7};
  config.vit.layer_scale = true;
  config.vit.scale_at_first = 0.5;
  dht::check(config.vit);
  results.add(config.vit.hidden());
  call_model(results, dht::Classifier<float>::initial(config, 5, 1), 1, view_of(picture), tokens);
  call_model(results, dht::Classifier<float, dht::QuickGelu>::initial(config, 5, 1, dht::Pooling::mean), 1,
             view_of(picture), tokens);
  call_model(results, dht::DenseModel<float, dht::TanhGelu>::initial(config, 4, 2, 1), tokens.count(),
             view_of(picture), tokens);
  for (const dht::VitConfig& c :
       {dht::vit_small(), dht::vit_medium(), dht::vit_base(), dht::vit_large(), dht::vit_huge()})
    results.add(c.width);

  dht::PatchVitConfig published;
  published.patch = 4;
  published.rows = published.columns = 2;
  published.vit = {.width = 6, .depth = 1, .heads = 2, .mlp = 7};
  published.classes = 3;
  auto model = dht::PatchVit<float>::zeros(published);
  results.add(dht::timm_parameters(model).size() + std::size_t(published.positions() + published.pixels()));
  results.add(dht::on_tokens(model, 3, 0.5, 2, 1).classes());
}

void call_training(Results& results) {
  Numbers logits = ramp(2 * 3), grad(2 * 3);
  const std::vector<std::int32_t> classes{1, 2};
  Numbers targets(2 * 3);
  const auto wanted = dht::class_targets<float>(classes, 3, 0.1);
  const dht::MatrixView<const float> view{logits.data(), 2, 3}, of{wanted.data(), 2, 3};
  results.add(dht::cross_entropy<float>(view, of, -1, matrix(grad, 3)));
  results.add(dht::focal_loss<float>(view, of, 2.0, -1, matrix(grad, 3)));
  results.add(dht::binary_cross_entropy<float>(view, of, -1, matrix(grad, 3)));

  const dht::Picture picture = photo(12, 16);
  const auto image = view_of(picture);
  dht::Tokenizer<> tokenizer;
  const auto& tokens = tokenizer(image, 6);
  std::vector<std::int32_t> map(12 * 16, 1);
  const dht::ClassMaps maps = dht::planar_view<const std::int32_t>(map.data(), 1, 1, 12, 16);
  results.add_all(dht::soft_targets(tokens, maps, 3));
  results.add_all(dht::image_targets<float>(maps, 3));
  Numbers colours = ramp(6 * 3), grad_colours(6 * 3);
  const auto loss = dht::reconstruction_loss(dht::backend::Cpu(), image, tokens, matrix(colours, 3),
                                             matrix(grad_colours, 3));
  results.add(dht::peak_signal_to_noise(0.01) + loss.value);

  auto weights = dht::initial_map<float>(4, 4, 1), gradients = dht::initial_map<float>(4, 4, 2);
  const auto parameters = dht::parameters(weights), slopes = dht::parameters(gradients);
  results.add(dht::global_norm(slopes) + dht::clip_by_global_norm(slopes, 1));
  const dht::CosineSchedule rate(0.1, 10, 2);
  dht::AdamW<float> adam(parameters);
  adam.step(parameters, slopes, rate(3));
  adam.set_steps(adam.steps());
  dht::Sgd<float> sgd(parameters);
  sgd.step(parameters, slopes, 0.1);
  sgd.set_steps(sgd.steps());
  results.add(adam.state().size() + sgd.state().size());
  results.add_all(weights.weight);
}

}  // namespace

void call_learning(Results& results) {
  call_layers(results);
  call_mlp<dht::Gelu>(results);
  call_mlp<dht::QuickGelu>(results);
  call_mlp<dht::TanhGelu>(results);
  call_models(results);
  call_training(results);
}

}  // namespace calls
