// SPDX-License-Identifier: MIT
// What benchmarks share: sizes, threads, counters, and a check that a naive form computes the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

namespace dht::bench {

/// What all of them have: milliseconds of real time and, where a run is repeated, the least of them: on a machine with
/// other work the figure that says most.
inline void shared_settings(benchmark::internal::Benchmark* b) {
  b->ComputeStatistics("min",
                       [](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); });
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}

/// The arguments of a benchmark: state.range(0) is the side of the square image, state.range(1) the threads.
inline void sides_and_threads(benchmark::internal::Benchmark* b) {
  const auto all = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  for (const std::int64_t side : {224, 512, 1024, 2048})
    for (std::int64_t threads = 1; threads <= all; threads += std::max<std::int64_t>(1, all - 1))
      b->Args({side, threads});
  b->ArgNames({"side", "threads"});
  shared_settings(b);
}

/// For batches as training has them.
inline void training_sizes(benchmark::internal::Benchmark* b) {
  const auto all = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  for (std::int64_t threads = 1; threads <= all; threads += std::max<std::int64_t>(1, all - 1))
    b->Args({224, threads});
  b->ArgNames({"side", "threads"});
  shared_settings(b);
}

/// For stages that run on one thread.
inline void sides(benchmark::internal::Benchmark* b) {
  for (const std::int64_t side : {224, 512, 1024, 2048}) b->Args({side, 1});
  b->ArgNames({"side", "threads"});
  shared_settings(b);
}

/// For naive forms: they are slow, and nobody runs them on large images.
inline void small_sides(benchmark::internal::Benchmark* b) {
  for (const std::int64_t side : {224, 512}) b->Args({side, 1});
  b->ArgNames({"side", "threads"});
  shared_settings(b);
}

/// Pixels, and the bytes that the stage must read and write whatever it does between, per second.
inline void count(benchmark::State& state, std::int64_t bytes_per_pixel, int images = 1) {
  const std::int64_t pixels =
      images * state.range(0) * state.range(0) * static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(pixels);
  state.SetBytesProcessed(pixels * bytes_per_pixel);
}

/// Makes the benchmark fail unless a naive form's figure is the library's, within a share of it: a baseline that
/// computes something else would be none.
inline void expect_close(benchmark::State& state, const char* what, double naive, double ours, double share) {
  if (std::abs(naive - ours) <= share * std::abs(ours)) return;
  state.SkipWithError((std::string("naive form: ") + what + " is " + std::to_string(naive) +
                       "; must be about " + std::to_string(ours))
                          .c_str());
}

}  // namespace dht::bench
