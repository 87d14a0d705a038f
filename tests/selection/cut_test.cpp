// SPDX-License-Identifier: MIT
// Cuts of least cost against all cuts there are, and token budgets against their definition.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/selection/cut.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/partitions.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::Hierarchy;
using dht::Partition;

/// A tree made by hand over one row of pixels: intervals that join at random, variances drawn at random, so
/// that a parent may even cost less than its parts.
Hierarchy<double> random_tree(Random& random) {
  Hierarchy<double> tree;
  tree.height = 1;
  tree.width = 1 + random.below(14);
  tree.features = 2;
  tree.pixel_features.assign(static_cast<std::size_t>(tree.width * 2), 0.5);
  std::vector<int> finer(static_cast<std::size_t>(tree.width)), labels(finer.size());
  for (std::size_t p = 0; p < finer.size(); ++p) finer[p] = static_cast<int>(p);
  tree.begin = {0};
  tree.edge_begin = {0, 0};
  const int rounds = random.below(4);
  const double consistent = random.chance(0.5) ? 1 : 0;
  for (int level = 0; level <= rounds; ++level) {
    const bool last = level == rounds;
    int next = -1;
    for (std::size_t p = 0; p < finer.size(); ++p) {
      const bool new_member = p == 0 || finer[p] != finer[p - 1];
      next += p == 0 || (!last && new_member && random.chance(0.5));
      labels[p] = next;
    }
    std::vector<int> size(static_cast<std::size_t>(next) + 1, 0), parent;
    for (std::size_t p = 0; p < finer.size(); ++p) {
      ++size[static_cast<std::size_t>(labels[p])];
      if (finer[p] == static_cast<int>(parent.size())) parent.push_back(labels[p]);
    }
    if (level == 0) {
      tree.pixel_parent.assign(parent.begin(), parent.end());
      parent.clear();
    }
    std::copy(parent.begin(), parent.end(), tree.parent.end() - static_cast<std::ptrdiff_t>(parent.size()));
    const auto below = static_cast<std::ptrdiff_t>(tree.size.size() - parent.size());
    for (std::size_t r = 0; r < size.size(); ++r) {
      const int m = size[r];
      // A region with one member only has its numbers.
      const auto member =
          std::find(parent.begin(), parent.end(), static_cast<int>(r)) - parent.begin() + below;
      const bool alone = level > 0 && tree.size[static_cast<std::size_t>(member)] == m;
      tree.size.push_back(m);
      tree.parent.push_back(-1);
      tree.box.push_back({});
      for (int c = 0; c < 2; ++c) {
        tree.mean.push_back(0);
        // Few different values: ties.
        const double drawn = m == 1 || random.chance(0.2) ? 0 : consistent * m * 0.01 + 0.1 * random.below(4);
        tree.variance.push_back(alone ? tree.variance[static_cast<std::size_t>(2 * member + c)] : drawn);
      }
    }
    tree.begin.push_back(static_cast<std::int64_t>(tree.size.size()));
    finer = labels;
  }
  return tree;
}

Hierarchy<double> tiny_image_tree(Random& random) {
  TreeSettings s;
  s.height = 1 + random.below(4);
  s.width = 1 + random.below(4);
  s.features = 2;
  s.enough_regions = 1;
  s.constant_loop = random.uniform(0.3, 1);
  const Pattern pattern = all_patterns[random.below(6)];
  return build_tree<double>(s, planes(pattern, 1, 2, s.height, s.width, random));
}

struct CutValue {
  double cost;
  std::int64_t regions;
};

template <class Cost>
double cost_of(const Hierarchy<double>& tree, std::int64_t node, const Cost& cost) {
  return cost(tree.size[static_cast<std::size_t>(node)], tree.variance_of(node).data(), tree.features);
}

