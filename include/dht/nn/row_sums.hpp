// SPDX-License-Identifier: MIT
// Sums over rows of any length, and over columns of many rows: each in one fixed order.
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/row_products.hpp>

namespace dht::detail {

/// The sum of n numbers.
template <class S>
DHT_INLINE double sum_of(const S* row, std::int64_t n) {
  const std::int64_t whole = n / row_lanes * row_lanes;
  double sum = row_sum(row, whole);
  for (std::int64_t i = whole; i < n; ++i) sum += static_cast<double>(row[i]);
  return sum;
}

/// The sum of products of n numbers with n others.
template <class S>
DHT_INLINE double product_of(const S* a, const S* b, std::int64_t n) {
  const std::int64_t whole = n / row_lanes * row_lanes;
  double sum = row_product(a, b, whole);
  for (std::int64_t i = whole; i < n; ++i)
    sum = fma(static_cast<double>(a[i]), static_cast<double>(b[i]), sum);
  return sum;
}

/// Calls add(row, columns of the part, sums in double) for all rows, then adds the sums to `out`. Columns are what threads
/// share, so that every column is summed by one of them in the order of the rows.
template <class S, class Backend, class Add>
void add_over_rows(const Backend& backend, std::int64_t rows, int columns, S* out, const Add& add) {
  constexpr std::int64_t stretch = 64;  // columns whose sums stay in registers
  const std::int64_t parts = (columns + stretch - 1) / stretch;
  backend.for_range(
      parts, 1 + 65536 / (stretch * (rows + 1)), [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
        for (std::int64_t part = begin; part < end; ++part) {
          const std::int64_t first = part * stretch, n = std::min<std::int64_t>(stretch, columns - first);
          alignas(64) double held[stretch] = {};
          double* const sums = opaque(held);
          for (std::int64_t row = 0; row < rows; ++row) add(row, first, n, sums);
          for (std::int64_t i = 0; i < n; ++i) out[first + i] += static_cast<S>(sums[i]);
        }
      });
}

/// out[c] += sum over the rows of x(row, c).
template <class S, class Backend>
void add_column_sums(const Backend& backend, const MatrixView<const S>& x, S* out) {
  add_over_rows(backend, x.rows, x.columns, out,
                [&](std::int64_t row, std::int64_t first, std::int64_t n, double* sums) DHT_INLINE_LAMBDA {
                  const S* const in = x.row(row) + first;
                  DHT_INDEPENDENT
                  for (std::int64_t i = 0; i < n; ++i) sums[i] += static_cast<double>(in[i]);
                });
}

/// out[c] += sum over the rows of x(row, c) * y(row, c).
template <class S, class Backend>
void add_column_products(const Backend& backend, const MatrixView<const S>& x, const MatrixView<const S>& y,
                         S* out) {
  add_over_rows(backend, x.rows, x.columns, out,
                [&](std::int64_t row, std::int64_t first, std::int64_t n, double* sums) DHT_INLINE_LAMBDA {
                  const S *const a = x.row(row) + first, *const b = y.row(row) + first;
                  DHT_INDEPENDENT
                  for (std::int64_t i = 0; i < n; ++i)
                    sums[i] = fma(static_cast<double>(a[i]), static_cast<double>(b[i]), sums[i]);
                });
}

}  // namespace dht::detail
