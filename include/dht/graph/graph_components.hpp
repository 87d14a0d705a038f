// SPDX-License-Identifier: MIT
// Connected components of any graph, of which some edges count.
#pragma once

#include <cstdint>

#include <dht/graph/graph.hpp>
#include <dht/graph/union_find.hpp>

namespace dht::detail {

/// Labels the components of a graph's vertices, where `linked(vertex, neighbour)` says which edges count. `labels` receives
/// dense numbers in the order of each component's smallest vertex; the number of components is returned.
template <concepts::graph G, class Linked>
std::int32_t graph_components(const G& graph, const Linked& linked, std::int32_t* labels) {
  const auto vertices = static_cast<std::int32_t>(graph.vertices());
  const UnionFind sets{labels};
  for (std::int32_t v = 0; v < vertices; ++v) {
    labels[v] = v;
    graph.for_each_neighbour(v, [&](std::int32_t u) {
      if (u < v && linked(v, u)) sets.unite(v, u);
    });
  }
  return number_components(labels, 0, vertices, 0);
}

}  // namespace dht::detail
