// SPDX-License-Identifier: MIT
// Matrix products for the instruction set of the machine. Eigen's are compiled for the one that the compiler was told,
// which without a flag is SSE2: a fifth of what the machine can do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>

namespace dht::detail {

/// A factor of a product: element (i, k) lies at data[i * row_stride + k * column_stride]. So a transpose costs nothing.
template <class S>
struct Factor {
  const S* data = nullptr;
  std::int64_t row_stride = 0, column_stride = 1;

  Factor from(std::int64_t row, std::int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
};

template <class S>
Factor<S> rows_of(const S* data, std::int64_t pitch) {
  return {data, pitch, 1};
}
template <class S>
Factor<S> columns_of(const S* data, std::int64_t pitch) {
  return {data, 1, pitch};
}

/// What one step works on: `rows` rows of the result, two vectors of `bytes` bytes wide, all in registers.
template <int bytes_, int rows_>
struct TileShape {
  static constexpr int bytes = bytes_, rows = rows_;
  template <class S>
  static constexpr int lanes = bytes / static_cast<int>(sizeof(S));
  template <class S>
  static constexpr int columns = 2 * lanes<S>;
};

#if defined(__AVX512F__)
using NativeTile = TileShape<64, 12>;
#elif defined(__AVX__)
using NativeTile = TileShape<32, 6>;
#else
using NativeTile = TileShape<16, 6>;
#endif

/// Calls body(shape), compiled for the instruction set that the shape is for.
template <class Body>
DHT_INLINE void with_tile_shape(backend::InstructionSet set, const Body& body) {
#if DHT_DISPATCH
  if (set == backend::InstructionSet::avx512)
    return backend::detail::run_avx512<Body>(&body, TileShape<64, 12>());
  if (set == backend::InstructionSet::avx2) return backend::detail::run_avx2<Body>(&body, TileShape<32, 6>());
#endif
  (void)set;
  backend::detail::run_baseline<Body>(&body, NativeTile());
}

/// How many columns a packed panel of the right factor has.
template <class S>
int panel_columns(backend::InstructionSet set) {
  int columns = NativeTile::columns<S>;
#if DHT_DISPATCH
  if (set == backend::InstructionSet::avx512) columns = TileShape<64, 12>::columns<S>;
  if (set == backend::InstructionSet::avx2) columns = TileShape<32, 6>::columns<S>;
#endif
  (void)set;
  return columns;
}

/// Columns k to k + 3 of 4 rows, `pitch` apart, become 4 numbers side by side for each k, `width` apart.
template <class S>
DHT_INLINE void turn_four(const S* rows, std::int64_t pitch, S* DHT_RESTRICT out, std::int64_t width) {
  typedef S Four __attribute__((vector_size(4 * sizeof(S))));
  Four a, b, c, d;
  std::memcpy(&a, rows, sizeof(Four));
  std::memcpy(&b, rows + pitch, sizeof(Four));
  std::memcpy(&c, rows + 2 * pitch, sizeof(Four));
  std::memcpy(&d, rows + 3 * pitch, sizeof(Four));
  const Four low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
             high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7),
             low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
             high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Four turned[4] = {__builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5),
                          __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7),
                          __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5),
                          __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7)};
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) std::memcpy(out + k * width, &turned[k], sizeof(Four));
}

/// Rows of a factor side by side, step after step: packed[k * width + i] = from(i, k), 0 from `count` on.
template <int width, class S>
DHT_INLINE void pack(const Factor<S>& from, std::int64_t count, std::int64_t depth, S* DHT_RESTRICT packed) {
  if (count < width) std::fill_n(packed, width * depth, S(0));
  if (from.row_stride == 1 && count >= width) {
    for (std::int64_t k = 0; k < depth; ++k)
      std::memcpy(packed + k * width, from.data + k * from.column_stride, sizeof(S) * width);
    return;
  }
  const std::int64_t n = std::min<std::int64_t>(count, width);
  const bool together = from.column_stride == 1;
  const std::int64_t fours = together ? n / 4 * 4 : 0, steps = depth / 4 * 4;
  for (std::int64_t k = 0; k < (fours > 0 ? steps : 0); k += 4)
    for (std::int64_t i = 0; i < fours; i += 4)
      turn_four(from.data + i * from.row_stride + k, from.row_stride, packed + k * width + i, width);
  for (std::int64_t i = 0; i < n; ++i) {
    const S* const in = from.data + i * from.row_stride;
    for (std::int64_t k = i < fours ? steps : 0; k < depth; ++k)
      packed[k * width + i] = in[k * from.column_stride];
  }
}

