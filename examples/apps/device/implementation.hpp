// SPDX-License-Identifier: MIT
// A tokenizer of the programs on the Thrust backend; included once for each of its systems.
#pragma once

#include <cstdint>
#include <filesystem>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <dht/thrust.hpp>

#include "common/device_tokenizer.hpp"
#include "common/tokenizer_parts.hpp"

/// Either encoder on a device.
template <>
struct dht::DeviceEncoder<dht::AnyEncoder<float>> {
  struct Workspace {
    typename DeviceEncoder<ColourEncoder<float>>::Workspace colour;
    typename DeviceEncoder<ConvolutionalEncoder<float>>::Workspace convolutional;
  };

  template <class P>
  static bool encode(const backend::Thrust& backend, const dht::AnyEncoder<float>& encoder,
                     const OnDevice<ImageView<P>>& image, float* features, Workspace& w) {
    if (const auto* e = std::get_if<ColourEncoder<float>>(&encoder.which()))
      return DeviceEncoder<ColourEncoder<float>>::encode(backend, *e, image, features, w.colour);
    return DeviceEncoder<ConvolutionalEncoder<float>>::encode(
        backend, std::get<ConvolutionalEncoder<float>>(encoder.which()), image, features, w.convolutional);
  }
};

namespace dht::examples {
namespace {

template <class Kernel>
class OnDeviceTokenizer final : public PhotoTokenizer {
 public:
  explicit OnDeviceTokenizer(const Common& common)
      : PhotoTokenizer(common.settings), tokenizer_(parts_of<Policies>(common)) {}

  const Hierarchy<float>& build(const std::filesystem::path& path, const Photo& photo) override {
    try {
      std::visit(
          [&](const auto& samples) {
            using P = typename std::decay_t<decltype(samples)>::value_type;
            build_on(samples, std::get<DeviceBuffer<P>>(memory_), photo);
          },
          photo.samples);
    } catch (const Error& error) {
      dht::detail::fail({path.filename().string(), ": ", error.what()});
    }
    tree_ = tokenizer_.hierarchy().download(tokenizer_.backend());
    return tree_;
  }

  const Tokens<float>& select(const Mask&) override {
    tokens_ = tokenizer_.select().download(tokenizer_.backend());
    return tokens_;
  }

  const Tokens<float>& merge_to(std::int64_t, const Mask&) override { fail_merging(); }
  const Tokens<float>& merge_at(Penalty, const Mask&) override { fail_merging(); }
  std::pair<const MergeTree&, const MergePenalties&> penalties(std::int64_t, std::int64_t) override {
    fail_merging();
  }

 private:
  struct Policies : AnyPolicies<Kernel> {
    using Backend = backend::Thrust;
  };

  template <class Samples, class P>
  void build_on(const Samples& samples, DeviceBuffer<P>& memory, const Photo& photo) {
    const backend::Thrust& backend = tokenizer_.backend();
    backend.upload(samples.data(), static_cast<std::int64_t>(samples.size()), memory);
    tokenizer_.build(on_device(interleaved_view<const P>(memory.data(), photo.height, photo.width, 3)));
  }

  [[noreturn]] static void fail_merging() {
    dht::detail::fail({"--backend: cuts by best-ancestor only where it is not cpu"});
  }

  Tokenizer<Policies> tokenizer_;
  std::tuple<DeviceBuffer<std::uint8_t>, DeviceBuffer<std::uint16_t>> memory_;
  Hierarchy<float> tree_;
  Tokens<float> tokens_;
};

}  // namespace
}  // namespace dht::examples
