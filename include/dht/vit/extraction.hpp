// SPDX-License-Identifier: MIT
// Tokens as vectors (method, section 8): what the image shows inside of a token's box, on a grid of P x P places whatever
// its size and shape, and histograms of where its pixels lie and how they change. Forward and backward.
#pragma once

#include <algorithm>
#include <cmath>
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
#include <dht/regions/tokens.hpp>
#include <dht/vit/histograms.hpp>

namespace dht {

/// What a token's vector consists of.
struct ExtractionConfig {
  int channels = 3;
  int patch = 16;  ///< P: pixels are sampled at P x P places, and gradients counted in P x P bins; at least 2
  int position = 32;       ///< Q: positions are counted in Q x Q bins
  bool gradients = false;  ///< whether the histogram of gradients is there

  /// Numbers that are sampled: channels x P x P.
  int pixels() const { return channels * patch * patch; }
  /// Length of the vector: pixels, positions, gradients.
  int columns() const { return pixels() + position * position + (gradients ? patch * patch : 0); }
  friend bool operator==(const ExtractionConfig&, const ExtractionConfig&) = default;
};

/// Throws dht::Error, naming the number, unless vectors can be made so.
inline void check(const ExtractionConfig& of) {
  DHT_EXPECTS(of.channels >= 1 && of.channels <= 1024, "channels: are ", of.channels, "; must be 1 to 1024");
  DHT_EXPECTS(of.patch >= 2 && of.patch <= 256, "patch: is ", of.patch, "; must be 2 to 256");
  DHT_EXPECTS(of.position >= 1 && of.position <= 256, "position: is ", of.position, "; must be 1 to 256");
}

/// Tokens to vectors. With X the image and M the share of the token, both sampled bilinearly at the places of its box,
///
///     F = M X + lambda (1 - M) X + (1 - lambda) (1 - M) beta,   lambda = sigmoid(mix):
///
/// of what is in the box and not of the token, the share lambda is seen, and of the rest the learned beta.
template <class S>
struct Extraction {
  ExtractionConfig config;
  std::vector<S> mix;         ///< one number
  std::vector<S> mask_token;  ///< beta: channels x P x P

  /// What `backward` needs.
  struct Saved {
    Buffer<S> sampled;  ///< X: tokens x channels x P x P
    Buffer<S> mask;     ///< M: tokens x P x P
  };

  /// lambda 0.01 and beta 0: the method's start.
  static Extraction initial(const ExtractionConfig& config) { return with_lambda(config, 0.01); }
  /// Beta 0 and another lambda, above 0 and up to 1. With 1 all of the box is seen, as a model of patches saw it.
  static Extraction with_lambda(const ExtractionConfig& config, double lambda) {
    check(config);
    DHT_EXPECTS(lambda > 0 && lambda <= 1, "lambda: is ", lambda, "; must be above 0 and at most 1");
    // At 80 the sigmoid is 1 to the last bit.
    const double mix = lambda == 1 ? 80 : std::log(lambda / (1 - lambda));
    return {config, {static_cast<S>(mix)}, std::vector<S>(static_cast<std::size_t>(config.pixels()), S(0))};
  }

  /// The share of what is in the box beside the token.
  S lambda() const { return sigmoid(mix[0]); }

