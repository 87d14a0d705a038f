// SPDX-License-Identifier: MIT
// The CPU backend: every step exactly once, whatever the number of threads, and what happens when a step throws.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <dht/backend/cpu.hpp>
#include <dht/core/math.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

using dht::backend::Cpu;
using dht::backend::InstructionSet;
using dht::test::error_of;

TEST_CASE("cpu: loops take every step once, in contiguous parts", "[backend]") {
  for (const int threads : {1, 2, 3, 7}) {
    const Cpu backend(threads);
    CHECK(backend.threads() == threads);
    for (const std::int64_t count : {0, 1, 2, 6, 7, 100, 1001}) {
      for (const std::int64_t grain : {0, 1, 3, 1000}) {
        CAPTURE(threads, count, grain);
        std::vector<std::atomic<int>> taken(static_cast<std::size_t>(count));
        std::vector<std::atomic<int>> parts(static_cast<std::size_t>(backend.parts(count, grain)));
        REQUIRE(parts.size() >= 1);
        REQUIRE(parts.size() <= static_cast<std::size_t>(threads));
        std::atomic<int> wrong = 0;
        backend.for_parts(count, grain, [&](int part, std::int64_t begin, std::int64_t end) {
          const int n = static_cast<int>(parts.size());
          if (begin != Cpu::part_begin(count, n, part) || end != Cpu::part_begin(count, n, part + 1)) ++wrong;
          if (n > 1 && end - begin < grain) ++wrong;
          ++parts[static_cast<std::size_t>(part)];
          for (std::int64_t i = begin; i < end; ++i) ++taken[static_cast<std::size_t>(i)];
        });
        CHECK(wrong == 0);
        for (const auto& t : taken) REQUIRE(t == 1);
        for (const auto& p : parts) REQUIRE(p == 1);  // also for an empty loop
        std::atomic<std::int64_t> steps = 0;
        backend.for_range(count, grain, [&](std::int64_t begin, std::int64_t end) { steps += end - begin; });
        CHECK(steps == count);
      }
    }
  }
}

TEST_CASE("cpu: thousands of short loops, one after the other", "[backend]") {
  const Cpu backend(3);
  std::int64_t sum = 0;
  for (int round = 0; round < 3000; ++round) {
    std::int64_t part_sum[3] = {};
    backend.for_parts(3, 1,
                      [&](int part, std::int64_t begin, std::int64_t) { part_sum[part] = begin + round; });
    sum += part_sum[0] + part_sum[1] + part_sum[2];
  }
  CHECK(sum == 3000 * 3 + 3 * (2999 * 3000 / 2));
}

TEST_CASE("cpu: parts run at the same time, and a loop ends when its last part does", "[backend]") {
  const Cpu backend(2);
  std::atomic<int> begun = 0, ended = 0;
  const auto caller = std::this_thread::get_id();
  for (int round = 1; round <= 5; ++round) {
    backend.for_parts(2, 1, [&](int, std::int64_t, std::int64_t) {
      ++begun;
      while (begun < 2 * round)
        std::this_thread::yield();  // for the other part, which only another thread can begin
      if (std::this_thread::get_id() != caller) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ++ended;
    });
    CHECK(ended == 2 * round);
  }
}

TEST_CASE("cpu: an exception in any part arrives at the caller, and the threads live on", "[backend]") {
  for (const int threads : {1, 2, 4}) {
    const Cpu backend(threads);
    for (int thrower = 0; thrower < threads; ++thrower) {
      const auto loop = [&] {
        backend.for_parts(threads, 1, [&](int part, std::int64_t, std::int64_t) {
          if (part == thrower) throw dht::Error("part " + std::to_string(part));
        });
      };
      CHECK(error_of(loop) == "part " + std::to_string(thrower));
    }
    const auto all = [&] {
      backend.for_range(threads, 1, [](std::int64_t, std::int64_t) { throw std::logic_error("x"); });
    };
    CHECK_THROWS_AS(all(), std::logic_error);
    // The lowest part's, also where it throws last.
    const auto in_turn = [&] {
      backend.for_parts(threads, 1, [&](int part, std::int64_t, std::int64_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5 * (threads - part)));
        throw dht::Error("part " + std::to_string(part));
      });
    };
    CHECK(error_of(in_turn) == "part 0");
    std::atomic<int> steps = 0;
    backend.for_range(100, 1,
                      [&](std::int64_t begin, std::int64_t end) { steps += static_cast<int>(end - begin); });
    CHECK(steps == 100);
  }
}

