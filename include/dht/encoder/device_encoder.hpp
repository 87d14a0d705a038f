// SPDX-License-Identifier: MIT
// Encoders on a device: what the slot `Encoder` needs there, and plain colour.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dht/backend/atomics.hpp>
#include <dht/backend/thrust.hpp>
#include <dht/encoder/colour.hpp>

namespace dht {

/// How an encoder runs on a device. Specialise it for an encoder of one's own; see concepts::device_encoder.
template <class Encoder>
struct DeviceEncoder;

namespace concepts {

/// An encoder that a device can run: DeviceEncoder is specialised for it.
template <class E, class S>
concept device_encoder = std::copyable<E> &&
    std::default_initializable<typename DeviceEncoder<E>::Workspace> &&
    requires(const E encoder, const backend::Thrust& backend, const OnDevice<ImageView<const S>>& image,
             S* features, typename DeviceEncoder<E>::Workspace& workspace) {
  { encoder.features() } -> std::convertible_to<int>;
  { encoder.channels() } -> std::convertible_to<int>;
  // Writes rows of `features()` numbers, pixel after pixel over the whole batch, on the device. Returns whether all are
  // finite. Every pixel type of ImageView must be accepted.
  { DeviceEncoder<E>::encode(backend, encoder, image, features, workspace) } -> std::same_as<bool>;
};

/// With a way back.
template <class E, class S>
concept device_differentiable_encoder = device_encoder<E, S> &&
    std::default_initializable<typename DeviceEncoder<E>::Saved> &&
    requires(const E encoder, const backend::Thrust& backend, const OnDevice<ImageView<const S>>& image,
             S* features, const S* grad_features, S* grad_image, typename DeviceEncoder<E>::Saved& saved,
             typename E::Gradients& gradients) {
  // As `encode`, keeping in `saved` what `backward` needs.
  { DeviceEncoder<E>::forward(backend, encoder, image, features, saved) } -> std::same_as<bool>;
  // As concepts::differentiable_encoder has it. `grad_image` lies on the device, `gradients` on the host.
  DeviceEncoder<E>::backward(backend, encoder, image, grad_features, saved, gradients, grad_image);
};

}  // namespace concepts

namespace detail {

/// Whether a loop saw a number that is not finite.
class DeviceFinite {
 public:
  std::int32_t* begin(const backend::Thrust& backend) {
    backend.fill(backend.resize(bad_, 1), 1, 0);
    return bad_.data();
  }
  /// Waits for the device.
  bool end(const backend::Thrust& backend) const { return backend.download(bad_.data()) == 0; }

 private:
  DeviceBuffer<std::int32_t> bad_;
};

/// Linear light of one channel of a pixel; a table lookup for 8-bit images, as on the host.
template <class S, class P>
DHT_HOST_DEVICE DHT_INLINE S device_light(const ImageView<P>& image, int b, int c, int y, int x,
                                          const S* table) {
  if constexpr (std::is_same_v<std::remove_const_t<P>, std::uint8_t>)
    return table[image(b, c, y, x)];
  else
    return linear_light(load_value(image, b, c, y, x, S(1), S(0)));
}

template <class S, class P>
void device_lab(const backend::Thrust& backend, const ImageView<P>& image, const S* table,
                const LabScale<S>& lab, S* features, std::int32_t* bad) {
  backend.launch(image.total_pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width % image.height),
              b = static_cast<int>(p / image.pixels());
    S* const out = features + 3 * p;
    lab.to_lab(device_light(image, b, 0, y, x, table), device_light(image, b, 1, y, x, table),
               device_light(image, b, 2, y, x, table), out[0], out[1], out[2]);
    if (!(is_finite(out[0]) & is_finite(out[1]) & is_finite(out[2]))) shared_store(bad, 1);
  });
}

