// SPDX-License-Identifier: MIT
// The reconstruction loss against its definition, its gradient against differences, pixels outside of a mask.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/tokenizer.hpp>
#include <dht/train/reconstruction.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

using Catch::Approx;
using dht::test::error_of;
using dht::test::Random;

namespace {

template <class Scalar_>
struct Policies : dht::ColourPolicies {
  using Scalar = Scalar_;
};

/// A batch of noisy cells and its tokens; with a mask, the left third has none.
template <class S>
struct Example {
  int batch = 3, height = 9, width = 12;
  std::vector<double> pixels;
  dht::Tokens<S> tokens;

  explicit Example(bool masked, std::uint64_t seed = 7) {
    Random random(seed);
    pixels = dht::test::planes(dht::test::Pattern::blobs, batch, 3, height, width, random);
    std::vector<std::uint8_t> inside(std::size_t(batch * height * width), 1);
    for (std::size_t p = 0; p < inside.size(); ++p) inside[p] = int(p) % width >= width / 3;
    dht::Tokenizer<Policies<S>> tokenizer;
    tokenizer.build(dht::planar_view(pixels.data(), batch, 3, height, width));
    if (masked) tokenizer.merge(dht::planar_view(std::as_const(inside).data(), batch, 1, height, width));
    tokens = tokenizer.tokens(5);
  }
  template <class P>
  std::vector<P> stored() const {
    std::vector<P> values;
    for (const double v : pixels) values.push_back(static_cast<P>(std::lround(v / dht::sample_unit<P>())));
    return values;
  }
  template <class P>
  dht::ImageView<const P> view(const std::vector<P>& values) const {
    return dht::planar_view(values.data(), batch, 3, height, width);
  }
  std::vector<S> features(std::uint64_t seed = 1) const {
    Random random(seed);
    std::vector<S> g(std::size_t(tokens.count()) * 3);
    for (S& v : g) v = static_cast<S>(random.uniform(-0.2, 1.2));
    return g;
  }
};

template <class S>
dht::MatrixView<S> rows(std::vector<S>& values) {
  return {values.data(), std::int64_t(values.size()) / 3, 3};
}

/// By the definition, pixel by pixel.
template <class S>
std::vector<long double> squares_of_images(const Example<S>& example, const std::vector<S>& g,
                                           std::vector<std::int64_t>& pixels) {
  std::vector<long double> squares(std::size_t(example.batch), 0);
  pixels.assign(std::size_t(example.batch), 0);
  for (int b = 0; b < example.batch; ++b) {
    for (int p = 0; p < example.height * example.width; ++p) {
      const std::int32_t token =
          example.tokens.partition.labels[std::size_t(b * example.height * example.width + p)];
      if (token < 0) continue;
      ++pixels[std::size_t(b)];
      for (int c = 0; c < 3; ++c) {
        const long double d =
            g[std::size_t(token * 3 + c)] -
            (long double)(example.pixels[std::size_t((b * 3 + c) * example.height * example.width + p)]);
        squares[std::size_t(b)] += d * d;
      }
    }
  }
  return squares;
}

}  // namespace

TEMPLATE_TEST_CASE("reconstruction: the loss is its definition", "[train]", float, double) {
  using S = TestType;
  const bool masked = GENERATE(false, true);
  const Example<S> example(masked);
  std::vector<S> g = example.features();
  const dht::backend::Cpu one;
  const auto loss = dht::reconstruction_loss(one, example.view(example.pixels), example.tokens, rows(g));
  std::vector<std::int64_t> pixels;
  const auto squares = squares_of_images(example, g, pixels);
  REQUIRE(loss.of_image.size() == 3);
  for (std::size_t b = 0; b < 3; ++b)
    CHECK(loss.of_image[b] == Approx(double(squares[b] / (3 * pixels[b]))).epsilon(1e-12));
  const std::int64_t all = pixels[0] + pixels[1] + pixels[2];
  CHECK(loss.pixels == all);
  CHECK(all == (masked ? 3 * 9 * 8 : 3 * 9 * 12));
  CHECK(loss.value == Approx(double((squares[0] + squares[1] + squares[2]) / (3 * all))).epsilon(1e-12));
}

TEST_CASE("reconstruction: the gradient is that of the loss", "[train]") {
  const bool masked = GENERATE(false, true);
  const Example<double> example(masked);
  const dht::backend::Cpu one;
  std::vector<double> g = example.features(), gradient(g.size(), 9.0);
  const auto view = example.view(example.pixels);
  dht::reconstruction_loss(one, view, example.tokens, rows(g), rows(gradient));
  const std::vector<std::int64_t> shape{example.tokens.count(), 3};
  const auto report = dht::test::check_gradients(
      [&] { return dht::reconstruction_loss(one, view, example.tokens, rows(g)).value; },
      {{"token features", shape, g}}, {{"token features", shape, gradient}});
  INFO(report.table());
  CHECK(report.good());
}

