// SPDX-License-Identifier: MIT
// What answers are made of: one for each image, or one for each token. A layer norm, then a linear map.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/initial.hpp>
#include <dht/nn/layer_norm.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/sequences.hpp>

namespace dht {

/// Rows to logits, behind a norm.
template <class S>
struct Head {
  LayerNorm<S> norm;
  Linear<S> map;

  struct Saved {
    typename LayerNorm<S>::Saved norm;
  };

  /// A norm that only normalises, and a random map by a seed.
  static Head initial(int width, int classes, double epsilon, std::uint64_t seed) {
    DHT_EXPECTS(classes >= 1, "classes: are ", classes, "; must be at least 1");
    return {LayerNorm<S>::identity(width, epsilon), initial_map<S>(width, classes, seed, -2)};
  }

  int classes() const { return map.outputs; }

  /// `logits` are rows x classes.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& rows, const MatrixView<S>& logits,
               Saved& saved) const {
    Buffer<S> normalised(static_cast<std::size_t>(rows.rows * rows.columns));
    const MatrixView<S> between{normalised.data(), rows.rows, rows.columns};
    norm.forward(backend, rows, between, saved.norm);
    map.forward(backend, between, logits);
  }

  /// Gradients of the parameters are added, that of the rows overwrites `grad_rows`.
  template <class Backend>
  void backward(const Backend& backend, const Saved& saved, const MatrixView<const S>& grad_logits,
                Head& gradients, const MatrixView<S>& grad_rows) const {
    Buffer<S> normalised(static_cast<std::size_t>(grad_rows.rows * grad_rows.columns));
    const MatrixView<S> between{normalised.data(), grad_rows.rows, grad_rows.columns};
    norm.again(backend, saved.norm, between);
    map.backward(backend, between, grad_logits, gradients.map, grad_rows);
    norm.backward(backend, saved.norm, grad_rows, gradients.norm, grad_rows);
  }

  /// Gradients, zero.
  Head zeros() const { return {norm.zeros(), map.zeros()}; }
};

/// Its parameters: norm.*, head.*.
template <class S>
ParameterList<S> parameters(Head<S>& of, const std::string& prefix = "") {
  ParameterList<S> list = parameters(of.norm, prefix + "norm.");
  for (auto& p : parameters(of.map, prefix + "head.")) list.push_back(p);
  return list;
}

/// What stands for an image: its first class token, or the mean of its tokens.
enum class Pooling { class_token, mean };

namespace detail {

/// One row for each sequence, batch x width.
template <class S>
Buffer<S> pool(const MatrixView<const S>& rows, const Sequences& of, int class_tokens, Pooling pooling) {
  Buffer<S> out;
  for (int b = 0; b < of.batch(); ++b) {
    const std::int64_t first = of.begin[static_cast<std::size_t>(b)], n = of.count(b) - class_tokens;
    if (pooling == Pooling::class_token) {
      out.insert(out.end(), rows.row(first), rows.row(first) + rows.columns);
      continue;
    }
    std::vector<double> sum(static_cast<std::size_t>(rows.columns), 0.0);
    for (std::int64_t row = first + class_tokens; row < first + of.count(b); ++row)
      for (int c = 0; c < rows.columns; ++c)
        sum[static_cast<std::size_t>(c)] += static_cast<double>(rows(row, c));
    for (const double s : sum) out.push_back(static_cast<S>(s / static_cast<double>(n)));
  }
  return out;
}

/// The way back: overwrites `grad_rows`.
template <class S>
void backward_pool(const Buffer<S>& grad, const Sequences& of, int class_tokens, Pooling pooling,
                   const MatrixView<S>& grad_rows) {
  std::fill_n(grad_rows.data, grad_rows.rows * grad_rows.columns, S(0));
  for (int b = 0; b < of.batch(); ++b) {
    const std::int64_t first = of.begin[static_cast<std::size_t>(b)], n = of.count(b) - class_tokens;
    const S* const from = grad.data() + std::int64_t{b} * grad_rows.columns;
    if (pooling == Pooling::class_token) {
      std::copy_n(from, grad_rows.columns, grad_rows.row(first));
      continue;
    }
    for (std::int64_t row = first + class_tokens; row < first + of.count(b); ++row)
      for (int c = 0; c < grad_rows.columns; ++c) grad_rows(row, c) = from[c] / static_cast<S>(n);
  }
}

}  // namespace detail
}  // namespace dht
