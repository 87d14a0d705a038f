// SPDX-License-Identifier: MIT
// Scores of superpixels against their definitions, written down pixel by pixel and label by label.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/regions/superpixel_scores.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"

using dht::LabelMap;
using dht::SegmentFit;
using dht::test::error_of;

namespace {

LabelMap label_map(int height, int width, const std::vector<std::int32_t>& labels) {
  return dht::label_map(dht::plane_view(labels.data(), height, width));
}

auto view(const dht::Picture& photo) {
  return dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
}

/// Blocks of `side` pixels with labels that repeat and have gaps; the first ones are outside of the mask where there is one.
std::vector<std::int32_t> blocks(int height, int width, int side, int labels, dht::test::Random& random,
                                 bool mask = false) {
  std::vector<std::int32_t> of_block(std::size_t(height * width));
  for (auto& label : of_block) label = mask && random.below(4) == 0 ? -1 : random.below(labels) * 5;
  std::vector<std::int32_t> map;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) map.push_back(of_block[std::size_t(y / side * width + x / side)]);
  return map;
}

bool differs_from_a_neighbour(const LabelMap& map, int y, int x) {
  const auto differs = [&](int v, int u) {
    return v >= 0 && v < map.height && u >= 0 && u < map.width && map.at(v, u) != map.at(y, x);
  };
  return differs(y - 1, x) || differs(y + 1, x) || differs(y, x - 1) || differs(y, x + 1);
}

double slow_recall(const LabelMap& map, const LabelMap& truth, int radius) {
  double found = 0, all = 0;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (!differs_from_a_neighbour(truth, y, x)) continue;
      ++all;
      bool near = false;
      for (int v = std::max(y - radius, 0); v <= std::min(y + radius, map.height - 1); ++v)
        for (int u = std::max(x - radius, 0); u <= std::min(x + radius, map.width - 1); ++u)
          near = near || differs_from_a_neighbour(map, v, u);
      found += near;
    }
  }
  return found / all;
}

/// Pixels that have this label and that segment.
std::int64_t common(const LabelMap& map, std::int32_t label, const LabelMap& truth, std::int32_t segment) {
  std::int64_t pixels = 0;
  for (std::size_t i = 0; i < map.labels.size(); ++i)
    pixels += map.labels[i] == label && truth.labels[i] == segment;
  return pixels;
}

SegmentFit slow_fit(const LabelMap& map, const LabelMap& truth) {
  SegmentFit fit;
  double judged = 0;
  for (std::int32_t label = 0; label < map.count(); ++label) {
    std::int64_t size = 0, most = 0;
    for (std::size_t i = 0; i < map.labels.size(); ++i)
      size += map.labels[i] == label && truth.labels[i] >= 0;
    judged += double(size);
    for (std::int32_t segment = 0; segment < truth.count(); ++segment) {
      const std::int64_t pixels = common(map, label, truth, segment);
      fit.undersegmentation_error += double(std::min<std::int64_t>(pixels, size - pixels));
      most = std::max(most, pixels);
    }
    fit.achievable_accuracy += double(most);
  }
  return {fit.undersegmentation_error / judged, fit.achievable_accuracy / judged};
}

double slow_compactness(const LabelMap& map) {
  double sum = 0;
  for (std::int32_t label = 0; label < map.count(); ++label) {
    double area = 0, perimeter = 0;
    const auto outside = [&](int v, int u) {
      return v < 0 || v >= map.height || u < 0 || u >= map.width || map.at(v, u) != label;
    };
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) {
        if (map.at(y, x) != label) continue;
        ++area;
        perimeter += outside(y - 1, x) + outside(y + 1, x) + outside(y, x - 1) + outside(y, x + 1);
      }
    }
    sum += area * 4 * std::acos(-1.0) * area / (perimeter * perimeter);
  }
  return sum / double(map.pixels());
}

double squared_error(const std::vector<double>& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

double slow_variation(const LabelMap& map, const dht::Picture& photo) {
  double within = 0, all = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    std::vector<double> whole;
    std::vector<std::vector<double>> of_label(map.sizes.size());
    for (std::size_t i = 0; i < map.labels.size(); ++i) {
      if (map.labels[i] < 0) continue;
      whole.push_back(photo.rgb[3 * i + c]);
      of_label[std::size_t(map.labels[i])].push_back(photo.rgb[3 * i + c]);
    }
    all += squared_error(whole);
    for (const auto& values : of_label) within += squared_error(values);
  }
  return 1 - within / all;
}

void flood(const LabelMap& map, std::vector<int>& seen, int y, int x) {
  seen[map.index(y, x)] = 1;
  const auto step = [&](int v, int u) {
    if (v < 0 || v >= map.height || u < 0 || u >= map.width) return;
    if (seen[map.index(v, u)] == 0 && map.at(v, u) == map.at(y, x)) flood(map, seen, v, u);
  };
  step(y - 1, x);
  step(y + 1, x);
  step(y, x - 1);
  step(y, x + 1);
}

