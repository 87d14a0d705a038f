// SPDX-License-Identifier: MIT
// What it costs to describe a region by its mean: the costs that optimal cuts minimise.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>

namespace dht {

namespace concepts {

/// The cost of a region, to which a cut adds one penalty a region. Finite and at least 0; a single pixel costs 0.
template <class C>
concept region_cost = std::copyable<C> &&
    requires(const C cost, std::int64_t size, const double* variance, int features) {
  // Of a region with `size` pixels and `features` variances.
  { cost(size, variance, features) } -> std::same_as<double>;
};

}  // namespace concepts

/// Nats that a Gaussian code needs for the region's pixels, beyond what it would need if they varied by noise alone:
/// size/2 * sum_c log(1 + s2_c / noise^2). Sees contrast in proportion: a step in a plain area counts like a larger one
/// in a busy area.
class CodeLength {
 public:
  /// `noise` > 0: the standard deviation, in units of the features, below which nothing is worth a bit. The
  /// default suits features of order 1, such as the colour encoder's, where it is 4 units of CIELAB.
  explicit CodeLength(double noise = 0.1) : precision_(1 / (noise * noise)) {
    DHT_EXPECTS(noise > 0 && std::isfinite(precision_), "noise: is ", noise, "; must be above 0");
  }
  DHT_INLINE double operator()(std::int64_t size, const double* variance, int features) const {
    double sum = 0;
    for (int c = 0; c < features; ++c) sum += log(fma(variance[c], precision_, 1.0));
    return static_cast<double>(size) * 0.5 * sum;
  }

 private:
  double precision_;
};

/// The squared error of painting the region with its mean: size * sum_c s2_c. Exact under SizeWeighting; under
/// SimilarityWeighting pixels count by their weights.
struct SquaredError {
  DHT_INLINE double operator()(std::int64_t size, const double* variance, int features) const {
    double sum = 0;
    for (int c = 0; c < features; ++c) sum += variance[c];
    return static_cast<double>(size) * sum;
  }
};

}  // namespace dht
