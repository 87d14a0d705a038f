// SPDX-License-Identifier: MIT
// From a hierarchy to a label map, in three ways: best ancestor, optimal cut, and ten token budgets from one tree.
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/tokenizer.hpp>

#include "inputs.hpp"
#include "kit.hpp"
#include "naive_selection.hpp"

namespace {

using namespace dht::bench;

constexpr double penalty = 100;
constexpr std::array<std::int64_t, 10> budgets{16, 36, 64, 100, 144, 196, 256, 324, 400, 576};
constexpr int bytes = 4 + 4;  // a pixel: its region at level 1 is read, its label written

const dht::Hierarchy<float>& hierarchy(const benchmark::State& state) {
  static std::map<std::int64_t, dht::Hierarchy<float>> trees;
  const auto [place, fresh] = trees.try_emplace(state.range(0));
  if (fresh) {
    dht::Tokenizer<dht::DefaultPolicies> tokenizer(tokenizer_parts(1));
    place->second = tokenizer.build(view(photo(static_cast<int>(state.range(0)))));
  }
  return place->second;
}

/// Times `select(partition)`.
template <class Select>
void measure(benchmark::State& state, const Select& select) {
  dht::Partition partition;
  select(partition);
  for (auto _ : state) {
    select(partition);
    benchmark::ClobberMemory();
  }
  count(state, bytes);
  if (partition.regions > 0) state.counters["regions"] = partition.regions;
}

std::int32_t best_ancestor(const dht::Hierarchy<float>& tree, const dht::backend::Cpu& backend,
                           dht::Partition& out, dht::BestAncestorWorkspace& workspace) {
  const dht::Aicc criterion(weights().iota);
  dht::best_ancestor(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree,
                     tree.information, criterion.pixel_information<float>(tree.pixels()), out, workspace);
  return out.regions;
}

void best_ancestor(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  dht::BestAncestorWorkspace workspace;
  measure(state, [&](dht::Partition& out) { best_ancestor(tree, backend, out, workspace); });
}

/// Each pixel walks up the levels; flood fill finds the pieces.
void naive_best_ancestor(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  naive::Labels labels;
  for (auto _ : state) {
    std::vector<std::vector<std::int32_t>> levels;
    std::vector<std::vector<float>> information;
    for (int l = 0; l < tree.levels(); ++l) {
      levels.push_back(tree.labels(l));
      information.emplace_back();
      for (std::int64_t r = 0; r < tree.regions(l); ++r)
        information.back().push_back(l == 0 ? -static_cast<float>(tree.width)
                                            : tree.information[static_cast<std::size_t>(tree.node(l, r))]);
    }
    labels = naive::best_ancestor(levels, information, tree.width);
  }
  dht::Partition ours;
  dht::BestAncestorWorkspace workspace;
  best_ancestor(tree, dht::backend::Cpu(), ours, workspace);
  expect_close(state, "number of regions", labels.regions, ours.regions, 0);
  count(state, bytes);
}

/// All optimal cuts at once: what the cuts below are read from.
void nested_cuts(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  dht::NestedCuts cuts;
  measure(state, [&](dht::Partition&) { cuts.build(tree, dht::CodeLength()); });
}

void optimal_cut(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  dht::NestedCuts cuts;
  dht::CutWorkspace workspace;
  measure(state, [&](dht::Partition& out) {
    cuts.build(tree, dht::CodeLength());
    dht::optimal_cut(tree, cuts, penalty, out, workspace);
  });
}

/// Dynamic programming for one penalty; each pixel walks up to its region.
void naive_optimal_cut(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  naive::Labels labels;
  for (auto _ : state) {
    naive::OptimalCut cut(tree);
    cut.solve(penalty);
    labels = cut.labels();
  }
  dht::NestedCuts cuts;
  dht::CutWorkspace workspace;
  dht::Partition ours;
  cuts.build(tree, dht::CodeLength());
  dht::optimal_cut(tree, cuts, penalty, ours, workspace);
  expect_close(state, "number of regions", labels.regions, ours.regions, 0);
  count(state, bytes);
}

/// Ten label maps with exactly 16 to 576 tokens, the nested cuts computed once.
void ten_budgets(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  const dht::CodeLength cost;
  dht::NestedCuts cuts;
  dht::CutWorkspace workspace;
  measure(state, [&](dht::Partition& out) {
    cuts.build(tree, cost);
    for (const std::int64_t tokens : budgets)
      dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, cost,
                         tokens, out, workspace);
  });
}

/// Bisection over the penalty for each budget: at most so many tokens.
void naive_ten_budgets(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  naive::Labels labels;
  for (auto _ : state) {
    naive::OptimalCut cut(tree);
    for (const std::int64_t tokens : budgets) labels = naive::budget(cut, tokens);
  }
  expect_close(state, "number of regions", labels.regions, static_cast<double>(budgets.back()), 0.05);
  count(state, bytes);
}

BENCHMARK(best_ancestor)->Apply(sides_and_threads);
BENCHMARK(naive_best_ancestor)->Apply(small_sides);
BENCHMARK(nested_cuts)->Apply(sides);
BENCHMARK(optimal_cut)->Apply(sides);
BENCHMARK(naive_optimal_cut)->Apply(small_sides);
BENCHMARK(ten_budgets)->Apply(sides);
BENCHMARK(naive_ten_budgets)->Apply(small_sides);

}  // namespace
