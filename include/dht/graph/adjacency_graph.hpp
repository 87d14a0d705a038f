// SPDX-License-Identifier: MIT
// Any graph, by the neighbours of each of its vertices: meshes, nearest neighbours of points, anybody's regions.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/extent.hpp>
#include <dht/graph/graph.hpp>

namespace dht {

namespace detail {

template <class T, int dimensions>
struct ExtentOf {
  using type = dht::Extent<T, dimensions>;
};
template <class T>
struct ExtentOf<T, 0> {
  using type = NoExtent;
};

}  // namespace detail

/// A view on a graph in compressed sparse rows: the neighbours of vertex v are `neighbours[begin[v]]` up to, not including,
/// `neighbours[begin[v + 1]]`. Each list is in ascending order; whoever is in another's list has that other in its own; none
/// has itself. `AdjacencyLists` makes such lists of any edges. The memory must outlive what looks at the graph.
///
/// Positions, where there are any, are `dims` numbers a vertex, `Position` float or double, in any unit; `spacing` is the
/// side of the room that a vertex takes, in that unit.
template <int dims = 0, class Position = float>
struct AdjacencyGraph {
  static_assert(dims >= 0 && dims <= 3, "dims: must be 0 to 3");
  using Extent = typename detail::ExtentOf<Position, dims>::type;

  std::span<const std::int64_t> begin;       ///< one a vertex, and one more
  std::span<const std::int32_t> neighbours;  ///< list after list
  std::span<const Position> positions{};     ///< `dims` numbers a vertex
  double spacing = 1;

  std::int64_t vertices() const { return std::max<std::int64_t>(std::ssize(begin) - 1, 0); }
  static constexpr int dimensions() { return dims; }

  template <class Visit>
  DHT_INLINE void for_each_neighbour(std::int32_t vertex, const Visit& visit) const {
    const std::int32_t* const list = neighbours.data();
    for (std::int64_t i = begin[static_cast<std::size_t>(vertex)],
                      end = begin[static_cast<std::size_t>(vertex) + 1];
         i < end; ++i)
      visit(list[i]);
  }

  Extent extent([[maybe_unused]] std::int32_t vertex) const {
    Extent around;
    if constexpr (dims > 0) {
      std::copy_n(positions.data() + std::int64_t{vertex} * dims, dims, around.low.begin());
      around.high = around.low;
    }
    return around;
  }
  double sides([[maybe_unused]] const Extent& extent) const {
    double sum = 0;
    if constexpr (dims > 0)
      for (std::size_t i = 0; i < extent.low.size(); ++i)
        sum += static_cast<double>(extent.high[i]) - static_cast<double>(extent.low[i]);
    return sum / spacing;
  }
  std::array<double, 3> centre([[maybe_unused]] std::int32_t vertex) const {
    std::array<double, 3> at{};
    for (int i = 0; i < dims; ++i)
      at[static_cast<std::size_t>(i)] =
          static_cast<double>(positions[static_cast<std::size_t>(std::int64_t{vertex} * dims + i)]) / spacing;
    return at;
  }

  /// Throws dht::Error for lists that are no such graph, and names the first vertex where they are not.
  void check() const {
    detail::check_vertices(vertices());
    check_lists();
    DHT_EXPECTS(std::ssize(positions) == vertices() * dims, "graph: has ", positions.size(),
                " coordinates; must have ", dims, " for each of ", vertices(), " vertices");
    DHT_EXPECTS(spacing > 0 && spacing <= std::numeric_limits<double>::max(), "spacing: is ", spacing,
                "; must be above 0 and finite");
    for (std::size_t i = 0; i < positions.size(); ++i)
      DHT_EXPECTS(std::isfinite(positions[i]), "graph: the position of vertex ",
                  i / static_cast<std::size_t>(std::max(dims, 1)), " is not finite");
  }

