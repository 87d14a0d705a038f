// SPDX-License-Identifier: MIT
// What merging knows of its leaves: sizes, centroids, moments, and the boundaries between them.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/marks.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/merge_graph.hpp>

namespace dht::detail {

/// Calls visit(x) for every x in [from, to) where the two rows differ, which is rare.
template <class Visit>
DHT_INLINE void for_each_difference(const std::int32_t* row, const std::int32_t* other, int from, int to,
                                    std::uint8_t* differs, const Visit& visit) {
  DHT_INDEPENDENT
  for (int x = from; x < to; ++x) differs[x] = row[x] != other[x];
  for_each_mark(differs, from, to, visit);
}

/// Sizes, boxes and sums of coordinates of the leaves in one row of pixels, run by run.
DHT_INLINE void measure_row(const std::int32_t* label, std::int32_t y, std::int32_t width,
                            std::uint8_t* differs, MergeLeaves& leaves, MergeGraphWorkspace& w) {
  std::int32_t from = 0;
  const auto end_run = [&](std::int32_t x) DHT_INLINE_LAMBDA {
    const std::int32_t leaf = label[x], run = x + 1 - from, ends = from + x;
    if (leaf >= 0) {
      const auto i = static_cast<std::size_t>(leaf);
      Box& box = leaves.box[i];
      if (leaves.size[i] == 0) {
        box = {y, from, y, x};
        w.rows[i] = w.columns[i] = 0;
      }
      leaves.size[i] += run;
      w.rows[i] += std::int64_t{run} * y;
      w.columns[i] += std::int64_t{run} * ends / 2;
      box.ymax = y;
      box.xmin = std::min(box.xmin, from);
      box.xmax = std::max(box.xmax, x);
    }
    from = x + 1;
  };
  for_each_difference(label, label + 1, 0, width - 1, differs, end_run);
  end_run(width - 1);
}

/// Neighbouring pixels that lie in different leaves: leaves have no more boundaries than that.
template <concepts::connectivity C>
DHT_INLINE std::int64_t count_differences(const MergeLeaves& leaves) {
  std::int64_t count = 0;
  for (int y = 0; y < leaves.height; ++y) {
    const std::int32_t* row = leaves.label.data() + std::int64_t{y} * leaves.width;
    for (const Offset o : C::forward) {
      if (y + o.dy >= leaves.height) continue;
      const std::int32_t* other = row + std::int64_t{o.dy} * leaves.width + o.dx;
      const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? leaves.width - 1 : leaves.width;
      std::int32_t in_row = 0;
      for (int x = from; x < to; ++x) in_row += (row[x] != other[x]) & (row[x] >= 0) & (other[x] >= 0);
      count += in_row;
    }
  }
  return count;
}

/// The same in any graph.
template <concepts::graph G>
std::int64_t count_differences(const G& graph, const MergeLeaves& leaves) {
  std::int64_t count = 0;
  const std::int32_t* const label = leaves.label.data();
  for (std::int32_t v = 0; v < static_cast<std::int32_t>(graph.vertices()); ++v)
    graph.for_each_neighbour(v, [&](std::int32_t u) {
      count += (u > v) & (label[v] != label[u]) & (label[v] >= 0) & (label[u] >= 0);
    });
  return count;
}

/// Makes room for the boundaries between the leaves, which are counted: regions of a level have its edges, their pieces
/// at most as many as there are pairs of pixels. How many a region has is not bounded: two bundles of diagonals cross in
/// as many places as there are pairs.
template <concepts::graph G, class S, class Backend>
void make_room(const Backend& backend, const G& of, const Hierarchy<S, typename G::Extent>& tree,
               const MergeLeaves& leaves, MergeGraph& graph) {
  std::int64_t count = 0;
  if (!leaves.pieces) {
    count = std::ssize(tree.edges_of(leaves.level));
  } else if constexpr (concepts::pixel_grid<G>) {
    using C = typename G::Neighbourhood;
    backend.serial(backend::up_to_baseline,
                   [&]() DHT_INLINE_LAMBDA { count = count_differences<C>(leaves); });
  } else {
    count = count_differences(of, leaves);
  }
  graph.make_room(count);
}

/// A pair of neighbouring pixels in two leaves.
template <class S>
DHT_INLINE void add_pair(std::int32_t a, std::int32_t b, S distance2, MergeGraph& graph,
                         MergeGraphWorkspace& w) {
  const auto e = static_cast<std::size_t>(graph.edge_between(a, b, w.degree));
  ++graph.length[e];
  graph.contrast[e] += sqrt(static_cast<double>(distance2));
}

/// The boundaries between the leaves: lengths and contrasts.
template <concepts::connectivity C, class S>
DHT_INLINE void measure_boundaries(const PixelGrid<C>& grid, const Hierarchy<S, Box>& tree,
                                   const MergeLeaves& leaves, int n, MergeGraph& graph,
                                   MergeGraphWorkspace& w) {
  const int height = grid.height, width = grid.width;
  std::uint8_t* const differs = w.differs.data();
  for (int y = 0; y < height; ++y) {
    const std::int64_t p0 = std::int64_t{y} * width;
    const std::int32_t* row = leaves.label.data() + p0;
    for (const Offset o : C::forward) {
      if (y + o.dy >= height) continue;
      const std::int64_t step = std::int64_t{o.dy} * width + o.dx;
      const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width - 1 : width;
      for_each_difference(row, row + step, from, to, differs, [&](int x) DHT_INLINE_LAMBDA {
        if (row[x] < 0 || row[x + step] < 0) return;
        const S* f = tree.pixel_features.data() + (p0 + x) * n;
        add_pair(row[x], row[x + step], distance2(f, f + step * n, n), graph, w);
      });
    }
  }
}

/// The same in any graph.
template <concepts::graph G, class S>
  requires(!concepts::pixel_grid<G>)
void measure_boundaries(const G& of, const Hierarchy<S, typename G::Extent>& tree, const MergeLeaves& leaves,
                        int n, MergeGraph& graph, MergeGraphWorkspace& w) {
  const std::int32_t* const label = leaves.label.data();
  const S* const features = tree.pixel_features.data();
  for (std::int32_t v = 0; v < static_cast<std::int32_t>(of.vertices()); ++v)
    of.for_each_neighbour(v, [&](std::int32_t u) {
      if (u < v || label[v] < 0 || label[u] < 0 || label[v] == label[u]) return;
      add_pair(label[v], label[u],
               distance2(features + std::int64_t{v} * n, features + std::int64_t{u} * n, n), graph, w);
    });
}

/// Perimeters, from the lengths of boundaries.
inline void measure_perimeters(MergeGraph& graph) {
  for (std::int32_t e = 0; e < graph.edge_count; ++e) {
    for (const std::int32_t half : {2 * e, 2 * e + 1}) {
      const std::int32_t r = graph.owner[static_cast<std::size_t>(half)];
      graph.sides[static_cast<std::size_t>(r)] += graph.length[static_cast<std::size_t>(e)];
    }
  }
  for (std::size_t r = 0; r < graph.region.size(); ++r)
    graph.region[r].perimeter = static_cast<double>(graph.sides[r]) * graph.boundary_unit;
}

/// Sizes and sums of coordinates of the leaves of an image, and their boxes.
template <concepts::connectivity C>
DHT_INLINE void measure_places(const PixelGrid<C>& grid, MergeLeaves& leaves, MergeGraphWorkspace& w) {
  for (std::int32_t y = 0; y < grid.height; ++y)
    measure_row(leaves.label.data() + std::int64_t{y} * grid.width, y, grid.width, w.differs.data(), leaves,
                w);
}

/// The same in any graph, without boxes.
template <concepts::graph G>
  requires(!concepts::pixel_grid<G>)
void measure_places(const G& graph, MergeLeaves& leaves, MergeGraphWorkspace& w) {
  w.centre.assign(3 * leaves.node.size(), 0.0);
  for (std::int32_t v = 0; v < static_cast<std::int32_t>(graph.vertices()); ++v) {
    const std::int32_t leaf = leaves.label[static_cast<std::size_t>(v)];
    if (leaf < 0) continue;
    ++leaves.size[static_cast<std::size_t>(leaf)];
    const std::array<double, 3> at = graph.centre(v);
    double* const sum = w.centre.data() + 3 * static_cast<std::size_t>(leaf);
    for (std::size_t i = 0; i < 3; ++i) sum[i] = rounded_sum(sum[i], at[i]);
  }
}

/// The unit of lengths: one over the diagonal of the box around all.
template <concepts::connectivity C>
double length_unit(const PixelGrid<C>& grid) {
  const std::int64_t height = grid.height, width = grid.width;
  return 1 / sqrt(static_cast<double>(height * height + width * width));
}
template <concepts::graph G>
  requires(!concepts::pixel_grid<G>)
double length_unit(const G& graph) {
  if (graph.dimensions() == 0) return 1 / sqrt(2 * static_cast<double>(graph.vertices()));
  std::array<double, 3> low = graph.centre(0), high = low;
  for (std::int32_t v = 1; v < static_cast<std::int32_t>(graph.vertices()); ++v) {
    const std::array<double, 3> at = graph.centre(v);
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  }
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(graph.dimensions()); ++i)
    sum = fma(high[i] - low[i] + 1, high[i] - low[i] + 1, sum);
  return 1 / sqrt(sum);
}

