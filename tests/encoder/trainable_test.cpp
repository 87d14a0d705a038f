// SPDX-License-Identifier: MIT
// The encoder in training: forward against inference, backward against differences.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/encoder/trainable.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/parameters.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::Statistics;
using dht::TrainableEncoder;
using dht::backend::Cpu;

template <class S>
std::vector<S> random_numbers(std::int64_t n, double low, double high, std::uint64_t seed) {
  Random random(seed);
  std::vector<S> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(static_cast<S>(random.uniform(low, high)));
  return out;
}

/// Everything that an encoder gives for an image and a gradient of its features.
template <class S>
struct Result {
  std::vector<S> features, grad_image;
  dht::ConvolutionalParameters<S> gradients;
  bool finite;
};

template <class S, class P>
Result<S> both_ways(const TrainableEncoder<S>& encoder, const dht::ImageView<P>& image,
                    const std::vector<S>& upstream, typename TrainableEncoder<S>::Saved& saved,
                    const Cpu& backend = Cpu(1)) {
  Result<S> r{std::vector<S>(upstream.size(), S(-77)),
              std::vector<S>(static_cast<std::size_t>(image.total_pixels() * image.channels), S(-77)),
              encoder.gradients(), false};
  r.finite = encoder.forward(backend, image, r.features.data(), saved);
  encoder.backward(backend, image, upstream.data(), saved, r.gradients, r.grad_image.data());
  return r;
}

template <class S, class P>
Result<S> both_ways(const TrainableEncoder<S>& encoder, const dht::ImageView<P>& image,
                    const std::vector<S>& upstream, const Cpu& backend = Cpu(1)) {
  typename TrainableEncoder<S>::Saved saved;
  return both_ways(encoder, image, upstream, saved, backend);
}

/// All gradients one after the other, the image's last.
template <class S>
std::vector<S> flattened(Result<S>& r) {
  std::vector<S> all;
  for (const auto& p : dht::parameters(r.gradients)) all.insert(all.end(), p.values.begin(), p.values.end());
  all.insert(all.end(), r.grad_image.begin(), r.grad_image.end());
  return all;
}

template <class A, class B>
double worst(const A& found, const B& wanted, double floor) {
  REQUIRE(found.size() == wanted.size());
  double most = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double want = static_cast<double>(wanted[i]), difference = std::abs(double(found[i]) - want);
    most = std::isnan(difference) ? 1e300 : std::max(most, difference / std::max(std::abs(want), floor));
  }
  return most;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

struct Case {
  int batch, channels, features, height, width;
  Statistics statistics;
};

/// The gradients of `entries` numbers of each parameter and of `pixels` of the image against differences.
void check_by_differences(const Case& c, std::uint64_t seed, std::size_t entries, std::size_t pixels,
                          double tolerance = 1e-6) {
  TrainableEncoder<double> encoder(random_parameters<double>(c.channels, c.features, seed % 2 == 0, seed));
  encoder.set_statistics(c.statistics);
  auto numbers = random_numbers<double>(std::int64_t{c.batch} * c.channels * c.height * c.width, 0, 1, seed);
  const auto image = dht::planar_view(numbers.data(), c.batch, c.channels, c.height, c.width);
  const auto upstream = random_numbers<double>(image.total_pixels() * c.features, -1, 1, seed + 1);
  auto result = both_ways(encoder, image, upstream);
  REQUIRE(result.finite);

  std::vector<double> features(upstream.size());
  TrainableEncoder<double>::Saved saved;
  const auto loss = [&] {
    encoder.forward(Cpu(1), image, features.data(), saved);
    double sum = 0;
    for (std::size_t i = 0; i < features.size(); ++i) sum += features[i] * upstream[i];
    return sum;
  };
  const auto slopes = dht::parameters(result.gradients);
  const std::vector<std::int64_t> shape{c.batch, c.channels, c.height, c.width};
  const dht::ParameterList<double> image_slopes{{"image", shape, result.grad_image}};
  const auto check = [&](const dht::ParameterList<double>& values, const dht::ParameterList<double>& found,
                         std::size_t most) {
    GradientCheckOptions options;
    // Few pixels may differ by little, and batch statistics then bend the loss within steps that are not small.
    options.step = 1e-3;
    options.tolerance = tolerance;
    options.most_entries = most;
    options.seed = seed;
    // Sums over the image that cancel have the rounding errors of their terms, so small entries are measured by the
    // largest. Where a batch has a single pixel, all of the image's gradients vanish.
    options.floor = 1e-3 * largest_entry(image.total_pixels() == 1 ? slopes : found) + 1e-6;
    const GradientReport report = check_gradients(loss, values, found, options);
    INFO(report.table());
    CHECK(report.good());
  };
  check(dht::parameters(encoder.parameters()), slopes, entries);
  check({{"image", shape, numbers}}, image_slopes, pixels);
}

}  // namespace

