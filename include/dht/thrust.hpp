// SPDX-License-Identifier: MIT
// The tokenizer on a device: the slot `Backend` is `backend::Thrust`. From the image to token features, and from their
// gradients back, everything stays in the device's memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <dht/backend/thrust.hpp>
#include <dht/encoder/device_convolutional.hpp>
#include <dht/encoder/device_encoder.hpp>
#include <dht/encoder/device_trainable.hpp>
#include <dht/encoder/value_range.hpp>
#include <dht/hierarchy/device_backward.hpp>
#include <dht/hierarchy/device_build.hpp>
#include <dht/regions/device_backward.hpp>
#include <dht/regions/device_projection.hpp>
#include <dht/regions/device_tokens.hpp>
#include <dht/selection/device_best_ancestor.hpp>
#include <dht/tokenizer.hpp>

// What a host's image, and a call that is not there, are told.
#define DHT_HOST_IMAGE                                                                                      \
  "image: lies in the host's memory; backend::Thrust takes dht::OnDevice views: copy it to the device, or " \
  "call "                                                                                                   \
  "dht::on_device for memory that is the device's"
#define DHT_MERGING_ON_HOST                                                                          \
  "exact numbers of tokens and penalties are merged on the host only: use backend::Cpu, or cut the " \
  "hierarchy that "                                                                                  \
  "hierarchy().download() gives"

namespace dht {

namespace detail {

template <class>
inline constexpr bool never = false;

/// What the way back needs of an encoder on a device; nothing where it has none.
template <class Encoder, class S>
struct DeviceSaved {
  struct type {};
};
template <class Encoder, class S>
  requires concepts::device_differentiable_encoder<Encoder, S>
struct DeviceSaved<Encoder, S> {
  using type = typename DeviceEncoder<Encoder>::Saved;
};

/// The number, in the order (image, channel, row, column), of the first value that is not finite or farther from 0 than `most`;
/// or that of all.
template <class P>
std::int64_t device_first_outside(const backend::Thrust& backend, const ImageView<P>& image, double most,
                                  DeviceBuffer<std::uint64_t>& first) {
  const std::int64_t n = image.total_pixels() * image.channels;
  // Counted from the end, for there is a maximum of such numbers.
  std::uint64_t* const place = backend.resize(first, 1);
  backend.fill(place, 1, std::uint64_t{0});
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t plane = i / image.pixels(), in_plane = i % image.pixels();
    const auto v = static_cast<double>(
        image(static_cast<int>(plane / image.channels), static_cast<int>(plane % image.channels),
              static_cast<int>(in_plane / image.width), static_cast<int>(in_plane % image.width)));
    if (!(is_finite(v) && v <= most && v >= -most)) shared_max(place, static_cast<std::uint64_t>(n - i));
  });
  return n - static_cast<std::int64_t>(backend.download(place));
}

}  // namespace detail

/// The tokenizer whose loops run on a device. Images, tokens and gradients are views on its memory; the same calls as on
/// the host otherwise, with the same labels and features to the last bit. What is not there fails to compile, in one
/// sentence. Results are valid until the next call, for work in the backend's stream. One tokenizer serves one thread at a
/// time; those with the same backend may work at once, their work is in one stream.
template <class Policies>
  requires std::same_as<typename Policies::Backend, backend::Thrust>
class Tokenizer<Policies> {
 public:
  using Scalar = typename Policies::Scalar;
  using Encoder = typename Policies::template Encoder<Scalar>;
  using Connectivity = typename Policies::Graph::Neighbourhood;
  using Parts = TokenizerParts<Policies>;
  using Gradients = TokenizerGradients<Policies>;
  using Saved = typename detail::DeviceSaved<Encoder, Scalar>::type;

  static_assert(std::is_floating_point_v<Scalar>, "Policies::Scalar must be float or double");
  static_assert(concepts::device_encoder<Encoder, Scalar>,
                "Policies::Encoder does not satisfy dht::concepts::device_encoder");
  static_assert(concepts::pixel_grid<typename Policies::Graph>,
                "Policies::Graph runs on the host only; on backend::Thrust it must be a dht::PixelGrid");
  static_assert(concepts::similarity<typename Policies::Similarity, Scalar>,
                "Policies::Similarity does not satisfy dht::concepts::similarity");
  static_assert(concepts::weighting<typename Policies::Weighting, Scalar>,
                "Policies::Weighting does not satisfy dht::concepts::weighting");
  static_assert(concepts::criterion<typename Policies::Criterion, Scalar>,
                "Policies::Criterion does not satisfy dht::concepts::criterion");
  static_assert(std::same_as<typename Policies::Selection, BestAncestor>,
                "Policies::Selection runs on the host only; on backend::Thrust it must be dht::BestAncestor");

