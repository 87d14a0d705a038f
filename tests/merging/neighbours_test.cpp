// SPDX-License-Identifier: MIT
// Merge trees of every neighbourhood over images whose regions touch as many others as they can.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
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

struct SixConnected {
  static constexpr std::array<dht::Offset, 3> forward{{{0, 1}, {1, 0}, {1, 1}}};
};
struct Crossed {
  static constexpr std::array<dht::Offset, 3> forward{{{0, 1}, {1, -1}, {1, 1}}};
};
struct RowsApart {
  static constexpr std::array<dht::Offset, 1> forward{{{0, 1}}};
};

enum class Picture { hatched, half_hatched, comb, dots, noise };
constexpr std::array all_pictures{Picture::hatched, Picture::half_hatched, Picture::comb, Picture::dots,
                                  Picture::noise};

/// A grey value. Hatched: diagonals one way on the pixels of even sum, the other way on those of odd sum, so that each
/// crosses all of the others between pixels.
double grey(Picture picture, int y, int x, int turn, Random& random) {
  const int down = (y - x + 4096 + turn) % 4, up = (y + x + turn) % 4;
  switch (picture) {
    case Picture::hatched:
      return down % 2 == 0 ? (down == 0 ? 1.0 : 0.8) : (up == 1 ? 0.0 : 0.2);
    case Picture::half_hatched:
      return down == 0 ? 1 : up == 1 ? 0 : random.uniform(0.3, 0.7);
    case Picture::comb:
      return y % 4 == 1 && x > 0 ? 0.3 : y % 4 == 3 && x > 1 ? 0.6 : 1;
    case Picture::dots:
      return y % 2 == 1 && x % 2 == 1 ? random.uniform(0, 0.4) : 1;
    default:
      return random.uniform();
  }
}

struct Case {
  TreeSettings settings;
  std::vector<double> values;
  Grid grid;
};

Case picture_case(Picture picture, int height, int width, int turn, Random& random) {
  Case c;
  c.settings.height = height;
  c.settings.width = width;
  c.settings.constant_loop = 0.1;
  c.settings.enough_regions = 1;
  c.grid = {1, height, width};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) c.values.push_back(grey(picture, y, x, turn, random));
  return c;
}

template <dht::concepts::connectivity C, class L>
MergeTree merge(const Case& c, const L& linkage, const MergeOptions& options,
                const std::vector<std::uint8_t>& inside, int threads = 1) {
  MergeTree out;
  dht::MergeWorkspace workspace;
  dht::Mask mask;
  if (!inside.empty())
    mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, c.grid.height, c.grid.width);
  dht::build_merge_tree(dht::backend::Cpu(threads), dht::PixelGrid<C>{c.grid.height, c.grid.width},
                        build_tree<double, C>(c.settings, c.values), linkage, options, mask, out, workspace);
  return out;
}

/// What one tree has otherwise than another, or "".
std::string difference(const MergeTree& tree, const MergeTree& other) {
  if (tree.leaves.level != other.leaves.level) return "level";
  if (tree.leaves.label != other.leaves.label) return "label";
  if (tree.merges.size() != other.merges.size()) return "number of merges";
  for (std::size_t k = 0; k < tree.merges.size(); ++k) {
    const dht::Merge &a = tree.merges[k], &b = other.merges[k];
    if (a.low != b.low || a.high != b.high ||
        std::bit_cast<std::uint64_t>(a.cost) != std::bit_cast<std::uint64_t>(b.cost))
      return "merge " + std::to_string(k);
  }
  return "";
}

