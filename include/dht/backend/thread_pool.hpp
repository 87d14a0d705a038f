// SPDX-License-Identifier: MIT
// Threads that wait for work: started once, woken for each loop, joined at the end.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace dht::backend {

/// Runs `task(0) ... task(parts - 1)` on the caller and on `workers` more threads. Starting a loop allocates nothing.
/// One loop at a time; the pool is not for sharing between threads.
class ThreadPool {
 public:
  explicit ThreadPool(int workers) {
    threads_.reserve(static_cast<std::size_t>(workers));
    try {
      for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
    } catch (...) {  // the system has no more threads to give
      stop();
      throw;
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  ~ThreadPool() { stop(); }

  int workers() const { return static_cast<int>(threads_.size()); }

  /// Returns when every part is done. Of the exceptions that parts threw, that of the lowest part is thrown again here: the
  /// same with any number of threads.
  template <class Task>
  void run(int parts, const Task& task) {
    task_ = &task;
    call_ = [](const void* t, int part) { (*static_cast<const Task*>(t))(part); };
    parts_ = parts;
    next_ = 0;
    busy_ = workers();
    round_.fetch_add(1);
    round_.notify_all();
    take_parts();
    for (int busy = busy_; busy != 0; busy = busy_) busy_.wait(busy);
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void stop() {
    stop_ = true;
    round_.fetch_add(1);
    round_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void work() {
    for (unsigned seen = 0;;) {
      round_.wait(seen);
      ++seen;  // exactly one step: run() waits for every worker before it begins another round
      if (stop_) return;
      take_parts();
      if (busy_.fetch_sub(1) == 1) busy_.notify_one();
    }
  }

  void take_parts() {
    for (int part = next_++; part < parts_; part = next_++) {
      try {
        call_(task_, part);
      } catch (...) {
        const std::lock_guard lock(error_mutex_);
        if (error_ && failed_part_ < part) continue;
        error_ = std::current_exception();
        failed_part_ = part;
      }
    }
  }

  const void* task_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
  int parts_ = 0;
  std::atomic<int> next_{0}, busy_{0};
  std::atomic<unsigned> round_{0};
  std::atomic<bool> stop_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
  int failed_part_ = 0;  // the part that threw error_
  std::vector<std::thread> threads_;
};

}  // namespace dht::backend
