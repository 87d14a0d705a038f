// SPDX-License-Identifier: MIT
// Cuts of merge trees: the number that was asked, the penalty's optimum against all cuts there are, means over images.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <dht/selection/merge_cut.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/partitions.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::Hierarchy;
using dht::MergeOptions;
using dht::MergePenalties;
using dht::MergeTree;
using dht::Partition;

struct Case {
  Hierarchy<double> tree;
  Grid grid;
  MergeTree merges;
};

Case random_case(Random& random, int largest_side, MergeOptions options = {1, 1},
                 const dht::Mask& mask = {}) {
  TreeSettings s;
  s.features = 1 + random.below(3);
  s.height = mask.data ? mask.height : 1 + random.below(largest_side);
  s.width = mask.data ? mask.width : 1 + random.below(largest_side);
  s.constant_loop = 0.1;
  s.enough_regions = 1;
  Case c;
  c.tree =
      build_tree<double>(s, planes(all_patterns[random.below(6)], 1, s.features, s.height, s.width, random));
  c.grid = {1, s.height, s.width, false};
  dht::MergeWorkspace workspace;
  dht::build_merge_tree(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{c.tree.height, c.tree.width},
                        c.tree, dht::BoundaryLinkage(), options, mask, c.merges, workspace);
  return c;
}

Partition cut(const Case& c, std::int64_t regions, int threads = 1) {
  Partition out;
  dht::MergeCutWorkspace workspace;
  dht::cut_merges(dht::backend::Cpu(threads), c.merges, regions, out, workspace);
  return out;
}

Partition cut_at(const Case& c, const MergePenalties& penalties, double penalty) {
  Partition out;
  dht::MergeCutWorkspace workspace;
  dht::cut_merges_at(dht::backend::Cpu(1), c.merges, penalties, penalty, out, workspace);
  return out;
}

/// Number of regions.
int count(const Partition& part) {
  std::vector<std::int32_t> seen(part.labels.begin(), part.labels.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  return static_cast<int>(seen.size()) - (seen.front() < 0);
}

/// Node k of a binary tree: a leaf, or the result of a merge.
struct Binary {
  struct Node {
    double size = 0;
    std::vector<double> mean, variance;
    double cost = 0;
    int left = -1, right = -1;
  };
  std::vector<Node> nodes;

  template <class Cost>
  Binary(const Case& c, const Cost& cost) {
    std::vector<int> node;
    for (int i = 0; i < c.merges.leaves.count(); ++i) {
      const auto leaf = static_cast<std::size_t>(i);
      const std::int64_t from = c.merges.leaves.node[leaf];
      Node n;
      n.size = c.merges.leaves.size[leaf];
      n.mean.assign(c.tree.mean_of(from).begin(), c.tree.mean_of(from).end());
      n.variance.assign(c.tree.variance_of(from).begin(), c.tree.variance_of(from).end());
      nodes.push_back(n);
      node.push_back(i);
    }
    for (const dht::Merge& m : c.merges.merges) {
      const int a = node[static_cast<std::size_t>(m.low)], b = node[static_cast<std::size_t>(m.high)];
      const Node &x = nodes[static_cast<std::size_t>(a)], &y = nodes[static_cast<std::size_t>(b)];
      Node n;
      n.size = x.size + y.size;
      for (std::size_t k = 0; k < x.mean.size(); ++k) {
        const double u = x.size / n.size, v = y.size / n.size, d = x.mean[k] - y.mean[k];
        n.mean.push_back(u * x.mean[k] + v * y.mean[k]);
        n.variance.push_back(u * x.variance[k] + v * y.variance[k] + u * v * d * d);
      }
      n.left = a;
      n.right = b;
      node[static_cast<std::size_t>(m.low)] = static_cast<int>(nodes.size());
      nodes.push_back(n);
    }
    for (Node& n : nodes)
      n.cost =
          cost(static_cast<std::int64_t>(n.size), n.variance.data(), static_cast<int>(n.variance.size()));
  }

  /// The least of (sum of costs + penalty a region) over all cuts below a node.
  double best(int k, double penalty) const {
    const Node& n = nodes[static_cast<std::size_t>(k)];
    const double whole = n.cost + penalty;
    return n.left < 0 ? whole : std::min(whole, best(n.left, penalty) + best(n.right, penalty));
  }
};

}  // namespace

