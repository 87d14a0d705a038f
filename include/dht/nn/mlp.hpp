// SPDX-License-Identifier: MIT
// Two linear maps with an activation between: what a transformer does with each row alone.
#pragma once

#include <cstdint>
#include <string>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

/// y = second(activation(first(x))).
template <class S, concepts::activation<S> Activation = Gelu>
struct Mlp {
  Linear<S> first, second;

  /// What `backward` needs: rows x hidden, before the activation.
  struct Saved {
    Buffer<S> before;
  };
  /// Rows x hidden, used again from layer to layer.
  struct Workspace {
    Buffer<S> after, slope;
  };

  int width() const { return first.inputs; }
  int hidden() const { return first.outputs; }

  /// x and y are rows x width.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& x, const MatrixView<S>& y, Saved& saved,
               Workspace& w) const {
    check();
    const auto n = static_cast<std::size_t>(x.rows * hidden());
    saved.before.resize(n);
    w.after.resize(n);
    first.forward(backend, x, {saved.before.data(), x.rows, hidden()});
    each_stretch(backend, x.rows, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      const S* const in = saved.before.data();
      S* const out = w.after.data();
      DHT_INDEPENDENT
      for (std::int64_t i = begin; i < end; ++i) out[i] = Activation::value(in[i]);
    });
    second.forward(backend, {w.after.data(), x.rows, hidden()}, y);
  }

  /// From the gradient of y to the parameters, where it is added to `gradients`, and to x, where it overwrites. x is that of
  /// `forward`.
  template <class Backend>
  void backward(const Backend& backend, const MatrixView<const S>& x, const Saved& saved,
                const MatrixView<const S>& grad_y, Mlp& gradients, const MatrixView<S>& grad_x,
                Workspace& w) const {
    check();
    const auto n = static_cast<std::size_t>(x.rows * hidden());
    DHT_EXPECTS(saved.before.size() == n, "saved: has ", saved.before.size(), " numbers; must have ", n);
    w.after.resize(n);
    w.slope.resize(n);
    each_stretch(backend, x.rows, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      const S* const in = saved.before.data();
      S *const out = w.after.data(), *const slope = w.slope.data();
      DHT_INDEPENDENT
      for (std::int64_t i = begin; i < end; ++i) {
        out[i] = Activation::value(in[i]);
        slope[i] = Activation::slope(in[i]);
      }
    });
    const MatrixView<S> hidden_rows{w.after.data(), x.rows, hidden()};
    second.backward(backend, hidden_rows, grad_y, gradients.second, {});
    second.backward_rows(backend, grad_y, hidden_rows);
    each_stretch(backend, x.rows, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S* const out = w.after.data();
      const S* const slope = w.slope.data();
      DHT_INDEPENDENT
      for (std::int64_t i = begin; i < end; ++i) out[i] *= slope[i];
    });
    first.backward(backend, x, hidden_rows, gradients.first, grad_x);
  }

  /// Gradients, zero.
  Mlp zeros() const { return {first.zeros(), second.zeros()}; }

 private:
  void check() const {
    DHT_EXPECTS(second.inputs == hidden() && second.outputs == width(), "MLP: maps ", width(), " to ",
                hidden(), ", then ", second.inputs, " to ", second.outputs, "; must map back to its width");
  }

  template <class Backend, class Body>
  void each_stretch(const Backend& backend, std::int64_t rows, const Body& body) const {
    backend.for_range(rows * hidden(), 16384, body);
  }
};

/// Its parameters under their names in checkpoints.
template <class S, class Activation>
ParameterList<S> parameters(Mlp<S, Activation>& of, const std::string& prefix) {
  ParameterList<S> list = parameters(of.first, prefix + "fc1.");
  for (auto& p : parameters(of.second, prefix + "fc2.")) list.push_back(p);
  return list;
}

}  // namespace dht
