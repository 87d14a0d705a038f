// SPDX-License-Identifier: MIT
// What a hierarchy asks of the criterion that decides when to stop merging. Criteria live in selection/, one room up.
#pragma once

#include <concepts>
#include <cstdint>

namespace dht::concepts {

/// The worth of a region as a token; larger is better. It must be finite for every size from 1 and every variance >= 0.
template <class C, class S>
concept criterion = std::copyable<C> &&
    requires(const C criterion, std::int32_t size, const S* variance, int features, std::int64_t pixels) {
  // Of a region with `size` pixels and `features` variances, in an image of `pixels` pixels.
  { criterion.information(size, variance, features, pixels) } -> std::same_as<S>;
  // Of a single pixel.
  { criterion.template pixel_information<S>(pixels) } -> std::same_as<S>;
};

}  // namespace dht::concepts
