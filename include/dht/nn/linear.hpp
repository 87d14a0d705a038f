// SPDX-License-Identifier: MIT
// The linear layer: y = W x + b for many rows at once.
#pragma once

#include <vector>

#include <Eigen/Core>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// An affine map from `inputs` to `outputs` numbers.
template <class S>
struct Linear {
  int inputs = 0, outputs = 0;
  std::vector<S> weight;  ///< outputs x inputs
  std::vector<S> bias;    ///< outputs

  /// y (rows x outputs) = x (rows x inputs) times the weight's transpose, plus the bias. x and y must not overlap.
  void forward(const MatrixView<const S>& x, const MatrixView<S>& y) const {
    DHT_EXPECTS(weight.size() == static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) &&
                    bias.size() == static_cast<std::size_t>(outputs),
                "linear map: has ", weight.size(), " weights and ", bias.size(), " biases; must have ",
                outputs, " x ", inputs, " and ", outputs);
    DHT_EXPECTS(x.columns == inputs, "x: has ", x.columns, " columns; the linear map takes ", inputs);
    DHT_EXPECTS(y.columns == outputs && y.rows == x.rows, "y: is ", y.rows, " x ", y.columns, "; must be ",
                x.rows, " x ", outputs);
    using Rows = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::Map<Rows> out(y.data, y.rows, y.columns);
    out.noalias() = Eigen::Map<const Rows>(x.data, x.rows, x.columns) *
                    Eigen::Map<const Rows>(weight.data(), outputs, inputs).transpose();
    out.rowwise() += Eigen::Map<const Eigen::Matrix<S, 1, Eigen::Dynamic>>(bias.data(), outputs);
  }
};

}  // namespace dht
