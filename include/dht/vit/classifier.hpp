// SPDX-License-Identifier: MIT
// A vision transformer that says what an image shows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
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

/// One row of logits for each image.
template <class S, concepts::activation<S> Activation = Gelu>
struct Classifier {
  VisionTransformer<S, Activation> backbone;
  Head<S> head;
  Pooling pooling = Pooling::class_token;

  struct Saved {
    typename VisionTransformer<S, Activation>::Saved backbone;
    typename Head<S>::Saved head;
  };

  /// Random weights by a seed.
  static Classifier initial(const BackboneConfig& config, int classes, std::uint64_t seed,
                            Pooling pooling = Pooling::class_token) {
    return {VisionTransformer<S, Activation>::initial(config, seed),
            Head<S>::initial(config.vit.width, classes, config.vit.epsilon, seed), pooling};
  }

  int classes() const { return head.classes(); }

  /// Writes batch x classes logits. The image is the one with means injected; `image_gradients` are null unless the
  /// extraction counts gradients. With `keep`, `backward` can follow.
  template <class P, class Backend>
  void forward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens,
               const S* image_gradients, const MatrixView<S>& logits, Saved& saved, bool keep = false,
               const TrainingPlace& place = {}) const {
    backbone.forward(backend, image, tokens, image_gradients, saved.backbone, keep, 0, place);
    const Sequences& of = saved.backbone.sequences;
    const Buffer<S> pooled = detail::pool<S>({saved.backbone.rows.data(), of.rows(), backbone.width()}, of,
                                             backbone.embedding.class_tokens(), pooling);
    head.forward(backend, {pooled.data(), of.batch(), backbone.width()}, logits, saved.head);
  }

  /// From the gradient of the logits to the parameters, where it is added to `gradients`, and to the image, where it
  /// overwrites `grad_image` unless that is null. Image, tokens and `saved` are those of `forward`.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens, Saved& saved,
                const MatrixView<const S>& grad_logits, Classifier& gradients,
                S* grad_image = nullptr) const {
    const Sequences& of = saved.backbone.sequences;
    const int width = backbone.width();
    Buffer<S> grad_pooled(static_cast<std::size_t>(std::int64_t{of.batch()} * width));
    head.backward(backend, saved.head, grad_logits, gradients.head, {grad_pooled.data(), of.batch(), width});
    std::vector<Buffer<S>> grad_outputs(1,
                                        Buffer<S>(static_cast<std::size_t>(std::int64_t{of.rows()} * width)));
    detail::backward_pool<S>(grad_pooled, of, backbone.embedding.class_tokens(), pooling,
                             {grad_outputs[0].data(), of.rows(), width});
    backbone.backward(backend, image, tokens, saved.backbone, grad_outputs, gradients.backbone, grad_image);
  }

  /// Gradients, zero.
  Classifier zeros() const { return {backbone.zeros(), head.zeros(), pooling}; }
};

/// All parameters: extractor.*, embedder.*, blocks.*, norm.*, head.*.
template <class S, class Activation>
ParameterList<S> parameters(Classifier<S, Activation>& of, const std::string& prefix = "") {
  ParameterList<S> list = parameters(of.backbone, prefix);
  for (auto& p : parameters(of.head, prefix)) list.push_back(p);
  return list;
}

}  // namespace dht
