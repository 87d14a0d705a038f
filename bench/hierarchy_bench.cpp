// SPDX-License-Identifier: MIT
// From features to the whole hierarchy: all rounds, the first round alone, and the naive form.
#include <cstdint>
#include <map>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/hierarchy/backward.hpp>
#include <dht/tokenizer.hpp>

#include "inputs.hpp"
#include "kit.hpp"
#include "naive_hierarchy.hpp"

namespace {

using namespace dht::bench;
using Parts = dht::HierarchyParts<float, dht::Gaussian, dht::SimilarityWeighting, dht::Aicc>;

/// Features of the photo, in a hierarchy that waits to be built.
template <class Encoder>
dht::Hierarchy<float> encoded_photo(int side, const Encoder& encoder) {
  const auto image = view(photo(side));
  dht::Hierarchy<float> tree;
  tree.height = tree.width = side;
  tree.features = encoder.features();
  tree.pixel_features.resize(static_cast<std::size_t>(image.pixels() * tree.features));
  typename Encoder::Workspace workspace;
  encoder.encode(dht::backend::Cpu(), image, tree.pixel_features.data(), workspace);
  return tree;
}

void build(benchmark::State& state, dht::Hierarchy<float> tree, const Parts& parts,
           const dht::HierarchyOptions& options) {
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  dht::HierarchyWorkspace<float> workspace;
  const auto once = [&] {
    dht::build_hierarchy(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, parts, options,
                         tree, workspace);
  };
  once();  // memory is allocated for the first image of a size only
  for (auto _ : state) {
    once();
    benchmark::ClobberMemory();
  }
  count(state, 4 * tree.features + 4);
  state.counters["levels"] = tree.levels();
  state.counters["nodes/pixel"] = static_cast<double>(tree.nodes()) / static_cast<double>(tree.pixels());
}

Parts learned_parts() { return {dht::Gaussian(), {}, dht::Aicc(weights().iota), weights().self_loop}; }

dht::HierarchyOptions learned_options() {
  dht::HierarchyOptions options;
  options.compactness = weights().compactness;
  return options;
}

dht::Hierarchy<float> learned_features(benchmark::State& state) {
  return encoded_photo(static_cast<int>(state.range(0)), dht::ConvolutionalEncoder<float>(weights().encoder));
}

void all_rounds(benchmark::State& state) {
  build(state, learned_features(state), learned_parts(), learned_options());
}

/// Pixels choose, join, and are gathered into regions with their graph; then the image is closed.
void first_round(benchmark::State& state) {
  auto options = learned_options();
  options.enough_regions = static_cast<int>(state.range(0) * state.range(0) - 1);
  build(state, learned_features(state), learned_parts(), options);
}

void all_rounds_colour(benchmark::State& state) {
  const dht::SelfLoop<float> self_loop;  // a constant: nothing was learned
  const Parts colour_parts{dht::Gaussian(), {}, dht::Aicc(), self_loop};
  build(state, encoded_photo(static_cast<int>(state.range(0)), dht::ColourEncoder<float>()), colour_parts,
        {});
}

/// From gradients of all regions' means to those of the pixels' features; clearing included.
void all_rounds_backward(benchmark::State& state) {
  const dht::backend::Cpu backend(static_cast<int>(state.range(1)));
  auto tree = learned_features(state);
  dht::HierarchyWorkspace<float> workspace;
  const Parts parts = learned_parts();
  dht::build_hierarchy(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, parts,
                       learned_options(), tree, workspace);
  dht::HierarchyGradients<float> gradients;
  dht::SelfLoop<float> grad_self_loop = weights().self_loop;
  dht::HierarchyBackwardWorkspace<float> backward;
  const auto once = [&] {
    gradients.clear(tree);
    std::fill(gradients.mean.begin(), gradients.mean.end(), 1e-3f);
    dht::backward_hierarchy(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, parts,
                            learned_options(), tree, gradients, grad_self_loop, backward);
  };
  once();
  for (auto _ : state) {
    once();
    benchmark::ClobberMemory();
  }
  count(state, 8 * tree.features);
}

void naive_all_rounds(benchmark::State& state) {
  auto tree = learned_features(state);
  const naive::Settings settings{weights().compactness, weights().iota, weights().self_loop};
  const std::vector<float> features(tree.pixel_features.begin(), tree.pixel_features.end());
  std::vector<naive::Level> levels;
  for (auto _ : state) levels = naive::build(features, tree.features, tree.width, settings);
  dht::HierarchyWorkspace<float> workspace;
  dht::build_hierarchy(dht::backend::Cpu(), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                       learned_parts(), learned_options(), tree, workspace);
  std::int64_t nodes = 0;
  for (std::size_t l = 1; l < levels.size(); ++l)
    nodes += static_cast<std::int64_t>(levels[l].regions.size());
  // Rounding tips a few choices.
  expect_close(state, "number of nodes", static_cast<double>(nodes), static_cast<double>(tree.nodes()),
               0.005);
  count(state, 4 * tree.features + 4);
}

BENCHMARK(all_rounds)->Apply(sides_and_threads);
BENCHMARK(all_rounds_backward)->Apply(sides_and_threads);
BENCHMARK(first_round)->Apply(sides_and_threads);
BENCHMARK(all_rounds_colour)->Apply(sides_and_threads);
BENCHMARK(naive_all_rounds)->Apply(small_sides);

}  // namespace
