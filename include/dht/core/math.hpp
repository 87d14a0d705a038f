// SPDX-License-Identifier: MIT
// Arithmetic that gives the same bits on every compiler, instruction set and backend: fused multiply-add said
// explicitly, and polynomial exp and log in its terms (the C library's differ from system to system).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dht/core/config.hpp>
#include <dht/core/software_fma.hpp>

#if defined(__clang__) && defined(__SSE2__) && !defined(__CUDA_ARCH__)
#include <emmintrin.h>
#endif

namespace dht {

/// a*b + c, rounded once. The only way in which a product is added anywhere in the library.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S fma(S a, S b, S c) {
#if defined(__CUDA_ARCH__)
  return ::fma(a, b, c);
#else
  if constexpr (std::is_same_v<S, float>) {
    return __builtin_fmaf(a, b, c);
  } else {
    return __builtin_fma(a, b, c);
  }
#endif
}

/// a + b, rounded by itself: where b comes from a policy it may be a product, which the compiler would otherwise be free to
/// fuse with the sum on processors that can.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S rounded_sum(S a, S b) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<S, float>) {
    return __fadd_rn(a, b);
  } else {
    return __dadd_rn(a, b);
  }
#else
  // Clang fuses within an expression only.
#if defined(__GNUC__) && !defined(__clang__) && defined(__SSE2__)
  asm("" : "+x"(b));
#elif defined(__GNUC__) && !defined(__clang__) && defined(__aarch64__)
  asm("" : "+w"(b));
#elif defined(__GNUC__) && !defined(__clang__)
  asm("" : "+m"(b));
#endif
  return a + b;
#endif
}

/// Square root, rounded once as IEEE 754 has it. Clang does not vectorise std::sqrt, which has to set errno.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S sqrt(S x) {
#if defined(__clang__) && defined(__SSE2__) && !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<S, float>) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
  } else {
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
  }
#else
  return std::sqrt(x);
#endif
}

/// `condition ? a : b`, but both are there before and none is a branch: for choices that cannot be foreseen, and in
/// loops that are to be vectorised.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S select(bool condition, S a, S b) {
  using Bits = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;
  const Bits x = detail::bit_cast<Bits>(a), y = detail::bit_cast<Bits>(b), mask = Bits{0} - Bits{condition};
  return detail::bit_cast<S>(y ^ ((x ^ y) & mask));
}

namespace detail {

/// Coefficients of a polynomial, the highest power first. They are returned by value: a device has no address of them.
template <class S, int N>
struct Terms {
  S value[std::size_t{N}];
};

/// The constants of exp and log for one type. Both reduce by powers of two; `ln2_high` has few enough bits that its
/// product with an exponent is exact.
template <class S>
struct Elementary;

template <>
struct Elementary<float> {
  using Bits = std::int32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float lowest = -87.0f, highest = 88.0f;
  static constexpr float log2e = 1.44269504088896341f, round = 12582912.0f;  // 1.5 * 2^23
  static constexpr float ln2_high = 0.693145751953125f, ln2_low = 1.42860682030941723212e-6f;
  // 1/k! down from k = 7: the next term is below 6e-9 of the result for |r| <= ln(2)/2.
  DHT_HOST_DEVICE static constexpr Terms<float, 8> exp_terms() {
    return {{1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}};
  }
  // 2/(2k+1) down from k = 5, in powers of s^2 with |s| <= 0.1716: the next term is below 1e-10.
  DHT_HOST_DEVICE static constexpr Terms<float, 5> log_terms() {
    return {{2.0f / 11, 2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3}};
  }
};

template <>
struct Elementary<double> {
  using Bits = std::int64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double lowest = -708.0, highest = 709.0;
  static constexpr double log2e = 1.4426950408889634074, round = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  // Down from 1/13!: the next term is below 5e-18 of the result.
  DHT_HOST_DEVICE static constexpr Terms<double, 14> exp_terms() {
    return {{1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
             1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0}};
  }
  // Down from 2/23: the next term is below 2e-18.
  DHT_HOST_DEVICE static constexpr Terms<double, 11> log_terms() {
    return {{2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5,
             2.0 / 3}};
  }
};

#if defined(__CUDA_ARCH__)
#define DHT_UNROLL_TERMS _Pragma("unroll")
#elif defined(__CUDACC__)
#define DHT_UNROLL_TERMS
#else
#define DHT_UNROLL_TERMS _Pragma("GCC unroll 16")
#endif

template <class S, int N>
DHT_HOST_DEVICE DHT_INLINE S horner(const Terms<S, N>& terms, S x) {
  S sum = terms.value[0];
  DHT_UNROLL_TERMS
  for (int i = 1; i < N; ++i) sum = fma(sum, x, terms.value[i]);
  return sum;
}

#undef DHT_UNROLL_TERMS

}  // namespace detail

