// SPDX-License-Identifier: MIT
// What merging starts from: the regions of one level of a hierarchy, cut to a mask where there is one, their moments,
// and the boundaries between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/marks.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/region_graph.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/linkage.hpp>

namespace dht {

/// Pixels that are to be looked at: not 0 inside, 0 outside. Empty (no data) for all of them. One channel, and the
/// batch, height and width of the images.
using Mask = ImageView<const std::uint8_t>;

/// The regions that merging starts from, its *leaves*, numbered in the raster order of their first pixels.
struct MergeLeaves {
  int height = 0, width = 0;
  int level = 0;               ///< of the hierarchy
  bool pieces = false;         ///< leaves are parts of regions: those inside of a mask, or of a grid's cells
  Buffer<std::int32_t> label;  ///< per pixel: its leaf; -1 outside of the mask
  Buffer<std::int64_t> node;   ///< per leaf: the node of the hierarchy that it is, or is part of
  Buffer<std::int32_t> size;   ///< per leaf: pixels
  Buffer<Box> box;             ///< per leaf

  /// Makes room for as many leaves as noise has, so that the next image of the size finds enough.
  void reserve(std::size_t pixels) {
    label.reserve(pixels);
    node.reserve(most(pixels));
    size.reserve(most(pixels));
    box.reserve(most(pixels));
  }
  /// More regions than any level has: those of level 1 have two pixels at least, or are images of one.
  static std::size_t most(std::size_t pixels) { return pixels / 2 + 64; }

  std::int32_t count() const { return static_cast<std::int32_t>(node.size()); }
};

/// No pixels' features are farther apart.
inline constexpr double any_contrast = std::numeric_limits<double>::infinity();

namespace detail {

/// A region adjacency graph that shrinks while its regions merge. An edge e has two halves, 2e and 2e + 1, one in the
/// chain of each of its regions; the other half of h is h ^ 1.
struct MergeGraph {
  Buffer<MergingRegion> region;
  Buffer<std::int64_t> pixels;  // per region
  Buffer<std::int64_t> sides;   // per region: pairs of neighbouring pixels, one inside, one in another region
  Buffer<double> mean;          // `features` numbers a region
  Buffer<std::int32_t> head;    // per region: its first half, or -1
  Buffer<std::int32_t> owner;   // per half: the region in whose chain it is
  Buffer<std::int32_t> next;    // per half
  Buffer<std::int64_t> length;  // per edge: pairs of neighbouring pixels; 0 once it has gone
  Buffer<double> contrast;      // per edge: the sum over its pairs of pixels
  std::int32_t edge_count = 0;  // that there are
  double size_unit = 1;         // share of a pixel in the image
  double length_unit = 1;       // side of a pixel, in diagonals of the image

  /// Both halves of an edge, and all nodes of a binary tree over the regions, are numbered in 31 bits.
  static constexpr std::int64_t most = std::int64_t{1} << 30;

  void reserve(std::size_t regions, std::size_t edges, int features) {
    region.reserve(regions);
    pixels.reserve(regions);
    sides.reserve(regions);
    mean.reserve(regions * static_cast<std::size_t>(features));
    head.reserve(regions);
    owner.reserve(2 * edges);
    next.reserve(2 * edges);
    length.reserve(edges);
    contrast.reserve(edges);
  }

  void resize(std::int32_t regions, int features) {
    const auto n = static_cast<std::size_t>(regions);
    region.resize(n);
    pixels.resize(n);
    sides.assign(n, 0);
    mean.resize(n * static_cast<std::size_t>(features));
    head.assign(n, -1);
  }

  /// Room for `count` edges. Throws dht::Error for more than `most`.
  void make_room(std::int64_t count) {
    DHT_EXPECTS(count <= most, "regions to merge: have ", count, " boundaries or more between them; at most ",
                most, " are numbered");
    const auto room = static_cast<std::size_t>(count);
    owner.resize(2 * room);
    next.resize(2 * room);
    length.resize(room);
    contrast.resize(room);
    edge_count = 0;
  }

