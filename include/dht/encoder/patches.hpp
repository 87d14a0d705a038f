// SPDX-License-Identifier: MIT
// An image cut into cells of 4 x 4 pixels, what each coarse pixel of the encoder sees: 16 planes a channel, so that both
// strided convolutions read rows; and the moments of its patches of 2 x 2, what the first of them reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/batch_statistics.hpp>
#include <dht/encoder/rows.hpp>
#include <dht/nn/row_products.hpp>

namespace dht::detail {

/// Cells in chunks that stay in the cache, chunks in blocks, whose sums are added up in order. None of it depends on the
/// number of threads.
struct CellBlocks {
  static constexpr std::int64_t chunk = 256;
  std::int64_t plane, chunks_per_image, chunks, per_block, blocks;

  /// `sums`: numbers that each block sums up; there are fewer blocks where they would need much memory.
  CellBlocks(std::int64_t plane_, int batch, std::int64_t sums)
      : plane(plane_), chunks_per_image((plane + chunk - 1) / chunk), chunks(chunks_per_image * batch) {
    const std::int64_t most = std::clamp<std::int64_t>((std::int64_t{1} << 22) / sums, 1, 64);
    per_block = (chunks + most - 1) / most;
    blocks = (chunks + per_block - 1) / per_block;
  }

  struct Chunk {
    std::int64_t image, begin, size;
  };
  DHT_INLINE Chunk at(std::int64_t k) const {
    const std::int64_t begin = k % chunks_per_image * chunk;
    return {k / chunks_per_image, begin, std::min(chunk, plane - begin)};
  }
  /// Calls body(block, chunk) for every chunk of some blocks.
  template <class Body>
  DHT_INLINE void for_chunks(std::int64_t first, std::int64_t last, const Body& body) const {
    for (std::int64_t block = first; block < last; ++block) {
      for (std::int64_t k = block * per_block; k < std::min(chunks, (block + 1) * per_block); ++k)
        body(block, at(k));
    }
  }
};

/// The cells of a batch. Cells lie row after row with one more at the end of each row, and more at the end of a plane up
/// to whole lanes; these are 0.
template <class S>
struct Patches {
  int batch = 0, channels = 0, rows = 0, columns = 0;  // of cells
  std::int64_t pitch = 0, plane = 0;
  Buffer<S> values;  // (batch, channels, 16: row and column within the cell, plane)
  Buffer<S> inside;  // plane: 1 where a cell is one of the image

  /// The shape of an image's cells, without memory for them.
  template <class P>
  void shape(const ImageView<P>& image) {
    batch = image.batch;
    channels = image.channels;
    rows = image.height / 4 + (image.height % 4 != 0);
    columns = image.width / 4 + (image.width % 4 != 0);
    pitch = columns + 1;
    plane = whole_lanes(rows * pitch);
  }

  template <class P>
  void resize(const ImageView<P>& image) {
    shape(image);
    values.resize(static_cast<std::size_t>(image_size() * batch));
    inside.assign(static_cast<std::size_t>(plane), S(0));
    for (std::int64_t y = 0; y < rows; ++y) std::fill_n(inside.begin() + y * pitch, columns, S(1));
  }

  std::int64_t image_size() const { return 16 * channels * plane; }
  /// Pixels of the extended batch.
  double pixels() const { return 16.0 * batch * rows * columns; }

  /// Where tap t (channel, row, column) of the patch at `place` (row, column within the cell) lies, from the image's first number.
  DHT_INLINE std::int64_t tap(int t, int place) const {
    return (t / 4 * 16 + (place / 2 * 2 + t % 4 / 2) * 4 + place % 2 * 2 + t % 2) * plane;
  }

  /// Reads the image as scale * value + offset, extended, and sums it: `sums` has a number a row of cells and channel.
  template <class P, class Backend>
  void load(const Backend& backend, const ImageView<P>& image, const S* scale, const S* offset,
            Buffer<S>& lines, std::vector<double>& sums) {
    const std::int64_t count = std::int64_t{batch} * rows, grain = 1 + 1024 / columns;
    const std::int64_t width = whole_lanes(std::int64_t{4} * columns);
    lines.resize(static_cast<std::size_t>(backend.parts(count, grain) * width));
    sums.resize(static_cast<std::size_t>(count * channels));
    backend.for_parts(count, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S* const line = lines.data() + part * width;
      std::fill_n(line, width, S(0));
      for (std::int64_t row = begin; row < end; ++row) {
        const int b = static_cast<int>(row / rows), q = static_cast<int>(row % rows);
        for (int c = 0; c < channels; ++c) {
          double sum = 0;
          S* const to = values.data() + b * image_size() + c * 16 * plane + q * pitch;
          for (int dy = 0; dy < 4; ++dy) {
            load_row(image, b, c, std::min(4 * q + dy, image.height - 1), scale[c], offset[c], line);
            for (int x = image.width; x < 4 * columns; ++x) line[x] = line[image.width - 1];
            sum += row_sum(line, width);
            split(line, to + dy * 4 * plane, q);
          }
          sums[static_cast<std::size_t>(row * channels + c)] = sum;
        }
      }
    });
  }

