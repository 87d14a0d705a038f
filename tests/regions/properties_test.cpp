// SPDX-License-Identifier: MIT
// Centroids, mean colours and neighbours against definitions written the slow way.
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <dht/regions/projection.hpp>
#include <dht/regions/properties.hpp>
#include <dht/tokenizer.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/tokens_of_labels.hpp"

using Catch::Approx;
using dht::test::error_of;

namespace {

struct Map {
  int height, width;
  std::int32_t count;
  std::vector<std::int32_t> labels;
  dht::LabelView view() const { return dht::plane_view(labels.data(), height, width); }
  std::int32_t at(int y, int x) const { return labels[std::size_t(y) * std::size_t(width) + std::size_t(x)]; }
};

/// Labels in blocks and single pixels; some numbers have no pixel. In every second map some pixels are outside of a
/// mask.
Map random_map(unsigned seed) {
  std::mt19937 random(seed);
  Map map{1 + int(random() % 12), 1 + int(random() % 12), 1 + std::int32_t(random() % 9), {}};
  const int block = 1 + int(random() % 4);
  std::map<std::pair<int, int>, std::int32_t> of_block;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      const auto [at, added] = of_block.emplace(std::pair(y / block, x / block), 0);
      if (added) at->second = std::int32_t(random() % unsigned(map.count));
      map.labels.push_back(random() % 8 ? at->second : std::int32_t(random() % unsigned(map.count)));
      if (seed % 2 && random() % 4 == 0) map.labels.back() = -1;
    }
  }
  return map;
}

dht::Picture random_picture(int height, int width, unsigned seed) {
  std::mt19937 random(seed);
  dht::Picture picture(height, width);
  for (auto& value : picture.rgb) value = std::uint8_t(random());
  return picture;
}

/// Sides between every pair of regions, counted pixel by pixel in all four directions.
std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> slow_sides(const Map& map) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> sides;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      for (const auto& [dy, dx] : {std::pair(0, 1), std::pair(0, -1), std::pair(1, 0), std::pair(-1, 0)}) {
        const int v = y + dy, u = x + dx;
        if (v < 0 || u < 0 || v >= map.height || u >= map.width || map.at(v, u) == map.at(y, x)) continue;
        if (map.at(v, u) < 0 || map.at(y, x) < 0) continue;
        ++sides[{map.at(y, x), map.at(v, u)}];
      }
    }
  }
  return sides;
}

}  // namespace

TEST_CASE("neighbours and boundary lengths of random maps") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const Map map = random_map(seed);
    const auto neighbours = dht::region_neighbours(map.view(), map.count);
    REQUIRE(neighbours.regions() == map.count);
    auto expected = slow_sides(map);
    std::size_t pairs = 0;
    for (std::int32_t r = 0; r < map.count; ++r) {
      const auto others = neighbours.neighbours_of(r), lengths = neighbours.boundaries_of(r);
      for (std::size_t i = 0; i < others.size(); ++i, ++pairs) {
        REQUIRE((i == 0 || others[i - 1] < others[i]));
        REQUIRE(lengths[i] == expected[{r, others[i]}]);
      }
    }
    REQUIRE(pairs == expected.size());
  }
}

