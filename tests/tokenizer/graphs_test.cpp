// SPDX-License-Identifier: MIT
// The slot Graph: other graphs give what pixel grids give, and what is no graph is refused.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <dht/graph/adjacency_graph.hpp>
#include <dht/graph/voxel_grid.hpp>
#include <dht/tokenizer.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/frozen_tree.hpp"
#include "kit/gradient_check.hpp"
#include "kit/graph_tokens.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::AdjacencyGraph;
using dht::AdjacencyLists;
using dht::Edge;
using dht::PixelGrid;
using dht::VoxelGrid;

template <class S, class G>
struct Policies : dht::ColourPolicies {
  using Scalar = S;
  using Graph = G;
  using Similarity = AnySimilarity;
  using Weighting = AnyWeighting;
  using Criterion = AnyCriterion;
};
template <class S, class G>
using Tokenizer = dht::Tokenizer<Policies<S, G>>;

/// The edges of a graph, those of a pixel grid for example, in an order of no meaning, some of them twice or backward.
template <class G>
std::vector<Edge> edges_of(const G& graph, Random& random) {
  std::vector<Edge> edges;
  for (std::int32_t v = 0; v < graph.vertices(); ++v)
    graph.for_each_neighbour(v, [&](std::int32_t u) {
      if (u > v || random.chance(0.2)) edges.push_back({v, u});
    });
  for (std::size_t i = 1; i < edges.size(); ++i)
    std::swap(edges[i], edges[static_cast<std::size_t>(random.below(static_cast<int>(i) + 1))]);
  return edges;
}

template <class S>
std::vector<S> positions_of(int height, int width) {
  std::vector<S> positions;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) positions.insert(positions.end(), {static_cast<S>(y), static_cast<S>(x)});
  return positions;
}

template <class S, class G>
Tokenizer<S, G> tokenizer_of(const TreeSettings& s) {
  dht::TokenizerParts<Policies<S, G>> parts{};
  parts.similarity = AnySimilarity(s.kernel, s.bandwidth);
  parts.weighting = AnyWeighting{s.by_similarity};
  parts.criterion = AnyCriterion(s.penalty, s.iota);
  parts.self_loop = loop_of<S>(s);
  parts.hierarchy = options_of(s);
  parts.merging.start_level = 1;
  parts.backend = dht::backend::Cpu(2);
  return Tokenizer<S, G>(parts);
}

TreeSettings any_settings(Random& random) {
  TreeSettings s;
  s.height = 1 + random.below(20);
  s.width = 1 + random.below(20);
  s.features = 1 + random.below(4);
  s.kernel = static_cast<Kernel>(random.below(4));
  s.compactness = random.uniform(0, 0.5);
  s.enough_regions = 1 + random.below(5);
  s.penalty = static_cast<Penalty>(random.below(4));
  if (random.chance(0.5))
    for (int c = 0; c < s.features; ++c) s.loop_weight.push_back(random.uniform(-2, 2));
  return s;
}

template <class S>
std::vector<S> numbers(std::size_t count, Random& random) {
  std::vector<S> all(count);
  for (S& number : all) number = static_cast<S>(random.uniform(-1, 1));
  return all;
}

