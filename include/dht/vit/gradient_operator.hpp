// SPDX-License-Identifier: MIT
// How an image's brightness grows along y and x at every pixel, bent by a learned curve (method, section 8): what gradient
// histograms of tokens are made of. Forward and backward.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

namespace detail {

/// A value of a curve, its slope, and its derivative by the curve's parameter.
template <class S>
struct CurvePoint {
  S value, slope, by_lambda;
};

/// asinh(l x) / asinh(l) for l > 0: steep around 0; sinh(x asinh(l)) / l for l < 0: flat there; x between. All keep -1, 0
/// and 1 where they are.
template <class S>
DHT_INLINE CurvePoint<S> bend(S x, S lambda) {
  if (lambda * lambda < S(1e-8)) {  // the first terms of both series: the quotients would be of roundings
    const S third = lambda * (1 - x * x) / 3, sign = lambda < 0 ? S(-1) : S(1);
    return {fma(sign * x, lambda * third / 2, x), fma(sign * lambda, lambda * (1 - 3 * x * x) / 6, S(1)),
            sign * x * third};
  }
  const S a = asinh(lambda), slope_of_a = 1 / sqrt(fma(lambda, lambda, S(1)));
  if (lambda > 0) {
    const S bent = asinh(lambda * x), root = sqrt(fma(lambda * x, lambda * x, S(1)));
    return {bent / a, lambda / (root * a), (x / root - bent / a * slope_of_a) / a};
  }
  const S bent = sinh(x * a), cosine = sqrt(fma(bent, bent, S(1)));
  return {bent / lambda, cosine * a / lambda, (cosine * x * slope_of_a - bent / lambda) / lambda};
}

}  // namespace detail

/// The 3x3 Scharr pair (weights 3, 10, 3) on the mean of the channels, with a replicated border, divided by 32, the sum of
/// its magnitudes: -1 to 1 for images between 0 and 1, positive where brightness grows. Then each direction is bent by a
/// curve of its own.
template <class S>
struct GradientOperator {
  std::vector<S> lambda{1, 1};  ///< of y and of x; any number, 0 bends nothing

  /// Writes planes (batch, 2, height, width), y first.
  template <class P, class Backend>
  void forward(const Backend& backend, const ImageView<P>& image, S* out) const {
    each_row(backend, image, [&](int b, int y, std::int64_t x, S along_y, S along_x) DHT_INLINE_LAMBDA {
      const std::int64_t plane = image.pixels(),
                         at = std::int64_t{2} * b * plane + std::int64_t{y} * image.width + x;
      out[at] = detail::bend(along_y, lambda[0]).value;
      out[at + plane] = detail::bend(along_x, lambda[1]).value;
    });
  }

