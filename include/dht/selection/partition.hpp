// SPDX-License-Identifier: MIT
// What a selection decides: a label map, and where in the hierarchy each of its regions comes from.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/hierarchy/hierarchy.hpp>

namespace dht {

/// A region's source: a node of the hierarchy of its image, or a single pixel p of it as -1 - p.
using Source = std::int64_t;
inline constexpr Source pixel_source(std::int64_t pixel) { return -1 - pixel; }

/// Labels are dense, numbered by the raster order of each region's first pixel; every region is
/// connected. A region's feature is the mean of its sources' features, weighted by their sizes: one source for a region
/// of the tree or a piece of one, several for a region merged from siblings.
struct Partition {
  std::int32_t regions = 0;
  Buffer<std::int32_t> labels;        ///< per pixel; -1 outside of a mask
  Buffer<std::int64_t> source_begin;  ///< per region, and one more
  Buffer<Source> sources;
  bool whole_sources = false;  ///< every region consists of exactly its sources, not of pieces of them
  /// Features are means over a region's pixels; sources say where it lies. Of a batch: of at least one image.
  bool means_of_pixels = false;

  /// Makes room for label maps of this size, and for more regions than photos have.
  void reserve(std::int64_t pixels) {
    labels.reserve(static_cast<std::size_t>(pixels));
    source_begin.reserve(static_cast<std::size_t>(pixels) / 2 + 65);
    sources.reserve(static_cast<std::size_t>(pixels) / 2 + 64);
  }

  std::span<const Source> sources_of(std::int32_t region) const& {
    return {sources.data() + source_begin[static_cast<std::size_t>(region)],
            sources.data() + source_begin[static_cast<std::size_t>(region) + 1]};
  }
  std::span<const Source> sources_of(std::int32_t) const&& = delete;
};

namespace detail {

/// Selections that look at every pixel keep a node in 31 bits. A level has at most half as many regions as there are
/// pixels, but that there are few large ones only experience says.
inline void check_nodes(std::int64_t nodes) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  DHT_EXPECTS(nodes <= most, "hierarchy: has ", nodes, " nodes; at most ", most, " are numbered");
}

/// Closes a partition whose `sources` hold one for each region.
inline void one_source_each(Partition& out, bool whole) {
  out.whole_sources = whole;
  out.means_of_pixels = false;
  out.source_begin.resize(out.sources.size() + 1);
  for (std::size_t r = 0; r < out.source_begin.size(); ++r)
    out.source_begin[r] = static_cast<std::int64_t>(r);
}

}  // namespace detail
}  // namespace dht