/// Cost and number of regions of every cut below a node. A region of level 1 can give way to its pixels, which cost 0.
template <class Cost>
std::vector<CutValue> all_cuts(const Hierarchy<double>& tree, std::int64_t node, const Cost& cost) {
  std::vector<CutValue> below{{0, 0}};
  if (tree.level_of(node) == 1) {
    below = {{0, tree.size[static_cast<std::size_t>(node)]}};
  } else {
    for (std::int64_t child = 0; child < node; ++child) {
      if (tree.parent_node(child) != node) continue;
      const auto of_child = all_cuts(tree, child, cost);
      std::vector<CutValue> product;
      for (const CutValue& a : below) {
        for (const CutValue& b : of_child) product.push_back({a.cost + b.cost, a.regions + b.regions});
      }
      below = std::move(product);
    }
  }
  below.push_back({cost_of(tree, node, cost), 1});
  return below;
}

/// Cost and number of regions of a partition. Every region has one source.
template <class Cost>
CutValue value_of(const Hierarchy<double>& tree, const Partition& part, const Cost& cost) {
  CutValue out{0, part.regions};
  for (std::int32_t r = 0; r < part.regions; ++r) {
    const auto source = part.sources_of(r)[0];
    out.cost += source < 0 ? 0 : cost_of(tree, source, cost);
  }
  return out;
}

template <class Cost>
void check_optimal_cuts(const Hierarchy<double>& tree, const Cost& cost, Random& random) {
  const Grid grid{1, tree.height, tree.width, false};
  dht::NestedCuts cuts;
  cuts.build(tree, cost);
  dht::CutWorkspace workspace;
  const std::vector<CutValue> all = all_cuts(tree, tree.node(tree.levels() - 1, 0), cost);

  std::vector<double> penalties{0, 1e-9, 0.01, 0.3, 1, 10, 1e6, std::numeric_limits<double>::infinity()};
  for (int i = 0; i < 6; ++i) penalties.push_back(std::exp(random.uniform(-5, 4)));
  for (const double scale : cuts.scale()) penalties.push_back(scale);  // where cuts change
  std::sort(penalties.begin(), penalties.end());
  Partition finer, part;
  for (const double penalty : penalties) {
    CAPTURE(penalty);
    dht::optimal_cut(tree, cuts, penalty, part, workspace);
    CHECK(fault_of(tree, grid, part, true) == "");
    if (!finer.labels.empty()) CHECK(is_nested(finer.labels, part.labels));
    finer = part;
    const CutValue own = value_of(tree, part, cost);
    if (std::isinf(penalty)) {
      CHECK(own.regions == 1);
      continue;
    }
    double least = std::numeric_limits<double>::infinity();
    for (const CutValue& v : all) least = std::min(least, v.cost + penalty * static_cast<double>(v.regions));
    const double value = own.cost + penalty * static_cast<double>(own.regions);
    const double slack = 1e-12 * (1 + least);  // sums of a dozen numbers in another order
    CHECK(value <= least + slack);
    // Of equally good ones the coarsest; at a penalty where cuts change, rounding may take either side.
    std::int64_t fewest = own.regions;
    for (const CutValue& v : all) {
      if (v.cost + penalty * static_cast<double>(v.regions) <= least) fewest = std::min(fewest, v.regions);
    }
    const bool on_a_step = std::any_of(cuts.scale().begin(), cuts.scale().end(), [&](double s) {
      return s != 0 && std::abs(s - penalty) <= 1e-9 * penalty + 1e-12;
    });
    if (!on_a_step) CHECK(own.regions == fewest);
  }
}

/// A budget that an optimal cut meets must be met by that cut.
template <class Cost>
void check_budgets_on_nested_cuts(const Hierarchy<double>& tree, const Cost& cost) {
  dht::NestedCuts cuts;
  cuts.build(tree, cost);
  dht::CutWorkspace workspace;
  Partition optimal, budget;
  std::vector<double> penalties(cuts.scale().begin(), cuts.scale().end());
  for (const double scale : cuts.scale()) penalties.push_back(scale * 1.0000001);
  for (const double penalty : penalties) {
    dht::optimal_cut(tree, cuts, penalty, optimal, workspace);
    dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                       optimal.regions, budget, workspace);
    CAPTURE(penalty, optimal.regions);
    CHECK(budget.labels == optimal.labels);
  }
}