TEST_CASE("trainable encoder: with running statistics it is the encoder of inference", "[encoder]") {
  for (const auto& [height, width] : {std::pair{1, 1}, {4, 4}, {5, 7}, {8, 12}, {61, 130}}) {
    for (const bool normalised : {false, true}) {
      CAPTURE(height, width, normalised);
      const auto check = [&](auto type, double tolerance) {
        using S = decltype(type);
        const auto p = random_parameters<S>(3, 8, normalised, 5);
        const auto pixels = random_numbers<S>(2 * 3 * height * width, 0, 1, 6);
        const auto image = dht::planar_view(pixels.data(), 2, 3, height, width);
        TrainableEncoder<S> encoder(p);
        CHECK(encoder.statistics() == Statistics::batch);
        encoder.set_statistics(Statistics::running);
        const dht::ConvolutionalEncoder<S> inference(p);
        std::vector<S> wanted(static_cast<std::size_t>(image.total_pixels() * 8)), found(wanted.size());
        typename dht::ConvolutionalEncoder<S>::Workspace workspace;
        REQUIRE(inference.encode(Cpu(1), image, wanted.data(), workspace));
        typename TrainableEncoder<S>::Saved saved;
        CHECK(encoder.forward(Cpu(1), image, found.data(), saved));
        CHECK(worst(found, wanted, 1) < tolerance);
        std::fill(found.begin(), found.end(), S(0));
        typename TrainableEncoder<S>::Workspace other;
        for (int again = 0; again < 2; ++again) CHECK(encoder.encode(Cpu(1), image, found.data(), other));
        CHECK(found == wanted);
      };
      check(double{}, 1e-12);
      check(float{}, 1e-5);
    }
  }
}

TEST_CASE("trainable encoder: gradients are those of differences", "[encoder]") {
  std::uint64_t seed = 20;
  for (const Statistics statistics : {Statistics::batch, Statistics::running}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {4, 4}, {5, 7}, {8, 12}, {13, 3}}) {
      for (const int batch : {1, 3}) {
        for (const int channels : {1, 3, 4}) {
          for (const int features : {2, 8}) {
            CAPTURE(int(statistics), height, width, batch, channels, features);
            // Measured: 4e-8. Batch statistics of one pixel are rounding, which both normalisations magnify by
            // 1 / sqrt(epsilon): the differences are off there, by up to 3e-7.
            const Case c{batch, channels, features, height, width, statistics};
            check_by_differences(c, ++seed, 3, 5, batch * height * width == 1 ? 1e-5 : 1e-6);
          }
        }
      }
    }
  }
}