/// The unit of boundaries, which have one dimension less; without positions they are as in an image.
inline double boundary_unit(int dimensions, double length_unit) {
  return dimensions == 1 ? 1.0 : dimensions == 3 ? length_unit * length_unit : length_unit;
}

/// Means and variances of leaves that are parts of regions, over their pixels.
template <class S, class Extent>
void measure_pieces(const Hierarchy<S, Extent>& tree, const MergeLeaves& leaves, MergeGraph& graph) {
  const auto features = static_cast<std::size_t>(tree.features);
  std::vector<double> sum(leaves.node.size() * features, 0.0), square(leaves.node.size(), 0.0);
  const auto of_region = [&](std::size_t i, std::size_t c) {  // as reference: differences keep their digits
    return static_cast<double>(tree.mean[static_cast<std::size_t>(leaves.node[i]) * features + c]);
  };
  for (std::size_t p = 0; p < leaves.label.size(); ++p) {
    if (leaves.label[p] < 0) continue;
    const auto i = static_cast<std::size_t>(leaves.label[p]);
    for (std::size_t c = 0; c < features; ++c) {
      const double d = static_cast<double>(tree.pixel_features[p * features + c]) - of_region(i, c);
      sum[i * features + c] += d;
      square[i] = fma(d, d, square[i]);
    }
  }
  for (std::size_t i = 0; i < leaves.node.size(); ++i) {
    const double size = leaves.size[i];
    double variance = square[i] / size;
    for (std::size_t c = 0; c < features; ++c) {
      const double d = sum[i * features + c] / size;
      graph.mean[i * features + c] = of_region(i, c) + d;
      variance = fma(-d, d, variance);
    }
    graph.region[i].variance = std::max(variance, 0.0);
  }
}

