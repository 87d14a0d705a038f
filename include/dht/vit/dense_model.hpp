// SPDX-License-Identifier: MIT
// A vision transformer that says of every token what it shows, from what its last blocks leave.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/vit/heads.hpp>
#include <dht/vit/vision_transformer.hpp>

namespace dht {

/// One row of logits for each token: a head on the rows that the last blocks leave, side by side.
template <class S, concepts::activation<S> Activation = Gelu>
struct DenseModel {
  VisionTransformer<S, Activation> backbone;
  Head<S> head;    ///< on blocks x width numbers
  int blocks = 1;  ///< how many of the last blocks it sees

  struct Saved {
    typename VisionTransformer<S, Activation>::Saved backbone;
    typename Head<S>::Saved head;
  };

  /// Random weights by a seed.
  static DenseModel initial(const BackboneConfig& config, int classes, int blocks, std::uint64_t seed) {
    DHT_EXPECTS(blocks >= 1 && blocks <= config.vit.depth, "blocks: are ", blocks, "; must be 1 to ",
                config.vit.depth, ", the depth");
    return {VisionTransformer<S, Activation>::initial(config, seed),
            Head<S>::initial(blocks * config.vit.width, classes, config.vit.epsilon, seed), blocks};
  }

  int classes() const { return head.classes(); }

  /// Writes tokens x classes logits, in the order of the tokens' labels. See Classifier.
  template <class P, class Backend>
  void forward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens,
               const S* image_gradients, const MatrixView<S>& logits, Saved& saved, bool keep = false,
               const TrainingPlace& place = {}) const {
    backbone.forward(backend, image, tokens, image_gradients, saved.backbone, keep, blocks, place);
    const int width = backbone.width();
    Buffer<S> rows(static_cast<std::size_t>(std::int64_t{tokens.count()} * width * blocks));
    for (int k = 0; k < blocks; ++k) {
      const S* const from = saved.backbone.encoder.outputs[static_cast<std::size_t>(k)].data();
      each_token(saved, [&](std::int64_t row, std::int64_t token) {
        std::copy_n(from + row * width, width, rows.data() + (token * blocks + k) * width);
      });
    }
    head.forward(backend, {rows.data(), tokens.count(), width * blocks}, logits, saved.head);
  }

  /// From the gradient of the logits to the parameters and to the image. See Classifier.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens, Saved& saved,
                const MatrixView<const S>& grad_logits, DenseModel& gradients,
                S* grad_image = nullptr) const {
    const int width = backbone.width();
    Buffer<S> grad(static_cast<std::size_t>(std::int64_t{tokens.count()} * width * blocks));
    head.backward(backend, saved.head, grad_logits, gradients.head,
                  {grad.data(), tokens.count(), width * blocks});
    std::vector<Buffer<S>> grad_outputs;
    for (int k = 0; k < blocks; ++k) {
      grad_outputs.emplace_back(saved.backbone.rows.size(), S(0));
      each_token(saved, [&](std::int64_t row, std::int64_t token) {
        std::copy_n(grad.data() + (token * blocks + k) * width, width,
                    grad_outputs.back().data() + row * width);
      });
    }
    backbone.backward(backend, image, tokens, saved.backbone, grad_outputs, gradients.backbone, grad_image);
  }

  /// Gradients, zero.
  DenseModel zeros() const { return {backbone.zeros(), head.zeros(), blocks}; }

 private:
  /// Calls body(row, token) for every token.
  template <class Body>
  void each_token(const Saved& saved, const Body& body) const {
    const Sequences& of = saved.backbone.sequences;
    const int class_tokens = backbone.embedding.class_tokens();
    std::int64_t token = 0;
    for (int b = 0; b < of.batch(); ++b) {
      const std::int64_t first = of.begin[static_cast<std::size_t>(b)];
      for (std::int64_t row = first + class_tokens; row < first + of.count(b); ++row) body(row, token++);
    }
  }
};

/// All parameters: extractor.*, embedder.*, blocks.*, norm.*, head.*.
template <class S, class Activation>
ParameterList<S> parameters(DenseModel<S, Activation>& of, const std::string& prefix = "") {
  ParameterList<S> list = parameters(of.backbone, prefix);
  for (auto& p : parameters(of.head, prefix)) list.push_back(p);
  return list;
}

}  // namespace dht
