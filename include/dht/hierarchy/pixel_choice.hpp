// SPDX-License-Identifier: MIT
// The first round, on the implicit pixel grid: every pixel chooses its most similar neighbour. Half of all work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/transpose.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/similarity/compactness.hpp>
#include <dht/similarity/kernels.hpp>

namespace dht::detail {

/// The choice of a pixel without neighbours (a 1x1 image).
inline constexpr std::uint8_t no_choice = 255;

/// Per part: two rows of features, the similarities of two rows of edges and their 16-bit form, the choices of a row.
template <class S>
struct PixelChoiceWorkspace {
  Buffer<S> numbers;
  Buffer<std::int32_t> integers;
};

DHT_SCALAR_LOOPS_BEGIN

/// One thread's rows of edges. Rows have a margin of one pixel on both sides that is never chosen, and begin at multiples
/// of a whole vector.
template <class S, concepts::connectivity C, concepts::similarity<S> Similarity>
class EdgeRows {
 public:
  using N = Neighbours<C>;
  static constexpr std::int64_t numbers(int width, int channels) {
    return lanes + (2 * N::half + Similarity::sums + 2 * std::int64_t{channels}) * pitch(width);
  }
  static constexpr std::int64_t integers(int width) { return lanes + (2 * N::half + 1) * pitch(width); }

  DHT_INLINE EdgeRows(S* numbers, std::int32_t* integers, int width, int channels)
      : pitch_(pitch(width)), width_(width), channels_(channels) {
    similarity_ = numbers + lanes;
    sums_ = similarity_ + 2 * N::half * pitch_;
    planes_ = sums_ + Similarity::sums * pitch_;
    quantised_ = integers + lanes;
    choices_ = quantised_ + 2 * N::half * pitch_;
    std::fill(numbers, sums_, S(0));
    std::fill(integers, choices_, -1);
  }

  /// Takes in the features of row y, `channels` numbers a pixel, into slot `y & 1`.
  DHT_INLINE void load(const S* features, int y) {
    rows_to_planes(features, width_, channels_, planes(y), pitch_);
  }

  /// Edges from row y of an image to its forward neighbours, into slot `y & 1`. Rows y and, above the last, y + 1 must
  /// have been loaded.
  DHT_INLINE void compute(int height, int y, const Similarity& kernel, const Compactness<S>& compactness) {
    for (int f = 0; f < N::half; ++f) {
      const Offset o = N::all[static_cast<std::size_t>(N::half + f)];
      S* similarity = row(similarity_, y, f);
      std::int32_t* quantised = row(quantised_, y, f);
      if (o.dy == 1 && y == height - 1) {
        std::fill_n(quantised, width_, -1);
        continue;
      }
      const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width_ - 1 : width_;
      if (from > 0) quantised[0] = -1;
      if (to < width_) quantised[to] = -1;
      fill(planes(y), planes(y + o.dy) + o.dx, from, to, kernel, compactness, o.dy + std::abs(o.dx),
           similarity, quantised);
    }
  }

  /// Row y's choices: the neighbour's index among `Neighbours<C>::all`, and the similarity of the edge. The slots of rows
  /// y and, below the first, y - 1 must be filled.
  DHT_INLINE void choose(int y, std::uint8_t* choice, S* chosen_similarity) {
    const S* similarity[N::count];
    const std::int32_t* quantised[N::count];
#pragma GCC unroll 8
    for (int k = 0; k < N::count; ++k) {
      const bool backward = k < N::half;
      const int f = backward ? N::half - 1 - k : k - N::half;
      const Offset o = N::all[static_cast<std::size_t>(N::half + f)];
      similarity[k] = backward ? row(similarity_, y - o.dy, f) - o.dx : row(similarity_, y, f);
      quantised[k] = backward ? row(quantised_, y - o.dy, f) - o.dx : row(quantised_, y, f);
    }
    const int first = y == 0 ? N::half - 1 : 0;  // above the first row there is nothing
    std::int32_t* choices = choices_;
    DHT_INDEPENDENT
    for (int x = 0; x < width_; ++x) {
      std::int32_t best = -1, which = no_choice;
      S value = 0;
#pragma GCC unroll 8
      for (int k = 0; k < N::count; ++k) {
        const std::int32_t q = k < first ? -1 : quantised[k][x];
        const S s = similarity[k][x];
        const bool better = q >= best;  // ties to the larger neighbour label
        best = better ? q : best;
        which = better ? k : which;
        value = better ? s : value;
      }
      choices[x] = best < 0 ? no_choice : which;
      chosen_similarity[x] = best < 0 ? S(1) : value;
    }
    for (int x = 0; x < width_; ++x) choice[x] = static_cast<std::uint8_t>(choices[x]);
  }

