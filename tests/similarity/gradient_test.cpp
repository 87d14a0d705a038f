// SPDX-License-Identifier: MIT
// The ways back of kernels, weightings, the self-loop and compactness against differences, and at the points where they
// have kinks, peaks, or nothing left.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <dht/similarity/compactness.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;

template <class S, class Kernel>
std::vector<S> sums_of(const Kernel& kernel, const std::vector<S>& a, const std::vector<S>& b) {
  std::vector<S> sums(Kernel::sums, S(0));
  for (std::size_t c = 0; c < a.size(); ++c) kernel.add(sums.data(), a[c], b[c]);
  return sums;
}

template <class S>
struct Ends {
  std::vector<S> sums, a, b;
};

/// The gradient of upstream * similarity by the kernel's sums and by both vectors.
template <class S, class Kernel>
Ends<S> gradients_of(const Kernel& kernel, const std::vector<S>& a, const std::vector<S>& b, S upstream) {
  Ends<S> g{std::vector<S>(Kernel::sums, S(-77)), std::vector<S>(a.size(), S(0)),
            std::vector<S>(b.size(), S(0))};
  const auto sums = sums_of(kernel, a, b);
  kernel.gradient(sums.data(), upstream, g.sums.data());
  for (std::size_t c = 0; c < a.size(); ++c)
    kernel.add_gradient(std::as_const(g.sums).data(), a[c], b[c], g.a[c], g.b[c]);
  return g;
}

template <class S>
bool all_finite(const Ends<S>& g) {
  const auto finite = [](const std::vector<S>& v) {
    return std::all_of(v.begin(), v.end(), [](S x) { return std::isfinite(x); });
  };
  return finite(g.sums) && finite(g.a) && finite(g.b);
}

/// Whether nothing reaches either vector, or no more than `most`.
template <class S>
bool nothing(const Ends<S>& g, double most = 0) {
  const auto zero = [&](const std::vector<S>& v) {
    return std::all_of(v.begin(), v.end(), [&](S x) { return std::abs(double(x)) <= most; });
  };
  return zero(g.a) && zero(g.b);
}

std::vector<double> random_vector(Random& random, int n, double low, double high) {
  std::vector<double> v;
  for (int c = 0; c < n; ++c) v.push_back(random.uniform(low, high));
  return v;
}

dht::ParameterList<double> named(const char* name, std::vector<double>& values) {
  return {{name, {static_cast<std::int64_t>(values.size())}, values}};
}

void check(const GradientReport& report) {
  INFO(report.table());
  CHECK(report.good());
}

/// `far` is the distance, in bandwidths, that both vectors have about: neither equal, nor with nothing in common.
template <class Kernel>
void check_kernel(double far) {
  Random random(31);
  for (const double bandwidth : {0.25, 1.0, 3.0}) {
    for (const int channels : {1, 3, 8}) {
      for (int i = 0; i < 20; ++i) {
        CAPTURE(bandwidth, channels, i);
        const Kernel kernel(bandwidth);
        auto a = random_vector(random, channels, 0.3, 1.5), b = a;
        for (double& v : b) {
          double away = random.uniform(0.5, 1) * far * bandwidth / std::sqrt(channels);
          if (v > away + 0.2 && random.chance(0.5)) away = -away;  // at 0 a single channel turns around
          v += away;
        }
        const double upstream = random.uniform(0.5, 2);
        auto g = gradients_of(kernel, a, b, upstream);
        GradientCheckOptions options;
        // Within a tenth of the distance, so that no difference reaches the kink of equal vectors.
        options.step = 0.02 * far * std::min(bandwidth, 1.0) / std::sqrt(channels);
        options.tolerance = 1e-8;  // measured: 7e-10
        auto values = named("a", a), slopes = named("a", g.a);
        values.push_back(named("b", b)[0]);
        slopes.push_back(named("b", g.b)[0]);
        check(check_gradients([&] { return upstream * kernel.value(sums_of(kernel, a, b).data()); }, values,
                              slopes, options));
        // By the sums alone: a mistake there cannot hide behind one in `add_gradient`.
        auto sums = sums_of(kernel, a, b);
        options.step *= options.step;  // they are squares
        if (Kernel::sums == 1 || channels > 1)
          check(check_gradients([&] { return upstream * kernel.value(std::as_const(sums).data()); },
                                named("sums", sums), named("sums", g.sums), options));
      }
    }
  }
}

}  // namespace

