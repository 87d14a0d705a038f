// SPDX-License-Identifier: MIT
// Sections 3 to 5 of the method once more, straight from its text: slow, with maps and sets, sharing no line with the
// library. Regions of every level are lists of pixels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "kit/any_parts.hpp"
#include "kit/label_maps.hpp"

namespace dht::test {

struct ReferenceRegion {
  std::vector<double> mean, variance;
  int size = 0;
  Box box;
  double information = 0;
  // Of the round that followed, where there was one:
  bool asked = false;
  int chosen = -1, parent = -1;
  double similarity = 0;
};

struct ReferenceLevel {
  std::vector<ReferenceRegion> regions;
  std::vector<int> labels;              // per pixel
  std::set<std::pair<int, int>> edges;  // both ways; a self-loop is (r, r)
};

class ReferenceTree {
 public:
  std::vector<ReferenceLevel> levels;  // pixels first, whole images last

  ReferenceTree(const TreeSettings& s, bool diagonals, const std::vector<double>& planes)
      : s_(s), grid_{1, s.height, s.width, diagonals} {
    make_pixels(planes);
    const int most = static_cast<int>(std::ceil(std::log2(std::sqrt(double(s.height) * s.width))));
    for (int round = 0;; ++round) {
      const auto regions = static_cast<int>(levels.back().regions.size());
      if (regions <= s.enough_regions || round == most || (round > 1 && !last_is_taken())) break;
      contract();
    }
    join();
  }

  /// Section 5: per pixel the chosen (level, region).
  std::vector<std::pair<int, int>> choices() const {
    std::vector<std::pair<int, int>> out;
    for (std::size_t p = 0; p < levels[0].labels.size(); ++p) {
      std::pair<int, int> best{0, static_cast<int>(p)};
      double most = levels[0].regions[p].information;
      for (std::size_t l = 1; l < levels.size(); ++l) {
        const int r = levels[l].labels[p];
        const double information = levels[l].regions[static_cast<std::size_t>(r)].information;
        if (information >= most) {
          most = information;
          best = {static_cast<int>(l), r};
        }
      }
      out.push_back(best);
    }
    return out;
  }

  const Grid& grid() const { return grid_; }

 private:
  using Real = long double;  // sums only; every quantity is kept as a double

  void make_pixels(const std::vector<double>& planes) {
    ReferenceLevel level;
    const auto neighbours = grid_.all_neighbours();
    for (int p = 0; p < grid_.pixels(); ++p) {
      ReferenceRegion r;
      for (int c = 0; c < s_.features; ++c) {
        const int plane = grid_.image_pixels();
        r.mean.push_back(planes[static_cast<std::size_t>(c * plane + p)]);
      }
      r.variance.assign(r.mean.size(), 0.0);
      r.size = 1;
      r.box = {grid_.row(p), grid_.column(p), grid_.row(p), grid_.column(p)};
      r.information = information(r);
      level.regions.push_back(r);
      level.labels.push_back(p);
      for (const int q : neighbours[static_cast<std::size_t>(p)]) level.edges.emplace(p, q);
    }
    levels.push_back(level);
  }

  /// Section 4.
  double information(const ReferenceRegion& r) const {
    const Real pixels = grid_.pixels();
    if (r.size == 1) return static_cast<double>(-std::sqrt(pixels));
    Real product = 1;
    for (const double v : r.variance) product *= 2 * 3.14159265358979323846264338327950288L * v;
    const Real m = r.size + 1e-8L, df = 1 / (2 * m - 2 * std::sqrt(m));
    Real k = 0;
    switch (s_.penalty) {
      case Penalty::aic:
        k = 2 * df;
        break;
      case Penalty::aicc:
        k = 2 * df + 2 * (df * df + df) / (m - df - 1);
        break;
      case Penalty::bic:
        k = std::log(m) * df;
        break;
      case Penalty::cic:
        k = (std::log(m) + 1) * df;
        break;
    }
    return static_cast<double>(-(r.size / pixels * std::log(s_.iota + product) + k));
  }

  double kernel(const ReferenceRegion& a, const ReferenceRegion& b) const {
    Real distance2 = 0, product = 0, square_a = 0, square_b = 0;
    for (std::size_t c = 0; c < a.mean.size(); ++c) {
      const Real x = a.mean[c], y = b.mean[c];
      distance2 += (x - y) * (x - y);
      product += x * y;
      square_a += x * x;
      square_b += y * y;
    }
    const Real w = s_.bandwidth;
    switch (s_.kernel) {
      case Kernel::gaussian:
        return static_cast<double>(std::exp(-distance2 / (w * w)));
      case Kernel::laplacian:
        return static_cast<double>(std::exp(-std::sqrt(distance2) / w));
      case Kernel::cauchy:
        return static_cast<double>(1 / (1 + distance2 / (w * w)));
      default:
        break;
    }
    const Real lengths = std::sqrt(square_a) * std::sqrt(square_b);
    const Real cosine = lengths > 0 ? std::min(product / lengths, Real(1)) : Real(square_a == square_b);
    return static_cast<double>(std::exp(-(1 - cosine) / w));
  }

  /// The term of compactness, in the library's order of operations: similarities of equally filled boxes differ by
  /// rounding alone, and rounding must fall the same way here for the choices to be the same.
  double compact(double similarity, int size, const Box& box) const {
    if (s_.compactness == 0) return similarity;
    const double around = 2 + (box.ymax - box.ymin) + (box.xmax - box.xmin);
    return std::fma(1 - s_.compactness, similarity, 4 * s_.compactness * size / (around * around));
  }