TEST_CASE("trainable encoder: gradients of larger images, which are summed in many blocks", "[encoder]") {
  for (const Statistics statistics : {Statistics::batch, Statistics::running}) {
    CAPTURE(int(statistics));
    // Several bands of rows and chunks of cells; more chunks than blocks; several images.
    check_by_differences({1, 3, 2, 70, 66, statistics}, 81, 3, 20);
    check_by_differences({1, 1, 1, 37, 1030, statistics}, 82, 2, 10);
    check_by_differences({1, 1, 1, 530, 530, statistics}, 83, 1, 5);
    check_by_differences({3, 2, 3, 41, 70, statistics}, 84, 3, 20);
  }
}

TEST_CASE("trainable encoder: repeated columns and rows count in batch statistics", "[encoder]") {
  constexpr int h = 5, w = 7, d = 3;
  const TrainableEncoder<double> encoder(random_parameters<double>(3, d, true, 8));
  const auto pixels = random_numbers<double>(2 * 3 * h * w, 0, 1, 9);
  const auto image = dht::planar_view(pixels.data(), 2, 3, h, w);
  const auto upstream = random_numbers<double>(2 * h * w * d, -1, 1, 10);
  std::vector<double> extended(2 * 3 * 8 * 8), extended_upstream(2 * 8 * 8 * d);
  const auto to = dht::planar_view(extended.data(), 2, 3, 8, 8);
  for (int b = 0; b < 2; ++b)
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x) {
        for (int c = 0; c < 3; ++c) to(b, c, y, x) = image(b, c, std::min(y, h - 1), std::min(x, w - 1));
        for (int o = 0; o < d && y < h && x < w; ++o)
          extended_upstream[static_cast<std::size_t>(((b * 8 + y) * 8 + x) * d + o)] =
              upstream[static_cast<std::size_t>(((b * h + y) * w + x) * d + o)];
      }
  auto found = both_ways(encoder, image, upstream), wanted = both_ways(encoder, to, extended_upstream);
  std::vector<double> cropped, folded(pixels.size());
  const auto grads = dht::planar_view(wanted.grad_image.data(), 2, 3, 8, 8),
             fold = dht::planar_view(folded.data(), 2, 3, h, w);
  for (int b = 0; b < 2; ++b)
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x) {
        for (int c = 0; c < 3; ++c) fold(b, c, std::min(y, h - 1), std::min(x, w - 1)) += grads(b, c, y, x);
        for (int o = 0; o < d && y < h && x < w; ++o)
          cropped.push_back(wanted.features[static_cast<std::size_t>(((b * 8 + y) * 8 + x) * d + o)]);
      }
  CHECK(worst(found.features, cropped, 1) < 1e-12);
  wanted.grad_image = folded;
  const auto all = flattened(wanted);
  CHECK(worst(flattened(found), all, 1e-3 * largest(all)) < 1e-10);
}

TEST_CASE("trainable encoder: gradients in float are those in double", "[encoder]") {
  const auto pixels = random_numbers<float>(2 * 3 * 90 * 75, 0, 1, 1);
  const auto upstream = random_numbers<float>(2 * 90 * 75 * 8, -1, 1, 2);
  const auto exact_pixels = converted<double>(pixels), exact_upstream = converted<double>(upstream);
  auto found = both_ways(TrainableEncoder<float>(random_parameters<float>(3, 8, true, 3)),
                         dht::planar_view(pixels.data(), 2, 3, 90, 75), upstream);
  auto wanted = both_ways(TrainableEncoder<double>(random_parameters<double>(3, 8, true, 3)),
                          dht::planar_view(exact_pixels.data(), 2, 3, 90, 75), exact_upstream);
  const auto all = flattened(wanted);
  // Sums of some ten thousand terms of either sign. Measured: 3e-7 for both.
  CHECK(worst(flattened(found), all, largest(all)) < 1e-6);
  CHECK(worst(found.grad_image, wanted.grad_image, largest(wanted.grad_image)) < 1e-5);
}

