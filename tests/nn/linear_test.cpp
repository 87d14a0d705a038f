// SPDX-License-Identifier: MIT
// The linear layer against its sum, and its errors.
#include <cmath>
#include <limits>
#include <vector>

#include <dht/nn/linear.hpp>

#include "kit/catch.hpp"
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
