// SPDX-License-Identifier: MIT
// Vertices without neighbours, boxes and positions are no graph.
// expects: Policies::Graph does not satisfy dht::concepts::graph
#include <dht/tokenizer.hpp>

struct Lonely {
  using Extent = dht::NoExtent;
  std::int64_t vertices() const { return 1; }
};

struct Policies : dht::DefaultPolicies {
  using Graph = Lonely;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
