// SPDX-License-Identifier: MIT
// Policies that are chosen at run time: one type for all criteria, one for both encoders, and the similarity by name. The
// price is a branch a region and a branch an image; a program that knows its parts at compile time names them in its
// policies instead.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/selection/criteria.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/tokenizer.hpp>

namespace dht {

/// Any of the four criteria; satisfies concepts::criterion like each of them.
class AnyCriterion {
 public:
  static constexpr bool on_device = true;

  /// The criterion of a name: aic, aicc, bic or cic. Throws dht::Error for any other.
  explicit AnyCriterion(std::string_view name = "aicc", double iota = 5)
      : aicc_(iota), aic_(iota), bic_(iota), cic_(iota) {
    if (name == "aic")
      which_ = Which::aic;
    else if (name == "bic")
      which_ = Which::bic;
    else if (name == "cic")
      which_ = Which::cic;
    else
      DHT_EXPECTS(name == "aicc", "criterion: is \"", name, "\"; must be aic, aicc, bic or cic");
  }

  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S information(std::int32_t size, const S* variance, int features,
                                           std::int64_t pixels) const {
    // Not std::visit: its table of functions would hide the criteria from the loop's instruction set, and devices have none.
    if (which_ == Which::aicc) return aicc_.information(size, variance, features, pixels);
    if (which_ == Which::aic) return aic_.information(size, variance, features, pixels);
    if (which_ == Which::bic) return bic_.information(size, variance, features, pixels);
    return cic_.information(size, variance, features, pixels);
  }

  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S pixel_information(std::int64_t pixels) const {
    return aicc_.template pixel_information<S>(pixels);  // the same for all four
  }

 private:
  enum class Which { aicc, aic, bic, cic };
  Which which_ = Which::aicc;
  Aicc aicc_;
  Aic aic_;
  Bic bic_;
  Cic cic_;
};

/// The paper's encoder with the library's weights or those of a checkpoint, or plain colour.
template <class S>
class AnyEncoder {
 public:
  struct Workspace {
    typename ColourEncoder<S>::Workspace colour;
    typename ConvolutionalEncoder<S>::Workspace convolutional;
  };

  AnyEncoder() = default;
  explicit AnyEncoder(ConvolutionalEncoder<S> encoder) : encoder_(std::move(encoder)) {}
  explicit AnyEncoder(ColourEncoder<S> encoder) : encoder_(std::move(encoder)) {}

  const std::variant<ConvolutionalEncoder<S>, ColourEncoder<S>>& which() const { return encoder_; }

  int features() const {
    return std::visit([](const auto& e) { return e.features(); }, encoder_);
  }
  int channels() const {
    return std::visit([](const auto& e) { return e.channels(); }, encoder_);
  }

  template <class P, class Backend>
  bool encode(const Backend& backend, const ImageView<P>& image, S* features, Workspace& w) const {
    if (const auto* e = std::get_if<ColourEncoder<S>>(&encoder_))
      return e->encode(backend, image, features, w.colour);
    return std::get<ConvolutionalEncoder<S>>(encoder_).encode(backend, image, features, w.convolutional);
  }

 private:
  std::variant<ConvolutionalEncoder<S>, ColourEncoder<S>> encoder_;
};

/// A tokenizer of these parts is compiled once for each similarity, which is in the hottest loops: see `with_similarity`.
template <class Kernel>
struct AnyPolicies : DefaultPolicies {
  template <class S>
  using Encoder = AnyEncoder<S>;
  using Similarity = Kernel;
  using Criterion = AnyCriterion;
};

/// What `use` returns for the similarity of a name: gaussian, laplacian, cauchy or cosine. Throws dht::Error for any other.
template <class Use>
decltype(auto) with_similarity(std::string_view name, double bandwidth, const Use& use) {
  if (name == "laplacian") return use(Laplacian(bandwidth));
  if (name == "cauchy") return use(Cauchy(bandwidth));
  if (name == "cosine") return use(Cosine(bandwidth));
  DHT_EXPECTS(name == "gaussian", "similarity: is \"", name,
              "\"; must be gaussian, laplacian, cauchy or cosine");
  return use(Gaussian(bandwidth));
}

}  // namespace dht