  /// The edge between two regions; made, if it is new, where there must be room for it. The chain of the region
  /// with fewer neighbours is searched, and what is found moves to its front: boundaries are met pixel after pixel.
  DHT_INLINE std::int32_t edge_between(std::int32_t a, std::int32_t b, Buffer<std::int32_t>& degree) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    const std::int32_t from = degree[i] <= degree[j] ? a : b, to = a ^ b ^ from;
    std::int32_t before = -1, half = head[static_cast<std::size_t>(from)];
    while (half >= 0 && owner[static_cast<std::size_t>(half ^ 1)] != to) {
      before = half;
      half = next[static_cast<std::size_t>(half)];
    }
    if (half >= 0) {
      if (before >= 0) {
        next[static_cast<std::size_t>(before)] = next[static_cast<std::size_t>(half)];
        push_front(from, half);
      }
      return half >> 1;
    }
    DHT_EXPECTS(static_cast<std::size_t>(edge_count) < length.size(),
                "hierarchy: has no edge between two regions that touch; must be built with the neighbours by "
                "which its regions merge");
    const std::int32_t edge = edge_count++;
    length[static_cast<std::size_t>(edge)] = 0;
    contrast[static_cast<std::size_t>(edge)] = 0;
    owner[static_cast<std::size_t>(2 * edge)] = a;
    owner[static_cast<std::size_t>(2 * edge + 1)] = b;
    push_front(a, 2 * edge);
    push_front(b, 2 * edge + 1);
    ++degree[i];
    ++degree[j];
    return edge;
  }

  DHT_INLINE void push_front(std::int32_t region_number, std::int32_t half) {
    next[static_cast<std::size_t>(half)] = head[static_cast<std::size_t>(region_number)];
    head[static_cast<std::size_t>(region_number)] = half;
  }
};

/// Scratch memory for `find_leaves` and `measure_leaves`, kept for the next image.
struct MergeGraphWorkspace {
  GridComponentsWorkspace components;
  Buffer<std::int32_t> up, down;       // per region of a level: its ancestor
  Buffer<std::int32_t> pieces;         // per pixel: components of regions and mask
  Buffer<std::int32_t> number;         // per component: its leaf, or -1
  Buffer<std::int32_t> degree;         // per leaf
  Buffer<std::int64_t> rows, columns;  // per leaf: sums of coordinates
  Buffer<std::uint8_t> differs;        // a row

  void reserve(std::size_t regions) {
    up.reserve(regions);
    down.reserve(regions);
    degree.reserve(regions);
    rows.reserve(regions);
    columns.reserve(regions);
  }
};

inline void check_mask(const Mask& mask, int batch, int height, int width) {
  DHT_EXPECTS(mask.batch == batch && mask.channels == 1 && mask.height == height && mask.width == width,
              "mask: is ", mask.batch, " x ", mask.channels, " x ", mask.height, " x ", mask.width,
              " (batch, channels, height, width); must be ", batch, " x 1 x ", height, " x ", width,
              " like the image");
}

/// Links within a region and within a cell of a grid, `cell` pixels wide; the links of `equality_links`, less some.
template <concepts::connectivity C>
DHT_INLINE void cell_links(const std::int32_t* label, std::int64_t y, int width, int cell,
                           std::uint8_t* links) {
  using N = Neighbours<C>;
  equality_links<C>(label, y, width, links);
  for (int k = 0; k < N::half; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)];
    const bool crosses_above = o.dy < 0 && y % cell == 0;
    const auto others = static_cast<std::uint8_t>(~(1u << k));
    for (int x = 0; x < width; ++x) {
      const bool crosses_beside = (o.dx < 0 && x % cell == 0) || (o.dx > 0 && (x + 1) % cell == 0);
      if (crosses_above || crosses_beside) links[x] &= others;
    }
  }
}

/// Of a row's links those between pixels whose features are at most `contrast` apart.
template <concepts::connectivity C, class S>
DHT_INLINE void drop_contrasts(const Hierarchy<S>& tree, std::int64_t y, double contrast,
                               std::uint8_t* links) {
  using N = Neighbours<C>;
  const int n = tree.features;
  const double most = contrast * contrast;
  for (int k = 0; k < N::half; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)];
    for (int x = 0; x < tree.width; ++x) {
      if ((links[x] >> k & 1) == 0) continue;
      const S* f = tree.pixel_features.data() + (y * tree.width + x) * n;
      const S* g = f + (std::int64_t{o.dy} * tree.width + o.dx) * n;
      S sum = 0;
      for (int c = 0; c < n; ++c) sum = fma(f[c] - g[c], f[c] - g[c], sum);
      if (static_cast<double>(sum) > most) links[x] &= static_cast<std::uint8_t>(~(1u << k));
    }
  }
}

/// Nothing outside of the mask is part of a region.
inline void drop_outside(const Mask& mask, MergeLeaves& leaves) {
  for (int y = 0; y < leaves.height; ++y) {
    std::int32_t* row = leaves.label.data() + std::int64_t{y} * leaves.width;
    for (int x = 0; x < leaves.width; ++x) row[x] = mask(0, 0, y, x) ? row[x] : -1;
  }
}

