// SPDX-License-Identifier: MIT
// One block of a transformer: attention and MLP, each behind a layer norm and added to what was there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/random.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/attention.hpp>
#include <dht/nn/layer_norm.hpp>
#include <dht/nn/mlp.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/row_sums.hpp>
#include <dht/nn/sequences.hpp>

namespace dht {

/// x += scale1 attention(norm1 x), then x += scale2 mlp(norm2 x); the scales are learned, one number a channel (Touvron et
/// al., 2021), or empty where a model has none.
template <class S, concepts::activation<S> Activation = Gelu>
struct TransformerBlock {
  LayerNorm<S> norm1;
  Attention<S> attention;
  std::vector<S> scale1;
  LayerNorm<S> norm2;
  Mlp<S, Activation> mlp;
  std::vector<S> scale2;

  /// What `backward` needs of one block.
  struct Saved {
    typename LayerNorm<S>::Saved norm1, norm2;
    typename Attention<S>::Saved attention;
    typename Mlp<S, Activation>::Saved mlp;
    Buffer<S> branch1, branch2;  ///< rows x width: what the scales scale
    std::vector<S> keep1,
        keep2;  ///< factor of each sequence: 0 where stochastic depth leaves it out, else 1 / (1 - p)
  };
  /// Memory that blocks share.
  struct Workspace {
    Buffer<S> rows, grad;
    typename Mlp<S, Activation>::Workspace mlp;
  };

  int width() const { return norm1.width(); }

  /// Changes x, rows x width, in place. `saved.keep1` and `keep2` say which sequences take part; empty: all. Unless `keep`,
  /// `saved` is scratch memory.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<S>& x, const Sequences& of, Saved& saved,
               Workspace& w, bool keep) const {
    check(x, of);
    w.rows.resize(static_cast<std::size_t>(x.rows * x.columns));
    w.grad.resize(w.rows.size());
    const MatrixView<S> rows{w.rows.data(), x.rows, x.columns};
    const auto branch = [&](const std::vector<S>& scale, Buffer<S>& kept) -> MatrixView<S> {
      if (!scale.empty() && keep) kept.resize(w.rows.size());
      return {scale.empty() || !keep ? w.grad.data() : kept.data(), x.rows, x.columns};
    };
    const MatrixView<S> branch1 = branch(scale1, saved.branch1), branch2 = branch(scale2, saved.branch2);
    normalise(backend, norm1, x, rows, saved.norm1, keep);
    attention.forward(backend, rows, of, branch1, saved.attention, keep);
    add_branch(backend, of, scale1, saved.keep1, branch1, x);
    normalise(backend, norm2, x, rows, saved.norm2, keep);
    mlp.forward(backend, rows, branch2, saved.mlp, w.mlp);
    add_branch(backend, of, scale2, saved.keep2, branch2, x);
  }

  /// `grad`, rows x width, is that of what `forward` left in x, and becomes that of what it found there; gradients of the
  /// parameters are added.
  template <class Backend>
  void backward(const Backend& backend, const Sequences& of, const Saved& saved, TransformerBlock& gradients,
                const MatrixView<S>& grad, Workspace& w) const {
    check(grad, of);
    w.rows.resize(static_cast<std::size_t>(grad.rows * grad.columns));
    w.grad.resize(w.rows.size());
    const MatrixView<S> rows{w.rows.data(), grad.rows, grad.columns},
        branch{w.grad.data(), grad.rows, grad.columns};
    leave_branch(backend, of, scale2, saved.keep2, grad, saved.branch2, gradients.scale2, branch);
    norm2.again(backend, saved.norm2, rows);
    mlp.backward(backend, rows, saved.mlp, branch, gradients.mlp, branch, w.mlp);
    norm2.backward(backend, saved.norm2, branch, gradients.norm2, branch);
    add(backend, branch, grad);
    leave_branch(backend, of, scale1, saved.keep1, grad, saved.branch1, gradients.scale1, branch);
    norm1.again(backend, saved.norm1, rows);
    attention.backward(backend, rows, of, saved.attention, branch, gradients.attention, branch);
    norm1.backward(backend, saved.norm1, branch, gradients.norm1, branch);
    add(backend, branch, grad);
  }

  /// Gradients, zero.
  TransformerBlock zeros() const {
    return {norm1.zeros(), attention.zeros(), std::vector<S>(scale1.size(), S(0)),
            norm2.zeros(), mlp.zeros(),       std::vector<S>(scale2.size(), S(0))};
  }

 private:
  void check(const MatrixView<S>& x, const Sequences& of) const {
    DHT_EXPECTS(x.columns == width() && x.rows == of.rows(), "rows: are ", x.rows, " x ", x.columns,
                "; must be ", of.rows(), " x ", width());
    for (const auto* scale : {&scale1, &scale2})
      DHT_EXPECTS(scale->empty() || static_cast<int>(scale->size()) == width(), "layer scale: has ",
                  scale->size(), " numbers; must have ", width(), " or none");
  }