/// e^x to about one unit in the last place; exact at 0. Arguments are clamped to [-87, 88] in float and [-708, 709] in
/// double, so the result is always a positive, finite, normal number. NaN gives some such number.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S exp(S x) {
  using E = detail::Elementary<S>;
  x = x > E::lowest ? x : E::lowest;
  x = x < E::highest ? x : E::highest;
  const S shifted = fma(x, E::log2e, E::round);  // the integer nearest to x*log2(e), in the low bits
  const S n = shifted - E::round;
  S r = fma(n, -E::ln2_high, x);
  r = fma(n, -E::ln2_low, r);
  const S p = detail::horner(E::exp_terms(), r);
  using Unsigned = std::make_unsigned_t<typename E::Bits>;
  const Unsigned scale = detail::bit_cast<Unsigned>(shifted) << E::mantissa;
  return detail::bit_cast<S>(detail::bit_cast<Unsigned>(p) + scale);
}

/// Natural logarithm of a positive, normal number, to within two units in the last place; most are off where the
/// logarithm is small, next to 1.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S log(S x) {
  using E = detail::Elementary<S>;
  using Bits = typename E::Bits;
  constexpr Bits one = detail::bit_cast<Bits>(S(1));
  constexpr Bits half_root = detail::bit_cast<Bits>(S(0.70710678118654752440));
  // x = 2^k * m with m in [sqrt(1/2), sqrt(2))
  const Bits offset = detail::bit_cast<Bits>(x) - half_root;
  const Bits k = offset >> E::mantissa;
  const S m = detail::bit_cast<S>(detail::bit_cast<Bits>(x) - (k << E::mantissa));
  static_assert(one > half_root);
  const S s = (m - 1) / (m + 1), s2 = s * s;
  const S n = static_cast<S>(k);
  const S tail = detail::horner(E::log_terms(), s2) * s2;
  return fma(n, E::ln2_high, fma(s, S(2), fma(s, tail, n * E::ln2_low)));
}

/// 1 / (1 + e^-x)
template <class S>
DHT_HOST_DEVICE DHT_INLINE S sigmoid(S x) {
  return S(1) / (S(1) + exp(-x));
}

/// x * sigmoid(x), the activation of the encoder (SiLU).
template <class S>
DHT_HOST_DEVICE DHT_INLINE S silu(S x) {
  return x / (S(1) + exp(-x));
}

/// The derivative of SiLU at x, given sigmoid(x).
template <class S>
DHT_HOST_DEVICE DHT_INLINE S silu_derivative(S x, S sigmoid) {
  return sigmoid * fma(x, S(1) - sigmoid, S(1));
}

/// The number whose hyperbolic sine is x, to a few units in the last place; |x| up to half the exponents of its type.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S asinh(S x) {
  const S size = x < 0 ? -x : x;
  const S more = size + size * size / (1 + sqrt(fma(size, size, S(1))));
  const S sum = 1 + more;  // its rounding error is taken back, or small numbers would lose their digits
  const S inverse = sum > 1 ? log(sum) * (more / (sum - 1)) : more;
  return x < 0 ? -inverse : inverse;
}

/// Hyperbolic sine, to a few units in the last place; finite as far as `exp` is.
template <class S>
DHT_HOST_DEVICE DHT_INLINE S sinh(S x) {
  const S power = exp(x);
  const S less = power == 1 ? x : (power - 1) * (x / log(power));  // e^x - 1, with the same correction
  return (less + less / power) / 2;
}

}  // namespace dht
