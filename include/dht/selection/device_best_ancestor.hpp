// SPDX-License-Identifier: MIT
// Selection as in the paper on a device: every pixel takes the best of its regions (method, section 5).
#pragma once

#include <cstdint>
#include <utility>

#include <dht/backend/thrust.hpp>
#include <dht/graph/device_graph.hpp>
#include <dht/hierarchy/device_hierarchy.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// What a selection decides, as `Partition`: one source for each region.
struct DevicePartition {
  std::int32_t regions = 0;
  DeviceBuffer<std::int32_t> labels;  ///< per pixel, (batch, height, width)
  DeviceBuffer<Source> sources;       ///< per region: a node, or pixel p of the batch as -1 - p
};

/// Scratch memory of `best_ancestor` on a device, kept for the next image.
template <class S>
struct DeviceBestAncestorWorkspace {
  DeviceBuffer<std::int32_t> choice,
      next_choice;                          // per region of a level: the best of it and what is above it
  DeviceBuffer<S> best, next_best;          // its information
  DeviceBuffer<std::int32_t> pixel_choice;  // per pixel: a node, or -1 - p for pixel p itself
  detail::DeviceGraphWorkspace graph;
};

namespace detail {

/// One level of the way down: a region inherits its parent's choice unless it is strictly better itself.
template <class S>
void device_inherit(const backend::Thrust& backend, const DeviceLevel<S>& level, std::int32_t first_node,
                    std::int64_t most_regions, DeviceBestAncestorWorkspace<S>& w) {
  const S* const information = level.information.data();
  const std::int32_t* const parent = level.parent.data();
  const std::int32_t* const above = w.choice.data();
  const S* const above_best = w.best.data();
  std::int32_t* const choice = backend.resize(w.next_choice, level.regions, most_regions);
  S* const best = backend.resize(w.next_best, level.regions, most_regions);
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int32_t up = parent[i];
    const bool own = up < 0 || information[i] > above_best[up];
    choice[i] = own ? first_node + static_cast<std::int32_t>(i) : above[up];
    best[i] = own ? information[i] : above_best[up];
  });
  w.choice.swap(w.next_choice);
  w.best.swap(w.next_best);
}

template <class S>
void device_pixel_choices(const backend::Thrust& backend, const DeviceHierarchy<S>& tree, S pixel_information,
                          DeviceBestAncestorWorkspace<S>& w) {
  const std::int32_t *const parent = tree.pixel_parent.data(), *const choice = w.choice.data();
  const S* const best = w.best.data();
  std::int32_t* const pixel_choice = backend.resize(w.pixel_choice, tree.pixels());
  backend.launch(tree.pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const std::int32_t r = parent[p];
    pixel_choice[p] = pixel_information > best[r] ? static_cast<std::int32_t>(-1 - p) : choice[r];
  });
}

}  // namespace detail

/// The tokens of the tree by its own information; see the function of that name for the host. Waits for the device once,
/// for the number of tokens.
template <concepts::connectivity C, class S>
void best_ancestor(const backend::Thrust& backend, const DeviceHierarchy<S>& tree, S pixel_information,
                   DevicePartition& out, DeviceBestAncestorWorkspace<S>& w) {
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  std::int64_t end = 0;
  for (int l = 1; l < tree.levels(); ++l) end += tree.level(l).regions;
  detail::check_nodes(end);
  for (int l = tree.levels() - 1; l >= 1; --l) {
    end -= tree.level(l).regions;
    detail::device_inherit(backend, tree.level(l), static_cast<std::int32_t>(end), tree.pixels() / 2 + 1, w);
  }
  detail::device_pixel_choices(backend, tree, pixel_information, w);
  const std::int64_t pixels = tree.pixels();
  std::int32_t* const labels = backend.resize(out.labels, pixels);
  out.regions = detail::device_equal_components<C>(backend, w.pixel_choice.data(), tree.batch, tree.height,
                                                   tree.width, labels, w.graph);
  // All pixels of a token have the same choice.
  Source* const sources = backend.resize(out.sources, out.regions, detail::roomy(out.regions));
  const std::int32_t* const pixel_choice = w.pixel_choice.data();
  backend.launch(pixels, [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    if (p == 0 || labels[p] != labels[p - 1])
      detail::shared_store(sources + labels[p], static_cast<Source>(pixel_choice[p]));
  });
}

}  // namespace dht
