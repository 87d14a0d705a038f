// SPDX-License-Identifier: MIT
// How a batch of images becomes tokens and what a model sees of them: squares, or regions of the tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dht/any_policies.hpp>
#include <dht/backend/thread_pool.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/tokenizer.hpp>

#include "learner.hpp"

namespace dht::examples {

/// Cuts batches, one at a time. What it gives is valid until the next one.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  /// Cuts the images, whose numbers are 0 to 1. With `learn`, `backward` can follow.
  virtual void cut(const ImageView<const float>& images, bool learn) = 0;

  /// Tokens without features.
  const Tokens<float>& tokens() const { return tokens_; }
  /// The images with means injected, as the models take numbers.
  ImageView<const float> seen() const {
    return planar_view(seen_.data(), tokens_.batch, 3, tokens_.height, tokens_.width);
  }

  /// Where the gradient of `seen` is to be put; null where nothing is learned of it.
  virtual float* grad_seen() { return nullptr; }
  /// From that gradient to those of `groups()`.
  virtual void backward(const ImageView<const float>&) {}
  virtual std::vector<ParameterGroup> groups() { return {}; }
  /// Adds all that a program needs to cut images in the same way.
  virtual void add_to(SafeTensorsWriter&) {}
  /// Names of the tensors of `add_to` that are not among `groups()`.
  virtual std::vector<std::string> fixed_tensors() { return {}; }
  virtual TrainingSettings settings() const = 0;
  /// "64 squares"
  virtual std::string text() const = 0;

 protected:
  Tokens<float> tokens_;
  Buffer<float> seen_;
};

/// Squares of some pixels. Nothing is injected: a square's mean is its own.
class Squares : public TokenSource {
 public:
  explicit Squares(int side) : side_(side) {}
  void cut(const ImageView<const float>& images, bool learn) override;
  TrainingSettings settings() const override { return {}; }
  std::string text() const override { return "squares of " + std::to_string(side_) + " pixels"; }

 private:
  int side_;
};

/// How the tokenizer cuts.
struct RegionSettings {
  std::int64_t tokens = 64;                        ///< in every image
  std::optional<std::filesystem::path> weights{};  ///< of f and W; the library's own where there are none
  std::optional<double> position{};                ///< of BoundaryLinkage: the larger, the rounder
  bool learn = false;                              ///< f and W, too
  double rate = 1;                                 ///< how fast these learn, in learning rates of the rest
};

/// Exactly so many regions an image, each cut on its own, whatever else is in the batch.
class Regions : public TokenSource {
 public:
  Regions(const RegionSettings& settings, backend::ThreadPool& pool);

  void cut(const ImageView<const float>& images, bool learn) override;
  float* grad_seen() override { return settings_.learn ? grad_seen_.data() : nullptr; }
  void backward(const ImageView<const float>& images) override;
  std::vector<ParameterGroup> groups() override;
  void add_to(SafeTensorsWriter& writer) override;
  std::vector<std::string> fixed_tensors() override;
  TrainingSettings settings() const override;
  std::string text() const override { return std::to_string(settings_.tokens) + " regions"; }

 private:
  struct Policies : TrainingPolicies {
    using Criterion = AnyCriterion;
  };
  using TheTokenizer = Tokenizer<Policies>;

  /// A tokenizer, with the gradients that came through it: one for each image where f learns, else one for each thread.
  struct Lane {
    TheTokenizer tokenizer;
    TheTokenizer::Gradients gradients;
    Linear<float> grad_projection;
    const Tokens<float>* tokens = nullptr;  // of its last image
  };

  /// What is kept of an image's cut.
  struct Cut {
    std::vector<std::int32_t> labels, size;
    std::vector<Box> box;
  };

  void add_lanes(std::size_t count);
  void cut_one(const ImageView<const float>& image, std::size_t place, Lane& lane, bool learn);
  void backward_one(const ImageView<const float>& image, std::size_t lane);
  void gather(const ImageView<const float>& images);
  ParameterList<float> parameters();
  /// Parameters, or the gradients of a lane: the same list.
  static ParameterList<float> list(ConvolutionalParameters<float>& encoder, Linear<float>& projection,
                                   SelfLoop<float>& self_loop);

  RegionSettings settings_;
  std::string fingerprint_;
  backend::ThreadPool& pool_;
  Checkpoint<float> checkpoint_;  ///< f, W and self-loop as they are now
  TheTokenizer::Gradients gradients_;
  Linear<float> grad_projection_;
  std::vector<Lane> lanes_;
  std::vector<Cut> cuts_;
  Buffer<float> grad_seen_;
};

}  // namespace dht::examples
