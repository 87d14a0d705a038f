// SPDX-License-Identifier: MIT
// What a graph is: the slot `Graph` of a tokenizer's policies.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>

namespace dht {

/// Two neighbouring vertices or regions, low < high.
struct Edge {
  std::int32_t low, high;
  friend bool operator==(const Edge&, const Edge&) = default;
};

namespace detail {

/// Any visitor of neighbours.
struct Visitor {
  void operator()(std::int32_t) const {}
};

}  // namespace detail

namespace concepts {

/// An undirected graph over the vertices 0 to `vertices()` - 1.
template <class G>
concept graph = std::copyable<G> &&
    requires(const G g, std::int32_t vertex, const typename G::Extent& extent) {
  /// The smallest box around vertices: `Box`, `Extent<T, dimensions>`, or `NoExtent` where there are no positions.
  typename G::Extent;
  { g.vertices() } -> std::convertible_to<std::int64_t>;
  /// Calls `visit(neighbour)` for every neighbour of a vertex, in ascending order, each once, the vertex itself never. Who
  /// is a neighbour of whom is mutual.
  g.for_each_neighbour(vertex, detail::Visitor{});
  /// The box around one vertex.
  { g.extent(vertex) } -> std::same_as<typename G::Extent>;
  /// How many dimensions the positions span: 0 to 3.
  { g.dimensions() } -> std::convertible_to<int>;
  /// The sum of a box's sides, high - low, in units of the room that a vertex takes; 0 around one vertex.
  { g.sides(extent) } -> std::convertible_to<double>;
  /// The middle of a vertex, in the same units; what is above `dimensions()` is 0.
  { g.centre(vertex) } -> std::convertible_to<std::array<double, 3>>;
  /// Throws dht::Error for a graph that is not one, or too large.
  g.check();
};

}  // namespace concepts

namespace detail {

/// Throws dht::Error for a number of vertices that 31 bits do not hold, or none.
inline void check_vertices(std::int64_t vertices) {
  constexpr std::int64_t most = (std::int64_t{1} << 31) - 2;
  DHT_EXPECTS(vertices >= 1, "graph: has no vertices");
  DHT_EXPECTS(vertices <= most, "graph: has ", vertices, " vertices; at most ", most, " are numbered");
}

/// All edges of a graph, by their lower vertex, then by the higher one. Throws dht::Error for more than 31 bits number.
template <concepts::graph G>
void list_edges(const G& graph, Buffer<Edge>& edges) {
  constexpr std::size_t most = (std::size_t{1} << 31) - 1;
  edges.clear();
  const auto vertices = static_cast<std::int32_t>(graph.vertices());
  for (std::int32_t v = 0; v < vertices; ++v) {
    graph.for_each_neighbour(v, [&](std::int32_t u) {
      if (u > v) edges.push_back({v, u});
    });
    DHT_EXPECTS(edges.size() <= most, "graph: has more than ", most,
                " edges, which is as many as are numbered");
  }
}

}  // namespace detail
}  // namespace dht
