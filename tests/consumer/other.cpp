// SPDX-License-Identifier: MIT
// The second translation unit: the same headers again.
#include <dht/dht.hpp>

int pixels_counted_elsewhere() {
  const float values[6] = {};
  return int(dht::planar_view(values, 1, 1, 2, 3).total_pixels());
}
