// SPDX-License-Identifier: MIT
// Rows of images with different numbers of tokens as one block with padding, as other frameworks hold them (method,
// section 9). Nothing in the library computes in it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/sequences.hpp>
#include <dht/vit/embedding.hpp>

namespace dht {

/// batch x longest x width numbers, and what of them is not padding.
template <class S>
struct PaddedRows {
  int batch = 0, longest = 0, width = 0;
  Buffer<S> rows;                  ///< batch x longest x width
  std::vector<std::uint8_t> mask;  ///< batch x longest; 1 for class tokens and tokens
};

/// What `Embedding::forward` wrote, with padding up to the longest: zeros that went through the norm, which are its bias.
template <class S>
PaddedRows<S> pad(const Embedding<S>& embedding, const Sequences& of, const MatrixView<const S>& rows) {
  const int width = rows.columns;
  PaddedRows<S> out{of.batch(), of.longest(), width, {}, {}};
  DHT_EXPECTS(rows.rows == of.rows(), "rows: are ", rows.rows, "; must be ", of.rows());
  for (int b = 0; b < of.batch(); ++b) {
    const S* const from = rows.row(of.begin[static_cast<std::size_t>(b)]);
    out.rows.insert(out.rows.end(), from, from + std::int64_t{of.count(b)} * width);
    out.mask.insert(out.mask.end(), static_cast<std::size_t>(of.count(b)), 1);
    for (int i = of.count(b); i < out.longest; ++i) {
      if (embedding.has_norm())
        out.rows.insert(out.rows.end(), embedding.norm_pre.bias.begin(), embedding.norm_pre.bias.end());
      else
        out.rows.insert(out.rows.end(), static_cast<std::size_t>(width), S(0));
      out.mask.push_back(0);
    }
  }
  return out;
}

/// The way back of `pad`: the gradient of the rows, the result; that of padding is added to the bias of the norm in
/// `gradients`.
template <class S>
Buffer<S> backward_pad(const Embedding<S>& embedding, const Sequences& of, const S* grad_padded,
                       Embedding<S>& gradients) {
  const std::int64_t width = embedding.width(), longest = of.longest();
  Buffer<S> grad_rows;
  for (int b = 0; b < of.batch(); ++b) {
    const S* const from = grad_padded + b * longest * width;
    grad_rows.insert(grad_rows.end(), from, from + of.count(b) * width);
    for (std::int64_t i = of.count(b) * width; embedding.has_norm() && i < longest * width; ++i)
      gradients.norm_pre.bias[static_cast<std::size_t>(i % width)] += from[i];
  }
  return grad_rows;
}

}  // namespace dht
