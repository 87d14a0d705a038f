// SPDX-License-Identifier: MIT
// Confusion matrices: counts, accuracy, intersection over union, from pairs and from maps.
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/regions/confusion_matrix.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

using dht::ConfusionMatrix;
using dht::test::error_of;

TEST_CASE("confusion matrix: accuracy and mean IoU", "[regions]") {
  ConfusionMatrix matrix(3);
  CHECK(matrix.accuracy() == 0);
  CHECK(matrix.mean_iou() == 0);
  matrix.add(0, 0, 6);
  matrix.add(0, 1, 2);
  matrix.add(1, 1, 4);
  matrix.add(1, 0);
  CHECK(matrix.total() == 13);
  CHECK(matrix.of_class(0) == 8);
  CHECK(matrix.predicted(0) == 7);
  CHECK(matrix.accuracy() == Catch::Approx(10.0 / 13));
  CHECK(matrix.iou(0) == Catch::Approx(6.0 / 9));
  CHECK(std::isnan(matrix.iou(2)));  // nothing is or was taken for it
  CHECK(matrix.mean_iou() == Catch::Approx((6.0 / 9 + 4.0 / 7) / 2));
}

TEST_CASE("confusion matrix: of maps of classes, -1 is not judged", "[regions]") {
  const std::vector<std::int32_t> truth{0, 1, 1, -1}, prediction{0, 1, 0, 7};
  ConfusionMatrix matrix(2);
  matrix.add(dht::plane_view(truth.data(), 2, 2), dht::plane_view(prediction.data(), 2, 2));
  CHECK(matrix.total() == 3);
  CHECK(matrix.count(1, 0) == 1);
  CHECK(matrix.count(0, 1) == 0);
  CHECK(error_of([&] {
          matrix.add(dht::plane_view(truth.data(), 2, 2), dht::plane_view(prediction.data(), 1, 4));
        }) == "prediction: is 1 x 4; must be 2 x 2 like the truth");
}

TEST_CASE("confusion matrix: what is no class is refused", "[regions]") {
  ConfusionMatrix matrix(2);
  CHECK(error_of([&] { matrix.add(2, 0); }) == "truth: is 2; must be 0 to 1");
  CHECK(error_of([&] { matrix.add(0, -1); }) == "prediction: is -1; must be 0 to 1");
  const std::int32_t labels[2] = {0, 1};
  CHECK(error_of([&] {
          matrix.add(dht::plane_view(labels, 1, 2), {nullptr, 1, 2, 2});
        }) == "labels: are 1 x 2 without memory; must be at least 1 x 1");
  CHECK(error_of([] { ConfusionMatrix(0); }) == "classes: are 0; must be at least 1");
}
