// SPDX-License-Identifier: MIT
// Cuts through a merge tree: at a number of regions, or where a penalty says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/merge_tree.hpp>
#include <dht/selection/partition.hpp>
#include <dht/selection/region_cost.hpp>

namespace dht {

/// Scratch memory of the cuts of a merge tree.
struct MergeCutWorkspace {
  Buffer<std::int32_t> group;  // per leaf: first the leaf that it has merged into, then its label
};

namespace detail {

/// Writes the partition in which the merges have been made for which `is_made(k)` says so. Whatever was made below a merge must be made as well.
template <class Backend, class IsMade>
void write_merged(const Backend& backend, const MergeTree& tree, const IsMade& is_made, Partition& out,
                  MergeCutWorkspace& w) {
  const MergeLeaves& leaves = tree.leaves;
  const auto count = static_cast<std::size_t>(leaves.count());
  out.reserve(static_cast<std::int64_t>(leaves.label.size()));
  w.group.reserve(MergeLeaves::most(leaves.label.size()));
  w.group.resize(count);
  for (std::size_t i = 0; i < count; ++i) w.group[i] = static_cast<std::int32_t>(i);
  for (std::size_t k = 0; k < tree.merges.size(); ++k) {
    if (is_made(k)) w.group[static_cast<std::size_t>(tree.merges[k].high)] = tree.merges[k].low;
  }
  // A leaf that stands for itself gets the next number; one that has merged has that of a leaf before it.
  out.regions = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t into = w.group[i];
    w.group[i] =
        into == static_cast<std::int32_t>(i) ? out.regions++ : w.group[static_cast<std::size_t>(into)];
  }
  out.source_begin.assign(static_cast<std::size_t>(out.regions) + 2, 0);
  std::int64_t* const place = out.source_begin.data() + 1;
  for (const std::int32_t region : w.group) ++place[region + 1];
  for (std::int32_t r = 1; r <= out.regions; ++r) place[r] += place[r - 1];
  out.sources.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    out.sources[static_cast<std::size_t>(place[w.group[i]]++)] = leaves.node[i];
  out.source_begin.resize(static_cast<std::size_t>(out.regions) + 1);
  out.whole_sources = !leaves.pieces;
  out.means_of_pixels = leaves.pieces;

  out.labels.resize(leaves.label.size());
  backend.for_range(backend::up_to_baseline, static_cast<std::int64_t>(leaves.label.size()), 65536,
                    [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                      const std::int32_t *leaf = leaves.label.data(), *group = w.group.data();
                      std::int32_t* label = out.labels.data();
                      if (leaves.pieces) {
                        for (std::int64_t p = begin; p < end; ++p)
                          label[p] = leaf[p] < 0 ? -1 : group[leaf[p]];
                      } else {
                        DHT_INDEPENDENT
                        for (std::int64_t p = begin; p < end; ++p) label[p] = group[leaf[p]];
                      }
                    });
}

}  // namespace detail

/// The partition with `regions` regions, or as near as the tree has them: at least `tree.fewest`, at most
/// one a leaf. Merges are undone in the order opposite to the one in which they were made: with more than `tree.most`, some
/// are smaller than the smallest size that the tree was asked for.
template <class Backend>
void cut_merges(const Backend& backend, const MergeTree& tree, std::int64_t regions, Partition& out,
                MergeCutWorkspace& w) {
  DHT_EXPECTS(regions >= 1, "regions: is ", regions, "; must be at least 1");
  const std::int64_t leaves = tree.leaves.count(),
                     made = leaves - std::clamp<std::int64_t>(regions, tree.fewest(), leaves);
  detail::write_merged(
      backend, tree, [=](std::size_t k) { return static_cast<std::int64_t>(k) < made; }, out, w);
}

