// SPDX-License-Identifier: MIT
// All optimal cuts of a hierarchy at once. For every penalty the exact minimum of (sum of region costs + penalty * number
// of regions) over all cuts of the tree is known; as the penalty grows the cuts only get coarser (Guigues, Cocquerez and
// Le Men, "Scale-sets image analysis", IJCV 2006), so one number a node holds them all: the penalty from which it is used.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/region_cost.hpp>

namespace dht {

/// The optimal cuts of a hierarchy for every penalty, and the order in which its nodes split as the penalty falls.
class NestedCuts {
 public:
  /// One step from coarse to fine: `node` gives way to the parts that it consists of in the next cut.
  struct Split {
    std::int64_t node = 0;
    std::int64_t regions_after = 0;  ///< once this and all earlier splits are made
  };

  /// Computes everything from the tree's sizes and variances. The tree itself is not kept.
  template <class S, class Extent, concepts::region_cost Cost>
  void build(const Hierarchy<S, Extent>& tree, const Cost& cost) {
    DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
    list_children(tree);
    compute_costs(tree, cost);
    scale_.resize(static_cast<std::size_t>(tree.nodes()));
    for (std::int64_t i = 0; i < tree.nodes(); ++i)
      scale_[static_cast<std::size_t>(i)] = scale_of(i, tree.size.data());
    order_splits(tree);
  }

  /// The penalty from which a node is preferred to every cut below it. A cut at `penalty` consists of the nodes whose
  /// scale is at most the penalty while every node above has a larger one; pixels have scale 0 at least.
  const Buffer<double>& scale() const& { return scale_; }
  const Buffer<double>& scale() const&& = delete;
  /// Whether a node is part of any optimal cut; others stand for what they consist of.
  bool takes_part(std::int64_t node) const { return takes_part_[static_cast<std::size_t>(node)] != 0; }
  /// The cost of a node, without penalty.
  const Buffer<double>& cost() const& { return cost_; }
  const Buffer<double>& cost() const&& = delete;
  /// The splits, coarse to fine; the first one splits the whole image, or a connected part of a graph.
  const std::vector<Split>& splits() const& { return splits_; }
  const std::vector<Split>& splits() const&& = delete;

 private:
  template <class S, class Extent>
  void list_children(const Hierarchy<S, Extent>& tree) {
    const std::int64_t pixel_parents = tree.regions(1);
    child_begin_.assign(static_cast<std::size_t>(tree.nodes()) + 1, 0);
    children_.resize(static_cast<std::size_t>(tree.nodes()));
    std::int64_t total = 0;
    first_with_children_ = pixel_parents;
    for (int level = 2; level < tree.levels(); ++level) {
      const std::int64_t below = tree.begin[static_cast<std::size_t>(level) - 2],
                         first = tree.begin[static_cast<std::size_t>(level) - 1];
      std::int64_t* begin = child_begin_.data() + first;
      for (std::int64_t i = below; i < first; ++i) ++begin[tree.parent[static_cast<std::size_t>(i)]];
      for (std::int64_t r = 0; r < tree.regions(level); ++r)
        begin[r] = std::exchange(total, total + begin[r]);
      for (std::int64_t i = below; i < first; ++i)
        children_[static_cast<std::size_t>(begin[tree.parent[static_cast<std::size_t>(i)]]++)] = i;
      // Each begin has moved to its end, which is the next one's begin: shift back.
      for (std::int64_t r = tree.regions(level) - 1; r > 0; --r) begin[r] = begin[r - 1];
      begin[0] = below;
    }
    child_begin_[static_cast<std::size_t>(tree.nodes())] = total;
  }

  template <class S, class Extent, class Cost>
  void compute_costs(const Hierarchy<S, Extent>& tree, const Cost& cost) {
    cost_.resize(static_cast<std::size_t>(tree.nodes()));
    std::vector<double> variance(static_cast<std::size_t>(tree.features));
    double* const s2 = variance.data();
    const Cost local = cost;
    backend::run(backend::best_instruction_set(), [&]() DHT_INLINE_LAMBDA {
      for (std::int64_t i = 0; i < tree.nodes(); ++i) {
        const S* const from = tree.variance.data() + i * tree.features;
        for (int c = 0; c < tree.features; ++c) s2[c] = from[c];
        cost_[static_cast<std::size_t>(i)] = local(tree.size[static_cast<std::size_t>(i)], s2, tree.features);
      }
    });
  }

