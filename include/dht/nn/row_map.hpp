// SPDX-License-Identifier: MIT
// An affine map from rows to rows: what a convolution is, once there is a row for each of its taps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht::detail {

/// sum[x] += w[0]*rows[0][x] + ... + w[K-1]*rows[K-1][x], in this order. K is small enough for the registers.
template <int K, class S>
DHT_INLINE void add_rows(const S* const* rows, const S* w, int n, S* sum) {
  const S* in[std::size_t{K}];
  S factor[std::size_t{K}];
  for (int k = 0; k < K; ++k) {
    in[k] = rows[k];
    factor[k] = w[k];
  }
  DHT_INDEPENDENT
  for (int x = 0; x < n; ++x) {
    S s = sum[x];
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) s = fma(factor[k], in[k][x], s);
    sum[x] = s;
  }
}

/// out = weight * rows + bias, pixel by pixel, for rows that lie anywhere.
template <class S>
struct RowMap {
  int taps = 0, outputs = 0;
  std::vector<S> weight, bias;  // outputs x taps, outputs

  /// Makes room; an earlier map of this size leaves its memory.
  void resize(int outputs_, int taps_) {
    taps = taps_;
    outputs = outputs_;
    weight.resize(static_cast<std::size_t>(taps) * static_cast<std::size_t>(outputs));
    bias.resize(static_cast<std::size_t>(outputs));
  }

  /// out[o][x] = bias[o] + sum_t weight[o][t] * rows[t][x] for every output o and x < n. As many taps at a time as the
  /// first of `Widths` that are left stay in the first-level cache for all outputs: eight at most, and the last must
  /// divide what others leave.
  template <int... Widths>
  DHT_INLINE void apply(const S* const* rows, int n, S* out, std::int64_t pitch) const {
    for (int o = 0; o < outputs; ++o) std::fill_n(out + o * pitch, n, bias[static_cast<std::size_t>(o)]);
    for (int t = 0; t < taps;) {
      int k = 0;
      ((k = k == 0 && taps - t >= Widths ? Widths : k), ...);
      for (int o = 0; o < outputs; ++o) {
        const S* w = weight.data() + std::int64_t{o} * taps + t;
        S* sum = out + o * pitch;
        ((k == Widths ? add_rows<Widths>(rows + t, w, n, sum) : void()), ...);
      }
      t += k;
    }
  }
};

/// `map` becomes the way back through the linear part of some columns of another: weight[t][o] = from.weight[o][first + t
/// * step] for t < taps, without a bias.
template <class S>
void transpose(const RowMap<S>& from, int first, int step, int taps, RowMap<S>& map) {
  map.resize(taps, from.outputs);
  std::fill(map.bias.begin(), map.bias.end(), S(0));
  for (int t = 0; t < taps; ++t) {
    for (int o = 0; o < from.outputs; ++o) {
      map.weight[static_cast<std::size_t>(t * from.outputs + o)] =
          from.weight[static_cast<std::size_t>(o * from.taps + first + t * step)];
    }
  }
}

}  // namespace dht::detail
