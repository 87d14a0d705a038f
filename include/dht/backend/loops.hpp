// SPDX-License-Identifier: MIT
// Loops over index ranges, cut into contiguous parts: what a backend of the host is made of.
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/backend/instruction_set.hpp>

namespace dht::backend {
inline namespace DHT_TARGET {

/// The loops of a backend that says how many threads it has and runs parts on them: `Backend::threads()`, at least 1, and
/// `run(parts, task)`, which calls `task(0)` to `task(parts - 1)`, at most so many as there are threads, each once, in any
/// order, and returns when all are done. The backend derives from this class.
template <class Backend>
class Loops {
 public:
  Loops() : Loops(best_instruction_set()) {}
  explicit Loops(InstructionSet set) : set_(std::min(set, best_instruction_set())) {}

  InstructionSet instruction_set() const { return set_; }

  /// The number of parts into which `for_parts` cuts a loop of `count` steps.
  int parts(std::int64_t count, std::int64_t grain = 1) const {
    return static_cast<int>(
        std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, self().threads()));
  }

  /// First step of a part; part `parts` begins at `count`.
  static std::int64_t part_begin(std::int64_t count, int parts, int part) { return count * part / parts; }

  /// Calls `body(part, begin, end)` for contiguous ranges that cover [0, count), none shorter than about `grain` steps
  /// unless there is only one. With no step at all, `body` is still called once, for an empty range.
  template <InstructionSet most, class Body>
  void for_parts(UpTo<most> up_to, std::int64_t count, std::int64_t grain, const Body& body) const {
    run_parts(count, grain, compiled_for<Body, int, std::int64_t, std::int64_t>(up_to, set_), &body);
  }
  template <class Body>
  void for_parts(std::int64_t count, std::int64_t grain, const Body& body) const {
    for_parts(up_to_avx512, count, grain, body);
  }

  /// `for_parts` for loops that do not need the part's number: `body(begin, end)`.
  template <InstructionSet most, class Body>
  void for_range(UpTo<most> up_to, std::int64_t count, std::int64_t grain, const Body& body) const {
    for_parts(up_to, count, grain,
              [&](int, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA { body(begin, end); });
  }
  template <class Body>
  void for_range(std::int64_t count, std::int64_t grain, const Body& body) const {
    for_range(up_to_avx512, count, grain, body);
  }

  /// Calls `body()` on one thread.
  template <InstructionSet most, class Body>
  void serial(UpTo<most> up_to, const Body& body) const {
    compiled_for<Body>(up_to, set_)(&body);
  }
  template <class Body>
  void serial(const Body& body) const {
    serial(up_to_avx512, body);
  }

 private:
  const Backend& self() const { return static_cast<const Backend&>(*this); }

  /// One function for all loops: programs have many.
  void run_parts(std::int64_t count, std::int64_t grain, Loop<int, std::int64_t, std::int64_t> loop,
                 const void* body) const {
    const int n = parts(count, grain);
    if (n == 1) return loop(body, 0, 0, count);
    self().run(
        n, [=](int part) { loop(body, part, part_begin(count, n, part), part_begin(count, n, part + 1)); });
  }

  InstructionSet set_;
};

}  // namespace DHT_TARGET
}  // namespace dht::backend
