// SPDX-License-Identifier: MIT
// What follows tokens, and its way back: W, mean injection, the gradient operator.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/regions/backward.hpp>
#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>
#include <dht/vit/gradient_operator.hpp>

#include "inputs.hpp"
#include "kit.hpp"

namespace {

using namespace dht::bench;

/// Tokens of the photo, W, and an upstream gradient of every number of an image.
struct Inputs {
  explicit Inputs(const benchmark::State& state)
      : image(view(photo(static_cast<int>(state.range(0))))),
        tokenizer(tokenizer_parts(1)),
        tokens(tokenizer(image)),
        map(dht::pretrained_projection<float>()),
        upstream(static_cast<std::size_t>(image.pixels() * 3), 1e-3f),
        grad_image(upstream.size()) {}

  dht::ImageView<const std::uint8_t> image;
  dht::Tokenizer<dht::DefaultPolicies> tokenizer;
  const dht::Tokens<float>& tokens;
  dht::Linear<float> map;
  std::vector<float> upstream, grad_image;
};

/// W, then mean injection.
void inject(benchmark::State& state) {
  const Inputs in(state);
  for (auto _ : state) {
    const auto injected = dht::inject_means(in.image, in.tokens, dht::project(in.tokens, in.map));
    benchmark::DoNotOptimize(injected.data());
  }
  count(state, 3 + 4 + 12);
}

void inject_backward(benchmark::State& state) {
  Inputs in(state);
  dht::Linear<float> gradients = in.map.zeros();
  for (auto _ : state) {
    const auto grad_token =
        dht::backward_inject_means(in.tokens, 3, in.upstream.data(), in.grad_image.data());
    const auto grad_feature =
        dht::backward_project(in.tokens, in.map, {grad_token.data(), in.tokens.count(), 3}, gradients);
    benchmark::DoNotOptimize(grad_feature.data());
  }
  count(state, 12 + 4 + 12);
}

void gradient_operator(benchmark::State& state) {
  const auto image = view(photo(static_cast<int>(state.range(0))));
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  const dht::GradientOperator<float> of{{8, 3}};
  std::vector<float> out(static_cast<std::size_t>(image.pixels() * 2));
  for (auto _ : state) {
    of.forward(backend, image, out.data());
    benchmark::ClobberMemory();
  }
  count(state, 3 + 8);
}

void gradient_operator_backward(benchmark::State& state) {
  Inputs in(state);
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  const dht::GradientOperator<float> of{{8, 3}};
  dht::GradientOperator<float> gradients{{0, 0}};
  for (auto _ : state) {
    of.backward(backend, in.image, in.upstream.data(), gradients, in.grad_image.data());
    benchmark::ClobberMemory();
  }
  count(state, 3 + 8 + 12);
}

BENCHMARK(inject)->Apply(sides);
BENCHMARK(inject_backward)->Apply(sides);
BENCHMARK(gradient_operator)->Apply(sides_and_threads);
BENCHMARK(gradient_operator_backward)->Apply(sides_and_threads);

}  // namespace
