// SPDX-License-Identifier: MIT
// How far answers are from targets (method, section 10): cross entropy, focal, and binary cross entropy. Each with its
// gradient.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>

namespace dht {

namespace detail {

/// Shapes, and the ignored class.
template <class S>
void check_loss(const MatrixView<const S>& logits, const MatrixView<const S>& targets,
                const MatrixView<S>& grad, int ignored) {
  DHT_EXPECTS(logits.rows >= 1 && logits.columns >= 1, "logits: are ", logits.rows, " x ", logits.columns,
              "; each must be at least 1");
  DHT_EXPECTS(targets.rows == logits.rows && targets.columns == logits.columns, "targets: are ", targets.rows,
              " x ", targets.columns, "; the logits are ", logits.rows, " x ", logits.columns);
  DHT_EXPECTS(grad.data == nullptr || (grad.rows == logits.rows && grad.columns == logits.columns),
              "gradient of logits: is ", grad.rows, " x ", grad.columns, "; must be ", logits.rows, " x ",
              logits.columns);
  DHT_EXPECTS(ignored >= -1 && ignored < logits.columns, "ignored class: is ", ignored, "; must be below ",
              logits.columns, ", or -1 for none");
}

/// One row: softmax, its logarithm's weighted sum with the targets, and the sum of the weighted targets.
struct RowLoss {
  std::vector<double> share;
  double value = 0, weight = 0;

  template <class S>
  void set(const S* logits, const S* targets, int classes, int ignored) {
    share.assign(logits, logits + classes);
    const double most = *std::max_element(share.begin(), share.end());
    double sum = 0;
    for (const double z : share) sum += std::exp(z - most);
    const double log_sum = std::log(sum) + most;
    value = weight = 0;
    for (int c = 0; c < classes; ++c) {
      double& z = share[static_cast<std::size_t>(c)];
      const double y = c == ignored ? 0 : static_cast<double>(targets[c]);
      value -= y * (z - log_sum);
      weight += y;
      z = std::exp(z - log_sum);
    }
  }
};

/// The harmonic number of any x >= 0: the sum of 1 - t^x over 1 - t for t from 0 to 1, which is 1 + 1/2 + ... + 1/x.
inline double harmonic_number(double x) {
  double before = 0;
  for (; x < 16; x += 1) before += 1 / (x + 1);
  // The logarithm with the first of Euler and Maclaurin's corrections: from 16 on the next one is below 1e-16.
  const double y = x + 0.5, square = 1 / (y * y);
  const double tail =
      square * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * (127.0 / 30720))));
  return std::log(y) + 0.57721566490153286 + tail - before;
}

}  // namespace detail

/// -sum over c of y(c) log softmax(z)(c), without the ignored class (-1: none), mean over the rows; logits z and targets y
/// are rows x classes. Unless `grad_logits` has no data, the gradient overwrites it. Computed in double, row after row.
template <class S>
double cross_entropy(const MatrixView<const S>& logits,
                     const std::type_identity_t<MatrixView<const S>>& targets, int ignored = -1,
                     const std::type_identity_t<MatrixView<S>>& grad_logits = {}) {
  detail::check_loss<S>(logits, targets, grad_logits, ignored);
  const auto rows = static_cast<double>(logits.rows);
  detail::RowLoss loss;
  double sum = 0;
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    loss.set(logits.row(row), targets.row(row), logits.columns, ignored);
    sum += loss.value;
    for (int c = 0; grad_logits.data != nullptr && c < logits.columns; ++c) {
      const double y = c == ignored ? 0 : static_cast<double>(targets(row, c));
      grad_logits(row, c) =
          static_cast<S>((loss.weight * loss.share[static_cast<std::size_t>(c)] - y) / rows);
    }
  }
  return sum / rows;
}

/// The cross entropy of every row times c (1 - p)^gamma, p being softmax(z) where y is largest, and c = (gamma + 1) /
/// H(gamma + 1), H the harmonic number; mean over the rows. What is right already counts little. See `cross_entropy`.
template <class S>
double focal_loss(const MatrixView<const S>& logits, const std::type_identity_t<MatrixView<const S>>& targets,
                  double gamma, int ignored = -1,
                  const std::type_identity_t<MatrixView<S>>& grad_logits = {}) {
  detail::check_loss<S>(logits, targets, grad_logits, ignored);
  DHT_EXPECTS(std::isfinite(gamma) && gamma >= 0, "gamma: is ", gamma, "; must be at least 0 and finite");
  const double factor = (gamma + 1) / detail::harmonic_number(gamma + 1) / static_cast<double>(logits.rows);
  detail::RowLoss loss;
  double sum = 0;
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    loss.set(logits.row(row), targets.row(row), logits.columns, ignored);
    const S* const y = targets.row(row);
    const auto best = static_cast<std::size_t>(std::max_element(y, y + logits.columns) - y);
    // The others' sum: of 1 - p no digit is left where p is nearly 1.
    double rest = 0;
    for (std::size_t c = 0; c < loss.share.size(); ++c) rest += c == best ? 0 : loss.share[c];
    const double power = gamma == 0 ? 1 : std::pow(rest, gamma);
    sum += factor * power * loss.value;
    if (grad_logits.data == nullptr) continue;
    const double p = loss.share[best];
    const double slope = gamma == 0 || rest == 0 ? 0 : gamma * std::pow(rest, gamma - 1) * loss.value * p;
    for (int c = 0; c < logits.columns; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const double by_entropy = loss.weight * loss.share[at] - (c == ignored ? 0 : static_cast<double>(y[c]));
      const double by_p = at == best ? rest : -loss.share[at];
      grad_logits(row, c) = static_cast<S>(factor * (power * by_entropy - slope * by_p));
    }
  }
  return sum;
}

/// Of every entry log(1 + e^z) - t z, the binary cross entropy of sigmoid(z) with the target t; 0 for the ignored class (-1:
/// none); mean over all entries. See `cross_entropy`.
template <class S>
double binary_cross_entropy(const MatrixView<const S>& logits,
                            const std::type_identity_t<MatrixView<const S>>& targets, int ignored = -1,
                            const std::type_identity_t<MatrixView<S>>& grad_logits = {}) {
  detail::check_loss<S>(logits, targets, grad_logits, ignored);
  const auto entries = static_cast<double>(logits.rows * logits.columns);
  double sum = 0;
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    for (int c = 0; c < logits.columns; ++c) {
      const double z = static_cast<double>(logits(row, c)), t = static_cast<double>(targets(row, c));
      if (c != ignored) sum += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - t * z;
      if (grad_logits.data == nullptr) continue;
      grad_logits(row, c) = c == ignored ? S(0) : static_cast<S>((1 / (1 + std::exp(-z)) - t) / entries);
    }
  }
  return sum / entries;
}

}  // namespace dht
