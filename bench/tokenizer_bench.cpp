// SPDX-License-Identifier: MIT
// The whole, from an 8-bit RGB photo to tokens: learned features, plain colour, exactly 196 tokens; the naive form, the
// machine's memcpy, and OpenCV's superpixels on the same photo.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/tokenizer.hpp>

#include "inputs.hpp"
#include "kit.hpp"
#include "naive_encoder.hpp"
#include "naive_hierarchy.hpp"
#include "naive_selection.hpp"
#ifdef DHT_HAVE_OPENCV
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/ximgproc.hpp>
#endif

namespace {

using namespace dht::bench;

/// How fast this machine moves memory: 256 MiB are read and 256 MiB written.
void memcpy_256_mib(benchmark::State& state) {
  constexpr std::size_t bytes = std::size_t{256} << 20;
  const std::vector<char> from(bytes, 1);
  std::vector<char> to(bytes, 2);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

/// Times `tokenize(tokenizer, image)`, which returns tokens, from the second image on.
template <class Tokenizer, class Tokenize>
void measure(benchmark::State& state, Tokenizer tokenizer, const Tokenize& tokenize) {
  const auto image = view(photo(static_cast<int>(state.range(0))));
  std::int32_t tokens = tokenize(tokenizer, image).count();
  for (auto _ : state) {
    tokens = tokenize(tokenizer, image).count();
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * tokenizer.parts().encoder.features() + 4);
  state.counters["tokens"] = tokens;
}

using Learned = dht::Tokenizer<dht::DefaultPolicies>;
using Colour = dht::Tokenizer<dht::ColourPolicies>;

void learned(benchmark::State& state) {
  measure(
      state, Learned(tokenizer_parts(static_cast<int>(state.range(1)))),
      [](auto& tokenizer, const auto& image) -> const auto& { return tokenizer(image); });
}

void learned_196_tokens(benchmark::State& state) {
  measure(
      state, Learned(tokenizer_parts(static_cast<int>(state.range(1)))),
      [](auto& tokenizer, const auto& image) -> const auto& { return tokenizer(image, 196); });
}

constexpr int training_batch = 16;

/// Inference of a batch, to compare `learned_training_batch` with.
void learned_batch(benchmark::State& state) {
  const auto images = windows(static_cast<int>(state.range(0)), training_batch);
  Learned tokenizer(tokenizer_parts(static_cast<int>(state.range(1))));
  tokenizer(images);
  for (auto _ : state) {
    tokenizer(images);
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * tokenizer.parts().encoder.features() + 4, training_batch);
}

/// Forward with batch statistics, and backward to parameters and images.
void learned_training_batch(benchmark::State& state) {
  const auto images = windows(static_cast<int>(state.range(0)), training_batch);
  dht::Tokenizer<dht::TrainingPolicies> tokenizer(training_parts(static_cast<int>(state.range(1))));
  const int features = tokenizer.parts().encoder.features();
  auto gradients = tokenizer.gradients();
  std::vector<float> upstream, grad_images(static_cast<std::size_t>(images.total_pixels() * images.channels));
  const auto once = [&] {
    tokenizer.forward(images);
    const auto& tokens = tokenizer.select();
    upstream.assign(tokens.feature.size(), 1e-3f);
    tokenizer.backward(images, {upstream.data(), tokens.count(), features}, gradients, grad_images.data());
  };
  once();
  for (auto _ : state) {
    once();
    benchmark::ClobberMemory();
  }
  count(state, 3 + 4 * features + 4 + 12, training_batch);
}

void colour(benchmark::State& state) {
  Colour::Parts parts;
  parts.backend = dht::backend::Cpu(static_cast<int>(state.range(1)));
  measure(
      state, Colour(parts),
      [](auto& tokenizer, const auto& image) -> const auto& { return tokenizer(image); });
}

void naive_learned(benchmark::State& state) {
  const auto image = view(photo(static_cast<int>(state.range(0))));
  const auto& checkpoint = weights();
  const naive::Settings settings{checkpoint.compactness, checkpoint.iota, checkpoint.self_loop};
  naive::Labels labels;
  for (auto _ : state) {
    const auto features = naive::encode(checkpoint.encoder, image);
    labels = naive::best_ancestor(naive::build(features, checkpoint.encoder.features, image.width, settings),
                                  image.width);
  }
  Learned tokenizer(tokenizer_parts(1));
  // Rounding tips a few choices.
  expect_close(state, "number of tokens", labels.regions, tokenizer(image).count(), 0.02);
  count(state, 3 + 4 * checkpoint.encoder.features + 4);
  state.counters["tokens"] = labels.regions;
}

BENCHMARK(memcpy_256_mib)->Apply(shared_settings);
BENCHMARK(learned)->Apply(sides_and_threads);
BENCHMARK(learned_196_tokens)->Apply(sides_and_threads);
BENCHMARK(learned_batch)->Apply(training_sizes);
BENCHMARK(learned_training_batch)->Apply(training_sizes);
BENCHMARK(colour)->Apply(sides_and_threads);
BENCHMARK(naive_learned)->Apply(small_sides);

#ifdef DHT_HAVE_OPENCV

/// The photo as OpenCV's users have it: BGR.
cv::Mat bgr_photo(int side) {
  cv::Mat bgr;
  const dht::Picture& picture = photo(side);
  cv::cvtColor(cv::Mat(side, side, CV_8UC3, const_cast<std::uint8_t*>(picture.rgb.data())), bgr,
               cv::COLOR_RGB2BGR);
  return bgr;
}

/// As many regions as the side has pixels: near the number of tokens.
int wanted_regions(int side) { return side; }

/// CIELAB, 10 iterations (the default), compactness 10 (the default), connectivity enforced, labels.
void opencv_slic(benchmark::State& state) {
  cv::setNumThreads(1);
  const int side = static_cast<int>(state.range(0));
  const cv::Mat bgr = bgr_photo(side);
  const int element = static_cast<int>(std::lround(std::sqrt(double(side) * side / wanted_regions(side))));
  cv::Mat lab, labels;
  int regions = 0;
  for (auto _ : state) {
    cv::cvtColor(bgr, lab, cv::COLOR_BGR2Lab);
    const auto slic = cv::ximgproc::createSuperpixelSLIC(lab, cv::ximgproc::SLIC, element, 10.0f);
    slic->iterate(10);
    slic->enforceLabelConnectivity();
    slic->getLabels(labels);
    regions = slic->getNumberOfSuperpixels();
  }
  count(state, 3 + 4);
  state.counters["tokens"] = regions;
}

/// HSV, 4 levels, prior 2, 5 histogram bins, 4 iterations (the values of OpenCV's own sample program), labels. What can
/// be kept from image to image is made before.
void opencv_seeds(benchmark::State& state) {
  cv::setNumThreads(1);
  const int side = static_cast<int>(state.range(0));
  const cv::Mat bgr = bgr_photo(side);
  const auto seeds = cv::ximgproc::createSuperpixelSEEDS(side, side, 3, wanted_regions(side), 4, 2, 5);
  cv::Mat hsv, labels;
  for (auto _ : state) {
    cv::cvtColor(bgr, hsv, cv::COLOR_BGR2HSV);
    seeds->iterate(hsv, 4);
    seeds->getLabels(labels);
  }
  count(state, 3 + 4);
  state.counters["tokens"] = seeds->getNumberOfSuperpixels();
}

BENCHMARK(opencv_slic)->Apply(sides);
BENCHMARK(opencv_seeds)->Apply(sides);

#endif

}  // namespace
