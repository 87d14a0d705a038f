// SPDX-License-Identifier: MIT
// The way back of the convolutional encoder on a device: from the gradient of the features to its parameters, which live
// on the host, and to the image. The sums of ConvolutionalBackward, in its order.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/encoder/convolutional_backward.hpp>
#include <dht/encoder/device_convolutional.hpp>
#include <dht/nn/device_row_products.hpp>

namespace dht::detail {

/// What the way back needs, and its own memory, kept for the next image.
template <class S>
struct DeviceTrainingSaved {
  ConvolutionalSaved<S> host;  // shapes, statistics, the folded network; nothing of the size of an image
  DeviceConvolutionalWorkspace<S> net;  // holds the coarse map
  DeviceBuffer<S> centred;              // the coarse map before its normalisation, less its mean
  DeviceBuffer<S> numbers, correction;
  DeviceBuffer<double> means, rows, parts;

  DeviceBuffer<S> grads;                // per pixel and feature: through the last activation
  DeviceBuffer<S> upsampling;           // weights of the way back along a row
  DeviceBuffer<S> grad_coarse;          // (batch, rows, columns, features)
  DeviceBuffer<S> active, grad_middle;  // of the patches at one place: (cells, middle outputs)
  DeviceBuffer<S> grad_patches;         // (place, cells, taps)

  DevicePlane plane() const {
    return {host.patches.rows, host.patches.columns, host.patches.pitch, host.patches.plane};
  }
};

/// Through the last activation; and the 1x1 convolution's part of the image's gradient, not yet scaled.
template <class S, class P>
void device_fine_backward(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                          const DeviceBetween<S>& at, const S* coarse, const S* grad_features, S* grads,
                          S* grad_image) {
  const int n = net.features;
  backend.launch(image.total_pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width % image.height),
              b = static_cast<int>(p / image.pixels());
    for (int o = 0; o < n; ++o) {
      const S sum = net.fine.apply(o, [&](int c) DHT_INLINE_LAMBDA {
        return load_value(image, b, c, y, x, net.scale[c], net.offset[c]);
      });
      const S z = sum + device_upsampled(net, at, coarse, b, y, x, o);
      grads[p * n + o] = grad_features[p * n + o] * silu_derivative(z, sigmoid(z));
    }
    if (grad_image == nullptr) return;
    for (int c = 0; c < net.channels; ++c) {
      S sum = 0;
      for (int o = 0; o < n; ++o) sum = fma(net.fine.weight[o * net.channels + c], grads[p * n + o], sum);
      grad_image[(std::int64_t{b} * net.channels + c) * image.pixels() + p % image.pixels()] = sum;
    }
  });
}

/// Sums of the 1x1 convolution, a row for each row of the image: features x (channels and 1).
template <class S, class P>
void device_fine_products(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                          const S* grads, double* rows) {
  const int n = net.features, each = net.channels + 1;
  const std::int64_t width = std::int64_t{n} * each;
  backend.launch(
      std::int64_t{image.batch} * image.height * width, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
        const std::int64_t row = i / width, o = i % width / each;
        const int c = static_cast<int>(i % each), b = static_cast<int>(row / image.height),
                  y = static_cast<int>(row % image.height);
        const S* const g = grads + row * image.width * n + o;
        rows[i] = lane_product<S>(
            image.width, [&](std::int64_t x) DHT_INLINE_LAMBDA { return g[x * n]; },
            [&](std::int64_t x) DHT_INLINE_LAMBDA {
              return c == net.channels
                         ? S(1)
                         : load_value(image, b, c, y, static_cast<int>(x), net.scale[c], net.offset[c]);
            });
      });
}

/// Rows of the image added up by bands.
inline void device_add_bands(const backend::Thrust& backend, const Bands& bands, int height,
                             std::int64_t width, const double* rows, double* out) {
  backend.launch(bands.count * width, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t band = i / width, first = band % bands.per_image * bands.rows,
                       image = band / bands.per_image * height;
    double sum = 0;
    const std::int64_t end = bands.first_row(first + bands.rows, height);
    for (std::int64_t y = bands.first_row(first, height); y < end; ++y)
      sum += rows[(image + y) * width + i % width];
    out[i] = sum;
  });
}

