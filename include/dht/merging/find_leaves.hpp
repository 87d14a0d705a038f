// SPDX-License-Identifier: MIT
// The leaves of merging: the regions of one level of a hierarchy, cut to a mask, by cells and at contrasts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/graph_components.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/merge_graph.hpp>

namespace dht::detail {

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
DHT_INLINE void drop_contrasts(const Hierarchy<S, Box>& tree, std::int64_t y, double contrast,
                               std::uint8_t* links) {
  using N = Neighbours<C>;
  const int n = tree.features;
  const double most = contrast * contrast;
  for (int k = 0; k < N::half; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)];
    for (int x = 0; x < tree.width; ++x) {
      if ((links[x] >> k & 1) == 0) continue;
      const S* f = tree.pixel_features.data() + (y * tree.width + x) * n;
      const S sum = distance2(f, f + (std::int64_t{o.dy} * tree.width + o.dx) * n, n);
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

/// Labels the connected parts of regions that lie in one cell and have no larger contrast; a cell of 0 is the whole image.
/// Returns how many there are. What is outside of the mask is a part as well.
template <concepts::connectivity C, class S, class Backend>
std::int32_t label_pieces(const Backend& backend, const PixelGrid<C>& grid, const Hierarchy<S, Box>& tree,
                          int cell, double contrast, const std::int32_t* label, MergeGraphWorkspace& w) {
  const int width = grid.width;
  if (cell == 0) cell = std::max(grid.height, grid.width);
  return grid_components<C>(
      backend, grid.height, width,
      [=, &tree](std::int64_t y, std::uint8_t* links) DHT_INLINE_LAMBDA {
        cell_links<C>(label, y, width, cell, links);
        if (contrast < any_contrast) drop_contrasts<C>(tree, y, contrast, links);
      },
      w.pieces.data(), w.components);
}

/// The same of any graph, where each vertex is a cell.
template <class Backend, concepts::graph G, class S>
  requires(!concepts::pixel_grid<G>)
std::int32_t label_pieces(const Backend&, const G& graph, const Hierarchy<S, typename G::Extent>& tree,
                          int cell, double contrast, const std::int32_t* label, MergeGraphWorkspace& w) {
  const std::int64_t n = tree.features;
  const S* const features = tree.pixel_features.data();
  const double most = contrast * contrast;
  return graph_components(
      graph,
      [=](std::int32_t v, std::int32_t u) {
        return cell == 0 && label[v] == label[u] &&
               (contrast == any_contrast ||
                static_cast<double>(distance2(features + v * n, features + u * n, tree.features)) <= most);
      },
      w.pieces.data());
}

/// Each piece becomes a leaf.
template <concepts::graph G, class S, class Backend>
void cut_in_pieces(const Backend& backend, const G& graph, const Hierarchy<S, typename G::Extent>& tree,
                   int cell, double contrast, MergeLeaves& leaves, MergeGraphWorkspace& w) {
  std::int32_t* const label = leaves.label.data();
  const auto pixels = leaves.label.size();
  w.pieces.resize(pixels);
  const std::int32_t components = label_pieces(backend, graph, tree, cell, contrast, label, w);
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
template <concepts::graph G, class S, class Backend>
void find_leaves(const Backend& backend, const G& graph, const Hierarchy<S, typename G::Extent>& tree,
                 const Mask& mask, int cell, double contrast, MergeLeaves& leaves, MergeGraphWorkspace& w) {
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
  if (leaves.pieces) cut_in_pieces(backend, graph, tree, cell, contrast, leaves, w);
  leaves.size.assign(leaves.node.size(), 0);
  leaves.box.resize(concepts::pixel_grid<G> ? leaves.node.size() : 0);
}

}  // namespace dht::detail
