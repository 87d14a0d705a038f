// SPDX-License-Identifier: MIT
// The gradient operator against its formula written down, its way back against differences, and threads.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/vit/gradient_operator.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::backend::Cpu;

double bent(double x, double lambda) {
  if (lambda > 0) return std::asinh(lambda * x) / std::asinh(lambda);
  if (lambda < 0) return std::sinh(x * std::asinh(lambda)) / lambda;
  return x;
}

}  // namespace

TEST_CASE("gradient operator: the Scharr pair, bent", "[tokens]") {
  Random random(1);
  const int batch = 2, channels = 3, height = 5, width = 6;
  const auto values = planes(Pattern::noise, batch, channels, height, width, random);
  const auto image = dht::planar_view(values.data(), batch, channels, height, width);
  const auto mean = [&](int b, int y, int x) {
    y = std::clamp(y, 0, height - 1);
    x = std::clamp(x, 0, width - 1);
    return (image(b, 0, y, x) + image(b, 1, y, x) + image(b, 2, y, x)) / 3;
  };
  for (const double lambda : {8.0, 0.3, 1e-3, 1e-7, 0.0, -1e-6, -0.01, -2.0}) {
    const dht::GradientOperator<double> of{{lambda, -lambda}};
    std::vector<double> out(std::size_t(batch * 2 * height * width));
    of.forward(Cpu(2), image, out.data());
    for (int b = 0; b < batch; ++b) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          double along_y = 0, along_x = 0;
          for (const int k : {-1, 0, 1}) {
            const double weight = k == 0 ? 10.0 / 32 : 3.0 / 32;
            along_y += weight * (mean(b, y + 1, x + k) - mean(b, y - 1, x + k));
            along_x += weight * (mean(b, y + k, x + 1) - mean(b, y + k, x - 1));
          }
          const auto at = std::size_t((2 * b * height + y) * width + x);
          // 1e-12: the naive quotients themselves lose digits where lambda is small.
          CHECK(std::abs(out[at] - bent(along_y, lambda)) < 1e-12);
          CHECK(std::abs(out[at + std::size_t(height * width)] - bent(along_x, -lambda)) < 1e-12);
        }
      }
    }
  }
}

TEST_CASE("gradient operator: the way back agrees with differences", "[tokens]") {
  Random random(2);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 5}, {4, 1}, {6, 7}}) {
    for (const double lambda : {8.0, 0.5, 1e-5, -0.02, -3.0}) {
      const int batch = 2, channels = 2;
      auto values = planes(Pattern::noise, batch, channels, height, width, random);
      const auto image = dht::planar_view(std::as_const(values).data(), batch, channels, height, width);
      dht::GradientOperator<double> of{{lambda, -0.7 * lambda}}, gradients{{0, 0}};
      std::vector<double> out(values.size()), upstream(values.size()), grad_image(values.size());
      for (double& u : upstream) u = random.uniform(-1, 1);
      of.backward(Cpu(1), image, upstream.data(), gradients, grad_image.data());
      const auto loss = [&] {
        of.forward(Cpu(1), image, out.data());
        double sum = 0;
        for (std::size_t i = 0; i < out.size(); ++i) sum += upstream[i] * out[i];
        return sum;
      };
      const std::int64_t n = static_cast<std::int64_t>(values.size());
      GradientCheckOptions options;
      // By less than lambda, whose sign decides on the curve.
      options.step = std::min(1e-2, std::abs(lambda) / 4);
      const auto report =
          check_gradients(loss, {{"image", {n}, values}, {"lambda", {2}, of.lambda}},
                          {{"image", {n}, grad_image}, {"lambda", {2}, gradients.lambda}}, options);
      INFO("lambda " << lambda << ", " << height << " x " << width << '\n' << report.table());
      CHECK(report.good());
    }
  }
}

TEST_CASE("gradient operator: bytes are parts of one, and the same bits for any number of threads",
          "[tokens]") {
  Random random(3);
  std::vector<std::uint8_t> bytes;
  std::vector<float> numbers;
  for (int i = 0; i < 2 * 3 * 90 * 70; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(random.below(256)));
    numbers.push_back(static_cast<float>(bytes.back()) / 255);
  }
  const dht::GradientOperator<float> of{{8, -3}};
  std::vector<float> from_bytes(2 * 2 * 90 * 70), from_numbers(from_bytes.size());
  of.forward(Cpu(1), dht::planar_view(bytes.data(), 2, 3, 90, 70), from_bytes.data());
  const auto image = dht::planar_view(numbers.data(), 2, 3, 90, 70);
  of.forward(Cpu(1), image, from_numbers.data());
  for (std::size_t i = 0; i < from_bytes.size(); ++i)
    CHECK(std::abs(from_bytes[i] - from_numbers[i]) < 2e-5f);  // roundings, 8 times steeper around 0
  const auto backward = [&](int threads) {
    dht::GradientOperator<float> gradients{{0, 0}};
    std::vector<float> all(numbers.size());
    of.backward(Cpu(threads), image, from_numbers.data(), gradients, all.data());
    all.insert(all.end(), gradients.lambda.begin(), gradients.lambda.end());
    return all;
  };
  const auto one = backward(1);
  for (const int threads : {2, 3, 7}) {
    std::vector<float> out(from_numbers.size());
    of.forward(Cpu(threads), image, out.data());
    CHECK(out == from_numbers);
    CHECK(backward(threads) == one);
  }
  dht::GradientOperator<float> wrong{{1}};
  CHECK(error_of([&] { wrong.forward(Cpu(1), image, from_numbers.data()); }) ==
        "gradient operator: have lambda for 1 directions; must have 2, y and x");
}
