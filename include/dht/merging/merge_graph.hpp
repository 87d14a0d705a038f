// SPDX-License-Identifier: MIT
// What merging works on: the leaves that it starts from, and the region adjacency graph between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/marks.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/region_graph.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/merging/linkage.hpp>

namespace dht {

/// Pixels that are to be looked at: not 0 inside, 0 outside. Empty (no data) for all of them. One channel, and the
/// batch, height and width of the images.
using Mask = ImageView<const std::uint8_t>;

/// The regions that merging starts from, its *leaves*, numbered in the raster order of their first pixels.
struct MergeLeaves {
  int height = 0, width = 0;
  int level = 0;               ///< of the hierarchy
  bool pieces = false;         ///< leaves are parts of regions: those inside of a mask, or of a grid's cells
  Buffer<std::int32_t> label;  ///< per pixel: its leaf; -1 outside of the mask
  Buffer<std::int64_t> node;   ///< per leaf: the node of the hierarchy that it is, or is part of
  Buffer<std::int32_t> size;   ///< per leaf: pixels
  Buffer<Box> box;             ///< per leaf

  /// Makes room for as many leaves as noise has, so that the next image of the size finds enough.
  void reserve(std::size_t pixels) {
    label.reserve(pixels);
    node.reserve(most(pixels));
    size.reserve(most(pixels));
    box.reserve(most(pixels));
  }
  /// More regions than any level has: those of level 1 have two pixels at least, or are images of one.
  static std::size_t most(std::size_t pixels) { return pixels / 2 + 64; }

  std::int32_t count() const { return static_cast<std::int32_t>(node.size()); }
};

/// No pixels' features are farther apart.
inline constexpr double any_contrast = std::numeric_limits<double>::infinity();

namespace detail {

/// A region adjacency graph that shrinks while its regions merge. An edge e has two halves, 2e and 2e + 1, one in the
/// chain of each of its regions; the other half of h is h ^ 1.
struct MergeGraph {
  Buffer<MergingRegion> region;
  Buffer<std::int64_t> pixels;  // per region
  Buffer<std::int64_t> sides;   // per region: pairs of neighbouring pixels, one inside, one in another region
  Buffer<double> mean;          // `features` numbers a region
  Buffer<std::int32_t> head;    // per region: its first half, or -1
  Buffer<std::int32_t> owner;   // per half: the region in whose chain it is
  Buffer<std::int32_t> next;    // per half
  Buffer<std::int64_t> length;  // per edge: pairs of neighbouring pixels; 0 once it has gone
  Buffer<double> contrast;      // per edge: the sum over its pairs of pixels
  std::int32_t edge_count = 0;  // that there are
  double size_unit = 1;         // share of a pixel in the image
  double length_unit = 1;       // side of a pixel, in diagonals of the image
  double boundary_unit = 1;     // what lies between two pixels: the same, in a volume its square

  /// Both halves of an edge, and all nodes of a binary tree over the regions, are numbered in 31 bits.
  static constexpr std::int64_t most = std::int64_t{1} << 30;

  void reserve(std::size_t regions, std::size_t edges, int features) {
    region.reserve(regions);
    pixels.reserve(regions);
    sides.reserve(regions);
    mean.reserve(regions * static_cast<std::size_t>(features));
    head.reserve(regions);
    owner.reserve(2 * edges);
    next.reserve(2 * edges);
    length.reserve(edges);
    contrast.reserve(edges);
  }

  void resize(std::int32_t regions, int features) {
    const auto n = static_cast<std::size_t>(regions);
    region.resize(n);
    pixels.resize(n);
    sides.assign(n, 0);
    mean.resize(n * static_cast<std::size_t>(features));
    head.assign(n, -1);
  }

  /// Room for `count` edges. Throws dht::Error for more than `most`.
  void make_room(std::int64_t count) {
    DHT_EXPECTS(count <= most, "regions to merge: have ", count, " boundaries or more between them; at most ",
                most, " are numbered");
    const auto room = static_cast<std::size_t>(count);
    owner.resize(2 * room);
    next.resize(2 * room);
    length.resize(room);
    contrast.resize(room);
    edge_count = 0;
  }

  /// The edge between two regions; made, if it is new, where there must be room for it. The chain of the region
  /// with fewer neighbours is searched, and what is found moves to its front: boundaries are met pixel after pixel.
  DHT_INLINE std::int32_t edge_between(std::int32_t a, std::int32_t b, Buffer<std::int32_t>& degree) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    const std::int32_t from = degree[i] <= degree[j] ? a : b, to = a ^ b ^ from;
    std::int32_t before = -1, half = head[static_cast<std::size_t>(from)];
    while (half >= 0 && owner[static_cast<std::size_t>(half ^ 1)] != to) {
      before = half;
      half = next[static_cast<std::size_t>(half)];
    }
    if (half >= 0) {
      if (before >= 0) {
        next[static_cast<std::size_t>(before)] = next[static_cast<std::size_t>(half)];
        push_front(from, half);
      }
      return half >> 1;
    }
    DHT_EXPECTS(static_cast<std::size_t>(edge_count) < length.size(),
                "hierarchy: has no edge between two regions that touch; must be built with the neighbours by "
                "which its regions merge");
    const std::int32_t edge = edge_count++;
    length[static_cast<std::size_t>(edge)] = 0;
    contrast[static_cast<std::size_t>(edge)] = 0;
    owner[static_cast<std::size_t>(2 * edge)] = a;
    owner[static_cast<std::size_t>(2 * edge + 1)] = b;
    push_front(a, 2 * edge);
    push_front(b, 2 * edge + 1);
    ++degree[i];
    ++degree[j];
    return edge;
  }

  DHT_INLINE void push_front(std::int32_t region_number, std::int32_t half) {
    next[static_cast<std::size_t>(half)] = head[static_cast<std::size_t>(region_number)];
    head[static_cast<std::size_t>(region_number)] = half;
  }
};

/// Scratch memory for `find_leaves` and `measure_leaves`, kept for the next image.
struct MergeGraphWorkspace {
  GridComponentsWorkspace components;
  Buffer<std::int32_t> up, down;       // per region of a level: its ancestor
  Buffer<std::int32_t> pieces;         // per pixel: components of regions and mask
  Buffer<std::int32_t> number;         // per component: its leaf, or -1
  Buffer<std::int32_t> degree;         // per leaf
  Buffer<std::int64_t> rows, columns;  // per leaf: sums of coordinates
  Buffer<double> centre;               // of graphs other than pixel grids: three a leaf
  Buffer<std::uint8_t> differs;        // a row

  void reserve(std::size_t regions) {
    up.reserve(regions);
    down.reserve(regions);
    degree.reserve(regions);
    rows.reserve(regions);
    columns.reserve(regions);
  }
};

inline void check_mask(const Mask& mask, int batch, int height, int width) {
  DHT_EXPECTS(mask.batch == batch && mask.channels == 1 && mask.height == height && mask.width == width,
              "mask: is ", mask.batch, " x ", mask.channels, " x ", mask.height, " x ", mask.width,
              " (batch, channels, height, width); must be ", batch, " x 1 x ", height, " x ", width,
              " like the image");
}

/// The squared distance of two pixels' features.
template <class S>
DHT_INLINE S distance2(const S* f, const S* g, int n) {
  S sum = 0;
  for (int c = 0; c < n; ++c) sum = fma(f[c] - g[c], f[c] - g[c], sum);
  return sum;
}

}  // namespace detail
}  // namespace dht
