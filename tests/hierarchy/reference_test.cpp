// SPDX-License-Identifier: MIT
// The hierarchy and the paper's selection against sections 3 to 5 of the method written a second time, on random images.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dht/selection/best_ancestor.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"
#include "kit/reference_tree.hpp"

namespace {

using namespace dht::test;
using dht::Hierarchy;

// Real numbers: both sides add in an order of their own, which leaves about 1e-13 over ten levels of regions of a few
// hundred pixels. Near zero the error is relative to 1e-3: features are up to a few units large.
constexpr double tolerance = 1e-9, floor_of_values = 1e-3;

bool close(double found, double wanted) {
  return std::abs(found - wanted) <= tolerance * std::max(std::abs(wanted), floor_of_values);
}

/// The pixel that pixel p chose, from the library's number of a neighbour: neighbours in ascending order, where the
/// backward half of a pixel's neighbourhood counts even if the image ends before it.
int chosen_pixel(const Hierarchy<double>& tree, bool diagonals, int p) {
  const int choice = tree.pixel_choice[static_cast<std::size_t>(p)], w = tree.width;
  const int four[] = {-w, -1, 1, w}, eight[] = {-w - 1, -w, -w + 1, -1, 1, w - 1, w, w + 1};
  return p + (diagonals ? eight[choice] : four[choice]);
}

/// What differs between a tree and the reference, or "".
std::string difference(const Hierarchy<double>& tree, const ReferenceTree& reference) {
  if (tree.levels() != static_cast<int>(reference.levels.size())) {
    return "levels: " + std::to_string(tree.levels()) + ", not " + std::to_string(reference.levels.size());
  }
  for (int l = 0; l < tree.levels(); ++l) {
    const ReferenceLevel& level = reference.levels[static_cast<std::size_t>(l)];
    const std::string at = " at level " + std::to_string(l);
    if (tree.labels(l) != level.labels) return "labels" + at;
    if (tree.regions(l) != static_cast<std::int64_t>(level.regions.size())) return "regions" + at;
    for (std::size_t r = 0; r < level.regions.size(); ++r) {
      const ReferenceRegion& wanted = level.regions[r];
      if (l == 0) {
        if (tree.pixel_parent[r] != wanted.parent) return "parent" + at;
        if (!wanted.asked) continue;
        if (chosen_pixel(tree, reference.grid().diagonals, static_cast<int>(r)) != wanted.chosen)
          return "chosen" + at;
        if (!close(tree.pixel_similarity[r], wanted.similarity)) return "similarity" + at;
        continue;
      }
      const auto i = static_cast<std::size_t>(tree.node(l, static_cast<std::int64_t>(r)));
      if (tree.parent[i] != wanted.parent) return "parent" + at;
      if (tree.size[i] != wanted.size) return "size" + at;
      if (tree.box[i] != wanted.box) return "box" + at;
      if (!close(tree.information[i], wanted.information)) return "information" + at;
      if (tree.chosen[i] != (wanted.asked ? wanted.chosen : static_cast<int>(r))) return "chosen" + at;
      if (!close(tree.similarity[i], wanted.asked ? wanted.similarity : 1)) return "similarity" + at;
      for (std::size_t c = 0; c < wanted.mean.size(); ++c) {
        const auto node = static_cast<std::int64_t>(i);
        if (!close(tree.mean_of(node)[c], wanted.mean[c])) return "mean" + at;
        if (!close(tree.variance_of(node)[c], wanted.variance[c])) return "variance" + at;
      }
    }
    if (l == 0 || l == tree.levels() - 1) continue;
    std::set<std::pair<int, int>> edges;
    for (const dht::Edge& e : tree.edges_of(l)) {
      if (e.low >= e.high || !edges.emplace(e.low, e.high).second) return "an edge twice or backwards" + at;
      edges.emplace(e.high, e.low);
    }
    for (std::size_t r = 0; r < level.regions.size(); ++r) edges.emplace(int(r), int(r));
    if (edges != level.edges) return "edges" + at;
  }
  return "";
}

/// The partition of section 5, compared with the library's.
std::string difference(const dht::Partition& found, const Hierarchy<double>& tree,
                       const ReferenceTree& reference) {
  const auto choices = reference.choices();
  const auto labels = flood_fill(reference.grid(), [&](int p, int q) {
    return choices[static_cast<std::size_t>(p)] == choices[static_cast<std::size_t>(q)];
  });
  if (!std::equal(labels.begin(), labels.end(), found.labels.begin(), found.labels.end())) return "labels";
  for (std::size_t p = 0; p < labels.size(); ++p) {
    const auto sources = found.sources_of(labels[p]);
    if (sources.size() != 1) return "number of sources";
    const auto [level, region] = choices[p];
    if (sources[0] != (level == 0 ? -1 - std::int64_t{region} : tree.node(level, region))) return "source";
  }
  return "";
}

template <dht::concepts::connectivity C>
void compare_on(const TreeSettings& s, const std::vector<double>& features, std::uint64_t seed) {
  const ReferenceTree reference(s, std::is_same_v<C, dht::EightConnected>, features);
  const auto tree = build_tree<double, C>(s, features, 1 + static_cast<int>(seed % 3));
  CHECK(difference(tree, reference) == "");
  dht::Partition partition;
  dht::BestAncestorWorkspace workspace;
  const double pixel = AnyCriterion(s.penalty, s.iota).pixel_information<double>(tree.pixels());
  const dht::backend::Cpu backend(1 + static_cast<int>(seed % 2));
  dht::best_ancestor(backend, dht::PixelGrid<C>{tree.height, tree.width}, tree, tree.information, pixel,
                     partition, workspace);
  CHECK(difference(partition, tree, reference) == "");
}

void compare(const TreeSettings& s, bool diagonals, Pattern pattern, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> features = planes(pattern, 1, s.features, s.height, s.width, random);
  const double contrast = random.uniform(0.2, 3);
  for (double& f : features) f *= contrast;
  INFO("seed " << seed << ", " << name_of(pattern) << ", " << s.features << " x " << s.height << " x "
               << s.width << ", diagonals " << diagonals << ", kernel " << int(s.kernel) << ", criterion "
               << int(s.penalty) << ", compactness " << s.compactness << ", by similarity " << s.by_similarity
               << ", learned loop " << !s.loop_weight.empty());
  if (diagonals)
    compare_on<dht::EightConnected>(s, features, seed);
  else
    compare_on<dht::FourConnected>(s, features, seed);
}

void draw_options(TreeSettings& s, Random& random) {
  constexpr int features[] = {1, 3, 5, 8};
  constexpr double compactness[] = {0, 0.01, 0.3}, iota[] = {5, 1, 0.2};
  s.features = features[random.below(4)];
  // The cosine of single numbers is 1 for all of them, up to rounding: ties that nobody could predict.
  s.kernel = Kernel(random.below(s.features == 1 ? 3 : 4));
  s.bandwidth = random.uniform(0.3, 2);
  s.by_similarity = random.chance(0.6);
  s.penalty = Penalty(random.below(4));
  s.iota = iota[random.below(3)];
  s.compactness = compactness[random.below(3)];
  s.enough_regions = random.chance(0.5) ? 6 : 1;
  if (random.chance(0.5)) {
    for (int c = 0; c < s.features; ++c) s.loop_weight.push_back(random.uniform(-8, 8));
    s.loop_bias = random.uniform(-1, 1);
  } else {
    constexpr double loops[] = {0.5, 0.9, 0, 1};
    s.constant_loop = loops[random.below(4)];
  }
}

}  // namespace

