// SPDX-License-Identifier: MIT
// `dht_memory SIDE [THREADS [training]]`: peak memory of tokenising a photo, in bytes a pixel beyond the photo, in a
// process that does nothing else; and what the second image of the same size allocates. With `training` the way back to
// parameters and image is taken, too.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/tokenizer.hpp>

#include "inputs.hpp"

namespace {

std::atomic<std::int64_t> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  return memory != nullptr ? memory : throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t a) {
  return allocate(size, static_cast<std::size_t>(a));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

/// A line of /proc/self/status in bytes: VmRSS, resident now, or VmHWM, the most that was ever resident.
std::int64_t status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":", 0) == 0) return std::stoll(line.substr(name.size() + 1)) * 1024;
  dht::detail::fail({"/proc/self/status: has no ", name, "; this program needs Linux"});
}

/// Forgets the peak of what came before: drawing or reading the photo.
void forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  DHT_EXPECTS(file.good(), "/proc/self/clear_refs: cannot be written; this program needs Linux 4.0");
}

/// Calls `once`, which returns a number of tokens, twice, and says what it took.
template <class Once>
void measure(int side, int threads, double pixels, std::int64_t before, const Once& once) {
  const std::int32_t tokens = once();
  const std::int64_t first = status("VmHWM") - before;
  const std::int64_t allocated = allocations;
  once();
  const std::int64_t again = allocations - allocated, second = status("VmHWM") - before;
  std::printf(
      "%d x %d, threads %d, tokens %d: peak %.1f bytes a pixel beyond the image; second image: peak %.1f, "
      "allocations %lld\n",
      side, side, threads, tokens, static_cast<double>(first) / pixels, static_cast<double>(second) / pixels,
      static_cast<long long>(again));
}

void measure_inference(int side, int threads) {
  const auto image = dht::bench::view(dht::bench::photo(side));
  std::printf("said beforehand: %.1f bytes a pixel\n",
              static_cast<double>(dht::tokenizer_bytes<float>(image.pixels(), 8)) /
                  static_cast<double>(image.pixels()));
  auto parts = dht::bench::tokenizer_parts(threads);
  forget_peak();
  const std::int64_t before = status("VmRSS");
  dht::Tokenizer<dht::DefaultPolicies> tokenizer(std::move(parts));
  measure(side, tokenizer.parts().backend.threads(), static_cast<double>(image.pixels()), before,
          [&] { return tokenizer(image).count(); });
}

void measure_training(int side, int threads) {
  const auto image = dht::bench::view(dht::bench::photo(side));
  auto parts = dht::bench::training_parts(threads);
  forget_peak();
  const std::int64_t before = status("VmRSS");
  dht::Tokenizer<dht::TrainingPolicies> tokenizer(std::move(parts));
  auto gradients = tokenizer.gradients();
  dht::Buffer<float> upstream, grad_image(static_cast<std::size_t>(image.pixels() * image.channels));
  measure(side, tokenizer.parts().backend.threads(), static_cast<double>(image.pixels()), before, [&] {
    tokenizer.forward(image);
    const auto& tokens = tokenizer.select();
    upstream.assign(tokens.feature.size(), 1e-3f);
    tokenizer.backward(image, {upstream.data(), tokens.count(), tokens.features}, gradients,
                       grad_image.data());
    return tokens.count();
  });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int side = argc > 1 ? std::atoi(argv[1]) : 0, threads = argc > 2 ? std::atoi(argv[2]) : 1;
    const bool training = argc == 4 && std::string(argv[3]) == "training";
    DHT_EXPECTS((argc <= 3 || training) && side >= 1 && side <= 8192,
                "usage: dht_memory SIDE [THREADS [training]], SIDE from 1 to 8192");
    training ? measure_training(side, threads) : measure_inference(side, threads);
  } catch (const dht::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
