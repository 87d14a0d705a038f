// SPDX-License-Identifier: MIT
// Pieces of SVG text: escaped titles, numbers, colours.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace dht::detail {

/// The length in bytes of the character that starts `text` when it is UTF-8 and allowed in XML 1.0, otherwise 0.
inline std::size_t xml_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = code < (length == 3 ? 0x800u : length == 4 ? 0x10000u : 0x80u);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return overlong || surrogate || code > 0x10FFFF || code == 0xFFFE || code == 0xFFFF ? 0 : length;
}

inline void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = xml_character(text);
    switch (text[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        length == 0 ? out += "\xEF\xBF\xBD" : out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

inline void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// A number of tenths, such as .5 for 5.
inline void append_tenths(std::string& out, std::int64_t tenths) {
  if (tenths >= 10 || tenths == 0) append_number(out, tenths / 10);
  if (tenths % 10 != 0) (out += '.') += static_cast<char>('0' + tenths % 10);
}

/// #rrggbb, or #rgb where that is the same colour.
inline void append_color(std::string& out, const std::array<std::uint8_t, 3>& color) {
  constexpr std::string_view hex = "0123456789abcdef";
  const bool short_form = (color[0] % 17 | color[1] % 17 | color[2] % 17) == 0;
  out += '#';
  for (const std::uint8_t channel : color) {
    out += hex[channel / 16];
    if (!short_form) out += hex[channel % 16];
  }
}

}  // namespace dht::detail