/// c (rows x columns of the shape) += a * b, both packed.
template <class Shape, class S>
DHT_INLINE void add_tile(const S* DHT_RESTRICT a, const S* DHT_RESTRICT b, std::int64_t depth,
                         S* DHT_RESTRICT c, std::int64_t pitch) {
  typedef S Vector __attribute__((vector_size(Shape::bytes)));
  constexpr int lanes = Shape::template lanes<S>;
  Vector sum[Shape::rows][2] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector left, right;
    std::memcpy(&left, b + k * 2 * lanes, sizeof(Vector));
    std::memcpy(&right, b + k * 2 * lanes + lanes, sizeof(Vector));
#pragma GCC unroll 12
    for (int i = 0; i < Shape::rows; ++i) {
      const S factor = a[k * Shape::rows + i];
      sum[i][0] = sum[i][0] + left * factor;
      sum[i][1] = sum[i][1] + right * factor;
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Shape::rows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      Vector held;
      std::memcpy(&held, c + i * pitch + v * lanes, sizeof(Vector));
      held = held + sum[i][v];
      std::memcpy(c + i * pitch + v * lanes, &held, sizeof(Vector));
    }
  }
}

/// One part of a product: all rows of `a` by some panels of the packed right factor, for one stretch of its depth.
template <class Shape, class S>
DHT_INLINE void add_block(const Factor<S>& a, std::int64_t rows, const S* panels, std::int64_t first_column,
                          std::int64_t end_column, std::int64_t depth, S* c, std::int64_t pitch, S* packed) {
  constexpr int height = Shape::rows, width = Shape::template columns<S>;
  for (std::int64_t i = 0; i < rows; i += height)
    pack<height>(a.from(i, 0), rows - i, depth, packed + i * depth);
  for (std::int64_t j = first_column; j < end_column; j += width) {
    const S* const b = panels + j * depth;
    for (std::int64_t i = 0; i < rows; i += height) {
      S* const to = c + i * pitch + j;
      if (rows - i >= height && end_column - j >= width) {
        add_tile<Shape>(packed + i * depth, b, depth, to, pitch);
        continue;
      }
      alignas(64) S held[std::size_t{height * width}] = {};
      S* const tile = opaque(held);
      add_tile<Shape>(packed + i * depth, b, depth, tile, width);
      const std::int64_t m = std::min<std::int64_t>(height, rows - i),
                         n = std::min<std::int64_t>(width, end_column - j);
      for (std::int64_t y = 0; y < m; ++y)
        for (std::int64_t x = 0; x < n; ++x) to[y * pitch + x] += tile[y * width + x];
    }
  }
}

/// How the depth of a product is cut, so that a panel stays in the first-level cache: the same on every machine.
template <class S>
struct DepthBlocks {
  std::int64_t depth, count;
  explicit DepthBlocks(std::int64_t depth_) : depth(depth_) {
    constexpr std::int64_t most = 1024 / sizeof(S);
    count = std::max<std::int64_t>(1, (depth + most - 1) / most);
  }
  std::int64_t begin(std::int64_t block) const { return depth * block / count; }
};

/// Rows of the left factor that are packed at a time: they stay in the second-level cache.
inline constexpr std::int64_t product_rows = 240;

/// Packs one panel of the right factor for all its depth, block after block. `packed` is where block 0 of panel 0 lies.
template <class S>
DHT_NO_INLINE void pack_panels(backend::InstructionSet set, const Factor<S>& b, std::int64_t columns,
                               std::int64_t depth, std::int64_t first, std::int64_t end, S* packed) {
  with_tile_shape(set, [&](auto shape) DHT_INLINE_LAMBDA {
    constexpr int width = decltype(shape)::template columns<S>;
    const std::int64_t padded = (columns + width - 1) / width * width;
    const DepthBlocks<S> blocks(depth);
    for (std::int64_t block = 0; block < blocks.count; ++block) {
      const std::int64_t k = blocks.begin(block), n = blocks.begin(block + 1) - k;
      for (std::int64_t panel = first; panel < end; ++panel) {
        const std::int64_t j = panel * width;
        const Factor<S> from{b.data + k * b.row_stride + j * b.column_stride, b.column_stride, b.row_stride};
        pack<width>(from, columns - j, n, packed + padded * k + j * n);
      }
    }
  });
}

