// SPDX-License-Identifier: MIT
// What `pretrain` trains: the encoder, the self-loop, and the map from token features to colours.
#include "pretrain_model.hpp"

#include <algorithm>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/initial.hpp>
#include <dht/io/file.hpp>
#include <dht/io/parameters.hpp>
#include <dht/regions/projection.hpp>

#include "number_text.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

constexpr int colours = 3;

/// A checkpoint that nobody trained.
Checkpoint<float> untrained(const ModelSettings& settings) {
  Checkpoint<float> start;
  start.self_loop = SelfLoop<float>{};  // the library's constant: painting images says little about it
  const int features = settings.features.value_or(8);
  if (settings.start == "random") {
    start.encoder = initial_parameters<float>(colours, features, settings.seed);
  } else {
    InitialModel<float> model = opponent_colours<float>(features, settings.seed);
    start.encoder = std::move(model.encoder);
    start.projection = std::move(model.projection);
  }
  return start;
}

/// The convolution of the images themselves, where `layer` is that of normalised ones.
void fold_normalisation(const std::vector<double>& mean, const std::vector<double>& deviation, int area,
                        ConvolutionAndNorm<float>& layer) {
  const std::size_t taps = mean.size() * static_cast<std::size_t>(area);
  for (std::size_t i = 0; i < layer.weight.size(); ++i) {
    const std::size_t channel = i % taps / static_cast<std::size_t>(area);
    const double weight = layer.weight[i] / deviation[channel];
    layer.weight[i] = static_cast<float>(weight);
    layer.bias[i / taps] -= static_cast<float>(weight * mean[channel]);
  }
}

/// A checkpoint of normalised images as one of images between 0 to 1, which W is to paint: convolutions without padding
/// can take the normalisation in.
void fold_normalisation(Checkpoint<float>& checkpoint) {
  const std::vector<double> mean = checkpoint.encoder.mean, deviation = checkpoint.encoder.standard_deviation;
  if (mean.empty()) return;
  fold_normalisation(mean, deviation, 1, checkpoint.encoder.fine);
  fold_normalisation(mean, deviation, 4, checkpoint.encoder.middle);
  Linear<float>& map = checkpoint.projection;
  for (std::size_t i = 0; i < map.weight.size(); ++i)
    map.weight[i] *= static_cast<float>(deviation[i / static_cast<std::size_t>(map.inputs)]);
  for (std::size_t c = 0; c < map.bias.size(); ++c)
    map.bias[c] = static_cast<float>(map.bias[c] * deviation[c] + mean[c]);
  checkpoint.encoder.mean.clear();
  checkpoint.encoder.standard_deviation.clear();
}

Checkpoint<float> trained(const fs::path& path, const ModelSettings& settings) {
  Checkpoint<float> start = load_checkpoint<float>(path);
  const std::string name = dht::detail::file_name(path);
  DHT_EXPECTS(start.encoder.channels == colours, name, ": is for images of ", start.encoder.channels,
              " channels; must be for 3");
  DHT_EXPECTS(settings.features.value_or(start.encoder.features) == start.encoder.features, "--features: is ",
              *settings.features, "; must be ", start.encoder.features, ", as in ", name);
  DHT_EXPECTS(start.projection.weight.empty() || start.projection.outputs == colours, name, ": linear has ",
              start.projection.outputs, " outputs; must have 3");
  fold_normalisation(start);
  return start;
}

Checkpoint<float> start_of(const ModelSettings& settings, const std::optional<fs::path>& weights) {
  Checkpoint<float> start = weights ? trained(*weights, settings) : untrained(settings);
  const int features = start.encoder.features;
  if (start.projection.weight.empty())
    start.projection = initial_linear<float>(features, colours, settings.seed);
  if (settings.compactness) start.compactness = *settings.compactness;
  return start;
}

TokenizerParts<PretrainPolicies> parts_of(const Checkpoint<float>& start, int threads) {
  TokenizerParts<PretrainPolicies> parts{TrainableEncoder<float>(start.encoder)};
  parts.criterion = AnyCriterion(start.criterion, start.iota);
  parts.self_loop = start.self_loop;
  parts.hierarchy.compactness = start.compactness;
  parts.backend = backend::Cpu(threads);
  return parts;
}