/// The penalty from which each merge of a merge tree is made; for every penalty, the merges made are a cut.
///
/// By the linkage: a merge is made where it, and all before it, cost at most the penalty. By a region cost: the merges
/// that are made give the exact minimum of (sum of region costs + penalty * number of regions) over all cuts of the tree
/// (Guigues, Cocquerez and Le Men, "Scale-sets image analysis", IJCV 2006).
class MergePenalties {
 public:
  /// By the linkage that `tree` was built with.
  void build(const MergeTree& tree) {
    penalty_.assign(tree.merges.size(), 0);
    double largest = 0;
    for (auto k = static_cast<std::size_t>(tree.forced); k < tree.merges.size(); ++k)
      penalty_[k] = largest = std::max(largest, tree.merges[k].cost);
  }

  /// By a region cost. `tree` must have been built from `hierarchy`, whose variances give the leaves' costs.
  template <class S, class Extent, concepts::region_cost Cost>
  void build(const Hierarchy<S, Extent>& hierarchy, const MergeTree& tree, const Cost& cost) {
    const auto leaves = static_cast<std::size_t>(tree.leaves.count());
    features_ = hierarchy.features;
    moments_.resize(leaves * 2 * static_cast<std::size_t>(features_));
    size_.resize(leaves);
    node_.resize(leaves);
    nodes_.resize(2 * leaves);
    penalty_.assign(tree.merges.size(), 0);
    for (std::size_t i = 0; i < leaves; ++i) {
      const std::int64_t from = tree.leaves.node[i] * features_;
      double *mean = mean_of(i), *variance = mean + features_;
      for (int c = 0; c < features_; ++c) {
        mean[c] = static_cast<double>(hierarchy.mean[static_cast<std::size_t>(from + c)]);
        variance[c] = static_cast<double>(hierarchy.variance[static_cast<std::size_t>(from + c)]);
      }
      size_[i] = tree.leaves.size[i];
      node_[i] = static_cast<std::int32_t>(i);
      nodes_[i] = {cost(size_[i], variance, features_), 0, -1, -1};
    }
    build_inner(tree, cost);
  }

  /// The penalty from which each merge is made, in the order of `MergeTree::merges`: at least 0.
  std::span<const double> values() const& { return {penalty_.data(), penalty_.size()}; }
  std::span<const double> values() const&& = delete;

 private:
  struct Node {
    double cost, penalty;  // the penalty from which the node is better than every cut below it
    std::int32_t left, right;
  };

  double* mean_of(std::size_t leaf) {
    return moments_.data() + leaf * 2 * static_cast<std::size_t>(features_);
  }

  /// `a` becomes the union of both: size, means, variances.
  void join(std::size_t a, std::size_t b) {
    double *mean = mean_of(a), *variance = mean + features_;
    const double *other = mean_of(b), *other_variance = other + features_;
    const double share = static_cast<double>(size_[b]) / static_cast<double>(size_[a] + size_[b]);
    for (int c = 0; c < features_; ++c) {
      const double d = other[c] - mean[c], within = fma(share, other_variance[c] - variance[c], variance[c]);
      mean[c] = fma(share, d, mean[c]);
      variance[c] = fma(share * (1 - share), d * d, within);
    }
    size_[a] += size_[b];
  }

  template <class Cost>
  void build_inner(const MergeTree& tree, const Cost& cost) {
    const std::span<const Merge> merges{tree.merges.data(), tree.merges.size()};
    const auto forced = static_cast<std::size_t>(tree.forced),
               inner = static_cast<std::size_t>(tree.leaves.count());
    for (std::size_t k = 0; k < merges.size(); ++k) {
      const auto low = static_cast<std::size_t>(merges[k].low),
                 high = static_cast<std::size_t>(merges[k].high);
      join(low, high);
      Node& node = nodes_[inner + k];
      node = {cost(size_[low], mean_of(low) + features_, features_), 0, node_[low], node_[high]};
      if (k < forced) {
        node.left = node.right = -1;  // what was forced is as good as a leaf
      } else {
        node.penalty = meeting(node);
      }
      node_[low] = static_cast<std::int32_t>(inner + k);
    }
    // Below a node that is made nothing is left to be made.
    double* const made = penalty_.data();
    for (std::size_t k = 0; k < merges.size(); ++k) made[k] = std::numeric_limits<double>::infinity();
    for (std::size_t k = merges.size(); k-- > 0;) {
      const Node& node = nodes_[inner + k];
      made[k] = std::min(made[k], node.penalty);
      for (const std::int32_t child : {node.left, node.right}) {
        if (child >= static_cast<std::int32_t>(inner))
          made[static_cast<std::size_t>(child) - inner] = made[k];
      }
    }
    std::fill(made, made + forced, 0.0);
  }