TEST_CASE("trainable encoder: a flat image, and one far from zero", "[encoder]") {
  for (const double level : {0.0, 0.7, 1e3}) {
    const TrainableEncoder<float> encoder(random_parameters<float>(3, 8, false, 3));
    std::vector<float> pixels(3 * 20 * 20, static_cast<float>(level));
    const auto image = dht::planar_view(pixels.data(), 1, 3, 20, 20);
    const auto upstream = random_numbers<float>(400 * 8, -1, 1, 4);
    auto flat = both_ways(encoder, image, upstream);
    CHECK(flat.finite);
    for (const float v : flattened(flat)) CHECK(std::isfinite(v));
    // Only differences between pixels count.
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] += static_cast<float>(i * 7 % 32) / 32;
    const auto moved = both_ways(encoder, image, upstream);
    for (float& v : pixels) v -= static_cast<float>(level);
    const auto still = both_ways(encoder, image, upstream);
    CHECK(worst(moved.features, still.features, 1) < (level > 1 ? 2e-2 : 1e-4));
  }
}

TEST_CASE("trainable encoder: images of bytes, and their gradient by the colours", "[encoder]") {
  Random random(3);
  std::vector<std::uint8_t> bytes(9 * 13 * 3);
  std::vector<double> numbers(bytes.size());
  const auto side_by_side = dht::interleaved_view(bytes.data(), 9, 13, 3);
  const auto apart = dht::planar_view(numbers.data(), 1, 3, 9, 13);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 13; ++x) {
        side_by_side(0, c, y, x) = static_cast<std::uint8_t>(random.below(256));
        apart(0, c, y, x) = side_by_side(0, c, y, x) / 255.0;
      }
  const auto upstream = random_numbers<double>(9 * 13 * 4, -1, 1, 4);
  const TrainableEncoder<double> encoder(random_parameters<double>(3, 4, true, 3));
  auto found = both_ways(encoder, side_by_side, upstream), wanted = both_ways(encoder, apart, upstream);
  const auto all = flattened(wanted);
  CHECK(worst(flattened(found), all, 1e-3 * largest(all)) < 1e-10);
}

TEMPLATE_TEST_CASE("trainable encoder: the same bits for every number of threads", "[encoder]", float,
                   double) {
  using S = TestType;
  for (const auto& [batch, height, width] : {std::tuple{1, 203, 207}, {3, 90, 157}, {2, 9, 1025}}) {
    const auto pixels = random_numbers<S>(std::int64_t{batch} * 3 * height * width, 0, 1, 1);
    const auto image = dht::planar_view(pixels.data(), batch, 3, height, width);
    const auto upstream = random_numbers<S>(image.total_pixels() * 8, -1, 1, 2);
    for (const Statistics statistics : {Statistics::batch, Statistics::running}) {
      TrainableEncoder<S> encoder(random_parameters<S>(3, 8, true, 3));
      encoder.set_statistics(statistics);
      auto wanted = both_ways(encoder, image, upstream);
      for (const int threads : {2, 3, 7}) {
        CAPTURE(batch, height, width, int(statistics), threads);
        auto found = both_ways(encoder, image, upstream, Cpu(threads));
        CHECK(found.features == wanted.features);
        CHECK(flattened(found) == flattened(wanted));
      }
    }
  }
}

TEST_CASE("trainable encoder: earlier images leave no trace, and backward can be called again", "[encoder]") {
  TrainableEncoder<float> encoder(random_parameters<float>(3, 5, false, 1));
  TrainableEncoder<float>::Saved used;
  for (const auto& [height, width] : {std::pair{30, 40}, {3, 5}, {1, 1}, {31, 2}, {40, 30}}) {
    for (const Statistics statistics : {Statistics::batch, Statistics::running}) {
      encoder.set_statistics(statistics);
      const auto pixels = random_numbers<float>(3 * height * width, 0, 1, 5);
      const auto image = dht::planar_view(pixels.data(), 1, 3, height, width);
      const auto upstream = random_numbers<float>(5 * height * width, -1, 1, 6);
      auto a = both_ways(encoder, image, upstream, used), b = both_ways(encoder, image, upstream);
      CHECK(a.features == b.features);
      CHECK(flattened(a) == flattened(b));
      // Gradients of parameters are added, that of the image is written; and it may be left out.
      encoder.backward(Cpu(1), image, upstream.data(), used, a.gradients, a.grad_image.data());
      encoder.backward(Cpu(1), image, upstream.data(), used, b.gradients, static_cast<float*>(nullptr));
      CHECK(a.grad_image == b.grad_image);
      const auto twice = flattened(a);
      CHECK(twice == flattened(b));
      CHECK(worst(twice, flattened(a), 1) == 0);
    }
  }
}