MatrixView<float> rows_of(Buffer<float>& numbers, std::int64_t rows, int columns) {
  numbers.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  return {numbers.data(), rows, columns};
}

void append(ParameterList<float>& to, const ParameterList<float>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

PretrainModel::PretrainModel(const ModelSettings& settings, const std::optional<fs::path>& weights)
    : PretrainModel(start_of(settings, weights), settings.threads) {}

PretrainModel::PretrainModel(const Checkpoint<float>& start, int threads)
    : tokenizer_(parts_of(start, threads)),
      projection_(start.projection),
      criterion_(start.criterion),
      iota_(start.iota),
      tokenizer_gradients_(tokenizer_.gradients()),
      projection_gradients_(projection_.zeros()) {}

ParameterList<float> PretrainModel::parameters() {
  ParameterList<float> list = dht::parameters(tokenizer_.parts().encoder.parameters());
  append(list, dht::parameters(projection_));
  append(list, dht::parameters(tokenizer_.parts().self_loop));
  return list;
}

ParameterList<float> PretrainModel::statistics() {
  return running_statistics(tokenizer_.parts().encoder.parameters());
}

ParameterList<float> PretrainModel::gradients() {
  ParameterList<float> list = dht::parameters(tokenizer_gradients_.encoder);
  append(list, dht::parameters(projection_gradients_));
  append(list, dht::parameters(tokenizer_gradients_.self_loop));
  return list;
}

ReconstructionLoss PretrainModel::learn(const ImageView<const float>& images, std::int64_t count) {
  tokenizer_.parts().encoder.set_statistics(Statistics::batch);
  tokenizer_.forward(images);
  const Tokens<float>& tokens = tokenizer_.tokens(count);
  const Buffer<float> colour = project(tokens, projection_);
  const MatrixView<float> grad_colour = rows_of(grad_colour_, tokens.count(), colours);
  const ReconstructionLoss loss =
      reconstruction_loss(tokenizer_.parts().backend, images, tokens,
                          MatrixView<const float>{colour.data(), tokens.count(), colours}, grad_colour);
  for (const Parameter<float>& gradient : gradients()) std::ranges::fill(gradient.values, 0.0f);
  const MatrixView<float> grad_feature = rows_of(grad_feature_, tokens.count(), features());
  projection_.backward({tokens.feature.data(), tokens.count(), features()}, grad_colour,
                       projection_gradients_, grad_feature);
  tokenizer_.backward(images, grad_feature, tokenizer_gradients_);
  return loss;
}

void PretrainModel::update_statistics() {
  tokenizer_.parts().encoder.update_running_statistics(tokenizer_.saved());
}

std::vector<ReconstructionLoss> PretrainModel::look(const ImageView<const float>& images,
                                                    const std::vector<std::int64_t>& counts) {
  tokenizer_.parts().encoder.set_statistics(Statistics::running);
  tokenizer_.build(images);
  std::vector<ReconstructionLoss> losses;
  for (const std::int64_t count : counts) {
    const Tokens<float>& tokens = tokenizer_.tokens(count);
    const Buffer<float> colour = project(tokens, projection_);
    losses.push_back(reconstruction_loss(tokenizer_.parts().backend, images, tokens,
                                         MatrixView<const float>{colour.data(), tokens.count(), colours}));
  }
  return losses;
}

void PretrainModel::add_to(SafeTensorsWriter& writer) {
  add_encoder(writer, tokenizer_.parts().encoder.parameters());
  add_parameters(writer, dht::parameters(projection_));
  add_parameters(writer, dht::parameters(tokenizer_.parts().self_loop));
  writer.set_metadata("criterion", criterion_);
  writer.set_metadata("iota", shortest_text(iota_));
  writer.set_metadata("compactness", shortest_text(compactness()));
  const SelfLoop<float>& self_loop = tokenizer_.parts().self_loop;
  if (self_loop.is_constant())
    writer.set_metadata("self_loop", "constant " + shortest_text(static_cast<double>(self_loop.value(0.0f))));
}

}  // namespace dht::examples