  /// Where the line node.cost + penalty meets the best cut below, a concave function of the penalty made of lines: at
  /// first both children are whole, then the one of larger penalty gives way to its children, and so on.
  double meeting(const Node& node) {
    frontier_.clear();
    double below = 0;
    std::int64_t parts = 0;
    const auto take = [&](std::int32_t child) {
      const Node& n = nodes_[static_cast<std::size_t>(child)];
      below += n.cost;
      ++parts;
      frontier_.emplace_back(n.penalty, child);
      std::push_heap(frontier_.begin(), frontier_.end());
    };
    take(node.left);
    take(node.right);
    for (;;) {
      const double at = (node.cost - below) / static_cast<double>(parts - 1);
      const auto [penalty, child] = frontier_.front();
      const Node& n = nodes_[static_cast<std::size_t>(child)];
      if (at >= penalty || n.left < 0) return std::max(at, 0.0);
      std::pop_heap(frontier_.begin(), frontier_.end());
      frontier_.pop_back();
      below -= n.cost;
      --parts;
      take(n.left);
      take(n.right);
    }
  }

  int features_ = 0;
  Buffer<double> moments_;     // per leaf: means, then variances, of what it stands for
  Buffer<std::int64_t> size_;  // per leaf: likewise
  Buffer<std::int32_t> node_;  // per leaf: likewise
  Buffer<Node> nodes_;         // the leaves, then the merges
  Buffer<double> penalty_;     // per merge
  std::vector<std::pair<double, std::int32_t>> frontier_;
};

/// The cut at a penalty, at least 0, in the unit of the costs that `penalties` was built with.
template <class Backend>
void cut_merges_at(const Backend& backend, const MergeTree& tree, const MergePenalties& penalties,
                   double penalty, Partition& out, MergeCutWorkspace& w) {
  DHT_EXPECTS(penalty >= 0, "penalty: is ", penalty, "; must be at least 0");
  DHT_EXPECTS(penalties.values().size() == tree.merges.size(), "penalties: are not of this merge tree");
  const double* const from = penalties.values().data();
  detail::write_merged(
      backend, tree, [=](std::size_t k) { return from[k] <= penalty; }, out, w);
}

/// Finds the one penalty that gives a number of regions on average over many images: where much is to be seen there are
/// more, where there is little there are fewer.
class MeanBudget {
 public:
  /// Takes note of an image, of which only the penalties are kept.
  void add(const MergeTree& tree, const MergePenalties& penalties) {
    const std::span<const double> all = penalties.values();
    penalties_.insert(penalties_.end(), all.begin(), all.end());
    fewest_ += tree.fewest();
    ++images_;
  }
  std::int64_t images() const { return images_; }

  /// The least penalty with at most `regions` on average, of which ties alone can make it fall short.
  /// Throws dht::Error before any image was added.
  double penalty(double regions) {
    DHT_EXPECTS(images_ > 0, "mean budget: has no images yet");
    DHT_EXPECTS(regions >= 1, "regions: is ", regions, "; must be at least 1");
    const double split = std::max(regions * static_cast<double>(images_) - static_cast<double>(fewest_), 0.0);
    if (split >= static_cast<double>(penalties_.size())) return 0;
    const auto at = penalties_.begin() + static_cast<std::ptrdiff_t>(split);
    std::nth_element(penalties_.begin(), at, penalties_.end(), std::greater<>());
    return *at;
  }

 private:
  std::vector<double> penalties_;
  std::int64_t fewest_ = 0, images_ = 0;
};

}  // namespace dht