/// Size, centroid, mean and variance of leaf i, as its region of the hierarchy has them.
template <class S, class Extent>
DHT_INLINE void measure_leaf(const Hierarchy<S, Extent>& tree, const MergeLeaves& leaves, std::size_t i,
                             MergeGraph& graph, const MergeGraphWorkspace& w) {
  const int features = tree.features;
  const auto size = static_cast<double>(leaves.size[i]);
  graph.pixels[i] = leaves.size[i];
  MergingRegion& region = graph.region[i];
  region = {};
  region.size = size * graph.size_unit;
  if constexpr (std::same_as<Extent, Box>) {
    region.row = static_cast<double>(w.rows[i]) / size * graph.length_unit;
    region.column = static_cast<double>(w.columns[i]) / size * graph.length_unit;
  } else {
    const double* const centre = w.centre.data() + 3 * i;
    region.row = centre[0] / size * graph.length_unit;
    region.column = centre[1] / size * graph.length_unit;
    region.third = centre[2] / size * graph.length_unit;
  }
  const std::int64_t from = leaves.node[i] * features;
  for (int c = 0; c < features; ++c) {
    graph.mean[i * static_cast<std::size_t>(features) + static_cast<std::size_t>(c)] =
        static_cast<double>(tree.mean[static_cast<std::size_t>(from + c)]);
    region.variance += static_cast<double>(tree.variance[static_cast<std::size_t>(from + c)]);
  }
}

/// Everything about the leaves but their labels, and the graph between them.
template <concepts::graph G, class S, class Backend>
void measure_leaves(const Backend& backend, const G& of, const Hierarchy<S, typename G::Extent>& tree,
                    MergeLeaves& leaves, MergeGraph& graph, MergeGraphWorkspace& w) {
  DHT_EXPECTS(static_cast<std::int64_t>(leaves.node.size()) <= MergeGraph::most, "regions to merge: are ",
              leaves.node.size(), "; at most ", MergeGraph::most, " are numbered");
  const std::int32_t count = leaves.count();
  graph.resize(count, tree.features);
  graph.size_unit = 1 / static_cast<double>(tree.pixels());
  graph.length_unit = length_unit(of);
  graph.boundary_unit = boundary_unit(of.dimensions(), graph.length_unit);
  w.degree.assign(static_cast<std::size_t>(count), 0);
  w.rows.resize(static_cast<std::size_t>(count));
  w.columns.resize(static_cast<std::size_t>(count));
  if constexpr (concepts::pixel_grid<G>) w.differs.resize(static_cast<std::size_t>(of.width));
  make_room(backend, of, tree, leaves, graph);
  backend.serial(backend::up_to_avx2, [&]() DHT_INLINE_LAMBDA {
    measure_places(of, leaves, w);
    for (std::size_t i = 0; i < leaves.node.size(); ++i) measure_leaf(tree, leaves, i, graph, w);
    measure_boundaries(of, tree, leaves, tree.features, graph, w);
    measure_perimeters(graph);
  });
  if (leaves.pieces) measure_pieces(tree, leaves, graph);
}

}  // namespace dht::detail