TEST_CASE("hierarchy: equals the reference on images of every shape up to 4 x 4, and lines", "[hierarchy]") {
  std::uint64_t seed = 1000;
  const auto all = [&](int height, int width) {
    for (const Pattern pattern : all_patterns) {
      Random random(++seed);
      TreeSettings s;
      s.height = height;
      s.width = width;
      draw_options(s, random);
      compare(s, random.chance(0.4), pattern, seed);
    }
  };
  for (int height = 1; height <= 4; ++height) {
    for (int width = 1; width <= 4; ++width) all(height, width);
  }
  for (const int length : {5, 7, 8, 16, 17, 40, 65, 70}) {
    all(1, length);
    all(length, 1);
  }
}

TEST_CASE("hierarchy: equals the reference with options drawn at random", "[hierarchy]") {
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    Random random(seed);
    TreeSettings s;
    s.height = 2 + random.below(20);
    s.width = 2 + random.below(20);
    draw_options(s, random);
    const Pattern pattern = all_patterns[random.below(6)];
    compare(s, random.chance(0.4), pattern, seed);
  }
}

TEST_CASE("hierarchy: equals the reference on larger images, by the options of the paper", "[hierarchy]") {
  std::uint64_t seed = 5000;
  for (const Pattern pattern : all_patterns) {
    TreeSettings s;
    s.height = 37;
    s.width = 67;  // wider than a cache line of pixels
    s.features = 8;
    for (int c = 0; c < 8; ++c) s.loop_weight.push_back(1 - 0.5 * c);
    compare(s, false, pattern, ++seed);
    compare(s, true, pattern, ++seed);
  }
}

