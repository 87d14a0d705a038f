// SPDX-License-Identifier: MIT
// The way back of the convolutional encoder: from the gradient of the features to its parameters and to the image. Sums
// are taken over blocks of the image that do not depend on the number of threads, and added up in order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/batch_statistics.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/convolutional_saved.hpp>
#include <dht/encoder/patches.hpp>
#include <dht/nn/row_map.hpp>
#include <dht/nn/row_products.hpp>
#include <dht/nn/upsampling.hpp>

namespace dht::detail {

/// One way back; lives as long as a call.
template <class S>
struct ConvolutionalBackward {
  using Encoder = ConvolutionalEncoder<S>;
  const ConvolutionalParameters<S>& p;
  ConvolutionalSaved<S>& s;
  const Encoder& net;
  int channels, features;

  ConvolutionalBackward(const ConvolutionalParameters<S>& parameters, ConvolutionalSaved<S>& saved)
      : p(parameters), s(saved), net(*saved.folded), channels(p.channels), features(p.features) {}

  template <class P, class Backend>
  void run(const Backend& backend, const ImageView<P>& image, const S* grad_features,
           ConvolutionalParameters<S>& gradients, S* grad_image) {
    transpose(net.fine_, 0, 1, channels, s.fine_back);
    transpose(net.middle_, 0, 1, 4 * channels, s.middle_back);
    for (int place = 0; place < 4; ++place)
      transpose(net.coarse_, place, 4, 4 * features, s.coarse_back[place]);
    fine(backend, image, grad_features, grad_image);
    gather_bands(backend);
    coarse(backend, gradients.coarse);
    middle(backend, gradients.coarse, grad_image != nullptr);
    norm_backward(p.fine, s.fine, s.pixel, p.epsilon, s.fine_sums, gradients.fine, s.fine_correction);
    norm_backward(p.middle, s.middle, s.patch, p.epsilon, s.middle_sums, gradients.middle,
                  s.middle_correction);
    if (grad_image == nullptr) return;
    merge_corrections();
    finish_image(backend, image, grad_image);
  }

 private:
  friend struct DeviceAccess;

  /// The full resolution: through the last activation, to the sums of the 1x1 convolution, its part of the image's
  /// gradient (in `grad_image`, not yet scaled) and, row by row, to what the coarse map gets.
  template <class P, class Backend>
  void fine(const Backend& backend, const ImageView<P>& image, const S* grad_features, S* grad_image) {
    const Bands bands(s.patches);
    const std::int64_t columns = s.patches.columns, width = whole_lanes(4 * columns),
                       stride = std::int64_t{features} * (channels + 1);
    const std::int64_t size = FineRows<S>::size(width, s.patches.columns, channels, features);
    const std::int64_t grain = 1 + 8192 / (4 * bands.rows * image.width);
    const int parts = backend.parts(bands.count, grain);
    s.upsampling.resize(s.patches.columns);
    s.rows.resize(static_cast<std::size_t>(parts * size));
    s.pointers.resize(static_cast<std::size_t>(parts * (channels + 1 + features)));
    s.sums.assign(static_cast<std::size_t>(bands.count * stride), 0);
    s.band_gradients.resize(static_cast<std::size_t>(bands.count * (bands.rows + 1) * features * columns));
    backend.for_parts(
        bands.count, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          const FineRows<S> rows(s.rows.data() + part * size,
                                 s.pointers.data() + part * (channels + 1 + features), width, channels,
                                 features);
          for (std::int64_t band = begin; band < end; ++band)
            fine_band(image, bands, band, rows, grad_features, grad_image, s.sums.data() + band * stride);
        });
    const auto n = static_cast<std::size_t>(channels + 1);
    s.fine_sums.products.assign(static_cast<std::size_t>(features * channels), 0);
    s.fine_sums.gradient.assign(static_cast<std::size_t>(features), 0);
    for (std::size_t i = 0; i < s.sums.size(); ++i) {
      const std::size_t o = i % static_cast<std::size_t>(stride) / n, c = i % n;
      (c + 1 == n ? s.fine_sums.gradient[o] : s.fine_sums.products[o * (n - 1) + c]) += s.sums[i];
    }
  }

