// SPDX-License-Identifier: MIT
// Merge trees against merging done the slow way: all pairs looked at for every merge, boundaries kept in a map.
#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <dht/merging/merge_tree.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"
#include "merging/slow_merging.hpp"

namespace {

using namespace dht::test;
using dht::Hierarchy;
using dht::MergeOptions;
using dht::MergeTree;

/// A linkage of a user's own: the largest step between neighbouring means, however large the regions are.
struct LargestStep {
  double operator()(const dht::MergingRegion&, const dht::MergingRegion&, const dht::SharedBoundary&,
                    double distance2) const {
    return distance2;
  }
};

struct Case {
  TreeSettings settings;
  Hierarchy<double> tree;
  Grid grid;
};

template <dht::concepts::connectivity C>
Case random_case(Random& random) {
  Case c;
  c.settings.features = 1 + random.below(4);
  c.settings.height = 1 + random.below(18);
  c.settings.width = 1 + random.below(18);
  c.settings.constant_loop = 0.1;
  c.settings.enough_regions = 1;
  const auto pattern = all_patterns[random.below(6)];
  c.tree = build_tree<double, C>(
      c.settings, planes(pattern, 1, c.settings.features, c.settings.height, c.settings.width, random));
  c.grid = {1, c.settings.height, c.settings.width, C::forward.size() == 4};
  return c;
}

template <dht::concepts::connectivity C, class L>
MergeTree merge(const Case& c, const L& linkage, const MergeOptions& options, const dht::Mask& mask = {},
                int threads = 1) {
  MergeTree out;
  dht::MergeWorkspace workspace;
  dht::build_merge_tree(dht::backend::Cpu(threads), dht::PixelGrid<C>{c.tree.height, c.tree.width}, c.tree,
                        linkage, options, mask, out, workspace);
  return out;
}

template <class Values>
std::vector<typename Values::value_type> copied(const Values& values) {
  return {values.begin(), values.end()};
}

template <dht::concepts::connectivity C, class L>
void check_against_slow_merging(const L& linkage, std::uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 25; ++i) {
    const Case c = random_case<C>(random);
    MergeOptions options;
    options.start_level = 1 + random.below(3);
    options.smallest = random.chance(0.5) ? 1 : 1 + random.below(12);
    options.cell = random.chance(0.7) ? 0 : 1 + random.below(6);
    std::vector<std::uint8_t> inside(static_cast<std::size_t>(c.grid.pixels()));
    for (auto& v : inside) v = random.chance(0.8) ? 255 : 0;
    dht::Mask mask;
    if (random.chance(0.4))
      mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, c.grid.height, c.grid.width);
    CAPTURE(seed, i, c.grid.height, c.grid.width, options.start_level, options.smallest, options.cell,
            mask.data != nullptr);
    const MergeTree tree = merge<C>(c, linkage, options, mask);
    const std::vector<std::int32_t> leaf = copied(tree.leaves.label);
    const SlowMerging slow(c.tree, c.grid, leaf, copied(tree.leaves.node), tree.leaves.pieces, C::forward);
    CHECK(static_cast<int>(slow.regions.size()) == tree.leaves.count());
    CHECK(fault_of_merges(slow, linkage, tree, static_cast<double>(options.smallest)) == "");
  }
}

}  // namespace

TEST_CASE("merge tree: every merge is the cheapest there is, of four neighbours", "[merging]") {
  check_against_slow_merging<dht::FourConnected>(dht::BoundaryLinkage(), 1);
  check_against_slow_merging<dht::FourConnected>(dht::Ward(), 2);
  check_against_slow_merging<dht::FourConnected>(dht::WardOverBoundary(), 3);
  check_against_slow_merging<dht::FourConnected>(LargestStep(), 4);
  check_against_slow_merging<dht::FourConnected>(Indifferent(), 5);
  check_against_slow_merging<dht::FourConnected>(dht::MumfordShah(), 8);
}

TEST_CASE("merge tree: every merge is the cheapest there is, of eight neighbours", "[merging]") {
  check_against_slow_merging<dht::EightConnected>(dht::BoundaryLinkage(), 6);
  check_against_slow_merging<dht::EightConnected>(Indifferent(), 7);
}

TEST_CASE("merge tree: a merge costs the squared error that it adds, over the boundary that it saves",
          "[merging]") {
  const dht::MergingRegion a{0.125, 0, 0, 0, 0}, b{0.375, 0, 0, 0, 0};
  const dht::SharedBoundary shared{0.25, 0};
  // 1/8 and 3/8 of the image, 2 apart: means move by 3/2 and 1/2, 1/8 9/4 + 3/8 1/4 = 3/8.
  CHECK(dht::MumfordShah{0.5}(a, b, shared, 4) == 0.375 / 0.75);
  CHECK(dht::MumfordShah{0}(b, a, shared, 4) == 0.375 / 0.25);
}

