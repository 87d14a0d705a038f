// SPDX-License-Identifier: MIT
// Scores of superpixels against their definitions, written down pixel by pixel and label by label.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kit/catch.hpp"
#include "kit/random.hpp"
#include "superpixel_scores.hpp"

using namespace dht::bench;

namespace {

/// Blocks of `side` pixels with labels that repeat, have gaps and are negative.
std::vector<std::int32_t> blocks(int height, int width, int side, int labels, dht::test::Random& random) {
  std::vector<std::int32_t> of_block(std::size_t(height * width));
  for (auto& label : of_block) label = random.below(labels) * 5 - 3;
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
  for (std::int32_t label = 0; label < map.count(); ++label) {
    const auto size = std::count(map.labels.begin(), map.labels.end(), label);
    std::int64_t most = 0;
    for (std::int32_t segment = 0; segment < truth.count(); ++segment) {
      const std::int64_t pixels = common(map, label, truth, segment);
      fit.undersegmentation += double(std::min<std::int64_t>(pixels, size - pixels));
      most = std::max(most, pixels);
    }
    fit.accuracy += double(most);
  }
  return {fit.undersegmentation / double(map.labels.size()), fit.accuracy / double(map.labels.size())};
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
  return sum / double(map.labels.size());
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
      if (seen[map.index(y, x)] != 0) continue;
      flood(map, seen, y, x);
      ++count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("scores of superpixels are what their definitions say") {
  dht::test::Random random(7);
  for (int repetition = 0; repetition < 8; ++repetition) {
    const int height = 9 + random.below(25), width = 9 + random.below(25);
    const LabelMap map = label_map(height, width, blocks(height, width, 3, 9, random));
    const LabelMap truth = label_map(height, width, blocks(height, width, 5, 4, random));
    dht::Picture photo(height, width);
    for (auto& value : photo.rgb) value = std::uint8_t(random.below(256));

    // 1e-12: sums of at most 3300 doubles in another order.
    const SegmentFit fit = segment_fit(map, truth), slow = slow_fit(map, truth);
    CHECK(std::abs(fit.undersegmentation - slow.undersegmentation) < 1e-12);
    CHECK(std::abs(fit.accuracy - slow.accuracy) < 1e-12);
    CHECK(std::abs(compactness(map) - slow_compactness(map)) < 1e-12);
    CHECK(std::abs(explained_variation(map, photo) - slow_variation(map, photo)) < 1e-12);
    CHECK(components(map) == slow_components(map));
    for (const int radius : {0, 1, 3}) {
      const auto near = widened(boundary(map), height, width, radius);
      CHECK(boundary_recall(near, boundary(truth)) == slow_recall(map, truth, radius));
    }
  }
}

TEST_CASE("scores are means over the persons") {
  dht::test::Random random(8);
  const LabelMap map = label_map(24, 20, blocks(24, 20, 4, 50, random));
  const Truth one = make_truth(label_map(24, 20, blocks(24, 20, 7, 4, random))),
              other = make_truth(label_map(24, 20, blocks(24, 20, 9, 4, random)));
  const dht::Picture photo(24, 20);
  const auto first = superpixel_scores(map, photo, {one}), second = superpixel_scores(map, photo, {other}),
             both = superpixel_scores(map, photo, {one, other});
  for (std::size_t i = 0; i < both.size(); ++i) CHECK(both[i] == (first[i] + second[i]) / 2);
  CHECK(both[3] == 1);  // a photo of one colour leaves nothing to explain
  CHECK(boundary_tolerance(481, 321) == 1);
  CHECK(boundary_tolerance(1000, 1000) == 4);
}

TEST_CASE("labels lose their gaps and keep their order") {
  const LabelMap map = label_map(2, 3, {7, -2, 7, 40, 40, 40});
  CHECK(map.labels == std::vector<std::int32_t>{1, 0, 1, 2, 2, 2});
  CHECK(map.sizes == std::vector<std::int64_t>{1, 2, 3});
  CHECK(components(map) == 4);
}

TEST_CASE("a map, a segmentation or a list that does not fit is refused") {
  using Catch::Matchers::ContainsSubstring;
  const LabelMap map = label_map(1, 2, {0, 1}), other = label_map(2, 1, {0, 1});
  CHECK_THROWS_WITH(label_map(2, 2, {0, 1}), ContainsSubstring("labels: are 2; must be 4"));
  CHECK_THROWS_WITH(segment_fit(map, other), ContainsSubstring("segmentation: is 2 x 1; must be 1 x 2"));
  CHECK_THROWS_WITH(superpixel_scores(map, dht::Picture(1, 2), {}),
                    ContainsSubstring("segmentations: are none; must be at least 1"));
}
