// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM, taken as a wish to stop where it does no harm.
#pragma once

#include <csignal>

namespace dht::examples {
namespace detail {
inline volatile std::sig_atomic_t signal_caught = 0;
inline void catch_signal(int signal) { signal_caught = signal; }
}  // namespace detail

/// As long as it lives, the first SIGINT or SIGTERM is only noted; a second one ends the program at once.
class Signals {
 public:
  Signals() {
    detail::signal_caught = 0;
    for (const int signal : {SIGINT, SIGTERM}) {
      struct sigaction action {};
      action.sa_handler = detail::catch_signal;
      action.sa_flags = static_cast<int>(SA_RESETHAND);
      sigaction(signal, &action, nullptr);
    }
  }
  ~Signals() {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The signal that came, or 0.
  int caught() const { return detail::signal_caught; }
};

}  // namespace dht::examples