  /// From the gradient of what `forward` wrote to lambda, where it is added to `gradients`, and to the image, where it
  /// overwrites `grad_image`, planes (batch, channels, height, width), by the numbers that the view stands for. The same
  /// bits for any number of threads.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const S* upstream,
                GradientOperator& gradients, S* grad_image) const {
    check_lambda(gradients.lambda, "gradients");
    const std::int64_t plane = image.pixels(), rows = std::int64_t{image.batch} * image.height;
    Buffer<S> grad(static_cast<std::size_t>(2 * image.batch * plane));  // by the Scharr pair's values
    Buffer<double> by_lambda(static_cast<std::size_t>(2 * rows), 0.0);  // row by row
    each_row(backend, image, [&](int b, int y, std::int64_t x, S along_y, S along_x) DHT_INLINE_LAMBDA {
      const std::int64_t at = std::int64_t{2} * b * plane + std::int64_t{y} * image.width + x;
      const detail::CurvePoint<S> of_y = detail::bend(along_y, lambda[0]),
                                  of_x = detail::bend(along_x, lambda[1]);
      grad[static_cast<std::size_t>(at)] = upstream[at] * of_y.slope;
      grad[static_cast<std::size_t>(at + plane)] = upstream[at + plane] * of_x.slope;
      double* const sum = by_lambda.data() + 2 * (std::int64_t{b} * image.height + y);
      sum[0] = fma(static_cast<double>(upstream[at]), static_cast<double>(of_y.by_lambda), sum[0]);
      sum[1] = fma(static_cast<double>(upstream[at + plane]), static_cast<double>(of_x.by_lambda), sum[1]);
    });
    for (std::size_t direction = 0; direction < 2; ++direction) {
      double sum = 0;
      for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row)
        sum += by_lambda[2 * row + direction];
      gradients.lambda[direction] += static_cast<S>(sum);
    }
    backend.for_range(image.batch, 1, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t b = begin; b < end; ++b)
        scatter(grad.data() + 2 * b * plane, image, grad_image + b * image.channels * plane);
    });
  }

 private:
  static void check_lambda(const std::vector<S>& of, const char* what) {
    DHT_EXPECTS(of.size() == 2, what, ": have lambda for ", of.size(), " directions; must have 2, y and x");
  }

  /// Calls body(image, y, x, derivative along y, along x) for every pixel.
  template <class P, class Backend, class Body>
  void each_row(const Backend& backend, const ImageView<P>& image, const Body& body) const {
    check(image, "image");
    check_lambda(lambda, "gradient operator");
    const std::int64_t rows = std::int64_t{image.batch} * image.height, width = image.width;
    Buffer<S> means(static_cast<std::size_t>(3 * (width + 2) * backend.parts(rows, 1 + 4096 / width)));
    backend.for_parts(
        rows, 1 + 4096 / width, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
          S* const above = means.data() + 3 * (width + 2) * part + 1;  // rows with a margin of one
          S* const here = above + width + 2;
          S* const below = here + width + 2;
          for (std::int64_t row = begin; row < end; ++row) {
            const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
            mean_row(image, b, std::max(y - 1, 0), above);
            mean_row(image, b, y, here);
            mean_row(image, b, std::min(y + 1, image.height - 1), below);
            for (std::int64_t x = 0; x < width; ++x) {
              const S along_y = 3 * (below[x - 1] - above[x - 1]) + 10 * (below[x] - above[x]) +
                                3 * (below[x + 1] - above[x + 1]);
              const S along_x = 3 * (above[x + 1] - above[x - 1]) + 10 * (here[x + 1] - here[x - 1]) +
                                3 * (below[x + 1] - below[x - 1]);
              body(b, y, x, along_y / 32, along_x / 32);
            }
          }
        });
  }

  /// The mean of the channels of one row, continued by one pixel on both sides.
  template <class P>
  static void mean_row(const ImageView<P>& image, int b, int y, S* mean) {
    const S share = static_cast<S>(sample_unit<P>() / image.channels);
    for (int x = 0; x < image.width; ++x) {
      S sum = 0;
      for (int c = 0; c < image.channels; ++c) sum += static_cast<S>(image(b, c, y, x));
      mean[x] = sum * share;
    }
    mean[-1] = mean[0];
    mean[image.width] = mean[image.width - 1];
  }

  /// From the gradients of one image's derivatives to the image: every derivative goes back to where it came from.
  template <class P>
  static void scatter(const S* grad, const ImageView<P>& image, S* grad_image) {
    const std::int64_t plane = image.pixels();
    const int height = image.height, width = image.width;
    std::fill_n(grad_image, plane, S(0));
    const auto add = [&](int y, int x, S value) {
      y = std::clamp(y, 0, height - 1);
      x = std::clamp(x, 0, width - 1);
      grad_image[std::int64_t{y} * width + x] += value;
    };
    constexpr S weights[] = {3, 10, 3};
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int64_t at = std::int64_t{y} * width + x;
        for (int k = -1; k <= 1; ++k) {
          const S along_y = grad[at] * weights[k + 1] / 32, along_x = grad[at + plane] * weights[k + 1] / 32;
          add(y + 1, x + k, along_y);
          add(y - 1, x + k, -along_y);
          add(y + k, x + 1, along_x);
          add(y + k, x - 1, -along_x);
        }
      }
    }
    const S share = 1 / static_cast<S>(image.channels);
    for (std::int64_t p = 0; p < plane; ++p) grad_image[p] *= share;
    for (int c = 1; c < image.channels; ++c) std::copy_n(grad_image, plane, grad_image + c * plane);
  }
};

/// Its parameters under their name in checkpoints.
template <class S>
ParameterList<S> parameters(GradientOperator<S>& of, const std::string& prefix = "") {
  return {{prefix + "lmbda", {2, 1, 1}, of.lambda}};
}

}  // namespace dht
