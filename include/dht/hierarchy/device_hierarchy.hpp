// SPDX-License-Identifier: MIT
// The merge hierarchy in a device's memory, and its copy on the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/error.hpp>
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
  DeviceBuffer<std::int32_t> image_begin_on_device;
  std::vector<std::int32_t> image_begin;  ///< first region of each image, and one more; in the host's memory
  detail::DeviceMembers members;          ///< pixels, at level 1

  std::int32_t regions_of(std::size_t image) const { return image_begin[image + 1] - image_begin[image]; }
};

/// The trees of regions over the images of a batch, as `Hierarchy` describes one. `download` gives that: one can ask it
/// more. All images have the same number of levels here: where an image is finished before others, its regions stay as they
/// are, each the only member of its own of the next level, until the last level, which is one region an image.
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
  std::vector<int> image_levels;       ///< per image: the last level that it was contracted to

  /// Number of levels of the batch, pixels and whole images included: at least 2 once built, 0 before.
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

  /// The tree of an image in the host's memory. The edges of a level are in ascending order; everything else is, bit for
  /// bit, what the CPU backend makes. Waits for the device.
  Hierarchy<S> download(const backend::Thrust& backend, int image = 0) const {
    DHT_EXPECTS(levels() > 0, "hierarchy: is empty; build it first");
    DHT_EXPECTS(image >= 0 && image < batch, "image: is ", image, "; must be 0 to ", batch - 1);
    Hierarchy<S> tree;
    tree.height = height;
    tree.width = width;
    tree.features = features;
    const auto b = static_cast<std::size_t>(image);
    const std::int64_t first = image * image_pixels();
    append(backend, pixel_features, first * features, image_pixels() * features, tree.pixel_features);
    append(backend, pixel_parent, first, image_pixels(), tree.pixel_parent);
    subtract(level(1).image_begin[b], tree.pixel_parent, 0);
    append(backend, pixel_choice, first, image_pixels(), tree.pixel_choice);
    append(backend, pixel_similarity, first, image_pixels(), tree.pixel_similarity);
    tree.begin.assign(1, 0);
    tree.edge_begin.assign(1, 0);
    for (int l = 1; l <= image_levels[b]; ++l) download_level(backend, l, b, tree);
    download_level(backend, built, b, tree);
    return tree;
  }

 private:
  /// Adds a level of an image.
  void download_level(const backend::Thrust& backend, int l, std::size_t b, Hierarchy<S>& tree) const {
    const DeviceLevel<S>& from = level(l);
    const std::int64_t first = from.image_begin[b], n = from.regions_of(b), at = tree.begin.back();
    append(backend, from.parent, first, n, tree.parent);
    if (l == image_levels[b])  // the image is its only region above, also where it waited for others
      std::fill(tree.parent.begin() + at, tree.parent.end(), 0);
    else if (l < built)
      subtract(level(l + 1).image_begin[b], tree.parent, at);
    append(backend, from.size, first, n, tree.size);
    append(backend, from.box, first, n, tree.box);
    append(backend, from.mean, first * features, n * features, tree.mean);
    append(backend, from.variance, first * features, n * features, tree.variance);
    append(backend, from.information, first, n, tree.information);
    append(backend, from.chosen, first, n, tree.chosen);
    subtract(static_cast<std::int32_t>(first), tree.chosen, at);
    append(backend, from.similarity, first, n, tree.similarity);
    tree.begin.push_back(at + n);
    std::vector<std::uint64_t> pairs(static_cast<std::size_t>(from.edge_count));
    backend.download(from.edges.data(), from.edge_count, pairs.data());
    for (const std::uint64_t pair : pairs) {
      const auto low = static_cast<std::int32_t>(pair >> 32) - static_cast<std::int32_t>(first),
                 high = static_cast<std::int32_t>(pair & 0xffffffffu) - static_cast<std::int32_t>(first);
      if (low >= 0 && low < n) tree.edges.push_back({low, high});
    }
    tree.edge_begin.push_back(static_cast<std::int64_t>(tree.edges.size()));
  }

  /// Numbers of an image's own, from place `at` on.
  static void subtract(std::int32_t first, Buffer<std::int32_t>& numbers, std::int64_t at) {
    for (auto i = static_cast<std::size_t>(at); i < numbers.size(); ++i) numbers[i] -= first;
  }

  template <class T>
  static void append(const backend::Thrust& backend, const DeviceBuffer<T>& from, std::int64_t first,
                     std::int64_t count, Buffer<T>& to) {
    const std::size_t old = to.size();
    to.resize(old + static_cast<std::size_t>(count));
    backend.download(from.data() + first, count, to.data() + old);
  }
};

}  // namespace dht
