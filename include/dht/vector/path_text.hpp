// SPDX-License-Identifier: MIT
// Path data in few characters: relative commands, letters only where they change, no separator that can be spared.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
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
    command_ = 'l', straight_ = 0;
    start_ = here_ = p;
  }

  /// Lines that go straight on along an axis become one.
  void line(Point p) {
    const std::int32_t dx = p.x - here_.x, dy = p.y - here_.y;
    if (dy == 0)
      straight('h', dx);
    else if (dx == 0)
      straight('v', dy);
    else
      write('l', dx), next(dy);
    here_ = p;
  }

  /// At most half a circle.
  void round(std::int32_t radius, bool clockwise, Point p) {
    write('a', radius), next(radius);
    out_ += clockwise ? " 0 0 1" : " 0 0 0";
    next(p.x - here_.x), next(p.y - here_.y);
    here_ = p;
  }

  /// A cubic curve with the control points `a` and `b`.
  void curve(Point a, Point b, Point p) {
    write('c', a.x - here_.x), next(a.y - here_.y);
    next(b.x - here_.x), next(b.y - here_.y);
    next(p.x - here_.x), next(p.y - here_.y);
    here_ = p;
  }

  /// Ends a subpath; the line back to its start is drawn by the renderer.
  void close() {
    out_ += 'z';
    command_ = 'z', straight_ = 0;
    here_ = start_;
  }

 private:
  void letter(char c) { out_ += c; }
  void write(char command, std::int32_t number) {
    straight_ = 0;
    if (command == command_) return next(number);
    letter(command_ = command);
    first(number);
  }
  void straight(char command, std::int32_t distance) {
    if (command == command_ && (distance > 0) == (straight_ > 0) && straight_ != 0) {
      distance += straight_;
      out_.resize(before_);
      command_ = command_before_;
    }
    before_ = out_.size();
    command_before_ = command_;
    write(command, distance);
    straight_ = distance;
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
  /// The last line, where it was along an axis, else 0; and what was there before it.
  std::int32_t straight_ = 0;
  std::size_t before_ = 0;
  char command_before_ = 0;
  Point start_, here_;
};

}  // namespace dht::detail