  Tokenizer() requires std::default_initializable<Encoder> : Tokenizer(Parts{}) {}
  explicit Tokenizer(Parts parts) : parts_(std::move(parts)) {}

  const Parts& parts() const& { return parts_; }
  /// To be changed between images only.
  Parts& parts() & { return parts_; }
  const Parts& parts() const&& = delete;
  const backend::Thrust& backend() const& { return parts_.backend; }
  const backend::Thrust& backend() const&& = delete;

  /// The tokens of an image, or of a batch. Throws dht::Error as the tokenizer on the host does. Waits for the device for
  /// each number on which the size of memory depends: about four times a level of the hierarchy.
  template <class P>
  const DeviceTokens<Scalar>& operator()(const OnDevice<ImageView<P>>& image) & {
    build(image);
    return select();
  }

  /// The same of a temporary tokenizer, which gives its tokens away.
  template <class... Arguments>
  DeviceTokens<Scalar> operator()(const Arguments&... arguments) && {
    (*this)(arguments...);
    return std::move(tokens_);
  }

  /// The hierarchy alone.
  template <class P>
  const DeviceHierarchy<Scalar>& build(const OnDevice<ImageView<P>>& image) & {
    return build_on(image, [&](Scalar* features) {
      return DeviceEncoder<Encoder>::encode(parts_.backend, parts_.encoder, image, features, encode_);
    });
  }

  /// As `build`, and keeps what `backward` needs. Cut the hierarchy then, by `select`.
  template <class P>
  const DeviceHierarchy<Scalar>& forward(const OnDevice<ImageView<P>>& image) & {
    static_assert(concepts::device_differentiable_encoder<Encoder, Scalar>,
                  "Policies::Encoder does not satisfy dht::concepts::device_differentiable_encoder");
    build_on(image, [&](Scalar* features) {
      return DeviceEncoder<Encoder>::forward(parts_.backend, parts_.encoder, image, features, saved_);
    });
    can_go_back_ = true;
    return tree_;
  }

  /// What the encoder kept of the last `forward`.
  const Saved& saved() const& { return saved_; }
  const Saved& saved() const&& = delete;

  /// Gradients of all parameters, zero, in the host's memory.
  Gradients gradients() const { return {parts_.encoder.gradients(), zero_gradient(parts_.self_loop)}; }

  /// From the gradient of the last tokens' features, tokens x features, to the parameters, where it is added to
  /// `gradients`, and to the image, where it overwrites `grad_image`, planes (batch, channels, height, width) on the
  /// device, unless that has no data. The image is that of the last `forward`.
  template <class P>
  void backward(const OnDevice<ImageView<P>>& image, const OnDevice<MatrixView<const Scalar>>& grad_feature,
                Gradients& gradients, const OnDevice<ImageView<Scalar>>& grad_image = {}) {
    DHT_EXPECTS(can_go_back_, "backward: needs a call of forward before it");
    DHT_EXPECTS(tokens_are_of_tree_, "backward: needs tokens of the last forward; cut its hierarchy first");
    const ImageView<P>& view = image.view();
    const ImageView<Scalar>& out = grad_image.view();
    DHT_EXPECTS(view.batch == tree_.batch && view.height == tree_.height && view.width == tree_.width,
                "image: is not the one of the last forward call");
    DHT_EXPECTS(out.data == nullptr ||
                    (out.batch == view.batch && out.channels == view.channels && out.height == view.height &&
                     out.width == view.width && out.column_stride == 1 && out.row_stride == out.width &&
                     out.channel_stride == out.pixels() && out.batch_stride == out.channels * out.pixels()),
                "gradient of the image: is not made of planes of the image's size");
    grad_tree_.clear(parts_.backend, tree_);
    backward_tokens(parts_.backend, tree_, tokens_, grad_feature, grad_tree_);
    backward_hierarchy<Connectivity>(parts_.backend, hierarchy_parts(), parts_.hierarchy, tree_, grad_tree_,
                                     gradients.self_loop);
    DeviceEncoder<Encoder>::backward(parts_.backend, parts_.encoder, image, grad_tree_.pixel_features.data(),
                                     saved_, gradients.encoder, out.data);
  }