int slow_components(const LabelMap& map) {
  std::vector<int> seen(map.labels.size(), 0);
  int count = 0;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (seen[map.index(y, x)] != 0 || map.at(y, x) < 0) continue;
      flood(map, seen, y, x);
      ++count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("superpixel scores are what their definitions say", "[regions]") {
  dht::test::Random random(7);
  for (int repetition = 0; repetition < 16; ++repetition) {
    const bool mask = repetition % 2 == 1;
    const int height = 9 + random.below(25), width = 9 + random.below(25);
    const LabelMap map = label_map(height, width, blocks(height, width, 3, 9, random, mask));
    const LabelMap truth = label_map(height, width, blocks(height, width, 5, 4, random, mask));
    dht::Picture photo(height, width);
    for (auto& value : photo.rgb) value = std::uint8_t(random.below(256));

    // 1e-12: sums of at most 3300 doubles in another order.
    const SegmentFit fit = segment_fit(map, truth), slow = slow_fit(map, truth);
    CHECK(std::abs(fit.undersegmentation_error - slow.undersegmentation_error) < 1e-12);
    CHECK(std::abs(fit.achievable_accuracy - slow.achievable_accuracy) < 1e-12);
    CHECK(std::abs(compactness_score(map) - slow_compactness(map)) < 1e-12);
    CHECK(std::abs(explained_variation(view(photo), map) - slow_variation(map, photo)) < 1e-12);
    CHECK(connected_components(map) == slow_components(map));
    for (const int radius : {0, 1, 3})
      CHECK(boundary_recall(map, truth, radius) == slow_recall(map, truth, radius));
  }
}

TEST_CASE("superpixel scores are means over the persons", "[regions]") {
  dht::test::Random random(8);
  const LabelMap map = label_map(24, 20, blocks(24, 20, 4, 50, random));
  const std::vector<LabelMap> one{label_map(24, 20, blocks(24, 20, 7, 4, random))},
      other{label_map(24, 20, blocks(24, 20, 9, 4, random))}, persons{one[0], other[0]};
  const dht::Picture photo(24, 20);
  const dht::SuperpixelScores first = superpixel_scores(view(photo), map, one),
                              second = superpixel_scores(view(photo), map, other),
                              both = superpixel_scores(view(photo), map, persons);
  const auto is_mean = [&](double dht::SuperpixelScores::*score) {
    CHECK(both.*score == (first.*score + second.*score) / 2);
  };
  is_mean(&dht::SuperpixelScores::undersegmentation_error);
  is_mean(&dht::SuperpixelScores::achievable_accuracy);
  is_mean(&dht::SuperpixelScores::boundary_recall);
  CHECK(first.boundary_recall == boundary_recall(map, one[0], dht::boundary_tolerance(24, 20)));
  CHECK(both.compactness == compactness_score(map));
  CHECK(both.explained_variation == 1);  // a photo of one colour leaves nothing to explain
  CHECK(dht::boundary_tolerance(481, 321) == 1);
  CHECK(dht::boundary_tolerance(1000, 1000) == 4);
}

TEST_CASE("explained variation is of any channels, samples and image of a batch", "[regions]") {
  const LabelMap map = label_map(1, 4, {0, 0, 1, 1});
  const std::vector<float> batch{5, 5, 5, 5, 0, 2, 4, 6};  // two images of one channel
  const auto image = dht::planar_view(batch.data(), 2, 1, 1, 4);
  CHECK(explained_variation(image, map) == 1);
  CHECK(explained_variation(image, map, 1) == Catch::Approx(16.0 / 20));
}

TEST_CASE("labels lose their gaps, keep their order and -1", "[regions]") {
  const LabelMap map = label_map(2, 3, {7, 2, 7, 40, 40, -1});
  CHECK(map.labels == std::vector<std::int32_t>{1, 0, 1, 2, 2, -1});
  CHECK(map.sizes == std::vector<std::int64_t>{1, 2, 2});
  CHECK(map.pixels() == 5);
  CHECK(connected_components(map) == 4);
  CHECK(label_map(1, 2, {-1, -1}).count() == 0);
}

TEST_CASE("a map or a ground truth that does not fit is refused", "[regions]") {
  const LabelMap map = label_map(1, 2, {0, 1}), other = label_map(2, 1, {0, 1});
  const dht::Picture photo(1, 2), large(2, 2);
  CHECK(error_of([] { dht::label_map({}); }) == "labels: are 0 x 0 without memory; must be at least 1 x 1");
  CHECK(error_of([] {
          label_map(1, 2, {0, -2});
        }) == "labels: hold -2 at row 0, column 1; must be at least 0, or -1 outside of a mask");
  CHECK(error_of([&] { segment_fit(map, other); }) ==
        "ground truth: is 2 x 1; must be 1 x 2 like the labels");
  CHECK(error_of([&] { boundary_recall(map, other, 1); }) ==
        "ground truth: is 2 x 1; must be 1 x 2 like the labels");
  CHECK(error_of([&] { boundary_recall(map, map, -1); }) == "tolerance: is -1; must be at least 0");
  CHECK(error_of([&] {
          segment_fit(map, label_map(1, 2, {-1, -1}));
        }) == "ground truth: has no pixel with a label in both; must have at least 1");
  CHECK(error_of([&] { explained_variation(view(large), map); }) ==
        "image: is 2 x 2; must be 1 x 2 like the labels");
  CHECK(error_of([&] { explained_variation(view(photo), map, 1); }) == "batch_index: is 1; must be 0 to 0");
  CHECK(error_of([&] { superpixel_scores(view(photo), map, {}); }) ==
        "ground truth: is none; must be at least one segmentation");
}
