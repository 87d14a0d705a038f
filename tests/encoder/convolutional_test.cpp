// SPDX-License-Identifier: MIT
// The convolutional encoder against section 1 of the method, word by word: layers one after the other, nothing folded.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/convolutional.hpp>

#include "kit/catch.hpp"
#include "kit/parameters.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::ConvolutionalEncoder;
using dht::ConvolutionalParameters;
using dht::ConvolutionAndNorm;
using dht::backend::Cpu;

/// (batch, channels, height, width), with plain indices.
struct Tensor {
  int batch, channels, height, width;
  std::vector<double> values;
  Tensor(int b, int c, int h, int w)
      : batch(b), channels(c), height(h), width(w), values(static_cast<std::size_t>(b * c * h * w)) {}
  double& at(int b, int c, int y, int x) {
    return values[static_cast<std::size_t>(((b * channels + c) * height + y) * width + x)];
  }
  double at(int b, int c, int y, int x) const { return const_cast<Tensor*>(this)->at(b, c, y, x); }
};

template <class Value>
Tensor made(int b, int c, int h, int w, const Value& value) {
  Tensor t(b, c, h, w);
  for (int i = 0; i < b; ++i)
    for (int j = 0; j < c; ++j)
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) t.at(i, j, y, x) = value(i, j, y, x);
  return t;
}

Tensor convolution(const Tensor& in, const ConvolutionAndNorm<double>& layer, int outputs, int side) {
  return made(in.batch, outputs, in.height / side, in.width / side, [&](int b, int o, int y, int x) {
    double sum = layer.bias[static_cast<std::size_t>(o)];
    for (int c = 0; c < in.channels; ++c)
      for (int i = 0; i < side; ++i)
        for (int j = 0; j < side; ++j)
          sum += layer.weight[static_cast<std::size_t>(((o * in.channels + c) * side + i) * side + j)] *
                 in.at(b, c, side * y + i, side * x + j);
    return sum;
  });
}

Tensor norm(const Tensor& in, const ConvolutionAndNorm<double>& layer, double epsilon) {
  return made(in.batch, in.channels, in.height, in.width, [&](int b, int c, int y, int x) {
    const auto k = static_cast<std::size_t>(c);
    return (in.at(b, c, y, x) - layer.running_mean[k]) / std::sqrt(layer.running_var[k] + epsilon) *
               layer.norm_weight[k] +
           layer.norm_bias[k];
  });
}

double activation(double x) { return x / (1 + std::exp(-x)); }

Tensor activated(Tensor t) {
  for (double& v : t.values) v = activation(v);
  return t;
}

/// Bilinear, corners on corners.
Tensor upsampled(const Tensor& in, int factor) {
  const auto place = [](int i, int fine, int coarse) {
    return coarse == 1 ? 0.0 : double(i) * (coarse - 1) / (fine - 1);
  };
  return made(in.batch, in.channels, in.height * factor, in.width * factor, [&](int b, int c, int y, int x) {
    const double v = place(y, in.height * factor, in.height), u = place(x, in.width * factor, in.width);
    const int y0 = static_cast<int>(v), x0 = static_cast<int>(u), y1 = std::min(y0 + 1, in.height - 1),
              x1 = std::min(x0 + 1, in.width - 1);
    const double fy = v - y0, fx = u - x0;
    return (1 - fy) * ((1 - fx) * in.at(b, c, y0, x0) + fx * in.at(b, c, y0, x1)) +
           fy * ((1 - fx) * in.at(b, c, y1, x0) + fx * in.at(b, c, y1, x1));
  });
}

Tensor reference(const Tensor& image, const ConvolutionalParameters<double>& p) {
  const int h = (image.height + 3) / 4 * 4, w = (image.width + 3) / 4 * 4;
  const Tensor x = made(image.batch, image.channels, h, w, [&](int b, int c, int y, int xx) {
    const double v = image.at(b, c, std::min(y, image.height - 1), std::min(xx, image.width - 1));
    return p.mean.empty() ? v
                          : (v - p.mean[static_cast<std::size_t>(c)]) /
                                p.standard_deviation[static_cast<std::size_t>(c)];
  });
  const Tensor fine = norm(convolution(x, p.fine, p.features, 1), p.fine, p.epsilon);
  const Tensor middle = activated(norm(convolution(x, p.middle, 4 * p.features, 2), p.middle, p.epsilon));
  const Tensor coarse = upsampled(norm(convolution(middle, p.coarse, p.features, 2), p.coarse, p.epsilon), 4);
  return made(image.batch, p.features, image.height, image.width, [&](int b, int c, int y, int xx) {
    return activation(fine.at(b, c, y, xx) + coarse.at(b, c, y, xx));
  });
}

