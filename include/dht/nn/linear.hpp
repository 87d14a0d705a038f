// SPDX-License-Identifier: MIT
// The linear layer: y = W x + b for many rows at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <dht/core/error.hpp>
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
    Eigen::Map<Rows> out(y.data, y.rows, y.columns);
    out.noalias() = Eigen::Map<const Rows>(x.data, x.rows, x.columns) *
                    Eigen::Map<const Rows>(weight.data(), outputs, inputs).transpose();
    out.rowwise() += Eigen::Map<const Eigen::Matrix<S, 1, Eigen::Dynamic>>(bias.data(), outputs);
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
    const Eigen::Map<const Rows> upstream(grad_y.data, grad_y.rows, outputs);
    Eigen::Map<Rows>(gradients.weight.data(), outputs, inputs).noalias() +=
        upstream.transpose() * Eigen::Map<const Rows>(x.data, x.rows, inputs);
    Eigen::Map<Eigen::Matrix<S, 1, Eigen::Dynamic>>(gradients.bias.data(), outputs) +=
        upstream.colwise().sum();
    if (grad_x.data == nullptr) return;
    check_gradient(x, grad_x);
    Eigen::Map<Rows>(grad_x.data, grad_x.rows, inputs).noalias() =
        upstream * Eigen::Map<const Rows>(weight.data(), outputs, inputs);
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

  using Rows = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

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
