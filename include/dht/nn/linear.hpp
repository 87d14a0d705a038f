// SPDX-License-Identifier: MIT
// The linear layer: y = W x + b for many rows at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/product.hpp>
#include <dht/nn/row_sums.hpp>

namespace dht {

/// An affine map from `inputs` to `outputs` numbers. The forms with a backend are for wide maps and many rows.
template <class S>
struct Linear {
  int inputs = 0, outputs = 0;
  std::vector<S> weight;  ///< outputs x inputs
  std::vector<S> bias;    ///< outputs

  /// y (rows x outputs) = x (rows x inputs) times the weight's transpose, plus the bias. x and y must not overlap.
  void forward(const MatrixView<const S>& x, const MatrixView<S>& y) const {
    check(x, y);
    backend::run(backend::best_instruction_set(), [&]() DHT_INLINE_LAMBDA {
      for (std::int64_t row = 0; row < x.rows; ++row) {
        for (int o = 0; o < outputs; ++o)
          y.row(row)[o] = static_cast<S>(detail::product_of(x.row(row), weight_row(o), inputs) +
                                         static_cast<double>(bias[static_cast<std::size_t>(o)]));
      }
    });
  }

  /// The same on the threads of a backend; the same bits for any number of them.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& x, const MatrixView<S>& y) const {
    check(x, y);
    backend.for_range(y.rows, 1 + 65536 / outputs, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) std::copy_n(bias.data(), outputs, y.row(row));
    });
    detail::add_product(backend, detail::rows_of(x.data, inputs), detail::columns_of(weight.data(), inputs),
                        x.rows, outputs, inputs, y.data, outputs);
  }

  /// From the upstream gradient of y to the map, where it is added to `gradients`, and to x, where it overwrites
  /// `grad_x` unless that has no data. x is that of `forward`.
  void backward(const MatrixView<const S>& x, const MatrixView<const S>& grad_y, Linear& gradients,
                const MatrixView<S>& grad_x) const {
    check(x, grad_y, gradients);
    if (grad_x.data != nullptr) check_gradient(x, grad_x);
    std::vector<double> grad_weight(weight.size(), 0.0), grad_bias(bias.size(), 0.0),
        grad_row(static_cast<std::size_t>(inputs));
    backend::run(backend::best_instruction_set(), [&]() DHT_INLINE_LAMBDA {
      for (std::int64_t row = 0; row < x.rows; ++row) {
        std::fill(grad_row.begin(), grad_row.end(), 0.0);
        for (int o = 0; o < outputs; ++o) {
          const auto upstream = static_cast<double>(grad_y.row(row)[o]);
          grad_bias[static_cast<std::size_t>(o)] += upstream;
          add_scaled(upstream, x.row(row), grad_weight.data() + std::int64_t{o} * inputs);
          if (grad_x.data != nullptr) add_scaled(upstream, weight_row(o), grad_row.data());
        }
        if (grad_x.data == nullptr) continue;
        for (int i = 0; i < inputs; ++i)
          grad_x.row(row)[i] = static_cast<S>(grad_row[static_cast<std::size_t>(i)]);
      }
    });
    for (std::size_t i = 0; i < weight.size(); ++i) gradients.weight[i] += static_cast<S>(grad_weight[i]);
    for (std::size_t i = 0; i < bias.size(); ++i) gradients.bias[i] += static_cast<S>(grad_bias[i]);
  }

  /// The same on the threads of a backend; the same bits for any number of them.
  template <class Backend>
  void backward(const Backend& backend, const MatrixView<const S>& x, const MatrixView<const S>& grad_y,
                Linear& gradients, const MatrixView<S>& grad_x) const {
    check(x, grad_y, gradients);
    detail::add_product(backend, detail::columns_of(grad_y.data, outputs), detail::rows_of(x.data, inputs),
                        outputs, inputs, x.rows, gradients.weight.data(), inputs);
    detail::add_column_sums(backend, grad_y, gradients.bias.data());
    if (grad_x.data != nullptr) backward_rows(backend, grad_y, grad_x);
  }

  /// The second half of `backward`: from the gradient of y to x alone, where it overwrites.
  template <class Backend>
  void backward_rows(const Backend& backend, const MatrixView<const S>& grad_y,
                     const MatrixView<S>& grad_x) const {
    check_gradient(grad_y, grad_x);
    std::fill_n(grad_x.data, grad_x.rows * inputs, S(0));
    detail::add_product(backend, detail::rows_of(grad_y.data, outputs),
                        detail::rows_of(weight.data(), inputs), grad_y.rows, inputs, outputs, grad_x.data,
                        inputs);
  }

  /// Gradients of such a map, zero.
  Linear zeros() const {
    return {inputs, outputs, std::vector<S>(weight.size(), S(0)), std::vector<S>(bias.size(), S(0))};
  }

 private:
  void check(const MatrixView<const S>& x, const MatrixView<S>& y) const {
    check();
    DHT_EXPECTS(x.columns == inputs, "x: has ", x.columns, " columns; the linear map takes ", inputs);
    DHT_EXPECTS(y.columns == outputs && y.rows == x.rows, "y: is ", y.rows, " x ", y.columns, "; must be ",
                x.rows, " x ", outputs);
  }

  void check(const MatrixView<const S>& x, const MatrixView<const S>& grad_y, const Linear& gradients) const {
    check();
    gradients.check();
    DHT_EXPECTS(gradients.inputs == inputs && gradients.outputs == outputs, "gradients: are of a map from ",
                gradients.inputs, " to ", gradients.outputs, "; must be from ", inputs, " to ", outputs);
    DHT_EXPECTS(x.columns == inputs, "x: has ", x.columns, " columns; the linear map takes ", inputs);
    DHT_EXPECTS(grad_y.columns == outputs && grad_y.rows == x.rows, "gradient of y: is ", grad_y.rows, " x ",
                grad_y.columns, "; must be ", x.rows, " x ", outputs);
  }

  void check_gradient(const MatrixView<const S>& x, const MatrixView<S>& grad_x) const {
    DHT_EXPECTS(grad_x.columns == inputs && grad_x.rows == x.rows, "gradient of x: is ", grad_x.rows, " x ",
                grad_x.columns, "; must be ", x.rows, " x ", inputs);
  }

  DHT_INLINE const S* weight_row(int output) const { return weight.data() + std::int64_t{output} * inputs; }

  /// sum += scale * numbers, as many as the map has inputs.
  DHT_INLINE void add_scaled(double scale, const S* numbers, double* DHT_RESTRICT sum) const {
    for (int i = 0; i < inputs; ++i) sum[i] = fma(scale, static_cast<double>(numbers[i]), sum[i]);
  }

  void check() const {
    DHT_EXPECTS(weight.size() == static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) &&
                    bias.size() == static_cast<std::size_t>(outputs),
                "linear map: has ", weight.size(), " weights and ", bias.size(), " biases; must have ",
                outputs, " x ", inputs, " and ", outputs);
  }
};

/// The map's parameters under their names in checkpoints; W of the method by default.
template <class S>
ParameterList<S> parameters(Linear<S>& map, const std::string& prefix = "linear.") {
  return {{prefix + "weight", {map.outputs, map.inputs}, map.weight},
          {prefix + "bias", {map.outputs}, map.bias}};
}

}  // namespace dht