template <class S, class P>
std::vector<S> encoded(const ConvolutionalParameters<S>& p, const dht::ImageView<P>& image,
                       const Cpu& backend, bool finite = true) {
  const ConvolutionalEncoder<S> encoder(p);
  typename ConvolutionalEncoder<S>::Workspace workspace;
  std::vector<S> out(static_cast<std::size_t>(image.total_pixels() * p.features), S(-77));
  CHECK(encoder.encode(backend, image, out.data(), workspace) == finite);
  return out;
}

/// The largest difference from the reference, whose planes the library writes pixel after pixel.
template <class S>
double worst(const std::vector<S>& found, const Tensor& wanted) {
  double most = 0;
  std::size_t i = 0;
  for (int b = 0; b < wanted.batch; ++b)
    for (int y = 0; y < wanted.height; ++y)
      for (int x = 0; x < wanted.width; ++x)
        for (int c = 0; c < wanted.channels; ++c) {
          const double error = std::abs(static_cast<double>(found[i++]) - wanted.at(b, c, y, x)) /
                               std::max(1.0, std::abs(wanted.at(b, c, y, x)));
          most = std::isnan(error) ? 1e300 : std::max(most, error);
        }
  return most;
}

template <class S>
void compare(int batch, int channels, int features, int height, int width, int threads, double tolerance) {
  const std::uint64_t seed =
      static_cast<std::uint64_t>(height * 100 + width + channels * 10007 + features * 100003);
  Random random(seed);
  Tensor image(batch, channels, height, width);
  for (double& v : image.values) v = static_cast<float>(random.uniform());
  const auto values = converted<S>(image.values);
  const bool normalised = seed % 2 == 0;
  const auto found = encoded(random_parameters<S>(channels, features, normalised, seed),
                             dht::planar_view(values.data(), batch, channels, height, width), Cpu(threads));
  CAPTURE(batch, channels, features, height, width, threads);
  CHECK(worst(found, reference(image, random_parameters<double>(channels, features, normalised, seed))) <
        tolerance);
}

// Largest error of a few hundred products added in another order. Measured: about 1e-14, and 2.6e-6 in float.
template <class S>
constexpr double tolerance = std::is_same_v<S, double> ? 1e-13 : 1e-5;

}  // namespace

TEST_CASE("convolutional encoder: equals its layers done one by one, in double", "[encoder]") {
  for (const auto& [channels, features] : {std::pair{3, 8}, {1, 1}, {4, 3}, {3, 11}}) {
    for (int height = 1; height <= 9; ++height) {
      for (const int width : {1, 2, 3, 4, 5, 7, 8, 9, 12, 13}) {
        compare<double>(1 + (height + width) % 2, channels, features, height, width, 1, tolerance<double>);
      }
    }
  }
}

TEST_CASE("convolutional encoder: equals its layers done one by one, in float and with more threads",
          "[encoder]") {
  for (const int features : {1, 3, 8, 11}) compare<float>(2, 3, features, 9, 13, 1, tolerance<float>);
  // Several parts: a part has at least 8192 pixels, or 1024 blocks of 4 x 4.
  for (const int threads : {1, 2, 3}) {
    compare<float>(1, 3, 8, 203, 207, threads, tolerance<float>);
    compare<float>(3, 1, 2, 90, 301, threads, tolerance<float>);
  }
}

