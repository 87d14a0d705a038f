// SPDX-License-Identifier: MIT
// Numbers as text: with a point, whatever the locale.
#pragma once

#include <array>
#include <charconv>
#include <string>

namespace dht::examples {
namespace detail {
template <class... How>
std::string number_text(double number, How... how) {
  std::array<char, 400> text;  // the largest number has 309 digits before the point
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), number, how...).ptr);
}
}  // namespace detail

/// In as few digits as tell it from its neighbours.
inline std::string shortest_text(double number) { return detail::number_text(number); }

/// With so many digits after the point.
inline std::string fixed_text(double number, int digits) {
  return detail::number_text(number, std::chars_format::fixed, digits);
}

/// With six digits, zeros at the end left out.
inline std::string short_text(double number) {
  return detail::number_text(number, std::chars_format::general, 6);
}

/// A share as "12.34 %".
inline std::string percent_text(double share) { return fixed_text(100 * share, 2) + " %"; }

}  // namespace dht::examples
