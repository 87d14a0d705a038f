// SPDX-License-Identifier: MIT
// The linear layer against its sum, its gradients against differences, and its errors.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/nn/linear.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

using namespace dht::test;

TEMPLATE_TEST_CASE("linear: y = W x + b", "[nn]", float, double) {
  using S = TestType;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    dht::Linear<S> map;
    map.inputs = 1 + random.below(12);
    map.outputs = 1 + random.below(12);
    const int rows = seed % 7 == 0 ? 0 : random.below(50);
    for (int i = 0; i < map.inputs * map.outputs; ++i)
      map.weight.push_back(static_cast<S>(random.uniform(-1, 1)));
    for (int o = 0; o < map.outputs; ++o) map.bias.push_back(static_cast<S>(random.uniform(-1, 1)));
    std::vector<S> x, y(static_cast<std::size_t>(rows * map.outputs), S(9));
    for (int i = 0; i < rows * map.inputs; ++i) x.push_back(static_cast<S>(random.uniform(-1, 1)));
    map.forward({x.data(), rows, map.inputs}, {y.data(), rows, map.outputs});
    for (int r = 0; r < rows; ++r) {
      for (int o = 0; o < map.outputs; ++o) {
        long double sum = map.bias[static_cast<std::size_t>(o)];
        for (int i = 0; i < map.inputs; ++i)
          sum += static_cast<long double>(map.weight[static_cast<std::size_t>(o * map.inputs + i)]) *
                 x[static_cast<std::size_t>(r * map.inputs + i)];
        // At most 13 roundings of numbers below 13.
        CHECK(std::abs(static_cast<double>(y[static_cast<std::size_t>(r * map.outputs + o)] - sum)) <
              13 * 13 * std::numeric_limits<S>::epsilon());
      }
    }
  }
}

TEST_CASE("linear: sizes that do not fit are named", "[nn]") {
  const dht::Linear<float> map{2, 3, std::vector<float>(6), std::vector<float>(3)};
  std::vector<float> x(8), y(12);
  const auto forward = [&](const dht::Linear<float>& of, std::int64_t rows_x, int columns_x,
                           std::int64_t rows_y, int columns_y) {
    return error_of([&] { of.forward({x.data(), rows_x, columns_x}, {y.data(), rows_y, columns_y}); });
  };
  CHECK(forward(map, 4, 2, 4, 3) == "(no error)");
  CHECK(forward(map, 2, 4, 2, 3) == "x: has 4 columns; the linear map takes 2");
  CHECK(forward(map, 4, 2, 3, 3) == "y: is 3 x 3; must be 4 x 3");
  CHECK(forward(map, 4, 2, 4, 2) == "y: is 4 x 2; must be 4 x 3");
  CHECK(forward({2, 3, std::vector<float>(5), std::vector<float>(3)}, 4, 2, 4, 3) ==
        "linear map: has 5 weights and 3 biases; must have 3 x 2 and 3");
  CHECK(forward({2, 3, std::vector<float>(6), {}}, 4, 2, 4, 3) ==
        "linear map: has 6 weights and 0 biases; must have 3 x 2 and 3");
}

TEST_CASE("linear: gradients are those of differences", "[nn]") {
  std::uint64_t seed = 60;
  for (const auto& [inputs, outputs, rows] : {std::tuple{1, 1, 1}, {3, 5, 7}, {8, 2, 20}, {4, 9, 0}}) {
    CAPTURE(inputs, outputs, rows);
    Random random(++seed);
    const auto numbers = [&](int n) {
      std::vector<double> v;
      for (int i = 0; i < n; ++i) v.push_back(random.uniform(-1, 1));
      return v;
    };
    dht::Linear<double> map{inputs, outputs, numbers(outputs * inputs), numbers(outputs)};
    auto x = numbers(rows * inputs), y = numbers(rows * outputs), upstream = y;
    dht::Linear<double> gradients = map.zeros();
    std::vector<double> grad_x(x.size(), -77);
    const auto back = [&](double* to) {
      map.backward({x.data(), rows, inputs}, {upstream.data(), rows, outputs}, gradients, {to, rows, inputs});
    };
    back(grad_x.data());
    const auto loss = [&] {
      map.forward({x.data(), rows, inputs}, {y.data(), rows, outputs});
      double sum = 0;
      for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * upstream[i];
      return sum;
    };
    auto values = dht::parameters(map), slopes = dht::parameters(gradients);
    values.push_back({"x", {rows, inputs}, x});
    slopes.push_back({"x", {rows, inputs}, grad_x});
    GradientCheckOptions options;
    options.tolerance = 1e-9;  // the map is linear, so differences of any step are right; measured: 6e-12
    const GradientReport report = check_gradients(loss, values, slopes, options);
    INFO(report.table());
    CHECK(report.good());

    // Gradients of the map are added; that of x is written, or not asked for.
    const auto once = gradients;
    const auto held = grad_x;
    std::fill(grad_x.begin(), grad_x.end(), -77.0);
    back(grad_x.data());
    back(nullptr);
    CHECK(grad_x == held);
    for (std::size_t i = 0; i < once.weight.size(); ++i)
      CHECK(gradients.weight[i] == Catch::Approx(3 * once.weight[i]));
    for (std::size_t i = 0; i < once.bias.size(); ++i)
      CHECK(gradients.bias[i] == Catch::Approx(3 * once.bias[i]));
  }
}

TEST_CASE("linear: what does not fit on the way back is named", "[nn]") {
  using Map = dht::Linear<float>;
  const Map map{2, 3, std::vector<float>(6), std::vector<float>(3)};
  std::vector<float> x(12), upstream(12), grad_x(12);
  const auto backward = [&](const Map& of, std::pair<int, int> of_x, std::pair<int, int> of_y, Map gradients,
                            std::pair<int, int> of_grad_x) {
    return error_of([&] {
      of.backward({x.data(), of_x.first, of_x.second}, {upstream.data(), of_y.first, of_y.second}, gradients,
                  {grad_x.data(), of_grad_x.first, of_grad_x.second});
    });
  };
  CHECK(backward(map, {4, 2}, {4, 3}, map.zeros(), {4, 2}) == "(no error)");
  CHECK(backward(map, {2, 4}, {2, 3}, map.zeros(), {2, 4}) == "x: has 4 columns; the linear map takes 2");
  CHECK(backward(map, {4, 2}, {3, 3}, map.zeros(), {4, 2}) == "gradient of y: is 3 x 3; must be 4 x 3");
  CHECK(backward(map, {4, 2}, {4, 2}, map.zeros(), {4, 2}) == "gradient of y: is 4 x 2; must be 4 x 3");
  CHECK(backward(map, {4, 2}, {4, 3}, map.zeros(), {3, 2}) == "gradient of x: is 3 x 2; must be 4 x 2");
  CHECK(backward(map, {4, 2}, {4, 3}, map.zeros(), {4, 3}) == "gradient of x: is 4 x 3; must be 4 x 2");
  CHECK(backward(map, {4, 2}, {4, 3}, {3, 2, std::vector<float>(6), std::vector<float>(2)}, {4, 2}) ==
        "gradients: are of a map from 3 to 2; must be from 2 to 3");
  CHECK(backward(map, {4, 2}, {4, 3}, {2, 3, std::vector<float>(6), {}}, {4, 2}) ==
        "linear map: has 6 weights and 0 biases; must have 3 x 2 and 3");
  CHECK(backward({2, 3, std::vector<float>(5), std::vector<float>(3)}, {4, 2}, {4, 3}, map.zeros(), {4, 2}) ==
        "linear map: has 5 weights and 3 biases; must have 3 x 2 and 3");
}