// The definition of a budget between two nested cuts: the parts of the one split that leads too far, merged one pair at
// a time by least increase of cost, then the smaller result, then the lower numbers.
struct Part {
  std::vector<std::int64_t> pixels;
  std::int64_t size;
  std::vector<double> mean, variance;
};

template <class Cost>
Part joined(const Part& a, const Part& b) {
  Part out = a;
  out.pixels.insert(out.pixels.end(), b.pixels.begin(), b.pixels.end());
  out.size += b.size;
  const double share_a = static_cast<double>(a.size) / static_cast<double>(out.size),
               share_b = static_cast<double>(b.size) / static_cast<double>(out.size);
  for (std::size_t c = 0; c < a.mean.size(); ++c) {
    out.mean[c] = share_a * a.mean[c] + share_b * b.mean[c];
    out.variance[c] = share_a * (a.variance[c] + std::pow(a.mean[c] - out.mean[c], 2)) +
                      share_b * (b.variance[c] + std::pow(b.mean[c] - out.mean[c], 2));
  }
  return out;
}

template <class Cost>
std::vector<std::int32_t> greedy(const Hierarchy<double>& tree, const Partition& coarse,
                                 const Partition& fine, std::int64_t tokens, const Cost& cost) {
  const Grid grid{1, tree.height, tree.width, false};
  const std::set<dht::Source> kept(coarse.sources.begin(), coarse.sources.end());
  std::vector<Part> parts;
  std::vector<int> group(fine.labels.size(), -1);  // parts by number, then, negative, what stays as it is
  for (std::int32_t r = 0; r < fine.regions; ++r) {
    const dht::Source source = fine.sources_of(r)[0];
    if (kept.contains(source)) continue;
    Part part{pixels_of(tree, source), 0, {}, {}};
    part.size = static_cast<std::int64_t>(part.pixels.size());
    for (int c = 0; c < tree.features; ++c) {
      part.mean.push_back(
          source < 0 ? tree.pixel_features[static_cast<std::size_t>((-1 - source) * tree.features + c)]
                     : tree.mean_of(source)[static_cast<std::size_t>(c)]);
      part.variance.push_back(source < 0 ? 0 : tree.variance_of(source)[static_cast<std::size_t>(c)]);
    }
    for (const auto p : part.pixels) group[static_cast<std::size_t>(p)] = static_cast<int>(parts.size());
    parts.push_back(part);
  }
  const auto price = [&](const Part& p) { return cost(p.size, p.variance.data(), tree.features); };
  for (std::int64_t regions = fine.regions; regions > tokens; --regions) {
    std::tuple<double, std::int64_t, int, int> best{std::numeric_limits<double>::infinity(), 0, 0, 0};
    for (const auto& [a, b] : touching(grid, group)) {
      if (a < 0) continue;
      const Part both = joined<Cost>(parts[static_cast<std::size_t>(a)], parts[static_cast<std::size_t>(b)]);
      best = std::min(best, {price(both) - price(parts[static_cast<std::size_t>(a)]) -
                                 price(parts[static_cast<std::size_t>(b)]),
                             both.size, a, b});
    }
    const auto [increase, size, a, b] = best;
    parts[static_cast<std::size_t>(a)] =
        joined<Cost>(parts[static_cast<std::size_t>(a)], parts[static_cast<std::size_t>(b)]);
    std::replace(group.begin(), group.end(), b, a);
  }
  // Numbers by first pixels, of parts and of what stays alike.
  std::map<std::pair<int, int>, std::int32_t> number;
  std::vector<std::int32_t> labels;
  for (std::size_t p = 0; p < group.size(); ++p) {
    const std::pair key{group[p], group[p] < 0 ? coarse.labels[p] : -1};
    labels.push_back(number.emplace(key, static_cast<std::int32_t>(number.size())).first->second);
  }
  return labels;
}

