// SPDX-License-Identifier: MIT
// How alike two feature vectors are: the slot `Similarity` of a tokenizer.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>

namespace dht {

namespace concepts {

/// A kernel on pairs of feature vectors, given one channel at a time so that it runs over image planes and over rows of
/// a matrix alike. It must be symmetric, bit for bit: k(a, b) == k(b, a).
template <class K, class S>
concept similarity = std::copyable<K> && requires(const K kernel, S a, S b, S* sums, const S* done) {
  // How many running sums a pair needs; all begin at 0.
  { K::sums } -> std::convertible_to<int>;
  // Takes one channel of both vectors into the sums. Add products with dht::fma.
  kernel.add(sums, a, b);
  // The similarity of the pair, in [0, 1]; 1 for equal vectors.
  { kernel.value(done) } -> std::same_as<S>;
};

/// A kernel with a way back. Without it images become tokens all the same, only gradients do not compile.
template <class K, class S>
concept differentiable_similarity = similarity<K, S> &&
    requires(const K kernel, S a, S b, S upstream, const S* done, S* grad_sums, const S* grad_done, S& grad_a,
             S& grad_b) {
  // Writes upstream * d value / d sums; 0 where the value has a kink.
  kernel.gradient(done, upstream, grad_sums);
  // Adds what one channel of both vectors contributes: sum over k of grad_sums[k] * d sums[k] / d a, and likewise for b.
  kernel.add_gradient(grad_done, a, b, grad_a, grad_b);
};

}  // namespace concepts

namespace detail {

inline void check_bandwidth(double bandwidth) {
  DHT_EXPECTS(bandwidth >= 1e-6 && bandwidth <= 1e6, "bandwidth: is ", bandwidth, "; must be 1e-6 to 1e6");
}

/// sqrt(x * y), also where the product alone would be too large or too small for its type. Scales by powers of two only,
/// so that no bit of other results changes, and the mean of a number with itself is exactly that number.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S geometric_mean(S x, S y) {
  constexpr S large = static_cast<S>(sizeof(S) == 4 ? 0x1p64 : 0x1p512);
  const S product = x * y;
  const bool large_product = product > std::numeric_limits<S>::max(),
             small_product = product < std::numeric_limits<S>::min();
  const S there = large_product ? 1 / large : (small_product ? large : S(1));
  const S back = large_product ? large : (small_product ? 1 / large : S(1));
  return sqrt((x * there) * (y * there)) * back;
}

/// Kernels of the Euclidean distance share their one sum, its square.
struct OfDistance {
  static constexpr bool on_device = true;
  static constexpr int sums = 1;
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add(S* sum, S a, S b) const {
    const S difference = a - b;
    sum[0] = fma(difference, difference, sum[0]);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add_gradient(const S* grad_sum, S a, S b, S& grad_a, S& grad_b) const {
    const S gradient = 2 * grad_sum[0] * (a - b);
    grad_a += gradient;
    grad_b -= gradient;
  }
};

}  // namespace detail

/// exp(-(|a-b| / bandwidth)^2): the paper's kernel, with bandwidth 1 in checkpoints.
class Gaussian : public detail::OfDistance {
 public:
  explicit Gaussian(double bandwidth = 1) : factor_(-1 / (bandwidth * bandwidth)) {
    detail::check_bandwidth(bandwidth);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S value(const S* sum) const {
    return exp(sum[0] * static_cast<S>(factor_));
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void gradient(const S* sum, S upstream, S* grad_sum) const {
    grad_sum[0] = upstream * static_cast<S>(factor_) * value(sum);
  }

 private:
  double factor_;
};

/// exp(-|a-b| / bandwidth): falls off at once, so weak edges count; forgiving far out.
class Laplacian : public detail::OfDistance {
 public:
  explicit Laplacian(double bandwidth = 1) : factor_(-1 / bandwidth) { detail::check_bandwidth(bandwidth); }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S value(const S* sum) const {
    return exp(sqrt(sum[0]) * static_cast<S>(factor_));
  }
  /// 0 for equal vectors, where the kernel has its peak.
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void gradient(const S* sum, S upstream, S* grad_sum) const {
    const S distance = sqrt(sum[0]);
    grad_sum[0] = distance > 0 ? upstream * static_cast<S>(factor_) * value(sum) / (2 * distance) : S(0);
  }

 private:
  double factor_;
};

/// 1 / (1 + (|a-b| / bandwidth)^2): heavy tails, never quite 0.
class Cauchy : public detail::OfDistance {
 public:
  explicit Cauchy(double bandwidth = 1) : factor_(1 / (bandwidth * bandwidth)) {
    detail::check_bandwidth(bandwidth);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S value(const S* sum) const {
    return 1 / fma(sum[0], static_cast<S>(factor_), S(1));
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void gradient(const S* sum, S upstream, S* grad_sum) const {
    const S k = value(sum);
    grad_sum[0] = -upstream * static_cast<S>(factor_) * k * k;
  }

 private:
  double factor_;
};

/// exp(-(1 - cos(a, b)) / bandwidth): compares directions and ignores length, as for shading that only darkens. A zero
/// vector has cosine 0 with any other and 1 with another zero vector. Squares must fit the type: lengths from 1e-17 to
/// 1e19 in float, 1e-150 to 1e150 in double.
class Cosine {
 public:
  static constexpr bool on_device = true;
  static constexpr int sums = 3;
  explicit Cosine(double bandwidth = 1) : factor_(1 / bandwidth) { detail::check_bandwidth(bandwidth); }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add(S* sum, S a, S b) const {
    sum[0] = fma(a, b, sum[0]);
    sum[1] = fma(a, a, sum[1]);
    sum[2] = fma(b, b, sum[2]);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE S value(const S* sum) const {
    const S lengths = detail::geometric_mean(sum[1], sum[2]);
    const S cosine = lengths > 0 ? sum[0] / lengths : (sum[1] == sum[2] ? S(1) : S(0));
    const S above = cosine - 1;
    return exp((above < 0 ? above : S(0)) * static_cast<S>(factor_));
  }
  /// 0 for zero vectors, and for those of one direction, where the kernel has its ridge.
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void gradient(const S* sum, S upstream, S* grad_sum) const {
    const S lengths = detail::geometric_mean(sum[1], sum[2]);
    const bool smooth = lengths > 0 && sum[0] < lengths;
    const S slope = smooth ? upstream * static_cast<S>(factor_) * value(sum) / lengths : S(0);
    grad_sum[0] = slope;
    grad_sum[1] = smooth ? -slope * sum[0] / (2 * sum[1]) : S(0);
    grad_sum[2] = smooth ? -slope * sum[0] / (2 * sum[2]) : S(0);
  }
  template <class S>
  DHT_HOST_DEVICE DHT_INLINE void add_gradient(const S* grad_sum, S a, S b, S& grad_a, S& grad_b) const {
    grad_a += fma(grad_sum[0], b, 2 * grad_sum[1] * a);
    grad_b += fma(grad_sum[0], a, 2 * grad_sum[2] * b);
  }

 private:
  double factor_;
};

}  // namespace dht
