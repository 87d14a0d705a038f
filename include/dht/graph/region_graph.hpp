// SPDX-License-Identifier: MIT
// Which regions touch: the region adjacency graph, made from a label map or from the graph one level below.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/region_members.hpp>

namespace dht {

namespace detail {

/// Tells which pixels have neighbours on all sides. By the fractional part of p / width in units of 2^-64: those of whole
/// numbers and their neighbours' are far enough apart for 32 bits.
class InnerPixels {
 public:
  InnerPixels(int height, int width)
      : column_(~std::uint64_t{0} / static_cast<std::uint64_t>(width) + 1),
        width_(static_cast<std::uint64_t>(width)) {
    if (width <= 2 || height <= 2) return;
    columns_ = column_ * static_cast<std::uint64_t>(width - 2);
    pixels_ = width_ * static_cast<std::uint64_t>(height - 2);
  }

  DHT_INLINE bool has(std::int32_t p) const {
    const auto n = static_cast<std::uint64_t>(p);
    return (n * column_ - column_ < columns_) & (n - width_ < pixels_);
  }

 private:
  std::uint64_t column_, width_;            // a pixel to the right, in rows
  std::uint64_t columns_ = 0, pixels_ = 0;  // inner columns, and pixels of inner rows
};

/// Scratch memory for building region graphs, kept for the next image.
struct RegionGraphWorkspace {
  Buffer<Edge> pairs;          // with duplicates
  Buffer<Edge> grouped;        // the same, by their lower region
  Buffer<std::int32_t> begin;  // per region: where its group begins
  Buffer<std::int32_t> seen;   // per region: the last lower region that it was paired with

  void reserve(std::size_t regions, std::size_t edges) {
    pairs.reserve(edges);
    grouped.reserve(edges);
    begin.reserve(regions + 2);
    seen.reserve(regions);
  }
};

}  // namespace detail

/// Appends the edges between the regions of a label map, height x width. `pixels` are those of its regions. Each edge comes once, by its lower region, then in the order in which that region's pixels meet it.
template <concepts::connectivity C>
DHT_INLINE void append_region_edges(const std::int32_t* labels, int height, int width,
                                    const RegionMembers& pixels, detail::RegionGraphWorkspace& w,
                                    Buffer<Edge>& edges) {
  using N = detail::Neighbours<C>;
  const std::int32_t regions = pixels.regions();
  w.seen.assign(static_cast<std::size_t>(regions), -1);
  std::int32_t* const seen = w.seen.data();
  const std::size_t old = edges.size();
  edges.resize(old + pixels.members.size() * N::half +
               N::count);  // every pair of pixels may be a pair of regions
  Edge* out = edges.data() + old;
  std::ptrdiff_t step[N::count];
  for (int i = 0; i < N::count; ++i)
    step[i] = std::ptrdiff_t{N::all[static_cast<std::size_t>(i)].dy} * width +
              N::all[static_cast<std::size_t>(i)].dx;
  // One loop over all pixels instead of one in each region, whose ends could not be foreseen.
  const detail::InnerPixels inner(height, width);
  for (const std::int32_t p : pixels.members) {
    const std::int32_t low = labels[p];
    const auto meet = [&](int i) DHT_INLINE_LAMBDA {
      const std::int32_t high = labels[p + step[i]];
      *out = {low, high};
      out += (high > low) & (seen[high] != low);
      seen[high] = low;  // of no consequence for lower regions: their turn is over
    };
    if (inner.has(p)) [[likely]] {
#pragma GCC unroll 8
      for (int i = 0; i < N::count; ++i) meet(i);
    } else {
      const int x = p % width, y = p / width;
      for (int i = 0; i < N::count; ++i) {
        const Offset o = N::all[static_cast<std::size_t>(i)];
        if (x + o.dx >= 0 && x + o.dx < width && y + o.dy >= 0 && y + o.dy < height) meet(i);
      }
    }
  }
  edges.resize(static_cast<std::size_t>(out - edges.data()));
}

/// Appends the edges one level up: both ends of the `count` edges `below`, which may lie in `edges`, replaced by their
/// parents, of which there are `regions`; inner edges and duplicates are dropped. Each edge comes by its lower region, then in the order in which
/// the edges below name it. Linear time. Throws dht::Error for more edges than are numbered by 31 bits.
DHT_INLINE void append_contracted_edges(const Edge* below, std::size_t count, const std::int32_t* parent,
                                        std::int32_t regions, detail::RegionGraphWorkspace& w,
                                        Buffer<Edge>& edges) {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  DHT_EXPECTS(count <= most, "regions: have ", count, " boundaries between them; at most ", most,
              " are numbered");
  const auto n = static_cast<std::size_t>(regions);
  w.pairs.resize(std::max(w.pairs.size(), count));
  w.begin.assign(n + 2, 0);
  std::int32_t* const place = w.begin.data() + 1;  // place[r] moves from the begin of r's pairs to their end
  Edge* pairs = w.pairs.data();
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t a = parent[below[i].low], b = parent[below[i].high];
    *pairs = {std::min(a, b), std::max(a, b)};
    place[pairs->low + 1] += a != b;
    pairs += a != b;
  }
  for (std::size_t r = 1; r <= n; ++r) place[r] += place[r - 1];
  const auto outer = static_cast<std::size_t>(pairs - w.pairs.data());
  w.grouped.resize(std::max(w.grouped.size(), outer));
  for (const Edge* e = w.pairs.data(); e != pairs; ++e)
    w.grouped[static_cast<std::size_t>(place[e->low]++)] = *e;

  w.seen.assign(n, -1);
  std::int32_t* const seen = w.seen.data();
  const std::size_t first = edges.size();
  edges.resize(first + outer + 1);
  Edge* out = edges.data() + first;
  for (std::size_t i = 0; i < outer; ++i) {
    const Edge e = w.grouped[i];
    *out = e;
    out += seen[e.high] != e.low;
    seen[e.high] = e.low;
  }
  edges.resize(static_cast<std::size_t>(out - edges.data()));
}

}  // namespace dht
