// SPDX-License-Identifier: MIT
// CIELAB of stored sRGB values: the curves, the sums, and their derivatives. Where a curve takes a value for another (below
// 0), the derivative is that of what it takes.
#pragma once

#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht::detail {

/// What red, green and blue contribute to a sum. Returned by value: a device has no address of constants.
template <class S>
struct Contributions {
  S value[3];
};

/// sRGB primaries to XYZ, divided by the white point of D65 (0.95047, 1, 1.08883).
template <class S>
struct WhiteXyz {
  DHT_HOST_DEVICE static constexpr Contributions<S> x() {
    return {{S(0.4339499), S(0.3762098), S(0.1898403)}};
  }
  DHT_HOST_DEVICE static constexpr Contributions<S> y() {
    return {{S(0.2126729), S(0.7151522), S(0.0721750)}};
  }
  DHT_HOST_DEVICE static constexpr Contributions<S> z() {
    return {{S(0.0177566), S(0.1094680), S(0.8727754)}};
  }
};

/// x^p for x > 0
template <class S>
DHT_HOST_DEVICE DHT_INLINE S power(S x, S p) {
  return exp(p * log(x));
}

/// A number that `power` takes. Like all choices of these curves it is none that GCC could make a branch of: one loop over
/// pixels with a branch is slower than all that it saves.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S positive(S x) {
  return select(x > S(1e-6), x, S(1e-6));
}

/// From the stored sRGB value to linear light (IEC 61966-2-1). Negative values are taken as 0.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S srgb_to_linear(S v) {
  const S base = (v + S(0.055)) / S(1.055);
  const S curved = power(positive(base), S(2.4));
  const S straight = v > 0 ? v / S(12.92) : S(0);
  return select(v > S(0.04045), curved, straight);
}

/// The derivative of `srgb_to_linear`.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S srgb_to_linear_derivative(S v) {
  const S base = (v + S(0.055)) / S(1.055);
  const S curved = S(2.4 / 1.055) * power(positive(base), S(1.4));
  const S straight = v > 0 ? S(1) / S(12.92) : S(0);
  return select(v > S(0.04045), curved, straight);
}

/// CIE 1976: cube root above (6/29)^3, a straight line below.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S lab_curve(S t) {
  const S root = power(positive(t), S(1) / 3);
  const S straight = fma(t, S(7.787037037037037), S(0.13793103448275862));
  return select(t > S(0.008856451679035631), root, straight);
}

/// The derivative of `lab_curve`.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S lab_curve_derivative(S t) {
  const S curved = power(positive(t), S(-2) / 3) / 3;
  return select(t > S(0.008856451679035631), curved, S(7.787037037037037));
}

/// One of the three sums of `WhiteXyz`.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S mixed(const Contributions<S>& row, S r, S g, S b) {
  return fma(row.value[0], r, fma(row.value[1], g, row.value[2] * b));
}

/// CIELAB of linear light, the factors being those of a unit.
template <class S>
struct LabScale {
  S lightness, red, yellow, dark;

  explicit LabScale(double unit)
      : lightness(static_cast<S>(116 / unit)),
        red(static_cast<S>(500 / unit)),
        yellow(static_cast<S>(200 / unit)),
        dark(static_cast<S>(-16 / unit)) {}
  DHT_HOST_DEVICE DHT_INLINE void to_lab(S r, S g, S b, S& l_out, S& a_out, S& b_out) const {
    using White = WhiteXyz<S>;
    const S fx = lab_curve(mixed(White::x(), r, g, b)), fy = lab_curve(mixed(White::y(), r, g, b)),
            fz = lab_curve(mixed(White::z(), r, g, b));
    l_out = fma(lightness, fy, dark);
    a_out = red * (fx - fy);
    b_out = yellow * (fy - fz);
  }
};

/// Linear light of a stored value; NaN where it is not finite: comparisons alone would lose that.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S linear_light(S v) {
  const S nothing = v - v;
  return srgb_to_linear(v) + nothing;
}

/// From the gradient of L, a and b, divided by `unit`, to that of n stored values: `values` are red, green and blue, n
/// numbers each, `light` the same linear, `gradient` those of the features; `out` is written.
template <class S>
DHT_HOST_DEVICE DHT_INLINE void lab_backward(const S* values, const S* light, const S* gradient,
                                             std::int64_t n, double unit, S* out) {
  using White = WhiteXyz<S>;
  constexpr auto to_x = White::x(), to_y = White::y(), to_z = White::z();
  const S lightness = static_cast<S>(116 / unit), red = static_cast<S>(500 / unit),
          yellow = static_cast<S>(200 / unit);
  const S *r = light, *g = light + n, *b = light + 2 * n;
  DHT_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const S of_l = gradient[i], of_a = gradient[n + i], of_b = gradient[2 * n + i];
    const S x = lab_curve_derivative(mixed(to_x, r[i], g[i], b[i])) * (red * of_a);
    const S y = lab_curve_derivative(mixed(to_y, r[i], g[i], b[i])) *
                fma(lightness, of_l, fma(-red, of_a, yellow * of_b));
    const S z = lab_curve_derivative(mixed(to_z, r[i], g[i], b[i])) * (-yellow * of_b);
    out[i] = fma(to_x.value[0], x, fma(to_y.value[0], y, to_z.value[0] * z));
    out[n + i] = fma(to_x.value[1], x, fma(to_y.value[1], y, to_z.value[1] * z));
    out[2 * n + i] = fma(to_x.value[2], x, fma(to_y.value[2], y, to_z.value[2] * z));
  }
  DHT_INDEPENDENT
  for (std::int64_t i = 0; i < 3 * n; ++i) out[i] *= srgb_to_linear_derivative(values[i]);
}

}  // namespace dht::detail
