// SPDX-License-Identifier: MIT
// Token features back in image space, and the image that carries them (method, section 6).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/linear.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// Token features in image space, tokens x channels: g = W f* + b, W the checkpoint's `linear`.
template <class S>
Buffer<S> project(const Tokens<S>& tokens, const Linear<S>& map) {
  Buffer<S> out(static_cast<std::size_t>(tokens.count()) * static_cast<std::size_t>(map.outputs));
  map.forward({tokens.feature.data(), tokens.count(), tokens.features},
              {out.data(), tokens.count(), map.outputs});
  return out;
}

/// Mean of an image over each token, tokens x channels, every pixel counting the same. Integer samples count as parts of
/// 1, as ImageView defines it. Sums are taken in double, in raster order. Pixels outside of a mask, label -1, count
/// nowhere.
template <class S, class P>
Buffer<S> mean_over_tokens(const ImageView<P>& image, const Tokens<S>& tokens) {
  check(image, "image");
  DHT_EXPECTS(image.batch == tokens.batch && image.height == tokens.height && image.width == tokens.width,
              "image: is ", image.batch, " x ", image.height, " x ", image.width, "; the tokens are of ",
              tokens.batch, " x ", tokens.height, " x ", tokens.width);
  const auto n = static_cast<std::size_t>(tokens.count()),
             channels = static_cast<std::size_t>(image.channels);
  std::vector<double> sum(n * channels, 0.0);
  for (int b = 0; b < image.batch; ++b) {
    const LabelView labels = tokens.labels(b);
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        if (labels(y, x) < 0) continue;
        double* s = sum.data() + static_cast<std::size_t>(labels(y, x)) * channels;
        for (int c = 0; c < image.channels; ++c) s[c] += static_cast<double>(image(b, c, y, x));
      }
    }
  }
  Buffer<S> mean(n * channels);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] = static_cast<S>(sum[i] * sample_unit<P>() / tokens.size[i / channels]);
  }
  return mean;
}

/// Mean injection: x(p) + g(token of p) - mean of x over the token of p, as planes (batch, channels, height, width).
/// `token_features` are tokens x channels. With g the mean colour, the result is x itself; so it is outside of a mask.
template <class S, class P>
Buffer<S> inject_means(const ImageView<P>& image, const Tokens<S>& tokens, const Buffer<S>& token_features) {
  const Buffer<S> mean = mean_over_tokens(image, tokens);
  DHT_EXPECTS(token_features.size() == mean.size(), "token features: are ", token_features.size(),
              " numbers; must be ", tokens.count(), " x ", image.channels);
  Buffer<S> out(static_cast<std::size_t>(image.total_pixels() * image.channels));
  S* to = out.data();
  for (int b = 0; b < image.batch; ++b) {
    const LabelView labels = tokens.labels(b);
    for (int c = 0; c < image.channels; ++c) {
      for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
          const std::int32_t token = labels(y, x);
          const S value = static_cast<S>(static_cast<double>(image(b, c, y, x)) * sample_unit<P>());
          const auto i =
              static_cast<std::size_t>(std::max(token, 0)) * static_cast<std::size_t>(image.channels) +
              static_cast<std::size_t>(c);
          *to++ = token < 0 ? value : value + (token_features[i] - mean[i]);
        }
      }
    }
  }
  return out;
}

}  // namespace dht
