// SPDX-License-Identifier: MIT
// A hierarchy whose choices are held fixed: means and variances of all its regions as a plain function of the features of
// the pixels and of the self-loop, written down from the method for differences to be taken of.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/extent.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/similarity/self_loop.hpp>

namespace dht::test {

struct FrozenTree {
  std::vector<double> mean, variance;  // of all nodes, as in the hierarchy

  template <class G, class Similarity, class Weighting>
  static FrozenTree of(const G& graph, const Hierarchy<double, typename G::Extent>& tree,
                       const Similarity& similarity, const Weighting& weighting,
                       const SelfLoop<double>& self_loop, double compactness,
                       const std::vector<double>& features) {
    FrozenTree out;
    const auto n = static_cast<std::size_t>(tree.features);
    out.mean.resize(static_cast<std::size_t>(tree.nodes()) * n);
    out.variance.resize(out.mean.size());
    const int top = tree.levels() - 1;
    for (int level = 0; level < top; ++level) {
      const auto members = static_cast<std::size_t>(tree.regions(level));
      const std::size_t first = level == 0 ? 0 : static_cast<std::size_t>(tree.begin[std::size_t(level) - 1]);
      const std::size_t above = static_cast<std::size_t>(tree.begin[static_cast<std::size_t>(level)]);
      const double* mean = level == 0 ? features.data() : out.mean.data() + first * n;
      const std::vector<double> none(level == 0 ? members * n : 0, 0.0);
      const double* variance = level == 0 ? none.data() : out.variance.data() + first * n;
      const auto parent = [&](std::size_t i) {
        return above + static_cast<std::size_t>(level == 0 ? tree.pixel_parent[i] : tree.parent[first + i]);
      };
      std::vector<double> weight(members), total(static_cast<std::size_t>(tree.nodes()), 0.0);
      for (std::size_t i = 0; i < members; ++i) {
        const std::int32_t size = level == 0 ? 1 : tree.size[first + i];
        weight[i] = size;
        if (level + 1 < top)
          weight[i] = weighting(
              size, edge(graph, tree, similarity, self_loop, compactness, level, i, mean, variance));
        total[parent(i)] += weight[i];
      }
      for (std::size_t i = 0; i < members; ++i)
        for (std::size_t c = 0; c < n; ++c)
          out.mean[parent(i) * n + c] += weight[i] / total[parent(i)] * mean[i * n + c];
      for (std::size_t i = 0; i < members; ++i) {
        for (std::size_t c = 0; c < n; ++c) {
          const double d = mean[i * n + c] - out.mean[parent(i) * n + c];
          out.variance[parent(i) * n + c] += weight[i] / total[parent(i)] * (variance[i * n + c] + d * d);
        }
      }
    }
    return out;
  }

 private:
  template <class C>
  static std::size_t chosen_pixel(const PixelGrid<C>& grid, const Hierarchy<double>& tree, std::size_t i) {
    if (tree.pixel_choice[i] == 255) return i;
    const Offset o = detail::Neighbours<C>::all[tree.pixel_choice[i]];
    return static_cast<std::size_t>(static_cast<std::int64_t>(i) + o.dy * grid.width + o.dx);
  }
  template <class G>
    requires(!concepts::pixel_grid<G>)
  static std::size_t chosen_pixel(const G&, const Hierarchy<double, typename G::Extent>& tree,
                                  std::size_t i) {
    return static_cast<std::size_t>(tree.vertex_choice[i]);
  }

  /// Similarity of the edge that region i of a level chose, after compactness.
  template <class G, class Similarity>
  static double edge(const G& graph, const Hierarchy<double, typename G::Extent>& tree,
                     const Similarity& similarity, const SelfLoop<double>& self_loop, double compactness,
                     int level, std::size_t i, const double* mean, const double* variance) {
    const auto n = static_cast<std::size_t>(tree.features);
    std::size_t j = i;
    double size = 2, sides = 0;
    if (level == 0) {
      j = chosen_pixel(graph, tree, i);
      if (j == i) return 1;
      sides = graph.sides(
          joined(graph.extent(static_cast<std::int32_t>(i)), graph.extent(static_cast<std::int32_t>(j))));
    } else {
      const auto first = static_cast<std::size_t>(tree.begin[static_cast<std::size_t>(level) - 1]);
      j = static_cast<std::size_t>(tree.chosen[first + i]);
      size = tree.size[first + i] + (i == j ? 0 : tree.size[first + j]);
      sides = graph.sides(joined(tree.box[first + i], tree.box[first + j]));
    }
    double value = 0;
    if (i == j) {
      double sum = self_loop.bias;
      for (std::size_t c = 0; c < n && !self_loop.is_constant(); ++c)
        sum = self_loop.add(sum, static_cast<int>(c), variance[i * n + c]);
      value = self_loop.value(sum);
    } else {
      double sums[Similarity::sums] = {};
      for (std::size_t c = 0; c < n; ++c) similarity.add(sums, mean[i * n + c], mean[j * n + c]);
      value = similarity.value(sums);
    }
    const int d = graph.dimensions();
    return d == 0 ? value : (1 - compactness) * value + compactness * size * std::pow(d / (d + sides), d);
  }
};

}  // namespace dht::test
