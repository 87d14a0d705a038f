// SPDX-License-Identifier: MIT
// Position embeddings as a linear map of histograms, against a plain least-squares solver; resampling of such a map.
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <Eigen/SVD>

#include <dht/backend/cpu.hpp>
#include <dht/vit/extraction.hpp>
#include <dht/vit/position_map.hpp>
#include <dht/vit/squares.hpp>

#include "kit/catch.hpp"
#include "kit/numbers.hpp"

namespace {

using namespace dht::test;
using Numbers = std::vector<double>;

/// Position histograms of the patches of a grid, tokens x bins^2, as the extraction makes them.
Eigen::MatrixXd histograms(int rows, int columns, int bins, int side) {
  const auto squares = dht::square_tokens<double>(1, rows * side, columns * side, side);
  const auto extraction = dht::Extraction<double>::initial({1, 2, bins, false});
  Numbers image(std::size_t(rows * side * columns * side)),
      out(std::size_t(squares.count() * extraction.config.columns()));
  dht::Extraction<double>::Saved saved;
  extraction.forward(dht::backend::Cpu(1), dht::planar_view(image.data(), 1, 1, rows * side, columns * side),
                     squares, nullptr, matrix(out, extraction.config.columns()), saved);
  const auto all = matrix(out, extraction.config.columns());
  Eigen::MatrixXd h(rows * columns, bins * bins);
  for (int i = 0; i < rows * columns; ++i)
    for (int j = 0; j < bins * bins; ++j) h(i, j) = all(i, 4 + j);
  return h;
}

}  // namespace

TEST_CASE("positions: the map is the least-squares one, exact where there are bins enough", "[tokens]") {
  Random random(1);
  const int width = 3;
  // Rows, columns, bins, and a side of patches that the bins divide: histograms are then those of a continuous image.
  for (const auto& [rows, columns, bins, side] :
       {std::array{4, 4, 4, 8}, std::array{4, 4, 8, 4}, std::array{3, 5, 7, 7}, std::array{6, 4, 4, 4},
        std::array{6, 6, 3, 2}, std::array{1, 2, 2, 2}}) {
    INFO(rows << " x " << columns << ", " << bins << " bins");
    const auto embeddings = numbers(rows * columns * width, random);
    const auto map = dht::fit_positions<double>(matrix(embeddings, width), rows, columns, bins);
    const Eigen::MatrixXd h = histograms(rows, columns, bins, side);
    const Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>> wanted(embeddings.data(),
                                                                                  rows * columns, width),
        found(map.data(), width, bins * bins);
    const Eigen::MatrixXd least = h.bdcSvd(Eigen::ComputeThinU | Eigen::ComputeThinV).solve(wanted);
    CHECK((found.transpose() - least).cwiseAbs().maxCoeff() < 1e-10);
    if (bins >= rows && bins >= columns)
      CHECK((h * found.transpose() - wanted).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("positions: resampling keeps what tokens get", "[tokens]") {
  Random random(2);
  // The same number of bins: nothing changes. What lies beside the positions never does.
  const int first = 3, from = 4, rest = 2, columns = first + from * from + rest;
  const auto weight = numbers(5 * columns, random);
  const auto same = dht::resample_positions<double>(matrix(weight, columns), first, from, from);
  for (std::size_t i = 0; i < weight.size(); ++i) CHECK(same[i] == Catch::Approx(weight[i]).margin(1e-14));

  for (const int to : {2, 3, 8, 13}) {
    INFO(to);
    const auto other = dht::resample_positions<double>(matrix(weight, columns), first, from, to);
    const int wide = first + to * to + rest;
    REQUIRE(other.size() == std::size_t(5 * wide));
    for (int row = 0; row < 5; ++row) {
      for (int i = 0; i < first; ++i)
        CHECK(other[std::size_t(row * wide + i)] == weight[std::size_t(row * columns + i)]);
      for (int i = 1; i <= rest; ++i)
        CHECK(other[std::size_t((row + 1) * wide - i)] == weight[std::size_t((row + 1) * columns - i)]);
    }
    // A constant map gives every token the same, whatever the bins: histograms hold (32 / bins)^2 in all.
    const Numbers constant(std::size_t(from * from), 0.7);
    for (const double v : dht::resample_positions<double>(matrix(constant, from * from), 0, from, to))
      CHECK(v * 32 * 32 / (to * to) == Catch::Approx(0.7 * 32 * 32 / (from * from)));
  }
  // By hand: halving 4 bins, with the taps of Keys' kernel at 1/2 and 3/2, a = -3/4.
  const Numbers step{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1};
  const auto half = dht::resample_positions<double>(matrix(step, 16), 0, 4, 2);
  CHECK(half[0] == Catch::Approx(-0.09375 / 4));
  CHECK(half[1] == Catch::Approx(1.09375 / 4));
}

TEST_CASE("positions: what does not fit is named", "[tokens]") {
  const Numbers values(12);
  CHECK(error_of([&] { dht::fit_positions<double>(matrix(values, 3), 2, 3, 4); }) ==
        "embeddings: are 4; must be 2 x 3");
  CHECK(error_of([&] { dht::fit_positions<double>(matrix(values, 3), 2, 2, 0); }) ==
        "grid: is 2 x 2 with 0 bins; each must be at least 1");
  CHECK(error_of([&] { dht::resample_positions<double>(matrix(values, 3), 0, 2, 4); }) ==
        "weight: has 3 columns; must have at least 0 + 2 x 2");
  CHECK(error_of([&] { dht::resample_positions<double>(matrix(values, 3), 0, 1, 0); }) ==
        "positions: begin at column 0 with 1 and 0 bins a side; must be at least 0, 1 and 1");
}