/// Pairs of leaves that touch.
template <dht::concepts::connectivity C>
std::size_t boundaries(const MergeTree& tree, const Grid& grid) {
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  for (int p = 0; p < grid.pixels(); ++p) {
    for (const dht::Offset o : C::forward) {
      const int y = grid.row(p) + o.dy, x = grid.column(p) + o.dx;
      if (y >= grid.height || x < 0 || x >= grid.width) continue;
      const auto a = tree.leaves.label[static_cast<std::size_t>(p)],
                 b = tree.leaves.label[static_cast<std::size_t>(y * grid.width + x)];
      if (a >= 0 && b >= 0 && a != b) pairs.emplace_back(std::min(a, b), std::max(a, b));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return static_cast<std::size_t>(std::unique(pairs.begin(), pairs.end()) - pairs.begin());
}

/// Threads and what was in the memory before are of no consequence.
template <dht::concepts::connectivity C>
void check_threads(std::uint64_t seed) {
  Random random(seed);
  for (const Picture picture : all_pictures) {
    for (const int cell : {0, 1, 5}) {
      const Case c = picture_case(picture, 21 + random.below(30), 21 + random.below(30),
                                  random.chance(0.5) ? 3 : 0, random);
      MergeOptions options;
      options.start_level = 1;
      options.cell = cell;
      options.smallest = random.chance(0.5) ? 1 : 4;
      std::vector<std::uint8_t> inside;
      if (random.chance(0.5))
        for (int p = 0; p < c.grid.pixels(); ++p) inside.push_back(random.chance(0.9) ? 1 : 0);
      CAPTURE(seed, static_cast<int>(picture), cell, c.grid.height, c.grid.width, options.smallest,
              inside.empty());
      CHECK(difference(merge<C>(c, dht::BoundaryLinkage(), options, inside, 3),
                       merge<C>(c, dht::BoundaryLinkage(), options, inside)) == "");
    }
  }
}

template <dht::concepts::connectivity C>
void check_against_slow_merging(std::uint64_t seed) {
  Random random(seed);
  for (const Picture picture : all_pictures) {
    for (const int cell : {0, 3}) {
      for (const int turn : {0, 3}) {
        const Case c = picture_case(picture, 12 + random.below(4), 12 + random.below(4), turn, random);
        MergeOptions options;
        options.start_level = 1;
        options.cell = cell;
        const Hierarchy<double> hierarchy = build_tree<double, C>(c.settings, c.values);
        const MergeTree tree = merge<C>(c, dht::WardOverBoundary(), options, {});
        CAPTURE(seed, static_cast<int>(picture), cell, turn, c.grid.height, c.grid.width);
        const SlowMerging slow(hierarchy, c.grid, {tree.leaves.label.begin(), tree.leaves.label.end()},
                               {tree.leaves.node.begin(), tree.leaves.node.end()}, tree.leaves.pieces,
                               C::forward);
        CHECK(static_cast<int>(slow.regions.size()) == tree.leaves.count());
        CHECK(fault_of_merges(slow, dht::WardOverBoundary(), tree, 1) == "");
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("merge tree: the same with any number of threads, by any neighbours", "[merging]",
                   dht::FourConnected, dht::EightConnected, SixConnected, Crossed, RowsApart) {
  check_threads<TestType>(1);
}

TEMPLATE_TEST_CASE("merge tree: every merge is the cheapest there is, by any neighbours", "[merging]",
                   dht::FourConnected, dht::EightConnected, SixConnected, Crossed, RowsApart) {
  check_against_slow_merging<TestType>(2);
}

TEST_CASE("merge tree: bundles of diagonals have a boundary wherever two of them cross", "[merging]") {
  Random random(3);
  MergeOptions options;
  options.start_level = 1;
  const Case c = picture_case(Picture::hatched, 48, 48, 0, random);
  const MergeTree tree = merge<dht::EightConnected>(c, dht::Ward(), options, {});
  CHECK(tree.leaves.count() == 94);  // 47 each way
  CHECK(boundaries<dht::EightConnected>(tree, c.grid) > 10 * 94);
  CHECK(tree.fewest() == 1);
}

TEST_CASE("merge tree: a hierarchy of other neighbours is refused", "[merging]") {
  Random random(4);
  const Case c = picture_case(Picture::noise, 20, 20, 0, random);
  MergeTree out;
  dht::MergeWorkspace workspace;
  MergeOptions options;
  options.start_level = 1;
  const auto tree = build_tree<double, RowsApart>(c.settings, c.values);
  CHECK(error_of([&] {
          dht::build_merge_tree(dht::backend::Cpu(1),
                                dht::PixelGrid<dht::EightConnected>{tree.height, tree.width}, tree,
                                dht::Ward(), options, {}, out, workspace);
        }) ==
        "hierarchy: has no edge between two regions that touch; must be built with the neighbours by "
        "which its regions merge");
}

TEST_CASE("merge tree: more boundaries than numbers for them are refused", "[merging]") {
  dht::detail::MergeGraph graph;
  graph.make_room(7);
  CHECK(graph.edge_count == 0);
  CHECK(graph.owner.size() == 14);
  CHECK(error_of([&] { graph.make_room((1 << 30) + 1); }) ==
        "regions to merge: have 1073741825 boundaries or more between them; at most 1073741824 are numbered");
}