  /// Where the line cost(i) + penalty meets the best cut below, which is a concave function of the penalty made of lines.
  /// Walks that function down from large penalties: at first every child is whole, then the child of largest scale
  /// splits, and so on. Children are numbered before their parents, so their scales are known.
  double scale_of(std::int64_t i, const std::int32_t* size) {
    if (i < first_with_children_)
      return size[i] > 1 ? cost_[static_cast<std::size_t>(i)] / (size[i] - 1) : 0.0;
    std::int64_t begin = child_begin_[static_cast<std::size_t>(i)],
                 end = child_begin_[static_cast<std::size_t>(i) + 1];
    if (end - begin == 1) return scale_[static_cast<std::size_t>(children_[static_cast<std::size_t>(begin)])];
    frontier_.clear();
    double cost_below = 0;
    std::int64_t parts = 0;
    const auto take = [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t k = from; k < to; ++k) {
        const std::int64_t child = children_[static_cast<std::size_t>(k)];
        cost_below += cost_[static_cast<std::size_t>(child)];
        frontier_.emplace_back(scale_[static_cast<std::size_t>(child)], child);
        std::push_heap(frontier_.begin(), frontier_.end());
      }
      parts += to - from;
    };
    take(begin, end);
    for (;;) {
      const double meeting =
          (cost_[static_cast<std::size_t>(i)] - cost_below) / static_cast<double>(parts - 1);
      if (frontier_.empty()) return std::max(meeting, 0.0);
      if (meeting >= frontier_.front().first) return meeting;
      const std::int64_t whole = frontier_.front().second;
      std::pop_heap(frontier_.begin(), frontier_.end());
      frontier_.pop_back();
      cost_below -= cost_[static_cast<std::size_t>(whole)];
      parts -= 1;
      if (whole < first_with_children_) {
        parts += size[whole];
      } else {
        take(child_begin_[static_cast<std::size_t>(whole)],
             child_begin_[static_cast<std::size_t>(whole) + 1]);
      }
    }
  }

  /// The node above each node; -1 at the last level.
  template <class S, class Extent>
  void list_parents(const Hierarchy<S, Extent>& tree) {
    parent_.resize(static_cast<std::size_t>(tree.nodes()));
    for (int level = 1; level < tree.levels(); ++level) {
      const std::int64_t first = tree.begin[static_cast<std::size_t>(level) - 1],
                         end = tree.begin[static_cast<std::size_t>(level)];
      for (std::int64_t i = first; i < end; ++i) {
        const std::int32_t up = tree.parent[static_cast<std::size_t>(i)];
        parent_[static_cast<std::size_t>(i)] = up < 0 ? -1 : end + up;
      }
    }
  }

  /// Lists the nodes that take part in some cut, in the order in which they split.
  template <class S, class Extent>
  void order_splits(const Hierarchy<S, Extent>& tree) {
    const std::int64_t nodes = tree.nodes();
    // Below a node of smaller scale nothing is ever used. Of nodes with equal scales the coarser splits first.
    ceiling_.resize(static_cast<std::size_t>(nodes));
    takes_part_.resize(static_cast<std::size_t>(nodes));
    parts_.assign(static_cast<std::size_t>(nodes), 0);
    splits_.clear();
    list_parents(tree);
    for (std::int64_t i = nodes - 1; i >= 0; --i) {
      const std::int64_t up = parent_[static_cast<std::size_t>(i)];
      const double above =
          up < 0 ? std::numeric_limits<double>::infinity() : ceiling_[static_cast<std::size_t>(up)];
      const double own = scale_[static_cast<std::size_t>(i)];
      ceiling_[static_cast<std::size_t>(i)] = std::min(own, above);
      takes_part_[static_cast<std::size_t>(i)] = own <= above;
      if (own <= above) splits_.push_back({i, 0});
    }
    // How many parts a node splits into: children that take part count once, the others for what they consist of.
    for (std::int64_t i = 0; i < nodes; ++i) {
      if (i < first_with_children_)
        parts_[static_cast<std::size_t>(i)] = tree.size[static_cast<std::size_t>(i)];
      const std::int64_t up = parent_[static_cast<std::size_t>(i)];
      if (up < 0) continue;
      parts_[static_cast<std::size_t>(up)] += takes_part(i) ? 1 : parts_[static_cast<std::size_t>(i)];
    }
    std::sort(splits_.begin(), splits_.end(), [&](const Split& a, const Split& b) {
      const double sa = scale_[static_cast<std::size_t>(a.node)],
                   sb = scale_[static_cast<std::size_t>(b.node)];
      return sa != sb ? sa > sb : a.node > b.node;
    });
    std::int64_t regions = tree.regions(tree.levels() - 1);
    for (Split& split : splits_)
      split.regions_after = regions += parts_[static_cast<std::size_t>(split.node)] - 1;
  }

  std::int64_t first_with_children_ = 0;  // nodes below consist of pixels
  Buffer<std::int64_t> child_begin_, children_, parent_, parts_;
  Buffer<double> cost_, scale_, ceiling_;
  Buffer<std::uint8_t> takes_part_;
  std::vector<std::pair<double, std::int64_t>> frontier_;
  std::vector<Split> splits_;
};

}  // namespace dht
