// SPDX-License-Identifier: MIT
// Nothing is allocated on the second image of a size, counted by replacing the global operator new of this executable.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include <dht/encoder/trainable.hpp>
#include <dht/tokenizer.hpp>

#include "kit/catch.hpp"
#include "kit/parameters.hpp"
#include "kit/random.hpp"

// GCC names its sanitizers; it is asked first, as headers give it a __has_feature that denies everything.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DHT_TEST_HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define DHT_TEST_HAS_SANITIZER
#endif
#endif

// Sanitizers have operators of their own, which find what these would hide.
#ifndef DHT_TEST_HAS_SANITIZER

namespace {
std::atomic<long> allocations{0};  // by any thread
}

// Not inlined: GCC 12 would see `free` for what its own `new` has given, and warn.
DHT_NO_INLINE void* operator new(std::size_t size) {
  ++allocations;
  if (void* place = std::malloc(size ? size : 1)) return place;
  throw std::bad_alloc();
}
DHT_NO_INLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* place = std::aligned_alloc(unit, (size + unit - 1) / unit * unit + (size ? 0 : unit)))
    return place;
  throw std::bad_alloc();
}
DHT_NO_INLINE void operator delete(void* place) noexcept { std::free(place); }
DHT_NO_INLINE void operator delete(void* place, std::size_t) noexcept { std::free(place); }
DHT_NO_INLINE void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
DHT_NO_INLINE void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }

namespace {

using namespace dht::test;

constexpr int height = 150, width = 170;

std::vector<std::uint8_t> photo(Pattern pattern, std::uint64_t seed) {
  Random random(seed);
  auto values = planes(pattern, 1, 3, height, width, random);
  for (double& v : values) v *= 255;
  return converted<std::uint8_t>(values);
}

/// Of the tokens that an image has, and of as many as asked.
template <class Tokenizer>
long allocations_for(Tokenizer& tokenizer, const std::vector<std::uint8_t>& image, std::int64_t ask = 30) {
  const long before = allocations;
  const auto view = dht::planar_view(image.data(), 1, 3, height, width);
  const auto found = tokenizer(view).count(), asked = tokenizer(view, ask).count();
  const long after = allocations;
  CHECK(found >= 1);
  CHECK(asked == ask);
  return after - before;
}

template <class Tokenizer>
void check_allocations(Tokenizer tokenizer) {
  const auto first = photo(Pattern::blobs, 1), second = photo(Pattern::blobs, 2);
  CHECK(allocations_for(tokenizer, first) > 0);  // the counter counts
  CHECK(allocations_for(tokenizer, first) == 0);
  CHECK(allocations_for(tokenizer, second) == 0);
  // From an image with almost no regions to those with the most.
  Tokenizer poor(tokenizer.parts());
  CHECK(allocations_for(poor, photo(Pattern::constant, 3), 1) > 0);
  const auto noise = photo(Pattern::noise, 4), checkerboard = photo(Pattern::checkerboard, 6);
  CHECK(allocations_for(poor, second) == 0);
  CHECK(allocations_for(poor, noise) == 0);
  CHECK(allocations_for(poor, checkerboard, 1) == 0);
  CHECK(allocations_for(poor, noise) == 0);
}

}  // namespace

TEST_CASE("allocations: none on the second image of a size, plain colour", "[tokenizer]") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    dht::TokenizerParts<dht::ColourPolicies> parts;
    parts.backend = dht::backend::Cpu(threads);
    check_allocations(dht::Tokenizer<dht::ColourPolicies>(parts));
  }
}

TEST_CASE("allocations: none on the second image of a size, learned features", "[tokenizer]") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    auto parameters = random_parameters<float>(3, 8, true, 1);
    // Features as close to each other as those of trained weights: regions merge, and few levels are needed. Where all
    // stay apart for ten levels the tree has more nodes than anybody makes room for at first.
    for (auto* layer : {&parameters.fine, &parameters.coarse}) {
      for (float& w : layer->norm_weight) w *= 0.2f;
    }
    dht::TokenizerParts<dht::DefaultPolicies> parts{dht::ConvolutionalEncoder<float>(parameters)};
    parts.self_loop.weight.assign(8, 0.5f);
    parts.backend = dht::backend::Cpu(threads);
    check_allocations(dht::Tokenizer<dht::DefaultPolicies>(parts));
  }
}

TEST_CASE("allocations: none on the second image of a size, encoder in training", "[tokenizer]") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    const dht::backend::Cpu backend(threads);
    const dht::TrainableEncoder<float> encoder(random_parameters<float>(3, 8, true, 1));
    dht::TrainableEncoder<float>::Saved saved;
    dht::TrainableEncoder<float>::Workspace workspace;
    auto gradients = encoder.gradients();
    std::vector<float> features(height * width * 8), grad_image(height * width * 3);
    const auto allocations_for_image = [&](const std::vector<std::uint8_t>& pixels) {
      const auto image = dht::planar_view(pixels.data(), 1, 3, height, width);
      const long before = allocations;
      encoder.encode(backend, image, features.data(), workspace);
      encoder.forward(backend, image, features.data(), saved);
      encoder.backward(backend, image, features.data(), saved, gradients, grad_image.data());
      return allocations - before;
    };
    CHECK(allocations_for_image(photo(Pattern::blobs, 1)) > 0);
    CHECK(allocations_for_image(photo(Pattern::noise, 2)) == 0);
  }
}

#else

TEST_CASE("allocations: none on the second image of a size", "[tokenizer]") {
  DHT_TEST_SKIP("sanitizers bring an operator new of their own");
}

#endif
