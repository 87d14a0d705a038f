// SPDX-License-Identifier: MIT
// A number that tells contents apart which are not made to deceive: FNV-1a.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dht::examples {

/// Of all that was added, in order.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) value_ = (value_ ^ static_cast<std::uint64_t>(b)) * 0x100000001b3u;
  }
  /// With its end, so that "a", "b" is not "ab".
  void add(std::string_view text) {
    add(std::as_bytes(std::span(text.data(), text.size())));
    add(std::as_bytes(std::span("", 1)));
  }
  void add(std::uint64_t number) { add(std::string_view(std::to_string(number))); }

  std::string text() const {
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[value_ >> shift & 15];
    return digits;
  }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace dht::examples
