// SPDX-License-Identifier: MIT
// The normal distribution function, for loops: what GELU weights its argument by.
#pragma once

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht::detail {

/// The normal distribution with mean 0 and deviation 1 at one place.
template <class S>
struct NormalDistribution {
  S below, density;
};

// The tail beyond z sqrt(2) is erfc(z) / 2 = t q(2t - 1) exp(-z^2) with t = 2 / (2 + z). q hardly bends, so that a Chebyshev
// series of it ends early: at degree 10 it is right to 1.2e-8 of the tail, at degree 24 to 4e-16. Here are its powers, highest
// first; they were fitted in 40 digits.
template <class S>
inline constexpr Terms<S, 1> normal_terms = {};
template <>
inline constexpr Terms<float, 11> normal_terms<float> = {
    {2.108059860e-05f, -1.830093847e-05f, -1.496913560e-04f, 2.153352442e-04f, 7.645785804e-04f,
     -1.621725959e-03f, -5.375813093e-03f, 9.110834714e-03f, 6.986786676e-02f, 1.717901594e-01f,
     2.553956785e-01f}};
template <>
inline constexpr Terms<double, 25> normal_terms<double> = {
    {-9.55581848239739693e-10, 3.29868177892014145e-09,  3.26018769804669589e-09,  -2.57281363890243863e-08,
     1.80004988322359424e-08,  7.48571494249127059e-08,  -1.63123158927904756e-07, 7.86030803266494498e-09,
     5.15285065030427960e-07,  -9.17539304006697766e-07, -2.88821244296444248e-07, 4.03355312482305896e-06,
     -5.42149263913401477e-06, -8.53831907970693997e-06, 3.61170941406587762e-05,  -8.59262708349743682e-06,
     -1.65768288343923773e-04, 2.09323985532778976e-04,  7.72653007050551539e-04,  -1.61979626476355695e-03,
     -5.37766547201825977e-03, 9.11055787664745952e-03,  6.98680231390073764e-02,  1.71790171103453349e-01,
     2.55395676310505748e-01}};

/// Both relative to themselves as good as `exp` is, also far out on the left, where 1 + erf would have no digits left.
template <class S>
DHT_INLINE NormalDistribution<S> normal_distribution(S x) {
  const S size = x < 0 ? -x : x;
  const S t = 1 / fma(size, S(0.35355339059327376), S(1));  // z / 2 = size / sqrt(8)
  const S bell = exp(x * x * S(-0.5));
  const S tail = t * horner(normal_terms<S>, fma(S(2), t, S(-1))) * bell;
  return {x < 0 ? tail : 1 - tail, bell * S(0.39894228040143268)};
}

}  // namespace dht::detail
