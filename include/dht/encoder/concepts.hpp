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

/// An encoder with a way back.
template <class E, class S>
concept differentiable_encoder = encoder<E, S> && std::default_initializable<typename E::Saved> &&
    requires(const E encoder, const backend::Cpu& backend, ImageView<const S> image, S* features,
             const S* grad_features, S* grad_image, typename E::Saved& saved,
             typename E::Gradients& gradients) {
  // Gradients of all its parameters, zero: the struct of the parameters themselves, or an empty one.
  { encoder.gradients() } -> std::same_as<typename E::Gradients>;
  // As `encode`, keeping in `saved` what `backward` needs.
  { encoder.forward(backend, image, features, saved) } -> std::same_as<bool>;
  // From the gradient of the features, rows as `forward` wrote them, to the parameters, where it is added to
  // `gradients`, and to the image, where it overwrites planes (batch, channels, height, width) unless `grad_image` is
  // null. It is the gradient by the numbers that the view stands for. The image and `saved` are those of `forward`.
  encoder.backward(backend, image, grad_features, saved, gradients, grad_image);
};

}  // namespace dht::concepts
