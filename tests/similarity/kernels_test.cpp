// SPDX-License-Identifier: MIT
// Similarities against their formulas in long double, and what every kernel promises.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <dht/similarity/kernels.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

namespace {

using dht::test::error_of;
using dht::test::Random;
using Real = long double;

template <class S, class Kernel>
S similarity(const Kernel& kernel, const std::vector<S>& a, const std::vector<S>& b) {
  S sums[Kernel::sums] = {};
  for (std::size_t c = 0; c < a.size(); ++c) kernel.add(sums, a[c], b[c]);
  return kernel.value(static_cast<const S*>(sums));
}

template <class S>
Real distance(const std::vector<S>& a, const std::vector<S>& b) {
  Real sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) sum += (Real(a[c]) - b[c]) * (Real(a[c]) - b[c]);
  return std::sqrt(sum);
}

template <class S>
Real cosine(const std::vector<S>& a, const std::vector<S>& b) {
  Real ab = 0, aa = 0, bb = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    ab += Real(a[c]) * b[c];
    aa += Real(a[c]) * a[c];
    bb += Real(b[c]) * b[c];
  }
  if (aa == 0 || bb == 0) return aa == bb ? 1 : 0;
  return ab / std::sqrt(aa * bb);
}

template <class S>
std::vector<S> random_vector(Random& random, int n, double scale) {
  std::vector<S> v;
  for (int c = 0; c < n; ++c) v.push_back(static_cast<S>(scale * random.uniform(-1, 1)));
  return v;
}

/// `slack` widens the tolerance by a factor.
template <class S, class Kernel, class Formula>
void check_kernel(double bandwidth, const Formula& formula, double slack = 1) {
  const Kernel kernel(bandwidth);
  Random random(17);
  double worst = 0;
  int asymmetric = 0, outside = 0, not_one = 0;
  for (int i = 0; i < 4000; ++i) {
    const int n = 1 + random.below(9);
    const double scale = std::exp(random.uniform(-6, 2));
    const auto a = random_vector<S>(random, n, scale);
    const auto b = i % 3 ? random_vector<S>(random, n, scale) : [&] {
      auto near = a;  // neighbours in photos are close
      for (S& v : near) v += static_cast<S>(1e-3 * scale * random.uniform(-1, 1));
      return near;
    }();
    const S found = similarity(kernel, a, b);
    asymmetric += found != similarity(kernel, b, a);
    outside += !(found >= 0 && found <= 1);
    not_one += similarity(kernel, a, a) != 1;
    // The exponent is off by some roundings of its size, and e^exponent by that part of itself: errors are measured
    // in units of epsilon * similarity * (1 + |exponent|). Similarities below e^-60 are 0 for every purpose.
    const Real wanted = formula(a, b, bandwidth);
    const Real unit =
        std::numeric_limits<S>::epsilon() * wanted * (1 + std::abs(std::log(std::max(wanted, Real(1e-26)))));
    if (wanted > 1e-26) worst = std::max(worst, static_cast<double>(std::abs(Real(found) - wanted) / unit));
  }
  CAPTURE(bandwidth, worst);
  CHECK(asymmetric == 0);
  CHECK(outside == 0);
  CHECK(not_one == 0);
  CHECK(worst < 2 * slack);  // measured: 1.7 for the kernels of the distance, whose factors are stored in S
}

template <class S>
bool same_direction_is_one(double bandwidth) {
  Random random(23);
  for (int i = 0; i < 1000; ++i) {
    const auto a = random_vector<S>(random, 3, 1);
    auto b = a;
    for (S& v : b) v *= 4;
    if (similarity(dht::Cosine(bandwidth), a, b) != 1) return false;
  }
  return true;
}

}  // namespace

TEMPLATE_TEST_CASE("similarity: kernels follow their formulas", "[similarity]", float, double) {
  using S = TestType;
  using Vector = std::vector<S>;
  for (const double w : {1.0, 0.25, 3.7}) {
    check_kernel<S, dht::Gaussian>(w, [](const Vector& a, const Vector& b, Real h) {
      return std::exp(-std::pow(distance(a, b) / h, 2));
    });
    check_kernel<S, dht::Laplacian>(
        w, [](const Vector& a, const Vector& b, Real h) { return std::exp(-distance(a, b) / h); });
    check_kernel<S, dht::Cauchy>(w, [](const Vector& a, const Vector& b, Real h) {
      return 1 / (1 + std::pow(distance(a, b) / h, 2));
    });
    // The cosine has some roundings of its own, and the bandwidth divides them.
    check_kernel<S, dht::Cosine>(
        w, [](const Vector& a, const Vector& b, Real h) { return std::exp(-(1 - cosine(a, b)) / h); },
        1 + 1 / w);
  }
}