/// From the gradient of CIELAB to that of the image, planes.
template <class S, class P>
void device_lab_backward(const backend::Thrust& backend, const ImageView<P>& image, const S* table,
                         double unit, const S* grad_features, S* grad_image) {
  backend.launch(image.total_pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width % image.height),
              b = static_cast<int>(p / image.pixels());
    S value[3], light[3], gradient[3], out[3];
    for (int c = 0; c < 3; ++c) {
      value[c] = load_value(image, b, c, y, x, S(1), S(0));
      light[c] = device_light(image, b, c, y, x, table);
      gradient[c] = grad_features[3 * p + c];
    }
    lab_backward(value, light, gradient, 1, unit, out);
    const std::int64_t place = p % image.pixels();
    for (int c = 0; c < 3; ++c) grad_image[(std::int64_t{b} * 3 + c) * image.pixels() + place] = out[c];
  });
}

/// Values as they are, times a factor.
template <class S, class P>
void device_values(const backend::Thrust& backend, const ImageView<P>& image, S factor, S* features,
                   std::int32_t* bad) {
  const int channels = image.channels;
  backend.launch(image.total_pixels() * channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t p = i / channels;
    const int x = static_cast<int>(p % image.width), y = static_cast<int>(p / image.width % image.height);
    features[i] = load_value(image, static_cast<int>(p / image.pixels()), static_cast<int>(i % channels), y,
                             x, factor, S(0));
    if (!is_finite(features[i])) shared_store(bad, 1);
  });
}

template <class S>
void device_values_backward(const backend::Thrust& backend, std::int64_t pixels, std::int64_t image_pixels,
                            int channels, S factor, const S* grad_features, S* grad_image) {
  backend.launch(pixels * channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t p = i / channels;
    grad_image[(p / image_pixels * channels + i % channels) * image_pixels + p % image_pixels] =
        factor * grad_features[i];
  });
}

}  // namespace detail

/// Plain colour on a device.
template <class S>
struct DeviceEncoder<ColourEncoder<S>> {
  struct Workspace {
    DeviceBuffer<S> table;  // linear light of 8-bit values
    detail::DeviceFinite finite;
  };
  using Saved = Workspace;

  template <class P>
  static bool encode(const backend::Thrust& backend, const ColourEncoder<S>& encoder,
                     const OnDevice<ImageView<P>>& image, S* features, Workspace& w) {
    std::int32_t* const bad = w.finite.begin(backend);
    if (encoder.is_cielab())
      detail::device_lab(backend, image.view(), table(backend, w), detail::LabScale<S>(encoder.unit()),
                         features, bad);
    else
      detail::device_values(backend, image.view(), static_cast<S>(100 / encoder.unit()), features, bad);
    return w.finite.end(backend);
  }

  template <class P>
  static bool forward(const backend::Thrust& backend, const ColourEncoder<S>& encoder,
                      const OnDevice<ImageView<P>>& image, S* features, Saved& saved) {
    return encode(backend, encoder, image, features, saved);
  }

  template <class P>
  static void backward(const backend::Thrust& backend, const ColourEncoder<S>& encoder,
                       const OnDevice<ImageView<P>>& image, const S* grad_features, Saved& saved,
                       typename ColourEncoder<S>::Gradients&, S* grad_image) {
    if (grad_image == nullptr) return;
    const ImageView<P>& view = image.view();
    if (encoder.is_cielab())
      detail::device_lab_backward(backend, view, table(backend, saved), encoder.unit(), grad_features,
                                  grad_image);
    else
      detail::device_values_backward(backend, view.total_pixels(), view.pixels(), view.channels,
                                     static_cast<S>(100 / encoder.unit()), grad_features, grad_image);
  }

 private:
  /// It is made once.
  static const S* table(const backend::Thrust& backend, Workspace& w) {
    if (w.table.size() == 256) return w.table.data();
    S linear[256];
    for (int i = 0; i < 256; ++i) linear[i] = detail::srgb_to_linear(static_cast<S>(i / 255.0));
    return backend.upload(linear, 256, w.table);
  }
};

}  // namespace dht
