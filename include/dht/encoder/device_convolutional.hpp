// SPDX-License-Identifier: MIT
// The paper's encoder f on a device, in inference: one kernel for both strided convolutions, one for the full resolution.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/backend/atomics.hpp>
#include <dht/backend/thrust.hpp>
#include <dht/core/transpose.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/device_encoder.hpp>
#include <dht/nn/upsampling.hpp>

namespace dht {
namespace detail {

/// A convolution's numbers on a device: weight outputs x taps.
template <class S>
struct DeviceMap {
  const S *weight, *bias;
  int taps, outputs;

  /// bias + sum of weight * tap, in the order of the taps.
  template <class Tap>
  DHT_HOST_DEVICE DHT_INLINE S apply(int output, const Tap& tap) const {
    S sum = bias[output];
    for (int t = 0; t < taps; ++t) sum = fma(weight[output * taps + t], tap(t), sum);
    return sum;
  }
};

/// A network's numbers on a device, and the shape of what it works on.
template <class S>
struct DeviceNet {
  DeviceMap<S> fine, middle, coarse;
  const S *scale, *offset;                                      // of each channel
  int channels, features, batch, height, width, rows, columns;  // rows and columns of coarse pixels

  DHT_HOST_DEVICE std::int64_t cells() const { return std::int64_t{batch} * rows * columns; }
};

/// Where upsampled rows and columns lie.
template <class S>
struct DeviceBetween {
  const std::int32_t *row, *column;
  const S *row_share, *column_share;
};

/// Scratch memory of the encoder on a device, kept for the next image.
template <class S>
struct DeviceConvolutionalWorkspace {
  std::vector<S> numbers;  // on the host, before they are uploaded
  DeviceBuffer<S> parameters, coarse, shares;
  DeviceBuffer<std::int32_t> lows;
  DeviceFinite finite;
};

/// What the device reads of a folded encoder, and what it leaves to the host of an encoder in training.
struct DeviceAccess {
  /// Checks an image, folds the parameters anew, and keeps the shape.
  template <class Encoder, class Image, class Saved>
  static void begin(const Encoder& encoder, const Image& image, Saved& saved) {
    encoder.check_image(image);
    encoder.fold(saved.folded);
    saved.height = image.height;
    saved.width = image.width;
    saved.patches.shape(image);
  }
  template <class Encoder, class Workspace>
  static void fold(const Encoder& encoder, Workspace& w) {
    encoder.fold(w.folded);
  }
  /// From `saved.sums`, those of all patches, to the statistics of both layers behind, folded in.
  template <class Encoder, class Saved>
  static void finish_moments(const Encoder& encoder, Saved& saved) {
    saved.patches.finish(1, saved.sums, saved.patch, saved.pixel);
    encoder.fold_moments(saved);
  }
  /// The map of the coarse layer has to be there before its statistics.
  template <class Parameters, class Saved>
  static void set_plain_coarse(const Parameters& parameters, Saved& saved) {
    saved.folded->coarse_.weight = parameters.coarse.weight;
    std::fill(saved.folded->coarse_.bias.begin(), saved.folded->coarse_.bias.end(), 0);
  }
  template <class Encoder, class Image, class Saved, class Gradients>
  static void check(const Encoder& encoder, const Image& image, const Saved& saved,
                    const Gradients& gradients) {
    encoder.check_saved(image, saved);
    encoder.check_gradients(gradients);
  }
  template <class Backward>
  static void merge_corrections(Backward&& backward) {
    backward.merge_corrections();
  }

