// SPDX-License-Identifier: MIT
// Contraction as one writes it down first: an object a region, a std::set of edges. A baseline, the same up to rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include <dht/core/view.hpp>
#include <dht/similarity/self_loop.hpp>

namespace dht::bench::naive {

struct Region {
  int size = 0;
  Box box{};
  std::vector<double> mean, variance;
  int chosen = 0, quantised = -1;  // the best neighbour so far
  double similarity = 1;
  double information = 0;
};

/// One level: its regions, who is whose neighbour, and the region of every pixel.
struct Level {
  std::vector<Region> regions;
  std::set<std::pair<int, int>> edges;
  std::vector<int> labels;
};

struct Settings {
  double compactness = 0.01, iota = 5;
  SelfLoop<float> self_loop;
};

inline double mix(const Settings& s, double similarity, double size, const Box& box) {
  const double around = 2 + box.ymax - box.ymin + box.xmax - box.xmin;
  return (1 - s.compactness) * similarity + 4 * s.compactness * size / (around * around);
}

inline Box join(const Box& a, const Box& b) {
  return {std::min(a.ymin, b.ymin), std::min(a.xmin, b.xmin), std::max(a.ymax, b.ymax),
          std::max(a.xmax, b.xmax)};
}

/// AICc.
inline double information(const Settings& s, const Region& r, double pixels) {
  if (r.size <= 1) return -std::sqrt(pixels);
  double product = 1;
  for (const double v : r.variance) product *= 6.283185307179586 * v;
  const double m = r.size + 1e-8, df = 1 / (2 * m - 2 * std::sqrt(m));
  return -(r.size / pixels * std::log(s.iota + product) + 2 * df + 2 * (df * df + df) / (m - df - 1));
}

inline Level pixel_level(const std::vector<float>& features, int channels, int side) {
  Level level;
  for (int y = 0, p = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, ++p) {
      Region r;
      r.size = 1;
      r.box = {y, x, y, x};
      r.mean.assign(features.begin() + std::ptrdiff_t(p) * channels,
                    features.begin() + std::ptrdiff_t(p + 1) * channels);
      r.variance.assign(std::size_t(channels), 0.0);
      r.chosen = p;
      r.information = -double(side);
      level.regions.push_back(std::move(r));
      if (x + 1 < side) level.edges.insert({p, p + 1});
      if (y + 1 < side) level.edges.insert({p, p + side});
      level.labels.push_back(p);
    }
  return level;
}

/// Every region chooses its most similar neighbour, or itself.
inline void choose(Level& level, const Settings& s, bool self_loops) {
  const auto offer = [](Region& r, double similarity, int neighbour) {
    const int quantised = int(std::clamp(similarity, 0.0, 1.0) * 65535);
    if (std::pair(quantised, neighbour) < std::pair(r.quantised, r.chosen)) return;
    r.quantised = quantised;
    r.chosen = neighbour;
    r.similarity = similarity;
  };
  for (std::size_t i = 0; self_loops && i < level.regions.size(); ++i) {
    Region& r = level.regions[i];
    double loop = 0.5;
    if (!s.self_loop.weight.empty()) {
      double sum = s.self_loop.bias;
      for (std::size_t c = 0; c < r.variance.size(); ++c) sum += s.self_loop.weight[c] * r.variance[c];
      loop = 1 / (1 + std::exp(-sum));
    }
    offer(r, mix(s, loop, r.size, r.box), int(i));
  }
  for (const auto& [i, k] : level.edges) {
    Region &a = level.regions[i], &b = level.regions[k];
    double distance2 = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c)
      distance2 += (a.mean[c] - b.mean[c]) * (a.mean[c] - b.mean[c]);
    const double similarity = mix(s, std::exp(-distance2), a.size + b.size, join(a.box, b.box));
    offer(a, similarity, k);
    offer(b, similarity, i);
  }
}

/// Joins each region with the one that it chose. `by_size`: weights without similarities.
inline Level contract(const Level& below, const Settings& s, bool by_size, double pixels) {
  const int n = int(below.regions.size());
  std::vector<int> root(n);
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  for (int i = 0; i < n; ++i) {
    const int a = find(i), b = find(below.regions[i].chosen);
    root[std::max(a, b)] = std::min(a, b);
  }
  Level level;
  std::vector<int> parent(n);
  std::map<int, int> number;
  for (int i = 0; i < n; ++i) parent[i] = number.try_emplace(find(i), int(number.size())).first->second;
  level.regions.resize(number.size());
  std::vector<double> weights(number.size());
  const auto weight = [&](const Region& r) { return r.size * (by_size ? 1 : std::sqrt(r.similarity)); };
  for (int i = 0; i < n; ++i) {
    const Region& from = below.regions[i];
    Region& to = level.regions[parent[i]];
    to.box = to.size == 0 ? from.box : join(to.box, from.box);
    to.size += from.size;
    to.mean.resize(from.mean.size());
    to.variance.resize(from.mean.size());
    weights[parent[i]] += weight(from);
    for (std::size_t c = 0; c < to.mean.size(); ++c) to.mean[c] += weight(from) * from.mean[c];
  }
  for (std::size_t i = 0; i < level.regions.size(); ++i)
    for (double& m : level.regions[i].mean) m /= weights[i];
  for (int i = 0; i < n; ++i) {
    const Region& from = below.regions[i];
    Region& to = level.regions[parent[i]];
    for (std::size_t c = 0; c < to.mean.size(); ++c) {
      const double d = from.mean[c] - to.mean[c];
      to.variance[c] += weight(from) * (from.variance[c] + d * d) / weights[parent[i]];
    }
  }
  for (std::size_t i = 0; i < level.regions.size(); ++i) {
    level.regions[i].chosen = int(i);
    level.regions[i].information = information(s, level.regions[i], pixels);
  }
  for (const auto& [a, b] : below.edges)
    if (parent[a] != parent[b]) level.edges.insert(std::minmax(parent[a], parent[b]));
  for (const int label : below.labels) level.labels.push_back(parent[label]);
  return level;
}

/// All levels, pixels and whole image included.
inline std::vector<Level> build(const std::vector<float>& features, int channels, int side,
                                const Settings& s) {
  std::vector<Level> levels{pixel_level(features, channels, side)};
  const double pixels = double(side) * side;
  std::vector<double> best(std::size_t(side) * side, -double(side));
  bool taken = true;
  for (int round = 0; (1 << round) < side && levels.back().regions.size() > 6 && taken; ++round) {
    choose(levels.back(), s, round > 0);
    levels.push_back(contract(levels.back(), s, false, pixels));
    taken = round == 0;
    for (std::size_t p = 0; p < best.size(); ++p) {
      const double worth = levels.back().regions[levels.back().labels[p]].information;
      taken |= worth >= best[p];
      best[p] = std::max(best[p], worth);
    }
  }
  Level last = levels.back();
  for (Region& r : last.regions) r.chosen = 0;
  levels.push_back(contract(last, s, true, pixels));
  return levels;
}

}  // namespace dht::bench::naive