/// Each connected part of a region that lies in one cell and has no larger contrast becomes a leaf.
template <concepts::connectivity C, class S, class Backend>
void cut_in_pieces(const Backend& backend, const Hierarchy<S>& tree, int cell, double contrast,
                   MergeLeaves& leaves, MergeGraphWorkspace& w) {
  std::int32_t* const label = leaves.label.data();
  const int width = leaves.width;
  const auto pixels = leaves.label.size();
  w.pieces.resize(pixels);
  const std::int32_t components = grid_components<C>(
      backend, leaves.height, width,
      [=](std::int64_t y, std::uint8_t* links) DHT_INLINE_LAMBDA {
        cell_links<C>(label, y, width, cell, links);
        if (contrast < any_contrast) drop_contrasts<C>(tree, y, contrast, links);
      },
      w.pieces.data(), w.components);
  w.number.assign(static_cast<std::size_t>(components), -1);
  Buffer<std::int64_t> node;
  for (std::size_t p = 0; p < pixels; ++p) {
    if (label[p] < 0) continue;
    std::int32_t& number = w.number[static_cast<std::size_t>(w.pieces[p])];
    if (number < 0) {
      number = static_cast<std::int32_t>(node.size());
      node.push_back(leaves.node[static_cast<std::size_t>(label[p])]);
    }
    label[p] = number;
  }
  std::swap(leaves.node, node);
}

/// Labels the leaves: the regions of `leaves.level`, cut to the mask, by the grid, where `cell` is not 0, and at contrasts.
template <concepts::connectivity C, class S, class Backend>
void find_leaves(const Backend& backend, const Hierarchy<S>& tree, const Mask& mask, int cell,
                 double contrast, MergeLeaves& leaves, MergeGraphWorkspace& w) {
  leaves.height = tree.height;
  leaves.width = tree.width;
  const std::int64_t regions = tree.regions(leaves.level);
  w.up.resize(static_cast<std::size_t>(regions));
  for (std::size_t r = 0; r < w.up.size(); ++r) w.up[r] = static_cast<std::int32_t>(r);
  for (int l = leaves.level - 1; l >= 1; --l) {
    const std::int32_t* parent = tree.parent.data() + tree.begin[static_cast<std::size_t>(l) - 1];
    w.down.resize(static_cast<std::size_t>(tree.regions(l)));
    for (std::size_t r = 0; r < w.down.size(); ++r) w.down[r] = w.up[static_cast<std::size_t>(parent[r])];
    std::swap(w.up, w.down);
  }
  leaves.label.resize(static_cast<std::size_t>(tree.pixels()));
  backend.for_range(backend::up_to_baseline, tree.pixels(), 16384,
                    [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                      const std::int32_t *up = w.up.data(), *parent = tree.pixel_parent.data();
                      std::int32_t* label = leaves.label.data();
                      DHT_INDEPENDENT
                      for (std::int64_t p = begin; p < end; ++p) label[p] = up[parent[p]];
                    });
  leaves.node.resize(static_cast<std::size_t>(regions));
  for (std::size_t r = 0; r < leaves.node.size(); ++r)
    leaves.node[r] = tree.begin[static_cast<std::size_t>(leaves.level) - 1] + static_cast<std::int64_t>(r);
  leaves.pieces = mask.data != nullptr || cell > 0 || contrast < any_contrast;
  if (mask.data != nullptr) drop_outside(mask, leaves);
  if (leaves.pieces)
    cut_in_pieces<C>(backend, tree, cell > 0 ? cell : std::max(leaves.height, leaves.width), contrast, leaves,
                     w);
  leaves.size.assign(leaves.node.size(), 0);
  leaves.box.resize(leaves.node.size());
}

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

/// Makes room for the boundaries between the leaves, which are counted: regions of a level have its edges, their pieces
/// at most as many as there are pairs of pixels. How many a region has is not bounded: two bundles of diagonals cross in
/// as many places as there are pairs.
template <concepts::connectivity C, class S, class Backend>
void make_room(const Backend& backend, const Hierarchy<S>& tree, const MergeLeaves& leaves,
               MergeGraph& graph) {
  std::int64_t count = 0;
  if (leaves.pieces) {
    backend.serial(backend::up_to_baseline,
                   [&]() DHT_INLINE_LAMBDA { count = count_differences<C>(leaves); });
  } else {
    count = std::ssize(tree.edges_of(leaves.level));
  }
  graph.make_room(count);
}

