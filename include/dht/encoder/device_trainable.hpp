// SPDX-License-Identifier: MIT
// The paper's encoder f in training on a device: forward with the statistics of the batch, and the way back. All sums have
// the order of the host's, lane by lane and block by block.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/encoder/device_convolutional.hpp>
#include <dht/encoder/device_convolutional_backward.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/nn/device_row_products.hpp>

namespace dht {

namespace detail {

/// Sums of the extended image: per row of cells and channel, then the mean of each channel.
template <class S, class P>
void device_channel_means(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                          double* rows, double* mean) {
  const int channels = net.channels;
  const std::int64_t count = std::int64_t{net.batch} * net.rows;
  const double pixels = 16.0 * net.batch * net.rows * net.columns;
  backend.launch(count * channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const int c = static_cast<int>(i % channels), q = static_cast<int>(i / channels % net.rows),
              b = static_cast<int>(i / channels / net.rows);
    double sum = 0;
    for (int dy = 0; dy < 4; ++dy) {
      const int y = 4 * q + dy < image.height ? 4 * q + dy : image.height - 1;
      sum += lane_total<S>(4 * net.columns, [&](std::int64_t x) DHT_INLINE_LAMBDA {
        return load_value(image, b, c, y, static_cast<int>(x < image.width ? x : image.width - 1),
                          net.scale[c], net.offset[c]);
      });
    }
    rows[i] = sum;
  });
  backend.launch(channels, [=] DHT_DEVICE(std::int64_t c) DHT_DEVICE_INLINE {
    double sum = 0;
    for (std::int64_t r = 0; r < count; ++r) sum += rows[r * channels + c];
    mean[c] = sum / pixels;
  });
}

/// Products of the taps of patches, and their sums, less their channel's mean: a row for each chunk of cells and place.
template <class S, class P>
void device_patch_products(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                           const DevicePlane& plane, const CellBlocks& blocks, const double* mean,
                           double* rows) {
  const std::int64_t taps = std::int64_t{4} * net.channels, stride = taps * (taps + 1);
  backend.launch(blocks.chunks * 4 * stride, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t j = i % stride, k = i / stride / 4, t = j / taps, u = j % taps;
    const int place = static_cast<int>(i / stride % 4);
    if (t < taps && u < t) {  // the same as its mirror image
      rows[i] = 0;
      return;
    }
    const std::int64_t begin = k % blocks.chunks_per_image * CellBlocks::chunk, rest = blocks.plane - begin,
                       size = rest < CellBlocks::chunk ? rest : CellBlocks::chunk;
    const int b = static_cast<int>(k / blocks.chunks_per_image);
    const auto centred = [&](std::int64_t x, std::int64_t tap) DHT_INLINE_LAMBDA {
      const std::int64_t cell = plane.cell(begin + x);
      if (cell < 0) return S(0);
      const DeviceCell<S, P, int> pixels(image, net, b, static_cast<int>(cell / plane.columns),
                                         static_cast<int>(cell % plane.columns));
      return pixels.tap(static_cast<int>(tap), place) - static_cast<S>(mean[tap / 4]);
    };
    if (t == taps)
      rows[i] = lane_total<S>(size, [&](std::int64_t x) DHT_INLINE_LAMBDA { return centred(x, u); });
    else
      rows[i] = lane_product<S>(
          size, [&](std::int64_t x) DHT_INLINE_LAMBDA { return centred(x, t); },
          [&](std::int64_t x) DHT_INLINE_LAMBDA { return centred(x, u); });
  });
}

/// Sums of the coarse map, image after image and feature after feature: of its values, or of their squares.
template <class S>
void device_coarse_sums(const backend::Thrust& backend, const DeviceNet<S>& net, const DevicePlane& plane,
                        const S* map, bool squares, double* out) {
  const std::int64_t cells = std::int64_t{net.rows} * net.columns;
  const int features = net.features;
  backend.launch(std::int64_t{net.batch} * features, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const S* const of = map + i / features * cells * features + i % features;
    const auto value = [&](std::int64_t x) DHT_INLINE_LAMBDA {
      const std::int64_t cell = plane.cell(x);
      return cell < 0 ? S(0) : of[cell * features];
    };
    out[i] = squares ? lane_product<S>(plane.plane, value, value) : lane_total<S>(plane.plane, value);
  });
}

/// centred = map - less; and map = centred * scale + shift.
template <class S>
void device_centre(const backend::Thrust& backend, std::int64_t cells, int features, const S* map,
                   const S* less, S* centred) {
  backend.launch(cells * features, [=] DHT_DEVICE(std::int64_t i)
                                       DHT_DEVICE_INLINE { centred[i] = map[i] - less[i % features]; });
}
template <class S>
void device_scale(const backend::Thrust& backend, std::int64_t cells, int features, const S* centred,
                  const S* scale, const S* shift, S* map) {
  backend.launch(cells * features, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    map[i] = fma(centred[i], scale[i % features], shift[i % features]);
  });
}

/// Training forward; lives as long as a call.
template <class S>
struct DeviceTraining {
  const backend::Thrust& backend;
  const TrainableEncoder<S>& encoder;
  DeviceTrainingSaved<S>& s;

