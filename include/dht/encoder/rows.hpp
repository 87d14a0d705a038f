// SPDX-License-Identifier: MIT
// Rows of pixels on their way into an encoder: any pixel type and layout to numbers, scaled.
#pragma once

#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>

namespace dht::detail {

/// scale * value + offset of one pixel's channel, value as ImageView defines it.
template <class S, class P>
DHT_HOST_DEVICE DHT_INLINE S load_value(const ImageView<P>& image, int b, int c, int y, int x, S scale,
                                        S offset) {
  const S factor = static_cast<S>(scale * static_cast<S>(sample_unit<P>()));
  return fma(static_cast<S>(image(b, c, y, x)), factor, offset);
}

/// out[x] = scale * value + offset for the columns of one row of one channel, value as ImageView defines it.
template <class S, class P>
DHT_INLINE void load_row(const ImageView<P>& image, int b, int c, int y, S scale, S offset, S* out) {
  const P* in = &image(b, c, y, 0);
  const std::ptrdiff_t step = image.column_stride;
  const S factor = static_cast<S>(scale * static_cast<S>(sample_unit<P>()));
  if (step == 1) {
    DHT_INDEPENDENT
    for (int x = 0; x < image.width; ++x) out[x] = fma(static_cast<S>(in[x]), factor, offset);
  } else if (step == 3) {  // RGB: a constant step lets the compiler shuffle instead of gather
    DHT_INDEPENDENT
    for (int x = 0; x < image.width; ++x) out[x] = fma(static_cast<S>(in[3 * x]), factor, offset);
  } else {
    for (int x = 0; x < image.width; ++x) out[x] = fma(static_cast<S>(in[x * step]), factor, offset);
  }
}

/// Whether a number is neither infinite nor NaN, without a branch.
template <class S>
DHT_HOST_DEVICE DHT_INLINE bool is_finite(S x) {
  return x - x == 0;
}

}  // namespace dht::detail
