// SPDX-License-Identifier: MIT
// What holds for every hierarchy, on images too big for the reference; the queries, and the errors of each.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::Hierarchy;

/// What is wrong with a tree as a value, or "".
template <class S>
std::string fault_of(const Hierarchy<S>& tree, const Grid& grid) {
  if (tree.levels() < 2) return "has no levels";
  if (tree.pixels() != grid.pixels()) return "pixels";
  if (tree.regions(0) != tree.pixels()) return "regions(0)";
  if (tree.regions(tree.levels() - 1) != 1) return "regions(top)";
  std::vector<std::int32_t> finer;
  std::int64_t nodes = 0;
  for (int l = 0; l < tree.levels(); ++l) {
    const std::string at = " at level " + std::to_string(l);
    const auto labels = tree.labels(l);
    const std::string fault = dht::test::fault_of(grid, labels, tree.regions(l));
    if (!fault.empty()) return fault + at;
    if (l > 0 && !is_nested(finer, labels)) return "not nested" + at;
    finer = labels;
    if (l == 0) continue;
    nodes += tree.regions(l);
    const Extents e = extents(grid, labels, tree.regions(l));
    const auto touch = touching(grid, labels);
    for (std::int64_t r = 0; r < tree.regions(l); ++r) {
      const std::int64_t node = tree.node(l, r);
      const auto i = static_cast<std::size_t>(node), k = static_cast<std::size_t>(r);
      if (tree.level_of(node) != l) return "level_of" + at;
      if (tree.size[i] != e.size[k]) return "size" + at;
      if (tree.box[i] != e.box[k]) return "box" + at;
      if (!std::isfinite(tree.information[i])) return "information" + at;
      const bool top = l == tree.levels() - 1;
      if (tree.parent_node(node) != (top ? -1 : tree.node(l + 1, tree.parent[i]))) return "parent_node" + at;
      if ((tree.parent[i] == -1) != top) return "parent" + at;
      const auto chosen = tree.chosen[i], own = static_cast<std::int32_t>(r);
      if (chosen != own && !touch.contains({std::min(own, chosen), std::max(own, chosen)}))
        return "chosen" + at;
      if (!top && l + 1 < tree.levels() - 1) {  // the last round is by no choice
        if (tree.parent[i] != tree.parent[static_cast<std::size_t>(tree.node(l, chosen))])
          return "not joined with the chosen" + at;
      }
      for (int c = 0; c < tree.features; ++c) {
        const S v = tree.variance_of(node)[static_cast<std::size_t>(c)],
                m = tree.mean_of(node)[static_cast<std::size_t>(c)];
        if (!(v >= 0) || !std::isfinite(v) || !std::isfinite(m)) return "moments" + at;
      }
    }
    std::set<std::pair<std::int32_t, std::int32_t>> edges;
    for (const dht::Edge& edge : tree.edges_of(l)) {
      if (!edges.emplace(edge.low, edge.high).second) return "an edge twice" + at;
    }
    if (edges != touch) return "edges" + at;
  }
  if (tree.nodes() != nodes) return "nodes";
  for (int from = 1; from < tree.levels(); ++from) {
    for (int to = from; to < tree.levels(); ++to) {
      const auto up = tree.ancestors(from, to);
      if (static_cast<std::int64_t>(up.size()) != tree.regions(from)) return "ancestors: size";
      const auto fine = tree.labels(from), coarse = tree.labels(to);
      for (std::size_t p = 0; p < fine.size(); ++p) {
        if (up[static_cast<std::size_t>(fine[p])] != coarse[p]) return "ancestors";
      }
    }
  }
  return "";
}

/// Regions with one member only must not change at all: their information ties with the member's, and ties are decided
/// by level (method, section 5).
template <class S>
int changed_by_staying_apart(const Hierarchy<S>& tree) {
  int changed = 0;
  for (int l = 1; l + 1 < tree.levels(); ++l) {
    for (std::int64_t r = 0; r < tree.regions(l); ++r) {
      const std::int64_t node = tree.node(l, r), up = tree.parent_node(node);
      if (tree.size[static_cast<std::size_t>(node)] != tree.size[static_cast<std::size_t>(up)]) continue;
      const auto a = tree.variance_of(node), b = tree.variance_of(up);
      const auto m = tree.mean_of(node), n = tree.mean_of(up);
      changed +=
          !std::equal(a.begin(), a.end(), b.begin()) || !std::equal(m.begin(), m.end(), n.begin()) ||
          tree.information[static_cast<std::size_t>(node)] != tree.information[static_cast<std::size_t>(up)];
    }
  }
  return changed;
}