TEMPLATE_TEST_CASE("reconstruction: at the mean colour the gradient vanishes, and the loss is least",
                   "[train]", float, double) {
  using S = TestType;
  const Example<S> example(false);
  const dht::backend::Cpu one;
  const auto view = example.view(example.pixels);
  std::vector<S> g(std::size_t(example.tokens.count()) * 3, S(0)), gradient(g.size());
  for (int step = 0; step < 2; ++step) {
    dht::reconstruction_loss(one, view, example.tokens, rows(g), rows(gradient));
    const double count = 3.0 * double(example.pixels.size() / 3);
    // dL/dg = 2/(N C) (size g - sum x): one step of that length ends at the mean.
    if (step == 0)
      for (std::size_t i = 0; i < g.size(); ++i)
        g[i] = static_cast<S>(g[i] - gradient[i] * count / (2 * example.tokens.size[i / 3]));
  }
  for (const S v : gradient) CHECK(std::abs(v) < 4 * std::numeric_limits<S>::epsilon());
}

TEST_CASE("reconstruction: integers are parts of 1", "[train]") {
  const Example<float> example(false);
  const dht::backend::Cpu one;
  std::vector<float> g = example.features();
  const auto bytes = example.stored<std::uint8_t>();
  const auto words = example.stored<std::uint16_t>();
  std::vector<double> exact;
  for (const std::uint8_t b : bytes) exact.push_back(b / 255.0);
  const double value = dht::reconstruction_loss(one, example.view(exact), example.tokens, rows(g)).value;
  CHECK(dht::reconstruction_loss(one, example.view(bytes), example.tokens, rows(g)).value ==
        Approx(value).epsilon(1e-13));
  exact.clear();
  for (const std::uint16_t w : words) exact.push_back(w / 65535.0);
  CHECK(dht::reconstruction_loss(one, example.view(words), example.tokens, rows(g)).value ==
        Approx(dht::reconstruction_loss(one, example.view(exact), example.tokens, rows(g)).value)
            .epsilon(1e-13));
}

TEST_CASE("reconstruction: the same bits with any number of threads", "[train]") {
  const Example<float> example(true);
  std::vector<float> g = example.features(), first(g.size()), other(g.size());
  const auto view = example.view(example.pixels);
  const auto once =
      dht::reconstruction_loss(dht::backend::Cpu(1), view, example.tokens, rows(g), rows(first));
  for (const int threads : {2, 3, 7}) {
    const auto loss =
        dht::reconstruction_loss(dht::backend::Cpu(threads), view, example.tokens, rows(g), rows(other));
    CHECK(loss.value == once.value);
    CHECK(loss.of_image == once.of_image);
    CHECK(other == first);
  }
}

TEST_CASE("reconstruction: no pixel with a token is a loss of zero", "[train]") {
  const Example<float> example(false);
  dht::Tokens<float> none = example.tokens;
  std::fill(none.partition.labels.begin(), none.partition.labels.end(), -1);
  none.partition.regions = 0;
  none.begin.assign(4, 0);
  std::vector<float> g;
  const auto loss =
      dht::reconstruction_loss(dht::backend::Cpu(), example.view(example.pixels), none, {nullptr, 0, 3});
  CHECK(loss.value == 0);
  CHECK(loss.pixels == 0);
}

TEST_CASE("reconstruction: what does not fit is named, and decibels", "[train]") {
  const Example<float> example(false);
  const dht::backend::Cpu one;
  std::vector<float> g = example.features(), few(3);
  const auto view = example.view(example.pixels);
  auto narrow = view;
  narrow.width = 11;
  CHECK(error_of([&] { dht::reconstruction_loss(one, narrow, example.tokens, rows(g)); }) ==
        "image: is 3 x 9 x 11; the tokens are of 3 x 9 x 12");
  auto nothing = view;
  nothing.data = nullptr;
  CHECK(error_of([&] { dht::reconstruction_loss(one, nothing, example.tokens, rows(g)); }) ==
        "image: has no data (null pointer)");
  CHECK(error_of([&] { dht::reconstruction_loss(one, view, example.tokens, rows(few)); }) ==
        "token features: is 1 x 3; must be 15 x 3");
  CHECK(error_of([&] { dht::reconstruction_loss(one, view, example.tokens, rows(g), rows(few)); }) ==
        "gradient of token features: is 1 x 3; must be 15 x 3");
  CHECK(dht::peak_signal_to_noise(0.01) == Approx(20));
  CHECK(std::isinf(dht::peak_signal_to_noise(0)));
}