 private:
  static constexpr std::int64_t lanes = whole_vectors(1);  // the margin before the first row
  static constexpr std::int64_t pitch(int width) { return whole_vectors(std::int64_t{width} + 2); }

  template <class T>
  DHT_INLINE T* row(T* rows, int y, int f) const {
    return rows + ((y & 1) * N::half + f) * pitch_;
  }

  DHT_INLINE S* planes(int y) const { return planes_ + (y & 1) * channels_ * pitch_; }

  DHT_INLINE void fill(const S* a, const S* b, int from, int to, const Similarity& kernel,
                       const Compactness<S>& compactness, std::int32_t extent, S* similarity,
                       std::int32_t* quantised) {
    constexpr int sums = Similarity::sums;
    S* const rows = sums_;
    const std::int64_t pitch = pitch_;
    std::fill_n(rows, sums * pitch, S(0));
    for (int c = 0; c < channels_; ++c) {
      const S* ca = a + c * pitch;
      const S* cb = b + c * pitch;
      DHT_INDEPENDENT
      for (int x = from; x < to; ++x) {
        S sum[std::size_t{sums}];
        for (int i = 0; i < sums; ++i) sum[i] = rows[i * pitch + x];
        kernel.add(sum, ca[x], cb[x]);
        for (int i = 0; i < sums; ++i) rows[i * pitch + x] = sum[i];
      }
    }
    DHT_INDEPENDENT
    for (int x = from; x < to; ++x) {
      S sum[std::size_t{sums}];
      for (int i = 0; i < sums; ++i) sum[i] = rows[i * pitch + x];
      const S s = compactness.mix(kernel.value(sum), 2, extent);
      similarity[x] = s;
      quantised[x] = quantise(s);
    }
  }

  std::int64_t pitch_;
  int width_, channels_;
  S* similarity_;
  S* sums_;
  S* planes_;
  std::int32_t* quantised_;
  std::int32_t* choices_;
};

DHT_SCALAR_LOOPS_END

/// Every pixel of an image chooses. `features` has `channels` numbers a pixel.
template <class S, concepts::connectivity C, concepts::similarity<S> Similarity, class Backend>
void choose_pixels(const Backend& backend, const S* features, int channels, int height, int width,
                   const Similarity& kernel, const Compactness<S>& compactness, std::uint8_t* choice,
                   S* chosen_similarity, PixelChoiceWorkspace<S>& workspace) {
  using Rows = EdgeRows<S, C, Similarity>;
  const std::int64_t grain = 1 + 8192 / width;
  const int parts = backend.parts(height, grain);
  workspace.numbers.resize(static_cast<std::size_t>(parts * Rows::numbers(width, channels)));
  workspace.integers.resize(static_cast<std::size_t>(parts * Rows::integers(width)));
  backend.for_parts(height, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    Rows edges(workspace.numbers.data() + part * Rows::numbers(width, channels),
               workspace.integers.data() + part * Rows::integers(width), width, channels);
    const Similarity local_kernel = kernel;
    const Compactness<S> local_compactness = compactness;
    const std::int64_t pitch = std::int64_t{width} * channels;
    const int from =
        static_cast<int>(begin > 0 ? begin - 1 : 0);  // whose edges to row `begin` count there too
    for (int y = from, loaded = from; y < static_cast<int>(end); ++y) {
      for (; loaded <= std::min(y + 1, height - 1); ++loaded) edges.load(features + loaded * pitch, loaded);
      edges.compute(height, y, local_kernel, local_compactness);
      if (y >= begin)
        edges.choose(y, choice + std::int64_t{y} * width, chosen_similarity + std::int64_t{y} * width);
    }
  });
}

/// Row y: bit k is set where a pixel and its k-th backward neighbour chose one another, either way.
template <concepts::connectivity C>
DHT_INLINE void choice_links(const std::uint8_t* choice, std::int64_t y, int width, std::uint8_t* links) {
  using N = Neighbours<C>;
  std::fill_n(links, width, std::uint8_t{0});
#pragma GCC unroll 4
  for (int k = 0; k < N::half; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)];
    if (o.dy < 0 && y == 0) continue;
    const std::uint8_t* row = choice + y * width;
    const std::uint8_t* other = row + o.dy * width + o.dx;
    const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width - 1 : width;
    DHT_INDEPENDENT
    for (int x = from; x < to; ++x) {
      const bool linked = (row[x] == k) | (other[x] == N::opposite(k));
      links[x] = static_cast<std::uint8_t>(links[x] | (linked << k));
    }
  }
}

}  // namespace dht::detail