template <class Cost>
void check_every_budget(const Hierarchy<double>& tree, const Cost& cost, std::int64_t step = 1) {
  const Grid grid{1, tree.height, tree.width, false};
  dht::NestedCuts cuts;
  cuts.build(tree, cost);
  dht::CutWorkspace workspace;
  Partition part;
  for (std::int64_t tokens = 1; tokens <= tree.pixels(); tokens += step) {
    CAPTURE(tokens);
    dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost, tokens,
                       part, workspace);
    REQUIRE(part.regions == tokens);
    REQUIRE(fault_of(tree, grid, part, true) == "");
  }
}

}  // namespace

TEST_CASE("optimal cut: the least cost over all cuts of trees made by hand", "[selection]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    const auto tree = random_tree(random);
    CAPTURE(seed, tree.width, tree.levels());
    check_optimal_cuts(tree, dht::SquaredError{}, random);
    check_optimal_cuts(tree, dht::CodeLength(0.2), random);
    check_budgets_on_nested_cuts(tree, dht::SquaredError{});
  }
}

TEST_CASE("optimal cut: the least cost over all cuts of the trees of tiny images", "[selection]") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    Random random(seed);
    const auto tree = tiny_image_tree(random);
    CAPTURE(seed, tree.height, tree.width, tree.levels());
    check_optimal_cuts(tree, dht::SquaredError{}, random);
    check_optimal_cuts(tree, dht::CodeLength(), random);
    check_budgets_on_nested_cuts(tree, dht::CodeLength());
    check_every_budget(tree, dht::CodeLength());
    check_every_budget(tree, dht::SquaredError{});
  }
}

TEST_CASE("token budget: every number of tokens on small images of all kinds", "[selection]") {
  std::uint64_t seed = 0;
  for (const Pattern pattern : all_patterns) {
    for (const auto& [height, width] : {std::pair{9, 11}, {5, 7}, {1, 13}, {13, 1}}) {
      Random random(++seed);
      TreeSettings s;
      s.height = height;
      s.width = width;
      s.features = 3;
      CAPTURE(seed, name_of(pattern), height, width);
      check_every_budget(build_tree<double>(s, planes(pattern, 1, 3, height, width, random)),
                         dht::CodeLength());
    }
  }
}

TEST_CASE("token budget: some numbers of tokens on 64 x 64", "[selection]") {
  std::uint64_t seed = 20;
  for (const Pattern pattern : all_patterns) {
    Random random(++seed);
    TreeSettings s;
    s.height = s.width = 64;
    s.features = 3;
    CAPTURE(seed, name_of(pattern));
    check_every_budget(build_tree<double>(s, planes(pattern, 1, 3, 64, 64, random)), dht::CodeLength(), 585);
  }
}

TEST_CASE("token budget: between nested cuts one split is made in part, merged pair by pair", "[selection]") {
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    TreeSettings s;
    s.height = 3 + random.below(7);
    s.width = 3 + random.below(7);
    s.features = 2;
    // In noise no two pairs cost the same; in a constant image all do, and ties decide.
    const Pattern pattern = seed % 3 == 0   ? Pattern::constant
                            : seed % 3 == 1 ? Pattern::noise
                                            : Pattern::blobs;
    const auto tree = build_tree<double>(s, planes(pattern, 1, 2, s.height, s.width, random));
    const dht::CodeLength cost(0.1);
    dht::NestedCuts cuts;
    cuts.build(tree, cost);
    dht::CutWorkspace workspace;
    Partition coarse, fine, part;
    std::int64_t before = 1;
    for (const auto& split : cuts.splits()) {
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                         before, coarse, workspace);
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                         split.regions_after, fine, workspace);
      for (std::int64_t tokens = before + 1; tokens < split.regions_after; ++tokens) {
        CAPTURE(seed, before, tokens, split.regions_after);
        dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                           tokens, part, workspace);
        const auto wanted = greedy(tree, coarse, fine, tokens, cost);
        CHECK(std::equal(wanted.begin(), wanted.end(), part.labels.begin(), part.labels.end()));
        ++compared;
      }
      before = split.regions_after;
    }
    CHECK(before == tree.pixels());  // fully split, at last
  }
  CHECK(compared > 100);
}

