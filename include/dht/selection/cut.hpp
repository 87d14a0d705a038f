// SPDX-License-Identifier: MIT
// Cuts through a hierarchy: the optimal one for a penalty, and the one with exactly so many tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/merge_to.hpp>
#include <dht/selection/nested_cuts.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// Scratch memory of the cuts, kept for the next one.
struct CutWorkspace {
  Buffer<std::uint8_t> split;     // per node: whether it has given way to its parts
  Buffer<std::int64_t> cut_node;  // per node: the unsplit node that contains it, or -1
  Buffer<std::int32_t> number;    // per node: its label
};

namespace detail {

/// Writes the cut that `w.split` describes: the topmost nodes that are not split, and the pixels of those at level 1
/// that are.
template <class S, class Extent>
void write_cut(const Hierarchy<S, Extent>& tree, Partition& out, CutWorkspace& w) {
  const std::int64_t nodes = tree.nodes();
  w.cut_node.resize(static_cast<std::size_t>(nodes));
  for (int level = tree.levels() - 1; level >= 1; --level) {
    const std::int64_t first = tree.begin[static_cast<std::size_t>(level) - 1],
                       end = tree.begin[static_cast<std::size_t>(level)];
    for (std::int64_t i = first; i < end; ++i) {
      const std::int32_t up = tree.parent[static_cast<std::size_t>(i)];
      const std::int64_t above = up < 0 ? -1 : w.cut_node[static_cast<std::size_t>(end + up)];
      w.cut_node[static_cast<std::size_t>(i)] = above >= 0                             ? above
                                                : w.split[static_cast<std::size_t>(i)] ? -1
                                                                                       : i;
    }
  }
  const auto pixels = static_cast<std::size_t>(tree.pixels());
  w.number.assign(static_cast<std::size_t>(nodes), -1);
  out.labels.resize(pixels);
  out.sources.clear();
  for (std::size_t p = 0; p < pixels; ++p) {
    const std::int64_t node = w.cut_node[static_cast<std::size_t>(tree.pixel_parent[p])];
    if (node < 0) {
      out.labels[p] = static_cast<std::int32_t>(out.sources.size());
      out.sources.push_back(pixel_source(static_cast<std::int64_t>(p)));
      continue;
    }
    std::int32_t& number = w.number[static_cast<std::size_t>(node)];
    if (number < 0) {
      number = static_cast<std::int32_t>(out.sources.size());
      out.sources.push_back(node);
    }
    out.labels[p] = number;
  }
  out.regions = static_cast<std::int32_t>(out.sources.size());
  one_source_each(out, true);
}

/// Calls `visit(pixel, neighbour)` for the pairs of neighbours, each once, of which `node` may have both.
template <concepts::graph G, class S, class Visit>
void for_each_pair(const G& graph, const Hierarchy<S, typename G::Extent>& tree, std::int64_t node,
                   const Visit& visit) {
  const auto from = [&](std::int32_t p) {
    graph.for_each_neighbour(p, [&](std::int32_t q) {
      if (q > p) visit(p, q);
    });
  };
  if constexpr (concepts::pixel_grid<G>) {
    const Box box = tree.box[static_cast<std::size_t>(node)];
    for (int y = box.ymin; y <= box.ymax; ++y)
      for (int x = box.xmin; x <= box.xmax; ++x) from(y * tree.width + x);
  } else {
    for (std::int32_t p = 0; p < tree.pixels(); ++p) from(p);
  }
}

/// The regions of `part` that lie inside `node`, with their moments and who is whose neighbour.
template <concepts::graph G, class S>
MergeInput parts_of(const G& graph, const Hierarchy<S, typename G::Extent>& tree, const Partition& part,
                    std::int64_t node, const std::vector<std::int32_t>& inside,
                    const std::vector<std::int32_t>& index) {
  MergeInput in;
  const int n = in.features = tree.features;
  for (const std::int32_t region : inside) {
    const Source source = part.sources_of(region)[0];  // an unmerged part: it has one
    in.size.push_back(source < 0 ? 1 : tree.size[static_cast<std::size_t>(source)]);
    for (int c = 0; c < n; ++c) {
      if (source < 0) {
        in.mean.push_back(tree.pixel_features[static_cast<std::size_t>((-1 - source) * n + c)]);
        in.variance.push_back(0);
      } else {
        in.mean.push_back(tree.mean[static_cast<std::size_t>(source * n + c)]);
        in.variance.push_back(tree.variance[static_cast<std::size_t>(source * n + c)]);
      }
    }
  }
  const std::int32_t* labels = part.labels.data();
  for_each_pair(graph, tree, node, [&](std::int32_t p, std::int32_t q) {
    const std::int32_t a = index[static_cast<std::size_t>(labels[p])],
                       b = index[static_cast<std::size_t>(labels[q])];
    if (a >= 0 && b >= 0 && a != b) in.pairs.emplace_back(a, b);
  });
  return in;
}

/// Merges the parts of a node that has just been split until `target` of them are left.
template <concepts::graph G, class S, class Cost>
void merge_parts(const G& graph, const Hierarchy<S, typename G::Extent>& tree, const Cost& cost,
                 std::int64_t node, std::int64_t target, Partition& out) {
  const int level = tree.level_of(node);
  std::vector<std::int32_t> inside, index(static_cast<std::size_t>(out.regions), -1);
  const auto inside_node = [&](Source source) {
    std::int64_t up = source < 0 ? tree.pixel_parent[static_cast<std::size_t>(-1 - source)] : source;
    while (up >= 0 && up < tree.begin[static_cast<std::size_t>(level) - 1]) up = tree.parent_node(up);
    return up == node;
  };
  for (std::int32_t r = 0; r < out.regions; ++r) {
    if (!inside_node(out.sources_of(r)[0])) continue;
    index[static_cast<std::size_t>(r)] = static_cast<std::int32_t>(inside.size());
    inside.push_back(r);
  }
  MergeTo<Cost> merging(parts_of(graph, tree, out, node, inside, index), cost);
  const std::vector<std::int32_t> group = merging.run(target);

  // Labels in raster order again: a group has the place of its first member.
  std::vector<std::int32_t> leader(static_cast<std::size_t>(out.regions)),
      number(static_cast<std::size_t>(out.regions));
  std::int32_t next = 0;
  for (std::int32_t r = 0; r < out.regions; ++r) {
    const std::int32_t k = index[static_cast<std::size_t>(r)];
    leader[static_cast<std::size_t>(r)] =
        k < 0 ? r : inside[static_cast<std::size_t>(group[static_cast<std::size_t>(k)])];
    number[static_cast<std::size_t>(r)] =
        leader[static_cast<std::size_t>(r)] == r
            ? next++
            : number[static_cast<std::size_t>(leader[static_cast<std::size_t>(r)])];
  }
  for (std::int32_t& label : out.labels) label = number[static_cast<std::size_t>(label)];
  const Buffer<Source> sources = out.sources;
  const Buffer<std::int64_t> begin = out.source_begin;
  std::vector<std::int64_t> count(static_cast<std::size_t>(next) + 1, 0);
  for (std::int32_t r = 0; r < out.regions; ++r)
    count[static_cast<std::size_t>(number[static_cast<std::size_t>(r)]) + 1] +=
        begin[static_cast<std::size_t>(r) + 1] - begin[static_cast<std::size_t>(r)];
  for (std::size_t i = 1; i < count.size(); ++i) count[i] += count[i - 1];
  out.source_begin.assign(count.begin(), count.end());
  for (std::int32_t r = 0; r < out.regions; ++r) {
    std::int64_t& place = count[static_cast<std::size_t>(number[static_cast<std::size_t>(r)])];
    for (std::int64_t k = begin[static_cast<std::size_t>(r)]; k < begin[static_cast<std::size_t>(r) + 1];
         ++k) {
      out.sources[static_cast<std::size_t>(place++)] = sources[static_cast<std::size_t>(k)];
    }
  }
  out.regions = next;
}

}  // namespace detail