/// The gradient of the coarse map: rows of the image between two coarse ones are added up first, those of another band
/// apart; then along the row, as UpsamplingBackward.
template <class S>
void device_coarse_gradient(const backend::Thrust& backend, const DeviceNet<S>& net,
                            const DeviceBetween<S>& at, const Bands& bands, const S* along, const S* grads,
                            S* grad_coarse) {
  const int n = net.features, width = net.width, height = net.height, columns = net.columns;
  backend.launch(net.cells() * n, [=] DHT_DEVICE(std::int64_t k) DHT_DEVICE_INLINE {
    const int o = static_cast<int>(k % n), j = static_cast<int>(k / n % columns);
    const std::int64_t i = k / n / columns % net.rows, b = k / n / columns / net.rows;
    const S* const g = grads + b * height * width * n + o;
    const std::int64_t above = i > 0 ? bands.first_row(i - 1, height) : 0, here = bands.first_row(i, height),
                       below = bands.first_row(i + 1, height);
    const auto column = [&](std::int64_t x, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S sum = 0;
      for (std::int64_t y = begin; y < end && x < width; ++y) {
        const S share = at.row_share[y];
        sum = fma(y < here ? share : 1 - share, g[(y * width + x) * n], sum);
      }
      return sum;
    };
    const auto row = [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S sum = 0;
      for (int phase = 0; phase < 4; ++phase) {
        const S* const w = along + std::int64_t{phase} * 3 * columns + j;
        const std::int64_t x = 4 * std::int64_t{j} + phase;
        const S left = j > 0 ? column(x - 4, begin, end) : S(0),
                right = j + 1 < columns ? column(x + 4, begin, end) : S(0);
        sum = fma(w[0], left, fma(w[columns], column(x, begin, end), fma(w[2 * columns], right, sum)));
      }
      return sum;
    };
    const bool seam = i > 0 && i % bands.rows == 0;
    S sum = row(seam ? here : above, below);
    if (seam) sum += row(above, here);
    grad_coarse[k] = sum;
  });
}

/// Sums of the coarse map's gradient, and of its products with the map: a row for each image.
template <class S>
void device_coarse_products(const backend::Thrust& backend, const DeviceNet<S>& net, const DevicePlane& plane,
                            const S* grad, const S* centred, double* rows) {
  const std::int64_t cells = std::int64_t{net.rows} * net.columns;
  const int n = net.features;
  backend.launch(std::int64_t{net.batch} * 2 * n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t begin = i / (2 * n) * cells * n + i % n;
    const auto at = [&](const S* map, std::int64_t x) DHT_INLINE_LAMBDA {
      const std::int64_t cell = plane.cell(x);
      return cell < 0 ? S(0) : map[begin + cell * n];
    };
    const auto g = [&](std::int64_t x) DHT_INLINE_LAMBDA { return at(grad, x); };
    rows[i] = i % (2 * n) < n ? lane_total<S>(plane.plane, g)
                              : lane_product<S>(plane.plane, g, [&](std::int64_t x) DHT_INLINE_LAMBDA {
                                  return at(centred, x);
                                });
  });
}

/// Back through the normalisation, in place. `numbers`: factor, less and slope of each feature.
template <class S>
void device_coarse_normalise(const backend::Thrust& backend, std::int64_t cells, int n, const S* numbers,
                             const S* centred, S* grad) {
  backend.launch(cells * n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t o = i % n;
    grad[i] = numbers[o] * fma(numbers[2 * n + o], centred[i], grad[i] - numbers[n + o]);
  });
}

