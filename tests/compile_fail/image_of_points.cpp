// SPDX-License-Identifier: MIT
// An image is no cloud of points.
// expects: images need a PixelGrid as Policies::Graph; other graphs bring the features of their vertices
#include <dht/graph/adjacency_graph.hpp>
#include <dht/tokenizer.hpp>

struct Policies : dht::ColourPolicies {
  using Graph = dht::AdjacencyGraph<3>;
};

int main() {
  dht::Tokenizer<Policies> tokenizer;
  tokenizer(dht::ImageView<const float>{});
}
