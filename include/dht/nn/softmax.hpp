// SPDX-License-Identifier: MIT
// Softmax of the rows of a matrix, and its way back: what scores of attention become.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/nn/row_products.hpp>

namespace dht::detail {

/// The largest of n numbers, n a multiple of the lanes.
template <class S>
DHT_INLINE S row_maximum(const S* row, std::int64_t n) {
  alignas(64) S held[row_lanes];
  S* const lanes = opaque(held);
  std::copy_n(row, row_lanes, lanes);
  for (std::int64_t x = row_lanes; x < n; x += row_lanes) {
    const S* const in = row + x;
    DHT_INDEPENDENT
    for (int k = 0; k < row_lanes; ++k) lanes[k] = lanes[k] < in[k] ? in[k] : lanes[k];
  }
  return *std::max_element(lanes, lanes + row_lanes);
}

/// Every row x of `columns` numbers becomes softmax(scale * x); columns whose mask is 0 get nothing, and so do the
/// numbers up to `pitch`, a multiple of the lanes. `mask` may be null.
template <class S>
void softmax_rows(backend::InstructionSet set, S* rows, std::int64_t count, std::int64_t columns,
                  std::int64_t pitch, S scale, const std::uint8_t* mask) {
  backend::run(set, [&]() DHT_INLINE_LAMBDA {
    constexpr S nothing = std::numeric_limits<S>::lowest();
    for (std::int64_t y = 0; y < count; ++y) {
      S* const row = rows + y * pitch;
      std::fill(row + columns, row + pitch, nothing);
      for (std::int64_t x = 0; mask != nullptr && x < columns; ++x) row[x] = mask[x] != 0 ? row[x] : nothing;
      const S most = row_maximum(row, pitch);
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < pitch; ++x) {
        const S power = exp(scale * (row[x] - most));
        row[x] = row[x] == nothing ? S(0) : power;
      }
      const S share = static_cast<S>(1 / row_sum(row, pitch));
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < pitch; ++x) row[x] *= share;
    }
  });
}

/// From the gradient of what `softmax_rows` made, in `grad`, to that of the scores, in place. Numbers past the columns must
/// be 0 in both.
template <class S>
void softmax_rows_backward(backend::InstructionSet set, const S* made, std::int64_t count, std::int64_t pitch,
                           S scale, S* grad) {
  backend::run(set, [&]() DHT_INLINE_LAMBDA {
    for (std::int64_t y = 0; y < count; ++y) {
      const S* const p = made + y * pitch;
      S* const g = grad + y * pitch;
      const S mean = static_cast<S>(row_product(p, g, pitch));
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < pitch; ++x) g[x] = scale * p[x] * (g[x] - mean);
    }
  });
}

}  // namespace dht::detail
