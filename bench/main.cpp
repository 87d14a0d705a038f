// SPDX-License-Identifier: MIT
// The main program of every benchmark: says in the context what the figures depend on.
#include <iostream>
#include <string>
#include <thread>

#include <benchmark/benchmark.h>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/error.hpp>

#include "inputs.hpp"
#ifdef DHT_HAVE_OPENCV
#include <opencv2/core/version.hpp>
#endif

namespace {

const char* instruction_set() {
  switch (dht::backend::best_instruction_set()) {
    case dht::backend::InstructionSet::avx512:
      return "AVX-512";
    case dht::backend::InstructionSet::avx2:
      return "AVX2";
    case dht::backend::InstructionSet::baseline:
      break;
  }
  return "baseline";
}

void add_context() {
#if defined(__clang__)
  benchmark::AddCustomContext("compiler", "Clang " __clang_version__);
#elif defined(__GNUC__)
  benchmark::AddCustomContext("compiler", "GCC " __VERSION__);
#endif
#ifdef NDEBUG
  benchmark::AddCustomContext("dht_build_type", "release");
#else
  benchmark::AddCustomContext("dht_build_type", "debug");
#endif
  benchmark::AddCustomContext("instruction_set", instruction_set());
  benchmark::AddCustomContext("all_threads", std::to_string(std::thread::hardware_concurrency()));
#ifdef DHT_HAVE_OPENCV
  benchmark::AddCustomContext("opencv", CV_VERSION);
#else
  benchmark::AddCustomContext("opencv", "not found");
#endif
  benchmark::AddCustomContext("photo", dht::bench::photo_name());
  benchmark::AddCustomContext("weights", dht::bench::weights_name());
}

}  // namespace

int main(int argc, char** argv) {
  add_context();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const dht::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  benchmark::Shutdown();
}
