// SPDX-License-Identifier: MIT
// Which regions touch: the region adjacency graph, made from a label map or from the graph one level below.
#pragma once

#include <algorithm>
#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/region_pixels.hpp>

namespace dht {

/// Two neighbouring regions, low < high.
struct Edge {
  std::int32_t low, high;
  friend bool operator==(const Edge&, const Edge&) = default;
};

namespace detail {

/// Scratch memory for building region graphs, kept for the next image.
struct RegionGraphWorkspace {
  Buffer<Edge> pairs;          // with duplicates
  Buffer<std::int32_t> high;   // the same, grouped by their lower region
  Buffer<std::int32_t> begin;  // per region: where its group begins
  Buffer<std::int32_t> seen;   // per region: the last lower region that it was paired with
};

}  // namespace detail

/// Appends the edges between the regions of a label map of `batch` images, height x width each. `pixels` are those of
/// its regions, which must be connected. Each edge comes once, by its lower region, then in the order in which that region's pixels meet it.
template <concepts::connectivity C>
void append_region_edges(const std::int32_t* labels, int height, int width, const RegionPixels& pixels,
                         detail::RegionGraphWorkspace& w, Buffer<Edge>& edges) {
  using N = detail::Neighbours<C>;
  const std::int32_t regions = pixels.regions();
  w.seen.assign(static_cast<std::size_t>(regions), -1);
  std::int32_t* const seen = w.seen.data();
  const std::int32_t* const members = pixels.pixels.data();
  const std::size_t old = edges.size();
  edges.resize(old + pixels.pixels.size() * N::half + N::count);  // every pair of pixels may be a pair of regions
  Edge* out = edges.data() + old;
  for (std::int32_t low = 0; low < regions; ++low) {
    const std::int32_t begin = pixels.begin[static_cast<std::size_t>(low)], end = pixels.begin[static_cast<std::size_t>(low) + 1];
    const std::int32_t first_row = members[begin] / width, image_row = first_row - first_row % height;
    std::int32_t row = first_row;
    for (std::int32_t k = begin; k < end; ++k) {
      const std::int32_t p = members[k];
      row += p - row * width >= width;  // one row at most: regions are connected
      const std::int32_t x = p - row * width, y = row - image_row;
      const auto meet = [&](Offset o) DHT_INLINE_LAMBDA {
        const std::int32_t high = labels[p + o.dy * width + o.dx];
        *out = {low, high};
        out += (high > low) & (seen[high] != low);
        seen[high] = low;  // of no consequence for lower regions: their turn is over
      };
      const bool inside = x > 0 && x < width - 1 && y > 0 && y < height - 1;
      for (const Offset o : N::all) {
        if (inside || (x + o.dx >= 0 && x + o.dx < width && y + o.dy >= 0 && y + o.dy < height)) meet(o);
      }
    }
  }
  edges.resize(static_cast<std::size_t>(out - edges.data()));
}

/// Appends the edges one level up: both ends of `edges[begin, end)` replaced by their parents, of which there are
/// `regions`; inner edges and duplicates are dropped. Each edge comes by its lower region, then in the order in which
/// the edges below name it. Linear time.
inline void append_contracted_edges(std::size_t begin, std::size_t end, const std::int32_t* parent, std::int32_t regions,
                                    detail::RegionGraphWorkspace& w, Buffer<Edge>& edges) {
  const auto n = static_cast<std::size_t>(regions);
  w.pairs.resize(std::max(w.pairs.size(), end - begin));
  w.begin.assign(n + 2, 0);
  std::int32_t* const place = w.begin.data() + 1;  // place[r] moves from the begin of r's pairs to their end
  Edge* pairs = w.pairs.data();
  for (std::size_t i = begin; i < end; ++i) {
    const std::int32_t a = parent[edges[i].low], b = parent[edges[i].high];
    *pairs = {std::min(a, b), std::max(a, b)};
    place[pairs->low + 1] += a != b;
    pairs += a != b;
  }
  for (std::size_t r = 1; r <= n; ++r) place[r] += place[r - 1];
  w.high.resize(std::max(w.high.size(), static_cast<std::size_t>(pairs - w.pairs.data())));
  for (const Edge* e = w.pairs.data(); e != pairs; ++e) w.high[static_cast<std::size_t>(place[e->low]++)] = e->high;

  w.seen.assign(n, -1);
  std::int32_t* const seen = w.seen.data();
  const std::size_t first = edges.size();
  edges.resize(first + static_cast<std::size_t>(pairs - w.pairs.data()));
  Edge* out = edges.data() + first;
  for (std::int32_t low = 0; low < regions; ++low) {
    for (std::int32_t i = w.begin[static_cast<std::size_t>(low)]; i < w.begin[static_cast<std::size_t>(low) + 1]; ++i) {
      const std::int32_t high = w.high[static_cast<std::size_t>(i)];
      *out = {low, high};
      out += seen[high] != low;
      seen[high] = low;
    }
  }
  edges.resize(static_cast<std::size_t>(out - edges.data()));
}

}  // namespace dht
