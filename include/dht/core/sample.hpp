// SPDX-License-Identifier: MIT
// What a stored sample of an image stands for.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace dht {

/// The types of an image's samples. Others would have a range that nobody knows.
template <class P>
inline constexpr bool is_sample =
    std::is_same_v<std::remove_const_t<P>, float> || std::is_same_v<std::remove_const_t<P>, double> ||
    std::is_same_v<std::remove_const_t<P>, std::uint8_t> ||
    std::is_same_v<std::remove_const_t<P>, std::uint16_t>;

/// The number that one step of a sample stands for: 1 for real types, 1/255 and 1/65535 for 8 and 16 bit integers.
template <class P>
constexpr double sample_unit() {
  static_assert(is_sample<P>,
                "an image's values must be float or double, or std::uint8_t or std::uint16_t for value/255 "
                "and value/65535; "
                "convert others");
  if constexpr (std::is_floating_point_v<P>)
    return 1;
  else
    return 1.0 / std::numeric_limits<std::remove_const_t<P>>::max();
}

}  // namespace dht
