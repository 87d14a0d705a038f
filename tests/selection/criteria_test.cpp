// SPDX-License-Identifier: MIT
// Information criteria and region costs against their formulas in long double.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/selection/criteria.hpp>
#include <dht/selection/region_cost.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

namespace {

using dht::test::error_of;
using dht::test::Random;
using Real = long double;

Real df(Real m) { return 1 / (2 * m - 2 * std::sqrt(m)); }
Real aic(Real m) { return 2 * df(m); }
Real bic(Real m) { return std::log(m) * df(m); }
Real cic(Real m) { return (std::log(m) + 1) * df(m); }
Real aicc(Real m) { return 2 * df(m) + 2 * (df(m) * df(m) + df(m)) / (m - df(m) - 1); }

template <class S, class Criterion, class Penalty>
double worst(const Penalty& penalty) {
  Random random(3);
  double most = 0;
  for (int i = 0; i < 3000; ++i) {
    const double iota = std::exp(random.uniform(-3, 3));
    const Criterion criterion(iota, 1e-8);
    const int features = 1 + random.below(9);
    const auto size = static_cast<std::int32_t>(2 + std::exp(random.uniform(0, 13)));
    const std::int64_t pixels = size + random.below(100000);
    std::vector<S> variance;
    Real product = 1;
    for (int c = 0; c < features; ++c) {
      variance.push_back(static_cast<S>(std::exp(random.uniform(-6, 1))));
      product *= 2 * 3.14159265358979323846264338327950288L * variance.back();
    }
    const Real fit = Real(size) / pixels * std::log(iota + product), k = penalty(Real(size) + 1e-8L);
    // Both terms, and the sum under the logarithm, are off by some roundings each; they may cancel.
    const Real scale = std::abs(fit) + k + Real(size) / pixels;
    const Real error = std::abs(criterion.information(size, variance.data(), features, pixels) + fit + k);
    most = std::max(most, static_cast<double>(error / scale / std::numeric_limits<S>::epsilon()));
  }
  return most;
}

/// The first term alone.
struct NoPenalty : dht::InformationCriterion<NoPenalty> {
  using InformationCriterion::InformationCriterion;
  template <class S>
  S penalty(S, S) const {
    return 0;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("criteria: -((m/N) log(iota + prod 2 pi s2) + k(m + 1e-8))", "[selection]", float,
                   double) {
  using S = TestType;
  // In units of the last place of both terms together: up to 20 products, the square root, the logarithm. Measured: 1.93.
  const double a = worst<S, dht::Aic>(aic), ac = worst<S, dht::Aicc>(aicc), b = worst<S, dht::Bic>(bic),
               c = worst<S, dht::Cic>(cic);
  CAPTURE(a, ac, b, c);
  CHECK(a < 3);
  CHECK(ac < 3);
  CHECK(b < 3);
  CHECK(c < 3);
}

TEMPLATE_TEST_CASE("criteria: variances whose product leaves the range of the type", "[selection]", float,
                   double) {
  using S = TestType;
  const S large = std::is_same_v<S, float> ? S(1e10) : S(1e100), small = 1 / large;
  const auto fit = [](const std::vector<S>& variance, double iota) {
    return -NoPenalty(iota).information(100, variance.data(), static_cast<int>(variance.size()), 100);
  };
  const auto fits = [&](const std::vector<S>& variance, double iota = 5) {
    Real product = 1, logarithms = 0;  // long double holds them all
    for (const S v : variance) {
      product *= 2 * 3.14159265358979323846264338327950288L * v;
      if (v > 0) logarithms += std::abs(std::log(Real(v)));
    }
    const Real wanted = std::log(iota + product);
    CAPTURE(wanted, fit(variance, iota));
    // Roundings of the result, and in double those of up to thirty logarithms and of their sum.
    CHECK(std::abs(fit(variance, iota) - wanted) <=
          2 * std::numeric_limits<S>::epsilon() * std::abs(wanted) +
              2 * std::numeric_limits<double>::epsilon() * logarithms);
  };
  for (const int n : {3, 4, 5, 8, 30}) {
    std::vector<S> variance(static_cast<std::size_t>(n), large);
    fits(variance);
    variance.front() = 0;
    fits(variance);
    std::swap(variance.front(), variance.back());
    fits(variance);
  }
  fits({small, small, small, small, small, large, large, large, large, large});
  fits({large, large, large, large, large, small, small, small, small, small});
  fits({small, small, small, small, small, large, large, large, large, large}, 1e-9);
  fits({small, small, small, small, small}, 1e-20);
  fits({std::numeric_limits<S>::max()});
  fits({std::numeric_limits<S>::denorm_min(), std::numeric_limits<S>::max()});
}

TEMPLATE_TEST_CASE("criteria: a pixel has -sqrt(N), whatever its variance", "[selection]", dht::Aic,
                   dht::Aicc, dht::Bic, dht::Cic) {
  const TestType criterion;
  const double variance[] = {0.0, 3.0};
  CHECK(criterion.iota() == 5);
  CHECK(criterion.template pixel_information<double>(144) == -12);
  CHECK(criterion.information(1, variance, 2, 144) == -12);
  CHECK(criterion.template pixel_information<float>(1) == -1);
}

TEMPLATE_TEST_CASE("criteria: finite for every size and variance of a photo, and beyond", "[selection]",
                   dht::Aic, dht::Aicc, dht::Bic, dht::Cic) {
  const TestType criterion;
  int infinite = 0;
  for (const float v : {0.0f, 1e-30f, 1e-3f, 1.0f, 1e3f, 1e5f}) {
    const std::vector<float> variance(8, v);
    for (std::int32_t size = 1; size < 100; ++size)
      infinite += !std::isfinite(criterion.information(size, variance.data(), 8, 100));
    for (const std::int32_t size : {1000, 1000000, 2147483646}) {
      infinite += !std::isfinite(criterion.information(size, variance.data(), 8, std::int64_t{size}));
    }
  }
  CHECK(infinite == 0);
}

TEMPLATE_TEST_CASE("criteria: iota and epsilon out of range", "[selection]", dht::Aic, dht::Aicc, dht::Bic,
                   dht::Cic) {
  CHECK(error_of([] { TestType(0); }) == "iota: is 0; must be finite and above 0");
  CHECK(error_of([] { TestType(-5); }) == "iota: is -5; must be finite and above 0");
  CHECK(error_of([] { TestType{std::nan("")}; }) == "iota: is nan; must be finite and above 0");
  CHECK(error_of([] { TestType{HUGE_VAL}; }) == "iota: is inf; must be finite and above 0");
  CHECK(error_of([] { TestType(5, -1e-9); }) == "epsilon: is -1e-09; must be finite and at least 0");
  CHECK(error_of([] { TestType(5, std::nan("")); }) == "epsilon: is nan; must be finite and at least 0");
  CHECK(error_of([] { TestType(5, 0); }) == "(no error)");
}

TEST_CASE("region costs: code length and squared error", "[selection]") {
  Random random(4);
  for (int i = 0; i < 500; ++i) {
    const int features = 1 + random.below(9);
    const std::int64_t size = 1 + random.below(1 << 30);
    const double noise = std::exp(random.uniform(-6, 2));
    std::vector<double> variance;
    Real code = 0, error = 0;
    for (int c = 0; c < features; ++c) {
      variance.push_back(std::exp(random.uniform(-20, 5)));
      code += std::log(1 + Real(variance.back()) / (Real(noise) * noise));
      error += variance.back();
    }
    // log(1 + x) of a small x keeps what 1 + x keeps of x: an absolute error of one rounding a channel.
    const double slack = 1e-15 * features * static_cast<double>(size);
    CHECK(std::abs(dht::CodeLength(noise)(size, variance.data(), features) -
                   static_cast<double>(size * code / 2)) <= slack * (1 + static_cast<double>(code)));
    CHECK(dht::SquaredError{}(size, variance.data(), features) ==
          Catch::Approx(static_cast<double>(size * error)).epsilon(1e-14));
  }
  const double none[] = {0, 0, 0};
  CHECK(dht::CodeLength()(1, none, 3) == 0);
  CHECK(dht::CodeLength()(1000, none, 3) == 0);
  CHECK(dht::SquaredError{}(1000, none, 3) == 0);
  CHECK(error_of([] { dht::CodeLength(0); }) == "noise: is 0; must be above 0");
  CHECK(error_of([] { dht::CodeLength(-1); }) == "noise: is -1; must be above 0");
  CHECK(error_of([] { dht::CodeLength{std::nan("")}; }) == "noise: is nan; must be above 0");
  CHECK(error_of([] { dht::CodeLength(1e-200); }) == "noise: is 1e-200; must be above 0");
}