TEST_CASE("merge cut: exactly as many regions as asked, one in the next", "[selection]") {
  Random random(21);
  for (int i = 0; i < 40; ++i) {
    const Case c = random_case(random, 16);
    CAPTURE(i, c.grid.height, c.grid.width);
    Partition finer = cut(c, std::numeric_limits<std::int64_t>::max());
    CHECK(finer.regions == c.merges.leaves.count());
    CHECK(finer.labels == c.merges.leaves.label);
    for (int k = c.merges.leaves.count(); k >= 1; --k) {
      const Partition part = cut(c, k);
      REQUIRE(count(part) == k);
      REQUIRE(fault_of(c.tree, c.grid, part, true) == "");
      REQUIRE(part.whole_sources);
      REQUIRE(is_nested(finer.labels, part.labels));
      finer = part;
    }
    CHECK(cut(c, 2, 3).labels == cut(c, 2).labels);
  }
}

TEST_CASE("merge cut: nothing smaller than the smallest region, unless more are asked for", "[selection]") {
  Random random(22);
  for (int i = 0; i < 40; ++i) {
    const int smallest = 1 + random.below(20);
    const Case c = random_case(random, 16, {1, smallest});
    CAPTURE(i, c.grid.height, c.grid.width, smallest);
    const Partition part = cut(c, c.merges.most());
    for (const int size : extents(c.grid, part.labels, part.regions).size)
      CHECK((size >= smallest || size == c.grid.pixels()));
    const Partition more = cut(c, 1 << 20);
    CHECK(count(more) == c.merges.leaves.count());
    CHECK(is_nested(more.labels, part.labels));
    CHECK(count(cut(c, 1)) == 1);
    MergePenalties penalties;
    penalties.build(c.tree, c.merges, dht::CodeLength());
    CHECK(count(cut_at(c, penalties, 0)) <= c.merges.most());
  }
}

TEST_CASE("merge cut: inside of a mask, as near to the number as its parts allow", "[selection]") {
  Random random(23);
  for (int i = 0; i < 40; ++i) {
    const Grid grid{1, 1 + random.below(14), 1 + random.below(14), false};
    std::vector<std::uint8_t> inside(static_cast<std::size_t>(grid.pixels()));
    const double share = i % 4 == 0 ? 0 : random.uniform();
    for (auto& v : inside) v = random.chance(share) ? 7 : 0;
    const auto mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, grid.height, grid.width);
    const Case c = random_case(random, 0, {1, 1}, mask);
    CAPTURE(i, grid.height, grid.width);
    for (const int asked : {1, 2, 5, 1 << 20}) {
      const Partition part = cut(c, asked);
      CHECK_FALSE(part.whole_sources);
      CHECK(count(part) == std::clamp(asked, c.merges.fewest(), c.merges.leaves.count()));
      // Inside the labels are what they must be; outside there is none.
      std::int32_t next = 0;
      bool right = true;
      for (std::size_t p = 0; p < inside.size(); ++p) {
        const std::int32_t label = part.labels[p];
        right &= inside[p] ? label >= 0 && label <= next : label == -1;
        next += label == next;
      }
      CHECK(right);
      CHECK(next == part.regions);
      const auto pieces = flood_fill(grid, [&](int p, int q) {
        return part.labels[static_cast<std::size_t>(p)] == part.labels[static_cast<std::size_t>(q)];
      });
      std::vector<std::int32_t> whose(pieces.size(), -2);
      std::vector<int> pieces_of(static_cast<std::size_t>(part.regions), 0);
      for (std::size_t p = 0; p < pieces.size(); ++p) {
        if (whose[static_cast<std::size_t>(pieces[p])] != -2) continue;
        whose[static_cast<std::size_t>(pieces[p])] = part.labels[p];
        if (part.labels[p] >= 0) ++pieces_of[static_cast<std::size_t>(part.labels[p])];
      }
      CHECK(pieces_of == std::vector<int>(pieces_of.size(), 1));
    }
  }
}

