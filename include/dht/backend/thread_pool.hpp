// SPDX-License-Identifier: MIT
// Threads that wait for work: started once, woken for each loop, joined at the end.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace dht::backend {

namespace detail {

/// This process, never 0. Threads do not follow into a forked child.
inline long process_number() {
#if __has_include(<unistd.h>)
  return static_cast<long>(getpid());
#else
  return 1;
#endif
}

}  // namespace detail

/// Runs `task(0) ... task(parts - 1)` on the caller and on `workers` more threads. Starting a loop allocates nothing.
/// Any thread may start one: while the workers are at the loop of another thread, or at the loop that this one is a part
/// of, the caller takes all parts itself. The child of a fork gets workers of its own with its first loop.
class ThreadPool {
 public:
  explicit ThreadPool(int workers) : threads_(static_cast<std::size_t>(workers)) {
    start(detail::process_number());
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  ~ThreadPool() {
    if (process_ == detail::process_number()) {
      stop();
    } else {
      forget();
    }
  }

  int workers() const { return static_cast<int>(threads_.size()); }

  /// Returns when every part is done. Of the exceptions that parts threw, that of the lowest part is thrown again here: the
  /// same with any number of threads.
  template <class Task>
  void run(int parts, const Task& task) {
    run(
        parts, [](const void* t, int part) { (*static_cast<const Task*>(t))(part); }, &task);
  }

 private:
  using Call = void (*)(const void* task, int part);

  struct Release {
    std::atomic<long>& user;
    ~Release() { user = 0; }
  };

  void run(int parts, Call call, const void* task) {
    const long process = detail::process_number();
    long user = user_;  // that of a parent is gone
    if (user == process || !user_.compare_exchange_strong(user, process)) return run_alone(parts, call, task);
    const Release release{user_};
    if (process_ != process) start(process);
    task_ = task;
    call_ = call;
    parts_ = parts;
    next_ = 0;
    busy_ = workers();
    round_.fetch_add(1);
    round_.notify_all();
    take_parts();
    for (int busy = busy_; busy != 0; busy = busy_) busy_.wait(busy);
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  static void run_alone(int parts, Call call, const void* task) {
    std::exception_ptr error;
    for (int part = 0; part < parts; ++part) {
      try {
        call(task, part);
      } catch (...) {
        if (!error) error = std::current_exception();
      }
    }
    if (error) std::rethrow_exception(error);
  }

  void start(long process) {
    forget();
    round_ = 0;
    stop_ = false;
    error_ = nullptr;
    std::construct_at(&error_mutex_);  // a thread that did not follow may hold it
    try {
      for (auto& thread : threads_) thread = std::thread([this] { work(); });
    } catch (...) {  // the system has no more threads to give
      stop();
      throw;
    }
    process_ = process;
  }

  void stop() {
    stop_ = true;
    round_.fetch_add(1);
    round_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  /// Takes threads of a parent for none: they can be neither joined nor detached here.
  void forget() {
    for (auto& thread : threads_) std::construct_at(&thread);
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
  Call call_ = nullptr;
  int parts_ = 0;
  std::atomic<int> next_{0}, busy_{0};
  std::atomic<unsigned> round_{0};
  std::atomic<bool> stop_{false};
  std::atomic<long> user_{0};  // the process whose loop the workers are at; 0: none
  long process_ = 0;           // the process that has the threads
  std::mutex error_mutex_;
  std::exception_ptr error_;
  int failed_part_ = 0;  // the part that threw error_
  std::vector<std::thread> threads_;
};

}  // namespace dht::backend