TEST_CASE("trainable encoder: says when features are not finite", "[encoder]") {
  std::vector<float> pixels(3 * 7 * 9, 0.5f);
  pixels[70] = std::nanf("");
  const TrainableEncoder<float> encoder(random_parameters<float>(3, 8, true, 3));
  TrainableEncoder<float>::Saved saved;
  std::vector<float> out(7 * 9 * 8);
  CHECK_FALSE(encoder.forward(Cpu(1), dht::planar_view(pixels.data(), 1, 3, 7, 9), out.data(), saved));
}

TEST_CASE("trainable encoder: running statistics move by a tenth", "[encoder]") {
  TrainableEncoder<double> encoder(random_parameters<double>(1, 1, false, 3));
  encoder.parameters().fine.weight = {2};
  encoder.parameters().fine.bias = {1};
  encoder.parameters().fine.running_mean = {10};
  encoder.parameters().fine.running_var = {20};
  std::vector<double> pixels(32, 0.0);
  for (std::size_t i = 0; i < 16; ++i) pixels[i] = 1;
  TrainableEncoder<double>::Saved saved;
  std::vector<double> out(32);
  encoder.forward(Cpu(1), dht::planar_view(pixels.data(), 1, 1, 8, 4), out.data(), saved);
  encoder.update_running_statistics(saved);
  // Half of the outputs are 1, the others 3: mean 2, variance 1, unbiased 32/31.
  CHECK(encoder.parameters().fine.running_mean[0] == Catch::Approx(9.2));
  CHECK(encoder.parameters().fine.running_var[0] == Catch::Approx(18 + 0.1 * 32 / 31));
}

TEST_CASE("trainable encoder: arguments that do not fit are named", "[encoder]") {
  using Encoder = TrainableEncoder<float>;
  auto p = random_parameters<float>(3, 8, false, 4);
  Encoder encoder(p);
  const std::vector<float> pixels(3 * 8 * 8, 0.5f);
  std::vector<float> out(8 * 8 * 8);
  const auto image = dht::planar_view(pixels.data(), 1, 3, 8, 8);
  const auto smaller = dht::planar_view(pixels.data(), 1, 3, 4, 3);
  const auto two = dht::planar_view(pixels.data(), 1, 2, 8, 8);
  const Cpu backend(1);
  Encoder::Saved saved;
  Encoder::Workspace workspace;
  auto gradients = encoder.gradients();
  const auto backward = [&](const auto& of) {
    return error_of(
        [&] { encoder.backward(backend, of, out.data(), saved, gradients, static_cast<float*>(nullptr)); });
  };
  CHECK(error_of([&] { encoder.forward(backend, two, out.data(), saved); }) ==
        "image: has 2 channels; must have 3");
  CHECK(error_of([&] { encoder.encode(backend, two, out.data(), workspace); }) ==
        "image: has 2 channels; must have 3");
  CHECK(backward(image) == "saved: is empty; must come from forward");
  CHECK(error_of([&] { encoder.update_running_statistics(saved); }) ==
        "saved: has no batch statistics; must come from a forward that uses them");
  CHECK(encoder.forward(backend, smaller, out.data(), saved));
  CHECK(backward(image) == "saved: is of 1 images of 4 x 3; must be of 1 of 8 x 8");
  CHECK(backward(two) == "image: has 2 channels; must have 3");
  CHECK(error_of([&] { encoder.update_running_statistics(saved); }) ==
        "saved: has 1 coarse pixel; unbiased variances must be those of at least 2");
  encoder.set_statistics(Statistics::running);
  CHECK(encoder.forward(backend, image, out.data(), saved));
  CHECK(backward(image) == "(no error)");
  CHECK(error_of([&] { encoder.update_running_statistics(saved); }) ==
        "saved: has no batch statistics; must come from a forward that uses them");
  gradients.middle.bias.pop_back();
  CHECK(backward(image) == "gradients: have 31 numbers where the parameters have 32; must have as many");
  p.fine.bias.pop_back();
  CHECK(error_of([&] { Encoder bad(p); }) == "fine layer bias: has 7 numbers; must have 8");
  encoder.parameters().coarse.weight[5] = std::nanf("");
  CHECK(error_of([&] { encoder.forward(backend, image, out.data(), saved); }) ==
        "coarse layer weight: holds nan; must be finite");
}

