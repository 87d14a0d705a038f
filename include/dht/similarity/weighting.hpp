// SPDX-License-Identifier: MIT
// How much each member counts in its new region's mean and variance: the slot `Weighting` of a tokenizer.
#pragma once

#include <concepts>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht {

namespace concepts {

/// The weight of a member region of `size` pixels whose chosen edge has the given similarity (after compactness,
/// unclamped). Must not be negative.
template <class W, class S>
concept weighting = std::copyable<W> && requires(const W weighting, std::int32_t size, S similarity) {
  { weighting(size, similarity) } -> std::same_as<S>;
};

/// A weighting with a way back.
template <class W, class S>
concept differentiable_weighting = weighting<W, S> &&
    requires(const W weighting, std::int32_t size, S similarity) {
  // d weight / d similarity
  { weighting.gradient(size, similarity) } -> std::same_as<S>;
};

}  // namespace concepts

/// Every pixel counts the same.
struct SizeWeighting {
  static constexpr bool on_device = true;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S operator()(std::int32_t size, S) const {
    return static_cast<S>(size);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S gradient(std::int32_t, S) const {
    return 0;
  }
};

/// size * sqrt(similarity): a member that hardly belongs hardly counts. The paper's default.
struct SimilarityWeighting {
  static constexpr bool on_device = true;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S operator()(std::int32_t size, S similarity) const {
    // A similarity of exactly 0 keeps a weight above 0, or a region of such members would have no mean.
    return static_cast<S>(size) * sqrt(similarity > S(1e-30) ? similarity : S(1e-30));
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S gradient(std::int32_t size, S similarity) const {
    return similarity > S(1e-30) ? static_cast<S>(size) / (2 * sqrt(similarity)) : S(0);
  }
};

namespace detail {

/// The weighting of one level: a tokenizer's, or plain sizes where whole images are joined. One type, and so one set of
/// loops, for both.
template <class Weighting>
struct LevelWeighting {
  Weighting weighting{};
  bool by_size = false;

  template <class S>
  DHT_INLINE S operator()(std::int32_t size, S similarity) const {
    return by_size ? SizeWeighting{}(size, similarity) : weighting(size, similarity);
  }
  template <class S>
  DHT_INLINE S gradient(std::int32_t size, S similarity) const {
    return by_size ? SizeWeighting{}.gradient(size, similarity) : weighting.gradient(size, similarity);
  }
};

}  // namespace detail
}  // namespace dht
