// SPDX-License-Identifier: MIT
// A line that says how far a long work has come, and how long it will still take.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>

namespace dht::examples {

/// Standard output where it is a terminal, on which a line can be written again; null where it is not.
std::ostream* terminal();

/// A line of text that is written again and again over itself, ten times a second at most.
class MovingLine {
 public:
  /// Nothing is written where `out` is null.
  explicit MovingLine(std::ostream* out) : out_(out) {}
  MovingLine(const MovingLine&) = delete;
  MovingLine& operator=(const MovingLine&) = delete;
  /// The line goes away.
  ~MovingLine() { clear(); }

  /// Whether a new text would be written now; `is_last` is always written.
  bool is_due(bool is_last = false) const;
  void write(const std::string& text);
  /// Takes the line away, so that others can be written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::ostream* out_;
  Clock::time_point written_{};
};

/// "3 of 10 photos, 1.5 photos/s, 5 s left", written again and again over itself. For use by several threads at once.
class Progress {
 public:
  /// Nothing is written where `out` is null. `what` comes before the numbers.
  Progress(std::ostream* out, std::string what, std::size_t photos);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One photo more is done.
  void step();
  /// Takes the line away, calls `speak`, which may write lines of its own.
  void interrupt(const std::function<void()>& speak);

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(Clock::time_point now) const;

  MovingLine line_;
  std::string what_;
  std::size_t photos_, done_ = 0;
  Clock::time_point begin_;
  std::mutex mutex_;
};

/// How long something took or takes, for people: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

/// One digit after the point.
std::string tenths(double number);

}  // namespace dht::examples