TEST_CASE("merge tree: leaves are the regions of a level, inside of the mask", "[merging]") {
  Random random(11);
  for (int i = 0; i < 60; ++i) {
    const Case c = random_case<dht::FourConnected>(random);
    std::vector<std::uint8_t> inside(static_cast<std::size_t>(c.grid.pixels()));
    const double share = i % 3 == 0 ? 0 : random.uniform();
    for (auto& v : inside) v = random.chance(share) ? 1 : 0;
    const auto mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, c.grid.height, c.grid.width);
    MergeOptions options;
    options.start_level = 1 + random.below(3);
    MergeOptions cut = options;
    cut.cell = random.chance(0.5) ? 0 : 1 + random.below(6);
    const int cell = cut.cell > 0 ? cut.cell : 100;
    if (random.chance(0.6)) cut.contrast = random.chance(0.3) ? 0 : random.uniform(0, 1);
    const MergeTree all = merge<dht::FourConnected>(c, dht::Ward(), options),
                    some = merge<dht::FourConnected>(c, dht::Ward(), cut, mask);
    const auto level = std::clamp(options.start_level, 1, std::max(c.tree.levels() - 2, 1));
    CAPTURE(i, c.grid.height, c.grid.width, level);
    CHECK(all.leaves.level == level);
    CHECK(copied(all.leaves.label) == c.tree.labels(level));
    const auto contrast = [&](int p, int q) {
      double sum = 0;
      for (int f = 0; f < c.tree.features; ++f) {
        const auto of = [&](int pixel) {
          return c.tree.pixel_features[static_cast<std::size_t>(pixel * c.tree.features + f)];
        };
        sum += (of(p) - of(q)) * (of(p) - of(q));
      }
      return std::sqrt(sum);
    };
    // Pieces: components of what has the same region and is inside, outside components not counted.
    const auto pieces = flood_fill(c.grid, [&](int p, int q) {
      const auto a = static_cast<std::size_t>(p), b = static_cast<std::size_t>(q);
      return inside[a] == inside[b] && all.leaves.label[a] == all.leaves.label[b] &&
             c.grid.row(p) / cell == c.grid.row(q) / cell &&
             c.grid.column(p) / cell == c.grid.column(q) / cell && contrast(p, q) <= cut.contrast;
    });
    std::map<std::int32_t, std::int32_t> number;
    bool right = true;
    for (std::size_t p = 0; p < pieces.size(); ++p) {
      std::int32_t expected = -1;
      if (inside[p])
        expected = number.emplace(pieces[p], static_cast<std::int32_t>(number.size())).first->second;
      right &= some.leaves.label[p] == expected;
      if (inside[p])
        right &= some.leaves.node[static_cast<std::size_t>(expected)] ==
                 all.leaves.node[static_cast<std::size_t>(all.leaves.label[p])];
    }
    CHECK(right);
    CHECK(some.leaves.count() == static_cast<std::int32_t>(number.size()));
    const Extents e = extents(c.grid, all.leaves.label, all.leaves.count());
    CHECK(copied(all.leaves.size) == e.size);
    CHECK(copied(all.leaves.box) == e.box);
  }
}

TEST_CASE("merge tree: what cannot be done is named", "[merging]") {
  Random random(13);
  const Case c = random_case<dht::FourConnected>(random);
  const auto with = [&](MergeOptions options, dht::Mask mask = {}) {
    return error_of([&] { merge<dht::FourConnected>(c, dht::Ward(), options, mask); });
  };
  CHECK(with({0, 1}) == "start level: is 0; must be at least 1");
  CHECK(with({3, 0}) == "smallest region: is 0 pixels; must be at least 1");
  CHECK(with({3, 1}) == "(no error)");
  CHECK(with({3, 1, -1}) == "cell: is -1 pixels wide; must be at least 1, or 0 for no grid");
  CHECK(with({3, 1, 0, -1}) == "contrast: is -1; must be at least 0");
  const std::uint8_t pixel = 1;
  CHECK(with({3, 1}, dht::planar_view(&pixel, 1, 2, 1, 1)).rfind("mask: is 1 x 2 x 1 x 1 (batch", 0) == 0);
  MergeTree out;
  dht::MergeWorkspace workspace;
  CHECK(error_of([&] {
          dht::build_merge_tree(dht::backend::Cpu(1), dht::PixelGrid<>{1, 1}, Hierarchy<double>(),
                                dht::Ward(), MergeOptions(), {}, out, workspace);
        }) == "hierarchy: is empty; build it first");
}