TEST_CASE("hierarchy: a 3 x 3 image by hand", "[hierarchy]") {
  // Two columns of 0 and one of 1. Equal neighbours have similarity 1, so every choice stays within its side; ties go to
  // the larger neighbour. 9 pixels are more than 6, and ceil(log2(3)) = 2 rounds are allowed, but two regions are few.
  TreeSettings s;
  s.height = s.width = 3;
  s.compactness = 0;
  const std::vector<double> values{0, 0, 1, 0, 0, 1, 0, 0, 1};
  const auto tree = build_tree<double>(s, values);
  REQUIRE(tree.levels() == 3);
  CHECK(tree.labels(1) == std::vector<std::int32_t>{0, 0, 1, 0, 0, 1, 0, 0, 1});
  CHECK(tree.labels(2) == std::vector<std::int32_t>(9, 0));
  // up 0, left 1, right 2, down 3
  CHECK(std::vector<int>(tree.pixel_choice.begin(), tree.pixel_choice.end()) ==
        std::vector<int>{3, 3, 3, 3, 3, 3, 2, 1, 0});
  CHECK(std::vector<double>(tree.pixel_similarity.begin(), tree.pixel_similarity.end()) ==
        std::vector<double>(9, 1));
  CHECK(std::vector<int>(tree.size.begin(), tree.size.end()) == std::vector<int>{6, 3, 9});
  CHECK(tree.box[0] == dht::Box{0, 0, 2, 1});
  CHECK(tree.box[1] == dht::Box{0, 2, 2, 2});
  CHECK(tree.box[2] == dht::Box{0, 0, 2, 2});
  CHECK(std::vector<double>(tree.mean.begin(), tree.mean.begin() + 2) == std::vector<double>{0, 1});
  CHECK(tree.mean[2] == Catch::Approx(1.0 / 3).epsilon(1e-15));
  CHECK(std::vector<double>(tree.variance.begin(), tree.variance.begin() + 2) == std::vector<double>{0, 0});
  CHECK(tree.variance[2] == Catch::Approx(2.0 / 9).epsilon(1e-15));
  CHECK(std::vector<int>(tree.parent.begin(), tree.parent.end()) == std::vector<int>{0, 0, -1});
  REQUIRE(tree.edges_of(1).size() == 1);
  CHECK(tree.edges_of(1)[0] == dht::Edge{0, 1});
  CHECK(tree.edges_of(2).empty());
}
