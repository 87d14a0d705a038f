// SPDX-License-Identifier: MIT
// Connected components of a pixel grid whose links are given row by row, in two passes over the image.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/union_find.hpp>

namespace dht::detail {

/// Two provisional labels of one component.
struct Meeting {
  std::int32_t one, other;
};

/// Scratch memory of `grid_components`, kept for the next image.
struct GridComponentsWorkspace {
  Buffer<std::int32_t> parent;  // per provisional label; a strip's labels begin at its first pixel's number
  Buffer<std::uint8_t> links;   // one row per part
  Buffer<Meeting> meetings;     // one row per part
  Buffer<std::int32_t> used;    // per part: end of the provisional labels in use
};

/// Row y: bit k is set where a pixel has the same value as its k-th backward neighbour.
template <concepts::connectivity C>
DHT_INLINE void equality_links(const std::int32_t* values, std::int64_t y, int width, std::uint8_t* links) {
  using N = Neighbours<C>;
  std::fill_n(links, width, std::uint8_t{0});
#pragma GCC unroll 4
  for (int k = 0; k < N::half; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)];
    if (o.dy < 0 && y == 0) continue;
    const std::int32_t* row = values + y * width;
    const std::int32_t* other = row + o.dy * width + o.dx;
    const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width - 1 : width;
    DHT_INDEPENDENT
    for (int x = from; x < to; ++x)
      links[x] = static_cast<std::uint8_t>(links[x] | ((row[x] == other[x]) << k));
  }
}

/// Provisional labels of a row: that of a linked pixel, or a new one from `next` on. Labels that meet are noted in
/// `meetings`, for `unite` would be a branch that cannot be foreseen. Returns the end of what was noted.
template <concepts::connectivity C>
DHT_INLINE Meeting* label_row(const std::uint8_t* links, bool first_row, std::int32_t* row, int width,
                              std::int32_t* parent, std::int32_t& next, Meeting* meetings) {
  using N = Neighbours<C>;
  constexpr int left = N::half - 1;  // the last of the backward neighbours, the only one in this row
  std::int32_t before = -1;          // the label of the pixel to the left
  for (int x = 0; x < width; ++x) {
    const unsigned bits = links[x];
    bool claimed = bits >> left & 1u;
    std::int32_t label = claimed ? before : next;
    if (!first_row) {
#pragma GCC unroll 4
      for (int k = left - 1; k >= 0; --k) {
        const Offset o = N::all[static_cast<std::size_t>(k)];
        const bool linked = bits >> k & 1u;
        const std::int32_t other =
            row[x - width + (linked ? o.dx : 0)];  // the pixel above exists in any case
        *meetings = {label, other};
        meetings += linked & claimed & (label != other);
        label = linked ? other : label;  // the label above: so labels meet once, not all along the row
        claimed |= linked;
      }
    }
    parent[next] = next;
    next += !claimed;
    row[x] = before = label;
  }
  return meetings;
}

/// Labels the components of `height` x `width` pixels.
///
/// `row_links(y, links)` writes a bit set per pixel of row y: bit k says that the pixel is linked to its k-th backward
/// neighbour, `Neighbours<C>::all[k]`. `labels` receives dense numbers in the raster
/// order of each component's first pixel; the number of components is returned.
template <concepts::connectivity C, class Backend, class RowLinks>
std::int32_t grid_components(const Backend& backend, int height, int width, const RowLinks& row_links,
                             std::int32_t* labels, GridComponentsWorkspace& workspace) {
  using N = Neighbours<C>;
  const std::int64_t grain = 1 + 16384 / width;
  const int parts = backend.parts(height, grain);
  workspace.parent.resize(static_cast<std::size_t>(std::int64_t{height} * width));
  workspace.links.resize(static_cast<std::size_t>(parts) * static_cast<std::size_t>(width));
  const std::size_t row_meetings = static_cast<std::size_t>(width) * N::half;
  workspace.meetings.resize(static_cast<std::size_t>(parts) * row_meetings);
  workspace.used.resize(static_cast<std::size_t>(parts));
  const UnionFind sets{workspace.parent.data()};

  // First pass: provisional labels, strip by strip. A strip's first row ignores what lies above.
  backend.for_parts(backend::up_to_baseline, height, grain,
                    [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                      std::uint8_t* links = workspace.links.data() + std::int64_t{part} * width;
                      Meeting* const meetings =
                          workspace.meetings.data() + static_cast<std::size_t>(part) * row_meetings;
                      std::int32_t next = static_cast<std::int32_t>(begin * width);
                      for (std::int64_t y = begin; y < end; ++y) {
                        row_links(y, links);
                        const Meeting* const end_of_row = label_row<C>(links, y == begin, labels + y * width,
                                                                       width, sets.parent, next, meetings);
                        for (const Meeting* m = meetings; m != end_of_row; ++m) sets.unite(m->one, m->other);
                      }
                      workspace.used[static_cast<std::size_t>(part)] = next;
                    });

  // Seams between strips, then dense numbers: few enough to be done by one thread.
  std::int32_t components = 0;
  for (int part = 0; part < parts; ++part) {
    const std::int64_t y = Backend::part_begin(height, parts, part);
    if (part == 0 || workspace.used[static_cast<std::size_t>(part)] == y * width) continue;
    std::uint8_t* links = workspace.links.data();
    row_links(y, links);
    const std::int32_t* row = labels + y * width;
    for (int x = 0; x < width; ++x) {
      for (int k = 0; k < N::half - 1; ++k) {
        if (links[x] >> k & 1)
          sets.unite(row[x], row[x + N::all[static_cast<std::size_t>(k)].dy * width +
                                 N::all[static_cast<std::size_t>(k)].dx]);
      }
    }
  }
  for (int part = 0; part < parts; ++part) {
    const auto begin = static_cast<std::int32_t>(Backend::part_begin(height, parts, part) * width);
    components =
        number_components(sets.parent, begin, workspace.used[static_cast<std::size_t>(part)], components);
  }

  // Second pass: final labels.
  backend.for_range(backend::up_to_baseline, std::int64_t{height} * width, 16384,
                    [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
                      const std::int32_t* number = sets.parent;
                      DHT_INDEPENDENT
                      for (std::int64_t p = begin; p < end; ++p) labels[p] = number[labels[p]];
                    });
  return components;
}

}  // namespace dht::detail
