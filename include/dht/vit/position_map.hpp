// SPDX-License-Identifier: MIT
// Position embeddings of square patches as a linear map of position histograms, and such a map for other histograms.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>

namespace dht {

namespace detail {

/// A small dense matrix, row by row.
struct Matrix {
  int rows, columns;
  std::vector<double> values;

  Matrix(int rows_, int columns_)
      : rows(rows_),
        columns(columns_),
        values(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_)) {}

  double& operator()(int i, int j) { return values[static_cast<std::size_t>(i * columns + j)]; }
  double operator()(int i, int j) const { return values[static_cast<std::size_t>(i * columns + j)]; }

  Matrix transpose() const {
    Matrix out(columns, rows);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) out(j, i) = (*this)(i, j);
    return out;
  }
  friend Matrix operator*(const Matrix& a, const Matrix& b) {
    Matrix out(a.rows, b.columns);
    for (int i = 0; i < a.rows; ++i)
      for (int k = 0; k < a.columns; ++k)
        for (int j = 0; j < b.columns; ++j) out(i, j) = fma(a(i, k), b(k, j), out(i, j));
    return out;
  }
  friend Matrix operator*(Matrix a, double factor) {
    for (double& value : a.values) value *= factor;
    return a;
  }
};

/// a^-1 b for a symmetric and positive definite, by Cholesky's factors.
inline Matrix solve(Matrix a, Matrix b) {
  for (int j = 0; j < a.rows; ++j) {
    for (int i = j; i < a.rows; ++i) {
      for (int k = 0; k < j; ++k) a(i, j) = fma(-a(i, k), a(j, k), a(i, j));
      a(i, j) = i == j ? sqrt(a(j, j)) : a(i, j) / a(j, j);
    }
  }
  for (int c = 0; c < b.columns; ++c) {
    for (int i = 0; i < a.rows; ++i) {
      for (int k = 0; k < i; ++k) b(i, c) = fma(-a(i, k), b(k, c), b(i, c));
      b(i, c) /= a(i, i);
    }
    for (int i = a.rows - 1; i >= 0; --i) {
      for (int k = i + 1; k < a.rows; ++k) b(i, c) = fma(-a(k, i), b(k, c), b(i, c));
      b(i, c) /= a(i, i);
    }
  }
  return b;
}

/// How much of patch i of `patches` along one side lies in bin j of `bins`: patches x bins, rows of sum 1. Sides are taken
/// as continuous, so any size of the image has the same map.
inline Matrix bin_shares(int patches, int bins) {
  Matrix shares(patches, bins);
  for (int i = 0; i < patches; ++i) {
    for (int j = 0; j < bins; ++j) {
      // In units of 1 / (patches * bins): whole numbers.
      const std::int64_t low = std::max(std::int64_t{i} * bins, std::int64_t{j} * patches),
                         high = std::min(std::int64_t{i + 1} * bins, std::int64_t{j + 1} * patches);
      shares(i, j) = static_cast<double>(std::max<std::int64_t>(high - low, 0)) / bins;
    }
  }
  return shares;
}

/// Keys' cubic convolution with a = -3/4, as images are resampled: a matrix to x from whose rows sum to 1. Ends are
/// repeated.
inline Matrix cubic_weights(int from, int to) {
  Matrix weights(to, from);
  const auto kernel = [](double x) {
    constexpr double a = -0.75;
    x = std::abs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0.0;
  };
  for (int i = 0; i < to; ++i) {
    const double place = (i + 0.5) * from / to - 0.5;
    const int low = static_cast<int>(std::floor(place));
    for (int k = low - 1; k <= low + 2; ++k) weights(i, std::clamp(k, 0, from - 1)) += kernel(place - k);
  }
  return weights;
}

}  // namespace detail

/// The linear map from position histograms of `bins` x `bins` to embeddings that is nearest, by least squares, to the given
/// ones of a grid of `rows` x `columns` square patches (`embeddings`: rows * columns, row by row, x width); of several the
/// smallest. Result: width x bins^2. It hits the embeddings exactly where there are at least as many bins as patches along
/// both sides.
template <class S>
std::vector<S> fit_positions(const MatrixView<const S>& embeddings, int rows, int columns, int bins) {
  DHT_EXPECTS(rows >= 1 && columns >= 1 && bins >= 1, "grid: is ", rows, " x ", columns, " with ", bins,
              " bins; each must be at least 1");
  DHT_EXPECTS(embeddings.rows == std::int64_t{rows} * columns, "embeddings: are ", embeddings.rows,
              "; must be ", rows, " x ", columns);
  // A patch's histogram is a product of one along y and one along x, so the pseudo-inverse is one of theirs. Bins hold
  // shares times (32 / bins)^2. The shares have full rank: where there are no fewer bins than patches, the bin in which a
  // patch begins holds no later one; otherwise the other way round.
  const auto inverse = [bins](int patches) {
    const detail::Matrix shares = detail::bin_shares(patches, bins) * (32.0 / bins),
                         across = shares.transpose();
    return patches <= bins ? detail::solve(shares * across, shares).transpose()
                           : detail::solve(across * shares, across);
  };
  const detail::Matrix by_y = inverse(rows), by_x = inverse(columns).transpose();
  const int width = embeddings.columns;
  std::vector<S> map(static_cast<std::size_t>(width) * static_cast<std::size_t>(bins) *
                     static_cast<std::size_t>(bins));
  detail::Matrix channel(rows, columns);
  for (int c = 0; c < width; ++c) {
    for (int i = 0; i < rows * columns; ++i)
      channel(i / columns, i % columns) = static_cast<double>(embeddings(i, c));
    const detail::Matrix of_bins = by_y * channel * by_x;
    for (int i = 0; i < bins * bins; ++i)
      map[static_cast<std::size_t>(c * bins * bins + i)] = static_cast<S>(of_bins(i / bins, i % bins));
  }
  return map;
}

/// The weight of an embedding, width x (first + from^2 + rest), for position histograms of `to` x `to` bins: those columns are
/// resampled bicubically and scaled by (to / from)^2, so that a token gets the embedding that it had: its histogram holds
/// (32 / bins)^2 in all.
template <class S>
std::vector<S> resample_positions(const MatrixView<const S>& weight, int first, int from, int to) {
  DHT_EXPECTS(first >= 0 && from >= 1 && to >= 1, "positions: begin at column ", first, " with ", from,
              " and ", to, " bins a side; must be at least 0, 1 and 1");
  DHT_EXPECTS(weight.columns >= first + from * from, "weight: has ", weight.columns,
              " columns; must have at least ", first, " + ", from, " x ", from);
  const detail::Matrix along = detail::cubic_weights(from, to) * (static_cast<double>(to) / from),
                       across = along.transpose();
  std::vector<S> out;
  detail::Matrix bins(from, from);
  for (std::int64_t row = 0; row < weight.rows; ++row) {
    const S* const in = weight.row(row);
    out.insert(out.end(), in, in + first);
    for (int i = 0; i < from * from; ++i) bins(i / from, i % from) = static_cast<double>(in[first + i]);
    const detail::Matrix resampled = along * bins * across;
    for (int i = 0; i < to * to; ++i) out.push_back(static_cast<S>(resampled(i / to, i % to)));
    out.insert(out.end(), in + first + from * from, in + weight.columns);
  }
  return out;
}

}  // namespace dht