TEST_CASE("centroids and means of random maps, absent numbers included") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const Map map = random_map(seed);
    const dht::Picture picture = random_picture(map.height, map.width, seed);
    const auto image = dht::interleaved_view(picture.rgb.data(), map.height, map.width, 3);
    const auto centroids = dht::centroids(map.view(), map.count);
    const auto means = dht::mean_over_regions(image, map.view(), map.count);
    const auto colours = dht::mean_colours(picture, map.view(), map.count);
    for (std::int32_t r = 0; r < map.count; ++r) {
      const auto i = std::size_t(r);
      double rows = 0, columns = 0, pixels = 0, sums[3] = {};
      for (int y = 0; y < map.height; ++y) {
        for (int x = 0; x < map.width; ++x) {
          if (map.at(y, x) != r) continue;
          ++pixels;
          rows += y;
          columns += x;
          for (int c = 0; c < 3; ++c) sums[c] += picture.pixel(y, x)[c];
        }
      }
      if (pixels == 0) {
        CHECK(std::isnan(centroids[i].row));
        CHECK(std::isnan(means[3 * i]));
        CHECK(colours[i] == std::array<std::uint8_t, 3>{0, 0, 0});
        continue;
      }
      REQUIRE(centroids[i].row == Approx(rows / pixels));
      REQUIRE(centroids[i].column == Approx(columns / pixels));
      for (std::size_t c = 0; c < 3; ++c) {
        REQUIRE(means[3 * i + c] == Approx(sums[c] / pixels / 255));
        REQUIRE(colours[i][c] == int(std::floor(sums[c] / pixels + 0.5)));
      }
    }
  }
}

TEST_CASE("tokens of a batch: each in its own image, no neighbours across") {
  std::mt19937 random(7);
  std::vector<std::uint8_t> values(2 * 3 * 9 * 11);
  for (auto& value : values) value = std::uint8_t(random() % 3 * 100);
  const auto image = dht::planar_view(values.data(), 2, 3, 9, 11);
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  const auto& tokens = tokenizer(image, 13);
  REQUIRE(tokens.count() == 26);
  const auto centroids = dht::centroids(tokens);
  const auto neighbours = dht::region_neighbours(tokens);
  const auto means = dht::mean_over_tokens(image, tokens);
  REQUIRE(neighbours.regions() == 26);
  for (int b = 0; b < 2; ++b) {
    Map map{9, 11, 26, {}};
    const dht::LabelView labels = tokens.labels(b);
    map.labels.assign(labels.data, labels.data + 99);
    const auto alone = dht::region_neighbours(map.view(), 26);
    const auto middle = dht::centroids(map.view(), 26);
    const auto mean = dht::mean_over_regions(image, map.view(), 26, b);
    for (std::int32_t t = tokens.begin[std::size_t(b)]; t < tokens.begin[std::size_t(b) + 1]; ++t) {
      const auto found = neighbours.neighbours_of(t), wanted = alone.neighbours_of(t);
      CHECK(std::vector(found.begin(), found.end()) == std::vector(wanted.begin(), wanted.end()));
      CHECK(centroids[std::size_t(t)].row == middle[std::size_t(t)].row);
      CHECK(centroids[std::size_t(t)].column == middle[std::size_t(t)].column);
      for (std::size_t c = 0; c < 3; ++c)
        CHECK(means[3 * std::size_t(t) + c] == Approx(mean[3 * std::size_t(t) + c]).epsilon(1e-6));  // float
    }
  }
}

TEST_CASE("nothing inside of a mask: nothing to measure") {
  const Map map{2, 3, 2, {-1, -1, -1, -1, -1, -1}};
  const dht::Picture picture = random_picture(2, 3, 1);
  const auto image = dht::interleaved_view(picture.rgb.data(), 2, 3, 3);
  CHECK(dht::region_neighbours(map.view(), 2).neighbour.empty());
  CHECK(dht::region_neighbours(map.view(), 0).regions() == 0);
  CHECK(dht::centroids(map.view(), 0).empty());
  CHECK(std::isnan(dht::centroids(map.view(), 2)[1].row));
  CHECK(dht::mean_over_regions(image, map.view(), 0).empty());
  CHECK(std::isnan(dht::mean_over_regions(image, map.view(), 1)[2]));
  CHECK(dht::mean_colours(picture, map.view(), 1) == std::vector{std::array<std::uint8_t, 3>{0, 0, 0}});
}