/// The patches at one place: activations and gradients of the middle layer, and the gradient of the patches unless
/// `grad_patches` is null.
template <class S, class P, class Channels>
void device_middle_backward(const backend::Thrust& backend, const ImageView<P>& image,
                            const DeviceNet<S>& net, Channels, int place, const S* grad_coarse, S* active,
                            S* grads, S* grad_patches) {
  const int n = net.features, inner = net.middle.outputs, taps = net.middle.taps;
  backend.launch(net.cells(), [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const DeviceCell<S, P, Channels> cell(image, net, static_cast<int>(i / net.columns / net.rows),
                                          static_cast<int>(i / net.columns % net.rows),
                                          static_cast<int>(i % net.columns));
    for (int m = 0; m < inner; ++m) {
      const S v = net.middle.apply(m, [&](int t) DHT_INLINE_LAMBDA { return cell.tap(t, place); });
      S g = 0;
      for (int o = 0; o < n; ++o)
        g = fma(net.coarse.weight[o * net.coarse.taps + place + m * 4], grad_coarse[i * n + o], g);
      const S share = sigmoid(v);
      grads[i * inner + m] = g * silu_derivative(v, share);
      active[i * inner + m] = v * share;
    }
    if (grad_patches == nullptr) return;
    for (int t = 0; t < taps; ++t) {
      S sum = 0;
      for (int m = 0; m < inner; ++m) sum = fma(net.middle.weight[m * taps + t], grads[i * inner + m], sum);
      grad_patches[i * taps + t] = sum;
    }
  });
}

/// Sums of both strided convolutions over the patches at one place: in every row the coarse layer's weights, then products
/// and sums of the middle one.
template <class S, class P>
void device_middle_products(const backend::Thrust& backend, const ImageView<P>& image,
                            const DeviceNet<S>& net, const DevicePlane& plane, const CellBlocks& blocks,
                            int place, const S* grad_coarse, const S* active, const S* grads, double* rows) {
  const int n = net.features, inner = net.middle.outputs, taps = net.middle.taps;
  const std::int64_t weights = std::int64_t{n} * 4 * inner,
                     stride = weights + inner * (taps + std::int64_t{1}),
                     cells = std::int64_t{net.rows} * net.columns;
  backend.launch(blocks.chunks * stride, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t k = i / stride, j = i % stride,
                       begin = k % blocks.chunks_per_image * CellBlocks::chunk, rest = blocks.plane - begin,
                       size = rest < CellBlocks::chunk ? rest : CellBlocks::chunk,
                       b = k / blocks.chunks_per_image;
    const auto of = [&](const S* map, int width, std::int64_t which, std::int64_t x) DHT_INLINE_LAMBDA {
      const std::int64_t cell = plane.cell(begin + x);
      return cell < 0 ? S(0) : map[(b * cells + cell) * width + which];
    };
    double sum = 0;
    if (j < weights) {
      const std::int64_t o = j / (4 * inner), m = j / 4 % inner;
      if (j % 4 == place)
        sum = lane_product<S>(
            size, [&](std::int64_t x) DHT_INLINE_LAMBDA { return of(grad_coarse, n, o, x); },
            [&](std::int64_t x) DHT_INLINE_LAMBDA { return of(active, inner, m, x); });
    } else if (j < weights + inner * taps) {
      const std::int64_t m = (j - weights) / taps;
      const int t = static_cast<int>((j - weights) % taps);
      sum = lane_product<S>(
          size, [&](std::int64_t x) DHT_INLINE_LAMBDA { return of(grads, inner, m, x); },
          [&](std::int64_t x) DHT_INLINE_LAMBDA {
            const std::int64_t cell = plane.cell(begin + x);
            if (cell < 0) return S(0);
            return DeviceCell<S, P, int>(image, net, static_cast<int>(b),
                                         static_cast<int>(cell / net.columns),
                                         static_cast<int>(cell % net.columns))
                .tap(t, place);
          });
    } else {
      sum = lane_total<S>(size, [&](std::int64_t x) DHT_INLINE_LAMBDA {
        return of(grads, inner, j - weights - inner * taps, x);
      });
    }
    rows[(k * 4 + place) * stride + j] = sum;
  });
}

/// The gradient of a pixel of the extended image by what its patch got, batch statistics included where `correction`
/// has outputs.
template <class S, class P>
DHT_HOST_DEVICE DHT_INLINE S device_patch_gradient(const ImageView<P>& image, const DeviceNet<S>& net,
                                                   const DeviceMap<S>& correction, const S* grad_patches,
                                                   int b, int c, int y, int x) {
  const int taps = net.middle.taps, place = y % 4 / 2 * 2 + x % 4 / 2, t = 4 * c + y % 2 * 2 + x % 2;
  const std::int64_t cell = (std::int64_t{b} * net.rows + y / 4) * net.columns + x / 4;
  const S gradient = grad_patches[(place * net.cells() + cell) * taps + t];
  if (correction.outputs == 0) return gradient;
  const DeviceCell<S, P, int> pixels(image, net, b, y / 4, x / 4);
  return correction.apply(t, [&](int u) DHT_INLINE_LAMBDA { return pixels.tap(u, place); }) + gradient;
}