  /// Moments of the patches of 2 x 2 and of single pixels, from the sums that `load` gave.
  template <class Backend>
  void moments(const Backend& backend, const std::vector<double>& row_sums, Buffer<S>& scratch,
               Buffer<const S*>& pointers, std::vector<double>& sums, InputMoments& patch,
               InputMoments& pixel) const {
    const std::int64_t taps = std::int64_t{4} * channels, stride = taps * (taps + 1);
    channel_means(row_sums, pixel.mean);
    const CellBlocks blocks(plane, batch, stride);
    const int parts = backend.parts(blocks.blocks);
    scratch.resize(static_cast<std::size_t>(parts * taps * CellBlocks::chunk));
    pointers.resize(static_cast<std::size_t>(parts * taps));
    sums.assign(static_cast<std::size_t>(blocks.blocks * stride), 0);
    backend.for_parts(
        blocks.blocks, 1, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          S* const centred = scratch.data() + part * taps * CellBlocks::chunk;
          const S** const rows_of = pointers.data() + part * taps;
          for (int t = 0; t < taps; ++t) rows_of[t] = centred + t * CellBlocks::chunk;
          blocks.for_chunks(
              begin, end, [&](std::int64_t block, const CellBlocks::Chunk& k) DHT_INLINE_LAMBDA {
                add_moments(k, pixel.mean.data(), centred, rows_of, sums.data() + block * stride);
              });
        });
    finish(blocks.blocks, sums, patch, pixel);
  }

 private:
  friend struct DeviceAccess;

  /// A line of the image to its four columns within cells.
  DHT_INLINE void split(const S* line, S* to, int q) const {
    const std::int64_t step = plane;
    DHT_INDEPENDENT
    for (int x = 0; x < columns; ++x) {
      to[x] = line[4 * x];
      to[step + x] = line[4 * x + 1];
      to[2 * step + x] = line[4 * x + 2];
      to[3 * step + x] = line[4 * x + 3];
    }
    const std::int64_t end = q + 1 == rows ? plane - q * pitch : pitch;
    for (int k = 0; k < 4; ++k) std::fill(to + k * step + columns, to + k * step + end, S(0));
  }

  void channel_means(const std::vector<double>& row_sums, std::vector<double>& mean) const {
    mean.assign(static_cast<std::size_t>(channels), 0);
    for (std::size_t i = 0; i < row_sums.size(); ++i) mean[i % mean.size()] += row_sums[i];
    for (double& m : mean) m /= pixels();
  }

  /// Sums of products of taps, and of taps, less their channel's mean: nothing cancels where an image is nearly flat.
  DHT_INLINE void add_moments(const CellBlocks::Chunk& k, const double* mean, S* centred,
                              const S* const* rows_of, double* sums) const {
    const int taps = 4 * channels;
    const S* const from = values.data() + k.image * image_size() + k.begin;
    const S* const mask = inside.data() + k.begin;
    for (int place = 0; place < 4; ++place) {
      for (int t = 0; t < taps; ++t) {
        const S *in = from + tap(t, place), less = static_cast<S>(mean[t / 4]);
        S* const out = centred + t * CellBlocks::chunk;
        DHT_INDEPENDENT
        for (std::int64_t x = 0; x < k.size; ++x) out[x] = (in[x] - less) * mask[x];
        sums[taps * taps + t] += row_sum(out, k.size);
      }
      add_products(rows_of, taps, rows_of, taps, k.size, sums, taps, 1, true);
    }
  }

  void finish(std::int64_t blocks, std::vector<double>& sums, InputMoments& patch,
              InputMoments& pixel) const {
    const auto taps = static_cast<std::size_t>(4 * channels), stride = taps * (taps + 1);
    for (std::size_t i = stride; i < static_cast<std::size_t>(blocks) * stride; ++i)
      sums[i % stride] += sums[i];
    const double count = pixels() / 4;
    const double* const first = sums.data() + taps * taps;
    patch.mean.resize(taps);
    patch.covariance.resize(taps * taps);
    for (std::size_t t = 0; t < taps; ++t) {
      // The channel's mean in S is what was subtracted.
      patch.mean[t] = static_cast<double>(static_cast<S>(pixel.mean[t / 4])) + first[t] / count;
      for (std::size_t u = 0; u < taps; ++u) {
        const double product = sums[std::min(t, u) * taps + std::max(t, u)];
        patch.covariance[t * taps + u] = (product - first[t] * first[u] / count) / count;
      }
    }
    pixel.covariance.assign(taps * taps / 16, 0);
    // A pixel has any of the four places of a patch.
    const std::size_t n = pixel.mean.size();
    for (std::size_t c = 0; c < n; ++c) {
      pixel.mean[c] = 0;
      for (std::size_t i = 0; i < 4; ++i) pixel.mean[c] += patch.mean[4 * c + i] / 4;
    }
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t d = 0; d < n; ++d) {
        double& to = pixel.covariance[c * n + d];
        for (std::size_t i = 0; i < 4; ++i) {
          to += patch.covariance[(4 * c + i) * taps + 4 * d + i] / 4;
          to += (patch.mean[4 * c + i] - pixel.mean[c]) * (patch.mean[4 * d + i] - pixel.mean[d]) / 4;
        }
      }
    }
  }
};

}  // namespace dht::detail
