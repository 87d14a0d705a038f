// SPDX-License-Identifier: MIT
// Path data in few characters: relative commands, letters only where they change, no separator that can be spared.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <dht/vector/arcs.hpp>

namespace dht::detail {

/// Writes subpaths. Coordinates are integers; the document's viewBox says how large a step is.
class PathText {
 public:
  explicit PathText(std::string& out) : out_(out) {}

  /// Starts a subpath, relative to the start of the one before. The first `m` of a path is absolute anyway, and unlike
  /// after `M` the coordinates that follow it are relative.
  void move(Point p) {
    letter('m');
    first(p.x - start_.x), next(p.y - start_.y);
    // After a move, coordinates without a letter are lines.
    command_ = 'l';
    start_ = here_ = p;
  }

  void line(Point p) {
    const std::int32_t dx = p.x - here_.x, dy = p.y - here_.y;
    if (dy == 0)
      write('h', dx);
    else if (dx == 0)
      write('v', dy);
    else
      write('l', dx), next(dy);
    here_ = p;
  }

  /// A cubic curve with the control points `a` and `b`; `s` where `a` continues the curve before.
  void curve(Point a, Point b, Point p) {
    write('c', a.x - here_.x), next(a.y - here_.y);
    next(b.x - here_.x), next(b.y - here_.y);
    next(p.x - here_.x), next(p.y - here_.y);
    here_ = p;
  }

  /// Ends a subpath; the line back to its start is drawn by the renderer.
  void close() {
    out_ += 'z';
    command_ = 'z';
    here_ = start_;
  }

 private:
  void letter(char c) { out_ += c; }
  void write(char command, std::int32_t number) {
    if (command == command_) return next(number);
    letter(command_ = command);
    first(number);
  }
  void first(std::int32_t n) {
    std::array<char, 12> digits;
    out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr);
  }
  void next(std::int32_t n) {
    if (n >= 0) out_ += ' ';
    first(n);
  }

  std::string& out_;
  char command_ = 0;
  Point start_, here_;
};

}  // namespace dht::detail
