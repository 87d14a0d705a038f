// SPDX-License-Identifier: MIT
// GELU, layer norm, attention and MLP: against slow forms, and their ways back against differences.
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/attention.hpp>
#include <dht/nn/layer_norm.hpp>
#include <dht/nn/mlp.hpp>
#include <dht/nn/sequences.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/numbers.hpp"

namespace {

using namespace dht::test;
using dht::MatrixView;
using dht::backend::Cpu;
using Numbers = std::vector<double>;

static_assert(dht::concepts::activation<dht::Gelu, float> && dht::concepts::activation<dht::Gelu, double>);
static_assert(dht::concepts::activation<dht::TanhGelu, float>);
static_assert(dht::concepts::activation<dht::QuickGelu, double>);
struct WithoutSlope {
  template <class S>
  static S value(S x) {
    return x;
  }
};
struct WithoutValue {
  template <class S>
  static S slope(S) {
    return 1;
  }
};
static_assert(!dht::concepts::activation<WithoutSlope, float>);
static_assert(!dht::concepts::activation<WithoutValue, float>);

dht::Linear<double> map(int inputs, int outputs, Random& random) {
  return {inputs, outputs, numbers(inputs * outputs, random), numbers(outputs, random)};
}

/// A gradient check whose table is shown.
template <class Loss>
void check(const Loss& loss, const dht::ParameterList<double>& values,
           const dht::ParameterList<double>& slopes, double tolerance = 1e-8) {
  GradientCheckOptions options;
  options.tolerance = tolerance;
  const GradientReport report = check_gradients(loss, values, slopes, options);
  INFO(report.table());
  CHECK(report.good());
}

dht::Sequences ragged(std::vector<std::int32_t> counts) {
  dht::Sequences of;
  for (const auto n : counts) of.begin.push_back(of.begin.back() + n);
  return of;
}

/// Attention as its definition says, one number after the other.
Numbers naive_attention(const dht::Attention<double>& a, const Numbers& x, const dht::Sequences& of) {
  const int w = a.width(), d = w / a.heads;
  const auto linear = [](const dht::Linear<double>& m, const double* in, int o) {
    double sum = m.bias[std::size_t(o)];
    for (int i = 0; i < m.inputs; ++i) sum += m.weight[std::size_t(o * m.inputs + i)] * in[i];
    return sum;
  };
  Numbers y;
  for (int b = 0; b < of.batch(); ++b) {
    const int first = of.begin[std::size_t(b)], end = of.begin[std::size_t(b) + 1];
    for (int q = first; q < end; ++q) {
      Numbers mixed(std::size_t(w), 0);
      for (int h = 0; h < a.heads; ++h) {
        Numbers share;
        double sum = 0;
        for (int k = first; k < end; ++k) {
          double score = 0;
          for (int c = 0; c < d; ++c)
            score += linear(a.qkv, &x[std::size_t(q * w)], h * d + c) *
                     linear(a.qkv, &x[std::size_t(k * w)], w + h * d + c);
          const bool seen = of.mask.empty() || of.mask[std::size_t(k)] != 0;
          share.push_back(seen ? std::exp(score / std::sqrt(double(d))) : 0);
          sum += share.back();
        }
        for (int k = first; k < end; ++k)
          for (int c = 0; c < d; ++c)
            mixed[std::size_t(h * d + c)] += share[std::size_t(k - first)] / sum *
                                             linear(a.qkv, &x[std::size_t(k * w)], 2 * w + h * d + c);
      }
      for (int o = 0; o < w; ++o) y.push_back(linear(a.projection, mixed.data(), o));
    }
  }
  return y;
}

void check_near(const Numbers& found, const Numbers& wanted, double tolerance) {
  REQUIRE(found.size() == wanted.size());
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::abs(found[i] - wanted[i]));
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("activation: GELU in three forms", "[nn]") {
  double worst[4] = {};
  for (double x = -9; x < 9; x += 0.01) {
    const double erf = x * std::erfc(-x / std::numbers::sqrt2) / 2;
    worst[0] = std::max(worst[0], std::abs(dht::Gelu::value(x) / (erf == 0 ? 1 : erf) - (erf == 0 ? 0 : 1)));
    worst[1] = std::max(worst[1], std::abs(double(dht::Gelu::value(float(x))) - erf));
    const double inside = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
    worst[2] = std::max(worst[2], std::abs(dht::TanhGelu::value(x) - x * (1 + std::tanh(inside)) / 2));
    worst[3] = std::max(worst[3], std::abs(dht::QuickGelu::value(x) - x / (1 + std::exp(-1.702 * x))));
  }
  CHECK(worst[0] < 1e-13);  // relative, also where 1 + erf has no digits left; measured: 1e-14
  CHECK(worst[1] < 1e-6);   // of numbers up to 9, in float
  CHECK(worst[2] < 1e-14);
  CHECK(worst[3] < 1e-14);

  const auto slope = [](auto activation, const char* name) {
    using A = decltype(activation);
    Numbers x, grad;
    for (double v = -4; v <= 4; v += 0.37) {
      x.push_back(v);
      grad.push_back(A::slope(v));
    }
    INFO(name);
    check(
        [&] {
          double sum = 0;
          for (const double v : x) sum += A::value(v);
          return sum;
        },
        {{"x", {std::int64_t(x.size())}, x}}, {{"x", {std::int64_t(x.size())}, grad}});
  };
  slope(dht::Gelu(), "erf");
  slope(dht::TanhGelu(), "tanh");
  slope(dht::QuickGelu(), "quick");
}

TEST_CASE("layer norm: value, way back, threads", "[nn]") {
  Random random(3);
  for (const int width : {1, 5, 24, 70}) {
    const int rows = 9;
    INFO(width);
    dht::LayerNorm<double> norm{numbers(width, random), numbers(width, random), 1e-5};
    auto x = numbers(rows * width, random, -3, 3);
    const auto upstream = numbers(rows * width, random);
    Numbers y(x.size()), grad_x(x.size());
    dht::LayerNorm<double>::Saved saved;
    const auto forward = [&](int threads) {
      norm.forward(Cpu(threads), matrix(std::as_const(x), width), matrix(y, width), saved);
    };
    forward(1);
    for (int r = 0; r < rows; ++r) {
      double mean = 0, variance = 0;
      const auto at = [&](int c) { return std::size_t(r * width + c); };
      for (int c = 0; c < width; ++c) mean += x[at(c)] / width;
      for (int c = 0; c < width; ++c) variance += (x[at(c)] - mean) * (x[at(c)] - mean) / width;
      for (int c = 0; c < width; ++c)
        CHECK(y[at(c)] ==
              Catch::Approx((x[at(c)] - mean) / std::sqrt(variance + 1e-5) * norm.weight[std::size_t(c)] +
                            norm.bias[std::size_t(c)])
                  .margin(1e-11));
    }
    auto gradients = norm.zeros();
    norm.backward(Cpu(1), saved, matrix(upstream, width), gradients, matrix(grad_x, width));
    auto values = dht::parameters(norm, ""), slopes = dht::parameters(gradients, "");
    values.push_back({"x", {rows, width}, x});
    slopes.push_back({"x", {rows, width}, grad_x});
    check(
        [&] {
          forward(1);
          return dot(y, upstream);
        },
        values, slopes);

    // In place, without keeping, once more, and with threads: the same bits.
    forward(1);
    auto in_place = x, again = x, other = grad_x;
    norm.forward(Cpu(3), matrix(std::as_const(in_place), width), matrix(in_place, width));
    CHECK(in_place == y);
    norm.again(Cpu(3), saved, matrix(again, width));
    CHECK(again == y);
    auto more = norm.zeros();
    norm.backward(Cpu(3), saved, matrix(upstream, width), more, matrix(other, width));
    CHECK(other == grad_x);
    CHECK(more.weight == gradients.weight);
    CHECK(more.bias == gradients.bias);
  }
}

TEST_CASE("attention: value and way back, with sequences of different lengths and a mask", "[nn]") {
  Random random(4);
  const int width = 6;
  for (const bool masked : {false, true}) {
    auto of = ragged({3, 1, 7});
    if (masked) of.mask = {1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1};
    const int rows = of.rows();
    for (const int heads : {1, 2, 3}) {
      INFO(heads << " heads, mask " << masked);
      dht::Attention<double> attention{heads, map(width, 3 * width, random), map(width, width, random)};
      auto x = numbers(rows * width, random);
      const auto upstream = numbers(rows * width, random);
      Numbers y(x.size()), grad_x(x.size());
      dht::Attention<double>::Saved saved;
      const auto forward = [&](int threads, bool keep) {
        attention.forward(Cpu(threads), matrix(std::as_const(x), width), of, matrix(y, width), saved, keep);
      };
      forward(2, true);
      check_near(y, naive_attention(attention, x, of), 1e-12);
      const auto backward = [&](int threads, dht::Attention<double>& gradients, Numbers& grad) {
        attention.backward(Cpu(threads), matrix(std::as_const(x), width), of, saved, matrix(upstream, width),
                           gradients, matrix(grad, width));
      };
      auto gradients = attention.zeros();
      backward(1, gradients, grad_x);
      auto more = attention.zeros();
      auto other = grad_x;
      backward(4, more, other);
      CHECK(other == grad_x);
      CHECK(more.qkv.weight == gradients.qkv.weight);

      const auto kept = y;
      forward(1, false);
      CHECK(y == kept);
      auto values = dht::parameters(attention, ""), slopes = dht::parameters(gradients, "");
      values.push_back({"x", {rows, width}, x});
      slopes.push_back({"x", {rows, width}, grad_x});
      check(
          [&] {
            forward(1, false);
            return dot(y, upstream);
          },
          values, slopes);
    }
  }
}

TEST_CASE("attention: a sequence alone is what it is among others", "[nn]") {
  Random random(5);
  const dht::Attention<double> attention{2, map(8, 24, random), map(8, 8, random)};
  const auto x = numbers(8 * 8, random);
  const auto run = [&](Numbers rows, const dht::Sequences& of) {
    Numbers y(rows.size());
    dht::Attention<double>::Saved saved;
    attention.forward(Cpu(1), matrix(std::as_const(rows), 8), of, matrix(y, 8), saved, false);
    return y;
  };
  const auto all = run(x, ragged({3, 5}));
  const auto second = run(Numbers(x.begin() + 24, x.end()), ragged({5}));
  CHECK(Numbers(all.begin() + 24, all.end()) == second);
  // What a mask hides is as good as not there, for those that are seen.
  auto masked = ragged({5});
  masked.mask = {1, 1, 1, 0, 0};
  const auto seen = run(Numbers(x.begin(), x.begin() + 40), masked);
  check_near(Numbers(seen.begin(), seen.begin() + 24), run(Numbers(x.begin(), x.begin() + 24), ragged({3})),
             1e-14);
}

TEST_CASE("MLP: value and way back", "[nn]") {
  Random random(6);
  dht::Mlp<double, dht::TanhGelu> mlp{map(5, 7, random), map(7, 5, random)};
  auto x = numbers(4 * 5, random);
  const auto upstream = numbers(4 * 5, random);
  Numbers y(x.size()), grad_x(x.size());
  dht::Mlp<double, dht::TanhGelu>::Saved saved;
  dht::Mlp<double, dht::TanhGelu>::Workspace workspace;
  const auto loss = [&] {
    mlp.forward(Cpu(2), matrix(std::as_const(x), 5), matrix(y, 5), saved, workspace);
    return dot(y, upstream);
  };
  loss();
  for (int r = 0; r < 4; ++r) {
    for (int o = 0; o < 5; ++o) {
      double sum = mlp.second.bias[std::size_t(o)];
      for (int h = 0; h < 7; ++h) {
        double before = mlp.first.bias[std::size_t(h)];
        for (int i = 0; i < 5; ++i)
          before += mlp.first.weight[std::size_t(h * 5 + i)] * x[std::size_t(r * 5 + i)];
        sum += mlp.second.weight[std::size_t(o * 7 + h)] * dht::TanhGelu::value(before);
      }
      CHECK(y[std::size_t(r * 5 + o)] == Catch::Approx(sum).margin(1e-13));
    }
  }
  auto gradients = mlp.zeros();
  mlp.backward(Cpu(1), matrix(std::as_const(x), 5), saved, matrix(upstream, 5), gradients, matrix(grad_x, 5),
               workspace);
  auto values = dht::parameters(mlp, ""), slopes = dht::parameters(gradients, "");
  values.push_back({"x", {4, 5}, x});
  slopes.push_back({"x", {4, 5}, grad_x});
  check(loss, values, slopes);
}

TEST_CASE("layers: what does not fit is named", "[nn]") {
  Random random(7);
  const Cpu backend(1);
  Numbers x(24), y(24);
  dht::LayerNorm<double>::Saved norm_saved;
  const auto norm = dht::LayerNorm<double>::identity(4);
  CHECK(error_of([&] { norm.forward(backend, matrix(std::as_const(x), 3), matrix(y, 3)); }) ==
        "layer norm: goes from 8 x 3 to 8 x 3; both must be of its width, 4");
  auto gradients = norm.zeros();
  CHECK(error_of([&] {
          norm.backward(backend, norm_saved, matrix(std::as_const(x), 4), gradients, matrix(y, 4));
        }) == "saved: is of 0 rows; must be of 6");
  dht::Attention<double>::Saved saved;
  dht::Attention<double> attention{3, map(4, 12, random), map(4, 4, random)};
  const auto forward = [&] {
    return error_of([&] {
      attention.forward(backend, matrix(std::as_const(x), 4), ragged({6}), matrix(y, 4), saved, true);
    });
  };
  CHECK(forward() == "heads: are 3; must divide the width, 4");
  attention = {2, map(4, 8, random), map(4, 4, random)};
  CHECK(forward() == "attention: maps 4 to 8 and 4 to 4; must map to three times its width, and back to it");
  attention = {2, map(4, 12, random), map(4, 4, random)};
  auto grad_attention = attention.zeros();
  CHECK(error_of([&] {
          attention.backward(backend, matrix(std::as_const(x), 4), ragged({6}), saved,
                             matrix(std::as_const(x), 4), grad_attention, matrix(y, 4));
        }) == "saved: is not of these sequences; must come from a forward that keeps it");

  auto of = ragged({2, 0});
  CHECK(error_of([&] { dht::check(of, "sequences"); }) ==
        "sequences: image 1 has no token; must have at least 1");
  of = ragged({2, 1});
  of.mask = {1, 0, 0};
  CHECK(error_of([&] { dht::check(of, "sequences"); }) ==
        "sequences: the mask leaves image 1 no token; must leave at least 1");
  of.mask = {1, 1};
  CHECK(error_of([&] { dht::check(of, "sequences"); }) ==
        "sequences: the mask has 2 numbers; must have 3, one a row");
  CHECK(error_of([&] { dht::check(dht::Sequences{}, "sequences"); }) ==
        "sequences: has no sequence; must have one an image");
}
