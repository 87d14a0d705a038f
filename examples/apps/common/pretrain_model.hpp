// SPDX-License-Identifier: MIT
// What `pretrain` trains: the encoder, the self-loop, and the map from token features to colours.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <dht/any_policies.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/tokenizer.hpp>
#include <dht/train/reconstruction.hpp>

namespace dht::examples {

/// A tokenizer that learns, by the criterion of the checkpoint that training begins with.
struct PretrainPolicies : TrainingPolicies {
  using Criterion = AnyCriterion;
};

/// What a model begins with, where nothing is trained yet.
struct ModelSettings {
  std::optional<int> features;
  std::optional<double> compactness;
  std::string start = "opponent";  ///< where nothing was learned: opponent colours, or random
  std::uint64_t seed = 1;
  int threads = 0;
};

/// A tokenizer and W of the method, with their gradients.
class PretrainModel {
 public:
  /// Random parameters, or those of a checkpoint file. Throws dht::Error when the file cannot be used.
  PretrainModel(const ModelSettings& settings, const std::optional<std::filesystem::path>& weights);

  int features() const { return projection_.inputs; }
  double compactness() const { return tokenizer_.parts().hierarchy.compactness; }

  /// All that is learned, under the names that it has in checkpoints: conv.*, linear.*, varproj.*.
  ParameterList<float> parameters();
  /// What batch normalisation has seen: conv.*.running_mean and running_var.
  ParameterList<float> statistics();
  /// Gradients of `parameters()`, as the last call of `learn` left them.
  ParameterList<float> gradients();

  /// The loss of a batch with `count` tokens an image and, in `gradients()`, its gradient.
  ReconstructionLoss learn(const ImageView<const float>& images, std::int64_t count);
  /// Lets the running statistics take in those of the batch of the last `learn`.
  void update_statistics();
  /// The loss of images, one for each number of tokens, by the running statistics, as programs use the weights.
  std::vector<ReconstructionLoss> look(const ImageView<const float>& images,
                                       const std::vector<std::int64_t>& counts);

  /// Adds all that a program needs to use the weights: parameters, statistics, settings.
  void add_to(SafeTensorsWriter& writer);

 private:
  using TheTokenizer = Tokenizer<PretrainPolicies>;

  PretrainModel(const Checkpoint<float>& start, int threads);

  TheTokenizer tokenizer_;
  Linear<float> projection_;
  std::string criterion_;
  double iota_;
  TheTokenizer::Gradients tokenizer_gradients_;
  Linear<float> projection_gradients_;
  Buffer<float> grad_colour_, grad_feature_;
};

}  // namespace dht::examples