/// All that two tokenizers of different graphs hold, compared bit for bit.
template <class One, class Other>
void check_same(One& one, Other& other, Random& random) {
  using S = typename One::Scalar;
  const auto& a = one.hierarchy();
  const auto& b = other.hierarchy();
  CHECK(a.begin == b.begin);
  CHECK(a.pixel_parent == b.pixel_parent);
  CHECK(a.pixel_similarity == b.pixel_similarity);
  CHECK(a.parent == b.parent);
  CHECK(a.size == b.size);
  CHECK(a.mean == b.mean);
  CHECK(a.variance == b.variance);
  CHECK(a.information == b.information);
  CHECK(a.chosen == b.chosen);
  CHECK(a.similarity == b.similarity);

  const auto check = [&](const auto& found, const auto& wanted) {
    CHECK(found.partition.labels == wanted.partition.labels);
    CHECK(found.partition.sources == wanted.partition.sources);
    CHECK(found.size == wanted.size);
    CHECK(found.feature == wanted.feature);
    const auto upstream = numbers<S>(found.feature.size(), random);
    const dht::MatrixView<const S> view{upstream.data(), found.count(), found.features};
    std::vector<S> of_one(a.pixel_features.size()), of_other(of_one.size());
    dht::SelfLoop<S> loop_of_one = one.gradients().self_loop, loop_of_other = loop_of_one;
    one.backward(view, loop_of_one, {of_one.data(), a.pixels(), a.features});
    other.backward(view, loop_of_other, {of_other.data(), b.pixels(), b.features});
    CHECK(of_one == of_other);
    CHECK(loop_of_one.weight == loop_of_other.weight);
    CHECK(loop_of_one.bias == loop_of_other.bias);
  };
  check(one.select(), other.select());
  const dht::OptimalCut<> optimal{dht::CodeLength{}, random.uniform(0, 30)};
  check(one.select(optimal), other.select(optimal));
  const std::int64_t count = 1 + random.below(static_cast<int>(a.pixels()));
  const dht::TokenBudget<> budget{dht::CodeLength{}, count};
  check(one.select(budget), other.select(budget));
  const dht::Penalty penalty{random.uniform(0, 1e-3)};
  check(one.tokens(penalty), other.tokens(penalty));
  check(one.tokens(1), other.tokens(1));
  const std::int64_t few = 1 + random.below(static_cast<int>(a.regions(1)));
  check(one.tokens(few), other.tokens(few));
  check(one.refine(2), other.refine(2));
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(a.pixels()));
  for (std::uint8_t& in : inside) in = random.chance(0.7);
  one.merge(dht::planar_view(std::as_const(inside).data(), 1, 1, a.height, a.width));
  other.merge(dht::planar_view(std::as_const(inside).data(), 1, 1, b.height, b.width));
  check(one.tokens(few), other.tokens(few));
}

static_assert(dht::concepts::graph<PixelGrid<dht::EightConnected>>);
static_assert(dht::concepts::graph<VoxelGrid<18>>);
static_assert(dht::concepts::graph<AdjacencyGraph<3, double>>);
static_assert(!dht::concepts::graph<dht::FourConnected>);

/// A random graph: points, each joined to some that are near, or to any; it may fall apart, or have no edges at all.
template <int dims>
struct RandomGraph {
  std::vector<double> positions;
  AdjacencyLists lists;

  RandomGraph(int vertices, Random& random)
      : positions(numbers<double>(static_cast<std::size_t>(vertices * dims), random)),
        lists(vertices, edges(vertices, random)) {}
  AdjacencyGraph<dims, double> graph() const& { return lists.template graph<dims, double>(positions, 0.3); }

  static std::vector<Edge> edges(int vertices, Random& random) {
    std::vector<Edge> all;
    const int count = random.chance(0.1) ? 0 : random.below(3 * vertices);
    const int reach = random.chance(0.5) ? 4 : vertices;
    for (int i = 0; i < count; ++i) {
      const std::int32_t a = random.below(vertices);
      all.push_back({a, std::clamp(a - reach + random.below(2 * reach + 1), 0, vertices - 1)});
    }
    return all;
  }
};

template <class Tree>
double cost_of_node(const Tree& tree, std::int64_t node) {
  const auto variance = tree.variance_of(node);
  const std::vector<double> all(variance.begin(), variance.end());
  return dht::CodeLength{}(tree.size[static_cast<std::size_t>(node)], all.data(), tree.features);
}

