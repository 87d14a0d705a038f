// SPDX-License-Identifier: MIT
// The CPU backend: loops that run on several threads, which are started once.
#pragma once

#include <algorithm>
#include <memory>
#include <thread>

#include <dht/backend/instruction_set.hpp>
#include <dht/backend/loops.hpp>
#include <dht/backend/thread_pool.hpp>
#include <dht/core/error.hpp>

namespace dht::backend {
inline namespace DHT_TARGET {

/// Where loops run: this machine's processor. Results do not depend on the number of threads or the instruction set.
/// Copies share their threads and may be used at once: while those are at one loop, others run on their callers alone, so
/// what is to have threads of its own needs a backend of its own.
class Cpu : public Loops<Cpu> {
 public:
  /// `threads` >= 1; 0 means one per core.
  explicit Cpu(int threads = 1, InstructionSet set = best_instruction_set())
      : Loops(set),
        threads_(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {
    DHT_EXPECTS(threads >= 0 && threads <= 1024, "threads: ", threads,
                " is out of range; must be 0 (one per core) to 1024");
    if (threads_ > 1) pool_ = std::make_shared<ThreadPool>(threads_ - 1);
  }
  // A move copies, so that what was moved from still works.
  Cpu(const Cpu&) = default;
  Cpu& operator=(const Cpu&) = default;

  int threads() const { return threads_; }

  /// Calls `task(0)` to `task(parts - 1)`: the parts of a loop.
  template <class Task>
  void run(int parts, const Task& task) const {
    pool_->run(parts, task);
  }

 private:
  int threads_;
  std::shared_ptr<ThreadPool> pool_;
};

}  // namespace DHT_TARGET
}  // namespace dht::backend
