// SPDX-License-Identifier: MIT
// What goes wrong, said in one sentence: the one exception type of the library and the check that throws it.
#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace dht {

/// Thrown for every bad argument, bad file and failed write. `what()` names the argument or file, says what it
/// was and what it must be.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// The parts as one text, the same in every locale.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  (text << ... << parts);
  return text.str();
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text_of(parts...));
}

}  // namespace detail
}  // namespace dht

/// Throws dht::Error with the remaining arguments streamed into one message unless `condition` holds.
/// The message is only built when it is needed.
#define DHT_EXPECTS(condition, ...)     \
  do {                                  \
    if (!(condition)) [[unlikely]]      \
      ::dht::detail::fail(__VA_ARGS__); \
  } while (false)