  /// Uploads all numbers in one copy.
  template <class S, class P>
  static DeviceNet<S> net(const backend::Thrust& backend, const ConvolutionalEncoder<S>& encoder,
                          const ImageView<P>& image, DeviceConvolutionalWorkspace<S>& w) {
    w.numbers.clear();
    const std::vector<S>* const parts[] = {
        &encoder.fine_.weight,   &encoder.fine_.bias,   &encoder.middle_.weight, &encoder.middle_.bias,
        &encoder.coarse_.weight, &encoder.coarse_.bias, &encoder.scale_,         &encoder.offset_};
    std::size_t begin[8];
    for (int i = 0; i < 8; ++i) {
      begin[i] = w.numbers.size();
      w.numbers.insert(w.numbers.end(), parts[i]->begin(), parts[i]->end());
    }
    const S* const at =
        backend.upload(w.numbers.data(), static_cast<std::int64_t>(w.numbers.size()), w.parameters);
    const auto map = [&](const RowMap<S>& m, int i) {
      return DeviceMap<S>{at + begin[i], at + begin[i + 1], m.taps, m.outputs};
    };
    return {map(encoder.fine_, 0),
            map(encoder.middle_, 2),
            map(encoder.coarse_, 4),
            at + begin[6],
            at + begin[7],
            encoder.channels_,
            encoder.features_,
            image.batch,
            image.height,
            image.width,
            image.height / 4 + (image.height % 4 != 0),
            image.width / 4 + (image.width % 4 != 0)};
  }
};

/// The 4 x 4 pixels that a coarse pixel sees, extended by the image's last row and column; held where the number of
/// channels is known to the compiler.
template <class S, class P, class Channels>
struct DeviceCell {
  static constexpr bool held = !std::is_same_v<Channels, int>;
  static constexpr int most = [] {
    if constexpr (held)
      return 16 * Channels::value;
    else
      return 1;
  }();
  const ImageView<P>& image;
  const DeviceNet<S>& net;
  int b, q, x;
  S values[most];

  DHT_HOST_DEVICE DHT_INLINE DeviceCell(const ImageView<P>& picture, const DeviceNet<S>& network, int batch,
                                        int row, int column)
      : image(picture), net(network), b(batch), q(row), x(column) {
    if constexpr (held) {
      for (int i = 0; i < most; ++i) values[i] = load(i / 16, i / 4 % 4, i % 4);
    }
  }
  DHT_HOST_DEVICE DHT_INLINE S load(int c, int dy, int dx) const {
    const int row = 4 * q + dy, column = 4 * x + dx;
    return load_value(image, b, c, row < image.height ? row : image.height - 1,
                      column < image.width ? column : image.width - 1, net.scale[c], net.offset[c]);
  }
  /// Tap t (channel, row, column) of the patch at `place`.
  DHT_HOST_DEVICE DHT_INLINE S tap(int t, int place) const {
    const int dy = place / 2 * 2 + t % 4 / 2, dx = place % 2 * 2 + t % 2;
    if constexpr (held)
      return values[t / 4 * 16 + dy * 4 + dx];
    else
      return load(t / 4, dy, dx);
  }
};

/// The cells of an image as Patches numbers them: row after row, with one more column.
struct DevicePlane {
  int rows, columns;
  std::int64_t pitch, plane;