template <class S, dht::concepts::connectivity C>
void check_properties() {
  constexpr bool diagonals = std::is_same_v<C, dht::EightConnected>;
  std::uint64_t seed = diagonals ? 300 : 200;
  for (const Pattern pattern : all_patterns) {
    for (const auto& [height, width] : {std::pair{64, 96}, {33, 47}, {1, 300}, {300, 1}}) {
      Random random(++seed);
      TreeSettings s;
      s.height = height;
      s.width = width;
      s.features = 3;
      s.compactness = pattern == Pattern::noise ? 0.2 : 0.01;
      auto features = planes(pattern, 1, 3, height, width, random);
      CAPTURE(seed, name_of(pattern), height, width);
      const auto tree = build_tree<S, C>(s, features, 2);
      CHECK(fault_of(tree, Grid{1, height, width, diagonals}) == "");
      CHECK(changed_by_staying_apart(tree) == 0);
    }
  }
}

Hierarchy<double> some_tree() {
  Random random(1);
  TreeSettings s;
  s.height = 12;
  s.width = 9;
  s.features = 2;
  return build_tree<double>(s, planes(Pattern::noise, 1, 2, 12, 9, random));
}

}  // namespace

TEST_CASE("hierarchy: levels are nested partitions with the right sizes, boxes and edges, in double",
          "[hierarchy]") {
  check_properties<double, dht::FourConnected>();
}

TEST_CASE("hierarchy: levels are nested partitions with 8 neighbours, in float", "[hierarchy]") {
  check_properties<float, dht::EightConnected>();
}

TEST_CASE("hierarchy: a constant image has exactly its value and no variance, at every level",
          "[hierarchy]") {
  TreeSettings s;
  s.height = 150;
  s.width = 120;
  s.features = 3;
  s.compactness = 0.3;
  std::vector<double> features;
  for (const double value : {0.1, 0.7, 1e3})
    features.insert(features.end(), static_cast<std::size_t>(s.height * s.width), value);
  const auto tree = build_tree<float, dht::EightConnected>(s, features);
  for (std::int64_t node = 0; node < tree.nodes(); ++node) {
    REQUIRE(tree.mean_of(node)[0] == 0.1f);
    REQUIRE(tree.mean_of(node)[1] == 0.7f);
    REQUIRE(tree.mean_of(node)[2] == 1e3f);
    for (const float v : tree.variance_of(node)) REQUIRE(v == 0);
  }
}

TEST_CASE("hierarchy: the workspace of an earlier image leaves no trace", "[hierarchy]") {
  using Parts = dht::HierarchyParts<double, AnySimilarity, AnyWeighting, AnyCriterion>;
  const dht::SelfLoop<double> self_loop;
  const Parts parts{AnySimilarity(), AnyWeighting{}, AnyCriterion(), self_loop};
  const dht::backend::Cpu backend(1);
  Hierarchy<double> reused;
  dht::HierarchyWorkspace<double> workspace;
  Random random(5);
  for (const auto& [height, width, pattern] : {std::tuple{40, 30, Pattern::noise},
                                               {5, 7, Pattern::blobs},
                                               {1, 1, Pattern::noise},
                                               {30, 40, Pattern::blobs},
                                               {40, 30, Pattern::gradient}}) {
    const auto features = rows_of<double>(planes(pattern, 1, 2, height, width, random), 1, 2);
    Hierarchy<double> fresh;
    dht::HierarchyWorkspace<double> clean;
    for (auto* tree : {&reused, &fresh}) {
      tree->features = 2;
      tree->height = height;
      tree->width = width;
      tree->pixel_features = features;
      dht::build_hierarchy(backend, dht::PixelGrid<dht::FourConnected>{tree->height, tree->width}, parts, {},
                           *tree, tree == &fresh ? clean : workspace);
    }
    CHECK(reused.begin == fresh.begin);
    CHECK(reused.pixel_parent == fresh.pixel_parent);
    CHECK(reused.parent == fresh.parent);
    CHECK(reused.mean == fresh.mean);
    CHECK(reused.variance == fresh.variance);
    CHECK(reused.similarity == fresh.similarity);
    CHECK(reused.chosen == fresh.chosen);
    CHECK(reused.edges == fresh.edges);
    CHECK(reused.edge_begin == fresh.edge_begin);
    CHECK(reused.information == fresh.information);
  }
}

