// SPDX-License-Identifier: MIT
// Sums over pixels of the products of rows: gradients of weights, and covariances. Their order is fixed.
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht::detail {

/// Sums over rows go on in so many lanes, which are added up at the end: rows are read in steps of so many numbers, and
/// whoever makes them fills them up with zeros.
inline constexpr int row_lanes = 32;

/// `n`, rounded up to whole steps.
constexpr std::int64_t whole_lanes(std::int64_t n) { return (n + row_lanes - 1) / row_lanes * row_lanes; }

// Clang must not take the short loops over lanes apart before it makes vectors of them.
#if defined(__clang__)
#define DHT_LANES _Pragma("clang loop unroll(disable)") DHT_INDEPENDENT
#else
#define DHT_LANES DHT_INDEPENDENT
#endif

/// The sum of a row's lanes, halved again and again.
template <class S>
DHT_HOST_DEVICE DHT_INLINE double lane_sum(S* lanes) {
#pragma GCC unroll 2
  for (int half = row_lanes / 2; half >= 8; half /= 2) {
    for (int k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  }
  const double a = static_cast<double>(lanes[0]) + static_cast<double>(lanes[1]),
               b = static_cast<double>(lanes[2]) + static_cast<double>(lanes[3]),
               c = static_cast<double>(lanes[4]) + static_cast<double>(lanes[5]),
               d = static_cast<double>(lanes[6]) + static_cast<double>(lanes[7]);
  return (a + b) + (c + d);
}

/// The sum of n numbers, n a multiple of the lanes.
template <class S>
DHT_INLINE double row_sum(const S* row, std::int64_t n) {
  alignas(64) S held[row_lanes] = {};
  S* const lanes = opaque(held);
  for (std::int64_t x = 0; x < n; x += row_lanes) {
    const S* const in = row + x;
    DHT_LANES
    for (int k = 0; k < row_lanes; ++k) lanes[k] += in[k];
  }
  return lane_sum(lanes);
}

/// The sum of products of two rows of n numbers, n a multiple of the lanes.
template <class S>
DHT_INLINE double row_product(const S* a, const S* b, std::int64_t n) {
  alignas(64) S held[row_lanes] = {};
  S* const lanes = opaque(held);
  for (std::int64_t x = 0; x < n; x += row_lanes) {
    const S *u = a + x, *v = b + x;
    DHT_LANES
    for (int k = 0; k < row_lanes; ++k) lanes[k] = fma(u[k], v[k], lanes[k]);
  }
  return lane_sum(lanes);
}

/// Products of 4 rows with 4 others: enough independent sums to hide the latency of one.
template <class S>
DHT_INLINE void product_tile(const S* const (&a)[4], const S* const (&b)[4], std::int64_t n, S* lanes) {
  std::fill_n(lanes, 16 * row_lanes, S(0));
  for (std::int64_t x = 0; x < n; x += row_lanes) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const S *u = a[i] + x, *v = b[j] + x;
        S* const sum = lanes + (i * 4 + j) * row_lanes;
        DHT_LANES
        for (int k = 0; k < row_lanes; ++k) sum[k] = fma(u[k], v[k], sum[k]);
      }
    }
  }
}

/// sums[i * stride_a + j * stride_b] += sum over x of a[i][x] * b[j][x], x < n, a multiple of the lanes; in S for this
/// call, in double from call to call. `upper` leaves out j + 4 <= i, for products of rows with themselves.
template <class S>
DHT_INLINE void add_products(const S* const* a, int rows_a, const S* const* b, int rows_b, std::int64_t n,
                             double* sums, std::int64_t stride_a, std::int64_t stride_b, bool upper = false) {
  alignas(64) S held[16 * row_lanes];
  S* const lanes = opaque(held);
  for (int i = 0; i < rows_a; i += 4) {
    for (int j = upper ? i : 0; j < rows_b; j += 4) {
      // The last rows stand in for those that are not there.
      const S *u[4], *v[4];
      for (int k = 0; k < 4; ++k) {
        u[k] = a[std::min(i + k, rows_a - 1)];
        v[k] = b[std::min(j + k, rows_b - 1)];
      }
      product_tile(u, v, n, lanes);
      const int height = std::min(4, rows_a - i), width = std::min(4, rows_b - j);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x)
          sums[(i + y) * stride_a + (j + x) * stride_b] += lane_sum(lanes + (y * 4 + x) * row_lanes);
      }
    }
  }
}

#undef DHT_LANES

}  // namespace dht::detail
