// SPDX-License-Identifier: MIT
// A vision transformer on tokens: extraction, embedding, encoder. How an image was cut, into regions or into squares, it
// does not know.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/sequences.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/vit/config.hpp>
#include <dht/vit/embedding.hpp>
#include <dht/vit/encoder.hpp>
#include <dht/vit/extraction.hpp>

namespace dht {

/// All that a vision transformer is but its head.
struct BackboneConfig {
  ExtractionConfig extraction{};
  VitConfig vit{};
  int class_tokens = 1;
  bool norm_pre = true;  ///< a layer norm of embedded tokens: the method's models have it, most others do not
  friend bool operator==(const BackboneConfig&, const BackboneConfig&) = default;
};

/// Images and their tokens to one row of `width` numbers for each class token and token.
template <class S, concepts::activation<S> Activation = Gelu>
struct VisionTransformer {
  Extraction<S> extraction;
  Embedding<S> embedding;
  VitEncoder<S, Activation> encoder;

  /// What `backward` needs, and the sequences that the rows belong to. Memory is kept for the next batch.
  struct Saved {
    Sequences sequences;
    Buffer<S> vectors;  ///< tokens x columns of the extraction
    Buffer<S> rows;     ///< rows x width: what the last block leaves
    typename Extraction<S>::Saved extraction;
    typename Embedding<S>::Saved embedding;
    typename VitEncoder<S, Activation>::Saved encoder;
  };

  /// Random weights by a seed.
  static VisionTransformer initial(const BackboneConfig& c, std::uint64_t seed) {
    check(c.vit);
    VisionTransformer model{
        Extraction<S>::initial(c.extraction),
        Embedding<S>::initial(c.extraction.columns(), c.vit.width, c.class_tokens, c.norm_pre, seed),
        VitEncoder<S, Activation>::initial(c.vit, seed)};
    model.embedding.norm_pre.epsilon = c.vit.epsilon;
    return model;
  }

  int width() const { return encoder.width(); }

  /// `saved.rows` are what the last block leaves, `saved.encoder.outputs` what the last `outputs` blocks do. The image is the
  /// one with means injected, for `image_gradients` see Extraction. With `keep`, `backward` can follow.
  template <class P, class Backend>
  void forward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens,
               const S* image_gradients, Saved& saved, bool keep, int outputs = 0,
               const TrainingPlace& place = {}) const {
    check_parts();
    saved.sequences = embedding.sequences(tokens);
    const int columns = extraction.config.columns();
    saved.vectors.resize(static_cast<std::size_t>(std::int64_t{tokens.count()} * columns));
    saved.rows.resize(static_cast<std::size_t>(std::int64_t{saved.sequences.rows()} * width()));
    const MatrixView<S> rows{saved.rows.data(), saved.sequences.rows(), width()};
    extraction.forward(backend, image, tokens, image_gradients,
                       {saved.vectors.data(), tokens.count(), columns}, saved.extraction);
    embedding.forward(backend, {saved.vectors.data(), tokens.count(), columns}, saved.sequences, rows,
                      saved.embedding);
    encoder.forward(backend, rows, saved.sequences, saved.encoder, keep, outputs, place);
  }

  /// From the gradients of what the last blocks leave (rows x width each, the very last one at the end), which are changed,
  /// to the parameters, where they are added to `gradients`, and to the image, where it overwrites `grad_image`, planes
  /// (batch, channels, height, width), unless that is null. Image, tokens and `saved` are those of `forward`.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens, Saved& saved,
                std::vector<Buffer<S>>& grad_outputs, VisionTransformer& gradients, S* grad_image) const {
    const int columns = extraction.config.columns();
    const MatrixView<S> grad_rows =
        encoder.backward(backend, saved.sequences, saved.encoder, gradients.encoder, grad_outputs);
    Buffer<S> grad_vectors(saved.vectors.size());
    const MatrixView<S> grad{grad_vectors.data(), tokens.count(), columns};
    embedding.backward(backend, {saved.vectors.data(), tokens.count(), columns}, saved.sequences,
                       saved.embedding, grad_rows, gradients.embedding, grad);
    extraction.backward(backend, image, tokens, saved.extraction, grad, gradients.extraction, grad_image);
  }

  /// Gradients, zero.
  VisionTransformer zeros() const { return {extraction.zeros(), embedding.zeros(), encoder.zeros()}; }

 private:
  void check_parts() const {
    DHT_EXPECTS(embedding.projection.inputs == extraction.config.columns(), "embedding: takes ",
                embedding.projection.inputs, " numbers; the extraction gives ", extraction.config.columns());
    DHT_EXPECTS(embedding.width() == width(), "embedding: has a width of ", embedding.width(),
                "; the encoder has ", width());
  }
};

/// All parameters: extractor.*, embedder.*, blocks.*.
template <class S, class Activation>
ParameterList<S> parameters(VisionTransformer<S, Activation>& of, const std::string& prefix = "") {
  ParameterList<S> list = parameters(of.extraction, prefix + "extractor.");
  for (const auto& more : {parameters(of.embedding, prefix + "embedder."), parameters(of.encoder, prefix)})
    list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace dht
