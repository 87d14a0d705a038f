// SPDX-License-Identifier: MIT
// Losses against their definitions, their gradients against differences; targets counted by hand.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <dht/train/losses.hpp>
#include <dht/train/targets.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/numbers.hpp"
#include "kit/tokens_of_labels.hpp"

namespace {

using namespace dht::test;
using Numbers = std::vector<double>;

constexpr int rows = 4, classes = 3;

/// Shares that sum to 1, but for the last row, of which nothing is known.
Numbers targets(Random& random) {
  Numbers y(rows * classes, 0);
  for (std::size_t i = 0; i + 1 < rows; ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += y[i * classes + c] = random.uniform();
    for (std::size_t c = 0; c < classes; ++c) y[i * classes + c] /= sum;
  }
  return y;
}

template <class Loss>
void check_loss(const Loss& loss, Numbers& z) {
  Numbers grad(z.size(), -7);
  loss(matrix(grad, classes));
  GradientCheckOptions options;
  options.tolerance = 1e-8;
  const auto report =
      check_gradients([&] { return loss(dht::MatrixView<double>()); }, {{"logits", {rows, classes}, z}},
                      {{"logits", {rows, classes}, grad}}, options);
  INFO(report.table());
  CHECK(report.good());
}

}  // namespace

TEST_CASE("losses: values as defined, gradients as differences say", "[train]") {
  Random random(1);
  auto z = numbers(rows * classes, random, -3, 3);
  const auto y = targets(random);
  const auto logits = matrix(std::as_const(z), classes), wanted = matrix(y, classes);
  for (const int ignored : {-1, 0, 2}) {
    INFO(ignored);
    double entropy = 0, binary = 0, focal = 0;
    for (int i = 0; i < rows; ++i) {
      double sum = 0, of_row = 0;
      int best = 0;
      for (int c = 0; c < classes; ++c) {
        sum += std::exp(logits(i, c));
        if (wanted(i, c) > wanted(i, best)) best = c;
      }
      for (int c = 0; c < classes; ++c) {
        if (c == ignored) continue;
        of_row -= wanted(i, c) * std::log(std::exp(logits(i, c)) / sum) / rows;
        const double p = 1 / (1 + std::exp(-logits(i, c)));
        binary -= (wanted(i, c) * std::log(p) + (1 - wanted(i, c)) * std::log(1 - p)) / (rows * classes);
      }
      entropy += of_row;
      // H(3.5) = 4 - 2 log 2 + ... : H(x) = H(x - 1) + 1 / x from H(1/2) = 2 - 2 log 2.
      const double harmonic = 2 - 2 * std::log(2) + 1 / 1.5 + 1 / 2.5 + 1 / 3.5;
      focal += of_row * std::pow(1 - std::exp(logits(i, best)) / sum, 2.5) * 3.5 / harmonic;
    }
    CHECK(dht::cross_entropy(logits, wanted, ignored) == Catch::Approx(entropy).epsilon(1e-12));
    CHECK(dht::binary_cross_entropy(logits, wanted, ignored) == Catch::Approx(binary).epsilon(1e-12));
    CHECK(dht::focal_loss(logits, wanted, 2.5, ignored) == Catch::Approx(focal).epsilon(1e-12));
    CHECK(dht::focal_loss(logits, wanted, 0, ignored) == Catch::Approx(entropy).epsilon(1e-12));
    check_loss([&](auto grad) { return dht::cross_entropy(logits, wanted, ignored, grad); }, z);
    check_loss([&](auto grad) { return dht::binary_cross_entropy(logits, wanted, ignored, grad); }, z);
    for (const double gamma : {0.0, 1.0, 2.5, 4.0})
      check_loss([&](auto grad) { return dht::focal_loss(logits, wanted, gamma, ignored, grad); }, z);
  }
}

TEST_CASE("losses: large logits stay finite", "[train]") {
  const std::vector<float> z{1000, -1000, 0, 90}, y{0, 1, 1, 0};
  std::vector<float> grad(4);
  const auto all_finite = [&](double loss) {
    CHECK(std::isfinite(loss));
    for (const float g : grad) CHECK(std::isfinite(g));
  };
  all_finite(dht::cross_entropy<float>(matrix(z, 2), matrix(y, 2), -1, matrix(grad, 2)));
  all_finite(dht::focal_loss<float>(matrix(z, 2), matrix(y, 2), 0.5, -1, matrix(grad, 2)));
  all_finite(dht::binary_cross_entropy<float>(matrix(z, 2), matrix(y, 2), -1, matrix(grad, 2)));
  const std::vector<float> right{0, 1000}, answer{0, 1};
  grad.resize(2);
  all_finite(dht::focal_loss<float>(matrix(right, 2), matrix(answer, 2), 0.5, -1, matrix(grad, 2)));
}

