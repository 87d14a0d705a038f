// SPDX-License-Identifier: MIT
// The voxels of a volume as a graph; a video is one whose first axis is time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <dht/core/config.hpp>
#include <dht/core/extent.hpp>
#include <dht/core/math.hpp>
#include <dht/graph/graph.hpp>

namespace dht {

/// Voxels in the order depth, row, column, the last one fastest. `neighbours` are 6, that share a face, 18, an edge at
/// least, or 26, a corner at least. `spacing` is the distance of two layers, rows and columns: only what is between them
/// counts. With one layer it is as an image is: four or eight neighbours, in two dimensions.
template <int neighbours = 6>
struct VoxelGrid {
  static_assert(neighbours == 6 || neighbours == 18 || neighbours == 26, "neighbours: must be 6, 18 or 26");
  using Extent = dht::Extent<std::int32_t, 3>;

  int depth = 0, height = 0, width = 0;
  std::array<double, 3> spacing{1, 1, 1};

  std::int64_t vertices() const { return std::int64_t{depth} * height * width; }
  int dimensions() const { return depth > 1 ? 3 : 2; }

  /// Layer, row and column of a voxel.
  DHT_INLINE std::array<std::int32_t, 3> place(std::int32_t voxel) const {
    const std::int32_t row = voxel / width;
    return {row / height, row % height, voxel % width};
  }

  template <class Visit>
  DHT_INLINE void for_each_neighbour(std::int32_t voxel, const Visit& visit) const {
    const auto [z, y, x] = place(voxel);
    for (const std::array<int, 3>& o : offsets) {
      const int dz = o[0], dy = o[1], dx = o[2];
      if (z + dz >= 0 && z + dz < depth && y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width)
        visit(voxel + (dz * height + dy) * width + dx);
    }
  }

  DHT_INLINE Extent extent(std::int32_t voxel) const {
    const std::array<std::int32_t, 3> at = place(voxel);
    return {at, at};
  }
  DHT_INLINE double sides(const Extent& extent) const {
    const std::array<double, 3> unit = units();
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum = fma(unit[i], double(extent.high[i] - extent.low[i]), sum);
    return sum;
  }
  std::array<double, 3> centre(std::int32_t voxel) const {
    const std::array<std::int32_t, 3> at = place(voxel);
    const std::array<double, 3> unit = units();
    if (depth == 1) return {unit[1] * at[1], unit[2] * at[2], 0};
    return {unit[0] * at[0], unit[1] * at[1], unit[2] * at[2]};
  }

  void check() const {
    DHT_EXPECTS(depth > 0 && height > 0 && width > 0, "voxel grid: is ", depth, " x ", height, " x ", width,
                "; must be at least 1 x 1 x 1");
    constexpr std::int64_t most = (std::int64_t{1} << 31) - 2;
    DHT_EXPECTS(std::int64_t{height} * width <= most / depth, "voxel grid: is ", depth, " x ", height, " x ",
                width, "; at most ", most, " voxels are numbered");
    for (const double s : spacing)
      DHT_EXPECTS(s > 0 && s <= 1e100, "spacing: is ", s, "; must be above 0 and finite");
  }

 private:
  /// The nearest first among those of smaller numbers, by which their order is that of the numbers.
  static constexpr std::array<std::array<int, 3>, static_cast<std::size_t>(neighbours)> offsets = [] {
    std::array<std::array<int, 3>, static_cast<std::size_t>(neighbours)> all{};
    std::size_t n = 0;
    const int axes = neighbours == 6 ? 1 : neighbours == 18 ? 2 : 3;  // along which one may step at once
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int steps = (dz != 0) + (dy != 0) + (dx != 0);
          if (steps >= 1 && steps <= axes) all[n++] = {dz, dy, dx};
        }
    return all;
  }();

  /// The spacing in units of a voxel: of the cube, or in one layer the square, of its volume.
  std::array<double, 3> units() const {
    if (spacing[0] == spacing[1] && spacing[1] == spacing[2]) return {1, 1, 1};
    const bool flat = depth <= 1;
    const double volume = spacing[1] * spacing[2] * (flat ? 1.0 : spacing[0]);
    const double side = flat ? sqrt(volume) : cube_root(volume);
    return {spacing[0] / side, spacing[1] / side, spacing[2] / side};
  }

  /// By Newton's steps, the same bits everywhere.
  static double cube_root(double volume) {
    double root = volume > 1 ? volume : 1;
    for (double before = 2 * root; root < before;) {
      before = root;
      root = (2 * root + volume / root / root) / 3;
    }
    return root;
  }
};

}  // namespace dht
