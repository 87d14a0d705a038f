// SPDX-License-Identifier: MIT
// The slot Backend: what is missing of a backend is found by its concept, and one of a user's own does as ours.
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <dht/backend/concepts.hpp>
#include <dht/backend/cpu.hpp>

#include "kit/catch.hpp"

namespace {

using dht::backend::Loops;
using dht::concepts::backend;

/// Runs parts on threads of its own, the last one first.
struct Backward : Loops<Backward> {
  int threads() const { return 4; }
  template <class Task>
  void run(int parts, const Task& task) const {
    std::vector<std::thread> others;
    for (int part = parts - 1; part > 0; --part) others.emplace_back([&task, part] { task(part); });
    task(0);
    for (std::thread& other : others) other.join();
  }
};

struct Nothing {};
struct NotCopyable : Backward {
  std::unique_ptr<int> state;
};
struct NoDefault : Backward {
  explicit NoDefault(int) {}
};
struct NoThreads : Loops<NoThreads> {
  template <class Task>
  void run(int, const Task&) const {}
};
struct ThreadsNotConst : Loops<ThreadsNotConst> {
  int threads() { return 1; }
};
struct WithoutInstructionSets {
  int threads() const { return 1; }
  int parts(std::int64_t, std::int64_t) const { return 1; }
  static std::int64_t part_begin(std::int64_t, int, int) { return 0; }
  template <class Body>
  void for_parts(std::int64_t, std::int64_t, const Body&) const {}
  template <class Body>
  void for_range(std::int64_t, std::int64_t, const Body&) const {}
  template <class Body>
  void serial(const Body&) const {}
};

static_assert(backend<dht::backend::Cpu>);
static_assert(backend<Backward>);
static_assert(!backend<Nothing>);
static_assert(!backend<NotCopyable>);
static_assert(!backend<NoDefault>);
static_assert(!backend<NoThreads>);
static_assert(!backend<ThreadsNotConst>);
static_assert(!backend<WithoutInstructionSets>);

}  // namespace

TEST_CASE("backend: loops of one's own take every step once", "[backend]") {
  const Backward own;
  for (const std::int64_t count : {0, 1, 5, 1000}) {
    CAPTURE(count);
    std::vector<std::atomic<int>> taken(static_cast<std::size_t>(count));
    own.for_range(count, 2, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) ++taken[static_cast<std::size_t>(i)];
    });
    int wrong = 0;
    for (const auto& times : taken) wrong += times != 1;
    CHECK(wrong == 0);
  }
  CHECK(own.parts(1000, 2) == 4);
  int calls = 0;
  own.serial([&] { ++calls; });
  CHECK(calls == 1);
}
