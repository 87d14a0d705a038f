// SPDX-License-Identifier: MIT
// The merge hierarchy in a device's memory, and its copy on the host.
#pragma once

#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/graph/device_graph.hpp>
#include <dht/hierarchy/hierarchy.hpp>

namespace dht {

/// The regions of one level, one element (or `features` elements) a region: the quantities of `Hierarchy`, and the
/// members of each region among those of the level below.
template <class S>
struct DeviceLevel {
  std::int32_t regions = 0;
  std::int64_t edge_count = 0;
  DeviceBuffer<std::int32_t> parent, size, chosen;
  DeviceBuffer<Box> box;
  DeviceBuffer<S> mean, variance, information, similarity;
  DeviceBuffer<std::uint64_t> edges;  ///< lower region above, higher below; ascending
  detail::DeviceMembers members;      ///< pixels, at level 1
};

/// A tree of regions over a batch of images, as `Hierarchy` describes it. `download` gives that: one can ask it more.
template <class S>
struct DeviceHierarchy {
  using Scalar = S;

  int batch = 0, height = 0, width = 0, features = 0;
  DeviceBuffer<S> pixel_features;           ///< `features` numbers a pixel
  DeviceBuffer<std::int32_t> pixel_parent;  ///< region at level 1
  DeviceBuffer<std::int32_t>
      pixel_chosen;  ///< the pixel that a pixel chose; its own number where there is none
  DeviceBuffer<std::uint8_t> pixel_choice;  ///< the same as an index into its neighbourhood
  DeviceBuffer<S> pixel_similarity;

  /// Levels from 1 up. Those from `levels() - 1` on hold nothing but memory for the next image.
  std::vector<DeviceLevel<S>> above;
  detail::ResetOnMove<int> built = 0;  ///< so many of them are there

  /// Number of levels, pixels and whole images included: at least 2 once built, 0 before.
  int levels() const { return built == 0 ? 0 : built + 1; }
  std::int64_t image_pixels() const { return std::int64_t{height} * width; }
  std::int64_t pixels() const { return batch * image_pixels(); }
  DeviceLevel<S>& level(int l) { return above[static_cast<std::size_t>(l) - 1]; }
  const DeviceLevel<S>& level(int l) const { return above[static_cast<std::size_t>(l) - 1]; }

  /// The next level up, empty.
  DeviceLevel<S>& open_level() {
    if (static_cast<std::size_t>(++built) > above.size()) above.emplace_back();
    return level(built);
  }

  /// The tree in the host's memory. The edges of a level are in ascending order; everything else is, bit for bit, what the
  /// CPU backend makes. Waits for the device.
  Hierarchy<S> download(const backend::Thrust& backend) const {
    Hierarchy<S> tree;
    tree.batch = batch;
    tree.height = height;
    tree.width = width;
    tree.features = features;
    append(backend, pixel_features, pixels() * features, tree.pixel_features);
    append(backend, pixel_parent, pixels(), tree.pixel_parent);
    append(backend, pixel_choice, pixels(), tree.pixel_choice);
    append(backend, pixel_similarity, pixels(), tree.pixel_similarity);
    tree.begin.assign(1, 0);
    tree.edge_begin.assign(1, 0);
    for (int l = 1; l < levels(); ++l) {
      const DeviceLevel<S>& from = level(l);
      const std::int64_t n = from.regions, values = n * features;
      append(backend, from.parent, n, tree.parent);
      append(backend, from.size, n, tree.size);
      append(backend, from.box, n, tree.box);
      append(backend, from.mean, values, tree.mean);
      append(backend, from.variance, values, tree.variance);
      append(backend, from.information, n, tree.information);
      append(backend, from.chosen, n, tree.chosen);
      append(backend, from.similarity, n, tree.similarity);
      tree.begin.push_back(tree.begin.back() + n);
      std::vector<std::uint64_t> pairs(static_cast<std::size_t>(from.edge_count));
      backend.download(from.edges.data(), from.edge_count, pairs.data());
      for (const std::uint64_t pair : pairs)
        tree.edges.push_back(
            {static_cast<std::int32_t>(pair >> 32), static_cast<std::int32_t>(pair & 0xffffffffu)});
      tree.edge_begin.push_back(static_cast<std::int64_t>(tree.edges.size()));
    }
    return tree;
  }

 private:
  template <class T>
  static void append(const backend::Thrust& backend, const DeviceBuffer<T>& from, std::int64_t count,
                     Buffer<T>& to) {
    const std::size_t old = to.size();
    to.resize(old + static_cast<std::size_t>(count));
    backend.download(from.data(), count, to.data() + old);
  }
};

}  // namespace dht
