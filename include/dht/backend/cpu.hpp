// SPDX-License-Identifier: MIT
// The CPU backend: loops over index ranges, cut into contiguous parts that run on several threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <thread>

#include <dht/backend/instruction_set.hpp>
#include <dht/backend/thread_pool.hpp>
#include <dht/core/error.hpp>

namespace dht::backend {
inline namespace DHT_TARGET {

/// Where loops run: this machine's processor. Results do not depend on the number of threads or the instruction set.
/// Copies share their threads and may be used at once: while those are at one loop, others run on their callers alone, so
/// what is to have threads of its own needs a backend of its own.
class Cpu {
 public:
  /// `threads` >= 1; 0 means one per core.
  explicit Cpu(int threads = 1, InstructionSet set = best_instruction_set())
      : threads_(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        set_(std::min(set, best_instruction_set())) {
    DHT_EXPECTS(threads >= 0 && threads <= 1024, "threads: ", threads,
                " is out of range; must be 0 (one per core) to 1024");
    if (threads_ > 1) pool_ = std::make_shared<ThreadPool>(threads_ - 1);
  }
  // A move copies, so that what was moved from still works.
  Cpu(const Cpu&) = default;
  Cpu& operator=(const Cpu&) = default;

  int threads() const { return threads_; }
  InstructionSet instruction_set() const { return set_; }

  /// The number of parts into which `for_parts` cuts a loop of `count` steps.
  int parts(std::int64_t count, std::int64_t grain = 1) const {
    return static_cast<int>(std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, threads_));
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
  /// One function for all loops: programs have many.
  void run_parts(std::int64_t count, std::int64_t grain, Loop<int, std::int64_t, std::int64_t> loop,
                 const void* body) const {
    const int n = parts(count, grain);
    if (n == 1) return loop(body, 0, 0, count);
    pool_->run(
        n, [=](int part) { loop(body, part, part_begin(count, n, part), part_begin(count, n, part + 1)); });
  }

  int threads_;
  InstructionSet set_;
  std::shared_ptr<ThreadPool> pool_;
};

}  // namespace DHT_TARGET
}  // namespace dht::backend
