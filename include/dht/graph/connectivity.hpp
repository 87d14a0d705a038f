// SPDX-License-Identifier: MIT
// Which pixels are neighbours: the neighbourhood of a PixelGrid.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace dht {

/// A step from a pixel to a neighbour.
struct Offset {
  int dy = 0, dx = 0;
  friend constexpr bool operator==(const Offset&, const Offset&) = default;
};

/// Pixels that share a side are neighbours: the paper's grid.
struct FourConnected {
  static constexpr std::array<Offset, 2> forward{{{0, 1}, {1, 0}}};
};

/// Pixels that share a side or a corner are neighbours. Regions may then cross each other diagonally.
struct EightConnected {
  static constexpr std::array<Offset, 4> forward{{{0, 1}, {1, -1}, {1, 0}, {1, 1}}};
};

namespace detail {

/// Whether offsets are in raster order, beginning with the pixel to the right, and none is further than one row below and
/// one column aside. The rows of an image are labelled under this assumption.
template <class Offsets>
constexpr bool right_then_row_below(const Offsets& forward) {
  if (forward.size() == 0 || !(Offset(forward[0]) == Offset{0, 1})) return false;
  for (std::size_t i = 1; i < forward.size(); ++i) {
    const Offset before = forward[i - 1], o = forward[i];
    if (o.dy != 1 || o.dx < -1 || o.dx > 1) return false;
    if (before.dy == 1 && before.dx >= o.dx) return false;
  }
  return true;
}

}  // namespace detail

namespace concepts {

/// A neighbourhood on the pixel grid.
template <class C>
concept connectivity = requires {
  // `forward`: the neighbours that come later in raster order, in that order: the pixel to the right, {0, 1}, always; then
  // any of the three below, {1, -1}, {1, 0}, {1, 1}. The other half follows by symmetry. Known at compile time.
  { C::forward.size() } -> std::convertible_to<std::size_t>;
  { C::forward[0] } -> std::convertible_to<Offset>;
  requires std::bool_constant<detail::right_then_row_below(C::forward)>::value;
};

}  // namespace concepts

namespace detail {

/// All neighbours of a pixel in the order of their numbers: the backward ones, then the forward ones.
template <concepts::connectivity C>
struct Neighbours {
  static constexpr int half = static_cast<int>(C::forward.size());
  static constexpr int count = 2 * half;

  static constexpr std::array<Offset, static_cast<std::size_t>(count)> all = [] {
    std::array<Offset, static_cast<std::size_t>(count)> offsets{};
    for (int i = 0; i < half; ++i) {
      const Offset o = C::forward[static_cast<std::size_t>(i)];
      offsets[static_cast<std::size_t>(half + i)] = o;
      offsets[static_cast<std::size_t>(half - 1 - i)] = {-o.dy, -o.dx};
    }
    return offsets;
  }();

  /// The neighbour in the other direction.
  static constexpr int opposite(int neighbour) { return count - 1 - neighbour; }
};

}  // namespace detail
}  // namespace dht
