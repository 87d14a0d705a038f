// SPDX-License-Identifier: MIT
// The colour encoder against CIELAB as textbooks have it, and any other number of channels.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/colour.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::ColourEncoder;
using dht::backend::Cpu;

struct Lab {
  double l, a, b;
};

/// IEC 61966-2-1, then CIE 15 with the white point of D65.
Lab lab_of(double r, double g, double b) {
  const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  r = linear(r), g = linear(g), b = linear(b);
  const double x = 0.4124564 * r + 0.3575761 * g + 0.1804375 * b;
  const double y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b;
  const double z = 0.0193339 * r + 0.1191920 * g + 0.9503041 * b;
  const auto f = [](double t) {
    const double d = 6.0 / 29;
    return t > d * d * d ? std::cbrt(t) : t / (3 * d * d) + 4.0 / 29;
  };
  const double fx = f(x / 0.95047), fy = f(y), fz = f(z / 1.08883);
  return {116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)};
}

template <class S, class P>
std::vector<S> encoded(const ColourEncoder<S>& encoder, const dht::ImageView<P>& image, const Cpu& backend,
                       bool finite = true) {
  typename ColourEncoder<S>::Workspace workspace;
  std::vector<S> out(static_cast<std::size_t>(image.total_pixels() * encoder.features()), S(-77));
  CHECK(encoder.encode(backend, image, out.data(), workspace) == finite);
  return out;
}

}  // namespace

TEMPLATE_TEST_CASE("colour encoder: CIELAB to a thousandth of its unit", "[encoder]", float, double) {
  using S = TestType;
  const ColourEncoder<S> encoder(3, 1);
  std::vector<std::uint8_t> rgb;
  std::vector<S> numbers;
  for (int r = 0; r < 256; r += 15)
    for (int g = 0; g < 256; g += 15)
      for (int b = 0; b < 256; b += 15)
        for (const int v : {r, g, b}) rgb.push_back(static_cast<std::uint8_t>(v));
  for (int v = 0; v < 30; ++v)
    rgb.insert(rgb.end(), 3, static_cast<std::uint8_t>(v));  // the dark end of both curves
  for (const auto v : rgb) numbers.push_back(static_cast<S>(v) / S(255));
  const int pixels = static_cast<int>(rgb.size() / 3);
  const auto from_bytes = encoded(encoder, dht::interleaved_view(rgb.data(), 1, pixels, 3), Cpu(1));
  const auto from_numbers = encoded(encoder, dht::interleaved_view(numbers.data(), 1, pixels, 3), Cpu(1));
  double worst_bytes = 0, worst_numbers = 0;
  for (std::size_t i = 0; i < rgb.size(); i += 3) {
    const Lab lab = lab_of(rgb[i] / 255.0, rgb[i + 1] / 255.0, rgb[i + 2] / 255.0);
    const double wanted[] = {lab.l, lab.a, lab.b};
    for (std::size_t c = 0; c < 3; ++c) {
      worst_bytes = std::max(worst_bytes, std::abs(double(from_bytes[i + c]) - wanted[c]));
      worst_numbers = std::max(worst_numbers, std::abs(double(from_numbers[i + c]) - wanted[c]));
    }
  }
  CAPTURE(worst_bytes, worst_numbers);
  // Measured: 6e-5 in float, 2e-5 in double: half of the seventh digit of the matrix, times 500. A just visible
  // difference is 2.3.
  CHECK(worst_bytes < 2e-4);
  CHECK(worst_numbers < 2e-4);
}

TEMPLATE_TEST_CASE("colour encoder: grey has no colour, black and white are 0 and 100", "[encoder]", float,
                   double) {
  using S = TestType;
  std::vector<S> grey;
  for (int v = 0; v <= 100; ++v) grey.insert(grey.end(), 3, static_cast<S>(v) / 100);
  const auto lab = encoded(ColourEncoder<S>(3, 1), dht::interleaved_view(grey.data(), 1, 101, 3), Cpu(1));
  // Rows of the matrix add to 1 within 1e-7; roots in float are good to some 1e-7 of 1, times 500.
  const S tolerance = std::is_same_v<S, float> ? S(1e-3) : S(2e-5);
  CHECK(std::abs(lab[0]) < tolerance);
  CHECK(std::abs(lab[300] - 100) < tolerance);
  for (std::size_t i = 0; i < lab.size(); i += 3) {
    CHECK(std::abs(lab[i + 1]) < tolerance);
    CHECK(std::abs(lab[i + 2]) < tolerance);
    if (i > 0) CHECK(lab[i] > lab[i - 3]);
  }
  const auto halves = encoded(ColourEncoder<S>(3, 40), dht::interleaved_view(grey.data(), 1, 101, 3), Cpu(1));
  CHECK(halves[300] == Catch::Approx(100.0 / 40).epsilon(1e-5));
}