  static Box around(const Box& a, const Box& b) {
    return {std::min(a.ymin, b.ymin), std::min(a.xmin, b.xmin), std::max(a.ymax, b.ymax),
            std::max(a.xmax, b.xmax)};
  }

  double edge(const ReferenceLevel& level, int i, int j) const {
    const ReferenceRegion &a = level.regions[static_cast<std::size_t>(i)],
                          &b = level.regions[static_cast<std::size_t>(j)];
    if (i != j) return compact(kernel(a, b), a.size + b.size, around(a.box, b.box));
    double loop = s_.constant_loop;
    if (!s_.loop_weight.empty()) {
      Real sum = s_.loop_bias;
      for (std::size_t c = 0; c < a.variance.size(); ++c) sum += Real(s_.loop_weight[c]) * a.variance[c];
      loop = static_cast<double>(1 / (1 + std::exp(-sum)));
    }
    return compact(loop, a.size, a.box);
  }

  static long quantised(double similarity) {
    return static_cast<long>(std::floor(std::clamp(similarity, 0.0, 1.0) * 65535));
  }

  void contract() {
    ReferenceLevel& level = levels.back();
    std::map<int, std::set<int>> linked;
    for (std::size_t i = 0; i < level.regions.size(); ++i) {
      ReferenceRegion& r = level.regions[i];
      const int self = static_cast<int>(i);
      r.asked = true;
      std::pair<long, int> best{-1, -1};  // quantised similarity, then the larger label
      for (auto e = level.edges.lower_bound({self, -1}); e != level.edges.end() && e->first == self; ++e) {
        const double s = edge(level, self, e->second);
        if (std::pair{quantised(s), e->second} > best) {
          best = {quantised(s), e->second};
          r.similarity = s;
        }
      }
      r.chosen = best.second;
      linked[self].insert(r.chosen);
      linked[r.chosen].insert(self);
    }
    std::map<int, int> component;
    const auto spread = [&](int start, int number) {
      std::vector<int> pending{start};
      while (!pending.empty()) {
        const int r = pending.back();
        pending.pop_back();
        if (!component.emplace(r, number).second) continue;
        pending.insert(pending.end(), linked[r].begin(), linked[r].end());
      }
    };
    int count = 0;
    for (const int r : level.labels) {  // pixels in raster order: their regions are met in it
      if (!component.contains(r)) spread(r, count++);
    }
    gather(component, count, s_.by_similarity);
  }

  void join() {
    std::map<int, int> component;
    for (int p = 0; p < grid_.pixels(); ++p) component[levels.back().labels[static_cast<std::size_t>(p)]] = 0;
    gather(component, 1, false);
  }

  void gather(const std::map<int, int>& component, int count, bool by_similarity) {
    ReferenceLevel& below = levels.back();
    ReferenceLevel level;
    level.regions.resize(static_cast<std::size_t>(count));
    for (const int r : below.labels) level.labels.push_back(component.at(r));
    for (const auto& [a, b] : below.edges) level.edges.emplace(component.at(a), component.at(b));
    std::vector<std::vector<const ReferenceRegion*>> members(level.regions.size());
    for (const auto& [member, region] : component) {
      below.regions[static_cast<std::size_t>(member)].parent = region;
      members[static_cast<std::size_t>(region)].push_back(&below.regions[static_cast<std::size_t>(member)]);
    }
    for (std::size_t i = 0; i < level.regions.size(); ++i) {
      ReferenceRegion& r = level.regions[i];
      r.box = members[i][0]->box;
      for (const ReferenceRegion* m : members[i]) {
        r.size += m->size;
        r.box = around(r.box, m->box);
      }
      // Where all members have similarity 0 the text leaves the mean open; the library takes 1e-30 for 0.
      const auto weight = [&](const ReferenceRegion* m) {
        return by_similarity ? m->size * std::sqrt(std::max(Real(m->similarity), 1e-30L)) : Real(m->size);
      };
      for (int c = 0; c < s_.features; ++c) {
        const auto k = static_cast<std::size_t>(c);
        Real total = 0, sum = 0, spread = 0;
        for (const ReferenceRegion* m : members[i]) {
          total += weight(m);
          sum += weight(m) * m->mean[k];
        }
        const double mean = static_cast<double>(sum / total);
        for (const ReferenceRegion* m : members[i]) {
          const Real d = Real(m->mean[k]) - mean;
          spread += weight(m) * (m->variance[k] + d * d);
        }
        r.mean.push_back(mean);
        r.variance.push_back(static_cast<double>(spread / total));
      }
      r.information = information(r);
    }
    levels.push_back(level);
  }

  /// Whether some pixel's region of the last level has an information of at least the best of its regions below.
  bool last_is_taken() const {
    const auto at = [&](std::size_t level, std::size_t p) {
      return levels[level].regions[static_cast<std::size_t>(levels[level].labels[p])].information;
    };
    for (std::size_t p = 0; p < levels[0].labels.size(); ++p) {
      double best = at(0, p);
      for (std::size_t l = 1; l + 1 < levels.size(); ++l) best = std::max(best, at(l, p));
      if (at(levels.size() - 1, p) >= best) return true;
    }
    return false;
  }

  TreeSettings s_;
  Grid grid_;
};

}  // namespace dht::test
