// SPDX-License-Identifier: MIT
// Sequences of different lengths, one after the other: what batches of tokens are. Nothing is padded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/error.hpp>

namespace dht {

/// Which rows of a matrix belong together: rows begin[b] to begin[b + 1] - 1 are those of image b.
struct Sequences {
  std::vector<std::int32_t> begin{0};  ///< first row of each sequence, and one more
  /// One number a row, 0 where nobody attends to it, as in padding; empty: everybody attends to all.
  std::vector<std::uint8_t> mask;

  int batch() const { return static_cast<int>(begin.size()) - 1; }
  /// Rows of all sequences together.
  std::int32_t rows() const { return begin.back(); }
  std::int32_t count(int sequence) const {
    return begin[static_cast<std::size_t>(sequence) + 1] - begin[static_cast<std::size_t>(sequence)];
  }
  /// Rows of the longest one.
  std::int32_t longest() const {
    std::int32_t most = 0;
    for (int b = 0; b < batch(); ++b) most = std::max(most, count(b));
    return most;
  }
};

/// Throws dht::Error unless every sequence has a row that is attended to.
inline void check(const Sequences& of, const char* name) {
  DHT_EXPECTS(of.batch() > 0 && of.begin.front() == 0, name, ": has no sequence; must have one an image");
  DHT_EXPECTS(of.mask.empty() || of.mask.size() == static_cast<std::size_t>(of.rows()), name,
              ": the mask has ", of.mask.size(), " numbers; must have ", of.rows(), ", one a row");
  for (int b = 0; b < of.batch(); ++b) {
    DHT_EXPECTS(of.count(b) > 0, name, ": image ", b, " has no token; must have at least 1");
    if (of.mask.empty()) continue;
    const auto first = of.mask.begin() + of.begin[static_cast<std::size_t>(b)];
    DHT_EXPECTS(std::any_of(first, first + of.count(b), [](std::uint8_t m) { return m != 0; }), name,
                ": the mask leaves image ", b, " no token; must leave at least 1");
  }
}

}  // namespace dht
