// SPDX-License-Identifier: MIT
// A line that says how far a long work has come, and how long it will still take.
#include "progress.hpp"

#include <cmath>
#include <iostream>
#include <utility>

#include <unistd.h>

#include "number_text.hpp"

namespace dht::examples {
namespace {

constexpr std::chrono::milliseconds between_lines{100};  // a terminal is slow, and so are eyes
const char* const erase_line = "\r\033[K";

}  // namespace

std::ostream* terminal() { return isatty(STDOUT_FILENO) != 0 ? &std::cout : nullptr; }

std::string tenths(double number) { return fixed_text(number, 1); }

std::string duration_text(double seconds) {
  if (seconds < 10) return tenths(seconds) + " s";
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

bool MovingLine::is_due(bool is_last) const {
  return out_ != nullptr && (is_last || Clock::now() - written_ >= between_lines);
}

void MovingLine::write(const std::string& text) {
  if (out_ == nullptr) return;
  *out_ << erase_line << text << std::flush;
  written_ = Clock::now();
}

void MovingLine::clear() {
  if (out_ != nullptr && written_ != Clock::time_point{}) *out_ << erase_line << std::flush;
}

Progress::Progress(std::ostream* out, std::string what, std::size_t photos)
    : line_(out), what_(std::move(what)), photos_(photos), begin_(Clock::now()) {}

void Progress::step() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (line_.is_due(done_ == photos_)) line_.write(line(Clock::now()));
}

void Progress::interrupt(const std::function<void()>& speak) {
  const std::lock_guard lock(mutex_);
  line_.clear();
  speak();
}

std::string Progress::line(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - begin_).count(),
               done = static_cast<double>(done_);
  std::string text = what_ + ": " + std::to_string(done_) + " of " + std::to_string(photos_) + " photos";
  if (seconds > 0) text += ", " + tenths(done / seconds) + " photos/s";
  return text + ", " + duration_text(seconds / done * static_cast<double>(photos_ - done_)) + " left";
}

}  // namespace dht::examples