/// Adds what came through the patches to the image's gradient, that of repeated pixels to the pixels they repeat.
template <class S, class P>
void device_finish_image(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                         const DeviceMap<S>& correction, const S* grad_patches, S* grad_image) {
  backend.launch(image.total_pixels() * net.channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t plane = i / image.pixels(), p = i % image.pixels();
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width),
              c = static_cast<int>(plane % net.channels), b = static_cast<int>(plane / net.channels);
    const auto line = [&](int row) DHT_INLINE_LAMBDA {
      S sum = device_patch_gradient(image, net, correction, grad_patches, b, c, row, x);
      for (int k = x + 1; x + 1 == image.width && k < 4 * net.columns; ++k)
        sum += device_patch_gradient(image, net, correction, grad_patches, b, c, row, k);
      return sum;
    };
    S sum = net.scale[c] * (grad_image[i] + line(y));
    for (int row = y + 1; y + 1 == image.height && row < 4 * net.rows; ++row)
      sum = fma(net.scale[c], line(row), sum);
    grad_image[i] = sum;
  });
}

/// One way back; lives as long as a call.
template <class S>
struct DeviceConvolutionalBackward {
  const backend::Thrust& backend;
  const ConvolutionalParameters<S>& p;
  DeviceTrainingSaved<S>& s;

  template <class P>
  void run(const ImageView<P>& image, const S* grad_features, ConvolutionalParameters<S>& gradients,
           S* grad_image) {
    ConvolutionalSaved<S>& host = s.host;
    const DeviceNet<S> net = DeviceAccess::net(backend, *host.folded, image, s.net);
    fine(image, net, grad_features, grad_image);
    coarse(net, gradients.coarse);
    middle(image, net, gradients.coarse, grad_image != nullptr);
    norm_backward(p.fine, host.fine, host.pixel, p.epsilon, host.fine_sums, gradients.fine,
                  host.fine_correction);
    norm_backward(p.middle, host.middle, host.patch, p.epsilon, host.middle_sums, gradients.middle,
                  host.middle_correction);
    if (grad_image == nullptr) return;
    device_finish_image(backend, image, net, correction(), s.grad_patches.data(), grad_image);
  }

  template <class P>
  void fine(const ImageView<P>& image, const DeviceNet<S>& net, const S* grad_features, S* grad_image) {
    ConvolutionalSaved<S>& host = s.host;
    const DeviceBetween<S> at = device_between(backend, net, s.net);
    const Bands bands(host.patches);
    const std::int64_t n = net.features, width = n * (net.channels + 1),
                       rows = std::int64_t{image.batch} * image.height;
    S* const grads = backend.resize(s.grads, image.total_pixels() * n);
    device_fine_backward(backend, image, net, at, s.net.coarse.data(), grad_features, grads, grad_image);
    double* const products = backend.resize(s.rows, (rows + bands.count) * width);
    device_fine_products(backend, image, net, grads, products);
    device_add_bands(backend, bands, image.height, width, products, products + rows * width);
    host.upsampling.resize(net.columns);
    const S* const along =
        backend.upload(host.upsampling.weight.data(),
                       static_cast<std::int64_t>(host.upsampling.weight.size()), s.upsampling);
    device_coarse_gradient(backend, net, at, bands, along, grads,
                           backend.resize(s.grad_coarse, net.cells() * n));
    device_add_rows(backend, products + rows * width, bands.count, bands.count, width, s.parts, host.sums);
    host.fine_sums.products.clear();
    host.fine_sums.gradient.clear();
    for (std::size_t i = 0; i < host.sums.size(); ++i) {
      const bool last =
          i % static_cast<std::size_t>(net.channels + 1) == static_cast<std::size_t>(net.channels);
      (last ? host.fine_sums.gradient : host.fine_sums.products).push_back(host.sums[i]);
    }
  }

