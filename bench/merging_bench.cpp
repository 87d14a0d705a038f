// SPDX-License-Identifier: MIT
// From a hierarchy to any number of tokens: the merge tree, and ten cuts of it.
#include <array>
#include <cstdint>
#include <map>

#include <benchmark/benchmark.h>

#include <dht/tokenizer.hpp>

#include "inputs.hpp"
#include "kit.hpp"
#include "naive_merging.hpp"

namespace {

using namespace dht::bench;

constexpr std::array<std::int64_t, 10> counts{16, 36, 64, 100, 144, 196, 256, 324, 400, 576};
constexpr int bytes = 4 + 12;  // a pixel: its region at level 1 and its colour are read

const dht::Hierarchy<float>& hierarchy(const benchmark::State& state) {
  static std::map<std::int64_t, dht::Hierarchy<float>> trees;
  const auto [place, fresh] = trees.try_emplace(state.range(0));
  if (fresh) {
    dht::Tokenizer<dht::ColourPolicies> tokenizer;
    place->second = tokenizer.build(view(photo(static_cast<int>(state.range(0)))));
  }
  return place->second;
}

/// Merges the regions of a level by a linkage.
template <class Linkage>
void merge(benchmark::State& state, int level) {
  const auto& tree = hierarchy(state);
  const dht::backend::Cpu backend(1);
  dht::MergeTree merges;
  dht::MergeWorkspace workspace;
  dht::MergeOptions options;
  options.start_level = level;
  const auto once = [&] {
    dht::build_merge_tree(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree,
                          Linkage(), options, {}, merges, workspace);
  };
  once();
  for (auto _ : state) {
    once();
    benchmark::ClobberMemory();
  }
  count(state, bytes);
  state.counters["regions"] = merges.leaves.count();
}

void merge_tree(benchmark::State& state) { merge<dht::BoundaryLinkage>(state, 3); }
void merge_tree_ward_level_1(benchmark::State& state) { merge<dht::Ward>(state, 1); }

void naive_merge_tree(benchmark::State& state) {
  const auto& tree = hierarchy(state);
  std::pair<std::int64_t, double> naive;
  for (auto _ : state) naive = naive::Merging(tree, 3).run(dht::BoundaryLinkage());
  dht::MergeTree ours;
  dht::MergeWorkspace workspace;
  dht::build_merge_tree(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                        tree, dht::BoundaryLinkage(), {}, {}, ours, workspace);
  expect_close(state, "number of merges", static_cast<double>(naive.first),
               static_cast<double>(ours.merges.size()), 0);
  // Roundings differ, and with them ties: the last cost says whether the trees are about the same.
  expect_close(state, "cost of the last merge", naive.second, ours.merges.back().cost, 0.05);
  count(state, bytes);
}

/// Ten label maps with exactly 16 to 576 tokens from one merge tree, and what tokens know of themselves.
void ten_cuts(benchmark::State& state) {
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(view(photo(static_cast<int>(state.range(0)))));
  tokenizer.tokens(counts[0]);
  for (auto _ : state) {
    for (const std::int64_t tokens : counts) benchmark::DoNotOptimize(tokenizer.tokens(tokens).count());
  }
  count(state, 40);
}

BENCHMARK(merge_tree)->Apply(sides);
BENCHMARK(merge_tree_ward_level_1)->Apply(sides);
BENCHMARK(naive_merge_tree)->Apply(small_sides);
BENCHMARK(ten_cuts)->Apply(sides);

}  // namespace