TEST_CASE("kernels: gradients are those of differences", "[similarity]") {
  check_kernel<dht::Gaussian>(1);
  check_kernel<dht::Laplacian>(1);
  check_kernel<dht::Cauchy>(1);
  check_kernel<dht::Cosine>(1);
}

TEMPLATE_TEST_CASE("kernels: gradients are added, of the size of their upstream, and the same from both ends",
                   "[similarity]", dht::Gaussian, dht::Laplacian, dht::Cauchy, dht::Cosine) {
  const TestType kernel(0.8);
  Random random(32);
  for (int i = 0; i < 200; ++i) {
    const auto a = random_vector(random, 3, -1, 1), b = random_vector(random, 3, -1, 1);
    const auto g = gradients_of(kernel, a, b, 1.0), swapped = gradients_of(kernel, b, a, 1.0),
               twice = gradients_of(kernel, a, b, -2.0);
    for (std::size_t c = 0; c < 3; ++c) {
      // The kernel is symmetric; a sum of two products may round otherwise.
      CHECK(swapped.a[c] == Catch::Approx(g.b[c]).margin(1e-15));
      CHECK(swapped.b[c] == Catch::Approx(g.a[c]).margin(1e-15));
      CHECK(twice.a[c] == -2 * g.a[c]);
      double to_a = 5, to_b = 7;
      kernel.add_gradient(g.sums.data(), a[c], b[c], to_a, to_b);
      CHECK(to_a == Catch::Approx(5 + g.a[c]).epsilon(1e-14));
      CHECK(to_b == Catch::Approx(7 + g.b[c]).epsilon(1e-14));
    }
  }
}

TEMPLATE_TEST_CASE("kernels: gradients at equal, almost equal and far vectors", "[similarity]", float,
                   double) {
  using S = TestType;
  Random random(33);
  const auto each_kernel = [&](double bandwidth, const auto& body) {
    body(dht::Gaussian(bandwidth));
    body(dht::Laplacian(bandwidth));
    body(dht::Cauchy(bandwidth));
    body(dht::Cosine(bandwidth));
  };
  for (const double bandwidth : {1e-3, 1.0, 1e3}) {
    for (const int channels : {1, 3, 8}) {
      for (const double scale : {1e-6, 1e-3, 1.0, 1e3}) {
        const auto a = converted<S>(random_vector(random, channels, 0.1 * scale, scale));
        each_kernel(bandwidth, [&](const auto& kernel) {
          CAPTURE(bandwidth, channels, scale);
          CHECK(all_finite(gradients_of(kernel, a, a, S(1))));
          for (const S step : {std::numeric_limits<S>::denorm_min(), std::numeric_limits<S>::min(), S(1e-30),
                               S(1e-7) * static_cast<S>(scale), S(1e6), S(1e8)}) {
            auto b = a;
            b.back() += step;
            CHECK(all_finite(gradients_of(kernel, a, b, S(1))));
            // Next to nothing, whose squares are too small for the type.
            std::vector<S> zero(a.size(), S(0)), speck = zero;
            speck.back() = step;
            if (step < S(1e-29) && kernel.sums == 1)
              CHECK(all_finite(gradients_of(kernel, zero, speck, S(1))));
          }
        });
        CHECK(nothing(gradients_of(dht::Gaussian(bandwidth), a, a, S(1))));
        CHECK(nothing(gradients_of(dht::Laplacian(bandwidth), a, a, S(1))));
        CHECK(nothing(gradients_of(dht::Cauchy(bandwidth), a, a, S(1))));
        // Of one vector the three sums are the same number: the ridge is hit exactly.
        CHECK(nothing(gradients_of(dht::Cosine(bandwidth), a, a, S(1))));
      }
    }
  }
  // The peak of the Laplacian has no slope, though next to it the slope is 1 / bandwidth.
  const std::vector<S> a{S(0.5)}, b{S(0.5) + S(0x1p-20)};
  CHECK(gradients_of(dht::Laplacian(0.5), a, a, S(3)).sums[0] == 0);
  CHECK(gradients_of(dht::Laplacian(0.5), a, b, S(3)).a[0] == Catch::Approx(6).epsilon(1e-4));
  CHECK(gradients_of(dht::Laplacian(0.5), b, a, S(3)).a[0] == Catch::Approx(-6).epsilon(1e-4));
}

