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

/// similarity <- (1 - kappa) * similarity + kappa * size * (d / (d + sides))^d in d dimensions, where `sides` is the sum of
/// the box's sides, in pixels, less one each: how well the region, or the pair, fills its box. In two dimensions, where
/// they are ymax - ymin and xmax - xmin, this is the paper's 4 kappa * size / (2 + height + width)^2.
template <class S>
class Compactness {
 public:
  /// `kappa` in [0, 1); 0 leaves similarities as they are, and so does a graph without positions, of 0 dimensions.
  explicit Compactness(double kappa, int dimensions = 2) : dimensions_(dimensions) {
    DHT_EXPECTS(kappa >= 0 && kappa < 1, "compactness: is ", kappa, "; must be at least 0 and below 1");
    if (dimensions == 0) kappa = 0;
    keep_ = static_cast<S>(1 - kappa);
    for (int i = 0; i < dimensions; ++i) kappa *= dimensions;
    fill_ = static_cast<S>(kappa);
  }

  /// Of a region, or of a pair with `size` pixels in a box of `extent` = height + width.
  template <std::integral Size>
  DHT_HOST_DEVICE DHT_INLINE S mix(S similarity, Size size, std::int32_t extent) const {
    const S around = static_cast<S>(2 + extent);
    return fma(keep_, similarity, fill_ * static_cast<S>(size) / (around * around));
  }

  /// The same in the dimensions that were given, `sides` being a sum that need not be a whole number.
  DHT_INLINE S mix_in_space(S similarity, std::int32_t size, S sides) const {
    const S around = static_cast<S>(dimensions_) + sides;
    S room = around;
    for (int i = 1; i < dimensions_; ++i) room *= around;
    return dimensions_ == 0 ? similarity : fma(keep_, similarity, fill_ * static_cast<S>(size) / room);
  }

  /// d mix / d similarity
  DHT_HOST_DEVICE DHT_INLINE S gradient() const { return keep_; }

  DHT_HOST_DEVICE DHT_INLINE S of_region(S similarity, std::int32_t size, const Box& box) const {
    return mix(similarity, size, box.ymax - box.ymin + box.xmax - box.xmin);
  }

 private:
  S keep_, fill_;
  int dimensions_;
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