TEST_CASE("tokens inside of a mask: means over their pixels, the rest of the image stays as it is") {
  const int height = 12, width = 15;
  std::mt19937 random(3);
  std::vector<std::uint8_t> values(std::size_t(3 * height * width)), inside(std::size_t(height * width));
  for (auto& value : values) value = std::uint8_t(random() % 3 * 100);
  for (auto& value : inside) value = random() % 3 != 0;
  const auto image = dht::interleaved_view(std::as_const(values).data(), height, width, 3);
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(image);
  tokenizer.merge(dht::planar_view(std::as_const(inside).data(), 1, 1, height, width));
  const auto& tokens = tokenizer.tokens(9);
  const auto mean = dht::mean_over_tokens(image, tokens);
  const auto expected = dht::mean_over_regions(image, tokens.labels(), tokens.count());
  REQUIRE(mean.size() == expected.size());
  for (std::size_t i = 0; i < mean.size(); ++i) CHECK(mean[i] == Approx(expected[i]).epsilon(1e-6));  // float
  CHECK(dht::centroids(tokens).size() == std::size_t(tokens.count()));
  CHECK(dht::region_neighbours(tokens).regions() == tokens.count());

  const dht::Buffer<float> black(mean.size(), 0.0f);
  const auto injected = dht::inject_means(image, tokens, black);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int32_t token = tokens.labels()(y, x);
        CHECK((token < 0) == (inside[std::size_t(y * width + x)] == 0));
        const float taken = token < 0 ? 0 : mean[3 * std::size_t(token) + std::size_t(c)];
        const float value = float(image(0, c, y, x)) / 255;
        CHECK(injected[std::size_t((c * height + y) * width + x)] == Approx(value - taken).margin(1e-6));
      }
    }
  }
}

TEST_CASE("label maps with padded rows") {
  const std::vector<std::int32_t> memory{0, 1, 77, 77, 1, 1, -9, 77};
  const dht::LabelView labels{memory.data(), 2, 2, 4};
  const auto neighbours = dht::region_neighbours(labels, 2);
  CHECK(neighbours.boundaries_of(0)[0] == 2);
  CHECK(dht::centroids(labels, 2)[1].row == Approx(2.0 / 3));
}

TEST_CASE("arguments that make no sense are named") {
  const Map map{2, 2, 2, {0, 1, 1, 0}};
  const dht::Picture picture(2, 3), fitting(2, 2);
  CHECK(error_of([&] { dht::region_neighbours(map.view(), 1); }) ==
        "labels: hold 1 at row 0, column 1; must be 0 to count - 1 = 0, or -1 outside of a mask");
  const Map negative{1, 2, 2, {0, -2}};
  CHECK(error_of([&] { dht::centroids(negative.view(), 2); }) ==
        "labels: hold -2 at row 0, column 1; must be 0 to count - 1 = 1, or -1 outside of a mask");
  CHECK(error_of([&] { dht::centroids(dht::LabelView{}, 1); }) ==
        "labels: are 0 x 0 without memory; must be at least 1 x 1");
  CHECK(error_of([&] { dht::mean_colours(picture, map.view(), 2); }) ==
        "photo: is 2 x 3; must be 2 x 2 like the labels");
  const auto image = dht::interleaved_view(fitting.rgb.data(), 2, 2, 3);
  CHECK(error_of([&] { dht::mean_over_regions(image, map.view(), 2, 1); }) ==
        "batch_index: is 1; must be 0 to 0");
  dht::Picture small(2, 2);
  small.rgb.pop_back();
  CHECK(error_of([&] { dht::mean_colours(small, map.view(), 2); }) ==
        "photo: has 11 numbers; must have 12, three a pixel of 2 x 2");
  const auto tokens = dht::test::tokens_of_labels<float>(std::vector<std::int32_t>{0, 1, 1, 0}, 1, 2, 2);
  const auto nothing = dht::interleaved_view<const float>(nullptr, 2, 2, 3);
  for (const auto& error : {error_of([&] { dht::mean_over_tokens(nothing, tokens); }),
                            error_of([&] { dht::inject_means(nothing, tokens, dht::Buffer<float>(6)); })})
    CHECK(error == "image: has no data (null pointer)");
}