TEMPLATE_TEST_CASE("kernels: gradients of similarities that are 0, and of zero vectors", "[similarity]",
                   float, double) {
  using S = TestType;
  const std::vector<S> zero(3, S(0)), one(3, S(1)), far(3, S(1e6)), other{S(1), S(-2), S(0.5)};
  const auto value = [](const auto& kernel, const auto& a, const auto& b) {
    const auto sums = sums_of(kernel, a, b);
    return kernel.value(sums.data());
  };
  // The exponential of the library ends at the smallest normal number, so that much is left.
  const auto vanishes = [&](const auto& kernel, const std::vector<S>& b) {
    CHECK(value(kernel, one, b) < S(1e-30));
    CHECK(nothing(gradients_of(kernel, one, b, S(1)), 1e-25));
  };
  vanishes(dht::Gaussian(), far);
  vanishes(dht::Laplacian(), far);
  vanishes(dht::Cosine(1e-3), std::vector<S>(3, S(-1)));
  CHECK(nothing(gradients_of(dht::Cauchy(), one, far, S(1)), 1e-15));

  for (const double bandwidth : {1e-3, 1.0}) {
    const dht::Cosine cosine(bandwidth);
    CHECK(value(cosine, zero, zero) == 1);
    CHECK(value(cosine, zero, other) == Catch::Approx(std::exp(-1 / bandwidth)).margin(1e-30));
    CHECK(nothing(gradients_of(cosine, zero, zero, S(1))));
    CHECK(nothing(gradients_of(cosine, zero, other, S(1))));
    CHECK(nothing(gradients_of(cosine, other, zero, S(1))));
  }
  // At a right angle there is a slope, also with lengths far from 1.
  for (const double length : {1e-12, 1.0, 1e12}) {
    const std::vector<S> a{S(length), S(0)}, b{S(0), S(length)};
    const auto g = gradients_of(dht::Cosine(), a, b, S(1));
    CHECK(all_finite(g));
    CHECK(double(g.a[1]) * length == Catch::Approx(std::exp(-1.0)));
    CHECK(double(g.b[0]) * length == Catch::Approx(std::exp(-1.0)));
    CHECK(g.a[0] == 0);
  }
}

TEST_CASE("weighting: gradients are those of differences", "[similarity]") {
  Random random(34);
  for (const std::int32_t size : {1, 7, 100000}) {
    std::vector<double> similarity{0.02, 0.3, 0.999, 1.2}, by_similarity, by_size;
    for (const double s : similarity) {
      by_similarity.push_back(dht::SimilarityWeighting{}.gradient(size, s));
      by_size.push_back(dht::SizeWeighting{}.gradient(size, s));
    }
    GradientCheckOptions options;
    options.step = 5e-3;  // stays above 0
    options.tolerance = 1e-9;
    const auto sum_of = [&](const auto& weighting) {
      double sum = 0;
      for (const double s : similarity) sum += weighting(size, s) / size;
      return sum;
    };
    for (double& g : by_similarity) g /= size;
    check(check_gradients([&] { return sum_of(dht::SimilarityWeighting{}); }, named("s", similarity),
                          named("s", by_similarity), options));
    check(check_gradients([&] { return sum_of(dht::SizeWeighting{}); }, named("s", similarity),
                          named("s", by_size), options));
    CHECK(by_size == std::vector<double>(4, 0.0));
  }
}

