// SPDX-License-Identifier: MIT
// What a stored sample of an image stands for.
#pragma once

#include <limits>
#include <type_traits>

namespace dht {

/// The number that one step of a sample stands for: 1 for real types, 1/255 and 1/65535 for 8 and 16 bit integers.
template <class P>
constexpr double sample_unit() {
  if constexpr (std::is_floating_point_v<P>)
    return 1;
  else
    return 1.0 / std::numeric_limits<std::remove_const_t<P>>::max();
}

}  // namespace dht
