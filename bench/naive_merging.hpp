// SPDX-License-Identifier: MIT
// Fine merging as one would write it down first: a region an object, its neighbours in a map, all pairs in a set by cost.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/linkage.hpp>

namespace dht::bench::naive {

class Merging {
 public:
  /// The regions of a level of one image.
  Merging(const Hierarchy<float>& tree, int level) : pixel_(1.0 / static_cast<double>(tree.pixels())) {
    const double height = tree.height, width = tree.width;
    side_ = 1 / std::sqrt(height * height + width * width);
    const std::vector<std::int32_t> labels = tree.labels(level);
    regions_.resize(static_cast<std::size_t>(tree.regions(level)));
    for (std::size_t r = 0; r < regions_.size(); ++r) {
      const std::int64_t node = tree.node(level, static_cast<std::int64_t>(r));
      regions_[r].mean.assign(tree.mean_of(node).begin(), tree.mean_of(node).end());
      for (const float v : tree.variance_of(node)) regions_[r].numbers.variance += static_cast<double>(v);
    }
    for (int y = 0; y < tree.height; ++y) {
      for (int x = 0; x < tree.width; ++x) {
        const std::size_t p = static_cast<std::size_t>(y * tree.width + x);
        MergingRegion& numbers = region(labels[p]).numbers;
        numbers.size += pixel_;
        numbers.row += y;
        numbers.column += x;
        if (x + 1 < tree.width) meet(tree, labels, p, p + 1);
        if (y + 1 < tree.height) meet(tree, labels, p, p + static_cast<std::size_t>(tree.width));
      }
    }
    for (Region& r : regions_) {
      r.numbers.row *= side_ * pixel_ / r.numbers.size;
      r.numbers.column *= side_ * pixel_ / r.numbers.size;
    }
  }

  /// Merges until one region is left. Returns the number of merges and the last one's cost.
  template <class Linkage>
  std::pair<std::int64_t, double> run(const Linkage& linkage) {
    std::set<std::tuple<double, std::int32_t, std::int32_t>> queue;
    std::map<std::pair<std::int32_t, std::int32_t>, double> costs;
    const auto offer = [&](std::int32_t a, std::int32_t b) {
      const auto pair = std::minmax(a, b);
      const double cost = cost_of(linkage, pair.first, pair.second);
      costs[pair] = cost;
      queue.emplace(cost, pair.first, pair.second);
    };
    const auto withdraw = [&](std::int32_t a, std::int32_t b) {
      const auto pair = std::minmax(a, b);
      queue.erase({costs[pair], pair.first, pair.second});
    };
    for (std::int32_t a = 0; a < static_cast<std::int32_t>(regions_.size()); ++a) {
      for (const auto& [b, shared] : region(a).neighbours) {
        if (a < b) offer(a, b);
      }
    }
    std::pair<std::int64_t, double> done{0, 0};
    while (!queue.empty()) {
      const auto [cost, low, high] = *queue.begin();
      for (const std::int32_t r : {low, high}) {
        for (const auto& [other, shared] : region(r).neighbours) withdraw(r, other);
      }
      join(low, high);
      for (const auto& [other, shared] : region(low).neighbours) offer(low, other);
      done = {done.first + 1, cost};
    }
    return done;
  }

 private:
  struct Region {
    MergingRegion numbers;
    std::vector<double> mean;
    std::map<std::int32_t, SharedBoundary> neighbours;  // contrast: the sum
  };

  Region& region(std::int32_t r) { return regions_[static_cast<std::size_t>(r)]; }

  void meet(const Hierarchy<float>& tree, const std::vector<std::int32_t>& labels, std::size_t p,
            std::size_t q) {
    if (labels[p] == labels[q]) return;
    double distance2 = 0;
    for (std::size_t c = 0; c < static_cast<std::size_t>(tree.features); ++c) {
      const double d =
          static_cast<double>(tree.pixel_features[p * static_cast<std::size_t>(tree.features) + c]) -
          static_cast<double>(tree.pixel_features[q * static_cast<std::size_t>(tree.features) + c]);
      distance2 += d * d;
    }
    for (const auto& [a, b] : {std::pair{labels[p], labels[q]}, std::pair{labels[q], labels[p]}}) {
      SharedBoundary& shared = region(a).neighbours[b];
      shared.length += side_;
      shared.contrast += std::sqrt(distance2);
      region(a).numbers.perimeter += side_;
    }
  }

  template <class Linkage>
  double cost_of(const Linkage& linkage, std::int32_t low, std::int32_t high) {
    const Region &a = region(low), &b = region(high);
    SharedBoundary shared = a.neighbours.at(high);
    shared.contrast *= side_ / shared.length;
    double distance2 = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c)
      distance2 += (a.mean[c] - b.mean[c]) * (a.mean[c] - b.mean[c]);
    return linkage(a.numbers, b.numbers, shared, distance2);
  }

  void join(std::int32_t low, std::int32_t high) {
    Region &a = region(low), &b = region(high);
    const double size = a.numbers.size + b.numbers.size, wa = a.numbers.size / size,
                 wb = b.numbers.size / size;
    double distance2 = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c) {
      distance2 += (a.mean[c] - b.mean[c]) * (a.mean[c] - b.mean[c]);
      a.mean[c] = wa * a.mean[c] + wb * b.mean[c];
    }
    a.numbers.variance = wa * a.numbers.variance + wb * b.numbers.variance + wa * wb * distance2;
    a.numbers.row = wa * a.numbers.row + wb * b.numbers.row;
    a.numbers.column = wa * a.numbers.column + wb * b.numbers.column;
    a.numbers.perimeter += b.numbers.perimeter - 2 * a.neighbours.at(high).length;
    a.numbers.size = size;
    a.neighbours.erase(high);
    for (const auto& [other, shared] : b.neighbours) {
      region(other).neighbours.erase(high);
      if (other == low) continue;
      for (SharedBoundary* kept : {&a.neighbours[other], &region(other).neighbours[low]}) {
        kept->length += shared.length;
        kept->contrast += shared.contrast;
      }
    }
    b.neighbours.clear();
  }

  double pixel_, side_;
  std::vector<Region> regions_;
};

}  // namespace dht::bench::naive
