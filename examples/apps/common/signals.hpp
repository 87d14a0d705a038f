// SPDX-License-Identifier: MIT
// SIGINT and its like, taken as a wish to stop where it does no harm.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace dht::examples {
namespace detail {
inline std::atomic<int> signal_caught = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // or a handler must not touch it
inline void catch_signal(int signal) { signal_caught = signal; }
}  // namespace detail

/// Thrown where a signal ends the work, so that what was begun is undone on the way out.
struct Interrupted {
  int signal;
};

/// As long as it lives, the first SIGINT, SIGTERM or SIGHUP is only noted, a second one of them ends the program at once; and
/// SIGPIPE is noted. Signals that were ignored before, as under nohup, stay ignored. One at a time.
class Signals {
 public:
  Signals() {
    for (std::size_t i = 0; i < taken.size(); ++i) {
      sigaction(taken[i], nullptr, &before_[i]);
      if (before_[i].sa_handler == SIG_IGN) continue;
      struct sigaction action {};
      action.sa_handler = detail::catch_signal;
      // What is said on the way out must not end the program because nobody reads it.
      action.sa_flags = taken[i] == SIGPIPE ? 0 : static_cast<int>(SA_RESETHAND);
      sigaction(taken[i], &action, nullptr);
    }
  }
  ~Signals() {
    for (std::size_t i = 0; i < taken.size(); ++i) sigaction(taken[i], &before_[i], nullptr);
    detail::signal_caught = 0;
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The signal that came, or 0.
  int caught() const { return detail::signal_caught; }

 private:
  static constexpr std::array<int, 4> taken{SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  std::array<struct sigaction, taken.size()> before_;
};

/// Throws Interrupted where a signal came while a Signals lives. For use by any thread.
inline void check_interrupted() {
  if (const int signal = detail::signal_caught; signal != 0) throw Interrupted{signal};
}

}  // namespace dht::examples
