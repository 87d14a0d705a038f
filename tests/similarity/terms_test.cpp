// SPDX-License-Identifier: MIT
// What similarities go through: compactness, 16 bits, self-loops, weights.
#include <cmath>
#include <cstdint>
#include <limits>

#include <dht/similarity/compactness.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using dht::Box;
using dht::Compactness;
using dht::test::error_of;
using dht::test::Random;
using Real = long double;

TEMPLATE_TEST_CASE("compactness: (1 - kappa) s + 4 kappa m / (2 + h + w)^2, of regions and of pairs",
                   "[similarity]", float, double) {
  using S = TestType;
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    const double kappa = i % 4 == 0 ? 0.01 : random.uniform();
    const auto box = [&] {
      const int y = random.below(3000), x = random.below(3000);
      return Box{y, x, y + random.below(100), x + random.below(100)};
    };
    const Box a = box(), b = box();
    const std::int32_t m = 1 + random.below(10000), n = 1 + random.below(10000);
    const S s = static_cast<S>(random.uniform());
    const Compactness<S> compactness(kappa);
    const Real h = std::max(a.ymax, b.ymax) - std::min(a.ymin, b.ymin),
               w = std::max(a.xmax, b.xmax) - std::min(a.xmin, b.xmin);
    const Real pair = (1 - Real(kappa)) * s + 4 * Real(kappa) * (m + n) / ((2 + h + w) * (2 + h + w));
    const Real own = 2 + (a.ymax - a.ymin) + (a.xmax - a.xmin);
    const Real region = (1 - Real(kappa)) * s + 4 * Real(kappa) * m / (own * own);
    // Six roundings at most; sizes here may fill a box many times over.
    const auto close = [](S found, Real wanted) {
      return std::abs(found - wanted) <= 6 * std::numeric_limits<S>::epsilon() * wanted;
    };
    CHECK(dht::joint_extent(a, b) == static_cast<std::int32_t>(h + w));
    CHECK(dht::joint_extent(b, a) == dht::joint_extent(a, b));
    CHECK(close(compactness.mix(s, m + n, dht::joint_extent(a, b)), pair));
    CHECK(close(compactness.of_region(s, m, a), region));
    CHECK(compactness.mix(s, m, static_cast<std::int32_t>(own) - 2) == compactness.of_region(s, m, a));
  }
}

TEST_CASE("compactness: 0 changes no bit, and large regions do not overflow", "[similarity]") {
  const Compactness<float> none(0);
  CHECK(none.of_region(0.123f, 7, {0, 0, 5, 5}) == 0.123f);
  const Compactness<double> some(0.5);
  const Box left{0, 0, 30000, 30000}, right{0, 30001, 30000, 60000};
  const double around = 2.0 + 30000 + 60000;
  CHECK(some.mix(0, std::int64_t{3000000000}, dht::joint_extent(left, right)) ==
        Catch::Approx(4 * 0.5 * 3e9 / (around * around)));
}

TEST_CASE("compactness: values out of range", "[similarity]") {
  CHECK(error_of([] { Compactness<float>(-0.1); }) == "compactness: is -0.1; must be at least 0 and below 1");
  CHECK(error_of([] { Compactness<float>(1); }) == "compactness: is 1; must be at least 0 and below 1");
  CHECK(error_of([] { Compactness<double>{std::nan("")}; }) ==
        "compactness: is nan; must be at least 0 and below 1");
  CHECK(error_of([] { Compactness<double>(0.999); }) == "(no error)");
}

TEMPLATE_TEST_CASE("quantise: floor(clamp(s, 0, 1) * 65535)", "[similarity]", float, double) {
  using S = TestType;
  CHECK(dht::quantise(S(0)) == 0);
  CHECK(dht::quantise(S(-3)) == 0);
  CHECK(dht::quantise(S(1)) == 65535);
  CHECK(dht::quantise(S(1.7)) == 65535);
  CHECK(dht::quantise(std::numeric_limits<S>::infinity()) == 65535);
  CHECK(dht::quantise(std::numeric_limits<S>::quiet_NaN()) == 0);
  CHECK(dht::quantise(std::nextafter(S(1), S(0))) == 65534);
  CHECK(dht::quantise(S(0.5)) == 32767);
  Random random(6);
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    const S s = static_cast<S>(random.uniform(-0.1, 1.1));
    const Real exact = std::min(std::max(Real(s), Real(0)), Real(1)) * 65535;
    const auto found = dht::quantise(s);
    // A product that rounds up to a whole number counts as that.
    wrong += found != std::floor(exact) &&
             !(found == std::ceil(exact) && found - exact < 65535 * std::numeric_limits<S>::epsilon());
  }
  CHECK(wrong == 0);
}

TEMPLATE_TEST_CASE("self-loop: a constant, or the sigmoid of an affine map", "[similarity]", float, double) {
  using S = TestType;
  const S variance[] = {S(0.5), S(0.25), S(2)};
  const auto value_of = [&](const dht::SelfLoop<S>& loop) {
    S sum = loop.bias;
    for (int c = 0; c < static_cast<int>(loop.weight.size()); ++c) sum = loop.add(sum, c, variance[c]);
    return loop.value(sum);
  };
  const dht::SelfLoop<S> nothing_learned;
  CHECK(nothing_learned.is_constant());
  CHECK(value_of(nothing_learned) == S(0.1));
  CHECK(value_of(dht::SelfLoop<S>::constant(0.875)) == S(0.875));
  CHECK(value_of(dht::SelfLoop<S>::constant(0)) == 0);
  CHECK(value_of(dht::SelfLoop<S>::constant(1)) == 1);

  Random random(7);
  for (int i = 0; i < 500; ++i) {
    dht::SelfLoop<S> loop;
    loop.weight = {S(random.uniform(-3, 3)), S(random.uniform(-3, 3)), S(random.uniform(-3, 3))};
    loop.bias = S(random.uniform(-2, 2));
    CHECK_FALSE(loop.is_constant());
    const Real sum = loop.bias + Real(loop.weight[0]) * variance[0] + Real(loop.weight[1]) * variance[1] +
                     Real(loop.weight[2]) * variance[2];
    // The sum has up to four roundings of numbers below 12.
    CHECK(std::abs(value_of(loop) - 1 / (1 + std::exp(-sum))) <= 12 * std::numeric_limits<S>::epsilon());
  }
  CHECK(error_of([] { (void)dht::SelfLoop<S>::constant(-0.1); }) ==
        "self-loop: is -0.1; must be between 0 and 1");
  CHECK(error_of([] { (void)dht::SelfLoop<S>::constant(1.5); }) ==
        "self-loop: is 1.5; must be between 0 and 1");
  CHECK(error_of([] { (void)dht::SelfLoop<S>::constant(std::nan("")); }) ==
        "self-loop: is nan; must be between 0 and 1");
}

TEMPLATE_TEST_CASE("weighting: by size, and by the root of the similarity", "[similarity]", float, double) {
  using S = TestType;
  CHECK(dht::SizeWeighting{}(17, S(0.3)) == 17);
  CHECK(dht::SimilarityWeighting{}(17, S(0.25)) == S(8.5));
  CHECK(dht::SimilarityWeighting{}(3, S(1)) == 3);
  CHECK(dht::SimilarityWeighting{}(1, S(1.21)) == Catch::Approx(1.1));  // unclamped
  CHECK(dht::SimilarityWeighting{}(1, S(0)) > 0);
  CHECK(dht::SimilarityWeighting{}(1, S(0)) < S(1e-14));
  CHECK(dht::SimilarityWeighting{}(1, std::numeric_limits<S>::quiet_NaN()) > 0);
}
