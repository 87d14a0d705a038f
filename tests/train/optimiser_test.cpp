// SPDX-License-Identifier: MIT
// The optimisers against their formulas written out, number by number, and against first steps known in closed form.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <dht/train/optimiser.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::ParameterList;
using dht::test::error_of;
using dht::test::Random;

namespace {

/// A matrix and a vector, or their gradients.
template <class S>
struct Tensors {
  std::vector<S> matrix = std::vector<S>(6), vector = std::vector<S>(3);

  ParameterList<S> list() { return {{"matrix", {2, 3}, matrix}, {"vector", {3}, vector}}; }
  void draw(Random& random) {
    for (S& v : matrix) v = static_cast<S>(random.uniform(-1, 1));
    for (S& v : vector) v = static_cast<S>(random.uniform(-1, 1));
  }
  std::vector<double> numbers() const {
    std::vector<double> all(matrix.begin(), matrix.end());
    all.insert(all.end(), vector.begin(), vector.end());
    return all;
  }
};

/// Rounding of a few operations a step, over all steps.
template <class S>
double tolerance(int steps) {
  return 8 * steps * static_cast<double>(std::numeric_limits<S>::epsilon());
}

}  // namespace

TEMPLATE_TEST_CASE("AdamW over many steps is its formula", "[train]", float, double) {
  using S = TestType;
  const bool decay_vectors = GENERATE(true, false);
  Random random(3);
  Tensors<S> x, g;
  x.draw(random);
  dht::AdamWOptions options;
  options.beta1 = 0.8;
  options.beta2 = 0.95;
  options.weight_decay = 0.1;
  options.decay_vectors = decay_vectors;
  dht::AdamW<S> optimiser(x.list(), options);
  std::vector<double> naive = x.numbers(), m(9, 0.0), v(9, 0.0);
  const int steps = 200;
  for (int t = 1; t <= steps; ++t) {
    g.draw(random);
    const double rate = 0.05 / t;
    const std::vector<double> gradient = g.numbers();
    optimiser.step(x.list(), g.list(), rate);
    for (std::size_t i = 0; i < 9; ++i) {
      m[i] = 0.8 * m[i] + 0.2 * gradient[i];
      v[i] = 0.95 * v[i] + 0.05 * gradient[i] * gradient[i];
      const double m_hat = m[i] / (1 - std::pow(0.8, t)), v_hat = v[i] / (1 - std::pow(0.95, t));
      const double decay = i < 6 || decay_vectors ? 0.1 : 0;
      naive[i] = naive[i] - rate * decay * naive[i] - rate * m_hat / (std::sqrt(v_hat) + 1e-8);
    }
  }
  CHECK(optimiser.steps() == steps);
  for (std::size_t i = 0; i < 9; ++i) CHECK(std::abs(x.numbers()[i] - naive[i]) < tolerance<S>(steps));
}

TEMPLATE_TEST_CASE("AdamW: the first step has the length of the learning rate", "[train]", float, double) {
  using S = TestType;
  // m' = g and v' = g^2 then: x - rate decay x - rate sign(g).
  for (const double gradient : {1e-3, -0.25, 40.0}) {
    std::vector<S> x{S(2)}, g{static_cast<S>(gradient)};
    const ParameterList<S> values{{"x", {1}, x}}, gradients{{"x", {1}, g}};
    dht::AdamWOptions options;
    options.weight_decay = 0.5;
    dht::AdamW<S> optimiser(values, options);
    optimiser.step(values, gradients, 0.125);
    // epsilon beside a root of 1e-3 moves the result by 1e-5 of the rate
    CHECK(std::abs(x[0] - (2 - 0.125 * 0.5 * 2 - 0.125 * (gradient > 0 ? 1 : -1))) < 2e-6);
  }
}

TEST_CASE("AdamW: a gradient of zero leaves all but the decay", "[train]") {
  std::vector<double> x{3}, g{0};
  const ParameterList<double> values{{"x", {1}, x}}, gradients{{"x", {1}, g}};
  dht::AdamW<double> optimiser(values, {.weight_decay = 0.1});
  for (int t = 0; t < 3; ++t) optimiser.step(values, gradients, 0.5);
  CHECK(std::abs(x[0] - 3 * 0.95 * 0.95 * 0.95) < 1e-14);
}

