// SPDX-License-Identifier: MIT
// Merges neighbours one pair at a time until a given number is left: how a token budget takes part of a split.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <queue>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/selection/region_cost.hpp>

namespace dht::detail {

/// Regions with their moments, by number, and pairs of neighbours among them.
struct MergeInput {
  std::vector<std::int64_t> size;
  std::vector<double> mean, variance;  // `features` numbers a region
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  int features = 0;
};

/// Merges neighbours, always the pair whose merging costs least (then the smaller result, then the lower numbers), until
/// `target` groups are left. Returns the group's lowest member for each region. The pairs must connect all regions.
template <concepts::region_cost Cost>
class MergeTo {
 public:
  MergeTo(MergeInput input, const Cost& cost) : in_(std::move(input)), cost_(cost) {
    const std::size_t n = in_.size.size();
    parent_.resize(n);
    std::iota(parent_.begin(), parent_.end(), 0);
    version_.assign(n, 0);
    neighbours_.resize(n);
    own_cost_.resize(n);
    for (std::size_t i = 0; i < n; ++i)
      own_cost_[i] = cost_(in_.size[i], &in_.variance[i * features()], in_.features);
    for (auto [a, b] : in_.pairs) {
      neighbours_[static_cast<std::size_t>(a)].push_back(b);
      neighbours_[static_cast<std::size_t>(b)].push_back(a);
    }
    for (std::size_t i = 0; i < n; ++i) {
      tidy(static_cast<std::int32_t>(i));
      for (const std::int32_t j : neighbours_[i]) {
        if (static_cast<std::size_t>(j) > i) push(static_cast<std::int32_t>(i), j);
      }
    }
  }

  std::vector<std::int32_t> run(std::int64_t target) {
    for (auto groups = static_cast<std::int64_t>(parent_.size()); groups > target; --groups) merge_best();
    std::vector<std::int32_t> group(parent_.size());
    for (std::size_t i = 0; i < group.size(); ++i) group[i] = find(static_cast<std::int32_t>(i));
    return group;
  }

 private:
  struct Candidate {
    double increase;
    std::int64_t size;
    std::int32_t low, high;
    std::uint32_t low_version, high_version;
    bool operator<(const Candidate& o) const {  // std::priority_queue takes the largest first
      if (increase != o.increase) return increase > o.increase;
      if (size != o.size) return size > o.size;
      return low != o.low ? low > o.low : high > o.high;
    }
  };

  std::size_t features() const { return static_cast<std::size_t>(in_.features); }

  std::int32_t find(std::int32_t i) {
    while (parent_[static_cast<std::size_t>(i)] != i) {
      i = parent_[static_cast<std::size_t>(i)] =
          parent_[static_cast<std::size_t>(parent_[static_cast<std::size_t>(i)])];
    }
    return i;
  }

  /// A region's neighbours as they are now, each once, itself left out.
  void tidy(std::int32_t i) {
    auto& list = neighbours_[static_cast<std::size_t>(i)];
    for (auto& j : list) j = find(j);
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    std::erase(list, i);
  }

  /// Moments of the union of two regions, into `scratch_` (mean, then variance).
  void join(std::int32_t a, std::int32_t b) {
    const std::size_t n = features(), i = static_cast<std::size_t>(a) * n,
                      j = static_cast<std::size_t>(b) * n;
    const double share =
        static_cast<double>(in_.size[static_cast<std::size_t>(b)]) /
        static_cast<double>(in_.size[static_cast<std::size_t>(a)] + in_.size[static_cast<std::size_t>(b)]);
    scratch_.resize(2 * n);
    for (std::size_t c = 0; c < n; ++c) {
      const double d = in_.mean[j + c] - in_.mean[i + c];
      scratch_[c] = fma(share, d, in_.mean[i + c]);
      const double within = fma(share, in_.variance[j + c] - in_.variance[i + c], in_.variance[i + c]);
      scratch_[n + c] = fma(share * (1 - share), d * d, within);
    }
  }

  void push(std::int32_t a, std::int32_t b) {
    const auto low = static_cast<std::size_t>(std::min(a, b)),
               high = static_cast<std::size_t>(std::max(a, b));
    join(static_cast<std::int32_t>(low), static_cast<std::int32_t>(high));
    const std::int64_t size = in_.size[low] + in_.size[high];
    const double joint = cost_(size, scratch_.data() + features(), in_.features);
    queue_.push({joint - own_cost_[low] - own_cost_[high], size, static_cast<std::int32_t>(low),
                 static_cast<std::int32_t>(high), version_[low], version_[high]});
  }

  void merge_best() {
    for (;;) {
      DHT_EXPECTS(!queue_.empty(), "regions to merge: are not connected with each other");
      const Candidate c = queue_.top();
      queue_.pop();
      const auto low = static_cast<std::size_t>(c.low), high = static_cast<std::size_t>(c.high);
      if (version_[low] != c.low_version || version_[high] != c.high_version)
        continue;  // one of them has changed since
      merge(c.low, c.high);
      return;
    }
  }

  void merge(std::int32_t low, std::int32_t high) {
    const auto i = static_cast<std::size_t>(low), j = static_cast<std::size_t>(high);
    join(low, high);
    std::copy_n(scratch_.begin(), features(), in_.mean.begin() + static_cast<std::ptrdiff_t>(i * features()));
    std::copy_n(scratch_.begin() + in_.features, features(),
                in_.variance.begin() + static_cast<std::ptrdiff_t>(i * features()));
    in_.size[i] += in_.size[j];
    own_cost_[i] = cost_(in_.size[i], &in_.variance[i * features()], in_.features);
    parent_[j] = low;
    ++version_[i];
    ++version_[j];
    neighbours_[i].insert(neighbours_[i].end(), neighbours_[j].begin(), neighbours_[j].end());
    neighbours_[j] = {};
    tidy(low);
    for (const std::int32_t k : neighbours_[i]) push(low, k);
  }

  MergeInput in_;
  Cost cost_;
  std::vector<std::int32_t> parent_;
  std::vector<std::uint32_t> version_;
  std::vector<std::vector<std::int32_t>> neighbours_;
  std::vector<double> own_cost_, scratch_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace dht::detail