TEST_CASE("targets: how far tokens and classes are one", "[train]") {
  // Token 0 is the upper row and a pixel of the lower, token 1 the rest.
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 1, 1, 1}, classes_of{2, 2, 2, 1, 1, 1, -1, -1};
  const auto tokens = tokens_of_labels<double>(labels, 1, 2, 4);
  const auto y = dht::soft_targets(tokens, dht::planar_view(classes_of.data(), 1, 1, 2, 4), 3);
  // Token 0, 5 pixels: with class 1, 2 of 6 pixels; with class 2, 3 of 5. Token 1, 3 pixels: with class 1, 1 of 5.
  const double one = 2.0 / 6, two = 3.0 / 5;
  const Numbers wanted{0, one / (one + two), two / (one + two), 0, 1, 0};
  for (std::size_t i = 0; i < 6; ++i) CHECK(y[i] == Catch::Approx(wanted[i]));

  const auto of_image = dht::image_targets<double>(dht::planar_view(classes_of.data(), 1, 1, 2, 4), 3, 0.5);
  CHECK(of_image[0] == 0);
  CHECK(of_image[1] == Catch::Approx(0.5));
  const std::vector<std::int32_t> unknown(8, -1);
  for (const double v : dht::soft_targets(tokens, dht::planar_view(unknown.data(), 1, 1, 2, 4), 3))
    CHECK(v == 0);
  for (const double v : dht::image_targets<double>(dht::planar_view(unknown.data(), 1, 1, 2, 4), 3))
    CHECK(v == 0);

  const std::vector<std::int32_t> answers{1, 0};
  const auto hard = dht::class_targets<float>(answers, 2);
  CHECK(std::vector<float>(hard.begin(), hard.end()) == std::vector<float>{0, 1, 1, 0});
  CHECK(dht::class_targets<double>(answers, 2, 0.2)[1] == Catch::Approx(0.9));
}

TEST_CASE("losses: what does not fit is named", "[train]") {
  const Numbers z(6), y(4);
  Numbers grad(6);
  const auto all = matrix(z, 3);
  CHECK(error_of([&] { dht::cross_entropy(all, matrix(y, 2)); }) ==
        "targets: are 2 x 2; the logits are 2 x 3");
  CHECK(error_of([&] { dht::cross_entropy(all, all, 3); }) ==
        "ignored class: is 3; must be below 3, or -1 for none");
  CHECK(error_of([&] { dht::binary_cross_entropy(all, all, 0, matrix(grad, 2)); }) ==
        "gradient of logits: is 3 x 2; must be 2 x 3");
  CHECK(error_of([&] { dht::focal_loss(all, all, -1); }) == "gamma: is -1; must be at least 0 and finite");
  CHECK(error_of([] { dht::cross_entropy<double>({}, {}); }) == "logits: are 0 x 0; each must be at least 1");

  const std::vector<std::int32_t> labels{0, 0, 1, 1}, maps{0, 1, 2, 5};
  const auto tokens = tokens_of_labels<double>(labels, 1, 2, 2);
  CHECK(error_of([&] { dht::soft_targets(tokens, dht::planar_view(maps.data(), 1, 1, 1, 4), 6); }) ==
        "class maps: are 1 x 1 x 4; the tokens are of 1 x 2 x 2");
  CHECK(error_of([&] { dht::soft_targets(tokens, dht::planar_view(maps.data(), 1, 1, 2, 2), 5); }) ==
        "class maps: have class 5 at image 0, row 1, column 1; must be below 5, or -1");
  CHECK(error_of([&] { dht::image_targets<float>(dht::planar_view(maps.data(), 1, 1, 2, 2), 6, 0); }) ==
        "temperature: is 0; must be above 0");
  CHECK(error_of([&] { dht::class_targets<float>(maps, 5); }) == "class: is 5 for image 3; must be 0 to 4");
  CHECK(error_of([&] { dht::class_targets<float>(maps, 6, 1); }) ==
        "smoothing: is 1; must be at least 0 and below 1");
  CHECK(error_of([&] { dht::class_targets<float>(maps, 0); }) == "classes: are 0; must be at least 1");
}