TEMPLATE_TEST_CASE("SGD over many steps is its formula", "[train]", float, double) {
  using S = TestType;
  Random random(4);
  Tensors<S> x, g;
  x.draw(random);
  dht::Sgd<S> optimiser(x.list(), {.momentum = 0.7, .weight_decay = 0.01});
  std::vector<double> naive = x.numbers(), v(9, 0.0);
  const int steps = 200;
  for (int t = 1; t <= steps; ++t) {
    g.draw(random);
    const double rate = 0.05 / t;
    const std::vector<double> gradient = g.numbers();
    optimiser.step(x.list(), g.list(), rate);
    for (std::size_t i = 0; i < 9; ++i) {
      v[i] = 0.7 * v[i] + gradient[i] + 0.01 * naive[i];
      naive[i] -= rate * v[i];
    }
  }
  CHECK(optimiser.steps() == steps);
  for (std::size_t i = 0; i < 9; ++i) CHECK(std::abs(x.numbers()[i] - naive[i]) < tolerance<S>(steps));
}

TEST_CASE("SGD: two steps in closed form", "[train]") {
  std::vector<double> x{1}, g{0.5};
  const ParameterList<double> values{{"x", {1}, x}}, gradients{{"x", {1}, g}};
  dht::Sgd<double> optimiser(values, {.momentum = 0.5});
  optimiser.step(values, gradients, 0.25);
  CHECK(x[0] == 1 - 0.25 * 0.5);
  optimiser.step(values, gradients, 0.25);
  CHECK(x[0] == 1 - 0.25 * 0.5 - 0.25 * 0.75);
}

TEMPLATE_TEST_CASE("an optimiser with the state of another goes on like it, bit for bit", "[train]", float,
                   double) {
  using S = TestType;
  const auto run = [](auto make) {
    Random random(5);
    Tensors<S> x, g;
    x.draw(random);
    auto optimiser = make(x.list());
    for (int t = 0; t < 10; ++t) {
      g.draw(random);
      optimiser.step(x.list(), g.list(), 0.01);
      if (t != 4) continue;
      auto other = make(x.list());
      const ParameterList<S> from = optimiser.state(), to = other.state();
      check_same_parameters(from, to, "state");
      for (std::size_t i = 0; i < from.size(); ++i)
        std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
      other.set_steps(optimiser.steps());
      Tensors<S> y = x;
      Random draws = random;
      for (int s = 5; s < 10; ++s) {
        g.draw(draws);
        other.step(y.list(), g.list(), 0.01);
      }
      for (int s = 5; s < 10; ++s) {
        g.draw(random);
        optimiser.step(x.list(), g.list(), 0.01);
      }
      CHECK(x.numbers() == y.numbers());
      return from.front().name + " " + from.back().name;
    }
    return std::string();
  };
  CHECK(run([](const ParameterList<S>& list) { return dht::AdamW<S>(list); }) ==
        "first_moment.matrix second_moment.vector");
  CHECK(run([](const ParameterList<S>& list) { return dht::Sgd<S>(list); }) ==
        "velocity.matrix velocity.vector");
}

TEST_CASE("optimisers: what they cannot do is named", "[train]") {
  Tensors<float> x, g;
  const auto adamw = [&](const dht::AdamWOptions& options) {
    return error_of([&] { dht::AdamW<float>(x.list(), options); });
  };
  CHECK(adamw({.beta1 = 1}) == "beta1: is 1; must be at least 0 and below 1");
  CHECK(adamw({.beta2 = -0.5}) == "beta2: is -0.5; must be at least 0 and below 1");
  CHECK(adamw({.epsilon = 0}) == "epsilon: is 0; must be above 0 and finite");
  CHECK(adamw({.weight_decay = -1}) == "weight decay: is -1; must be at least 0 and finite");
  CHECK(error_of([&] { dht::Sgd<float>(x.list(), {.momentum = 2}); }) ==
        "momentum: is 2; must be at least 0 and below 1");
  dht::AdamW<float> one(x.list());
  dht::Sgd<float> two(x.list());
  const auto refused = [&](auto& optimiser) {
    CHECK(error_of([&] { optimiser.step(x.list(), g.list(), -1); }) ==
          "learning rate: is -1; must be at least 0 and finite");
    CHECK(error_of([&] { optimiser.step({x.list()[0]}, {g.list()[0]}, 1); }) ==
          "parameters: are 1 tensors; the optimiser was made for 2");
    CHECK(error_of([&] {
            optimiser.step({x.list()[1], x.list()[1]}, g.list(), 1);
          }) == "parameters: vector has 3 numbers; the optimiser was made for 6");
    CHECK_THAT(error_of([&] { optimiser.step(x.list(), {g.list()[0]}, 1); }),
               ContainsSubstring("gradients: are 1 tensors; must be 2"));
    CHECK(error_of([&] { optimiser.set_steps(-1); }) == "steps: is -1; must be at least 0");
    CHECK(optimiser.steps() == 0);
  };
  refused(one);
  refused(two);
}
