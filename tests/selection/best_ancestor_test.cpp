// SPDX-License-Identifier: MIT
// The paper's selection against its definition, pixel by pixel (method, section 5).
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <dht/selection/best_ancestor.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/partitions.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;

/// The node that each pixel takes, or -1 - p.
std::vector<std::int64_t> choices(const dht::Hierarchy<float>& tree, const dht::Buffer<float>& information,
                                  float pixel) {
  std::vector<std::int64_t> out;
  for (std::int64_t p = 0; p < tree.pixels(); ++p) {
    std::int64_t best = -1 - p;
    float most = pixel;
    for (std::int64_t node = tree.pixel_parent[static_cast<std::size_t>(p)]; node >= 0;
         node = tree.parent_node(node)) {
      if (information[static_cast<std::size_t>(node)] < most) continue;
      most = information[static_cast<std::size_t>(node)];
      best = node;
    }
    out.push_back(best);
  }
  return out;
}

}  // namespace

TEST_CASE("best ancestor: every pixel takes the best of its regions, and pieces are regions", "[selection]") {
  dht::BestAncestorWorkspace workspace;
  dht::Partition partition;
  int in_pieces = 0, own_pixels = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    TreeSettings s;
    s.height = 1 + random.below(24);
    s.width = 1 + random.below(24);
    s.features = 2;
    const auto tree = build_tree<float>(s, planes(all_patterns[seed % 6], 1, 2, s.height, s.width, random));
    const Grid grid{1, s.height, s.width, false};
    // As the tree was built; by another criterion; by numbers drawn at random, which leave holes in regions.
    for (const int kind : {0, 1, 2}) {
      CAPTURE(seed, kind);
      dht::Buffer<float> information = tree.information;
      float pixel = dht::Aicc().pixel_information<float>(tree.pixels());
      if (kind == 1) information = dht::information_of(tree, dht::Bic(0.5));
      if (kind == 2) {
        for (float& value : information) value = static_cast<float>(random.below(4));  // with ties
        pixel = static_cast<float>(random.below(4));
      }
      dht::best_ancestor(dht::backend::Cpu(1 + int(seed % 2)),
                         dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, information,
                         pixel, partition, workspace);
      const auto wanted = choices(tree, information, pixel);
      const auto labels = flood_fill(grid, [&](int p, int q) {
        return wanted[static_cast<std::size_t>(p)] == wanted[static_cast<std::size_t>(q)];
      });
      REQUIRE(std::equal(labels.begin(), labels.end(), partition.labels.begin(), partition.labels.end()));
      CHECK(fault_of(tree, grid, partition, false) == "");
      for (std::size_t p = 0; p < labels.size(); ++p)
        REQUIRE(partition.sources_of(labels[p])[0] == wanted[p]);
      const std::set<std::int64_t> different(wanted.begin(), wanted.end());
      in_pieces += static_cast<std::int64_t>(different.size()) < partition.regions;
      own_pixels += *different.begin() < 0;
    }
  }
  CHECK(in_pieces > 5);  // the images must have what they are for
  CHECK(own_pixels > 5);
}

TEST_CASE("best ancestor: in a tiny image of two colours pixels choose themselves", "[selection]") {
  // AICc's penalty at m = 2 is 23.3, at m = 6 below 0.4; a pixel of two has -sqrt(2).
  TreeSettings s;
  s.height = 1;
  s.width = 2;
  const auto tree = build_tree<float>(s, {0.0, 1.0});
  dht::Partition partition;
  dht::BestAncestorWorkspace workspace;
  const auto select = [&](const auto& of) {
    dht::best_ancestor(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{of.height, of.width}, of,
                       of.information, dht::Aicc().pixel_information<float>(of.pixels()), partition,
                       workspace);
  };
  select(tree);
  CHECK(partition.regions == 2);
  CHECK(partition.sources_of(0)[0] == dht::pixel_source(0));
  CHECK(partition.sources_of(1)[0] == -2);

  s.width = 1;
  select(build_tree<float>(s, {0.25}));
  CHECK(partition.regions == 1);
  CHECK(partition.sources_of(0)[0] == 0);  // tied with the pixel: the coarser one
}

TEST_CASE("best ancestor: information_of is the criterion's, and arguments are checked", "[selection]") {
  Random random(2);
  TreeSettings s;
  s.height = 9;
  s.width = 7;
  s.features = 3;
  const auto tree = build_tree<float>(s, planes(Pattern::blobs, 1, 3, 9, 7, random));
  CHECK(dht::information_of(tree, dht::Aicc()) == tree.information);
  const auto bic = dht::information_of(tree, dht::Bic(2));
  REQUIRE(static_cast<std::int64_t>(bic.size()) == tree.nodes());
  for (std::int64_t i = 0; i < tree.nodes(); ++i) {
    CHECK(bic[static_cast<std::size_t>(i)] ==
          dht::Bic(2).information(tree.size[static_cast<std::size_t>(i)], tree.variance_of(i).data(), 3, 63));
  }
  dht::Partition partition;
  dht::BestAncestorWorkspace workspace;
  const std::vector<float> few(3);
  const auto select = [&](const dht::Hierarchy<float>& of) {
    dht::best_ancestor(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{of.height, of.width}, of, few,
                       0, partition, workspace);
  };
  CHECK(error_of([&] { select(tree); }) ==
        "information: has 3 numbers; must have one for each of " + std::to_string(tree.nodes()) + " nodes");
  CHECK(error_of([&] { select({}); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([] { dht::detail::check_nodes(2147483647); }) == "(no error)");
  CHECK(error_of([] { dht::detail::check_nodes(2147483648); }) ==
        "hierarchy: has 2147483648 nodes; at most 2147483647 are numbered");
}
