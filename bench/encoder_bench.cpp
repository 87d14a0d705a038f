// SPDX-License-Identifier: MIT
// From an 8-bit RGB photo to features: the learned encoder (d = 8) and plain colour, beside their naive forms.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/trainable.hpp>

#include "inputs.hpp"
#include "kit.hpp"
#include "naive_encoder.hpp"

namespace {

using namespace dht::bench;

template <class Encoder>
std::vector<float> encode(benchmark::State& state, const Encoder& encoder) {
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  const auto image = view(photo(static_cast<int>(state.range(0))));
  std::vector<float> features(static_cast<std::size_t>(image.pixels() * encoder.features()));
  typename Encoder::Workspace workspace;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(backend, image, features.data(), workspace));
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * encoder.features());
  return features;
}

/// Times `naive()` and compares the largest difference of any feature.
template <class Encoder, class Naive>
void encode_naively(benchmark::State& state, const Encoder& encoder, const Naive& naive) {
  const auto image = view(photo(static_cast<int>(state.range(0))));
  std::vector<float> features;
  for (auto _ : state) {
    features = naive(image);
    benchmark::DoNotOptimize(features.data());
  }
  std::vector<float> ours(features.size());
  typename Encoder::Workspace workspace;
  encoder.encode(dht::backend::Cpu(), image, ours.data(), workspace);
  float furthest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    furthest = std::max(furthest, std::abs(features[i] - ours[i]));
  // Rounding: features are of the order of 1, sums have up to 128 terms.
  expect_close(state, "1 + largest difference", 1 + furthest, 1, 1e-4);
  count(state, 3 + 4 * encoder.features());
}

/// Forward as training does it, keeping what the way back needs.
template <class Encoder>
void forward_saving(benchmark::State& state, const Encoder& encoder) {
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  const auto image = view(photo(static_cast<int>(state.range(0))));
  std::vector<float> features(static_cast<std::size_t>(image.pixels() * encoder.features()));
  typename Encoder::Saved saved;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.forward(backend, image, features.data(), saved));
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * encoder.features());
}

/// Backward to the parameters and to the image. The features themselves serve as their gradient.
template <class Encoder>
void backward(benchmark::State& state, const Encoder& encoder) {
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  const auto image = view(photo(static_cast<int>(state.range(0))));
  std::vector<float> features(static_cast<std::size_t>(image.pixels() * encoder.features()));
  std::vector<float> grad_image(static_cast<std::size_t>(image.pixels() * image.channels));
  typename Encoder::Saved saved;
  auto gradients = encoder.gradients();
  encoder.forward(backend, image, features.data(), saved);
  for (auto _ : state) {
    encoder.backward(backend, image, features.data(), saved, gradients, grad_image.data());
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * encoder.features() + 4 * 3);
}

void learned(benchmark::State& state) { encode(state, dht::ConvolutionalEncoder<float>(weights().encoder)); }

void learned_forward_saving(benchmark::State& state) {
  forward_saving(state, dht::TrainableEncoder<float>(weights().encoder));
}

void learned_backward(benchmark::State& state) {
  backward(state, dht::TrainableEncoder<float>(weights().encoder));
}

void naive_learned(benchmark::State& state) {
  const auto& parameters = weights().encoder;
  encode_naively(state, dht::ConvolutionalEncoder<float>(parameters),
                 [&](const auto& image) { return naive::encode(parameters, image); });
}

void colour(benchmark::State& state) { encode(state, dht::ColourEncoder<float>()); }

void colour_backward(benchmark::State& state) { backward(state, dht::ColourEncoder<float>()); }

void naive_colour(benchmark::State& state) {
  encode_naively(state, dht::ColourEncoder<float>(),
                 [](const auto& image) { return naive::encode_colour(image, 40); });
}

BENCHMARK(learned)->Apply(sides_and_threads);
BENCHMARK(learned_forward_saving)->Apply(sides_and_threads);
BENCHMARK(learned_backward)->Apply(sides_and_threads);
BENCHMARK(naive_learned)->Apply(small_sides);
BENCHMARK(colour)->Apply(sides_and_threads);
BENCHMARK(colour_backward)->Apply(sides_and_threads);
BENCHMARK(naive_colour)->Apply(small_sides);

}  // namespace
