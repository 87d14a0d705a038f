// SPDX-License-Identifier: MIT
// What goes wrong, said in one sentence: the one exception type of the library and the check that throws it.
#pragma once

#include <concepts>
#include <initializer_list>
#include <locale>
#include <sstream>
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

  void write(std::ostream& to) const {
    switch (kind_) {
      case Kind::text:
        to << text_;
        break;
      case Kind::letter:
        to << letter_;
        break;
      case Kind::whole:
        to << whole_;
        break;
      case Kind::natural:
        to << natural_;
        break;
      case Kind::real:
        to << real_;
        break;
    }
  }

 private:
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
  std::ostringstream text;
  text.imbue(std::locale::classic());
  for (const MessagePart& part : parts) part.write(text);
  return text.str();
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