TEST_CASE("convolutional encoder: the same features from every layout of an image, and threads",
          "[encoder]") {
  constexpr int h = 150, w = 130, c = 3, padded = w * c + 11;
  const auto p = random_parameters<float>(c, 8, true, 5);
  Random random(6);
  const auto check = [&](auto type, double tolerance_of_type) {
    using P = decltype(type);
    std::vector<P> planar(static_cast<std::size_t>(c * h * w)),
        interleaved(static_cast<std::size_t>(h * padded), P(99));
    std::vector<float> numbers(planar.size());
    const auto from = dht::planar_view(planar.data(), 1, c, h, w);
    const auto to = dht::interleaved_view(interleaved.data(), h, w, c, padded);
    for (int k = 0; k < c; ++k)
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
          const int steps = random.below(std::is_same_v<P, std::uint8_t> ? 256 : 65536);
          const double v = steps * dht::sample_unit<P>();
          from(0, k, y, x) = to(0, k, y, x) =
              std::is_integral_v<P> ? static_cast<P>(steps) : static_cast<P>(v / 65535);
          numbers[static_cast<std::size_t>((k * h + y) * w + x)] =
              static_cast<float>(static_cast<double>(from(0, k, y, x)) * dht::sample_unit<P>());
        }
    const auto wanted = encoded(p, from, Cpu(1));
    CHECK(encoded(p, to, Cpu(1)) == wanted);
    CHECK(encoded(p, to, Cpu(3)) == wanted);
    CHECK(encoded(p, dht::ImageView<const P>(to), Cpu(2)) == wanted);
    // A view turned upside down and back.
    auto flipped = to;
    flipped.data += (h - 1) * padded;
    flipped.row_stride = -padded;
    auto other = from;
    other.data += (h - 1) * w;
    other.row_stride = -w;
    CHECK(encoded(p, flipped, Cpu(1)) == encoded(p, other, Cpu(1)));
    const auto as_numbers = encoded(p, dht::planar_view(numbers.data(), 1, c, h, w), Cpu(1));
    double most = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      most = std::max(most, std::abs(double(wanted[i]) - as_numbers[i]));
    CHECK(most < tolerance_of_type);
  };
  // value/255 and value*(1/255) differ in the last bit, as do double and float; the network amplifies some.
  check(std::uint8_t{}, 1e-5);   // measured: 3.9e-6
  check(std::uint16_t{}, 1e-5);  // 4.8e-6
  check(float{}, 1e-30);
  check(double{}, 1e-5);
}

TEST_CASE("convolutional encoder: four channels side by side", "[encoder]") {
  Random random(12);
  const auto p = random_parameters<float>(4, 8, false, 13);
  const auto apart = converted<float>(planes(Pattern::noise, 1, 4, 9, 13, random));
  const auto from = dht::planar_view(apart.data(), 1, 4, 9, 13);
  std::vector<float> side_by_side(apart.size());
  const auto to = dht::interleaved_view(side_by_side.data(), 9, 13, 4);
  for (int c = 0; c < 4; ++c)
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 13; ++x) to(0, c, y, x) = from(0, c, y, x);
  CHECK(encoded(p, to, Cpu(1)) == encoded(p, from, Cpu(1)));
}

