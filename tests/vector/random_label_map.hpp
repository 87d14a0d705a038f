// SPDX-License-Identifier: MIT
// Random label maps for drawings: holes in holes, one-pixel regions, diagonal touches, regions at the border.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <dht/core/view.hpp>
#include <dht/vector/fills.hpp>

namespace dht::test {

struct RandomLabels {
  int height = 0, width = 0;
  std::int32_t regions = 0;
  std::vector<std::int32_t> labels;

  LabelView view() const { return plane_view(labels.data(), height, width); }
};

/// Blocks, discs, rings or stripes of a few labels, with some noise; every label occurs.
inline RandomLabels random_labels(unsigned seed, int largest_side) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % unsigned(n)); };
  RandomLabels map{1 + below(largest_side), 1 + below(largest_side), 0, {}};
  const int block = 1 + below(5), labels = 1 + below(9), kind = below(4), noise = 5 + below(60);
  std::vector<int> coarse(std::size_t(map.height) * map.width);
  for (auto& c : coarse) c = below(labels);
  const int cx = below(map.width), cy = below(map.height), step = 2 + below(5);
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      int label = coarse[std::size_t(y / block) * map.width + x / block];
      if (kind == 1) label = std::min({x, y, map.width - 1 - x, map.height - 1 - y}) % labels;
      if (kind == 2) label = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (step * step * 4) % labels;
      if (kind == 3) label = (3 * x + (step - 3) * y + 1000) / (step * 3) % labels;
      map.labels.push_back(below(noise) == 0 ? below(labels) : label);
    }
  std::vector<std::int32_t> number(labels, -1);
  for (auto& label : map.labels) label = number[label] < 0 ? number[label] = map.regions++ : number[label];
  return map;
}

/// A colour of its own for each label.
inline Fills distinct_fills(std::int32_t count) {
  Fills fills;
  for (std::int32_t i = 0; i < count; ++i)
    fills.color.push_back({std::uint8_t(37 * i % 251), std::uint8_t(101 * i % 253), std::uint8_t(i)});
  return fills;
}

}  // namespace dht::test