TEST_CASE("hierarchy: queries say what does not exist", "[hierarchy]") {
  const auto tree = some_tree();
  const std::string top = std::to_string(tree.levels() - 1), above = std::to_string(tree.levels());
  REQUIRE(tree.levels() == 5);
  CHECK(error_of([&] { (void)tree.regions(-1); }) == "level: -1 does not exist; must be 0 to " + top);
  CHECK(error_of([&] { (void)tree.regions(5); }) == "level: 5 does not exist; must be 0 to " + top);
  CHECK(error_of([&] { (void)tree.labels(5); }) == "level: 5 does not exist; must be 0 to " + top);
  CHECK(error_of([&] { (void)tree.labels(-2); }) == "level: -2 does not exist; must be 0 to " + top);
  CHECK(error_of([&] { (void)tree.node(0, 0); }) == "level: 0 does not exist; must be 1 to " + top);
  CHECK(error_of([&] { (void)tree.edges_of(0); }) == "level: 0 does not exist; must be 1 to " + top);
  CHECK(error_of([&] { (void)tree.edges_of(5); }) == "level: 5 does not exist; must be 1 to " + top);
  CHECK(error_of([&] { (void)tree.ancestors(0, 2); }) == "level: 0 does not exist; must be 1 to " + top);
  CHECK(error_of([&] { (void)tree.ancestors(3, 2); }) == "to: level 2 is not above level 3 of 5");
  CHECK(error_of([&] { (void)tree.ancestors(3, 5); }) == "to: level 5 is not above level 3 of 5");
  CHECK(error_of([&] { (void)tree.node(4, 2); }) == "region: 2 does not exist; level 4 has 1");
  CHECK(error_of([&] { (void)tree.node(4, -1); }) == "region: -1 does not exist; level 4 has 1");
  const std::string has = "; the hierarchy has " + std::to_string(tree.nodes());
  CHECK(error_of([&] { (void)tree.level_of(-1); }) == "node: -1 does not exist" + has);
  CHECK(error_of([&] { (void)tree.level_of(tree.nodes()); }) ==
        "node: " + std::to_string(tree.nodes()) + " does not exist" + has);
  CHECK(error_of([&] { (void)tree.parent_node(tree.nodes()); }) ==
        "node: " + std::to_string(tree.nodes()) + " does not exist" + has);
  std::vector<std::int32_t> room(3);
  CHECK(error_of([&] { tree.labels(1, room); }) == "out: has room for 3 labels; must have 108");

  const Hierarchy<double> empty;
  CHECK(empty.levels() == 0);
  CHECK(empty.nodes() == 0);
  CHECK(error_of([&] { (void)empty.regions(0); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { (void)empty.labels(0); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { (void)empty.edges_of(1); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { (void)empty.level_of(0); }) == "node: 0 does not exist; the hierarchy has 0");
}

TEST_CASE("hierarchy: what cannot be built on", "[hierarchy]") {
  TreeSettings s;
  s.height = 3;
  s.width = 5;
  s.features = 2;
  const std::vector<double> features(30, 0.0);
  const auto with = [&](auto change) {
    TreeSettings changed = s;
    change(changed);
    return error_of([&] { (void)build_tree<double>(changed, features); });
  };
  CHECK(with([](TreeSettings&) {}) == "(no error)");
  CHECK(with([](TreeSettings& c) { c.height = 4; }) == "pixel features: are 30 numbers; must be 40");
  CHECK(with([](TreeSettings& c) {
          c.loop_weight = {1, 2, 3};
        }) == "self-loop: is a map of 3 variances; must be of 2");
  CHECK(with([](TreeSettings& c) { c.enough_regions = 0; }) == "enough regions: is 0; must be at least 1");
  CHECK(with([](TreeSettings& c) { c.compactness = 1; }) ==
        "compactness: is 1; must be at least 0 and below 1");
  CHECK(with([](TreeSettings& c) { c.compactness = -1; }) ==
        "compactness: is -1; must be at least 0 and below 1");
  Hierarchy<double> tree;
  dht::HierarchyWorkspace<double> workspace;
  const dht::SelfLoop<double> self_loop;
  const dht::HierarchyParts<double, AnySimilarity, AnyWeighting, AnyCriterion> parts{
      AnySimilarity(), AnyWeighting{}, AnyCriterion(), self_loop};
  const auto build = [&] {
    dht::build_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                         parts, {}, tree, workspace);
  };
  CHECK(error_of(build) == "pixel grid: is 0 x 0; must be at least 1 x 1");
  tree.features = 1;
  tree.height = tree.width = 1 << 16;
  CHECK(error_of(build) == "pixel grid: has 1 x 4294967296 pixels; at most 2147483646 are numbered");
  tree.height = -1;
  CHECK(error_of(build) == "pixel grid: is -1 x 65536; must be at least 1 x 1");
  tree.height = tree.width = 1;
  tree.features = 0;
  CHECK(error_of(build) == "hierarchy: has no features to build on");
}

TEST_CASE("hierarchy: a failed build leaves nothing that could be misread", "[hierarchy]") {
  // The new image's shape with the old image's levels would send every query out of bounds.
  auto tree = some_tree();
  tree.height = 1000;
  dht::HierarchyWorkspace<double> workspace;
  const dht::SelfLoop<double> self_loop;
  const dht::HierarchyParts<double, AnySimilarity, AnyWeighting, AnyCriterion> parts{
      AnySimilarity(), AnyWeighting{}, AnyCriterion(), self_loop};
  const auto build = [&] {
    dht::build_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                         parts, {}, tree, workspace);
  };
  CHECK(error_of(build) == "pixel features: are 216 numbers; must be 18000");
  REQUIRE(tree.levels() == 0);
  CHECK(error_of([&] { (void)tree.labels(1); }) == "hierarchy: is empty; build it first");
}
