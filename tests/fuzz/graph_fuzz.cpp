// SPDX-License-Identifier: MIT
// Any graph: lists that are one or are refused; and the tokens of a random one, end to end: labels dense, in order and
// connected, exactly K, sizes, finite gradients.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/graph/adjacency_graph.hpp>
#include <dht/tokenizer.hpp>

#include "fuzz/fuzz.hpp"
#include "kit/graph_tokens.hpp"

namespace {

using dht::fuzz::Choices;
using dht::fuzz::expect;
using dht::fuzz::expect_none;
using dht::test::fault_of_tokens;

using Graph = dht::AdjacencyGraph<2>;
struct Policies : dht::ColourPolicies {
  using Graph = ::Graph;
};

/// Lists as they come; most are refused.
void check_lists(Choices& choices) {
  std::vector<std::int64_t> begin;
  std::vector<std::int32_t> neighbours;
  for (int i = choices.below(8); i > 0; --i) begin.push_back(choices.below(12) - 1);
  for (int i = choices.below(12); i > 0; --i) neighbours.push_back(choices.below(8) - 1);
  const std::vector<float> positions(2 * std::max<std::size_t>(begin.size(), 1) - 2, 1.f);
  const Graph graph{begin, neighbours, positions};
  if (!dht::fuzz::accepts([&] { graph.check(); })) return;
  for (std::int32_t v = 0; v < graph.vertices(); ++v)
    graph.for_each_neighbour(v, [&](std::int32_t u) {
      bool mutual = false;
      graph.for_each_neighbour(u, [&](std::int32_t w) { mutual |= w == v; });
      expect(u != v && mutual, "neighbours are mutual");
    });
}

class Run {
 public:
  explicit Run(Choices& choices)
      : vertices_(1 + choices.below(48)),
        lists_(vertices_, edges(choices, vertices_)),
        tokenizer_(parts(choices)) {
    const int levels = 1 + choices.below(8);
    for (std::int64_t i = 0; i < 3 * vertices_; ++i)
      features_.push_back(static_cast<float>(choices.byte() % levels) / 8.f);
    for (std::int64_t i = 0; i < 2 * vertices_; ++i) positions_.push_back(static_cast<float>(choices.byte()));
  }

  void all(Choices& choices) {
    const Graph graph = lists_.graph<2, float>(positions_, choices.between(0.01, 10));
    const auto& tree = tokenizer_.build(graph, {features_.data(), vertices_, 3, 3});
    const auto parts = static_cast<int>(tree.regions(tree.levels() - 1));
    for (int level = 0; level < tree.levels(); ++level)
      expect(dht::test::parts_of_graph(graph, tree.labels(level)) == tree.regions(level),
             "levels are connected");
    check(graph, tokenizer_.select());
    check(graph, tokenizer_.select(dht::OptimalCut<>{dht::CodeLength{}, choices.between(0, 100)}));
    check(graph, tokenizer_.tokens(dht::Penalty{choices.between(0, 0.001)}));
    const int count = 1 + choices.below(vertices_);
    check(graph, tokenizer_.tokens(count));
    expect(tokenizer_.tokens(count).count() == std::max(count, parts), "exactly K tokens");
    check(graph, tokenizer_.refine(1 + choices.below(3)));
    expect(tokenizer_.tokens(count).count() == std::max(count, parts), "the same K after refining");
  }

 private:
  static std::vector<dht::Edge> edges(Choices& choices, int vertices) {
    std::vector<dht::Edge> all;
    for (int i = choices.below(128); i > 0; --i)
      all.push_back({choices.below(vertices), choices.below(vertices)});
    return all;
  }

  static dht::TokenizerParts<Policies> parts(Choices& choices) {
    dht::TokenizerParts<Policies> parts{};
    parts.hierarchy.compactness = choices.between(0, 0.9);
    parts.hierarchy.enough_regions = 1 + choices.below(8);
    parts.merging.smallest = 1 + choices.below(3);
    parts.self_loop = dht::SelfLoop<float>::constant(choices.between(0, 1));
    return parts;
  }

  void check(const Graph& graph, const dht::Tokens<float, Graph::Extent>& tokens) {
    expect_none(fault_of_tokens(graph, tokens), "tokens of a graph");
    const std::vector<float> upstream(tokens.feature.size(), 1.f);
    std::vector<float> grad(features_.size());
    dht::SelfLoop<float> loop = tokenizer_.gradients().self_loop;
    tokenizer_.backward({upstream.data(), tokens.count(), 3}, loop, {grad.data(), vertices_, 3});
    for (const float value : grad) expect(std::isfinite(value), "gradients are finite");
  }

  int vertices_;
  dht::AdjacencyLists lists_;
  dht::Tokenizer<Policies> tokenizer_;
  std::vector<float> features_, positions_;
};

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  std::vector<Bytes> seeds;
  for (int kind = 0; kind < 2; ++kind)
    for (int pattern = 0; pattern < 4; ++pattern) {
      Bytes bytes{static_cast<std::uint8_t>(kind)};
      for (int i = 0; i < 500; ++i)
        bytes.push_back(static_cast<std::uint8_t>(pattern == 0   ? 1
                                                  : pattern == 1 ? i * 97
                                                  : pattern == 2 ? i
                                                                 : i * i));
      seeds.push_back(std::move(bytes));
    }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  if (choices.below(2) == 0)
    check_lists(choices);
  else
    Run(choices).all(choices);
  return 0;
}