  /// Writes tokens x columns. `image` is the one with means injected; `image_gradients` are what GradientOperator made of
  /// the original one, planes (batch, 2, height, width), null unless the configuration asks for them.
  template <class P, class Backend>
  void forward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens,
               const S* image_gradients, const MatrixView<S>& out, Saved& saved) const {
    check_sizes(image, tokens);
    DHT_EXPECTS(out.rows == tokens.count() && out.columns == config.columns(), "out: is ", out.rows, " x ",
                out.columns, "; must be ", tokens.count(), " x ", config.columns());
    DHT_EXPECTS(config.gradients == (image_gradients != nullptr), "image gradients: are ",
                config.gradients ? "missing; must be given, the" : "given; must be null, no",
                " histogram asks for them");
    const std::int64_t places = std::int64_t{config.patch} * config.patch;
    saved.sampled.resize(static_cast<std::size_t>(std::int64_t{tokens.count()} * config.pixels()));
    saved.mask.resize(static_cast<std::size_t>(tokens.count() * places));
    backend.for_range(tokens.count(), 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t token = begin; token < end; ++token) {
        sample(image, tokens, static_cast<std::int32_t>(token), saved);
        blend(token, saved, out.row(token));
      }
    });
    detail::add_histograms(backend, tokens, config, image_gradients, out);
  }

  /// From the gradient of what `forward` wrote to the parameters, where it is added to `gradients`, and to the image, where
  /// it overwrites `grad_image`, planes (batch, channels, height, width), unless that is null. Nothing flows through the
  /// histograms. The same bits for any number of threads.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const Tokens<S>& tokens,
                const Saved& saved, const MatrixView<const S>& grad_out, Extraction& gradients,
                S* grad_image) const {
    check_sizes(image, tokens);
    DHT_EXPECTS(grad_out.rows == tokens.count() && grad_out.columns == config.columns(), "gradient: is ",
                grad_out.rows, " x ", grad_out.columns, "; must be ", tokens.count(), " x ",
                config.columns());
    DHT_EXPECTS(
        saved.sampled.size() == static_cast<std::size_t>(std::int64_t{tokens.count()} * config.pixels()),
        "saved: has ", saved.sampled.size(), " samples; must have ", tokens.count(), " x ", config.pixels());
    DHT_EXPECTS(gradients.mix.size() == 1 && gradients.mask_token.size() == mask_token.size(),
                "gradients: are of a mask token of ", gradients.mask_token.size(), " numbers; must be of ",
                mask_token.size());
    backward_parameters(tokens, saved, grad_out, gradients);
    if (grad_image == nullptr) return;
    backend.for_range(tokens.batch, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b)
        scatter(tokens, static_cast<int>(b), saved, grad_out, grad_image);
    });
  }

  /// Gradients, zero.
  Extraction zeros() const { return {config, {S(0)}, std::vector<S>(mask_token.size(), S(0))}; }

 private:
  /// Where a place of the grid lies along one side: between two pixels.
  struct At {
    int low, high;
    S share;  // of the higher one
  };
  At at(int from, int to, int i) const {
    const double position = from + static_cast<double>(i) * (to - from) / (config.patch - 1);
    const int low = static_cast<int>(position);  // positions are not negative
    return {low, std::min(low + 1, to), static_cast<S>(position - low)};
  }

  template <class P>
  void check_sizes(const ImageView<P>& image, const Tokens<S>& tokens) const {
    dht::check(image, "image");
    check(config);
    DHT_EXPECTS(image.batch == tokens.batch && image.height == tokens.height && image.width == tokens.width,
                "image: is ", image.batch, " x ", image.height, " x ", image.width, "; the tokens are of ",
                tokens.batch, " x ", tokens.height, " x ", tokens.width);
    DHT_EXPECTS(image.channels == config.channels, "image: has ", image.channels, " channels; must have ",
                config.channels);
    DHT_EXPECTS(mix.size() == 1 && mask_token.size() == static_cast<std::size_t>(config.pixels()),
                "mask token: has ", mask_token.size(), " numbers; must have ", config.pixels());
  }

  /// Calls body(place, at y, at x) for all places of a token's grid.
  template <class Body>
  void each_place(const Box& box, const Body& body) const {
    for (int i = 0, place = 0; i < config.patch; ++i) {
      const At y = at(box.ymin, box.ymax, i);
      for (int j = 0; j < config.patch; ++j, ++place) body(place, y, at(box.xmin, box.xmax, j));
    }
  }

  static S between(S a, S b, S c, S d, const At& y, const At& x) {
    const S above = fma(x.share, b - a, a), below = fma(x.share, d - c, c);
    return fma(y.share, below - above, above);
  }

  template <class P>
  void sample(const ImageView<P>& image, const Tokens<S>& tokens, std::int32_t token, Saved& saved) const {
    const int b = image_of(tokens, token);
    const LabelView labels = tokens.labels(b);
    const std::int64_t places = std::int64_t{config.patch} * config.patch;
    S *const sampled = saved.sampled.data() + std::int64_t{token} * config.pixels(), *const mask =
                                                                                         saved.mask.data() +
                                                                                         token * places;
    const S unit = static_cast<S>(sample_unit<P>());
    each_place(tokens.box[static_cast<std::size_t>(token)], [&](int place, const At& y, const At& x) {
      const auto inside = [&](int row, int column) { return static_cast<S>(labels(row, column) == token); };
      mask[place] = between(inside(y.low, x.low), inside(y.low, x.high), inside(y.high, x.low),
                            inside(y.high, x.high), y, x);
      for (int c = 0; c < config.channels; ++c) {
        const auto value = [&](int row, int column) { return static_cast<S>(image(b, c, row, column)); };
        sampled[c * places + place] = unit * between(value(y.low, x.low), value(y.low, x.high),
                                                     value(y.high, x.low), value(y.high, x.high), y, x);
      }
    });
  }

  void blend(std::int64_t token, const Saved& saved, S* out) const {
    const std::int64_t places = std::int64_t{config.patch} * config.patch;
    const S *const sampled = saved.sampled.data() + token * config.pixels(), *const mask = saved.mask.data() +
                                                                                           token * places;
    const S share = lambda();
    for (int c = 0; c < config.channels; ++c) {
      for (std::int64_t p = 0; p < places; ++p) {
        const std::int64_t i = c * places + p;
        const S outside = 1 - mask[p], beta = mask_token[static_cast<std::size_t>(i)];
        // X where the token is, else between beta and X.
        out[i] = fma(outside * (1 - share), beta - sampled[i], sampled[i]);
      }
    }
  }

  void backward_parameters(const Tokens<S>& tokens, const Saved& saved, const MatrixView<const S>& grad_out,
                           Extraction& gradients) const {
    const std::int64_t places = std::int64_t{config.patch} * config.patch, n = config.pixels();
    std::vector<double> beta(static_cast<std::size_t>(n), 0.0);
    const double share = static_cast<double>(lambda());
    double by_share = 0;
    for (std::int32_t token = 0; token < tokens.count(); ++token) {
      const S *const sampled = saved.sampled.data() + token * n,
                     *const mask = saved.mask.data() + token * places, *const upstream = grad_out.row(token);
      for (std::int64_t i = 0; i < n; ++i) {
        const double outside = static_cast<double>(upstream[i]) * (1 - static_cast<double>(mask[i % places]));
        const auto at = static_cast<std::size_t>(i);
        beta[at] += outside;
        by_share = fma(outside, static_cast<double>(sampled[i] - mask_token[at]), by_share);
      }
    }
    gradients.mix[0] += static_cast<S>(by_share * share * (1 - share));
    for (std::size_t i = 0; i < beta.size(); ++i)
      gradients.mask_token[i] += static_cast<S>((1 - share) * beta[i]);
  }

  void scatter(const Tokens<S>& tokens, int b, const Saved& saved, const MatrixView<const S>& grad_out,
               S* grad_image) const {
    const std::int64_t plane = std::int64_t{tokens.height} * tokens.width,
                       places = std::int64_t{config.patch} * config.patch;
    S* const planes = grad_image + b * config.channels * plane;
    std::fill_n(planes, config.channels * plane, S(0));
    const S rest = 1 - lambda();
    for (std::int32_t token = tokens.begin[static_cast<std::size_t>(b)];
         token < tokens.begin[static_cast<std::size_t>(b) + 1]; ++token) {
      const S* const mask = saved.mask.data() + token * places;
      each_place(tokens.box[static_cast<std::size_t>(token)], [&](int place, const At& y, const At& x) {
        const S seen = 1 - (1 - mask[place]) * rest;
        for (int c = 0; c < config.channels; ++c) {
          const S grad = grad_out(token, static_cast<int>(c * places + place)) * seen;
          S *const low = planes + c * plane + std::int64_t{y.low} * tokens.width, *const high =
                                                                                      planes + c * plane +
                                                                                      std::int64_t{y.high} *
                                                                                          tokens.width;
          const S below = grad * y.share, above = grad - below;
          low[x.low] += above - above * x.share;
          low[x.high] += above * x.share;
          high[x.low] += below - below * x.share;
          high[x.high] += below * x.share;
        }
      });
    }
  }

  static int image_of(const Tokens<S>& tokens, std::int32_t token) {
    return static_cast<int>(std::upper_bound(tokens.begin.begin(), tokens.begin.end(), token) -
                            tokens.begin.begin()) -
           1;
  }
};

/// Its parameters under their names in checkpoints.
template <class S>
ParameterList<S> parameters(Extraction<S>& of, const std::string& prefix = "extractor.") {
  const std::int64_t side = of.config.patch;
  return {{prefix + "_mix", {1}, of.mix},
          {prefix + "pixel_mask_token", {of.config.channels, side, side}, of.mask_token}};
}

}  // namespace dht
