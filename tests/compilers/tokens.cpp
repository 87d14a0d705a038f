// SPDX-License-Identifier: MIT
// Every public function of regions/, of draw/ and of vit/ before its blocks.
#include <cstdint>
#include <vector>

#include "calls.hpp"

namespace calls {
namespace {

void call_measures(Results& results, const dht::Picture& picture, const dht::Tokenizer<>& tokenizer,
                   const dht::Tokens<float>& tokens) {
  const dht::LabelView labels = tokens.labels();
  const auto neighbours = dht::region_neighbours(tokens);
  results.add(neighbours.neighbours_of(0).size() + neighbours.boundaries_of(0).size());
  results.add(dht::region_neighbours(labels, tokens.count()).regions());
  results.add(dht::centroids(tokens).size() + dht::centroids(labels, tokens.count()).size());
  results.add_all(dht::mean_colours(picture, labels, tokens.count()));
  results.add_all(dht::mean_over_regions(view_of(picture), labels, tokens.count()));

  const std::vector<dht::LabelMap> truths{dht::label_map(labels)};
  const auto scores = dht::superpixel_scores(view_of(picture), truths[0], truths);
  results.add(scores.compactness + dht::boundary_recall(truths[0], truths[0], 1));
  results.add(dht::connected_components(truths[0]));
  dht::ConfusionMatrix matrix(static_cast<std::size_t>(tokens.count()));
  matrix.add(labels, labels);
  results.add(matrix.accuracy() + matrix.mean_iou());

  results.add_all(dht::draw_boundaries(picture, labels).rgb);
  results.add_all(dht::paint_means(picture, labels, tokens.count()).rgb);
  results.add_all(dht::draw_levels(picture, tokenizer.hierarchy()).rgb);
  results.add_all(dht::draw_saliency(tokenizer.hierarchy()).rgb);
  results.add(dht::last_level_apart(tokenizer.hierarchy(), 0, 5));
  results.add_all(dht::levels_to_show(7, 3));
}

void call_projection(Results& results, const dht::ImageView<const std::uint8_t>& image,
                     const dht::Tokenizer<>& tokenizer, const dht::Tokens<float>& tokens) {
  results.add(tokens.count(0));
  results.add(tokens.feature_of(0)[0]);
  const auto map = dht::initial_linear<float>(tokens.features, 3, 1);
  const auto projected = dht::project(tokens, map);
  results.add_all(dht::inject_means(image, tokens, projected));
  results.add_all(dht::mean_over_tokens<float>(image, tokens));

  auto gradients = map.zeros();
  const std::vector<float> grad_image(std::size_t(image.total_pixels() * 3), 0.5f);
  std::vector<float> grad_pixels(grad_image.size());
  const auto upstream = dht::backward_inject_means(tokens, 3, grad_image.data(), grad_pixels.data());
  const auto grad = dht::backward_project(tokens, map, {upstream.data(), tokens.count(), 3}, gradients);
  dht::HierarchyGradients<float> to_tree;
  to_tree.clear(tokenizer.hierarchy());
  dht::backward_tokens(tokenizer.hierarchy(), tokens, {grad.data(), tokens.count(), tokens.features},
                       to_tree);
  results.add_all(grad);
}

void call_vectors(Results& results, const dht::ImageView<const std::uint8_t>& image,
                  const dht::Tokens<float>& tokens) {
  const dht::backend::Cpu backend;
  auto changes_of = dht::GradientOperator<float>();
  std::vector<float> changes(std::size_t(image.total_pixels() * 2)),
      grad_image(std::size_t(image.total_pixels() * 3));
  changes_of.forward(backend, image, changes.data());
  auto grad_operator = changes_of;
  changes_of.backward(backend, image, changes.data(), grad_operator, grad_image.data());
  results.add(dht::parameters(changes_of, "gradient.").size());

  const dht::ExtractionConfig config{3, 3, 2, true};
  auto extraction = dht::Extraction<float>::initial(config);
  extraction = dht::Extraction<float>::with_lambda(config, 0.25);
  results.add(extraction.lambda() + float(config.pixels()));
  const int columns = config.columns(), n = tokens.count();
  std::vector<float> vectors(std::size_t(n * columns));
  dht::Extraction<float>::Saved saved;
  extraction.forward(backend, image, tokens, changes.data(), {vectors.data(), n, columns}, saved);
  auto grad_extraction = extraction.zeros();
  extraction.backward(backend, image, tokens, saved, {vectors.data(), n, columns}, grad_extraction,
                      grad_image.data());
  results.add(dht::parameters(extraction, "extractor.").size());

  auto embedding = dht::Embedding<float>::initial(columns, 4, 1, true, 1);
  const dht::Sequences sequences = embedding.sequences(tokens);
  results.add(embedding.class_tokens() + embedding.width() + int(embedding.has_norm()));
  std::vector<float> rows(std::size_t(sequences.rows()) * 4);
  dht::Embedding<float>::Saved kept;
  embedding.forward(backend, {vectors.data(), n, columns}, sequences, {rows.data(), sequences.rows(), 4},
                    kept);
  const auto padded = dht::pad<float>(embedding, sequences, {rows.data(), sequences.rows(), 4});
  results.add_all(padded.rows);
  auto grad_embedding = embedding.zeros();
  dht::backward_pad(embedding, sequences, padded.rows.data(), grad_embedding);
  embedding.backward(backend, {vectors.data(), n, columns}, sequences, kept,
                     {rows.data(), sequences.rows(), 4}, grad_embedding, {vectors.data(), n, columns});
  results.add(dht::parameters(embedding, "embedder.").size());
  results.add_all(dht::resample_positions<float>({rows.data(), 4, 4}, 2, 2, 3));
  results.add_all(dht::fit_positions<float>({rows.data(), 4, 4}, 2, 2, 3));
  results.add(dht::square_tokens<float>(1, 8, 8, 4).count());
}

}  // namespace

void call_tokens(Results& results) {
  const dht::Picture picture = photo(24, 32);
  dht::Tokenizer<> tokenizer;
  const auto& tokens = tokenizer(view_of(picture), 12);
  call_measures(results, picture, tokenizer, tokens);
  call_projection(results, view_of(picture), tokenizer, tokens);
  call_vectors(results, view_of(picture), tokens);
}

}  // namespace calls