TEST_CASE("colour encoder: the same features from every layout and number of threads", "[encoder]") {
  constexpr int h = 120, w = 170, padded = 3 * w + 5;
  const ColourEncoder<float> encoder;
  Random random(4);
  const auto check = [&](auto type, double tolerance_of_type) {
    using P = decltype(type);
    std::vector<P> planar(static_cast<std::size_t>(3 * h * w)),
        interleaved(static_cast<std::size_t>(h * padded), P(7));
    std::vector<double> numbers(planar.size());
    const auto from = dht::planar_view(planar.data(), 1, 3, h, w);
    const auto to = dht::interleaved_view(interleaved.data(), h, w, 3, padded);
    for (int k = 0; k < 3; ++k)
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
          const double v = random.uniform();
          from(0, k, y, x) = to(0, k, y, x) = static_cast<P>(v / dht::sample_unit<P>());
          numbers[static_cast<std::size_t>((k * h + y) * w + x)] =
              static_cast<double>(from(0, k, y, x)) * dht::sample_unit<P>();
        }
    const auto wanted = encoded(encoder, from, Cpu(1));
    CHECK(encoded(encoder, to, Cpu(1)) == wanted);
    CHECK(encoded(encoder, to, Cpu(3)) == wanted);
    CHECK(encoded(encoder, dht::ImageView<const P>(from), Cpu(2)) == wanted);
    const auto as_numbers = encoded(encoder, dht::planar_view(numbers.data(), 1, 3, h, w), Cpu(1));
    double most = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      most = std::max(most, std::abs(double(wanted[i]) - as_numbers[i]));
    CHECK(most < tolerance_of_type);
  };
  check(std::uint8_t{}, 1e-5);  // a table for 8 bits; value/255 and value*(1/255) differ in the last bit
  check(std::uint16_t{}, 1e-5);
  check(float{}, 1e-30);
  check(double{}, 1e-30);
}

TEST_CASE("colour encoder: channels side by side, two to five", "[encoder]") {
  Random random(6);
  for (const int channels : {2, 3, 4, 5}) {
    const ColourEncoder<float> encoder(channels);
    std::vector<float> side_by_side, apart(static_cast<std::size_t>(channels * 6 * 7));
    for (int i = 0; i < channels * 42; ++i) side_by_side.push_back(static_cast<float>(random.uniform()));
    const auto from = dht::interleaved_view(side_by_side.data(), 6, 7, channels);
    const auto to = dht::planar_view(apart.data(), 1, channels, 6, 7);
    for (int c = 0; c < channels; ++c)
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 7; ++x) to(0, c, y, x) = from(0, c, y, x);
    CHECK(encoded(encoder, from, Cpu(1)) == encoded(encoder, to, Cpu(1)));
  }
}

TEST_CASE("colour encoder: channels that are no colours pass through", "[encoder]") {
  Random random(5);
  for (const int channels : {1, 2, 3, 4, 7}) {
    const ColourEncoder<double> encoder(channels, 50, dht::ColourSpace::as_given);
    CHECK(encoder.channels() == channels);
    CHECK(encoder.features() == channels);
    const auto image = planes(Pattern::noise, 2, channels, 5, 6, random);
    const auto found = encoded(encoder, dht::planar_view(image.data(), 2, channels, 5, 6), Cpu(1));
    std::size_t i = 0;
    for (int b = 0; b < 2; ++b)
      for (int p = 0; p < 30; ++p)
        for (int c = 0; c < channels; ++c)
          CHECK(found[i++] == 2 * image[static_cast<std::size_t>((b * channels + c) * 30 + p)]);
  }
}

TEST_CASE("colour encoder: values outside of 0 to 1 stay finite, others are told", "[encoder]") {
  for (const int channels : {1, 3}) {
    const ColourEncoder<float> encoder(channels);
    for (const float v : {-5.0f, -0.01f, 1.5f, 1000.0f}) {
      const std::vector<float> image(static_cast<std::size_t>(channels), v);
      for (const float f : encoded(encoder, dht::planar_view(image.data(), 1, channels, 1, 1), Cpu(1)))
        CHECK(std::isfinite(f));
    }
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
      for (int place = 0; place < channels * 40; place += 13) {
        std::vector<float> image(static_cast<std::size_t>(channels * 40), 0.5f);
        image[static_cast<std::size_t>(place)] = bad;
        (void)encoded(encoder, dht::planar_view(image.data(), 1, channels, 5, 8), Cpu(1), false);
      }
    }
  }
}

