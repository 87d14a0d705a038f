// SPDX-License-Identifier: MIT
// What goes wrong, said in one sentence: the one exception type of the library and the check that throws it.
#pragma once

#include <concepts>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dht {

/// Thrown for every bad argument, bad file and failed write. `what()` names the argument or file, says what it
/// was and what it must be.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// A part of a message: text, or a number by value. All messages share the code that puts them together.
class MessagePart {
 public:
  MessagePart(const char* text) : kind_(Kind::text), text_(text) {}
  MessagePart(std::string_view text) : kind_(Kind::text), text_(text) {}
  MessagePart(const std::string& text) : kind_(Kind::text), text_(text) {}
  MessagePart(char letter) : kind_(Kind::letter), letter_(letter) {}
  template <std::signed_integral T>
  MessagePart(T number) : kind_(Kind::whole), whole_(number) {}
  template <std::unsigned_integral T>
  MessagePart(T number) : kind_(Kind::natural), natural_(number) {}
  template <std::floating_point T>
  MessagePart(T number) : kind_(Kind::real), real_(static_cast<double>(number)) {}

  void append_to(std::string& message) const {
    switch (kind_) {
      case Kind::text:
        message += text_;
        break;
      case Kind::letter:
        message += letter_;
        break;
      case Kind::whole:
        message += std::to_string(whole_);
        break;
      case Kind::natural:
        message += std::to_string(natural_);
        break;
      case Kind::real:
        append_real(message, real_);
        break;
    }
  }

 private:
  /// Six digits, as streams write it, without the streams: their headers are slow to compile. Emscripten 3.1.6 has no
  /// std::to_chars for it, and std::snprintf takes the locale's point.
  static void append_real(std::string& message, double number) {
    char digits[32];
    bool point = false;
    std::snprintf(digits, sizeof(digits), "%g", number);
    for (const char* c = digits; *c != '\0'; ++c) {
      const bool of_point = !(*c >= '0' && *c <= '9') && !(*c >= 'a' && *c <= 'z') && *c != '-' && *c != '+';
      if (!of_point || !point) message += of_point ? '.' : *c;
      point = of_point;
    }
  }

  enum class Kind { text, letter, whole, natural, real } kind_;
  union {
    std::string_view text_;
    char letter_;
    long long whole_;
    unsigned long long natural_;
    double real_;
  };
};

/// The parts as one text, the same in every locale.
inline std::string text_of(std::initializer_list<MessagePart> parts) {
  std::string text;
  for (const MessagePart& part : parts) part.append_to(text);
  return text;
}

[[noreturn]] inline void fail(std::initializer_list<MessagePart> parts) { throw Error(text_of(parts)); }

}  // namespace detail
}  // namespace dht

/// Throws dht::Error with the remaining arguments as one message unless `condition` holds. The message is only built when
/// it is needed.
#if !defined(__CUDACC__)
#define DHT_EXPECTS(condition, ...)       \
  do {                                    \
    if (!(condition)) [[unlikely]]        \
      ::dht::detail::fail({__VA_ARGS__}); \
  } while (false)
#else  // nvcc loses the semicolon after a call that takes a list in braces
#define DHT_EXPECTS(condition, ...)                                                   \
  do {                                                                                \
    if (!(condition)) [[unlikely]] {                                                  \
      const std::initializer_list<::dht::detail::MessagePart> dht_parts{__VA_ARGS__}; \
      ::dht::detail::fail(dht_parts);                                                 \
    }                                                                                 \
  } while (false)
#endif
