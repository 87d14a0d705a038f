// SPDX-License-Identifier: MIT
// Selection as in the paper: every pixel takes the best of its regions (method, section 5).
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/graph_components.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/concepts.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// Scratch memory of `best_ancestor`, kept for the next image.
struct BestAncestorWorkspace {
  Buffer<std::int32_t> choice;        // per node: the best of it and what is above it
  Buffer<std::int32_t> pixel_choice;  // per pixel: a node, or -1 - p for pixel p itself
  detail::GridComponentsWorkspace components;
};

/// The information of every node by a criterion other than the one that the hierarchy was built with.
template <class S, class Extent, concepts::criterion<S> Criterion>
Buffer<S> information_of(const Hierarchy<S, Extent>& tree, const Criterion& criterion) {
  Buffer<S> information(static_cast<std::size_t>(tree.nodes()));
  for (std::int64_t i = 0; i < tree.nodes(); ++i) {
    information[static_cast<std::size_t>(i)] = criterion.information(
        tree.size[static_cast<std::size_t>(i)], tree.variance_of(i).data(), tree.features, tree.pixels());
  }
  return information;
}

namespace detail {

/// Labels the connected pieces of equal value; returns how many there are.
template <concepts::graph G, class Backend>
std::int32_t equal_components(const Backend& backend, const G& graph, const std::int32_t* values,
                              std::int32_t* labels, GridComponentsWorkspace& workspace) {
  if constexpr (concepts::pixel_grid<G>) {
    using C = typename G::Neighbourhood;
    const int width = graph.width;
    return grid_components<C>(
        backend, graph.height, width,
        [=](std::int64_t y, std::uint8_t* links)
            DHT_INLINE_LAMBDA { equality_links<C>(values, y, width, links); },
        labels, workspace);
  } else {
    return graph_components(
        graph, [=](std::int32_t v, std::int32_t u) { return values[v] == values[u]; }, labels);
  }
}

}  // namespace detail

/// Every pixel takes, among its own region at each level (the pixel itself first, the whole image last), the one with
/// the highest information, ties to the coarser; the connected pieces of equal choice are the regions.
///
/// `information` has one number a node: `tree.information`, or `information_of(tree, another_criterion)`.
/// `pixel_information` is that of a single pixel.
template <concepts::graph G, class S, class Backend>
void best_ancestor(const Backend& backend, const G& graph, const Hierarchy<S, typename G::Extent>& tree,
                   std::type_identity_t<std::span<const S>> information,
                   std::type_identity_t<S> pixel_information, Partition& out,
                   BestAncestorWorkspace& workspace) {
  detail::check_built_on(graph, tree);
  DHT_EXPECTS(static_cast<std::int64_t>(information.size()) == tree.nodes(), "information: has ",
              information.size(), " numbers; must have one for each of ", tree.nodes(), " nodes");
  detail::check_nodes(tree.nodes());
  const auto pixels = static_cast<std::size_t>(tree.pixels());
  workspace.choice.reserve(3 * pixels + 64);
  workspace.choice.resize(static_cast<std::size_t>(tree.nodes()));
  workspace.pixel_choice.resize(pixels);
  out.reserve(tree.pixels());
  out.labels.resize(pixels);

  // Down the tree: a region inherits its parent's choice unless it is strictly better itself.
  std::int32_t* choice = workspace.choice.data();
  for (int level = tree.levels() - 1; level >= 1; --level) {
    const auto first = static_cast<std::int32_t>(tree.begin[static_cast<std::size_t>(level) - 1]);
    const auto end = static_cast<std::int32_t>(tree.begin[static_cast<std::size_t>(level)]);
    for (std::int32_t i = first; i < end; ++i) {
      const std::int32_t up = tree.parent[static_cast<std::size_t>(i)];
      const std::int32_t inherited = up < 0 ? i : choice[end + up];
      choice[i] = information[static_cast<std::size_t>(i)] > information[static_cast<std::size_t>(inherited)]
                      ? i
                      : inherited;
    }
  }
  const std::int32_t* parent = tree.pixel_parent.data();
  std::int32_t* pixel_choice = workspace.pixel_choice.data();
  backend.for_range(backend::up_to_baseline, tree.pixels(), 16384,
                    [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                      const S* info = information.data();
                      DHT_INDEPENDENT
                      for (std::int64_t p = begin; p < end; ++p) {
                        const std::int32_t node = choice[parent[p]];
                        pixel_choice[p] =
                            pixel_information > info[node] ? static_cast<std::int32_t>(-1 - p) : node;
                      }
                    });
  out.regions =
      detail::equal_components(backend, graph, pixel_choice, out.labels.data(), workspace.components);
  out.sources.clear();
  for (std::int64_t p = 0; p < tree.pixels(); ++p) {
    if (out.labels[static_cast<std::size_t>(p)] == static_cast<std::int32_t>(out.sources.size()))
      out.sources.push_back(pixel_choice[p]);
  }
  detail::one_source_each(out, false);
}

}  // namespace dht
