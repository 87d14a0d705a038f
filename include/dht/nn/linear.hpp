// SPDX-License-Identifier: MIT
// The linear layer: y = W x + b for many rows at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

/// An affine map from `inputs` to `outputs` numbers.
template <class S>
struct Linear {
  int inputs = 0, outputs = 0;
  std::vector<S> weight;  ///< outputs x inputs
  std::vector<S> bias;    ///< outputs

  /// y (rows x outputs) = x (rows x inputs) times the weight's transpose, plus the bias. x and y must not overlap.
  void forward(const MatrixView<const S>& x, const MatrixView<S>& y) const {
    check();
    DHT_EXPECTS(x.columns == inputs, "x: has ", x.columns, " columns; the linear map takes ", inputs);
    DHT_EXPECTS(y.columns == outputs && y.rows == x.rows, "y: is ", y.rows, " x ", y.columns, "; must be ",
                x.rows, " x ", outputs);
    Eigen::Map<Rows> out(y.data, y.rows, y.columns);
    out.noalias() = Eigen::Map<const Rows>(x.data, x.rows, x.columns) *
                    Eigen::Map<const Rows>(weight.data(), outputs, inputs).transpose();
    out.rowwise() += Eigen::Map<const Eigen::Matrix<S, 1, Eigen::Dynamic>>(bias.data(), outputs);
  }

  /// From the upstream gradient of y to the map, where it is added to `gradients`, and to x, where it overwrites
  /// `grad_x` unless that has no data. x is that of `forward`.
  void backward(const MatrixView<const S>& x, const MatrixView<const S>& grad_y, Linear& gradients,
                const MatrixView<S>& grad_x) const {
    check();
    gradients.check();
    DHT_EXPECTS(gradients.inputs == inputs && gradients.outputs == outputs, "gradients: are of a map from ",
                gradients.inputs, " to ", gradients.outputs, "; must be from ", inputs, " to ", outputs);
    DHT_EXPECTS(x.columns == inputs, "x: has ", x.columns, " columns; the linear map takes ", inputs);
    DHT_EXPECTS(grad_y.columns == outputs && grad_y.rows == x.rows, "gradient of y: is ", grad_y.rows, " x ",
                grad_y.columns, "; must be ", x.rows, " x ", outputs);
    const Eigen::Map<const Rows> upstream(grad_y.data, grad_y.rows, outputs);
    Eigen::Map<Rows>(gradients.weight.data(), outputs, inputs).noalias() +=
        upstream.transpose() * Eigen::Map<const Rows>(x.data, x.rows, inputs);
    Eigen::Map<Eigen::Matrix<S, 1, Eigen::Dynamic>>(gradients.bias.data(), outputs) +=
        upstream.colwise().sum();
    if (grad_x.data == nullptr) return;
    DHT_EXPECTS(grad_x.columns == inputs && grad_x.rows == x.rows, "gradient of x: is ", grad_x.rows, " x ",
                grad_x.columns, "; must be ", x.rows, " x ", inputs);
    Eigen::Map<Rows>(grad_x.data, grad_x.rows, inputs).noalias() =
        upstream * Eigen::Map<const Rows>(weight.data(), outputs, inputs);
  }

  /// Gradients of such a map, zero.
  Linear zeros() const {
    return {inputs, outputs, std::vector<S>(weight.size(), S(0)), std::vector<S>(bias.size(), S(0))};
  }

 private:
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
