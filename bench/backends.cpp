// SPDX-License-Identifier: MIT
// The same batches on every backend: forward, forward and backward, and the memory's own speed. Compiled by a C++ compiler
// the device is one of Thrust's host systems, by nvcc (backends.cu) it is CUDA, timed by CUDA events.
#include <chrono>
#include <cstdint>
#include <utility>

#include <benchmark/benchmark.h>

#include <dht/thrust.hpp>

#include "inputs.hpp"
#include "kit.hpp"

namespace {

using namespace dht::bench;

template <class Policies>
struct OnThrust : Policies {
  using Backend = dht::backend::Thrust;
};

/// Seconds between two points of a stream's work, which is waited for.
class Stopwatch {
 public:
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  Stopwatch() {
    DHT_CUDA(cudaEventCreate(&begin_));
    DHT_CUDA(cudaEventCreate(&end_));
  }
  ~Stopwatch() {
    (void)cudaEventDestroy(begin_);
    (void)cudaEventDestroy(end_);
  }
  void start() { DHT_CUDA(cudaEventRecord(begin_)); }
  double stop() {
    float milliseconds = 0;
    DHT_CUDA(cudaEventRecord(end_));
    DHT_CUDA(cudaEventSynchronize(end_));
    DHT_CUDA(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return milliseconds / 1e3;
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
#else
  void start() { begin_ = std::chrono::steady_clock::now(); }
  double stop() { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_;
#endif
};

/// Times `once()` from the second call on.
template <class Once>
void measure(benchmark::State& state, const Once& once) {
  Stopwatch watch;
  once();
  for (auto _ : state) {
    watch.start();
    once();
    state.SetIterationTime(watch.stop());
  }
}

struct Images {
  dht::ImageView<const std::uint8_t> on_host;
  dht::DeviceBuffer<std::uint8_t> memory;
  dht::OnDevice<dht::ImageView<const std::uint8_t>> on_device;

  explicit Images(benchmark::State& state)
      : on_host(windows(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)))) {}
  /// The windows overlap in one photo, so what they show is copied as one.
  void upload(const dht::backend::Thrust& backend) {
    const auto& v = on_host;
    const std::int64_t last = (v.batch - 1) * v.batch_stride + (v.height - 1) * v.row_stride +
                              (v.width - 1) * v.column_stride + (v.channels - 1) * v.channel_stride;
    auto view = v;
    view.data = backend.upload(v.data, last + 1, memory);
    on_device = dht::on_device(view);
  }
};

template <class Policies>
dht::Tokenizer<OnThrust<Policies>> on_thrust(const dht::TokenizerParts<Policies>& from) {
  dht::TokenizerParts<OnThrust<Policies>> parts{from.encoder};
  parts.self_loop = from.self_loop;
  parts.criterion = from.criterion;
  parts.hierarchy = from.hierarchy;
  return dht::Tokenizer<OnThrust<Policies>>(std::move(parts));
}

void finish(benchmark::State& state) { count(state, 3 + 4 * 8 + 4, static_cast<int>(state.range(1))); }

void thrust_forward(benchmark::State& state) {
  auto tokenizer = on_thrust(tokenizer_parts(1));
  Images images(state);
  images.upload(tokenizer.backend());
  measure(state, [&] { tokenizer(images.on_device); });
  state.counters["device_MB"] = static_cast<double>(tokenizer.backend().cache()->bytes()) / 1e6;
  finish(state);
}

void thrust_forward_backward(benchmark::State& state) {
  auto tokenizer = on_thrust(training_parts(1));
  Images images(state);
  images.upload(tokenizer.backend());
  auto gradients = tokenizer.gradients();
  dht::DeviceBuffer<float> grad_images;
  const auto& v = images.on_host;
  tokenizer.backend().resize(grad_images, v.total_pixels() * v.channels);
  const auto out =
      dht::on_device(dht::planar_view(grad_images.data(), v.batch, v.channels, v.height, v.width));
  measure(state, [&] {
    tokenizer.forward(images.on_device);
    // The tokens' own features stand for a gradient.
    tokenizer.backward(images.on_device, tokenizer.select().feature_rows(), gradients, out);
  });
  state.counters["device_MB"] = static_cast<double>(tokenizer.backend().cache()->bytes()) / 1e6;
  finish(state);
}

/// The device's memory: half is read, half is written.
void device_copy(benchmark::State& state) {
  const dht::backend::Thrust backend;
  constexpr std::int64_t bytes = std::int64_t{256} << 20;
  dht::DeviceBuffer<char> from, to;
  backend.fill(backend.resize(from, bytes), bytes, char{1});
  backend.resize(to, bytes);
  measure(state, [&] { backend.copy(to.data(), from.data(), bytes); });
  state.SetBytesProcessed(2 * bytes * static_cast<std::int64_t>(state.iterations()));
}

void settings(benchmark::internal::Benchmark* b) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  b->Args({224, 16})->Args({512, 1})->Args({512, 64});
#else
  b->Args({224, 1})->Args({224, 16})->Args({512, 1});
#endif
  b->ArgNames({"side", "batch"})->Unit(benchmark::kMillisecond)->UseManualTime();
}

BENCHMARK(device_copy)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(thrust_forward)->Apply(settings);
BENCHMARK(thrust_forward_backward)->Apply(settings);

#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA

/// The CPU backend on as many threads as Thrust's system has.
void cpu_forward(benchmark::State& state) {
  dht::Tokenizer<dht::DefaultPolicies> tokenizer(tokenizer_parts(0));
  const Images images(state);
  measure(state, [&] { tokenizer(images.on_host); });
  finish(state);
}

void cpu_forward_backward(benchmark::State& state) {
  dht::Tokenizer<dht::TrainingPolicies> tokenizer(training_parts(0));
  const Images images(state);
  auto gradients = tokenizer.gradients();
  std::vector<float> grad_images(
      static_cast<std::size_t>(images.on_host.total_pixels() * images.on_host.channels));
  measure(state, [&] {
    tokenizer.forward(images.on_host);
    const auto& tokens = tokenizer.select();
    tokenizer.backward(images.on_host, {tokens.feature.data(), tokens.count(), tokens.features}, gradients,
                       grad_images.data());
  });
  finish(state);
}

BENCHMARK(cpu_forward)->Apply(settings);
BENCHMARK(cpu_forward_backward)->Apply(settings);

#endif

}  // namespace