/// The boundaries between the leaves: lengths, contrasts, perimeters.
template <concepts::connectivity C, class S>
DHT_INLINE void measure_boundaries(const Hierarchy<S>& tree, const MergeLeaves& leaves, int n,
                                   std::uint8_t* differs, MergeGraph& graph, MergeGraphWorkspace& w) {
  const int height = tree.height, width = tree.width;
  for (int y = 0; y < height; ++y) {
    const std::int64_t p0 = std::int64_t{y} * width;
    const std::int32_t* row = leaves.label.data() + p0;
    for (const Offset o : C::forward) {
      if (y + o.dy >= height) continue;
      const std::int64_t step = std::int64_t{o.dy} * width + o.dx;
      const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width - 1 : width;
      for_each_difference(row, row + step, from, to, differs, [&](int x) DHT_INLINE_LAMBDA {
        if (row[x] < 0 || row[x + step] < 0) return;
        const S *f = tree.pixel_features.data() + (p0 + x) * n, *g = f + step * n;
        S sum = 0;
        for (int c = 0; c < n; ++c) sum = fma(f[c] - g[c], f[c] - g[c], sum);
        const auto e = static_cast<std::size_t>(graph.edge_between(row[x], row[x + step], w.degree));
        ++graph.length[e];
        graph.contrast[e] += sqrt(static_cast<double>(sum));
      });
    }
  }
  for (std::int32_t e = 0; e < graph.edge_count; ++e) {
    for (const std::int32_t half : {2 * e, 2 * e + 1}) {
      const std::int32_t r = graph.owner[static_cast<std::size_t>(half)];
      graph.sides[static_cast<std::size_t>(r)] += graph.length[static_cast<std::size_t>(e)];
    }
  }
  for (std::size_t r = 0; r < graph.region.size(); ++r)
    graph.region[r].perimeter = static_cast<double>(graph.sides[r]) * graph.length_unit;
}

/// Means and variances of leaves that are parts of regions, over their pixels.
template <class S>
void measure_pieces(const Hierarchy<S>& tree, const MergeLeaves& leaves, MergeGraph& graph) {
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
template <class S>
DHT_INLINE void measure_leaf(const Hierarchy<S>& tree, const MergeLeaves& leaves, std::size_t i,
                             MergeGraph& graph, const MergeGraphWorkspace& w) {
  const int features = tree.features;
  const auto size = static_cast<double>(leaves.size[i]);
  graph.pixels[i] = leaves.size[i];
  MergingRegion& region = graph.region[i];
  region = {size * graph.size_unit, static_cast<double>(w.rows[i]) / size * graph.length_unit,
            static_cast<double>(w.columns[i]) / size * graph.length_unit, 0, 0};
  const std::int64_t from = leaves.node[i] * features;
  for (int c = 0; c < features; ++c) {
    graph.mean[i * static_cast<std::size_t>(features) + static_cast<std::size_t>(c)] =
        static_cast<double>(tree.mean[static_cast<std::size_t>(from + c)]);
    region.variance += static_cast<double>(tree.variance[static_cast<std::size_t>(from + c)]);
  }
}

/// Everything about the leaves but their labels, and the graph between them.
template <concepts::connectivity C, class S, class Backend>
void measure_leaves(const Backend& backend, const Hierarchy<S>& tree, MergeLeaves& leaves, MergeGraph& graph,
                    MergeGraphWorkspace& w) {
  DHT_EXPECTS(static_cast<std::int64_t>(leaves.node.size()) <= MergeGraph::most, "regions to merge: are ",
              leaves.node.size(), "; at most ", MergeGraph::most, " are numbered");
  const std::int32_t count = leaves.count();
  const int height = tree.height, width = tree.width;
  graph.resize(count, tree.features);
  graph.size_unit = 1 / static_cast<double>(tree.pixels());
  graph.length_unit =
      1 / sqrt(static_cast<double>(std::int64_t{height} * height + std::int64_t{width} * width));
  w.degree.assign(static_cast<std::size_t>(count), 0);
  w.rows.resize(static_cast<std::size_t>(count));
  w.columns.resize(static_cast<std::size_t>(count));
  w.differs.resize(static_cast<std::size_t>(width));
  make_room<C>(backend, tree, leaves, graph);
  backend.serial(backend::up_to_avx2, [&]() DHT_INLINE_LAMBDA {
    std::uint8_t* const differs = w.differs.data();
    for (std::int32_t y = 0; y < height; ++y)
      measure_row(leaves.label.data() + std::int64_t{y} * width, y, width, differs, leaves, w);
    for (std::size_t i = 0; i < leaves.node.size(); ++i) measure_leaf(tree, leaves, i, graph, w);
    measure_boundaries<C>(tree, leaves, tree.features, differs, graph, w);
  });
  if (leaves.pieces) measure_pieces(tree, leaves, graph);
}

}  // namespace detail
}  // namespace dht