TEST_CASE("encoder parameters: by the names of checkpoints", "[encoder]") {
  auto p = random_parameters<float>(3, 8, false, 4);
  std::vector<std::string> names;
  for (const auto& parameter : dht::parameters(p)) {
    std::int64_t n = 1;
    for (const auto side : parameter.shape) n *= side;
    CHECK(static_cast<std::int64_t>(parameter.values.size()) == n);
    names.push_back(parameter.name);
  }
  CHECK(names == std::vector<std::string>{"conv.ds.0.weight", "conv.ds.0.bias", "conv.ds.1.weight",
                                          "conv.ds.1.bias", "conv.cv.0.weight", "conv.cv.0.bias",
                                          "conv.cv.1.weight", "conv.cv.1.bias", "conv.cv.3.weight",
                                          "conv.cv.3.bias", "conv.cv.4.weight", "conv.cv.4.bias"});
  CHECK(dht::parameters(p)[4].shape == std::vector<std::int64_t>{32, 3, 2, 2});
  CHECK(dht::parameters(p)[4].values.data() == p.middle.weight.data());
  names.clear();
  for (const auto& parameter : dht::running_statistics(p, "f.")) names.push_back(parameter.name);
  CHECK(names == std::vector<std::string>{"f.ds.1.running_mean", "f.ds.1.running_var", "f.cv.1.running_mean",
                                          "f.cv.1.running_var", "f.cv.4.running_mean", "f.cv.4.running_var"});
  p.coarse.weight.pop_back();
  CHECK(error_of([&] { dht::parameters(p); }) == "conv.cv.3.weight: has 1023 numbers; must have 1024");
  p.fine.running_var.clear();
  CHECK(error_of([&] { dht::running_statistics(p); }) == "conv.ds.1.running_var: has 0 numbers; must have 8");
}

TEST_CASE("encoder parameters: written as they are read", "[encoder]") {
  for (const bool normalised : {false, true}) {
    const auto p = random_parameters<double>(3, 4, normalised, 4);
    dht::SafeTensorsWriter writer;
    dht::add_encoder(writer, p, "model.conv.");
    const auto file = dht::SafeTensors::from_bytes(writer.bytes());
    auto found = dht::read_encoder<double>(file, "model.conv."), wanted = p;
    CHECK(found.mean == wanted.mean);
    CHECK(found.standard_deviation == wanted.standard_deviation);
    CHECK(found.epsilon == wanted.epsilon);
    for (const auto list : {&dht::parameters<double>, &dht::running_statistics<double>}) {
      const auto a = list(found, ""), b = list(wanted, "");
      dht::check_same_parameters(a, b, "parameters");
      for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(std::equal(a[i].values.begin(), a[i].values.end(), b[i].values.begin(), b[i].values.end()));
      }
    }
  }
}