  template <class P>
  bool forward(const ImageView<P>& image, S* features) {
    ConvolutionalSaved<S>& host = s.host;
    const ConvolutionalParameters<S>& parameters = encoder.parameters();
    const bool batch = encoder.statistics() == Statistics::batch;
    DeviceAccess::begin(encoder, image, host);
    if (batch) {
      measure(image);
    } else {
      running_statistics_of(parameters.fine, host.fine);
      running_statistics_of(parameters.middle, host.middle);
    }
    DeviceAccess::set_plain_coarse(parameters, host);
    const DeviceNet<S> net = DeviceAccess::net(backend, *host.folded, image, s.net);
    S* const coarse = backend.resize(s.net.coarse, net.cells() * net.features);
    with_features(net.channels, [&](auto channels) { device_coarse(backend, image, net, channels, coarse); });
    normalise(net, parameters, batch);
    device_fine(backend, image, net, device_between(backend, net, s.net), coarse, features,
                s.net.finite.begin(backend));
    return s.net.finite.end(backend);
  }

  /// The batch statistics of the two layers that see the image.
  template <class P>
  void measure(const ImageView<P>& image) {
    ConvolutionalSaved<S>& host = s.host;
    const DeviceNet<S> net = DeviceAccess::net(backend, *host.folded, image, s.net);
    const std::int64_t taps = std::int64_t{4} * net.channels, stride = taps * (taps + 1);
    const CellBlocks blocks(host.patches.plane, net.batch, stride);
    double* const mean = backend.resize(s.means, net.channels);
    device_channel_means(backend, image, net,
                         backend.resize(s.rows, std::int64_t{net.batch} * net.rows * net.channels), mean);
    host.pixel.mean.resize(static_cast<std::size_t>(net.channels));
    backend.download(mean, net.channels, host.pixel.mean.data());
    double* const rows = backend.resize(s.rows, blocks.chunks * 4 * stride);
    device_patch_products(backend, image, net, s.plane(), blocks, mean, rows);
    device_add_rows(backend, rows, blocks.chunks * 4, blocks.per_block * 4, stride, s.parts, host.sums);
    DeviceAccess::finish_moments(encoder, host);
  }

  void normalise(const DeviceNet<S>& net, const ConvolutionalParameters<S>& parameters, bool batch) {
    NormStatistics& norm = s.host.coarse;
    running_statistics_of(parameters.coarse, norm);
    if (batch) norm.count = s.host.patches.pixels() / 16;
    const auto n = static_cast<std::size_t>(net.features);
    std::vector<S> numbers(3 * n);
    std::vector<double> sums;
    if (batch) sums = coarse_sums(net, s.net.coarse.data(), false);
    for (std::size_t o = 0; o < n; ++o) {
      const double bias = static_cast<double>(parameters.coarse.bias[o]);
      const double mean = batch ? sums[o] / norm.count : norm.mean[o] - bias;
      if (batch) norm.mean[o] = mean + bias;
      numbers[o] = static_cast<S>(mean);
    }
    const S* at = backend.upload(numbers.data(), static_cast<std::int64_t>(3 * n), s.numbers);
    S* const centred = backend.resize(s.centred, net.cells() * net.features);
    device_centre(backend, net.cells(), net.features, s.net.coarse.data(), at, centred);
    if (batch) sums = coarse_sums(net, centred, true);
    for (std::size_t o = 0; o < n; ++o) {
      if (batch) norm.variance[o] = sums[o] / norm.count;
      numbers[n + o] = static_cast<S>(static_cast<double>(parameters.coarse.norm_weight[o]) /
                                      std::sqrt(norm.variance[o] + parameters.epsilon));
      numbers[2 * n + o] = parameters.coarse.norm_bias[o];
    }
    at = backend.upload(numbers.data(), static_cast<std::int64_t>(3 * n), s.numbers);
    device_scale(backend, net.cells(), net.features, centred, at + n, at + 2 * n, s.net.coarse.data());
  }

  /// Over all images, in order.
  std::vector<double> coarse_sums(const DeviceNet<S>& net, const S* map, bool squares) {
    double* const rows = backend.resize(s.rows, std::int64_t{net.batch} * net.features);
    device_coarse_sums(backend, net, s.plane(), map, squares, rows);
    std::vector<double> sums;
    device_add_rows(backend, rows, net.batch, net.batch, net.features, s.parts, sums);
    return sums;
  }
};

}  // namespace detail

/// f of the method in training, on a device. Statistics of the batch are waited for four times, gradients three times.
template <class S>
struct DeviceEncoder<TrainableEncoder<S>> {
  struct Workspace {
    typename TrainableEncoder<S>::Workspace host;
    detail::DeviceConvolutionalWorkspace<S> net;
  };
  using Saved = detail::DeviceTrainingSaved<S>;

  template <class P>
  static bool encode(const backend::Thrust& backend, const TrainableEncoder<S>& encoder,
                     const OnDevice<ImageView<P>>& image, S* features, Workspace& w) {
    detail::DeviceAccess::fold(encoder, w.host);
    return detail::device_encode(backend, *w.host.folded, image.view(), features, w.net);
  }

  template <class P>
  static bool forward(const backend::Thrust& backend, const TrainableEncoder<S>& encoder,
                      const OnDevice<ImageView<P>>& image, S* features, Saved& saved) {
    return detail::DeviceTraining<S>{backend, encoder, saved}.forward(image.view(), features);
  }

  template <class P>
  static void backward(const backend::Thrust& backend, const TrainableEncoder<S>& encoder,
                       const OnDevice<ImageView<P>>& image, const S* grad_features, Saved& saved,
                       typename TrainableEncoder<S>::Gradients& gradients, S* grad_image) {
    detail::DeviceAccess::check(encoder, image.view(), saved.host, gradients);
    detail::DeviceConvolutionalBackward<S>{backend, encoder.parameters(), saved}.run(
        image.view(), grad_features, gradients, grad_image);
  }
};

}  // namespace dht