/// What a cut costs.
template <class Tree>
double cost_of(const Tree& tree, const dht::Partition& cut, double penalty) {
  double sum = 0;
  for (const dht::Source source : cut.sources) {
    sum += penalty;
    if (source < 0) continue;
    sum += cost_of_node(tree, source);
  }
  return sum;
}

/// The least that any cut costs, node by node from below.
template <class Tree>
double least_cost(const Tree& tree, double penalty) {
  std::vector<double> below(static_cast<std::size_t>(tree.nodes()), 0.0);
  for (std::int64_t i = 0; i < tree.regions(1); ++i)
    below[static_cast<std::size_t>(i)] = penalty * tree.size[static_cast<std::size_t>(i)];
  double sum = 0;
  for (std::int64_t i = 0; i < tree.nodes(); ++i) {
    const double least = std::min(below[static_cast<std::size_t>(i)], cost_of_node(tree, i) + penalty);
    const std::int64_t up = tree.parent_node(i);
    (up < 0 ? sum : below[static_cast<std::size_t>(up)]) += least;
  }
  return sum;
}

/// Random images as graphs of another kind: `check(grid, settings, features, wanted, random)` builds one, and compares.
template <class S, class Grid, class Check>
void compare_with_grid(const Check& check) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const TreeSettings s = any_settings(random);
    const Pattern pattern = all_patterns[seed % std::size(all_patterns)];
    CAPTURE(seed, s.height, s.width, name_of(pattern));
    const auto rows = rows_of<S>(planes(pattern, 1, s.features, s.height, s.width, random), 1, s.features);
    const Grid grid{s.height, s.width};
    const dht::FeatureView<const S> features(rows.data(), grid.vertices(), s.features, s.features);
    auto wanted = tokenizer_of<S, Grid>(s);
    wanted.build(grid, features);
    check(grid, s, features, wanted, random);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("graphs: lists of a pixel grid's edges give what the pixel grid gives", "[tokenizer]",
                   (std::pair<float, dht::FourConnected>), (std::pair<double, dht::FourConnected>),
                   (std::pair<float, dht::EightConnected>), (std::pair<double, dht::EightConnected>)) {
  using S = typename TestType::first_type;
  using Grid = PixelGrid<typename TestType::second_type>;
  compare_with_grid<S, Grid>(
      [](const Grid& grid, const TreeSettings& s, const auto& features, auto& wanted, Random& random) {
        const AdjacencyLists lists(grid.vertices(), edges_of(grid, random));
        const auto positions = positions_of<float>(s.height, s.width);
        auto listed = tokenizer_of<S, AdjacencyGraph<2>>(s);
        listed.build(lists.template graph<2, float>(positions), features);
        check_same(listed, wanted, random);
      });
}

TEMPLATE_TEST_CASE("graphs: a volume of one layer is an image", "[tokenizer]",
                   (std::pair<VoxelGrid<6>, dht::FourConnected>),
                   (std::pair<VoxelGrid<18>, dht::EightConnected>),
                   (std::pair<VoxelGrid<26>, dht::EightConnected>)) {
  using Grid = PixelGrid<typename TestType::second_type>;
  compare_with_grid<double, Grid>(
      [](const Grid&, const TreeSettings& s, const auto& features, auto& wanted, Random& random) {
        auto volume = tokenizer_of<double, typename TestType::first_type>(s);
        volume.build({1, s.height, s.width, {3, 1, 1}}, features);
        check_same(volume, wanted, random);
      });
}