TEST_CASE("merge cut: the cut at a penalty costs as little as any", "[selection]") {
  Random random(24);
  const auto check = [&](const auto& cost) {
    for (int i = 0; i < 40; ++i) {
      const Case c = random_case(random, 12);
      MergePenalties penalties;
      penalties.build(c.tree, c.merges, cost);
      std::vector<double> tried{0, 1e300};
      const auto all = penalties.values();
      REQUIRE(static_cast<int>(all.size()) == c.merges.leaves.count() - 1);
      for (const double p : all) {
        tried.push_back(p);
        tried.push_back(p * 1.001 + 1e-9);
        tried.push_back(p * 0.999);
      }
      for (const double penalty : tried) {
        const Partition part = cut_at(c, penalties, penalty);
        REQUIRE(fault_of(c.tree, c.grid, part, true) == "");
        const Binary binary(c, cost);
        // The cost of the cut that was made.
        double made = 0;
        const int leaves = c.merges.leaves.count();
        const std::function<void(int)> add = [&](int k) {
          const auto& node = binary.nodes[static_cast<std::size_t>(k)];
          if (k < leaves || all[static_cast<std::size_t>(k - leaves)] <= penalty) {
            made += node.cost + penalty;
          } else {
            add(node.left);
            add(node.right);
          }
        };
        const int root = static_cast<int>(binary.nodes.size()) - 1;
        add(root);
        const double best = binary.best(root, penalty);
        CAPTURE(i, penalty, leaves, count(part));
        REQUIRE(std::abs(made - best) <= 1e-9 * (std::abs(best) + 1));
      }
    }
  };
  check(dht::CodeLength());
  check(dht::SquaredError());
}

TEST_CASE("merge cut: by the linkage, merges are made as long as they cost no more", "[selection]") {
  Random random(27);
  for (int i = 0; i < 20; ++i) {
    const Case c = random_case(random, 16, {1, 1 + random.below(9)});
    MergePenalties penalties;
    penalties.build(c.merges);
    for (const double penalty : {0.0, 1e-9, 1e-6, 1e-4, 1e-2, 1e300}) {
      auto made = static_cast<std::size_t>(c.merges.forced);
      while (made < c.merges.merges.size() && c.merges.merges[made].cost <= penalty) ++made;
      CAPTURE(i, penalty);
      CHECK(count(cut_at(c, penalties, penalty)) == c.merges.leaves.count() - static_cast<int>(made));
    }
  }
}

TEST_CASE("merge cut: one penalty for a mean over many images", "[selection]") {
  Random random(25);
  for (int i = 0; i < 20; ++i) {
    std::vector<Case> cases;
    std::vector<MergePenalties> penalties;
    dht::MeanBudget budget;
    std::int64_t most = 0;
    for (int k = 0; k < 4; ++k) {
      cases.push_back(random_case(random, 20));
      const Case& c = cases.back();
      penalties.emplace_back();
      penalties.back().build(c.tree, c.merges, dht::CodeLength());
      budget.add(c.merges, penalties.back());
      most += c.merges.most();
    }
    const auto total_at = [&](double penalty) {
      std::int64_t total = 0;
      for (std::size_t k = 0; k < cases.size(); ++k) total += cut_at(cases[k], penalties[k], penalty).regions;
      return total;
    };
    for (const double mean : {1.0, 1.5, 3.0, 10.0, 1e6}) {
      const double penalty = budget.penalty(mean);
      const auto asked = static_cast<std::int64_t>(
          std::min(mean * static_cast<double>(budget.images()), static_cast<double>(most)));
      CAPTURE(i, mean, penalty, asked);
      CHECK(total_at(penalty) <= asked);
      // Any smaller penalty gives more than was asked, or there is none smaller.
      if (penalty > 0) CHECK(total_at(std::nextafter(penalty, 0)) > asked);
    }
  }
  dht::MeanBudget nothing;
  CHECK(error_of([&] { nothing.penalty(3); }) == "mean budget: has no images yet");
}

TEST_CASE("merge cut: numbers that cannot be", "[selection]") {
  Random random(26);
  const Case c = random_case(random, 8);
  CHECK(error_of([&] { cut(c, 0); }) == "regions: is 0; must be at least 1");
  MergePenalties penalties;
  penalties.build(c.tree, c.merges, dht::CodeLength());
  CHECK(error_of([&] { cut_at(c, penalties, -1); }) == "penalty: is -1; must be at least 0");
  CHECK(error_of([&] { cut_at(c, penalties, std::nan("")); }) == "penalty: is nan; must be at least 0");
}
