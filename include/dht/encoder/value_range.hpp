// SPDX-License-Identifier: MIT
// What an image's numbers must be: finite, and not far outside of the range that its encoder is made for.
#pragma once

#include <atomic>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>

namespace dht::detail {

/// So many times an encoder's range from 0 is far outside of it. Overshoot of resampling, images normalised by mean and standard
/// deviation, and lights a dozen times as bright as white are nearer; 8-bit values that nobody divided by 255 are not, unless
/// the whole picture is black.
inline constexpr double far_outside = 16;

/// The largest magnitude that an encoder takes; infinite where it does not say what range it is made for.
template <class Encoder>
double largest_value(const Encoder& encoder) {
  if constexpr (requires {
                  { encoder.value_range() } -> std::convertible_to<double>;
                })
    return far_outside * encoder.value_range();
  else
    return std::numeric_limits<double>::infinity();
}

/// Whether all of a run of numbers are within -most to most; a NaN is not.
template <class P>
DHT_INLINE bool is_within(const P* values, std::int64_t count, std::ptrdiff_t step, P most) {
  int bad = 0;
  if (step == 1) {
    DHT_INDEPENDENT
    for (std::int64_t i = 0; i < count; ++i) bad |= !(std::abs(values[i]) <= most);
  } else {
    for (std::int64_t i = 0; i < count; ++i) bad |= !(std::abs(values[i * step]) <= most);
  }
  return bad == 0;
}

/// Whether all numbers of an image are within -most to most. Channels side by side, in either order, are read as one run.
template <class P, class Backend>
bool is_within(const Backend& backend, const ImageView<P>& image, double most) {
  const auto limit = static_cast<std::remove_const_t<P>>(most);
  const bool is_one_run =
      image.column_stride == image.channels && (image.channel_stride == 1 || image.channel_stride == -1);
  const int first = image.channel_stride < 0 ? image.channels - 1 : 0;
  std::atomic<bool> within = true;
  const std::int64_t rows = std::int64_t{image.batch} * image.height, grain = 1 + 32768 / image.width;
  backend.for_parts(rows, grain, [&](int, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    bool good = true;
    for (std::int64_t row = begin; row < end; ++row) {
      const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
      if (is_one_run) {
        good &= is_within(&image(b, first, y, 0), std::int64_t{image.width} * image.channels, 1, limit);
      } else {
        for (int c = 0; c < image.channels; ++c)
          good &= is_within(&image(b, c, y, 0), image.width, image.column_stride, limit);
      }
    }
    if (!good) within.store(false, std::memory_order_relaxed);
  });
  return within.load();
}

/// Throws for a number at a place, when it is not finite or farther from 0 than `most`.
inline void check_value(double value, double most, std::int64_t image, std::int64_t channel, std::int64_t row,
                        std::int64_t column) {
  DHT_EXPECTS(std::isfinite(value), "image: is not finite at image ", image, ", channel ", channel, ", row ",
              row, ", column ", column, "; must be numbers");
  DHT_EXPECTS(std::abs(value) <= most, "image: is ", value, " at image ", image, ", channel ", channel,
              ", row ", row, ", column ", column, "; the encoder is made for about 0 to ", most / far_outside,
              " (divide 8-bit values by 255, or set check_range to false)");
}

/// Says why an image was refused: its first number that is none or too large, or else its features.
template <class P>
[[noreturn]] void report_values(const ImageView<P>& image, double most) {
  for (int b = 0; b < image.batch; ++b)
    for (int c = 0; c < image.channels; ++c)
      for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
          check_value(static_cast<double>(image(b, c, y, x)), most, b, c, y, x);
  fail({"image: has values so large that its features are not finite"});
}

}  // namespace dht::detail
