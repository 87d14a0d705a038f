// SPDX-License-Identifier: MIT
// The merge tree that has the number of regions asked for: where the one that merging starts with has too few, finer
// regions merge, down to single pixels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/linkage.hpp>
#include <dht/merging/merge_tree.hpp>

namespace dht::detail {

/// What merge trees of an image are made of.
template <concepts::graph G, class S, class L, class Backend>
struct MergeTreeInput {
  const Backend& backend;
  const G& graph;
  const Hierarchy<S, typename G::Extent>& hierarchy;
  const L& linkage;
  const MergeOptions& options;  ///< unless others are asked for
  MergeWorkspace& workspace;
};

/// Holds one merge tree of the last image, of those that its regions can have.
class FittedMerges {
 public:
  /// There is another image.
  void clear() {
    asked_.reset();
    mask_.clear();
    reached_.clear();
    is_built_ = false;
  }

  /// Merges by these options and inside of this mask, and lets the calls below start from there.
  template <class Input>
  void merge(const Input& in, const MergeOptions& options, const Mask& mask) {
    build(in, options, mask);
    asked_ = options;
    mask_.clear();
    reached_.clear();
    if (mask.data == nullptr) return;
    mask_.reserve(tree_.leaves.label.size());
    for (const std::int32_t leaf : tree_.leaves.label) mask_.push_back(leaf >= 0);
  }

  /// Sees to the tree that was asked for.
  template <class Input>
  void merge(const Input& in) {
    merge_by(in, asked(in));
  }

  /// Sees to a tree with at least `count` regions, or as many as the pixels allow, the same one for the same count: what was asked for, or else from the coarsest level below that has as many, or else from regions of level 1 cut
  /// along a grid, some four cells for each. Where not even these have as many of the smallest size, some are smaller.
  template <class Input>
  void fit(const Input& in, std::int64_t count) {
    merge_by(in, fitting(in, count));
  }

  /// The same, and lets the other calls start from there.
  template <class Input>
  void ask_for(const Input& in, std::int64_t count) {
    const MergeOptions options = fitting(in, count);
    merge_by(in, options);
    asked_ = options;
  }

  /// What merging starts from: the input's options, unless others were asked for.
  template <class Input>
  const MergeOptions& asked(const Input& in) const {
    return asked_ ? *asked_ : in.options;
  }

  const MergeTree& tree() const { return tree_; }
  /// How many trees were built: another number, another tree.
  std::int64_t version() const { return version_; }

 private:
  template <class Input>
  void build(const Input& in, const MergeOptions& options, const Mask& mask) {
    is_built_ = false;
    ++version_;
    build_merge_tree(in.backend, in.graph, in.hierarchy, in.linkage, options, mask, tree_, in.workspace);
    cell_ = options.cell;
    is_built_ = true;
  }

  template <class Input>
  void merge_by(const Input& in, const MergeOptions& options) {
    const auto& h = in.hierarchy;
    if (is_built_ && tree_.leaves.level == level_of(h, options) && cell_ == options.cell) return;
    Mask mask;
    if (!mask_.empty()) mask = planar_view<const std::uint8_t>(mask_.data(), 1, 1, h.height, h.width);
    build(in, options, mask);
  }

  template <class Hierarchy>
  static int level_of(const Hierarchy& h, const MergeOptions& options) {
    return std::clamp(options.start_level, 1, std::max(h.levels() - 2, 1));
  }

  template <class Input>
  MergeOptions fitting(const Input& in, std::int64_t count) {
    MergeOptions options = asked(in);
    options.start_level = level_of(in.hierarchy, options);
    if (asked_ && reached(in, options) >= count) return options;
    const bool masked = !mask_.empty();
    const auto enough = [&] {  // without a mask, a level of too few regions need not be merged to know it
      return (masked || in.hierarchy.regions(options.start_level) >= count) &&
             ((!masked && options.smallest == 1) || reached(in, options) >= count);
    };
    while (options.start_level > 1 && !enough()) --options.start_level;
    if (!enough()) options.cell = cell_for(in.graph, count);
    return options;
  }

  /// So many regions of the smallest size a merge tree has. Merges, if that is not known.
  template <class Input>
  std::int64_t reached(const Input& in, const MergeOptions& options) {
    for (const Reached& known : reached_) {
      if (known.level == options.start_level && known.cell == options.cell) return known.count;
    }
    merge_by(in, options);
    const std::int64_t most = tree_.most() < pixels() ? tree_.most() : in.hierarchy.pixels();
    reached_.push_back({options.start_level, options.cell, most});
    return most;
  }

  /// The widest cells of which four for each region have no more pixels than the image, or 1: then every pixel is a leaf.
  /// No leaf is larger than its cell, so there are enough of them. In graphs other than pixel grids vertices are cells.
  template <concepts::graph G>
  int cell_for(const G& graph, std::int64_t count) const {
    const std::int64_t inside = mask_.empty() || pixels() == 0 ? graph.vertices() : pixels();
    int cell = 1;
    if (!concepts::pixel_grid<G>) return cell;
    while (std::int64_t{4} * count * (cell + 1) * (cell + 1) <= inside) ++cell;
    return cell;
  }

  /// Pixels that are inside of the mask.
  std::int64_t pixels() const {
    return std::accumulate(tree_.leaves.size.begin(), tree_.leaves.size.end(), std::int64_t{0});
  }

  struct Reached {
    int level, cell;
    std::int64_t count;
  };
  MergeTree tree_;
  std::optional<MergeOptions> asked_;
  Buffer<std::uint8_t> mask_;     // that was asked for; empty for all pixels
  std::vector<Reached> reached_;  // by trees of this image
  std::int64_t version_ = 0;
  int cell_ = 0;  // of `tree_`
  ResetOnMove<bool> is_built_ = false;
};

}  // namespace dht::detail
