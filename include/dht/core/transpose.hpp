// SPDX-License-Identifier: MIT
// Between the two layouts of features: planes (channel after channel), which vectorise over pixels, and rows (pixel after
// pixel), which keep together what a region needs.
#pragma once

#include <cstdint>
#include <type_traits>

#include <dht/core/config.hpp>

namespace dht::detail {

/// Calls `body(n)` with the number of features, as a compile-time constant where it is a common one.
template <class Body>
DHT_INLINE void with_features(int features, const Body& body) {
  if (features == 8) {
    body(std::integral_constant<int, 8>{});
  } else if (features == 3) {
    body(std::integral_constant<int, 3>{});
  } else {
    body(features);
  }
}

/// The features of one pixel or region, from one place to another.
template <class S, class Features>
DHT_INLINE void copy_values(const S* DHT_RESTRICT from, S* DHT_RESTRICT to, Features n) {
  for (int c = 0; c < n; ++c) to[c] = from[c];
}

/// Calls `body(x)` for x < n, side by side where the number of features is known to the compiler: Clang complains of a
/// loop that it was told to vectorise when a loop of unknown length is within.
template <class Features, class Body>
DHT_INLINE void for_pixels(std::int64_t n, Features, const Body& body) {
  if constexpr (std::is_same_v<Features, int>) {
    for (std::int64_t x = 0; x < n; ++x) body(x);
  } else {
    DHT_INDEPENDENT
    for (std::int64_t x = 0; x < n; ++x) body(x);
  }
}

/// rows[x * features + c] = planes[c * pitch + x] for x < n.
template <class S>
DHT_INLINE void planes_to_rows(const S* DHT_RESTRICT planes, std::int64_t pitch, std::int64_t n, int features,
                               S* DHT_RESTRICT rows) {
  with_features(features, [=](auto count) DHT_INLINE_LAMBDA {
    for_pixels(n, count, [=](std::int64_t x) DHT_INLINE_LAMBDA {
      for (int c = 0; c < count; ++c) rows[x * count + c] = planes[c * pitch + x];
    });
  });
}

/// planes[c * pitch + x] = rows[x * features + c] for x < n.
template <class S>
DHT_INLINE void rows_to_planes(const S* DHT_RESTRICT rows, std::int64_t n, int features,
                               S* DHT_RESTRICT planes, std::int64_t pitch) {
  with_features(features, [=](auto count) DHT_INLINE_LAMBDA {
    for_pixels(n, count, [=](std::int64_t x) DHT_INLINE_LAMBDA {
      for (int c = 0; c < count; ++c) planes[c * pitch + x] = rows[x * count + c];
    });
  });
}

}  // namespace dht::detail