  /// Cuts the hierarchy that was built last.
  const DeviceTokens<Scalar>& select() & {
    tokens_are_of_tree_ = false;
    best_ancestor<Connectivity>(parts_.backend, tree_,
                                parts_.criterion.template pixel_information<Scalar>(tree_.image_pixels()),
                                tokens_.partition, select_);
    detail::describe(parts_.backend, tree_, tokens_, select_.graph);
    tokens_are_of_tree_ = true;
    return tokens_;
  }

  const DeviceHierarchy<Scalar>& hierarchy() const& { return tree_; }
  const DeviceHierarchy<Scalar>& hierarchy() const&& = delete;

  // What does not compile, and says why.
  template <class P>
  const DeviceTokens<Scalar>& operator()(const ImageView<P>&) & {
    static_assert(detail::never<P>, DHT_HOST_IMAGE);
    return tokens_;
  }
  template <class P>
  const DeviceHierarchy<Scalar>& build(const ImageView<P>&) & {
    static_assert(detail::never<P>, DHT_HOST_IMAGE);
    return tree_;
  }
  template <class Image, class Count>
  const DeviceTokens<Scalar>& operator()(const Image&, const Count&) & {
    static_assert(detail::never<Image>, DHT_MERGING_ON_HOST);
    return tokens_;
  }
  template <class Count>
  const DeviceTokens<Scalar>& tokens(const Count&) & {
    static_assert(detail::never<Count>, DHT_MERGING_ON_HOST);
    return tokens_;
  }

 private:
  auto hierarchy_parts() const {
    return HierarchyParts<Scalar, typename Policies::Similarity, typename Policies::Weighting,
                          typename Policies::Criterion>{parts_.similarity, parts_.weighting, parts_.criterion,
                                                        parts_.self_loop};
  }

  template <class P, class Encode>
  const DeviceHierarchy<Scalar>& build_on(const OnDevice<ImageView<P>>& on_device, const Encode& encode) {
    const ImageView<P>& image = on_device.view();
    tree_.built = 0;
    can_go_back_ = tokens_are_of_tree_ = false;
    DHT_EXPECTS(has_parts_, "tokenizer: was moved from; must be given another one before it is used");
    check(image, "image");
    if constexpr (requires { parts_.encoder.adapt(image.channels); }) parts_.encoder.adapt(image.channels);
    DHT_EXPECTS(image.channels == parts_.encoder.channels(), "image: has ", image.channels,
                " channels; the encoder takes ", parts_.encoder.channels());
    const double most =
        parts_.check_range ? detail::largest_value(parts_.encoder) : std::numeric_limits<double>::infinity();
    if (std::is_floating_point_v<P> && std::isfinite(most)) check_values(image, most);
    tree_.batch = image.batch;
    tree_.height = image.height;
    tree_.width = image.width;
    tree_.features = parts_.encoder.features();
    Scalar* const features =
        parts_.backend.resize(tree_.pixel_features, image.total_pixels() * tree_.features);
    if (!encode(features)) {
      check_values(image, most);
      detail::fail({"image: has values so large that its features are not finite"});
    }
    build_hierarchy<Connectivity>(parts_.backend, hierarchy_parts(), parts_.hierarchy, tree_, build_);
    return tree_;
  }

  /// Throws for the first value that is not finite, or too far outside of the encoder's range.
  template <class P>
  void check_values(const ImageView<P>& image, double most) {
    const std::int64_t first = detail::device_first_outside(parts_.backend, image, most, first_outside_),
                       plane = first / image.pixels(), place = first % image.pixels();
    if (first == image.total_pixels() * image.channels) return;
    const std::int64_t b = plane / image.channels, c = plane % image.channels, y = place / image.width,
                       x = place % image.width;
    const std::remove_const_t<P>* const at = image.data + b * image.batch_stride + c * image.channel_stride +
                                             y * image.row_stride + x * image.column_stride;
    detail::check_value(static_cast<double>(parts_.backend.download(at)), most, b, c, y, x);
  }

  Parts parts_;
  DeviceBuffer<std::uint64_t> first_outside_;
  DeviceHierarchy<Scalar> tree_;
  DeviceTokens<Scalar> tokens_;
  typename DeviceEncoder<Encoder>::Workspace encode_;
  DeviceHierarchyWorkspace<Scalar> build_;
  DeviceBestAncestorWorkspace<Scalar> select_;
  Saved saved_;
  DeviceHierarchyGradients<Scalar> grad_tree_;
  detail::ResetOnMove<bool> can_go_back_ = false, tokens_are_of_tree_ = false, has_parts_ = true;
};

}  // namespace dht

#undef DHT_HOST_IMAGE
#undef DHT_MERGING_ON_HOST
