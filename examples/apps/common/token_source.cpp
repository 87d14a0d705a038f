// SPDX-License-Identifier: MIT
// How a batch of images becomes tokens and what a model sees of them: squares, or regions of the tokenizer.
#include "token_source.hpp"

#include <algorithm>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/encoder/pretrained.hpp>
#include <dht/io/parameters.hpp>
#include <dht/regions/backward.hpp>
#include <dht/regions/projection.hpp>
#include <dht/vit/squares.hpp>

#include "number_text.hpp"
#include "training_images.hpp"
#include "training_run.hpp"
#include "vision_model.hpp"
#include "weights_file.hpp"

namespace dht::examples {
namespace {

constexpr int colours = 3;

std::size_t numbers_of(const ImageView<const float>& image) {
  return static_cast<std::size_t>(image.total_pixels() * image.channels);
}

Checkpoint<float> start_of(const std::optional<std::filesystem::path>& weights) {
  if (!weights) {
    Checkpoint<float> own;
    own.encoder = pretrained_encoder<float>();
    own.projection = pretrained_projection<float>();
    own.self_loop = SelfLoop<float>{};
    return own;
  }
  Checkpoint<float> read = read_weights(*weights);
  const std::string name = dht::detail::file_name(*weights);
  DHT_EXPECTS(read.encoder.mean.empty(), name, ": takes normalised images; must take images from 0 to 1");
  DHT_EXPECTS(read.projection.outputs == colours, name,
              ": has no linear to 3 colours; must have one to inject means");
  return read;
}

}  // namespace

// ----------------------------------------------------------------------------------------------- squares

void Squares::cut(const ImageView<const float>& images, bool) {
  const bool is_known =
      tokens_.batch == images.batch && tokens_.height == images.height && tokens_.width == images.width;
  if (!is_known) tokens_ = square_tokens<float>(images.batch, images.height, images.width, side_);
  seen_.resize(numbers_of(images));
  for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] = model_number(images.data[i]);
}

// ----------------------------------------------------------------------------------------------- regions

Regions::Regions(const RegionSettings& settings, backend::ThreadPool& pool)
    : settings_(settings),
      fingerprint_(settings.weights ? fingerprint_of(*settings.weights) : "(none)"),
      pool_(pool),
      checkpoint_(start_of(settings.weights)),
      grad_projection_(checkpoint_.projection.zeros()) {
  gradients_ =
      TheTokenizer(TokenizerParts<Policies>{TrainableEncoder<float>(checkpoint_.encoder)}).gradients();
  gradients_.self_loop = checkpoint_.self_loop;
}

void Regions::add_lanes(std::size_t count) {
  while (lanes_.size() < count) {
    TokenizerParts<Policies> parts{TrainableEncoder<float>(checkpoint_.encoder)};
    parts.criterion = AnyCriterion(checkpoint_.criterion, checkpoint_.iota);
    parts.hierarchy.compactness = checkpoint_.compactness;
    parts.self_loop = checkpoint_.self_loop;
    if (settings_.position) parts.linkage.position = *settings_.position;
    // By the running statistics, so that learning and looking cut alike.
    parts.encoder.set_statistics(Statistics::running);
    lanes_.push_back({TheTokenizer(std::move(parts)), gradients_, grad_projection_, nullptr});
  }
}

void Regions::cut(const ImageView<const float>& images, bool learn) {
  const auto n = static_cast<std::size_t>(images.batch),
             threads = static_cast<std::size_t>(pool_.workers()) + 1;
  const std::size_t lanes = settings_.learn ? n : std::min(n, threads);
  add_lanes(lanes);
  cuts_.resize(n);
  seen_.resize(numbers_of(images));
  for_each_index(pool_, lanes, [&](std::size_t lane) {
    for (std::size_t b = n * lane / lanes; b < n * (lane + 1) / lanes; ++b)
      cut_one(image_of_batch(images, static_cast<int>(b)), b, lanes_[lane], learn && settings_.learn);
  });
  gather(images);
}

void Regions::cut_one(const ImageView<const float>& image, std::size_t place, Lane& lane, bool learn) {
  if (settings_.learn) {
    lane.tokenizer.parts().encoder.parameters() = checkpoint_.encoder;
    lane.tokenizer.parts().self_loop = checkpoint_.self_loop;
  }
  if (learn)
    lane.tokenizer.forward(image);
  else
    lane.tokenizer.build(image);
  const Tokens<float>& tokens = lane.tokenizer.tokens(settings_.tokens);
  lane.tokens = &tokens;
  cuts_[place].labels.assign(tokens.partition.labels.begin(), tokens.partition.labels.end());
  cuts_[place].size.assign(tokens.size.begin(), tokens.size.end());
  cuts_[place].box.assign(tokens.box.begin(), tokens.box.end());
  const Buffer<float> injected = inject_means(image, tokens, project(tokens, checkpoint_.projection));
  float* to = seen_.data() + place * injected.size();
  for (const float value : injected) *to++ = model_number(value);
}