  void coarse(const DeviceNet<S>& net, ConvolutionAndNorm<S>& gradients) {
    const NormStatistics& norm = s.host.coarse;
    const auto n = static_cast<std::size_t>(net.features);
    const bool batch = norm.count > 0;
    double* const rows = backend.resize(s.rows, std::int64_t{net.batch} * 2 * net.features);
    device_coarse_products(backend, net, s.plane(), s.grad_coarse.data(), s.centred.data(), rows);
    std::vector<double> sums;
    device_add_rows(backend, rows, net.batch, net.batch, 2 * net.features, s.parts, sums);
    std::vector<S> numbers(3 * n);
    for (std::size_t o = 0; o < n; ++o) {
      const double sum = sums[o], spread = sums[n + o];
      const double inverse = 1 / std::sqrt(norm.variance[o] + p.epsilon);
      const double scale = static_cast<double>(p.coarse.norm_weight[o]) * inverse;
      accumulate(gradients.norm_weight[o], spread * inverse);
      accumulate(gradients.norm_bias[o], sum);
      if (!batch) accumulate(gradients.bias[o], scale * sum);
      numbers[o] = static_cast<S>(scale);
      numbers[n + o] = static_cast<S>(batch ? sum / norm.count : 0);
      numbers[2 * n + o] = static_cast<S>(batch ? -spread * inverse * inverse / norm.count : 0);
    }
    const S* const at = backend.upload(numbers.data(), static_cast<std::int64_t>(3 * n), s.numbers);
    device_coarse_normalise(backend, net.cells(), net.features, at, s.centred.data(), s.grad_coarse.data());
  }

  template <class P>
  void middle(const ImageView<P>& image, const DeviceNet<S>& net, ConvolutionAndNorm<S>& gradients,
              bool wants_image) {
    ConvolutionalSaved<S>& host = s.host;
    const std::int64_t taps = net.middle.taps, inner = net.middle.outputs,
                       weights = std::int64_t{net.features} * 4 * inner,
                       stride = weights + inner * (taps + 1), cells = net.cells();
    const CellBlocks blocks(host.patches.plane, net.batch, stride);
    S* const active = backend.resize(s.active, cells * inner);
    S* const grads = backend.resize(s.grad_middle, cells * inner);
    S* const patches = wants_image ? backend.resize(s.grad_patches, 4 * cells * taps) : nullptr;
    double* const rows = backend.resize(s.rows, blocks.chunks * 4 * stride);
    for (int place = 0; place < 4; ++place) {
      with_features(net.channels, [&](auto channels) {
        device_middle_backward(backend, image, net, channels, place, s.grad_coarse.data(), active, grads,
                               patches ? patches + place * cells * taps : nullptr);
      });
      device_middle_products(backend, image, net, s.plane(), blocks, place, s.grad_coarse.data(), active,
                             grads, rows);
    }
    device_add_rows(backend, rows, blocks.chunks * 4, blocks.per_block * 4, stride, s.parts, host.sums);
    for (std::size_t i = 0; i < static_cast<std::size_t>(weights); ++i)
      accumulate(gradients.weight[i], host.sums[i]);
    const auto products = host.sums.begin() + weights, sums = products + inner * taps;
    host.middle_sums.products.assign(products, sums);
    host.middle_sums.gradient.assign(sums, host.sums.end());
  }

  /// What the batch statistics take from the image's gradient; without outputs where there are none.
  DeviceMap<S> correction() {
    if (s.host.middle.count == 0) return {nullptr, nullptr, 0, 0};
    DeviceAccess::merge_corrections(ConvolutionalBackward<S>(p, s.host));
    const RowMap<S>& map = s.host.correction;
    std::vector<S> numbers(map.weight);
    numbers.insert(numbers.end(), map.bias.begin(), map.bias.end());
    const S* const at =
        backend.upload(numbers.data(), static_cast<std::int64_t>(numbers.size()), s.correction);
    return {at, at + map.weight.size(), map.taps, map.outputs};
  }
};

}  // namespace dht::detail
