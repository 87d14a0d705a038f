// SPDX-License-Identifier: MIT
// Numbers in the tables that the comparisons write.
#pragma once

#include <cstdio>
#include <string>

namespace dht::bench {

/// With so many digits after the point.
inline std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace dht::bench
