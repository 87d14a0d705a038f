// SPDX-License-Identifier: MIT
// Rare places in a row, found 64 at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include <dht/core/config.hpp>

namespace dht::detail {

/// The bits of up to 64 marks, each 0 or 1, the first lowest.
DHT_INLINE std::uint64_t mark_bits(const std::uint8_t* marks, int n) {
  std::uint64_t bits = 0;
  for (int i = 0; i < n; i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, marks + i, static_cast<std::size_t>(std::min(8, n - i)));
    if constexpr (std::endian::native == std::endian::big) eight = __builtin_bswap64(eight);
    bits |= (eight * 0x0102040810204080u >> 56) << i;  // the lowest bits of eight bytes, side by side
  }
  return bits;
}

/// Calls visit(x) for every x in [from, to) with marks[x] = 1; all others are 0. 64 bytes make a word of one bit each, so
/// that only the end of every word cannot be foreseen.
template <class Visit>
DHT_INLINE void for_each_mark(const std::uint8_t* marks, int from, int to, const Visit& visit) {
  for (int x = from; x < to; x += 64)
    for (std::uint64_t bits = mark_bits(marks + x, std::min(64, to - x)); bits != 0; bits &= bits - 1)
      visit(x + std::countr_zero(bits));
}

}  // namespace dht::detail