/// The cut that minimises (sum of region costs + penalty * number of regions) exactly; the coarser one where two are
/// equally good. `penalty` >= 0, in the unit of the cost that `cuts` was built with.
template <class S, class Extent>
void optimal_cut(const Hierarchy<S, Extent>& tree, const NestedCuts& cuts, double penalty, Partition& out,
                 CutWorkspace& w) {
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  DHT_EXPECTS(penalty >= 0, "penalty: is ", penalty, "; must be at least 0");
  w.split.resize(static_cast<std::size_t>(tree.nodes()));
  for (std::size_t i = 0; i < w.split.size(); ++i) w.split[i] = cuts.scale()[i] > penalty;
  detail::write_cut(tree, out, w);
}

/// Exactly `tokens` regions, from 1, or the number of connected parts of a graph, to the number of pixels: the optimal cut where one
/// of the nested cuts has this number; else the finest optimal cut below, whose next split is made in part, its pieces
/// merged one pair at a time by least cost. `cost` must be the one that `cuts` was built with.
template <concepts::graph G, class S, concepts::region_cost Cost>
void cut_to_budget(const G& graph, const Hierarchy<S, typename G::Extent>& tree, const NestedCuts& cuts,
                   const Cost& cost, std::int64_t tokens, Partition& out, CutWorkspace& w) {
  detail::check_built_on(graph, tree);
  const std::int64_t parts = tree.regions(tree.levels() - 1);
  DHT_EXPECTS(tokens >= parts && tokens <= tree.pixels(), "tokens: is ", tokens, "; must be ", parts, " to ",
              tree.pixels(), ", the number of pixels");
  w.split.assign(static_cast<std::size_t>(tree.nodes()), 0);
  std::int64_t regions = parts, split_in_part = -1;
  for (const NestedCuts::Split& split : cuts.splits()) {
    if (regions == tokens) break;
    w.split[static_cast<std::size_t>(split.node)] = 1;
    if (split.regions_after > tokens) {
      split_in_part = split.node;
      break;
    }
    regions = split.regions_after;
  }
  // Nodes that take part in no cut must not hide the parts of a split node.
  for (std::int64_t i = tree.nodes() - 1; i >= 0; --i) {
    if (!cuts.takes_part(i)) w.split[static_cast<std::size_t>(i)] = 1;
  }
  detail::write_cut(tree, out, w);
  if (split_in_part >= 0) detail::merge_parts(graph, tree, cost, split_in_part, tokens - regions + 1, out);
}

}  // namespace dht