/// The tokens of all images, one after the other.
void Regions::gather(const ImageView<const float>& images) {
  tokens_ = {};
  tokens_.batch = images.batch;
  tokens_.height = images.height;
  tokens_.width = images.width;
  for (const Cut& one : cuts_) {
    const std::int32_t first = tokens_.partition.regions;
    tokens_.begin.push_back(first);
    for (const std::int32_t label : one.labels) tokens_.partition.labels.push_back(label + first);
    tokens_.size.insert(tokens_.size.end(), one.size.begin(), one.size.end());
    tokens_.box.insert(tokens_.box.end(), one.box.begin(), one.box.end());
    tokens_.partition.regions += static_cast<std::int32_t>(one.size.size());
  }
  tokens_.begin.push_back(tokens_.partition.regions);
  if (settings_.learn) grad_seen_.resize(seen_.size());
}

ParameterList<float> Regions::list(ConvolutionalParameters<float>& encoder, Linear<float>& projection,
                                   SelfLoop<float>& self_loop) {
  ParameterList<float> all = dht::parameters(encoder);
  for (const auto& more : {dht::parameters(projection), dht::parameters(self_loop)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

ParameterList<float> Regions::parameters() {
  return list(checkpoint_.encoder, checkpoint_.projection, checkpoint_.self_loop);
}

void Regions::backward_one(const ImageView<const float>& image, std::size_t at) {
  Lane& lane = lanes_[at];
  for (const Parameter<float>& p :
       list(lane.gradients.encoder, lane.grad_projection, lane.gradients.self_loop))
    std::fill(p.values.begin(), p.values.end(), 0.0f);
  const std::size_t numbers = numbers_of(image);
  float* const grad = grad_seen_.data() + at * numbers;
  for (std::size_t i = 0; i < numbers; ++i) grad[i] *= model_scale;
  const Tokens<float>& tokens = *lane.tokens;
  Buffer<float> grad_image(numbers);
  const Buffer<float> grad_colour = backward_inject_means(tokens, colours, grad, grad_image.data());
  const Buffer<float> grad_feature = backward_project(
      tokens, checkpoint_.projection, MatrixView<const float>{grad_colour.data(), tokens.count(), colours},
      lane.grad_projection);
  lane.tokenizer.backward(image, {grad_feature.data(), tokens.count(), tokens.features}, lane.gradients);
}

void Regions::backward(const ImageView<const float>& images) {
  if (!settings_.learn) return;
  const auto n = static_cast<std::size_t>(images.batch);
  for_each_index(pool_, n,
                 [&](std::size_t b) { backward_one(image_of_batch(images, static_cast<int>(b)), b); });
  const ParameterList<float> sum = list(gradients_.encoder, grad_projection_, gradients_.self_loop);
  for (const Parameter<float>& p : sum) std::fill(p.values.begin(), p.values.end(), 0.0f);
  for (std::size_t b = 0; b < n; ++b) {
    const ParameterList<float> one =
        list(lanes_[b].gradients.encoder, lanes_[b].grad_projection, lanes_[b].gradients.self_loop);
    for (std::size_t i = 0; i < sum.size(); ++i)
      for (std::size_t j = 0; j < sum[i].values.size(); ++j) sum[i].values[j] += one[i].values[j];
  }
}

std::vector<ParameterGroup> Regions::groups() {
  if (!settings_.learn) return {};
  return {{parameters(), list(gradients_.encoder, grad_projection_, gradients_.self_loop), settings_.rate}};
}

void Regions::add_to(SafeTensorsWriter& writer) {
  add_encoder(writer, checkpoint_.encoder);
  add_parameters(writer, dht::parameters(checkpoint_.projection));
  add_parameters(writer, dht::parameters(checkpoint_.self_loop));
  writer.set_metadata("criterion", checkpoint_.criterion);
  writer.set_metadata("iota", shortest_text(checkpoint_.iota));
  writer.set_metadata("compactness", shortest_text(checkpoint_.compactness));
  if (checkpoint_.self_loop.is_constant())
    writer.set_metadata("self_loop",
                        "constant " + shortest_text(static_cast<double>(checkpoint_.self_loop.value(0.0f))));
}

std::vector<std::string> Regions::fixed_tensors() {
  std::vector<std::string> names;
  for (const Parameter<float>& p : running_statistics(checkpoint_.encoder)) names.push_back(p.name);
  if (!settings_.learn)
    for (const Parameter<float>& p : parameters()) names.push_back(p.name);
  return names;
}

TrainingSettings Regions::settings() const {
  return {{"--tokens", std::to_string(settings_.tokens)},
          {"--position", settings_.position ? shortest_text(*settings_.position) : "(default)"},
          {"--learn-features", settings_.learn ? shortest_text(settings_.rate) : "(no)"},
          {"--weights of fingerprint", fingerprint_}};
}

}  // namespace dht::examples
