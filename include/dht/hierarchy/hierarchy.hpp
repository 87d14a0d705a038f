// SPDX-License-Identifier: MIT
// The merge hierarchy as a value: every region of every level, with its numbers, to keep and to ask.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>

namespace dht {

/// A tree of regions over one image, or over the vertices of another graph, which are called pixels here too.
///
/// Level 0 are the pixels, level 1 the regions of the first contraction, the last level the whole image: of a graph that is
/// not connected, each connected part. Regions of a level are numbered in the raster order of their first pixels; a *node* is
/// a region of any level from 1 up, numbered
/// through all of them. Quantities lie in flat arrays, one element (or `features` elements) a node, public for reading;
/// `build_hierarchy` fills them. A plain value: copy it to keep it.
template <class S, class ExtentType = Box>
class Hierarchy {
 public:
  using Scalar = S;
  using Extent = ExtentType;

  int height = 0, width = 0;  ///< of the image; of another graph 1 and the number of vertices
  int features = 0;

  // Per pixel.
  Buffer<S> pixel_features;           ///< `features` numbers a pixel
  Buffer<std::int32_t> pixel_parent;  ///< region at level 1: the finest label map
  Buffer<std::uint8_t> pixel_choice;  ///< the neighbour that a pixel chose, an index into its neighbourhood
  Buffer<std::int32_t>
      vertex_choice;           ///< of graphs other than pixel grids, instead: that neighbour, or oneself
  Buffer<S> pixel_similarity;  ///< similarity of the edge to it, after compactness

  // Per node.
  std::vector<std::int64_t>
      begin;  ///< first node of level l >= 1 is begin[l-1]; one more element closes the last
  Buffer<std::int32_t> parent;  ///< region one level up; -1 at the last level
  Buffer<std::int32_t> size;    ///< pixels
  Buffer<Extent> box;
  Buffer<S> mean, variance;  ///< `features` numbers a node
  Buffer<S> information;     ///< by the criterion that the hierarchy was built with
  Buffer<std::int32_t>
      chosen;            ///< the neighbour chosen, or the own number; own number where no round followed
  Buffer<S> similarity;  ///< of that edge, after compactness; 1 where no round followed

  Buffer<Edge> edges;                    ///< neighbouring regions, level after level
  std::vector<std::int64_t> edge_begin;  ///< of level l >= 1: edge_begin[l-1]

  /// Number of levels, pixels and the whole image included: at least 2 once built, 0 before.
  int levels() const { return static_cast<int>(begin.size()); }
  std::int64_t pixels() const { return std::int64_t{height} * width; }
  /// Number of nodes, all levels from 1 up.
  std::int64_t nodes() const { return begin.empty() ? 0 : begin.back(); }

  /// Number of regions at a level.
  std::int64_t regions(int level) const {
    check_level(level, 0);
    return level == 0 ? pixels()
                      : begin[static_cast<std::size_t>(level)] - begin[static_cast<std::size_t>(level) - 1];
  }

  /// The node of a region at a level from 1 up.
  std::int64_t node(int level, std::int64_t region) const {
    check_level(level, 1);
    DHT_EXPECTS(region >= 0 && region < regions(level), "region: ", region, " does not exist; level ", level,
                " has ", regions(level));
    return begin[static_cast<std::size_t>(level) - 1] + region;
  }

  /// The level of a node.
  int level_of(std::int64_t node) const {
    DHT_EXPECTS(node >= 0 && node < nodes(), "node: ", node, " does not exist; the hierarchy has ", nodes());
    return static_cast<int>(std::upper_bound(begin.begin(), begin.end(), node) - begin.begin());
  }

  /// The node that contains a node one level up, or -1 for the whole image.
  std::int64_t parent_node(std::int64_t node) const {
    const int level = level_of(node);
    const std::int32_t up = parent[static_cast<std::size_t>(node)];
    return up < 0 ? -1 : begin[static_cast<std::size_t>(level)] + up;
  }

  std::span<const S> mean_of(std::int64_t node) const& {
    return {mean.data() + node * features, static_cast<std::size_t>(features)};
  }
  std::span<const S> mean_of(std::int64_t) const&& = delete;
  std::span<const S> variance_of(std::int64_t node) const& {
    return {variance.data() + node * features, static_cast<std::size_t>(features)};
  }
  std::span<const S> variance_of(std::int64_t) const&& = delete;

  /// Neighbouring regions of a level from 1 up, each pair once, sorted by the lower number.
  std::span<const Edge> edges_of(int level) const& {
    check_level(level, 1);
    const auto l = static_cast<std::size_t>(level);
    return {edges.data() + edge_begin[l - 1], edges.data() + edge_begin[l]};
  }
  std::span<const Edge> edges_of(int) const&& = delete;

  /// For each region of a level from 1 up, the region that contains it at a coarser level `to`.
  std::vector<std::int32_t> ancestors(int level, int to) const {
    check_level(level, 1);
    DHT_EXPECTS(to >= level && to < levels(), "to: level ", to, " is not above level ", level, " of ",
                levels());
    std::vector<std::int32_t> up(static_cast<std::size_t>(regions(to)));
    for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<std::int32_t>(i);
    for (int l = to - 1; l >= level; --l) {
      const std::int32_t* p = parent.data() + begin[static_cast<std::size_t>(l) - 1];
      std::vector<std::int32_t> down(static_cast<std::size_t>(regions(l)));
      for (std::size_t i = 0; i < down.size(); ++i) down[i] = up[static_cast<std::size_t>(p[i])];
      up = std::move(down);
    }
    return up;
  }

  /// Writes the label map of a level, `pixels()` numbers, (height, width).
  void labels(int level, std::span<std::int32_t> out) const {
    check_level(level, 0);
    DHT_EXPECTS(static_cast<std::int64_t>(out.size()) == pixels(), "out: has room for ", out.size(),
                " labels; must have ", pixels());
    if (level == 0) {
      for (std::size_t p = 0; p < out.size(); ++p) out[p] = static_cast<std::int32_t>(p);
      return;
    }
    const std::vector<std::int32_t> up = ancestors(1, level);
    for (std::size_t p = 0; p < out.size(); ++p) out[p] = up[static_cast<std::size_t>(pixel_parent[p])];
  }

  std::vector<std::int32_t> labels(int level) const {
    std::vector<std::int32_t> out(static_cast<std::size_t>(pixels()));
    labels(level, out);
    return out;
  }

 private:
  void check_level(int level, int lowest) const {
    DHT_EXPECTS(levels() > 0, "hierarchy: is empty; build it first");
    DHT_EXPECTS(level >= lowest && level < levels(), "level: ", level, " does not exist; must be ", lowest,
                " to ", levels() - 1);
  }
};

namespace detail {

/// Throws dht::Error unless the hierarchy is there and as large as the graph.
template <concepts::graph G, class S>
void check_built_on(const G& graph, const Hierarchy<S, typename G::Extent>& tree) {
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  bool same = graph.vertices() == tree.pixels();
  if constexpr (concepts::pixel_grid<G>) same = graph.height == tree.height && graph.width == tree.width;
  DHT_EXPECTS(same, "graph: has ", graph.vertices(), " vertices; is not the one that the hierarchy, of ",
              tree.pixels(), ", was built on");
}

}  // namespace detail
}  // namespace dht
