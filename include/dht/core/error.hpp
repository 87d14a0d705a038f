// SPDX-License-Identifier: MIT
// What goes wrong, said in one sentence: the one exception type of the library and the check that throws it.
#pragma once

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

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(message.str());
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
