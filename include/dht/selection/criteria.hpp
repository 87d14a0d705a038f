// SPDX-License-Identifier: MIT
// Information criteria: what a region is worth as a token. The slot `Criterion` of a tokenizer (method, section 4).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/hierarchy/concepts.hpp>

namespace dht {

namespace detail {

/// log(iota + prod_c 2 pi s2_c) from the logarithms of the factors: slow, but right where a product would overflow, or
/// underflow on its way to something large.
template <class S>
DHT_HOST_DEVICE DHT_NO_INLINE S fit_by_logarithms(const S* variance, int features, double iota) {
  const double floor = log(iota);
  double product = 0;  // its logarithm
  for (int c = 0; c < features; ++c) {
    const double v = static_cast<double>(variance[c]);
    if (!(v >= std::numeric_limits<double>::min())) return static_cast<S>(floor);  // the product is 0
    product += 1.837877066409345484 + log(v);                                      // log(2 pi)
  }
  const double higher = std::max(product, floor), lower = std::min(product, floor);
  return static_cast<S>(higher + log(1 + exp(lower - higher)));
}

}  // namespace detail

/// I = -( (m/N) log(iota + prod_c 2 pi s2_c) + k(m + epsilon) ): goodness of fit against a penalty k on a region's size.
/// `Derived` supplies `penalty(m, df)`; df(m) = 1 / (2m - 2 sqrt(m)).
template <class Derived>
class InformationCriterion {
 public:
  static constexpr bool on_device = true;

  /// `iota` > 0 is a floor under the variance: the larger, the less variance counts. `epsilon` >= 0 keeps df finite.
  explicit InformationCriterion(double iota = 5, double epsilon = 1e-8) : iota_(iota), epsilon_(epsilon) {
    DHT_EXPECTS(iota > 0 && std::isfinite(iota), "iota: is ", iota, "; must be finite and above 0");
    DHT_EXPECTS(epsilon >= 0 && std::isfinite(epsilon), "epsilon: is ", epsilon,
                "; must be finite and at least 0");
  }

  double iota() const { return iota_; }

  /// The information of a region of `size` pixels with `features` variances, in an image of `pixels`.
  /// A single pixel has -sqrt(pixels).
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S information(std::int32_t size, const S* variance, int features,
                                           std::int64_t pixels) const {
    if (size <= 1) return pixel_information<S>(pixels);
    const S fit = fit_of(variance, features);
    const S m = static_cast<S>(size) + static_cast<S>(epsilon_);
    const S df = 1 / (2 * (m - sqrt(m)));
    return -fma(static_cast<S>(size) / static_cast<S>(pixels), fit,
                static_cast<const Derived&>(*this).penalty(m, df));
  }

  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S pixel_information(std::int64_t pixels) const {
    return -sqrt(static_cast<S>(pixels));
  }

 private:
  /// log(iota + prod_c 2 pi s2_c)
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S fit_of(const S* variance, int features) const {
    S product = 1, last = 1, large = 1;
    for (int c = 0; c < features; ++c) {
      product *= last;
      last = S(6.283185307179586477) * variance[c];
      large *= last > 1 ? last : S(1);
    }
    // No part of the product is above `large`, and what underflows is multiplied by no more than `large` afterwards.
    constexpr S most = std::numeric_limits<S>::max() * S(0x1p-28);
    if (!(large < most * static_cast<S>(std::min(iota_, 1.0)))) [[unlikely]]
      return detail::fit_by_logarithms(variance, features, iota_);
    return log(fma(product, last, static_cast<S>(iota_)));
  }

  double iota_, epsilon_;
};

/// Akaike: k = 2 df.
struct Aic : InformationCriterion<Aic> {
  using InformationCriterion::InformationCriterion;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S penalty(S, S df) const {
    return 2 * df;
  }
};

/// Akaike, corrected for small samples: k = 2 df + 2 (df^2 + df) / (m - df - 1). The paper's default.
struct Aicc : InformationCriterion<Aicc> {
  using InformationCriterion::InformationCriterion;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S penalty(S m, S df) const {
    return 2 * (df + fma(df, df, df) / (m - df - 1));
  }
};

/// Bayes (Schwarz): k = log(m) df.
struct Bic : InformationCriterion<Bic> {
  using InformationCriterion::InformationCriterion;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S penalty(S m, S df) const {
    return log(m) * df;
  }
};

/// Consistent Akaike (Bozdogan): k = (log(m) + 1) df.
struct Cic : InformationCriterion<Cic> {
  using InformationCriterion::InformationCriterion;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S penalty(S m, S df) const {
    return (log(m) + 1) * df;
  }
};

}  // namespace dht
