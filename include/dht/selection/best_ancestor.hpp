// SPDX-License-Identifier: MIT
// Selection as in the paper: every pixel takes the best of its regions (method, section 5).
#pragma once

#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/union_find.hpp>
#include <dht/hierarchy/concepts.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/partition.hpp>
#include <span>

namespace dht {

/// Scratch memory of `best_ancestor`, kept for the next image.
struct BestAncestorWorkspace {
  Buffer<std::int32_t> choice;        // per node: the best of it and what is above it
  Buffer<std::int32_t> piece;         // per region of level 1
  Buffer<std::int32_t> pixel_choice;  // per pixel: its source; only for images where pixels stand alone
  detail::GridComponentsWorkspace components;
};

/// The information of every node by a criterion other than the one that the hierarchy was built with.
template <class S, concepts::criterion<S> Criterion>
Buffer<S> information_of(const Hierarchy<S>& tree, const Criterion& criterion) {
  Buffer<S> information(static_cast<std::size_t>(tree.nodes()));
  for (std::int64_t i = 0; i < tree.nodes(); ++i) {
    information[static_cast<std::size_t>(i)] =
        criterion.information(tree.size[static_cast<std::size_t>(i)], tree.variance_of(i).data(), tree.features, tree.image_pixels());
  }
  return information;
}

namespace detail {

/// Down the tree: a node inherits its parent's choice unless it is strictly better itself.
template <class S>
void choose_nodes(const Hierarchy<S>& tree, std::span<const S> information, BestAncestorWorkspace& workspace) {
  workspace.choice.resize(static_cast<std::size_t>(tree.nodes()));
  std::int32_t* const choice = workspace.choice.data();
  for (int level = tree.levels() - 1; level >= 1; --level) {
    const auto first = static_cast<std::int32_t>(tree.begin[static_cast<std::size_t>(level) - 1]);
    const auto end = static_cast<std::int32_t>(tree.begin[static_cast<std::size_t>(level)]);
    for (std::int32_t i = first; i < end; ++i) {
      const std::int32_t up = tree.parent[static_cast<std::size_t>(i)];
      const std::int32_t inherited = up < 0 ? i : choice[end + up];
      choice[i] = information[static_cast<std::size_t>(i)] > information[static_cast<std::size_t>(inherited)] ? i : inherited;
    }
  }
}

/// The pieces where no pixel stands alone: regions of level 1 grow together across their edges.
template <class S, class Backend>
void pieces_of_regions(const Backend& backend, const Hierarchy<S>& tree, Partition& out, BestAncestorWorkspace& workspace) {
  const auto regions = static_cast<std::int32_t>(tree.regions(1));
  workspace.piece.resize(static_cast<std::size_t>(regions));
  std::int32_t* const piece = workspace.piece.data();
  const std::int32_t* const choice = workspace.choice.data();
  for (std::int32_t r = 0; r < regions; ++r) piece[r] = r;
  for (const Edge& e : tree.edges_of(1)) {
    if (choice[e.low] == choice[e.high]) UnionFind{piece}.unite(e.low, e.high);
  }
  out.sources.clear();
  for (std::int32_t r = 0; r < regions; ++r) {
    if (piece[r] == r) out.sources.push_back(choice[r]);
  }
  out.regions = number_components(piece, 0, regions, 0);
  backend.for_range(tree.pixels(), 16384, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    const std::int32_t* const parent = tree.pixel_parent.data();
    std::int32_t* const labels = out.labels.data();
    DHT_INDEPENDENT
    for (std::int64_t p = begin; p < end; ++p) labels[p] = piece[parent[p]];
  });
  one_source_each(out);
}

/// The pieces where some pixel is worth more than any of its regions, as in images of a few hundred pixels.
template <concepts::connectivity C, class S, class Backend, class PrefersPixels>
void pieces_of_pixels(const Backend& backend, const Hierarchy<S>& tree, const PrefersPixels& prefers_pixels, Partition& out,
                      BestAncestorWorkspace& workspace) {
  workspace.pixel_choice.resize(out.labels.size());
  std::int32_t* const chosen = workspace.pixel_choice.data();
  for (std::int64_t p = 0; p < tree.pixels(); ++p) {
    const std::int32_t r = tree.pixel_parent[static_cast<std::size_t>(p)];
    chosen[p] = prefers_pixels(r) ? static_cast<std::int32_t>(pixel_source(p)) : workspace.choice[static_cast<std::size_t>(r)];
  }
  const int height = tree.height, width = tree.width;
  out.regions = grid_components<C>(
      backend, std::int64_t{tree.batch} * height, width,
      [=](std::int64_t y, std::uint8_t* links) DHT_INLINE_LAMBDA { equality_links<C>(chosen, y, height, width, links); },
      out.labels.data(), workspace.components);
  out.sources.clear();
  for (std::int64_t p = 0; p < tree.pixels(); ++p) {
    if (out.labels[static_cast<std::size_t>(p)] == static_cast<std::int32_t>(out.sources.size())) out.sources.push_back(chosen[p]);
  }
  one_source_each(out);
}

}  // namespace detail

/// Every pixel takes, among its own region at each level (the pixel itself first, the whole image last), the one with
/// the highest information, ties to the coarser; the connected pieces of equal choice are the regions.
///
/// `information` has one number a node: `tree.information`, or `information_of(tree, another_criterion)`.
/// `pixel_information` is that of a single pixel.
template <concepts::connectivity C, class S, class Backend>
void best_ancestor(const Backend& backend, const Hierarchy<S>& tree, std::span<const S> information, S pixel_information,
                   Partition& out, BestAncestorWorkspace& workspace) {
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  DHT_EXPECTS(static_cast<std::int64_t>(information.size()) == tree.nodes(), "information: has ", information.size(),
              " numbers; must have one for each of ", tree.nodes(), " nodes");
  detail::choose_nodes(tree, information, workspace);
  const std::int32_t* const choice = workspace.choice.data();
  const auto prefers_pixels = [&](std::int32_t node) { return pixel_information > information[static_cast<std::size_t>(choice[node])]; };
  bool pixels_stand_alone = false;
  for (std::int32_t r = 0; r < tree.regions(1); ++r) pixels_stand_alone |= prefers_pixels(r);
  out.labels.resize(static_cast<std::size_t>(tree.pixels()));
  if (pixels_stand_alone) {
    detail::pieces_of_pixels<C>(backend, tree, prefers_pixels, out, workspace);
  } else {
    detail::pieces_of_regions(backend, tree, out, workspace);
  }
}

}  // namespace dht
