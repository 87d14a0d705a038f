// SPDX-License-Identifier: MIT
// Merging done the slow way: all pairs looked at for every merge, boundaries kept in a map.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dht/merging/merge_tree.hpp>

#include "kit/label_maps.hpp"

namespace dht::test {

/// Always the same: every merge is a tie, decided by the numbers.
struct Indifferent {
  double operator()(const MergingRegion&, const MergingRegion&, const SharedBoundary&, double) const {
    return -3;
  }
};

struct SlowRegion {
  MergingRegion region;
  std::vector<double> mean;
};

/// The leaves and what lies between them, from the label map of the level.
struct SlowMerging {
  std::map<std::int32_t, SlowRegion> regions;
  std::map<std::pair<std::int32_t, std::int32_t>, std::pair<double, double>> shared;  // length, contrast
  double size_unit = 1, length_unit = 1;

  SlowMerging(const Hierarchy<double>& tree, const Grid& grid, const std::vector<std::int32_t>& leaf,
              const std::vector<std::int64_t>& node, bool pieces, std::span<const Offset> forward) {
    const double diagonal = std::sqrt(double(grid.height) * grid.height + double(grid.width) * grid.width);
    const int features = tree.features;
    for (int p = 0; p < grid.pixels(); ++p) {
      const std::int32_t r = leaf[static_cast<std::size_t>(p)];
      if (r < 0) continue;
      SlowRegion& slow = regions[r];
      slow.region.size += 1;
      slow.region.row += grid.row(p);
      slow.region.column += grid.column(p);
    }
    for (auto& [r, slow] : regions) {
      slow.region.row = slow.region.row / slow.region.size / diagonal;
      slow.region.column = slow.region.column / slow.region.size / diagonal;
      const std::int64_t from = node[static_cast<std::size_t>(r)];
      slow.mean.assign(tree.mean_of(from).begin(), tree.mean_of(from).end());
      for (const double v : tree.variance_of(from)) slow.region.variance += v;
      if (!pieces) continue;
      slow.region.variance = 0;
      for (std::size_t c = 0; c < slow.mean.size(); ++c) {
        const auto value = [&](std::size_t p) {
          return tree.pixel_features[p * static_cast<std::size_t>(features) + c];
        };
        double sum = 0, square = 0;
        for (std::size_t p = 0; p < leaf.size(); ++p) sum += leaf[p] == r ? value(p) : 0;
        slow.mean[c] = sum / slow.region.size;
        for (std::size_t p = 0; p < leaf.size(); ++p)
          square += leaf[p] == r ? (value(p) - slow.mean[c]) * (value(p) - slow.mean[c]) : 0;
        slow.region.variance += square / slow.region.size;
      }
    }
    size_unit = 1.0 / grid.pixels();
    length_unit = 1 / diagonal;
    for (int p = 0; p < grid.pixels(); ++p) {
      for (const Offset o : forward) {
        const int y = grid.row(p) + o.dy, x = grid.column(p) + o.dx;
        if (y >= grid.height || x < 0 || x >= grid.width) continue;
        const int q = p + o.dy * grid.width + o.dx;
        const auto [a, b] = std::minmax(leaf[static_cast<std::size_t>(p)], leaf[static_cast<std::size_t>(q)]);
        if (a < 0 || a == b) continue;
        double sum = 0;
        for (int c = 0; c < features; ++c) {
          const double d = tree.pixel_features[static_cast<std::size_t>(p * features + c)] -
                           tree.pixel_features[static_cast<std::size_t>(q * features + c)];
          sum += d * d;
        }
        auto& [length, contrast] = shared[{a, b}];
        length += 1;
        contrast += std::sqrt(sum);
        regions[a].region.perimeter += 1;
        regions[b].region.perimeter += 1;
      }
    }
  }

  template <class L>
  double cost(const L& linkage, std::pair<std::int32_t, std::int32_t> pair) const {
    const SlowRegion &a = regions.at(pair.first), &b = regions.at(pair.second);
    double distance2 = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c)
      distance2 += (a.mean[c] - b.mean[c]) * (a.mean[c] - b.mean[c]);
    const auto [length, contrast] = shared.at(pair);
    MergingRegion x = a.region, y = b.region;
    for (MergingRegion* r : {&x, &y}) {
      r->size *= size_unit;
      r->perimeter *= length_unit;
    }
    return linkage(x, y, SharedBoundary{length * length_unit, contrast / length}, distance2);
  }

  void join(std::int32_t low, std::int32_t high) {
    SlowRegion &a = regions[low], b = regions[high];
    const double size = a.region.size + b.region.size, wa = a.region.size / size, wb = b.region.size / size;
    double distance2 = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c) {
      distance2 += (a.mean[c] - b.mean[c]) * (a.mean[c] - b.mean[c]);
      a.mean[c] = wa * a.mean[c] + wb * b.mean[c];
    }
    a.region.variance = wa * a.region.variance + wb * b.region.variance + wa * wb * distance2;
    a.region.row = wa * a.region.row + wb * b.region.row;
    a.region.column = wa * a.region.column + wb * b.region.column;
    a.region.perimeter += b.region.perimeter - 2 * shared.at({low, high}).first;
    a.region.size = size;
    regions.erase(high);
    shared.erase({low, high});
    std::map<std::pair<std::int32_t, std::int32_t>, std::pair<double, double>> kept;
    for (const auto& [pair, what] : shared) {
      auto [x, y] = pair;
      x = x == high ? low : x;
      y = y == high ? low : y;
      auto& [length, contrast] = kept[std::minmax(x, y)];
      length += what.first;
      contrast += what.second;
    }
    shared = kept;
  }
};

/// Follows the merges of an image one by one. What is wrong with them, or "": each must cost what it says and no pair may
/// cost less, where pairs with a small region count as less than all others.
template <class L>
std::string fault_of_merges(SlowMerging slow, const L& linkage, const MergeTree& tree, double smallest) {
  int made = 0;
  for (const Merge& merge : tree.merges) {
    const std::pair<std::int32_t, std::int32_t> pair{merge.low, merge.high};
    if (slow.shared.count(pair) == 0) return "a pair that does not touch";
    const double cost = slow.cost(linkage, pair), margin = 1e-9 * std::abs(cost) + 1e-15;
    if (std::abs(cost - merge.cost) > margin) return "a cost";
    const auto large = [&](std::pair<std::int32_t, std::int32_t> p) {
      return slow.regions.at(p.first).region.size >= smallest &&
             slow.regions.at(p.second).region.size >= smallest;
    };
    if (large(pair) != (made >= tree.forced)) return "forced";
    for (const auto& [other, what] : slow.shared) {
      if (large(other) != large(pair) ? !large(other) : slow.cost(linkage, other) < cost - margin)
        return "a cheaper pair was left";
      // Ties go to the lower numbers; costs that are computed the same way are equal to the bit.
      if (std::is_same_v<L, Indifferent> && large(other) == large(pair) && other < pair)
        return "a tie for the wrong pair";
    }
    slow.join(merge.low, merge.high);
    ++made;
  }
  return slow.shared.empty() ? "" : "pairs are left";
}

}  // namespace dht::test