/// c += a * b for some rows, and some columns that begin at a panel.
template <class S>
DHT_NO_INLINE void add_product(backend::InstructionSet set, const Factor<S>& a, std::int64_t rows,
                               std::int64_t columns, std::int64_t depth, const S* panels,
                               std::int64_t first_column, std::int64_t end_column, S* c, std::int64_t pitch) {
  static thread_local Buffer<S> packed;
  const DepthBlocks<S> blocks(depth);
  packed.resize(static_cast<std::size_t>((rows + 12) * (depth / blocks.count + 1)));
  with_tile_shape(set, [&](auto shape) DHT_INLINE_LAMBDA {
    using Shape = decltype(shape);
    constexpr int width = Shape::template columns<S>;
    const std::int64_t padded = (columns + width - 1) / width * width;
    for (std::int64_t block = 0; block < blocks.count; ++block) {
      const std::int64_t k = blocks.begin(block), n = blocks.begin(block + 1) - k;
      add_block<Shape>(a.from(0, k), rows, panels + padded * k, first_column, end_column, n, c, pitch,
                       packed.data());
    }
  });
}

/// Room for the packed right factor, one for each thread that asks for products.
template <class S>
S* product_panels(backend::InstructionSet set, std::int64_t columns, std::int64_t depth) {
  static thread_local Buffer<S> panels;
  const std::int64_t width = panel_columns<S>(set);
  panels.resize(static_cast<std::size_t>((columns + width - 1) / width * width * depth));
  return panels.data();
}

/// c (rows x columns, `pitch` numbers a row) += a (rows x depth) * b (depth x columns), on the threads of a backend. A
/// number is summed in the order of the depth, whatever the number of threads.
template <class S, class Backend>
void add_product(const Backend& backend, const Factor<S>& a, const Factor<S>& b, std::int64_t rows,
                 std::int64_t columns, std::int64_t depth, S* c, std::int64_t pitch) {
  if (rows == 0 || columns == 0 || depth == 0) return;
  const backend::InstructionSet set = backend.instruction_set();
  const std::int64_t width = panel_columns<S>(set), panels = (columns + width - 1) / width;
  S* const packed = product_panels<S>(set, columns, depth);
  const std::int64_t worth = 1 + 65536 / (width * depth);
  backend.for_range(panels, worth, [&](std::int64_t begin, std::int64_t end) {
    pack_panels(set, b, columns, depth, begin, end, packed);
  });
  const std::int64_t blocks = (rows + product_rows - 1) / product_rows;
  const int threads = backend.parts(rows * columns * depth, 262144);
  const std::int64_t chunks =
      std::min<std::int64_t>(threads / std::gcd<std::int64_t>(threads, blocks), panels);
  backend.for_range(
      blocks * chunks, (blocks * chunks + threads - 1) / threads, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t task = begin; task < end; ++task) {
          const std::int64_t block = task / chunks, chunk = task % chunks;
          const std::int64_t first = rows * block / blocks, last = rows * (block + 1) / blocks;
          add_product(set, a.from(first, 0), last - first, columns, depth, packed,
                      panels * chunk / chunks * width,
                      std::min(columns, panels * (chunk + 1) / chunks * width), c + first * pitch, pitch);
        }
      });
}

/// The same on the thread that asks.
template <class S>
void add_product(backend::InstructionSet set, const Factor<S>& a, const Factor<S>& b, std::int64_t rows,
                 std::int64_t columns, std::int64_t depth, S* c, std::int64_t pitch) {
  if (rows == 0 || columns == 0 || depth == 0) return;
  const std::int64_t width = panel_columns<S>(set);
  S* const packed = product_panels<S>(set, columns, depth);
  pack_panels(set, b, columns, depth, 0, (columns + width - 1) / width, packed);
  for (std::int64_t row = 0; row < rows; row += product_rows)
    add_product(set, a.from(row, 0), std::min(product_rows, rows - row), columns, depth, packed, 0, columns,
                c + row * pitch, pitch);
}

}  // namespace dht::detail