TEST_CASE("colour encoder: gradients are those of differences", "[encoder]") {
  Random random(7);
  for (const auto& [channels, space] : {std::pair{1, dht::ColourSpace::cielab},
                                        {3, dht::ColourSpace::cielab},
                                        {4, dht::ColourSpace::cielab},
                                        {3, dht::ColourSpace::as_given}}) {
    const ColourEncoder<double> encoder(channels, 40, space);
    auto image = planes(Pattern::noise, 2, channels, 5, 6, random);
    for (double& v : image) v = 0.05 + 0.9 * v;  // away from the kink at 0.04
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
      image[c * 30] = 0.5;  // grey, dark, and what is taken as 0
      image[c * 30 + 1] = 0.003;
      image[c * 30 + 2] = -0.2;
    }
    const auto view = dht::planar_view(image.data(), 2, channels, 5, 6);
    ColourEncoder<double>::Saved saved;
    std::vector<double> features(image.size()), upstream, gradient(image.size(), -77);
    for (std::size_t i = 0; i < image.size(); ++i) upstream.push_back(random.uniform(-1, 1));
    CHECK(encoder.forward(Cpu(1), view, features.data(), saved));
    CHECK(features == encoded(encoder, view, Cpu(1)));
    auto gradients = encoder.gradients();
    encoder.backward(Cpu(1), view, upstream.data(), saved, gradients, gradient.data());
    encoder.backward(Cpu(1), view, upstream.data(), saved, gradients, static_cast<double*>(nullptr));
    const auto loss = [&] {
      double sum = 0;
      encoder.forward(Cpu(1), view, features.data(), saved);
      for (std::size_t i = 0; i < features.size(); ++i) sum += features[i] * upstream[i];
      return sum;
    };
    const std::vector<std::int64_t> shape{2, channels, 5, 6};
    GradientCheckOptions options;
    options.step = 1e-3;       // from 0.05 and 0.003 to no kink
    options.tolerance = 1e-8;  // measured: 8e-11
    options.most_entries = image.size();
    options.floor = 0.1;
    const GradientReport report =
        check_gradients(loss, {{"image", shape, image}}, {{"image", shape, gradient}}, options);
    CAPTURE(channels);
    INFO(report.table());
    CHECK(report.good());
    if (channels == 3 && space == dht::ColourSpace::cielab) CHECK(gradient[2] == 0);
  }
}

TEST_CASE("colour encoder: gradients from bytes, and with any number of threads", "[encoder]") {
  constexpr int h = 120, w = 171;
  Random random(8);
  std::vector<std::uint8_t> bytes(3 * h * w);
  std::vector<float> numbers(bytes.size()), upstream(bytes.size());
  const auto side_by_side = dht::interleaved_view(bytes.data(), h, w, 3);
  const auto apart = dht::planar_view(numbers.data(), 1, 3, h, w);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        side_by_side(0, c, y, x) = static_cast<std::uint8_t>(random.below(256));
        apart(0, c, y, x) = static_cast<float>(side_by_side(0, c, y, x)) / 255;
      }
  for (float& v : upstream) v = static_cast<float>(random.uniform(-1, 1));
  const ColourEncoder<float> encoder;
  const auto gradient_of = [&](const auto& image, int threads) {
    ColourEncoder<float>::Saved saved;
    ColourEncoder<float>::Gradients none;
    std::vector<float> gradient(upstream.size());
    encoder.backward(Cpu(threads), image, upstream.data(), saved, none, gradient.data());
    return gradient;
  };
  const auto wanted = gradient_of(side_by_side, 1), as_numbers = gradient_of(apart, 1);
  for (const int threads : {2, 3, 7}) CHECK(gradient_of(side_by_side, threads) == wanted);
  double worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    worst = std::max(
        worst, std::abs(double(wanted[i]) - as_numbers[i]) / std::max(1.0, std::abs(double(wanted[i]))));
  CHECK(worst < 1e-5);  // value/255 and value*(1/255) differ in the last bit
}

TEST_CASE("colour encoder: arguments out of range", "[encoder]") {
  CHECK(error_of([] { ColourEncoder<float>(0); }) == "channels: is 0; must be at least 1");
  CHECK(error_of([] { ColourEncoder<float>(3, 0); }) == "unit: is 0; must be 1e-6 to 1e12");
  CHECK(error_of([] { ColourEncoder<float>(3, -40); }) == "unit: is -40; must be 1e-6 to 1e12");
  CHECK(error_of([] { ColourEncoder<float>(3, std::nan("")); }) == "unit: is nan; must be 1e-6 to 1e12");
}
