// SPDX-License-Identifier: MIT
// Learning rates at the ends of their schedule, and clipping.
#include <cmath>
#include <limits>
#include <vector>

#include <dht/train/clip.hpp>
#include <dht/train/schedule.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using Catch::Approx;
using dht::CosineSchedule;
using dht::ParameterList;
using dht::test::error_of;

TEST_CASE("schedule: up to the peak, down to the floor", "[train]") {
  const CosineSchedule rate(0.5, 110, 10, 0.1);
  CHECK(rate(0) == Approx(0.05));
  CHECK(rate(4) == Approx(0.25));
  CHECK(rate(9) == 0.5);
  CHECK(rate(10) == 0.5);
  CHECK(rate(35) == Approx(0.1 + 0.4 * (1 + std::sqrt(0.5)) / 2));  // a quarter of the way: cos(pi/4)
  CHECK(rate(60) == Approx(0.3));
  CHECK(rate(109) > 0.1);
  CHECK(rate(110) == 0.1);
  CHECK(rate(1'000'000) == 0.1);
  for (int step = 1; step <= 110; ++step) CHECK((step <= 9) == (rate(step) > rate(step - 1)));
}

TEST_CASE("schedule: no warm-up, nothing but warm-up, no step", "[train]") {
  CHECK(CosineSchedule(1, 4)(0) == 1);
  CHECK(CosineSchedule(1, 4)(2) == Approx(0.5));
  CHECK(CosineSchedule(1, 4, 4)(3) == 1);
  CHECK(CosineSchedule(1, 4, 4)(4) == 0);
  CHECK(CosineSchedule(1, 0)(0) == 0);
}

TEST_CASE("schedule: what makes no sense is named", "[train]") {
  CHECK(error_of([] { CosineSchedule(-1, 4); }) == "peak: is -1; must be at least 0 and finite");
  CHECK(error_of([] { CosineSchedule(1, 4, 0, 2); }) == "floor: is 2; must be 0 to 1, the peak");
  CHECK(error_of([] { CosineSchedule(1, -1); }) == "steps: is -1; must be at least 0");
  CHECK(error_of([] { CosineSchedule(1, 4, 5); }) == "warm-up: is 5; must be 0 to 4, the number of steps");
  CHECK(error_of([] { CosineSchedule(1, 4)(-1); }) == "step: is -1; must be at least 0");
}

TEMPLATE_TEST_CASE("clip: all gradients together are made as long as allowed", "[train]", float, double) {
  using S = TestType;
  std::vector<S> a{3, 0, -4}, b{12};
  const ParameterList<S> list{{"a", {3}, a}, {"b", {1}, b}};
  CHECK(dht::global_norm(list) == 13);
  CHECK(dht::clip_by_global_norm(list, 13) == 13);
  CHECK(a == std::vector<S>{3, 0, -4});
  CHECK(dht::clip_by_global_norm(list, std::numeric_limits<double>::infinity()) == 13);
  CHECK(dht::clip_by_global_norm(list, 6.5) == 13);
  CHECK(a == std::vector<S>{S(1.5), 0, -2});
  CHECK(b == std::vector<S>{6});
  CHECK(dht::global_norm(ParameterList<S>{}) == 0);
  CHECK(error_of([&] { dht::clip_by_global_norm(list, 0); }) == "longest: is 0; must be above 0");
}

TEST_CASE("clip: sums are taken in double, and what is not finite is left to the caller", "[train]") {
  std::vector<float> large(4, 1e30f);
  const ParameterList<float> list{{"large", {4}, large}};
  CHECK(dht::clip_by_global_norm(list, 1) == Approx(2e30));
  CHECK(large == std::vector<float>(4, 0.5f));
  large[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(dht::clip_by_global_norm(list, 0.1)));
  CHECK(large[0] == 0.5f);
}