TEST_CASE("convolutional encoder: the same bits with every instruction set and number of threads",
          "[encoder]") {
  using dht::backend::InstructionSet;
  Random random(8);
  for (const int features : {5, 8}) {
    const auto p = random_parameters<float>(3, features, true, 9);
    const auto image = converted<float>(planes(Pattern::noise, 2, 3, 131, 157, random));
    const auto view = dht::planar_view(image.data(), 2, 3, 131, 157);
    const auto wanted = encoded(p, view, Cpu(1, InstructionSet::baseline));
    for (const auto set :
         {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {  // or the best there is
      for (const int threads : {1, 2, 3, 7}) {
        CAPTURE(features, int(set), threads);
        CHECK(encoded(p, view, Cpu(threads, set)) == wanted);
      }
    }
  }
}

TEST_CASE("convolutional encoder: the workspace of an earlier image leaves no trace", "[encoder]") {
  const ConvolutionalEncoder<float> encoder(random_parameters<float>(3, 5, false, 1));
  ConvolutionalEncoder<float>::Workspace used;
  Random random(2);
  for (const auto& [height, width] : {std::pair{30, 40}, {3, 5}, {1, 1}, {31, 2}, {40, 30}}) {
    const auto image = converted<float>(planes(Pattern::noise, 1, 3, height, width, random));
    const auto view = dht::planar_view(image.data(), 1, 3, height, width);
    std::vector<float> a(static_cast<std::size_t>(height * width * 5)), b(a.size());
    ConvolutionalEncoder<float>::Workspace fresh;
    CHECK(encoder.encode(Cpu(1), view, a.data(), used));
    CHECK(encoder.encode(Cpu(1), view, b.data(), fresh));
    CHECK(a == b);
  }
}

TEST_CASE("convolutional encoder: says when features are not finite", "[encoder]") {
  const auto p = random_parameters<float>(3, 8, true, 3);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    for (const auto& [y, x] : {std::pair{0, 0}, {6, 8}, {3, 4}}) {
      std::vector<float> image(3 * 7 * 9, 0.5f);
      image[static_cast<std::size_t>((1 * 7 + y) * 9 + x)] = bad;
      (void)encoded(p, dht::planar_view(image.data(), 1, 3, 7, 9), Cpu(1), false);
    }
  }
}

TEST_CASE("convolutional encoder: parameters of the wrong size or kind are named", "[encoder]") {
  using Layer = ConvolutionAndNorm<float>;
  const auto with = [](const std::function<void(ConvolutionalParameters<float>&)>& change) {
    auto p = random_parameters<float>(3, 8, false, 4);
    change(p);
    return error_of([&] { ConvolutionalEncoder<float> encoder(p); });
  };
  CHECK(with([](auto&) {}) == "(no error)");
  struct Of {
    Layer ConvolutionalParameters<float>::*layer;
    const char* name;
    std::size_t weights, outputs;
  };
  struct Vector {
    std::vector<float> Layer::*values;
    const char* name;
  };
  for (const Of& of : {Of{&ConvolutionalParameters<float>::fine, "fine layer", 24, 8},
                       Of{&ConvolutionalParameters<float>::middle, "middle layer", 384, 32},
                       Of{&ConvolutionalParameters<float>::coarse, "coarse layer", 1024, 8}}) {
    for (const Vector& v :
         {Vector{&Layer::weight, " weight"}, Vector{&Layer::bias, " bias"},
          Vector{&Layer::norm_weight, " norm weight"}, Vector{&Layer::norm_bias, " norm bias"},
          Vector{&Layer::running_mean, " running mean"}, Vector{&Layer::running_var, " running variance"}}) {
      const std::size_t wanted = v.values == &Layer::weight ? of.weights : of.outputs;
      const std::string name = std::string(of.name) + v.name;
      CHECK(with([&](auto& p) { (p.*of.layer.*v.values).pop_back(); }) ==
            name + ": has " + std::to_string(wanted - 1) + " numbers; must have " + std::to_string(wanted));
      CHECK(with([&](auto& p) { (p.*of.layer.*v.values).clear(); }) ==
            name + ": has 0 numbers; must have " + std::to_string(wanted));
      CHECK(with([&](auto& p) { (p.*of.layer.*v.values).back() = std::nanf(""); }) ==
            name + ": holds nan; must be finite");
      CHECK(with([&](auto& p) { (p.*of.layer.*v.values)[1] = -HUGE_VALF; }) ==
            name + ": holds -inf; must be finite");
    }
    CHECK(with([&](auto& p) { (p.*of.layer).running_var[2] = -1; }) ==
          std::string(of.name) + " running variance: holds -1; must be at least 0");
  }
  CHECK(with([](auto& p) {
          p.mean = {1, 2, 3};
        }) == "normalisation: has 3 means and 0 standard deviations; must have 3 of both, or none");
  CHECK(with([](auto& p) {
          p.mean = p.standard_deviation = {1, 2};
        }) == "normalisation: has 2 means and 2 standard deviations; must have 3 of both, or none");
  CHECK(with([](auto& p) {
          p.mean = {1, 2, 3}, p.standard_deviation = {1, 0, 1};
        }) == "normalisation: has a standard deviation of 0; must be above 0");
  CHECK(with([](auto& p) {
          p.mean = {1, 2, 3}, p.standard_deviation = {1, NAN, 1};
        }) == "normalisation: has a standard deviation of nan; must be above 0");
  CHECK(with([](auto& p) { p.mean = {1, 2, NAN}, p.standard_deviation = {1, 1, 1}; }) != "(no error)");
}

TEST_CASE("convolutional encoder: parameters without features or channels are refused", "[encoder]") {
  ConvolutionalParameters<float> none;
  none.features = 0;
  CHECK(error_of([&] { ConvolutionalEncoder<float> encoder(none); }) != "(no error)");
  none.features = 1;
  none.channels = 0;
  CHECK(error_of([&] { ConvolutionalEncoder<float> encoder(none); }) != "(no error)");
}
