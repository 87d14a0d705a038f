// SPDX-License-Identifier: MIT
// Selection as one writes it down first: every pixel looks for itself, a cut is solved anew for each penalty. Baselines.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/region_cost.hpp>

#include "naive_hierarchy.hpp"

namespace dht::bench::naive {

/// A label map and its number of regions.
struct Labels {
  std::vector<int> values;
  int regions = 0;
};

/// Numbers the connected pieces of equal values, by flood fill.
inline Labels pieces(const std::vector<std::pair<int, int>>& value, int side) {
  Labels out{std::vector<int>(value.size(), -1)};
  for (int start = 0; start < int(value.size()); ++start) {
    if (out.values[start] >= 0) continue;
    std::queue<int> front({start});
    out.values[start] = out.regions;
    while (!front.empty()) {
      const int p = front.front(), x = p % side, y = p / side;
      front.pop();
      for (const auto& [dy, dx] : {std::pair(0, 1), {0, -1}, {1, 0}, {-1, 0}}) {
        if (y + dy < 0 || y + dy >= side || x + dx < 0 || x + dx >= side) continue;
        const int q = p + dy * side + dx;
        if (out.values[q] >= 0 || value[q] != value[p]) continue;
        out.values[q] = out.regions;
        front.push(q);
      }
    }
    ++out.regions;
  }
  return out;
}

/// Every pixel takes the best of its regions. `labels` and `information` for each level, the pixels first.
template <class Label, class S>
Labels best_ancestor(const std::vector<std::vector<Label>>& labels,
                     const std::vector<std::vector<S>>& information, int side) {
  std::vector<std::pair<int, int>> choice;
  for (std::size_t p = 0; p < labels[0].size(); ++p) {
    std::pair<int, int> best(0, int(p));
    S worth = information[0][p];
    for (std::size_t l = 1; l < labels.size(); ++l) {
      const Label region = labels[l][p];
      if (information[l][region] < worth) continue;
      worth = information[l][region];
      best = {int(l), int(region)};
    }
    choice.push_back(best);
  }
  return pieces(choice, side);
}

inline Labels best_ancestor(const std::vector<Level>& levels, int side) {
  std::vector<std::vector<int>> labels;
  std::vector<std::vector<double>> worth;
  for (const Level& level : levels) {
    labels.push_back(level.labels);
    worth.emplace_back();
    for (const Region& r : level.regions) worth.back().push_back(r.information);
  }
  return best_ancestor(labels, worth, side);
}

/// The best cut for one penalty, by dynamic programming up the tree of one image.
class OptimalCut {
 public:
  explicit OptimalCut(const Hierarchy<float>& tree) : tree_(tree), children_(std::size_t(tree.nodes())) {
    const CodeLength cost;
    for (std::int64_t i = 0; i < tree.nodes(); ++i) {
      if (tree.parent_node(i) >= 0) children_[tree.parent_node(i)].push_back(i);
      const auto variance = tree.variance_of(i);
      cost_.push_back(
          cost(tree.size[i], std::vector<double>(variance.begin(), variance.end()).data(), tree.features));
    }
  }

  /// The number of regions of the best cut.
  std::int64_t solve(double penalty) {
    std::vector<double> best(children_.size());
    std::vector<std::int64_t> regions(children_.size());
    whole_.assign(children_.size(), 0);
    for (std::size_t i = 0; i < children_.size(); ++i) {  // children are numbered before their parents
      double split = 0;
      std::int64_t parts = 0;
      for (const std::int64_t child : children_[i]) {
        split += best[child];
        parts += regions[child];
      }
      if (children_[i].empty()) {
        parts = tree_.size[i];
        split = double(parts) * penalty;
      }
      whole_[i] = cost_[i] + penalty <= split;
      best[i] = whole_[i] ? cost_[i] + penalty : split;
      regions[i] = whole_[i] ? 1 : parts;
    }
    return regions.back();
  }

  /// The label map of the last solution.
  Labels labels() const {
    Labels out;
    std::map<std::int64_t, int> number;
    for (std::int64_t p = 0; p < tree_.pixels(); ++p) {
      std::int64_t top = -1 - p;
      for (std::int64_t i = tree_.pixel_parent[p]; i >= 0; i = tree_.parent_node(i))
        if (whole_[i]) top = i;
      out.values.push_back(number.try_emplace(top, int(number.size())).first->second);
    }
    out.regions = int(number.size());
    return out;
  }

 private:
  const Hierarchy<float>& tree_;
  std::vector<std::vector<std::int64_t>> children_;
  std::vector<double> cost_;
  std::vector<char> whole_;
};

/// At most `tokens` regions: bisects for the penalty. (The library gives exactly so many.)
inline Labels budget(OptimalCut& cut, std::int64_t tokens) {
  double low = 0, high = 1e9;
  for (int step = 0; step < 50; ++step) {
    const double middle = low == 0 ? high / 8 : std::sqrt(low * high);
    (cut.solve(middle) > tokens ? low : high) = middle;
    if (low == 0 && high < 1e-6) break;
  }
  cut.solve(high);
  return cut.labels();
}

}  // namespace dht::bench::naive