TEST_CASE("cpu: copies share their threads and outlive the original", "[backend]") {
  auto original = std::make_unique<Cpu>(2);
  const Cpu copy = *original;
  original.reset();
  std::atomic<int> steps = 0;
  copy.for_range(10, 1,
                 [&](std::int64_t begin, std::int64_t end) { steps += static_cast<int>(end - begin); });
  CHECK(steps == 10);
}

TEST_CASE("cpu: copies in use at once, in threads and inside of loops, take every step once", "[backend]") {
  const Cpu original(3);
  std::atomic<std::int64_t> sum = 0;
  const auto many = [&](const Cpu& backend) {
    for (int round = 0; round < 500; ++round) {
      backend.for_range(30, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) sum += i;
      });
    }
  };
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) users.emplace_back([&, copy = original] { many(copy); });
  many(original);
  for (auto& user : users) user.join();
  CHECK(sum == 4 * 500 * 435);

  sum = 0;
  original.for_parts(3, 1, [&](int, std::int64_t, std::int64_t) {
    original.for_range(100, 1, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
  });
  CHECK(sum == 300);

  // A loop that has to do without the workers tells of the same failure.
  const auto inner = [&] {
    original.for_parts(3, 1, [&](int part, std::int64_t, std::int64_t) { throw part; });
  };
  std::atomic<int> lowest = 0;
  original.for_parts(3, 1, [&](int, std::int64_t, std::int64_t) {
    try {
      inner();
    } catch (int part) {
      lowest += part == 0;
    }
  });
  CHECK(lowest == 3);
}

TEST_CASE("cpu: a backend that was moved from works on", "[backend]") {
  Cpu from(2);
  const Cpu to = std::move(from);
  for (const Cpu& backend : {from, to}) {
    std::atomic<std::int64_t> steps = 0;
    backend.for_range(10, 1, [&](std::int64_t begin, std::int64_t end) { steps += end - begin; });
    CHECK(steps == 10);
  }
}

#if defined(__unix__)
namespace {

/// Whether `body()` is true in a forked child, which is given 20 s.
template <class Body>
bool true_in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(body() ? 0 : 1);
  }
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

TEST_CASE("cpu: a forked child has threads of its own, and its parent keeps its own", "[backend]") {
  std::atomic<bool> busy = false, go_on = false;
  auto backend = std::make_unique<Cpu>(2);
  Cpu copy = *backend;
  // Both parts wait for each other: they need two threads.
  const auto two_at_once = [](const Cpu& cpu) {
    std::atomic<int> begun = 0;
    cpu.for_parts(2, 1, [&](int, std::int64_t, std::int64_t) {
      for (++begun; begun < 2;) std::this_thread::yield();
    });
    return begun == 2;
  };
  CHECK(true_in_child([&] {
    const bool right = two_at_once(*backend) && two_at_once(copy);
    return right && true_in_child([&] { return two_at_once(*backend); });
  }));
  // A pool that the child never used, and one that was at a loop of another thread, are no trouble either.
  std::thread other([&] {
    copy.for_parts(2, 1, [&](int, std::int64_t, std::int64_t) {
      for (busy = true; !go_on;) std::this_thread::yield();
    });
  });
  while (!busy) std::this_thread::yield();
  CHECK(true_in_child([&] {
    auto unused = std::make_unique<Cpu>(*backend);
    unused.reset();
    backend.reset();
    return two_at_once(copy);
  }));
  go_on = true;
  other.join();
  CHECK(true_in_child([&] {
    backend.reset();
    copy = Cpu(1);  // the last owner of the pool
    return true;
  }));
  CHECK(two_at_once(*backend));
}
#endif

TEST_CASE("cpu: numbers of threads", "[backend]") {
  CHECK(Cpu(0).threads() >= 1);
  CHECK(error_of([] { Cpu(-1); }) == "threads: -1 is out of range; must be 0 (one per core) to 1024");
  CHECK(error_of([] { Cpu(1025); }) == "threads: 1025 is out of range; must be 0 (one per core) to 1024");
  CHECK(error_of([] { Cpu(1 << 30); }) ==
        "threads: 1073741824 is out of range; must be 0 (one per core) to 1024");
}

TEST_CASE("cpu: an instruction set that the machine lacks falls back to the best one", "[backend]") {
  const auto best = dht::backend::best_instruction_set();
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    const Cpu backend(1, set);
    CHECK(backend.instruction_set() == std::min(set, best));
    double sum = 0;
    backend.for_range(1000, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) sum = dht::fma(0.1, double(i), sum);
    });
    double wanted = 0;
    for (int i = 0; i < 1000; ++i) wanted = std::fma(0.1, double(i), wanted);
    CHECK(sum == wanted);
  }
}
