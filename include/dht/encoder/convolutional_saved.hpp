// SPDX-License-Identifier: MIT
// What the convolutional encoder keeps between forward and backward, and the memory that its way back works in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/encoder/batch_statistics.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/patches.hpp>
#include <dht/nn/row_map.hpp>
#include <dht/nn/upsampling.hpp>

namespace dht::detail {

/// What the way back needs, and its own memory, kept for the next image. Activations are computed again: that costs less
/// than to store them.
template <class S>
struct ConvolutionalSaved {
  int height = 0, width = 0;
  std::optional<ConvolutionalEncoder<S>> folded;  // with the statistics used, but for the coarse layer: plain
  typename ConvolutionalEncoder<S>::Workspace workspace;  // holds the coarse map
  Patches<S> patches;                                     // the image
  Buffer<S> centred;  // (batch, features, plane): the coarse map before its normalisation, less its mean
  InputMoments pixel, patch;
  NormStatistics fine, middle, coarse;

  Buffer<S> rows;  // per part
  Buffer<const S*> pointers;
  std::vector<double> sums, row_sums;  // per block, per row of cells
  GradientSums fine_sums, middle_sums;
  Correction fine_correction, middle_correction;
  RowMap<S> fine_back, middle_back, coarse_back[4], correction;
  UpsamplingBackward<S> upsampling;
  Buffer<S> band_gradients;  // (bands, coarse rows and one more, features, columns)
  Buffer<S> grad_coarse;     // (batch, features, plane)
  Buffer<S> grad_patches;    // (batch, place within the cell, taps, plane)
};

/// Bands of an image: rows that lie between some coarse rows. A band adds to those and to the one below.
struct Bands {
  std::int64_t coarse_rows, rows, per_image, count;
  template <class S>
  explicit Bands(const Patches<S>& patches)
      : coarse_rows(patches.rows),
        rows(std::max<std::int64_t>(4, (coarse_rows * patches.batch + 63) / 64)),
        per_image((coarse_rows + rows - 1) / rows),
        count(per_image * patches.batch) {}
  /// The first image row at or below a coarse row.
  DHT_HOST_DEVICE std::int64_t first_row(std::int64_t coarse_row, int height) const {
    if (coarse_row == 0) return 0;
    if (coarse_row >= coarse_rows) return height;
    const std::int64_t first = (coarse_row * (4 * coarse_rows - 1) + coarse_rows - 2) / (coarse_rows - 1);
    return first < height ? first : height;
  }
};

/// Rows of the full resolution on the way back, in memory of one part.
template <class S>
struct FineRows {
  std::int64_t width;  // of a row, in whole lanes
  S *pixels, *ones, *grads, *sums, *above, *below, *low, *high, *scratch;
  const S** pixel_rows;
  const S** grad_rows;

  static std::int64_t size(std::int64_t width, int columns, int channels, int features) {
    return (channels + 1 + 6 * std::int64_t{features}) * width + UpsamplingBackward<S>::scratch(columns);
  }
  FineRows(S* memory, const S** pointers, std::int64_t w, int channels, int features)
      : width(w), pixel_rows(pointers), grad_rows(pointers + channels + 1) {
    const auto take = [&memory, w](int rows) {
      S* const taken = memory;
      memory += rows * w;
      return taken;
    };
    pixels = take(channels), ones = take(1);
    grads = take(features), sums = take(features), above = take(features), below = take(features);
    low = take(features), high = take(features), scratch = memory;
    std::fill(pixels, ones, S(0));
    std::fill(ones, grads, S(1));
    std::fill(grads, sums, S(0));
    for (int c = 0; c <= channels; ++c) pixel_rows[c] = pixels + c * w;
    for (int o = 0; o < features; ++o) grad_rows[o] = grads + o * w;
  }
};

}  // namespace dht::detail