TEMPLATE_TEST_CASE_SIG("graphs: any graph is cut into connected tokens, as many as are asked for",
                       "[tokenizer]", ((int dims), dims), 0, 1, 2, 3) {
  using G = AdjacencyGraph<dims, double>;
  int apart = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    TreeSettings s = any_settings(random);
    const int vertices = 1 + random.below(60);
    CAPTURE(seed, vertices);
    const RandomGraph<dims> of(vertices, random);
    const G graph = of.graph();
    graph.check();
    const int parts = parts_of_graph(graph, std::vector<std::int32_t>(static_cast<std::size_t>(vertices), 0));
    apart += parts > 1;
    const auto rows = numbers<double>(static_cast<std::size_t>(vertices * s.features), random);
    auto tokenizer = tokenizer_of<double, G>(s);
    tokenizer.build(graph, {rows.data(), vertices, s.features, s.features});
    const auto& tree = tokenizer.hierarchy();
    CHECK(tree.regions(tree.levels() - 1) == parts);
    for (int level = 0; level < tree.levels(); ++level)
      CHECK(parts_of_graph(graph, tree.labels(level)) == tree.regions(level));

    CHECK(fault_of_tokens(graph, tokenizer.select()).empty());
    for (const double penalty : {0.3, 3.0, 30.0}) {
      const auto& optimal = tokenizer.select(dht::OptimalCut<>{dht::CodeLength{}, penalty});
      CHECK(fault_of_tokens(graph, optimal).empty());
      CHECK(cost_of(tree, optimal.partition, penalty) ==
            Catch::Approx(least_cost(tree, penalty)).margin(1e-9));
    }
    CHECK(tokenizer.select(dht::OptimalCut<>{dht::CodeLength{}, 1e9}).count() == parts);
    CHECK(fault_of_tokens(graph, tokenizer.tokens(dht::Penalty{1e-3})).empty());
    for (int count = 1; count <= vertices; count += 1 + random.below(6)) {
      CAPTURE(count);
      CHECK(tokenizer.tokens(count).count() == std::max(count, parts));
      CHECK(fault_of_tokens(graph, tokenizer.tokens(count)).empty());
      CHECK(fault_of_tokens(graph, tokenizer.refine(2)).empty());
      CHECK(tokenizer.tokens(count).count() == std::max(count, parts));
      if (count < parts) continue;
      CHECK(tokenizer.select(dht::TokenBudget<>{dht::CodeLength{}, count}).count() == count);
      CHECK(fault_of_tokens(graph, tokenizer.select(dht::TokenBudget<>{dht::CodeLength{}, count})).empty());
    }
  }
  CHECK(apart > 10);
}

TEMPLATE_TEST_CASE_SIG("graphs: gradients are those of differences", "[tokenizer]", ((int dims), dims), 0, 1,
                       2, 3) {
  using G = AdjacencyGraph<dims, double>;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    TreeSettings s = any_settings(random);
    s.kernel = Kernel::gaussian;
    s.enough_regions = 2;
    const int vertices = 30 + random.below(30);
    CAPTURE(seed, vertices);
    const RandomGraph<dims> of(vertices, random);
    const G graph = of.graph();
    auto rows = numbers<double>(static_cast<std::size_t>(vertices * s.features), random);
    auto tokenizer = tokenizer_of<double, G>(s);
    tokenizer.build(graph, {rows.data(), vertices, s.features, s.features});
    const auto& tree = tokenizer.hierarchy();
    const auto& tokens =
        tokenizer.select(dht::OptimalCut<>{dht::CodeLength{}, 1e9});  // whole parts: all of the tree
    const auto upstream = numbers<double>(tokens.feature.size(), random);
    std::vector<double> found(rows.size());
    dht::SelfLoop<double> loop = loop_of<double>(s), found_loop = tokenizer.gradients().self_loop;
    tokenizer.backward({upstream.data(), tokens.count(), s.features}, found_loop,
                       {found.data(), vertices, s.features});
    const auto loss = [&] {
      const auto frozen = FrozenTree::of(graph, tree, AnySimilarity(s.kernel, s.bandwidth),
                                         AnyWeighting{s.by_similarity}, loop, s.compactness, rows);
      double sum = 0;
      for (std::int32_t t = 0; t < tokens.count(); ++t) {
        const dht::Source source = tokens.partition.sources_of(t)[0];
        for (int c = 0; c < s.features; ++c) {
          const auto i = static_cast<std::size_t>((source < 0 ? -1 - source : source) * s.features + c);
          sum += upstream[static_cast<std::size_t>(t * s.features + c)] *
                 (source < 0 ? rows[i] : frozen.mean[i]);
        }
      }
      return sum;
    };
    dht::ParameterList<double> values = dht::parameters(loop), slopes = dht::parameters(found_loop);
    values.push_back({"features", {vertices, s.features}, rows});
    slopes.push_back({"features", {vertices, s.features}, found});
    GradientCheckOptions options;
    options.most_entries = 20;
    options.step = 5e-4;
    options.tolerance = 1e-6;
    options.floor = 0.05 * largest_entry(slopes);
    const GradientReport report = check_gradients(loss, values, slopes, options);
    INFO(report.table());
    CHECK(report.good());
  }
}