TEMPLATE_TEST_CASE("weighting: a similarity of 0 has no slope, the next ones a finite one", "[similarity]",
                   float, double) {
  using S = TestType;
  const dht::SimilarityWeighting weighting;
  for (const std::int32_t size : {1, std::numeric_limits<std::int32_t>::max()}) {
    for (const S none : {S(0), S(-0.0), S(-1e-3), std::numeric_limits<S>::min(), S(1e-30),
                         std::numeric_limits<S>::quiet_NaN()})
      CHECK(weighting.gradient(size, none) == 0);
    CHECK(std::isfinite(weighting.gradient(size, S(1.01e-30))));
    CHECK(weighting.gradient(size, S(1.01e-30)) > 0);
    CHECK(weighting.gradient(size, S(0.25)) == static_cast<S>(size));
    CHECK(dht::SizeWeighting{}.gradient(size, S(0)) == 0);
  }
}

TEST_CASE("self-loop: gradients are those of differences", "[similarity]") {
  Random random(35);
  for (const int features : {1, 3, 8}) {
    for (int i = 0; i < 20; ++i) {
      dht::SelfLoop<double> loop;
      loop.weight = random_vector(random, features, -2, 2);
      loop.bias = random.uniform(-2, 2);
      auto variance = random_vector(random, features, 0, 1);
      const auto sum_of = [&] {
        double sum = loop.bias;
        for (int c = 0; c < features; ++c) sum = loop.add(sum, c, variance[static_cast<std::size_t>(c)]);
        return sum;
      };
      dht::SelfLoop<double> gradients = loop;
      gradients.bias = loop.gradient(sum_of());
      std::vector<double> grad_variance;
      for (std::size_t c = 0; c < variance.size(); ++c) {
        gradients.weight[c] = gradients.bias * variance[c];
        grad_variance.push_back(gradients.bias * loop.weight[c]);
      }
      auto values = dht::parameters(loop), slopes = dht::parameters(gradients);
      values.push_back(named("variance", variance)[0]);
      slopes.push_back(named("variance", grad_variance)[0]);
      GradientCheckOptions options;
      options.tolerance = 1e-9;
      check(check_gradients([&] { return loop.value(sum_of()); }, values, slopes, options));
    }
  }
}

TEMPLATE_TEST_CASE("self-loop: no slope far out, and none of a constant", "[similarity]", float, double) {
  using S = TestType;
  dht::SelfLoop<S> loop;
  loop.weight = {1};
  CHECK(loop.gradient(S(0)) == S(0.25));
  for (const S sum : {S(-1e30), S(-1000), S(1000), S(1e30)}) {
    CHECK(std::isfinite(loop.gradient(sum)));
    CHECK(loop.gradient(sum) >= 0);
    CHECK(loop.gradient(sum) < S(1e-30));
  }
  for (const S sum : {S(-1), S(0), S(1000)}) {
    CHECK(dht::SelfLoop<S>().gradient(sum) == 0);
    CHECK(dht::SelfLoop<S>::constant(0.5).gradient(sum) == 0);
  }
}

TEST_CASE("compactness: the gradient is that of differences", "[similarity]") {
  for (const double kappa : {0.0, 0.01, 0.5, 0.9}) {
    const dht::Compactness<double> compactness(kappa);
    std::vector<double> similarity{-0.5, 0.0, 0.3, 1.0, 2.0},  // also where choices would clamp it
        slopes(similarity.size(), compactness.gradient());
    GradientCheckOptions options;
    options.tolerance = 1e-10;  // it is linear
    check(check_gradients(
        [&] {
          double sum = 0;
          for (const double s : similarity) sum += compactness.mix(s, 12, 5);
          return sum;
        },
        named("similarity", similarity), named("similarity", slopes), options));
    CHECK(compactness.gradient() == 1 - kappa);
    CHECK(dht::Compactness<float>(kappa).gradient() == static_cast<float>(1 - kappa));
  }
}
