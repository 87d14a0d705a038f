// SPDX-License-Identifier: MIT
// Bilinear upsampling with aligned corners: where a fine row or column lies, and the way back along a row.
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht::detail {

/// Where an upsampled row or column lies, with aligned corners: between the coarse ones `low` and `low` + 1.
template <class S>
struct Between {
  std::int32_t low = 0;
  S share = 0;  // of the higher one
};

template <class S>
DHT_HOST_DEVICE Between<S> between(std::int64_t position, std::int64_t fine, std::int64_t coarse) {
  if (coarse == 1) return {};
  // position * (coarse - 1) / (fine - 1), split exactly into its whole and its fraction
  const std::int64_t scaled = position * (coarse - 1);
  return {static_cast<std::int32_t>(scaled / (fine - 1)),
          static_cast<S>(static_cast<double>(scaled % (fine - 1)) / static_cast<double>(fine - 1))};
}

/// The way back of upsampling rows by 4: coarse columns gather from the blocks of 4 fine ones before, at and after them.
template <class S>
struct UpsamplingBackward {
  int coarse = 0;
  Buffer<S> weight;  // [column within its block][block before, own, after][coarse column]

  /// For rows of `columns` coarse columns.
  void resize(int columns) {
    coarse = columns;
    weight.assign(static_cast<std::size_t>(12 * std::int64_t{coarse}), S(0));
    for (std::int64_t x = 0; x < 4 * std::int64_t{coarse}; ++x) {
      const Between<S> at = between<S>(x, 4 * std::int64_t{coarse}, coarse);
      add(x, at.low, 1 - at.share);
      if (at.low + 1 < coarse) add(x, at.low + 1, at.share);
    }
  }

  /// Numbers that `apply` needs beside input and output.
  static std::int64_t scratch(std::int64_t coarse) { return 4 * (coarse + 2); }

  /// to[j] = sum over x of from[x] times the share that fine column x has of coarse column j.
  DHT_INLINE void apply(const S* from, S* to, S* scratch) const {
    const std::int64_t n = coarse, pitch = n + 2;  // a zero on either side
    for (int k = 0; k < 4; ++k) scratch[k * pitch] = scratch[k * pitch + n + 1] = 0;
    S* const phases = scratch + 1;
    DHT_INDEPENDENT
    for (std::int64_t j = 0; j < n; ++j) {
      phases[j] = from[4 * j];
      phases[pitch + j] = from[4 * j + 1];
      phases[2 * pitch + j] = from[4 * j + 2];
      phases[3 * pitch + j] = from[4 * j + 3];
    }
    std::fill_n(to, n, S(0));
    for (int k = 0; k < 4; ++k) {
      const S *in = phases + k * pitch, *w = weight.data() + k * 3 * n;
      DHT_INDEPENDENT
      for (std::int64_t j = 0; j < n; ++j)
        to[j] = fma(w[j], in[j - 1], fma(w[n + j], in[j], fma(w[2 * n + j], in[j + 1], to[j])));
    }
  }

 private:
  void add(std::int64_t x, std::int64_t column, S share) {
    weight[static_cast<std::size_t>((x % 4 * 3 + (x / 4 - column + 1)) * coarse + column)] += share;
  }
};

}  // namespace dht::detail