TEST_CASE("graphs: what is no graph is refused in one sentence", "[tokenizer]") {
  const auto error = [](std::vector<std::int64_t> begin, std::vector<std::int32_t> neighbours,
                        std::vector<float> positions = {}, double spacing = 1) {
    if (positions.empty()) positions.assign(begin.empty() ? 0 : begin.size() - 1, 0.f);
    return error_of([&] { AdjacencyGraph<1>{begin, neighbours, positions, spacing}.check(); });
  };
  CHECK(error({0, 1, 2}, {1, 0}) == "(no error)");
  CHECK(error({}, {}) == "graph: has no vertices");
  CHECK(error({0}, {}) == "graph: has no vertices");
  CHECK(error({0, 0, 0}, {}) == "(no error)");
  CHECK(error({0, 1, 1}, {1, 0}) ==
        "graph: its lists are from 0 to 1; must be from 0 to 2, the number of neighbours");
  CHECK(error({0, 1, 0, 2}, {1, 0}) == "graph: the list of vertex 1 ends before it begins");
  CHECK(error({0, 9, 2}, {1, 0}) == "graph: the list of vertex 0 ends at 9, beyond all neighbours");
  CHECK(error({0, 1, 2}, {1, 2}) == "graph: vertex 1 has a neighbour 2; there are 2 vertices");
  CHECK(error({0, 1, 2}, {-1, 0}) == "graph: vertex 0 has a neighbour -1; there are 2 vertices");
  CHECK(error({0, 1, 2}, {0, 0}) == "graph: vertex 0 is its own neighbour");
  CHECK(error({0, 2, 4}, {1, 1, 0, 0}) ==
        "graph: the neighbours of vertex 0 are not in ascending order, each once");
  CHECK(error({0, 1, 1}, {1}) ==
        "graph: vertex 1 is a neighbour of 0, but 0 is none of 1; edges must be in both lists");
  CHECK(error({0, 0, 1}, {0}) ==
        "graph: vertex 0 is a neighbour of 1, but 1 is none of 0; edges must be in both lists");
  CHECK(error({0, 0, 1, 2}, {2, 0}) ==
        "graph: vertex 0 is a neighbour of 2, but 2 is none of 0; edges must be in both lists");
  CHECK(error({0, 1, 1, 3}, {2, 0, 1}) ==
        "graph: vertex 1 is a neighbour of 2, but 2 is none of 1; edges must be in both lists");
  CHECK(error({0, 1, 2, 3}, {1, 0, 1}) ==
        "graph: vertex 1 is a neighbour of 2, but 2 is none of 1; edges must be in both lists");
  CHECK(error({0, 1, 2}, {1, 0}, {0, std::numeric_limits<float>::quiet_NaN()}) ==
        "graph: the position of vertex 1 is not finite");
  CHECK(error({0, 1, 2}, {1, 0}, {0, 1, 2}) ==
        "graph: has 3 coordinates; must have 1 for each of 2 vertices");
  CHECK(error({0, 1, 2}, {1, 0}, {0, 1}, 0) == "spacing: is 0; must be above 0 and finite");
  CHECK(error_of([] {
          AdjacencyLists(3, std::vector<Edge>{{0, 3}});
        }) == "edge: ends at vertex 3; there are 3 vertices");
  CHECK(error_of([] {
          (VoxelGrid<6>{0, 2, 2}).check();
        }) == "voxel grid: is 0 x 2 x 2; must be at least 1 x 1 x 1");
  CHECK(error_of([] {
          (VoxelGrid<6>{2048, 1024, 1024}).check();
        }) == "voxel grid: is 2048 x 1024 x 1024; at most 2147483646 voxels are numbered");
  CHECK(error_of([] {
          (VoxelGrid<6>{1, 2, 2, {1, 0, 1}}).check();
        }) == "spacing: is 0; must be above 0 and finite");
  CHECK(error_of([] { (PixelGrid<>{0, 2}).check(); }) == "pixel grid: is 0 x 2; must be at least 1 x 1");

  const std::vector<Edge> edges{{0, 1}, {1, 0}, {1, 1}, {0, 1}};  // parallel, one-sided, a loop
  const AdjacencyLists lists(3, edges);
  CHECK(std::vector<std::int64_t>(lists.begin().begin(), lists.begin().end()) ==
        std::vector<std::int64_t>{0, 1, 2, 2});
  CHECK(std::vector<std::int32_t>(lists.neighbours().begin(), lists.neighbours().end()) ==
        std::vector<std::int32_t>{1, 0});

  dht::Tokenizer<Policies<float, AdjacencyGraph<>>> tokenizer;
  const std::vector<float> features{1, 2, std::numeric_limits<float>::infinity()};
  const auto built = [&](std::int64_t rows, int columns) {
    return error_of([&] { tokenizer.build(lists.graph(), {features.data(), rows, columns, columns}); });
  };
  CHECK(built(3, 1) == "features: column 0 of vertex 2 is inf; must be finite");
  CHECK(built(2, 1) == "features: are 2 x 1; must be 3 rows, one a vertex, of at least 1 column");
  CHECK(built(3, 0) == "features: are 3 x 0; must be 3 rows, one a vertex, of at least 1 column");
  CHECK(error_of([&] { tokenizer.select(); }) == "hierarchy: is empty; build it first");
}

