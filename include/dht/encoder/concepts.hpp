// SPDX-License-Identifier: MIT
// What turns an image into features: the slot `Encoder` of a tokenizer.
#pragma once

#include <concepts>

#include <dht/backend/cpu.hpp>
#include <dht/core/view.hpp>

namespace dht::concepts {

/// Writes `features()` numbers for every pixel of an image batch.
template <class E, class S>
concept encoder = std::copyable<E> && std::default_initializable<typename E::Workspace> &&
    requires(const E encoder, const backend::Cpu& backend, ImageView<const S> image, S* features,
             typename E::Workspace& workspace) {
  // Number of features a pixel.
  { encoder.features() } -> std::convertible_to<int>;
  // Number of channels that images must have.
  { encoder.channels() } -> std::convertible_to<int>;
  // Writes rows of `features()` numbers, pixel after pixel over the whole batch. Every pixel type of ImageView must be accepted. Returns whether all
  // features are finite numbers.
  { encoder.encode(backend, image, features, workspace) } -> std::same_as<bool>;
};

}  // namespace dht::concepts