 private:
  void check_lists() const {
    const std::int64_t edges = std::ssize(neighbours), most = std::int64_t{2} * ((std::int64_t{1} << 31) - 1);
    DHT_EXPECTS(edges <= most, "graph: has ", edges, " neighbours in its lists; at most ", most,
                ", 2^31 - 1 edges, are numbered");
    DHT_EXPECTS(begin.front() == 0 && begin.back() == edges, "graph: its lists are from ", begin.front(),
                " to ", begin.back(), "; must be from 0 to ", edges, ", the number of neighbours");
    for (std::int64_t v = 0; v < vertices(); ++v) {
      const auto i = static_cast<std::size_t>(v);
      DHT_EXPECTS(begin[i] <= begin[i + 1], "graph: the list of vertex ", v, " ends before it begins");
      DHT_EXPECTS(begin[i + 1] <= edges, "graph: the list of vertex ", v, " ends at ", begin[i + 1],
                  ", beyond all neighbours");
      for (std::int64_t k = begin[i]; k < begin[i + 1]; ++k) check_neighbour(v, k, k == begin[i]);
    }
    // As vertices come in ascending order, each must be the next one in the lists of all its neighbours.
    Buffer<std::int64_t> next(begin.begin(), begin.end() - 1);
    for (std::int32_t v = 0; v < static_cast<std::int32_t>(vertices()); ++v)
      for_each_neighbour(v, [&](std::int32_t u) {
        std::int64_t& place = next[static_cast<std::size_t>(u)];
        const bool is_left = place < begin[static_cast<std::size_t>(u) + 1];
        const std::int32_t expected = is_left ? neighbours[static_cast<std::size_t>(place)] : v;
        if (is_left && expected < v) refuse_one_sided(u, expected);
        if (!is_left || expected > v) refuse_one_sided(v, u);
        ++place;
      });
    for (std::size_t v = 0; v < next.size(); ++v)
      if (next[v] < begin[v + 1])
        refuse_one_sided(static_cast<std::int32_t>(v), neighbours[static_cast<std::size_t>(next[v])]);
  }

  /// `vertex` has a neighbour in whose list it is not.
  static void refuse_one_sided(std::int32_t vertex, std::int32_t neighbour) {
    DHT_EXPECTS(false, "graph: vertex ", neighbour, " is a neighbour of ", vertex, ", but ", vertex,
                " is none of ", neighbour, "; edges must be in both lists");
  }

  void check_neighbour(std::int64_t vertex, std::int64_t place, bool first) const {
    const std::int32_t u = neighbours[static_cast<std::size_t>(place)];
    DHT_EXPECTS(u >= 0 && u < vertices(), "graph: vertex ", vertex, " has a neighbour ", u, "; there are ",
                vertices(), " vertices");
    DHT_EXPECTS(u != vertex, "graph: vertex ", vertex, " is its own neighbour");
    DHT_EXPECTS(first || neighbours[static_cast<std::size_t>(place) - 1] < u,
                "graph: the neighbours of vertex ", vertex, " are not in ascending order, each once");
  }
};

/// The neighbours of every vertex, made of edges in any order: parallel and one-sided ones count once, loops not at all.
class AdjacencyLists {
 public:
  /// Throws dht::Error for ends that are no vertices.
  AdjacencyLists(std::int64_t vertices, std::span<const Edge> edges) {
    detail::check_vertices(vertices);
    begin_.assign(static_cast<std::size_t>(vertices) + 1, 0);
    for (const Edge& e : edges) {
      for (const std::int32_t end : {e.low, e.high})
        DHT_EXPECTS(end >= 0 && end < vertices, "edge: ends at vertex ", end, "; there are ", vertices,
                    " vertices");
      if (e.low == e.high) continue;
      ++begin_[static_cast<std::size_t>(e.low) + 1];
      ++begin_[static_cast<std::size_t>(e.high) + 1];
    }
    for (std::size_t v = 1; v < begin_.size(); ++v) begin_[v] += begin_[v - 1];
    neighbours_.resize(static_cast<std::size_t>(begin_.back()));
    Buffer<std::int64_t> place(begin_.begin(), begin_.end());
    for (const Edge& e : edges) {
      if (e.low == e.high) continue;
      neighbours_[static_cast<std::size_t>(place[static_cast<std::size_t>(e.low)]++)] = e.high;
      neighbours_[static_cast<std::size_t>(place[static_cast<std::size_t>(e.high)]++)] = e.low;
    }
    sort();
  }

  /// A view on these lists, which must outlive it.
  AdjacencyGraph<> graph() const& { return {begin(), neighbours()}; }
  AdjacencyGraph<> graph() const&& = delete;
  /// The same with `dims` coordinates a vertex.
  template <int dims, class Position>
  AdjacencyGraph<dims, Position> graph(std::span<const Position> positions, double spacing = 1) const& {
    return {begin(), neighbours(), positions, spacing};
  }

  std::span<const std::int64_t> begin() const& { return {begin_.data(), begin_.size()}; }
  std::span<const std::int32_t> neighbours() const& { return {neighbours_.data(), neighbours_.size()}; }

 private:
  /// Sorts each list and drops what is in it twice.
  void sort() {
    std::int32_t* out = neighbours_.data();
    std::int64_t from = 0;
    for (std::size_t v = 0; v + 1 < begin_.size(); ++v) {
      std::int32_t *const first = neighbours_.data() + from, *const last = neighbours_.data() + begin_[v + 1];
      from = begin_[v + 1];
      std::sort(first, last);
      out = std::copy(first, std::unique(first, last), out);
      begin_[v + 1] = out - neighbours_.data();
    }
    neighbours_.resize(static_cast<std::size_t>(begin_.back()));
  }

  Buffer<std::int64_t> begin_;
  Buffer<std::int32_t> neighbours_;
};

}  // namespace dht