  template <class P>
  DHT_INLINE void fine_band(const ImageView<P>& image, const Bands& bands, std::int64_t band,
                            FineRows<S> rows, const S* grad_features, S* grad_image, double* sums) const {
    const int b = static_cast<int>(band / bands.per_image);
    const std::int64_t first = band % bands.per_image * bands.rows, fine_rows = 4 * bands.coarse_rows,
                       columns = s.patches.columns;
    S* to = s.band_gradients.data() + band * (bands.rows + 1) * features * columns;
    const typename Encoder::Shape shape(image, channels, features);
    std::fill_n(rows.low, features * rows.width, S(0));
    std::fill_n(rows.high, features * rows.width, S(0));
    const auto next = [&]() DHT_INLINE_LAMBDA {  // the upper coarse row is complete
      for (int o = 0; o < features; ++o, to += columns)
        s.upsampling.apply(rows.low + o * rows.width, to, rows.scratch);
      std::swap(rows.low, rows.high);
      std::fill_n(rows.high, features * rows.width, S(0));
    };
    std::int64_t done = first, held = -1;
    const std::int64_t last_row = bands.first_row(first + bands.rows, image.height);
    for (std::int64_t y = bands.first_row(first, image.height); y < last_row; ++y) {
      const Between<S> at = between<S>(y, fine_rows, bands.coarse_rows);
      for (; done < at.low; ++done) next();
      if (held != at.low) {
        const std::int64_t low = b * bands.coarse_rows + at.low;
        const std::int64_t high = low + (at.low + 1 < bands.coarse_rows ? 1 : 0);
        net.upsample(shape, s.workspace, low, image.width, rows.above, rows.width);
        net.upsample(shape, s.workspace, high, image.width, rows.below, rows.width);
        held = at.low;
      }
      fine_row(image, b, static_cast<int>(y), at.share, rows, grad_features, grad_image, sums);
    }
    for (; done <= first + bands.rows; ++done) next();
  }

  template <class P>
  DHT_INLINE void fine_row(const ImageView<P>& image, int b, int y, S share, const FineRows<S>& rows,
                           const S* grad_features, S* grad_image, double* sums) const {
    const int width = image.width;
    for (int c = 0; c < channels; ++c) {
      const auto k = static_cast<std::size_t>(c);
      load_row(image, b, c, y, net.scale_[k], net.offset_[k], rows.pixels + c * rows.width);
    }
    const std::int64_t pixel = (std::int64_t{b} * image.height + y) * width;
    rows_to_planes(grad_features + pixel * features, width, features, rows.grads, rows.width);
    net.fine_.template apply<8, 4, 3, 1>(rows.pixel_rows, width, rows.sums, rows.width);
    for (std::int64_t o = 0; o < features; ++o) {
      const S *up = rows.above + o * rows.width, *down = rows.below + o * rows.width,
              *sum = rows.sums + o * rows.width;
      S *g = rows.grads + o * rows.width, *low = rows.low + o * rows.width,
        *high = rows.high + o * rows.width;
      const S rest = 1 - share;
      DHT_INDEPENDENT
      for (int x = 0; x < width; ++x) {
        const S z = sum[x] + fma(share, down[x] - up[x], up[x]);
        g[x] *= silu_derivative(z, sigmoid(z));
        low[x] = fma(rest, g[x], low[x]);
        high[x] = fma(share, g[x], high[x]);
      }
    }
    add_products(rows.grad_rows, features, rows.pixel_rows, channels + 1, rows.width, sums, channels + 1, 1);
    if (grad_image == nullptr) return;
    const std::int64_t plane = image.pixels();
    s.fine_back.template apply<8, 4, 3, 1>(
        rows.grad_rows, width, grad_image + b * channels * plane + std::int64_t{y} * width, plane);
  }

