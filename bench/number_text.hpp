// SPDX-License-Identifier: MIT
// Numbers in the tables that the comparisons write.
#pragma once

#include <charconv>
#include <string>

namespace dht::bench {

/// With so many digits after the point.
inline std::string number(double value, int digits) {
  char text[400];
  return std::string(text,
                     std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr);
}

}  // namespace dht::bench
