// SPDX-License-Identifier: MIT
// Edges between regions against brute force over all pairs of pixels, or of edges.
#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <dht/graph/region_graph.hpp>

#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"

namespace {

using dht::Edge;
using dht::test::Grid;
using dht::test::Random;
using Pairs = std::set<std::pair<std::int32_t, std::int32_t>>;

/// Blocks and specks of few values, as connected regions.
std::vector<std::int32_t> random_regions(const Grid& grid, Random& random) {
  std::vector<int> value(static_cast<std::size_t>(grid.pixels()));
  const int values = 1 + random.below(4), cell = 1 + random.below(5), seed = random.below(1 << 20);
  for (int p = 0; p < grid.pixels(); ++p) {
    Random hash(static_cast<std::uint64_t>(seed + (grid.image(p) * 1000 + grid.row(p) / cell) * 1000 +
                                           grid.column(p) / cell));
    value[static_cast<std::size_t>(p)] = random.chance(0.1) ? random.below(values) : hash.below(values);
  }
  return flood_fill(grid, [&](int p, int q) {
    return value[static_cast<std::size_t>(p)] == value[static_cast<std::size_t>(q)];
  });
}

/// As a set, checking on the way that each pair comes once, the lower region first, sorted by it.
Pairs checked(const dht::Buffer<Edge>& edges, std::size_t begin) {
  Pairs pairs;
  for (std::size_t i = begin; i < edges.size(); ++i) {
    CHECK(edges[i].low < edges[i].high);
    CHECK(pairs.emplace(edges[i].low, edges[i].high).second);
    if (i > begin) CHECK(edges[i - 1].low <= edges[i].low);
  }
  return pairs;
}

}  // namespace

TEMPLATE_TEST_CASE("region graph: every two touching regions once, from a label map", "[graph]",
                   dht::FourConnected, dht::EightConnected) {
  constexpr bool diagonals = std::is_same_v<TestType, dht::EightConnected>;
  dht::detail::RegionGraphWorkspace workspace;  // shared: what an earlier image left must not matter
  dht::RegionMembers pixels;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    Grid grid{1, 1 + random.below(20), 1 + random.below(20), diagonals};
    if (seed % 5 == 0) (seed % 2 ? grid.height : grid.width) = 1;
    const auto labels = random_regions(grid, random);
    const std::int32_t regions = *std::max_element(labels.begin(), labels.end()) + 1;
    CAPTURE(seed, grid.height, grid.width, regions);
    dht::Buffer<Edge> edges{{-1, -1}, {-2, -2}};  // what is there stays
    pixels.assign(labels.data(), grid.pixels(), regions);
    dht::append_region_edges<TestType>(labels.data(), grid.height, grid.width, pixels, workspace, edges);
    REQUIRE(edges.size() >= 2);
    CHECK(edges[0] == Edge{-1, -1});
    CHECK(checked(edges, 2) == touching(grid, labels));
  }
}

TEST_CASE("region members: every region's pixels in raster order", "[graph]") {
  dht::RegionMembers pixels;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const Grid grid{1 + random.below(2), 1 + random.below(15), 1 + random.below(15), false};
    const auto labels = random_regions(grid, random);
    const std::int32_t regions = *std::max_element(labels.begin(), labels.end()) + 1;
    pixels.assign(labels.data(), grid.pixels(), regions);
    REQUIRE(pixels.regions() == regions);
    REQUIRE(pixels.begin[0] == 0);
    REQUIRE(pixels.members.size() == labels.size());
    for (std::int32_t r = 0; r < regions; ++r) {
      std::vector<std::int32_t> wanted;
      for (int p = 0; p < grid.pixels(); ++p) {
        if (labels[static_cast<std::size_t>(p)] == r) wanted.push_back(p);
      }
      const auto begin = pixels.begin[static_cast<std::size_t>(r)],
                 end = pixels.begin[static_cast<std::size_t>(r) + 1];
      CHECK(std::vector<std::int32_t>(pixels.members.begin() + begin, pixels.members.begin() + end) ==
            wanted);
    }
  }
}

TEST_CASE("region graph: contracted edges equal brute force", "[graph]") {
  dht::detail::RegionGraphWorkspace workspace;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const int members = 1 + random.below(80);
    dht::Buffer<Edge> edges{{4, 2}};
    for (int i = random.below(200); i > 0; --i) {
      const int a = random.below(members), b = random.below(members);
      if (a != b) edges.push_back({std::min(a, b), std::max(a, b)});
    }
    const std::size_t end = edges.size();
    // Parents in the order of first members, as components are numbered.
    std::vector<std::int32_t> parent;
    std::int32_t regions = 0;
    for (int i = 0; i < members; ++i)
      parent.push_back(regions == 0 || random.chance(0.3) ? regions++ : random.below(regions));
    Pairs wanted;
    for (std::size_t i = 1; i < end; ++i) {
      const auto a = parent[static_cast<std::size_t>(edges[i].low)],
                 b = parent[static_cast<std::size_t>(edges[i].high)];
      if (a != b) wanted.emplace(std::min(a, b), std::max(a, b));
    }
    CAPTURE(seed, members, regions);
    dht::append_contracted_edges(edges.data() + 1, end - 1, parent.data(), regions, workspace, edges);
    CHECK(edges[0] == Edge{4, 2});
    CHECK(checked(edges, end) == wanted);
  }
}

TEST_CASE("region graph: more edges than numbers for them are refused", "[graph]") {
  dht::detail::RegionGraphWorkspace workspace;
  dht::Buffer<Edge> edges;
  CHECK(dht::test::error_of([&] {
          dht::append_contracted_edges(nullptr, std::size_t{1} << 31, nullptr, 3, workspace, edges);
        }) == "regions: have 2147483648 boundaries between them; at most 2147483647 are numbered");
}
