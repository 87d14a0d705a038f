// SPDX-License-Identifier: MIT
// The vision transformer: ViT-S on the squares of a picture of 224 x 224, forward and back, beside Eigen's products of the
// same sizes; what stands before it, extraction and embedding.
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/backend/cpu.hpp>
#include <dht/vit/classifier.hpp>
#include <dht/vit/squares.hpp>

#include "eigen_products.hpp"
#include "inputs.hpp"
#include "kit.hpp"

namespace {

using namespace dht::bench;

void count_operations(benchmark::State& state, double operations) {
  state.counters["operations"] =
      benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
}

/// A classifier of 1000 classes, and the photo in 16 x 16 pixels each.
struct Inputs {
  explicit Inputs(const benchmark::State& state)
      : image(view(photo(static_cast<int>(state.range(0))))),
        backend(static_cast<int>(state.range(1))),
        tokens(dht::square_tokens<float>(1, image.height, image.width, 16)),
        logits(1000),
        upstream(1000, 1e-3f) {}

  void forward(bool keep) {
    model.forward(backend, image, tokens, nullptr, {logits.data(), 1, 1000}, saved, keep);
  }

  dht::ImageView<const std::uint8_t> image;
  dht::backend::Cpu backend;
  dht::Tokens<float> tokens;
  dht::Classifier<float> model = dht::Classifier<float>::initial({}, 1000, 1);
  dht::Classifier<float>::Saved saved;
  std::vector<float> logits, upstream;
};

void vit_small_forward(benchmark::State& state) {
  Inputs in(state);
  for (auto _ : state) {
    in.forward(false);
    benchmark::ClobberMemory();
  }
  count_operations(state, vit_operations());
}

void vit_small_training_step(benchmark::State& state) {
  Inputs in(state);
  auto gradients = in.model.zeros();
  for (auto _ : state) {
    in.forward(true);
    in.model.backward(in.backend, in.image, in.tokens, in.saved, {in.upstream.data(), 1, 1000}, gradients);
    benchmark::ClobberMemory();
  }
  count_operations(state, 3 * vit_operations());
}

/// Compiled as this program is: without a flag for the machine.
void naive_eigen_products(benchmark::State& state) {
  EigenProducts products;
  for (auto _ : state) benchmark::DoNotOptimize(products.run());
  count_operations(state, vit_operations());
}

void extraction(benchmark::State& state) {
  Inputs in(state);
  const auto& of = in.model.backbone.extraction;
  std::vector<float> out(static_cast<std::size_t>(in.tokens.count() * of.config.columns()));
  for (auto _ : state) {
    of.forward(in.backend, in.image, in.tokens, nullptr, {out.data(), in.tokens.count(), of.config.columns()},
               in.saved.backbone.extraction);
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 + 4 * of.config.columns() / 256);
}

void extraction_backward(benchmark::State& state) {
  Inputs in(state);
  const auto& of = in.model.backbone.extraction;
  auto gradients = of.zeros();
  std::vector<float> out(static_cast<std::size_t>(in.tokens.count() * of.config.columns())),
      grad_image(static_cast<std::size_t>(3 * in.image.pixels()));
  const dht::MatrixView<float> vectors{out.data(), in.tokens.count(), of.config.columns()};
  of.forward(in.backend, in.image, in.tokens, nullptr, vectors, in.saved.backbone.extraction);
  for (auto _ : state) {
    of.backward(in.backend, in.image, in.tokens, in.saved.backbone.extraction, vectors, gradients,
                grad_image.data());
    benchmark::ClobberMemory();
  }
  count(state, 12 + 4 * of.config.columns() / 256);
}

BENCHMARK(vit_small_forward)->Apply(training_sizes);
BENCHMARK(vit_small_training_step)->Apply(training_sizes);
BENCHMARK(naive_eigen_products)->Apply([](auto* b) {
  b->Args({224, 1})->ArgNames({"side", "threads"});
  shared_settings(b);
});
BENCHMARK(extraction)->Apply(training_sizes);
BENCHMARK(extraction_backward)->Apply(training_sizes);

}  // namespace
