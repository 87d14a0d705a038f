// SPDX-License-Identifier: MIT
// From the vectors of tokens to rows of a transformer: a linear map, class tokens before those of each image, and a layer
// norm (method, section 9).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/random.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/initial.hpp>
#include <dht/nn/layer_norm.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/sequences.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// Rows of all images one after the other: of each its class tokens, then its tokens in the order of their labels.
template <class S>
struct Embedding {
  Linear<S> projection;        ///< columns of the extraction -> width
  std::vector<S> class_token;  ///< class tokens x width; at least one
  LayerNorm<S> norm_pre;       ///< of width 0 where a model has none

  struct Saved {
    typename LayerNorm<S>::Saved norm;
  };

  /// Random by a seed; with a norm or without.
  static Embedding initial(int columns, int width, int class_tokens, bool norm, std::uint64_t seed) {
    DHT_EXPECTS(class_tokens >= 1, "class tokens: are ", class_tokens, "; must be at least 1");
    return {initial_map<S>(columns, width, seed, -1, 0),
            detail::normal_values<S>(std::int64_t{class_tokens} * width, 0.02, Random(seed, -1, 1)),
            norm ? LayerNorm<S>::identity(width) : LayerNorm<S>{}};
  }

  int width() const { return projection.outputs; }
  int class_tokens() const { return static_cast<int>(class_token.size()) / width(); }

  /// Which rows belong to which image. Throws dht::Error for an image that has no token.
  Sequences sequences(const Tokens<S>& tokens) const {
    Sequences of;
    for (int b = 0; b < tokens.batch; ++b) {
      DHT_EXPECTS(tokens.count(b) > 0, "tokens: image ", b, " has none; must have at least 1");
      of.begin.push_back(of.begin.back() + class_tokens() + tokens.count(b));
    }
    return of;
  }

  /// From vectors, tokens x columns, to rows x width.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& vectors, const Sequences& of,
               const MatrixView<S>& rows, Saved& saved) const {
    check_sizes(vectors.rows, of, rows);
    Buffer<S> embedded(static_cast<std::size_t>(vectors.rows * width()));
    projection.forward(backend, vectors, {embedded.data(), vectors.rows, width()});
    each_image(of, [&](std::int64_t row, std::int64_t token, std::int64_t count) {
      std::copy(class_token.begin(), class_token.end(), rows.row(row));
      std::copy_n(embedded.data() + token * width(), count * width(), rows.row(row + class_tokens()));
    });
    if (has_norm()) norm_pre.forward(backend, rows, rows, saved.norm);
  }

  /// From the gradient of the rows, which is changed, to the parameters, where it is added to `gradients`, and to the
  /// vectors, where it overwrites unless `grad_vectors` has no data.
  template <class Backend>
  void backward(const Backend& backend, const MatrixView<const S>& vectors, const Sequences& of,
                const Saved& saved, const MatrixView<S>& grad_rows, Embedding& gradients,
                const MatrixView<S>& grad_vectors) const {
    check_sizes(vectors.rows, of, grad_rows);
    if (has_norm()) norm_pre.backward(backend, saved.norm, grad_rows, gradients.norm_pre, grad_rows);
    Buffer<S> grad_embedded(static_cast<std::size_t>(vectors.rows * width()));
    each_image(of, [&](std::int64_t row, std::int64_t token, std::int64_t count) {
      for (std::size_t i = 0; i < class_token.size(); ++i) gradients.class_token[i] += grad_rows.row(row)[i];
      std::copy_n(grad_rows.row(row + class_tokens()), count * width(),
                  grad_embedded.data() + token * width());
    });
    projection.backward(backend, vectors, {grad_embedded.data(), vectors.rows, width()}, gradients.projection,
                        grad_vectors);
  }

  /// Gradients, zero.
  Embedding zeros() const {
    return {projection.zeros(), std::vector<S>(class_token.size(), S(0)), norm_pre.zeros()};
  }

  bool has_norm() const { return norm_pre.width() > 0; }

 private:
  void check_sizes(std::int64_t tokens, const Sequences& of, const MatrixView<S>& rows) const {
    DHT_EXPECTS(!class_token.empty() && class_token.size() % static_cast<std::size_t>(width()) == 0,
                "class tokens: are ", class_token.size(), " numbers; must be a multiple of the width, ",
                width());
    DHT_EXPECTS(tokens + std::int64_t{class_tokens()} * of.batch() == of.rows(), "tokens: are ", tokens,
                "; the sequences have ", of.rows() - class_tokens() * of.batch());
    DHT_EXPECTS(rows.rows == of.rows() && rows.columns == width(), "rows: are ", rows.rows, " x ",
                rows.columns, "; must be ", of.rows(), " x ", width());
  }

  /// Calls body(first row, first token, tokens) for every image.
  template <class Body>
  void each_image(const Sequences& of, const Body& body) const {
    for (int b = 0; b < of.batch(); ++b) {
      const std::int64_t row = of.begin[static_cast<std::size_t>(b)];
      body(row, row - std::int64_t{b} * class_tokens(), of.count(b) - class_tokens());
    }
  }
};

/// Its parameters under their names in checkpoints.
template <class S>
ParameterList<S> parameters(Embedding<S>& of, const std::string& prefix = "embedder.") {
  ParameterList<S> list{{prefix + "cls_token", {of.class_tokens(), of.width()}, of.class_token}};
  for (auto& p : parameters(of.projection, prefix + "proj.")) list.push_back(p);
  if (of.has_norm())
    for (auto& p : parameters(of.norm_pre, prefix + "norm_pre.")) list.push_back(p);
  return list;
}

}  // namespace dht
