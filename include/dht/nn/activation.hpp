// SPDX-License-Identifier: MIT
// GELU (Hendrycks and Gimpel, 2016) in the three forms that published models have, each with its slope: the slot
// `Activation` of a transformer.
#pragma once

#include <concepts>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/nn/normal_distribution.hpp>

namespace dht {

namespace concepts {

/// A function of a number, and its derivative. Both must be without branches if loops over them are to be fast.
template <class A, class S>
concept activation = requires(S x) {
  { A::value(x) } -> std::same_as<S>;
  { A::slope(x) } -> std::same_as<S>;
};

}  // namespace concepts

/// x Phi(x), Phi being the normal distribution function: (1 + erf(x / sqrt 2)) / 2. The method's.
struct Gelu {
  template <class S>
  static DHT_INLINE S value(S x) {
    return x * detail::normal_distribution(x).below;
  }
  template <class S>
  static DHT_INLINE S slope(S x) {
    const auto at = detail::normal_distribution(x);
    return fma(x, at.density, at.below);
  }
};

/// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.
struct TanhGelu {
  template <class S>
  static DHT_INLINE S value(S x) {
    return x * sigmoid(twice_inside(x));
  }
  template <class S>
  static DHT_INLINE S slope(S x) {
    const S share = sigmoid(twice_inside(x));
    return share * fma(x * (1 - share), fma(S(3 * 0.044715) * x, x, S(1)) * factor<S>, S(1));
  }

 private:
  template <class S>
  static constexpr S factor = S(1.5957691216057307);  // 2 sqrt(2 / pi): (1 + tanh t) / 2 = sigmoid(2t)
  template <class S>
  static DHT_INLINE S twice_inside(S x) {
    return factor<S> * x * fma(S(0.044715) * x, x, S(1));
  }
};

/// x sigmoid(1.702 x).
struct QuickGelu {
  template <class S>
  static DHT_INLINE S value(S x) {
    return x * sigmoid(S(1.702) * x);
  }
  template <class S>
  static DHT_INLINE S slope(S x) {
    const S share = sigmoid(S(1.702) * x);
    return share * fma(S(1.702) * x, 1 - share, S(1));
  }
};

}  // namespace dht