  /// The gradient of the coarse map, from what the bands give to each of its rows.
  template <class Backend>
  void gather_bands(const Backend& backend) {
    const Bands bands(s.patches);
    const std::int64_t columns = s.patches.columns, plane = s.patches.plane, pitch = s.patches.pitch;
    const std::int64_t row_size = features * columns, count = std::int64_t{s.patches.batch} * features;
    s.grad_coarse.assign(static_cast<std::size_t>(count * plane), S(0));
    backend.for_range(count, 1 + 8192 / plane, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t k = begin; k < end; ++k) {
        for (std::int64_t i = 0; i < bands.coarse_rows; ++i) {
          const std::int64_t band = k / features * bands.per_image + i / bands.rows, slot = i % bands.rows;
          const S* in =
              s.band_gradients.data() + (band * (bands.rows + 1) + slot) * row_size + k % features * columns;
          S* const out = s.grad_coarse.data() + k * plane + i * pitch;
          std::copy_n(in, columns, out);
          if (slot > 0 || i == 0) continue;
          in -= row_size;  // the last row of the band above
          for (std::int64_t x = 0; x < columns; ++x) out[x] += in[x];
        }
      }
    });
  }

  /// Back through the normalisation of the coarse map, in place.
  template <class Backend>
  void coarse(const Backend& backend, ConvolutionAndNorm<S>& gradients) {
    const std::int64_t plane = s.patches.plane, step = plane * features;
    const bool batch = s.coarse.count > 0;
    backend.for_range(
        features, 1 + 8192 / plane, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          for (std::int64_t k = begin; k < end; ++k) {
            const auto o = static_cast<std::size_t>(k);
            double sum = 0, spread = 0;
            for (std::int64_t b = 0; b < s.patches.batch; ++b) {
              const S *g = s.grad_coarse.data() + b * step + k * plane,
                      *z = s.centred.data() + b * step + k * plane;
              sum += row_sum(g, plane);
              spread += row_product(g, z, plane);
            }
            const double inverse = 1 / std::sqrt(s.coarse.variance[o] + p.epsilon);
            const double scale = static_cast<double>(p.coarse.norm_weight[o]) * inverse;
            accumulate(gradients.norm_weight[o], spread * inverse);
            accumulate(gradients.norm_bias[o], sum);
            if (!batch) accumulate(gradients.bias[o], scale * sum);
            const S factor = static_cast<S>(scale), less = static_cast<S>(batch ? sum / s.coarse.count : 0),
                    slope = static_cast<S>(batch ? -spread * inverse * inverse / s.coarse.count : 0);
            for (std::int64_t b = 0; b < s.patches.batch; ++b) {
              S* const g = s.grad_coarse.data() + b * step + k * plane;
              const S *z = s.centred.data() + b * step + k * plane, *inside = s.patches.inside.data();
              DHT_INDEPENDENT
              for (std::int64_t x = 0; x < plane; ++x)
                g[x] = factor * inside[x] * fma(slope, z[x], g[x] - less);
            }
          }
        });
  }

  /// Back through both strided convolutions and the activation between them.
  template <class Backend>
  void middle(const Backend& backend, ConvolutionAndNorm<S>& gradients, bool wants_image) {
    const std::int64_t taps = std::int64_t{4} * channels, inner = std::int64_t{4} * features;
    const std::int64_t weights = features * 4 * inner, stride = weights + inner * (taps + 1);
    const CellBlocks blocks(s.patches.plane, s.patches.batch, stride);
    const int parts = backend.parts(blocks.blocks);
    const std::int64_t pointers = taps + features + 2 * inner, size = 2 * inner * CellBlocks::chunk;
    s.rows.resize(static_cast<std::size_t>(parts * size));
    s.pointers.resize(static_cast<std::size_t>(parts * pointers));
    s.sums.assign(static_cast<std::size_t>(blocks.blocks * stride), 0);
    if (wants_image)
      s.grad_patches.resize(static_cast<std::size_t>(4 * taps * s.patches.plane * s.patches.batch));
    backend.for_parts(
        blocks.blocks, 1, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          S* const values = s.rows.data() + part * size;
          const S** const rows = s.pointers.data() + part * pointers;
          blocks.for_chunks(
              begin, end, [&](std::int64_t block, const CellBlocks::Chunk& k) DHT_INLINE_LAMBDA {
                for (int place = 0; place < 4; ++place)
                  middle_chunk(k, place, values, rows, s.sums.data() + block * stride, wants_image);
              });
        });
    add_blocks(blocks.blocks, stride);
    for (std::int64_t i = 0; i < weights; ++i) {
      const auto k = static_cast<std::size_t>(i);
      accumulate(gradients.weight[k], s.sums[k]);
    }
    const auto products = s.sums.begin() + weights, sums = products + inner * taps;
    s.middle_sums.products.assign(products, sums);
    s.middle_sums.gradient.assign(sums, sums + inner);
  }

  /// The patches at one place of some cells. `sums`: weights of the coarse layer, products and sums of the middle one.
  DHT_INLINE void middle_chunk(const CellBlocks::Chunk& k, int place, S* values, const S** rows, double* sums,
                               bool wants_image) const {
    const int taps = 4 * channels, inner = 4 * features;
    constexpr std::int64_t pitch = CellBlocks::chunk;
    const S **inputs = rows, **upstream = inputs + taps, **active = upstream + features,
            **grads = active + inner;
    S *y = values, *g = y + inner * pitch;
    const S* const from = s.patches.values.data() + k.image * s.patches.image_size() + k.begin;
    for (int t = 0; t < taps; ++t) inputs[t] = from + s.patches.tap(t, place);
    for (int o = 0; o < features; ++o)
      upstream[o] = s.grad_coarse.data() + (k.image * features + o) * s.patches.plane + k.begin;
    for (int o = 0; o < inner; ++o) active[o] = y + o * pitch, grads[o] = g + o * pitch;
    const int n = static_cast<int>(k.size);
    net.middle_.template apply<8, 4, 3, 1>(inputs, n, y, pitch);
    s.coarse_back[place].template apply<8, 4, 3, 1>(upstream, n, g, pitch);
    double* const products = sums + features * 4 * inner;
    for (int o = 0; o < inner; ++o) {
      S *v = y + o * pitch, *u = g + o * pitch;
      DHT_INDEPENDENT
      for (int x = 0; x < n; ++x) {
        const S share = sigmoid(v[x]);
        u[x] *= silu_derivative(v[x], share);
        v[x] *= share;
      }
      products[inner * taps + o] += row_sum(u, n);
    }
    add_products(upstream, features, active, inner, n, sums + place, 4 * inner, 4);
    add_products(grads, inner, inputs, taps, n, products, taps, 1);
    if (wants_image) {
      s.middle_back.template apply<8, 4, 3, 1>(
          grads, n, s.grad_patches.data() + (k.image * 4 + place) * taps * s.patches.plane + k.begin,
          s.patches.plane);
    }
  }

  /// The sums of all blocks, in order, into those of the first.
  void add_blocks(std::int64_t blocks, std::int64_t stride) {
    for (std::int64_t block = 1; block < blocks; ++block) {
      for (std::int64_t i = 0; i < stride; ++i)
        s.sums[static_cast<std::size_t>(i)] += s.sums[static_cast<std::size_t>(block * stride + i)];
    }
  }

  /// What the batch statistics of both layers take from the image's gradient, as one map of patches.
  void merge_corrections() {
    const int taps = 4 * channels;
    s.correction.resize(taps, taps);
    for (int t = 0; t < taps; ++t) {
      const auto i = static_cast<std::size_t>(t);
      s.correction.bias[i] = static_cast<S>(-(s.middle_correction.bias[i] + s.fine_correction.bias[i / 4]));
      for (int u = 0; u < taps; ++u) {
        const auto k = static_cast<std::size_t>(t * taps + u);
        double weight = s.middle_correction.weight[k];
        if (t % 4 == u % 4)
          weight += s.fine_correction.weight[static_cast<std::size_t>(t / 4 * channels + u / 4)];
        s.correction.weight[k] = static_cast<S>(-weight);
      }
    }
  }

  /// Adds what came through the patches to the image's gradient, that of repeated pixels to the pixels they repeat.
  template <class P, class Backend>
  void finish_image(const Backend& backend, const ImageView<P>& image, S* grad_image) {
    const Patches<S>& patches = s.patches;
    const std::int64_t taps = std::int64_t{4} * channels, n = patches.columns, size = (4 * taps + 4) * n,
                       rows = std::int64_t{patches.batch} * patches.rows;
    const std::int64_t grain = 1 + 1024 / n;
    const int parts = backend.parts(rows, grain);
    s.rows.resize(static_cast<std::size_t>(parts * size));
    s.pointers.resize(static_cast<std::size_t>(parts * taps));
    backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S *const cells = s.rows.data() + part * size, *const line = cells + 4 * taps * n;
      const S** const inputs = s.pointers.data() + part * taps;
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t b = row / patches.rows, q = row % patches.rows;
        for (int place = 0; place < 4; ++place) correct(b, q, place, inputs, cells + place * taps * n);
        for (int c = 0; c < channels; ++c) {
          for (int dy = 0; dy < 4; ++dy) {
            // rows of the cell: place, then row of the patch
            join(cells + (dy / 2 * 2 * taps + 4 * c + dy % 2 * 2) * n, taps * n, line);
            add_line(image, static_cast<int>(b), c, static_cast<int>(4 * q + dy), line, grad_image);
          }
        }
      }
    });
  }

  /// The gradient of the patches at one place of a row of cells.
  DHT_INLINE void correct(std::int64_t b, std::int64_t q, int place, const S** inputs, S* out) const {
    const Patches<S>& patches = s.patches;
    const std::int64_t taps = std::int64_t{4} * channels, n = patches.columns, at = q * patches.pitch;
    const S* const in = s.grad_patches.data() + (b * 4 + place) * taps * patches.plane + at;
    const bool batch = s.middle.count > 0;
    if (batch) {
      const S* const from = patches.values.data() + b * patches.image_size() + at;
      for (int t = 0; t < taps; ++t) inputs[t] = from + patches.tap(t, place);
      s.correction.template apply<8, 4, 3, 1>(inputs, static_cast<int>(n), out, n);
    }
    for (std::int64_t t = 0; t < taps; ++t) {
      const S* const gradient = in + t * patches.plane;
      S* const to = out + t * n;
      if (batch) {
        DHT_INDEPENDENT
        for (std::int64_t x = 0; x < n; ++x) to[x] += gradient[x];
      } else {
        std::copy_n(gradient, n, to);
      }
    }
  }

  /// Four columns of cells, two at each of two places, to a line of the image.
  DHT_INLINE void join(const S* left, std::int64_t to_right, S* line) const {
    const std::int64_t n = s.patches.columns;
    const S* const right = left + to_right;
    DHT_INDEPENDENT
    for (std::int64_t x = 0; x < n; ++x) {
      line[4 * x] = left[x];
      line[4 * x + 1] = left[n + x];
      line[4 * x + 2] = right[x];
      line[4 * x + 3] = right[n + x];
    }
  }

  template <class P>
  DHT_INLINE void add_line(const ImageView<P>& image, int b, int c, int y, S* line, S* grad_image) const {
    const int width = image.width;
    for (int x = width; x < 4 * s.patches.columns; ++x) line[width - 1] += line[x];
    const S scale = net.scale_[static_cast<std::size_t>(c)];
    S* const to = grad_image +
                  ((std::int64_t{b} * channels + c) * image.height + std::min(y, image.height - 1)) * width;
    if (y < image.height) {
      DHT_INDEPENDENT
      for (int x = 0; x < width; ++x) to[x] = scale * (to[x] + line[x]);
    } else {
      DHT_INDEPENDENT
      for (int x = 0; x < width; ++x) to[x] = fma(scale, line[x], to[x]);
    }
  }
};

}  // namespace dht::detail
