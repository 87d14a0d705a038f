// SPDX-License-Identifier: MIT
// Label maps the slow way: flood fill, and the check that a label map is one as the library promises.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/view.hpp>

namespace dht::test {

/// The shape of a batch, and which of its pixels are neighbours.
struct Grid {
  int batch = 1, height = 1, width = 1;
  bool diagonals = false;

  int image_pixels() const { return height * width; }
  int pixels() const { return batch * image_pixels(); }
  int image(int p) const { return p / image_pixels(); }
  int row(int p) const { return p % image_pixels() / width; }
  int column(int p) const { return p % width; }

  /// The neighbours of a pixel in ascending order.
  std::vector<int> neighbours(int p) const {
    std::vector<int> out;
    for (int q = 0; q < pixels(); ++q) {
      if (std::abs(q - p) > width + 1 || image(q) != image(p)) continue;
      const int dy = std::abs(row(q) - row(p)), dx = std::abs(column(q) - column(p));
      if (diagonals ? std::max(dy, dx) == 1 : dy + dx == 1) out.push_back(q);
    }
    return out;
  }
  /// The same for every pixel.
  std::vector<std::vector<int>> all_neighbours() const {
    std::vector<std::vector<int>> out(static_cast<std::size_t>(pixels()));
    for (int p = 0; p < pixels(); ++p) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          if ((dy == 0 && dx == 0) || (!diagonals && dy != 0 && dx != 0)) continue;
          const int y = row(p) + dy, x = column(p) + dx;
          if (y < 0 || x < 0 || y >= height || x >= width) continue;
          out[static_cast<std::size_t>(p)].push_back(p + dy * width + dx);
        }
      }
    }
    return out;
  }
};

/// Components of the pixels by flood fill: `linked(p, q)` is asked for neighbours only. Dense, in raster order.
template <class Linked>
std::vector<std::int32_t> flood_fill(const Grid& grid, const Linked& linked) {
  const auto neighbours = grid.all_neighbours();
  std::vector<std::int32_t> label(static_cast<std::size_t>(grid.pixels()), -1);
  std::int32_t next = 0;
  for (int start = 0; start < grid.pixels(); ++start) {
    if (label[static_cast<std::size_t>(start)] >= 0) continue;
    std::vector<int> pending{start};
    label[static_cast<std::size_t>(start)] = next;
    while (!pending.empty()) {
      const int p = pending.back();
      pending.pop_back();
      for (const int q : neighbours[static_cast<std::size_t>(p)]) {
        if (label[static_cast<std::size_t>(q)] >= 0 || !linked(p, q)) continue;
        label[static_cast<std::size_t>(q)] = next;
        pending.push_back(q);
      }
    }
    ++next;
  }
  return label;
}

/// What is wrong with a label map, or "": labels dense, in raster order of first pixels, every region connected, none in
/// two images. One number a pixel suffices: the map must be its own flood fill.
template <class Labels>
std::string fault_of(const Grid& grid, const Labels& labels, std::int64_t regions) {
  if (static_cast<int>(labels.size()) != grid.pixels()) return "has another number of pixels";
  std::int32_t next = 0;
  for (const std::int32_t label : labels) {
    if (label < 0 || label > next)
      return "is not dense and in raster order at label " + std::to_string(label);
    if (label == next) ++next;
  }
  if (next != regions) return "has " + std::to_string(next) + " regions, not " + std::to_string(regions);
  const auto pieces = flood_fill(grid, [&](int p, int q) {
    return labels[static_cast<std::size_t>(p)] == labels[static_cast<std::size_t>(q)];
  });
  const auto count = *std::max_element(pieces.begin(), pieces.end()) + 1;
  if (count != regions) return "has regions in " + std::to_string(count) + " pieces";
  return "";
}

/// Whether every region of `fine` lies in one region of `coarse`.
template <class Fine, class Coarse>
bool is_nested(const Fine& fine, const Coarse& coarse) {
  std::vector<std::int32_t> up(fine.size(), -1);
  for (std::size_t p = 0; p < fine.size(); ++p) {
    std::int32_t& to = up[static_cast<std::size_t>(fine[p])];
    if (to >= 0 && to != coarse[p]) return false;
    to = coarse[p];
  }
  return true;
}

/// Neighbouring regions, low before high.
template <class Labels>
std::set<std::pair<std::int32_t, std::int32_t>> touching(const Grid& grid, const Labels& labels) {
  std::set<std::pair<std::int32_t, std::int32_t>> out;
  const auto neighbours = grid.all_neighbours();
  for (int p = 0; p < grid.pixels(); ++p) {
    for (const int q : neighbours[static_cast<std::size_t>(p)]) {
      const auto a = labels[static_cast<std::size_t>(p)], b = labels[static_cast<std::size_t>(q)];
      if (a != b) out.emplace(std::min(a, b), std::max(a, b));
    }
  }
  return out;
}

/// Sizes and boxes of regions, counted.
struct Extents {
  std::vector<std::int32_t> size;
  std::vector<Box> box;
};

template <class Labels>
Extents extents(const Grid& grid, const Labels& labels, std::int64_t regions) {
  Extents e{std::vector<std::int32_t>(static_cast<std::size_t>(regions), 0),
            std::vector<Box>(static_cast<std::size_t>(regions), Box{1 << 30, 1 << 30, -1, -1})};
  for (int p = 0; p < grid.pixels(); ++p) {
    const auto r = static_cast<std::size_t>(labels[static_cast<std::size_t>(p)]);
    Box& box = e.box[r];
    ++e.size[r];
    box.ymin = std::min(box.ymin, grid.row(p));
    box.xmin = std::min(box.xmin, grid.column(p));
    box.ymax = std::max(box.ymax, grid.row(p));
    box.xmax = std::max(box.xmax, grid.column(p));
  }
  return e;
}

}  // namespace dht::test
