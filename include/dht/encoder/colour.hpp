// SPDX-License-Identifier: MIT
// Plain colour as features: CIELAB for RGB images, the values themselves for anything else. No weights.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/cielab.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/rows.hpp>

namespace dht {

/// What three channels are: sRGB, to become CIELAB, or numbers like those of any other number of channels.
enum class ColourSpace { cielab, as_given };

/// Three channels are taken as sRGB and become CIELAB (D65, 2 degrees), divided by `unit`; any other number of channels
/// passes through, multiplied by 100 / unit, so that the range of an image means the same; three do so too where they
/// are to be used `as_given`. Values of another range than 0 to 1 want 40 times their range as unit. The default unit of 40 puts a
/// just visible difference (2.3) at a similarity of 0.997 and black against white at 0.002.
template <class S>
class ColourEncoder {
 public:
  /// Rows on their way through colour spaces, kept for the next image.
  struct Workspace {
    Buffer<S> rows;            // per part
    std::vector<char> finite;  // per part
  };
  /// The way back reads the image again: only memory.
  using Saved = Workspace;
  /// There are no parameters.
  struct Gradients {};

  /// For any number of channels: that of each image.
  ColourEncoder() : ColourEncoder(3) { takes_any_ = true; }
  explicit ColourEncoder(int channels, double unit = 40, ColourSpace space = ColourSpace::cielab)
      : channels_(channels), unit_(unit), to_lab_(channels == 3 && space == ColourSpace::cielab) {
    DHT_EXPECTS(channels >= 1, "channels: is ", channels, "; must be at least 1");
    DHT_EXPECTS(unit >= 1e-6 && unit <= 1e12, "unit: is ", unit, "; must be 1e-6 to 1e12");
    for (int i = 0; i < 256; ++i) linear_[i] = detail::srgb_to_linear(static_cast<S>(i / 255.0));
  }

  int features() const { return channels_; }
  int channels() const { return channels_; }
  double unit() const { return unit_; }
  /// The range of numbers that it is made for, from 0.
  double value_range() const { return to_lab_ ? 1 : unit_ / 40; }
  /// Takes images of so many channels from here on, where it was not made for a number of them.
  void adapt(int channels) {
    if (!takes_any_) return;
    channels_ = channels;
    to_lab_ = channels == 3;
  }
  /// Whether features are CIELAB, and not the values themselves.
  bool is_cielab() const { return to_lab_; }

  /// See concepts::encoder.
  template <class P, class Backend>
  bool encode(const Backend& backend, const ImageView<P>& image, S* features, Workspace& w) const;

  Gradients gradients() const { return {}; }

  /// See concepts::differentiable_encoder.
  template <class P, class Backend>
  bool forward(const Backend& backend, const ImageView<P>& image, S* features, Saved& saved) const {
    return encode(backend, image, features, saved);
  }

  /// See concepts::differentiable_encoder. At the kinks of the curves it is the derivative of the straight side.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const S* grad_features, Saved& saved,
                Gradients&, S* grad_image) const;

 private:
  std::int64_t scratch(int width) const { return (std::int64_t{3} + channels_) * width; }

  /// Linear light of a row, channel after channel; a table lookup for 8-bit images.
  template <class P>
  DHT_INLINE void load_linear(const ImageView<P>& image, int b, int y, S* line) const {
    for (int c = 0; c < 3; ++c) {
      S* out = line + std::int64_t{c} * image.width;
      if constexpr (std::is_same_v<std::remove_const_t<P>, std::uint8_t>) {
        const P* in = &image(b, c, y, 0);
        for (int x = 0; x < image.width; ++x) out[x] = linear_[in[x * image.column_stride]];
      } else {
        detail::load_row(image, b, c, y, S(1), S(0), out);
        DHT_INDEPENDENT
        for (int x = 0; x < image.width; ++x) out[x] = detail::linear_light(out[x]);
      }
    }
  }

  DHT_INLINE void to_lab(const S* line, int width, S* out) const {
    const detail::LabScale<S> lab(unit_);
    const S *r = line, *g = line + width, *b = line + 2 * width;
    DHT_INDEPENDENT
    for (int x = 0; x < width; ++x) lab.to_lab(r[x], g[x], b[x], out[x], out[width + x], out[2 * width + x]);
  }

  int channels_;
  double unit_;
  bool to_lab_, takes_any_ = false;
  S linear_[256];
};

// Outside of the class, and so not inline: dht::compiled has them.

template <class S>
template <class P, class Backend>
bool ColourEncoder<S>::encode(const Backend& backend, const ImageView<P>& image, S* features,
                              Workspace& w) const {
  const std::int64_t rows = std::int64_t{image.batch} * image.height, grain = 1 + 8192 / image.width;
  const int parts = backend.parts(rows, grain);
  w.rows.resize(static_cast<std::size_t>(parts * scratch(image.width)));
  w.finite.assign(static_cast<std::size_t>(parts), 1);
  backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    const std::int64_t width = image.width;
    S* const light = w.rows.data() + part * scratch(image.width);
    S* const out = light + 3 * width;  // a row, channel after channel
    int bad = 0;
    for (std::int64_t row = begin; row < end; ++row) {
      const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
      if (to_lab_) {
        load_linear(image, b, y, light);
        to_lab(light, image.width, out);
      } else {
        for (int c = 0; c < channels_; ++c)
          detail::load_row(image, b, c, y, static_cast<S>(100 / unit_), S(0), out + c * width);
      }
      for (std::int64_t i = 0; i < channels_ * width; ++i) bad |= !detail::is_finite(out[i]);
      detail::planes_to_rows(out, width, width, channels_, features + row * width * channels_);
    }
    w.finite[static_cast<std::size_t>(part)] = bad == 0;
  });
  return std::all_of(w.finite.begin(), w.finite.end(), [](char f) { return f != 0; });
}

template <class S>
template <class P, class Backend>
void ColourEncoder<S>::backward(const Backend& backend, const ImageView<P>& image, const S* grad_features,
                                Saved& saved, Gradients&, S* grad_image) const {
  if (grad_image == nullptr) return;
  const std::int64_t rows = std::int64_t{image.batch} * image.height, grain = 1 + 8192 / image.width,
                     width = image.width, size = (std::int64_t{9} + 2 * channels_) * width;
  saved.rows.resize(static_cast<std::size_t>(backend.parts(rows, grain) * size));
  backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    S* const values = saved.rows.data() + part * size;  // rows, channel after channel
    S *const light = values + 3 * width, *const gradient = light + 3 * width;
    S* const out = gradient + channels_ * width;
    const S factor = static_cast<S>(100 / unit_);
    for (std::int64_t row = begin; row < end; ++row) {
      const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
      detail::rows_to_planes(grad_features + row * width * channels_, width, channels_, gradient, width);
      if (to_lab_) {
        for (int c = 0; c < 3; ++c) detail::load_row(image, b, c, y, S(1), S(0), values + c * width);
        load_linear(image, b, y, light);
        detail::lab_backward(values, light, gradient, width, unit_, out);
      } else {
        DHT_INDEPENDENT
        for (std::int64_t i = 0; i < channels_ * width; ++i) out[i] = factor * gradient[i];
      }
      for (int c = 0; c < channels_; ++c) {
        std::copy_n(out + c * width, width,
                    grad_image + ((std::int64_t{b} * channels_ + c) * image.height + y) * width);
      }
    }
  });
}

}  // namespace dht