  /// Which cell of an image a place in the plane is, or -1.
  DHT_HOST_DEVICE DHT_INLINE std::int64_t cell(std::int64_t place) const {
    const std::int64_t q = place / pitch, x = place % pitch;
    return q < rows && x < columns ? q * columns + x : -1;
  }
};

/// Both strided convolutions: coarse map (batch, rows, columns, features). The middle map is never stored; more than 8
/// features compute it once for each 8.
template <class S, class P, class Channels>
void device_coarse(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                   Channels, S* coarse) {
  backend.launch(net.cells(), [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const DeviceCell<S, P, Channels> cell(image, net, static_cast<int>(i / net.columns / net.rows),
                                          static_cast<int>(i / net.columns % net.rows),
                                          static_cast<int>(i % net.columns));
    const int inner = net.middle.outputs;
    for (int first = 0; first < net.features; first += 8) {
      const int n = net.features - first < 8 ? net.features - first : 8;
      S sum[8];
      for (int k = 0; k < n; ++k) sum[k] = net.coarse.bias[first + k];
      for (int m = 0; m < inner; ++m) {
        for (int place = 0; place < 4; ++place) {
          const S v = silu(net.middle.apply(m, [&](int t) DHT_INLINE_LAMBDA { return cell.tap(t, place); }));
          const S* const w = net.coarse.weight + std::int64_t{first} * 4 * inner + m * 4 + place;
          for (int k = 0; k < n; ++k) sum[k] = fma(w[k * 4 * inner], v, sum[k]);
        }
      }
      for (int k = 0; k < n; ++k) coarse[i * net.features + first + k] = sum[k];
    }
  });
}

template <class S>
DeviceBetween<S> device_between(const backend::Thrust& backend, const DeviceNet<S>& net,
                                DeviceConvolutionalWorkspace<S>& w) {
  const int height = net.height, width = net.width, rows = net.rows, columns = net.columns;
  std::int32_t* const low = backend.resize(w.lows, std::int64_t{height} + width);
  S* const share = backend.resize(w.shares, std::int64_t{height} + width);
  backend.launch(std::int64_t{height} + width, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t coarse = i < height ? rows : columns;
    const Between<S> at = between<S>(i < height ? i : i - height, 4 * coarse, coarse);
    low[i] = at.low;
    share[i] = at.share;
  });
  return {low, low + height, share, share + height};
}

/// The upsampled coarse map's feature o at row y of image b and column x.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S device_upsampled(const DeviceNet<S>& net, const DeviceBetween<S>& at,
                                              const S* coarse, int b, int y, int x, int o) {
  const std::int64_t low = at.row[y], high = low + (low + 1 < net.rows ? 1 : 0), left = at.column[x],
                     right = left + 1 < net.columns ? left + 1 : net.columns - 1;
  const S* const map = coarse + std::int64_t{b} * net.rows * net.columns * net.features + o;
  const S share = at.column_share[x];
  const auto along = [&](std::int64_t row) DHT_INLINE_LAMBDA {
    const S from = map[(row * net.columns + left) * net.features];
    return fma(share, map[(row * net.columns + right) * net.features] - from, from);
  };
  const S up = along(low), down = along(high);
  return fma(at.row_share[y], down - up, up);
}

/// The full resolution.
template <class S, class P>
void device_fine(const backend::Thrust& backend, const ImageView<P>& image, const DeviceNet<S>& net,
                 const DeviceBetween<S>& at, const S* coarse, S* features, std::int32_t* bad) {
  backend.launch(image.total_pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width % image.height),
              b = static_cast<int>(p / image.pixels());
    bool finite = true;
    for (int o = 0; o < net.features; ++o) {
      const S sum = net.fine.apply(o, [&](int c) DHT_INLINE_LAMBDA {
        return load_value(image, b, c, y, x, net.scale[c], net.offset[c]);
      });
      const S v = silu(sum + device_upsampled(net, at, coarse, b, y, x, o));
      finite &= is_finite(v);
      features[p * net.features + o] = v;
    }
    if (!finite) shared_store(bad, 1);
  });
}

/// Inference of a folded encoder.
template <class S, class P>
bool device_encode(const backend::Thrust& backend, const ConvolutionalEncoder<S>& encoder,
                   const ImageView<P>& image, S* features, DeviceConvolutionalWorkspace<S>& w) {
  const DeviceNet<S> net = DeviceAccess::net(backend, encoder, image, w);
  S* const coarse = backend.resize(w.coarse, net.cells() * net.features);
  with_features(net.channels, [&](auto channels) { device_coarse(backend, image, net, channels, coarse); });
  const DeviceBetween<S> at = device_between(backend, net, w);
  device_fine(backend, image, net, at, coarse, features, w.finite.begin(backend));
  return w.finite.end(backend);
}

}  // namespace detail

/// f of the method on a device.
template <class S>
struct DeviceEncoder<ConvolutionalEncoder<S>> {
  using Workspace = detail::DeviceConvolutionalWorkspace<S>;

  template <class P>
  static bool encode(const backend::Thrust& backend, const ConvolutionalEncoder<S>& encoder,
                     const OnDevice<ImageView<P>>& image, S* features, Workspace& w) {
    return detail::device_encode(backend, encoder, image.view(), features, w);
  }
};

}  // namespace dht
