// SPDX-License-Identifier: MIT
// Layer normalisation (Ba, Kiros and Hinton, 2016): every row with mean 0 and variance 1, then scaled and shifted.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/row_sums.hpp>

namespace dht {

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, mean and (biased) variance over each row.
template <class S>
struct LayerNorm {
  std::vector<S> weight, bias;  ///< one each a column
  double epsilon = 1e-5;

  /// What `backward` needs.
  struct Saved {
    Buffer<S> normalised;  ///< rows x width
    Buffer<S> inverse;     ///< 1 / sqrt(variance + epsilon) of each row
  };

  /// One that only normalises.
  static LayerNorm identity(int width, double epsilon = 1e-5) {
    const auto n = static_cast<std::size_t>(width);
    return {std::vector<S>(n, S(1)), std::vector<S>(n, S(0)), epsilon};
  }
  int width() const { return static_cast<int>(weight.size()); }

  /// x and y, rows x width, may be the same memory.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& x, const MatrixView<S>& y) const {
    check(x, y.rows, y.columns);
    each_row(backend, x.rows, [&](std::int64_t row) DHT_INLINE_LAMBDA {
      normalise(x.row(row), y.row(row));
      shape(y.row(row), y.row(row));
    });
  }

  /// As above, keeping what `backward` needs.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& x, const MatrixView<S>& y,
               Saved& saved) const {
    check(x, y.rows, y.columns);
    saved.normalised.resize(static_cast<std::size_t>(x.rows * x.columns));
    saved.inverse.resize(static_cast<std::size_t>(x.rows));
    each_row(backend, x.rows, [&](std::int64_t row) DHT_INLINE_LAMBDA {
      S* const normalised = saved.normalised.data() + row * x.columns;
      saved.inverse[static_cast<std::size_t>(row)] = normalise(x.row(row), normalised);
      shape(normalised, y.row(row));
    });
  }

  /// What `forward` wrote, once more.
  template <class Backend>
  void again(const Backend& backend, const Saved& saved, const MatrixView<S>& y) const {
    each_row(backend, y.rows, [&](std::int64_t row) DHT_INLINE_LAMBDA {
      shape(saved.normalised.data() + row * y.columns, y.row(row));
    });
  }

  /// From the gradient of y to weight and bias, where it is added to `gradients`, and to x, where it overwrites; both
  /// may be the same memory. The same bits for any number of threads.
  template <class Backend>
  void backward(const Backend& backend, const Saved& saved, const MatrixView<const S>& grad_y,
                LayerNorm& gradients, const MatrixView<S>& grad_x) const {
    const std::int64_t rows = grad_y.rows, n = width();
    check(grad_y, grad_x.rows, grad_x.columns);
    DHT_EXPECTS(static_cast<std::int64_t>(saved.inverse.size()) == rows, "saved: is of ",
                saved.inverse.size(), " rows; must be of ", rows);
    DHT_EXPECTS(gradients.width() == width(), "gradients: are of a width of ", gradients.width(),
                "; must be of ", width());
    detail::add_column_sums(backend, grad_y, gradients.bias.data());
    detail::add_column_products(backend, grad_y, {saved.normalised.data(), rows, width()},
                                gradients.weight.data());
    each_row(backend, rows, [&](std::int64_t row) DHT_INLINE_LAMBDA {
      const S *const normalised = saved.normalised.data() + row * n, *const from = grad_y.row(row);
      S* const to = grad_x.row(row);
      const S* const w = weight.data();
      DHT_INDEPENDENT
      for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * w[i];
      const S mean = static_cast<S>(detail::sum_of(to, n) / static_cast<double>(n)),
              along = static_cast<S>(detail::product_of(to, normalised, n) / static_cast<double>(n));
      const S inverse = saved.inverse[static_cast<std::size_t>(row)];
      DHT_INDEPENDENT
      for (std::int64_t i = 0; i < n; ++i) to[i] = inverse * (to[i] - mean - normalised[i] * along);
    });
  }

  /// Gradients, zero.
  LayerNorm zeros() const {
    return {std::vector<S>(weight.size(), S(0)), std::vector<S>(bias.size(), S(0)), epsilon};
  }

 private:
  void check(const MatrixView<const S>& x, std::int64_t rows, int columns) const {
    DHT_EXPECTS(weight.size() == bias.size(), "layer norm: has ", weight.size(), " weights and ", bias.size(),
                " biases; must have as many");
    DHT_EXPECTS(x.columns == width() && columns == width() && rows == x.rows, "layer norm: goes from ",
                x.rows, " x ", x.columns, " to ", rows, " x ", columns, "; both must be of its width, ",
                width());
  }

  template <class Backend, class Body>
  void each_row(const Backend& backend, std::int64_t rows, const Body& body) const {
    backend.for_range(rows, 1 + 16384 / width(), [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t row = begin; row < end; ++row) body(row);
    });
  }

  DHT_INLINE S normalise(const S* x, S* y) const {
    const std::int64_t n = width();
    const S mean = static_cast<S>(detail::sum_of(x, n) / static_cast<double>(n));
    DHT_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - mean;
    const double variance = detail::product_of(y, y, n) / static_cast<double>(n);
    const S inverse = static_cast<S>(1 / std::sqrt(variance + epsilon));
    DHT_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) y[i] *= inverse;
    return inverse;
  }

  DHT_INLINE void shape(const S* normalised, S* y) const {
    const S *const w = weight.data(), *const b = bias.data();
    const std::int64_t n = width();
    DHT_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) y[i] = fma(normalised[i], w[i], b[i]);
  }
};

/// Its parameters under their names in checkpoints.
template <class S>
ParameterList<S> parameters(LayerNorm<S>& norm, const std::string& prefix) {
  return {{prefix + "weight", {norm.width()}, norm.weight}, {prefix + "bias", {norm.width()}, norm.bias}};
}

}  // namespace dht
