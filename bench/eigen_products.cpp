// SPDX-License-Identifier: MIT
// Eigen's products compiled for this machine alone (-march=native): the most that the encoder is compared with.
#include "eigen_products.hpp"

#include <benchmark/benchmark.h>

namespace {

void eigen_native(benchmark::State& state) {
  dht::bench::EigenProducts products;
  for (auto _ : state) benchmark::DoNotOptimize(products.run());
  state.counters["operations"] =
      benchmark::Counter(dht::bench::vit_operations(), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(eigen_native)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