TEST_CASE("graphs: features of any layout, and volumes with unequal spacing", "[tokenizer]") {
  Random random(5);
  const VoxelGrid<26> grid{5, 6, 7, {2.5, 1, 1}};
  const auto n = static_cast<std::size_t>(grid.vertices());
  const auto planes = numbers<float>(2 * n, random);
  std::vector<float> rows(2 * n);
  for (std::size_t v = 0; v < n; ++v)
    for (std::size_t c = 0; c < 2; ++c) rows[2 * v + c] = planes[c * n + v];
  TreeSettings s;
  s.compactness = 0.3;
  auto by_planes = tokenizer_of<float, VoxelGrid<26>>(s), by_rows = by_planes;
  by_planes.build(grid, {planes.data(), grid.vertices(), 2, 1, grid.vertices()});
  by_rows.build(grid, {rows.data(), grid.vertices(), 2, 2});
  check_same(by_planes, by_rows, random);

  // A voxel of 2.5 x 1 x 1 is 1.84 of the side of its cube deep: 4 layers apart are farther than 4 columns.
  const auto across = grid.sides(joined(grid.extent(0), grid.extent(4 * 6 * 7)));
  CHECK(across == Catch::Approx(4 * 2.5 / std::cbrt(2.5)));
  auto even = tokenizer_of<float, VoxelGrid<26>>(s);
  even.build({5, 6, 7}, {rows.data(), grid.vertices(), 2, 2});
  CHECK(even.hierarchy().pixel_similarity != by_rows.hierarchy().pixel_similarity);
}