  template <class Backend>
  static void normalise(const Backend& backend, const LayerNorm<S>& norm, const MatrixView<S>& x,
                        const MatrixView<S>& y, typename LayerNorm<S>::Saved& saved, bool keep) {
    if (keep)
      norm.forward(backend, x, y, saved);
    else
      norm.forward(backend, x, y);
  }

  /// Calls body(row, factor of its sequence) for all rows.
  template <class Backend, class Body>
  static void each_row(const Backend& backend, const Sequences& of, const std::vector<S>& keep, int width,
                       const Body& body) {
    backend.for_range(
        of.rows(), 1 + 16384 / width, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          auto sequence = std::upper_bound(of.begin.begin(), of.begin.end(), begin) - of.begin.begin() - 1;
          for (std::int64_t row = begin; row < end; ++row) {
            while (row >= of.begin[static_cast<std::size_t>(sequence) + 1]) ++sequence;
            body(row, keep.empty() ? S(1) : keep[static_cast<std::size_t>(sequence)]);
          }
        });
  }

  template <class Backend>
  static void add_branch(const Backend& backend, const Sequences& of, const std::vector<S>& scale,
                         const std::vector<S>& keep, const MatrixView<const S>& branch,
                         const MatrixView<S>& x) {
    each_row(backend, of, keep, x.columns, [&](std::int64_t row, S share) DHT_INLINE_LAMBDA {
      S* const to = x.row(row);
      const S *const from = branch.row(row), *const by = scale.data();
      const int n = x.columns;
      if (scale.empty()) {
        DHT_INDEPENDENT
        for (int i = 0; i < n; ++i) to[i] = fma(share, from[i], to[i]);
      } else {
        DHT_INDEPENDENT
        for (int i = 0; i < n; ++i) to[i] = fma(share * by[i], from[i], to[i]);
      }
    });
  }

  /// From the gradient of x to that of what a branch added, and to its scale.
  template <class Backend>
  static void leave_branch(const Backend& backend, const Sequences& of, const std::vector<S>& scale,
                           const std::vector<S>& keep, const MatrixView<const S>& grad,
                           const Buffer<S>& branch, std::vector<S>& grad_scale,
                           const MatrixView<S>& grad_branch) {
    each_row(backend, of, keep, grad.columns, [&](std::int64_t row, S share) DHT_INLINE_LAMBDA {
      const S* const from = grad.row(row);
      S* const to = grad_branch.row(row);
      DHT_INDEPENDENT
      for (int i = 0; i < grad.columns; ++i) to[i] = share * from[i];
    });
    if (scale.empty()) return;
    DHT_EXPECTS(grad_scale.size() == scale.size(), "gradients: have ", grad_scale.size(),
                " numbers of a layer scale; must have ", scale.size());
    detail::add_column_products<S>(backend, grad_branch, {branch.data(), grad.rows, grad.columns},
                                   grad_scale.data());
    each_row(backend, of, {}, grad.columns, [&](std::int64_t row, S) DHT_INLINE_LAMBDA {
      S* const to = grad_branch.row(row);
      const S* const by = scale.data();
      DHT_INDEPENDENT
      for (int i = 0; i < grad.columns; ++i) to[i] *= by[i];
    });
  }

  template <class Backend>
  static void add(const Backend& backend, const MatrixView<const S>& from, const MatrixView<S>& to) {
    backend.for_range(to.rows * to.columns, 16384,
                      [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                        S* const out = to.data;
                        const S* const in = from.data;
                        DHT_INDEPENDENT
                        for (std::int64_t i = begin; i < end; ++i) out[i] += in[i];
                      });
  }
};

/// Its parameters under their names in checkpoints of timm, but for the scales: `lambda_` is the method's name for them.
template <class S, class Activation>
ParameterList<S> parameters(TransformerBlock<S, Activation>& of, const std::string& prefix = "") {
  ParameterList<S> list;
  const auto append = [&list](ParameterList<S> more) { list.insert(list.end(), more.begin(), more.end()); };
  append(parameters(of.norm1, prefix + "norm1."));
  append(parameters(of.attention, prefix + "attn."));
  if (!of.scale1.empty()) list.push_back({prefix + "ls1.lambda_", {of.width()}, of.scale1});
  append(parameters(of.norm2, prefix + "norm2."));
  append(parameters(of.mlp, prefix + "mlp."));
  if (!of.scale2.empty()) list.push_back({prefix + "ls2.lambda_", {of.width()}, of.scale2});
  return list;
}

}  // namespace dht
