// SPDX-License-Identifier: MIT
// The checker of gradients itself: it must accept right ones and name wrong ones.
#include "kit/gradient_check.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::ParameterList;
using dht::test::check_gradients;
using dht::test::GradientReport;

namespace {

/// L = sum of w_i sin(a_i) exp(b_i) + c^3, of which every derivative is known.
struct Example {
  std::vector<double> a, b, c{0.7}, w;
  std::vector<double> grad_a, grad_b, grad_c{3 * 0.7 * 0.7};

  explicit Example(std::size_t n) : grad_a(n), grad_b(n) {
    dht::test::Random random(n);
    for (std::size_t i = 0; i < n; ++i) {
      a.push_back(random.uniform(-2, 2));
      b.push_back(random.uniform(-2, 2));
      w.push_back(random.uniform(-1, 1));
      grad_a[i] = w[i] * std::cos(a[i]) * std::exp(b[i]);
      grad_b[i] = w[i] * std::sin(a[i]) * std::exp(b[i]);
    }
  }
  double loss() const {
    double sum = c[0] * c[0] * c[0];
    for (std::size_t i = 0; i < a.size(); ++i) sum += w[i] * std::sin(a[i]) * std::exp(b[i]);
    return sum;
  }
  ParameterList<double> values() { return list(a, b, c); }
  ParameterList<double> gradients() { return list(grad_a, grad_b, grad_c); }

 private:
  static ParameterList<double> list(std::vector<double>& a, std::vector<double>& b, std::vector<double>& c) {
    const auto n = static_cast<std::int64_t>(a.size());
    return {{"a", {n}, a}, {"b", {n}, b}, {"c", {1}, c}};
  }
};

GradientReport check(Example& example, std::size_t most = 64) {
  dht::test::GradientCheckOptions options;
  options.most_entries = most;
  return check_gradients([&] { return example.loss(); }, example.values(), example.gradients(), options);
}

}  // namespace

TEST_CASE("gradient check: right gradients are accepted, and values stay as they were") {
  Example example(20);
  const auto before = example.a;
  const GradientReport report = check(example);
  INFO(report.table());
  CHECK(report.good());
  CHECK(report.checked == 41);
  CHECK(report.largest_error < 1e-9);  // far from the tolerance: the differences are good, too
  CHECK(example.a == before);
  CHECK_THAT(report.table(), ContainsSubstring("0 of 41 entries are wrong"));
}

TEST_CASE("gradient check: one wrong entry is named") {
  Example example(20);
  SECTION("a little too large") { example.grad_b[7] *= 1 + 1e-5; }
  SECTION("another sign") { example.grad_b[7] *= -1; }
  SECTION("forgotten") { example.grad_b[7] = 0; }
  SECTION("not a number") { example.grad_b[7] = std::numeric_limits<double>::quiet_NaN(); }
  const GradientReport report = check(example);
  CHECK(!report.good());
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].name == "b");
  CHECK(report.faults[0].index == 7);
  CHECK(!(report.largest_error < 1e-6));
  CHECK(std::abs(report.faults[0].numeric - example.w[7] * std::sin(example.a[7]) * std::exp(example.b[7])) <
        1e-9);
  CHECK_THAT(report.table(), ContainsSubstring("1 of 41 entries are wrong"));
  CHECK_THAT(report.table(), ContainsSubstring("analytic"));
}

TEST_CASE("gradient check: of many entries some are drawn, the same ones for the same seed") {
  Example example(500);
  CHECK(check(example, 10).checked == 21);
  for (double& g : example.grad_a) g += 1;
  const GradientReport once = check(example, 10), again = check(example, 10);
  REQUIRE(once.faults.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(once.faults[i].index == again.faults[i].index);
    if (i > 0) CHECK(once.faults[i].index > once.faults[i - 1].index);
  }
}

TEST_CASE("gradient check: nothing checked is not good, and lists must fit") {
  CHECK(!check_gradients([] { return 0.0; }, {}, {}).good());
  Example example(3), other(4);
  CHECK_THAT(dht::test::error_of([&] {
               check_gradients([&] { return example.loss(); }, example.values(), other.gradients());
             }),
             ContainsSubstring("gradients: tensor 0 is a with 4 numbers; must be a with 3"));
}
