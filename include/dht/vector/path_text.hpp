// SPDX-License-Identifier: MIT
// Path data in few characters: relative commands, letters only where they change, no separator that can be spared, and each
// subpath from where it takes the fewest.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <dht/vector/arcs.hpp>

namespace dht::detail {

/// Writes closed subpaths, each when it is closed. Coordinates are integers; the document's viewBox says how large a step is.
class PathText {
 public:
  explicit PathText(std::string& out) : out_(out) { pieces_.reserve(64); }

  /// Starts a subpath.
  void move(Point p) {
    pieces_.clear();
    from_ = here_ = p;
  }

  /// Lines that go straight on along an axis become one.
  void line(Point p) {
    const Point step = p - here_;
    if (step == Point{}) return;
    append({step.y == 0 ? 'h' : step.x == 0 ? 'v' : 'l', {}, {}, step});
    if (const std::size_t n = pieces_.size(); n > 1 && straight_on(pieces_[n - 2], pieces_[n - 1])) {
      pieces_.pop_back();
      pieces_.back().step = pieces_.back().step + step;
    }
  }

  /// At most half an ellipse.
  void round(Point radii, bool clockwise, Point p) { append({'a', radii, {clockwise, 0}, p - here_}); }

  /// A cubic curve with the control points `a` and `b`.
  void curve(Point a, Point b, Point p) { append({'c', a - here_, b - here_, p - here_}); }

  /// Ends a subpath with the line back to its start, where it is not there, and writes it.
  void close() {
    line(from_);
    if (pieces_.size() > 1 && straight_on(pieces_.back(), pieces_.front())) {
      from_ = from_ - pieces_.back().step;
      pieces_.front().step = pieces_.front().step + pieces_.back().step;
      pieces_.pop_back();
    }
    if (!pieces_.empty()) write(best_start());
  }

 private:
  /// Relative to where it starts. A round one has its radii in `a` and whether it goes clockwise in `b`.
  struct Piece {
    char command = 'l';
    Point a, b, step;

    bool line() const { return command != 'a' && command != 'c'; }
    /// What is written behind its letter.
    std::int32_t first_number() const { return command == 'v' ? step.y : line() ? step.x : a.x; }
  };

  static bool straight_on(const Piece& p, const Piece& q) {
    return p.command == q.command && (p.command == 'h' || p.command == 'v') &&
           (p.first_number() > 0) == (q.first_number() > 0);
  }

  void append(const Piece& piece) {
    pieces_.push_back(piece);
    here_ = here_ + piece.step;
  }

  /// The piece at whose start the subpath takes the fewest characters: the step from the subpath before it counts, and the
  /// renderer's way back spares the last line. Of several the topmost, then leftmost.
  std::size_t best_start() const {
    const std::size_t n = pieces_.size();
    const Piece* before = &pieces_.back();
    int spared = spared_as_last(*before, before->command != pieces_[(2 * n - 2) % n].command);
    std::size_t best = 0;
    auto least = std::tuple(std::numeric_limits<int>::max(), 0, 0);
    Point p = from_;
    for (std::size_t i = 0; i < n; ++i) {
      const Piece& piece = pieces_[i];
      const bool letter = piece.command != before->command;
      const int cost = length(p.x - end_.x) + length(p.y - end_.y) + (p.y >= end_.y) +
                       start(piece, piece.command != 'l') - start(piece, letter) - spared;
      if (const auto here = std::tuple(cost, p.y, p.x); here < least) least = here, best = i;
      spared = spared_as_last(piece, letter);
      p = p + piece.step, before = &piece;
    }
    return best;
  }

  static int length(std::int32_t number) {
    const std::int64_t size = std::abs(std::int64_t{number});
    int digits = number < 0 ? 2 : 1;
    for (std::int64_t power = 10; size >= power; power *= 10) ++digits;
    return digits;
  }
  /// Of what is before a piece's first number: its letter, or a space.
  static int start(const Piece& piece, bool letter) { return letter || piece.first_number() >= 0; }
  /// What a line takes that the renderer draws instead, on its way back to the subpath's start.
  static int spared_as_last(const Piece& piece, bool letter) {
    if (!piece.line()) return 0;
    return start(piece, letter) + length(piece.first_number()) +
           (piece.command == 'l' ? length(piece.step.y) + (piece.step.y >= 0) : 0);
  }

  void write(std::size_t start) {
    const std::size_t n = pieces_.size();
    for (std::size_t i = 0; i < start; ++i) from_ = from_ + pieces_[i].step;
    // Relative to the start of the subpath before. The first `m` of a path is absolute anyway, and unlike after `M` the
    // coordinates that follow it are relative.
    letter('m');
    first(from_.x - end_.x), next(from_.y - end_.y);
    command_ = 'l';  // after a move, coordinates without a letter are lines
    for (std::size_t k = 0; k < n; ++k)
      if (const Piece& piece = pieces_[(start + k) % n]; k + 1 < n || !piece.line()) write(piece);
    letter('z');
    flush();
    end_ = from_;
  }

  void write(const Piece& piece) {
    if (piece.command == command_) {
      next(piece.first_number());
    } else {
      letter(command_ = piece.command);
      first(piece.first_number());
    }
    if (piece.command == 'a') {
      next(piece.a.y), next(0), next(0), next(piece.b.x), next(piece.step);
    } else if (piece.command == 'c') {
      next(piece.a.y), next(piece.b), next(piece.step);
    } else if (piece.command == 'l') {
      next(piece.step.y);
    }
    if (at_ > most_written) flush();
  }

  void letter(char c) { written_[at_++] = c; }
  void first(std::int32_t n) {
    char* const at = written_.data() + at_;
    at_ += static_cast<std::size_t>(std::to_chars(at, at + 12, n).ptr - at);
  }
  void next(std::int32_t n) {
    if (n >= 0) letter(' ');
    first(n);
  }
  void next(Point p) { next(p.x), next(p.y); }
  void flush() {
    out_.append(written_.data(), at_);
    at_ = 0;
  }

  /// What is not in out_ yet, with room for a move, the longest piece and an end.
  static constexpr std::size_t most_written = 256;
  std::array<char, most_written + 128> written_;
  std::size_t at_ = 0;
  std::string& out_;
  char command_ = 0;
  std::vector<Piece> pieces_;
  Point from_, here_;  ///< where the subpath starts, and ends so far
  Point end_;          ///< where the one before it started and ended
};

}  // namespace dht::detail