TEST_CASE("token budget: regions may touch at corners where 8 neighbours count", "[selection]") {
  Random random(9);
  TreeSettings s;
  s.height = 8;
  s.width = 9;
  const auto tree =
      build_tree<float, dht::EightConnected>(s, planes(Pattern::checkerboard, 1, 1, 8, 9, random));
  REQUIRE(tree.regions(1) == 2);
  const dht::CodeLength cost;
  dht::NestedCuts cuts;
  cuts.build(tree, cost);
  dht::CutWorkspace workspace;
  Partition part;
  for (std::int64_t tokens = 1; tokens <= 72; ++tokens) {
    CAPTURE(tokens);
    dht::cut_to_budget(dht::PixelGrid<dht::EightConnected>{tree.height, tree.width}, tree, cuts, cost, tokens,
                       part, workspace);
    CHECK(part.regions == tokens);
    CHECK(fault_of(tree, Grid{1, 8, 9, true}, part, true) == "");
  }
}

TEST_CASE("cuts: a workspace that served another tree leaves no trace", "[selection]") {
  dht::NestedCuts reused;
  dht::CutWorkspace workspace;
  Partition part;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const auto tree = tiny_image_tree(random);
    const dht::CodeLength cost;
    dht::NestedCuts fresh;
    dht::CutWorkspace clean;
    Partition wanted;
    reused.build(tree, cost);
    fresh.build(tree, cost);
    CHECK(reused.scale() == fresh.scale());
    CHECK(reused.cost() == fresh.cost());
    for (const std::int64_t tokens : {std::int64_t{1}, (tree.pixels() + 1) / 2}) {
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, reused, cost,
                         tokens, part, workspace);
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, fresh, cost,
                         tokens, wanted, clean);
      CHECK(part.labels == wanted.labels);
      CHECK(part.sources == wanted.sources);
      CHECK(part.source_begin == wanted.source_begin);
    }
    dht::optimal_cut(tree, reused, 0.5, part, workspace);
    dht::optimal_cut(tree, fresh, 0.5, wanted, clean);
    CHECK(part.labels == wanted.labels);
    CHECK(part.sources == wanted.sources);
  }
}

TEST_CASE("cuts: arguments out of range", "[selection]") {
  Random random(1);
  TreeSettings s;
  s.height = 4;
  s.width = 5;
  const auto tree = build_tree<double>(s, planes(Pattern::noise, 1, 1, 4, 5, random));
  const dht::CodeLength cost;
  dht::NestedCuts cuts;
  CHECK(error_of([&] { cuts.build(Hierarchy<double>{}, cost); }) == "hierarchy: is empty; build it first");
  cuts.build(tree, cost);
  dht::CutWorkspace workspace;
  Partition part;
  const auto budget = [&](std::int64_t tokens) {
    return error_of([&] {
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                         tokens, part, workspace);
    });
  };
  CHECK(budget(0) == "tokens: is 0; must be 1 to 20, the number of pixels");
  CHECK(budget(-3) == "tokens: is -3; must be 1 to 20, the number of pixels");
  CHECK(budget(21) == "tokens: is 21; must be 1 to 20, the number of pixels");
  CHECK(budget(20) == "(no error)");
  const auto penalty = [&](double value) {
    return error_of([&] { dht::optimal_cut(tree, cuts, value, part, workspace); });
  };
  CHECK(penalty(-0.5) == "penalty: is -0.5; must be at least 0");
  CHECK(penalty(std::nan("")) == "penalty: is nan; must be at least 0");
  CHECK(penalty(0) == "(no error)");
}
