// SPDX-License-Identifier: MIT
// fma in whole numbers and exact sums, for machines that have no instruction for it where the C library rounds it twice.
#pragma once

#include <bit>
#include <cstdint>

#include <dht/core/config.hpp>

namespace dht::detail {

/// A whole number of 128 bits.
struct Wide {
  std::uint64_t high = 0, low = 0;

  bool empty() const { return (high | low) == 0; }
  int leading_zeros() const { return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low); }
  friend bool operator<(const Wide& a, const Wide& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};

inline Wide operator+(const Wide& a, const Wide& b) {
  const std::uint64_t low = a.low + b.low;
  return {a.high + b.high + (low < a.low), low};
}

inline Wide operator-(const Wide& a, const Wide& b) {
  return {a.high - b.high - (a.low < b.low), a.low - b.low};
}

/// By less than 128 bits.
inline Wide operator<<(const Wide& a, int by) {
  if (by == 0) return a;
  if (by >= 64) return {a.low << (by - 64), 0};
  return {a.high << by | a.low >> (64 - by), a.low << by};
}

/// By any number of bits from 0 up. The last bit is set where any that fell out was.
inline Wide shifted_right(const Wide& a, int by) {
  if (by == 0) return a;
  if (by >= 128) return {0, !a.empty()};
  const Wide out = by >= 64 ? Wide{0, by == 64 ? a.high : a.high >> (by - 64)}
                            : Wide{a.high >> by, a.high << (64 - by) | a.low >> by};
  return {out.high, out.low | !(a << (128 - by)).empty()};
}

inline Wide product(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t half = 0xffffffff, a0 = a & half, a1 = a >> 32, b0 = b & half, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & half);
  return {a1 * b1 + (middle >> 32) + (other >> 32), a * b};
}

/// A finite double other than zero, without its sign: whole * 2^exponent.
struct WholeTimesPower {
  Wide whole;
  int exponent;

  /// The same number with the first bit at place 126, so that there is room for a sum.
  WholeTimesPower aligned() const {
    const int by = whole.leading_zeros() - 1;
    return {whole << by, exponent - by};
  }
};

inline std::uint64_t mantissa_of(std::uint64_t bits) {
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  return (bits >> 52 & 2047) == 0 ? fraction : fraction | std::uint64_t{1} << 52;
}

inline int exponent_of(std::uint64_t bits) {
  const int stored = static_cast<int>(bits >> 52 & 2047);
  return (stored == 0 ? 1 : stored) - 1075;
}

/// The double next to whole * 2^exponent, ties to even, without a sign. The last bit of `whole` may stand for more below.
inline std::uint64_t rounded_bits(const WholeTimesPower& number) {
  const int first = number.exponent + 127 - number.whole.leading_zeros();  // exponent of the first bit
  if (first > 1023) return std::uint64_t{2047} << 52;
  const int last = first >= -1022 ? first - 52 : -1074;  // exponent of the last bit that is kept
  const int by = last - 2 - number.exponent;             // two more bits are
  const std::uint64_t kept = (by >= 0 ? shifted_right(number.whole, by) : number.whole << -by).low;
  const bool up = (kept & 3) == 3 || (kept & 7) == 6;
  // Where it carries into the exponent, that is right too.
  return (kept >> 2) + up + (first >= -1022 ? static_cast<std::uint64_t>(first + 1022) << 52 : 0);
}

/// a*b + c, rounded once to nearest, ties to even.
inline double software_fma(double a, double b, double c) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63, infinity = std::uint64_t{2047} << 52;
  const auto x = bit_cast<std::uint64_t>(a), y = bit_cast<std::uint64_t>(b), z = bit_cast<std::uint64_t>(c);
  const std::uint64_t minus = (x ^ y) & sign;
  if ((x & infinity) == infinity || (y & infinity) == infinity || (x & ~sign) == 0 || (y & ~sign) == 0)
    return a * b + c;  // nothing is rounded: zero, infinity or NaN
  if ((z & infinity) == infinity) return c + c;
  const WholeTimesPower times =
      WholeTimesPower{product(mantissa_of(x), mantissa_of(y)), exponent_of(x) + exponent_of(y)}.aligned();
  if ((z & ~sign) == 0) return bit_cast<double>(minus | rounded_bits(times));
  const WholeTimesPower plus = WholeTimesPower{{0, mantissa_of(z)}, exponent_of(z)}.aligned();

  // More than one bit can only cancel where the exponents differ by one at most; nothing falls out of the smaller then.
  const bool first =
      times.exponent > plus.exponent || (times.exponent == plus.exponent && !(times.whole < plus.whole));
  const WholeTimesPower &large = first ? times : plus, &small = first ? plus : times;
  const Wide least = shifted_right(small.whole, large.exponent - small.exponent);
  const bool differ = minus != (z & sign);
  const Wide sum = differ ? large.whole - least : large.whole + least;
  if (sum.empty()) return 0;
  return bit_cast<double>((first ? minus : z & sign) | rounded_bits({sum, large.exponent}));
}

/// The product of two floats is exact in double. The sum is rounded to odd there, so that rounding it again to float is
/// right (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
inline float software_fma(float a, float b, float c) {
  const double product = static_cast<double>(a) * b, sum = product + c;
  const double rest = sum - product;
  const double error = (product - (sum - rest)) + (c - rest);
  auto bits = bit_cast<std::uint64_t>(sum);
  if ((bits & 1) == 0 && (error > 0 || error < 0)) bits += (error > 0) == (sum > 0) ? 1 : std::uint64_t(-1);
  return static_cast<float>(bit_cast<double>(bits));
}

}  // namespace dht::detail

#if defined(__MINGW32__) && !defined(__FMA__) && !defined(__aarch64__)

// What the compiler calls where it has no instruction. MinGW's own round twice: these stand for them in the whole program.
extern "C" {

__attribute__((used, noinline)) inline double fma(double a, double b, double c) {
  return dht::detail::software_fma(a, b, c);
}

__attribute__((used, noinline)) inline float fmaf(float a, float b, float c) {
  return dht::detail::software_fma(a, b, c);
}

}  // extern "C"

#endif
