// SPDX-License-Identifier: MIT
// Which regions touch: the region adjacency graph, made from a label map or from the graph one level below.
#pragma once

#include <algorithm>
#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/graph/connectivity.hpp>

namespace dht {

/// Two neighbouring regions, low < high.
struct Edge {
  std::int32_t low = 0, high = 0;
  friend bool operator==(const Edge&, const Edge&) = default;
};

namespace detail {

/// Scratch memory for building region graphs, kept for the next image.
struct RegionGraphWorkspace {
  Buffer<Edge> pairs;          // with duplicates
  Buffer<std::int32_t> high;   // the same, grouped by their lower region
  Buffer<std::int32_t> begin;  // per region: where its group begins
  Buffer<std::int32_t> seen;   // per region: the last lower region that it was paired with
  Buffer<std::int64_t> used;   // per part of a loop
};

/// Sorts pairs by their lower region and drops duplicates; appends the edges to `edges`. Linear time. Within a lower
/// region the order is that of first appearance.
inline void append_unique(std::int64_t pairs, std::int32_t regions, RegionGraphWorkspace& w, Buffer<Edge>& edges) {
  const auto n = static_cast<std::size_t>(regions);
  w.begin.assign(n + 2, 0);
  w.seen.assign(n, -1);
  w.high.resize(static_cast<std::size_t>(pairs));
  std::int32_t* begin = w.begin.data();
  for (std::int64_t i = 0; i < pairs; ++i) ++begin[w.pairs[static_cast<std::size_t>(i)].low + 2];
  for (std::size_t r = 2; r < n + 2; ++r) begin[r] += begin[r - 1];
  for (std::int64_t i = 0; i < pairs; ++i) {
    const Edge e = w.pairs[static_cast<std::size_t>(i)];
    w.high[static_cast<std::size_t>(begin[e.low + 1]++)] = e.high;
  }
  const std::size_t first = edges.size();
  edges.resize(first + static_cast<std::size_t>(pairs));
  Edge* out = edges.data() + first;
  for (std::int32_t low = 0; low < regions; ++low) {
    for (std::int32_t i = begin[low]; i < begin[low + 1]; ++i) {
      const std::int32_t high = w.high[static_cast<std::size_t>(i)];
      *out = {low, high};
      out += w.seen[static_cast<std::size_t>(high)] != low;
      w.seen[static_cast<std::size_t>(high)] = low;
    }
  }
  edges.resize(static_cast<std::size_t>(out - edges.data()));
}

}  // namespace detail

/// Appends the edges between the regions of a label map of `batch` images, height x width each, `regions` labels.
template <concepts::connectivity C, class Backend>
void append_region_edges(const Backend& backend, const std::int32_t* labels, int batch, int height, int width,
                         std::int32_t regions, detail::RegionGraphWorkspace& w, Buffer<Edge>& edges) {
  constexpr int half = static_cast<int>(C::forward.size());
  const std::int64_t rows = std::int64_t{batch} * height, grain = 1 + 16384 / width;
  const int parts = backend.parts(rows, grain);
  w.pairs.resize(static_cast<std::size_t>(rows * width * half));
  w.used.resize(static_cast<std::size_t>(parts));
  backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    Edge* const first = w.pairs.data() + begin * width * half;
    Edge* out = first;
    for (std::int64_t y = begin; y < end; ++y) {
      const std::int32_t* row = labels + y * width;
      const bool last = y % height == height - 1;
#pragma GCC unroll 4
      for (int k = 0; k < half; ++k) {
        constexpr auto forward = C::forward;
        const Offset o = forward[static_cast<std::size_t>(k)];
        if (o.dy == 1 && last) continue;
        const std::int32_t* other = row + o.dy * width + o.dx;
        const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width - 1 : width;
        for (int x = from; x < to; ++x) {
          const std::int32_t a = row[x], b = other[x];
          *out = {std::min(a, b), std::max(a, b)};
          out += a != b;
        }
      }
    }
    w.used[static_cast<std::size_t>(part)] = out - first;
  });
  std::int64_t pairs = w.used[0];
  for (int part = 1; part < parts; ++part) {
    const Edge* from = w.pairs.data() + Backend::part_begin(rows, parts, part) * width * half;
    std::copy_n(from, w.used[static_cast<std::size_t>(part)], w.pairs.data() + pairs);
    pairs += w.used[static_cast<std::size_t>(part)];
  }
  detail::append_unique(pairs, regions, w, edges);
}

/// Appends the edges one level up: both ends of `edges[begin, end)` replaced by their parents, inner edges dropped.
inline void append_contracted_edges(std::size_t begin, std::size_t end, const std::int32_t* parent, std::int32_t regions,
                                    detail::RegionGraphWorkspace& w, Buffer<Edge>& edges) {
  w.pairs.resize(std::max(w.pairs.size(), end - begin));
  Edge* out = w.pairs.data();
  for (std::size_t i = begin; i < end; ++i) {
    const std::int32_t a = parent[edges[i].low], b = parent[edges[i].high];
    *out = {std::min(a, b), std::max(a, b)};
    out += a != b;
  }
  detail::append_unique(out - w.pairs.data(), regions, w, edges);
}

}  // namespace dht
