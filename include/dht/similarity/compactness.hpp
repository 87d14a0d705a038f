// SPDX-License-Identifier: MIT
// The terms that every similarity goes through before regions choose: compactness, and the 16 bits at which
// similarities are compared (method, section 3).
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// similarity <- (1 - kappa) * similarity + 4 kappa * size / (2 + height + width)^2, where height and width are
/// ymax - ymin and xmax - xmin of the box: how well the region, or the pair, fills its box.
template <class S>
class Compactness {
 public:
  /// `kappa` in [0, 1); 0 leaves similarities as they are.
  explicit Compactness(double kappa) : keep_(static_cast<S>(1 - kappa)), fill_(static_cast<S>(4 * kappa)) {
    DHT_EXPECTS(kappa >= 0 && kappa < 1, "compactness: is ", kappa, "; must be at least 0 and below 1");
  }

  /// Of a region, or of a pair with `size` pixels in a box of `extent` = height + width.
  template <std::integral Size>
  DHT_HOST_DEVICE DHT_INLINE S mix(S similarity, Size size, std::int32_t extent) const {
    const S around = static_cast<S>(2 + extent);
    return fma(keep_, similarity, fill_ * static_cast<S>(size) / (around * around));
  }

  /// d mix / d similarity
  DHT_HOST_DEVICE DHT_INLINE S gradient() const { return keep_; }

  DHT_HOST_DEVICE DHT_INLINE S of_region(S similarity, std::int32_t size, const Box& box) const {
    return mix(similarity, size, box.ymax - box.ymin + box.xmax - box.xmin);
  }

 private:
  S keep_, fill_;
};

/// Height + width of the box around two boxes.
DHT_HOST_DEVICE DHT_INLINE std::int32_t joint_extent(const Box& a, const Box& b) {
  const std::int32_t height = std::max(a.ymax, b.ymax) - std::min(a.ymin, b.ymin);
  const std::int32_t width = std::max(a.xmax, b.xmax) - std::min(a.xmin, b.xmin);
  return height + width;
}

/// floor(clamp(similarity, 0, 1) * 65535): what regions compare. Rounding noise below 1/65535 cannot tip a choice
/// except at a step.
template <class S>
DHT_HOST_DEVICE DHT_INLINE std::int32_t quantise(S similarity) {
  similarity = similarity > 0 ? similarity : S(0);
  similarity = similarity < 1 ? similarity : S(1);
  return static_cast<std::int32_t>(similarity * S(65535));
}

namespace detail {

/// A similarity and a neighbour as one number: the larger similarity wins, then the larger label.
template <class S>
DHT_HOST_DEVICE DHT_INLINE std::uint64_t choice_key(S similarity, std::int32_t neighbour) {
  return static_cast<std::uint64_t>(quantise(similarity)) << 32 | static_cast<std::uint32_t>(neighbour);
}

}  // namespace detail
}  // namespace dht