TEMPLATE_TEST_CASE("similarity: cosine of zero vectors, of directions, of opposites", "[similarity]", float,
                   double) {
  using S = TestType;
  const std::vector<S> zero{0, 0, 0}, x{2, 0, 0}, y{0, 3, 0}, minus{-5, 0, 0};
  const dht::Cosine kernel(0.5);
  const S orthogonal = dht::exp(S(-2)), opposite = dht::exp(S(-4));
  CHECK(similarity(kernel, zero, zero) == 1);
  CHECK(similarity(kernel, zero, x) == orthogonal);
  CHECK(similarity(kernel, x, zero) == orthogonal);
  CHECK(similarity(kernel, x, y) == orthogonal);
  CHECK(similarity(kernel, x, minus) == opposite);
  CHECK(same_direction_is_one<S>(0.5));
}

TEMPLATE_TEST_CASE("similarity: the cosine of vectors of every length", "[similarity]", float, double) {
  using S = TestType;
  Random random(29);
  const dht::Cosine kernel;
  const double most = std::is_same_v<S, float> ? 16 : 150;  // squares reach 1e32, or 1e300
  int asymmetric = 0, not_one = 0;
  double worst = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto a = random_vector<S>(random, 3, std::pow(10, random.uniform(-most, most))),
               b = random_vector<S>(random, 3, std::pow(10, random.uniform(-most, most)));
    asymmetric += similarity(kernel, a, b) != similarity(kernel, b, a);
    not_one += similarity(kernel, a, a) != 1;
    const Real wanted = std::exp(cosine(a, b) - 1);
    worst = std::max(worst, static_cast<double>(std::abs(similarity(kernel, a, b) - wanted) / wanted));
  }
  CHECK(asymmetric == 0);
  CHECK(not_one == 0);
  // Three sums, a root, a quotient and the exponential. Measured: 1.7 in float.
  CHECK(worst < 4 * std::numeric_limits<S>::epsilon());
  const std::vector<S> large{S(1e10), S(2e10)}, small{S(1e-12), S(2e-12)};
  CHECK(similarity(kernel, large, small) == Catch::Approx(1).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("similarity: far apart is 0 or nearly, never negative and never a NaN", "[similarity]",
                   float, double) {
  using S = TestType;
  const std::vector<S> a{S(1e4), S(-1e4)}, b{S(-1e4), S(1e4)};
  CHECK(similarity(dht::Gaussian(), a, b) < S(1e-30));
  CHECK(similarity(dht::Laplacian(), a, b) < S(1e-30));
  CHECK(similarity(dht::Cauchy(), a, b) == Catch::Approx(1.25e-9).epsilon(1e-5));
  CHECK(similarity(dht::Gaussian(), a, b) >= 0);
  CHECK(similarity(dht::Laplacian(), a, b) >= 0);
}

TEMPLATE_TEST_CASE("similarity: equal vectors have 1 at every bandwidth", "[similarity]", dht::Gaussian,
                   dht::Laplacian, dht::Cauchy, dht::Cosine) {
  for (const double bandwidth : {1e-6, 1e-3, 1.0, 1e6}) {
    const std::vector<float> a{0.3f, -7, 100}, zero{0, 0, 0};
    CHECK(similarity(TestType(bandwidth), a, a) == 1);
    CHECK(similarity(TestType(bandwidth), zero, zero) == 1);
    CHECK(similarity(TestType(bandwidth), a, zero) >= 0);
    CHECK(similarity(TestType(bandwidth), a, zero) <= 1);
  }
}

TEMPLATE_TEST_CASE("similarity: bandwidths that are none", "[similarity]", dht::Gaussian, dht::Laplacian,
                   dht::Cauchy, dht::Cosine) {
  const std::string range = "; must be 1e-6 to 1e6";
  CHECK(error_of([] { TestType(0); }) == "bandwidth: is 0" + range);
  CHECK(error_of([] { TestType(-1.5); }) == "bandwidth: is -1.5" + range);
  CHECK(error_of([] { TestType(9e-7); }) == "bandwidth: is 9e-07" + range);
  CHECK(error_of([] { TestType(2e6); }) == "bandwidth: is 2e+06" + range);
  CHECK(error_of([] { TestType{HUGE_VAL}; }) == "bandwidth: is inf" + range);
  CHECK(error_of([] { TestType{std::nan("")}; }) == "bandwidth: is nan" + range);
  CHECK(error_of([] { TestType(1e6); }) == "(no error)");
  CHECK(error_of([] { TestType(1e-6); }) == "(no error)");
}
