// SPDX-License-Identifier: MIT
// The loss of pre-training: how far an image is from the one that its tokens paint.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// A loss, and the images that it comes from.
struct ReconstructionLoss {
  double value = 0;              ///< mean over all pixels and channels of (x(p) - g(token of p))^2
  std::vector<double> of_image;  ///< the same mean over each image alone; 0 where an image has no token
  std::int64_t pixels = 0;       ///< that count: those with a token
};

/// Peak signal-to-noise ratio of a mean squared error, in decibels, where white is 1: infinite for an error of 0.
inline double peak_signal_to_noise(double mean_squared_error) { return -10 * std::log10(mean_squared_error); }

namespace detail {

/// The sum over an image's pixels of (g - x)^2, and of g - x over each token, into `sums` (tokens of the batch x
/// channels), zero before. Sums are taken in raster order, channel after channel.
template <class S, class P>
double sum_differences(const ImageView<P>& image, const Tokens<S>& tokens, int b,
                       const MatrixView<const S>& token_features, double* sums) {
  const LabelView labels = tokens.labels(b);
  const auto unit = sample_unit<P>();
  double squares = 0;
  for (int c = 0; c < image.channels; ++c) {
    for (int y = 0; y < image.height; ++y) {
      const std::int32_t* label = labels.row(y);
      for (int x = 0; x < image.width; ++x) {
        if (label[x] < 0) continue;
        const double difference =
            static_cast<double>(token_features(label[x], c)) - static_cast<double>(image(b, c, y, x)) * unit;
        squares = fma(difference, difference, squares);
        sums[std::int64_t{label[x]} * image.channels + c] += difference;
      }
    }
  }
  return squares;
}

template <class S>
std::int64_t pixels_with_token(const Tokens<S>& tokens, int b) {
  std::int64_t pixels = 0;
  for (std::int32_t t = tokens.begin[static_cast<std::size_t>(b)];
       t < tokens.begin[static_cast<std::size_t>(b) + 1]; ++t)
    pixels += tokens.size[static_cast<std::size_t>(t)];
  return pixels;
}

}  // namespace detail

/// The mean squared difference between an image batch and its tokens' features in image space (tokens x channels, see
/// `project`), and, unless `grad_token_features` has no data, its gradient, which overwrites:
///
///     L = 1/(N C) sum over p, c of (x(p, c) - g(t(p), c))^2     dL/dg(t, c) = 2/(N C) sum over p in t of g(t, c) - x(p, c)
///
/// N being the number of pixels that have a token: label -1 counts nowhere. Integer samples are parts of 1, as ImageView
/// defines. Each image is summed by one thread in raster order, so results do not depend on their number.
template <class Backend, class S, class P>
ReconstructionLoss reconstruction_loss(const Backend& backend, const ImageView<P>& image,
                                       const Tokens<S>& tokens,
                                       const std::type_identity_t<MatrixView<const S>>& token_features,
                                       const std::type_identity_t<MatrixView<S>>& grad_token_features = {}) {
  check(image, "image");
  DHT_EXPECTS(image.batch == tokens.batch && image.height == tokens.height && image.width == tokens.width,
              "image: is ", image.batch, " x ", image.height, " x ", image.width, "; the tokens are of ",
              tokens.batch, " x ", tokens.height, " x ", tokens.width);
  const auto check_shape = [&](std::int64_t rows, int columns, const char* name) {
    DHT_EXPECTS(rows == tokens.count() && columns == image.channels, name, ": is ", rows, " x ", columns,
                "; must be ", tokens.count(), " x ", image.channels);
  };
  check_shape(token_features.rows, token_features.columns, "token features");
  const bool has_gradient = grad_token_features.data != nullptr;
  if (has_gradient)
    check_shape(grad_token_features.rows, grad_token_features.columns, "gradient of token features");

  ReconstructionLoss loss;
  const auto images = static_cast<std::size_t>(image.batch);
  std::vector<double> squares(images, 0.0),
      sums(static_cast<std::size_t>(token_features.rows * image.channels), 0.0);
  backend.for_range(image.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      squares[static_cast<std::size_t>(b)] =
          detail::sum_differences<S>(image, tokens, static_cast<int>(b), token_features, sums.data());
  });
  double sum = 0;
  for (std::size_t b = 0; b < images; ++b) {
    const std::int64_t pixels = detail::pixels_with_token(tokens, static_cast<int>(b));
    loss.of_image.push_back(pixels == 0 ? 0 : squares[b] / static_cast<double>(pixels * image.channels));
    loss.pixels += pixels;
    sum += squares[b];
  }
  const auto count = static_cast<double>(loss.pixels * image.channels);
  if (loss.pixels > 0) loss.value = sum / count;
  for (std::size_t i = 0; has_gradient && i < sums.size(); ++i)
    grad_token_features.data[i] = static_cast<S>(2 * sums[i] / count);
  return loss;
}

}  // namespace dht
