// SPDX-License-Identifier: MIT
// The paper's encoder f in training (method, section 1): forward with the statistics of the batch, backward to its
// parameters and to the image.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/batch_statistics.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/convolutional_backward.hpp>
#include <dht/nn/row_products.hpp>

namespace dht {

/// What batch normalisation subtracts and divides by in `forward`: mean and variance of the batch, as in training, or the
/// running ones, as in inference.
enum class Statistics { batch, running };

/// f of the method with a way back: satisfies concepts::differentiable_encoder. Any image size, as ConvolutionalEncoder;
/// repeated columns and rows count in batch statistics, and their gradient goes to the pixels that they repeat.
/// Gradients are the same bits for every number of threads.
template <class S>
class TrainableEncoder {
 public:
  /// The parameters' struct, whose running statistics are empty.
  using Gradients = ConvolutionalParameters<S>;
  /// For `encode`: the parameters folded anew for each image.
  struct Workspace {
    std::optional<ConvolutionalEncoder<S>> folded;
    typename ConvolutionalEncoder<S>::Workspace rows;
  };
  /// What `backward` needs, about 33 bytes a pixel in float with 3 channels and 8 features, all kept for the next image.
  using Saved = detail::ConvolutionalSaved<S>;

  /// With the weights that the library brings: RGB to 8 features.
  TrainableEncoder() : TrainableEncoder(pretrained_encoder<S>()) {}
  /// Throws dht::Error when a parameter has the wrong number of values or is not finite.
  explicit TrainableEncoder(ConvolutionalParameters<S> parameters) : parameters_(std::move(parameters)) {
    ConvolutionalEncoder<S> checked(parameters_);
  }

  int features() const { return parameters_.features; }
  int channels() const { return parameters_.channels; }
  /// The range of numbers that it is made for, from 0.
  double value_range() const { return dht::value_range(parameters_); }

  /// The parameters. They may be changed between images, but for their sizes; each image checks them anew.
  ConvolutionalParameters<S>& parameters() { return parameters_; }
  const ConvolutionalParameters<S>& parameters() const { return parameters_; }

  Statistics statistics() const { return statistics_; }
  void set_statistics(Statistics statistics) { statistics_ = statistics; }

  Gradients gradients() const {
    Gradients g;
    g.channels = channels();
    g.features = features();
    for (const auto layer : {&Gradients::fine, &Gradients::middle, &Gradients::coarse}) {
      const ConvolutionAndNorm<S>& from = parameters_.*layer;
      for (const auto values : {&ConvolutionAndNorm<S>::weight, &ConvolutionAndNorm<S>::bias,
                                &ConvolutionAndNorm<S>::norm_weight, &ConvolutionAndNorm<S>::norm_bias})
        (g.*layer.*values).assign((from.*values).size(), S(0));
    }
    return g;
  }

  /// Inference, with the running statistics. See concepts::encoder.
  template <class P, class Backend>
  bool encode(const Backend& backend, const ImageView<P>& image, S* features, Workspace& w) const {
    check_image(image);
    fold(w.folded);
    return w.folded->encode(backend, image, features, w.rows);
  }

  /// See concepts::differentiable_encoder. Uses the statistics that `statistics()` says.
  template <class P, class Backend>
  bool forward(const Backend& backend, const ImageView<P>& image, S* features, Saved& s) const;

  /// See concepts::differentiable_encoder. May be called again for the same `saved`. Parameters and statistics must be
  /// those of `forward`.
  template <class P, class Backend>
  void backward(const Backend& backend, const ImageView<P>& image, const S* grad_features, Saved& s,
                Gradients& gradients, S* grad_image) const;

  /// Moves the running statistics by a tenth towards those of the batch that `forward` saw; the variance unbiased.
  void update_running_statistics(const Saved& s) {
    DHT_EXPECTS(s.coarse.count > 0,
                "saved: has no batch statistics; must come from a forward that uses them");
    DHT_EXPECTS(s.coarse.count > 1,
                "saved: has 1 coarse pixel; unbiased variances must be those of at least 2");
    detail::update_running(s.fine, parameters_.fine);
    detail::update_running(s.middle, parameters_.middle);
    detail::update_running(s.coarse, parameters_.coarse);
  }

 private:
  friend struct detail::DeviceAccess;

  template <class P>
  void check_image(const ImageView<P>& image) const {
    check(image, "image");
    DHT_EXPECTS(image.channels == channels(), "image: has ", image.channels, " channels; must have ",
                channels());
  }

  template <class P>
  void check_saved(const ImageView<P>& image, const Saved& s) const {
    check_image(image);
    DHT_EXPECTS(s.folded.has_value(), "saved: is empty; must come from forward");
    DHT_EXPECTS(s.patches.batch == image.batch && s.height == image.height && s.width == image.width,
                "saved: is of ", s.patches.batch, " images of ", s.height, " x ", s.width, "; must be of ",
                image.batch, " of ", image.height, " x ", image.width);
  }

  void check_gradients(const Gradients& g) const {
    for (const auto layer : {&Gradients::fine, &Gradients::middle, &Gradients::coarse}) {
      const ConvolutionAndNorm<S>& of = parameters_.*layer;
      for (const auto values : {&ConvolutionAndNorm<S>::weight, &ConvolutionAndNorm<S>::bias,
                                &ConvolutionAndNorm<S>::norm_weight, &ConvolutionAndNorm<S>::norm_bias})
        DHT_EXPECTS((g.*layer.*values).size() == (of.*values).size(), "gradients: have ",
                    (g.*layer.*values).size(), " numbers where the parameters have ", (of.*values).size(),
                    "; must have as many");
    }
  }

  void fold(std::optional<ConvolutionalEncoder<S>>& folded) const {
    if (folded)
      folded->assign(parameters_);
    else
      folded.emplace(parameters_);
  }

  /// The batch statistics of the two layers that see the image, folded in.
  template <class Backend>
  void measure(const Backend& backend, Saved& s) const {
    s.patches.moments(backend, s.row_sums, s.rows, s.pointers, s.sums, s.patch, s.pixel);
    fold_moments(s);
  }

  void fold_moments(Saved& s) const {
    detail::statistics_behind(parameters_.fine, s.pixel, s.patches.pixels(), s.fine);
    detail::statistics_behind(parameters_.middle, s.patch, s.patches.pixels() / 4, s.middle);
    s.folded->fine_.fold(parameters_.fine, s.fine.mean, s.fine.variance, parameters_.epsilon);
    s.folded->middle_.fold(parameters_.middle, s.middle.mean, s.middle.variance, parameters_.epsilon);
  }

  /// Statistics of the coarse map, and their normalisation of it in place. `pitch` is the distance of its planes.
  template <class Backend>
  void normalise_coarse(const Backend& backend, std::int64_t pitch, Saved& s) const {
    const std::int64_t plane = s.patches.plane, d = features();
    s.centred.resize(static_cast<std::size_t>(plane * d * s.patches.batch));
    const bool batch = statistics_ == Statistics::batch;
    detail::running_statistics_of(parameters_.coarse, s.coarse);
    if (batch) s.coarse.count = s.patches.pixels() / 16;
    backend.for_range(d, 1 + 8192 / plane, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      for (std::int64_t k = begin; k < end; ++k) normalise_plane(k, pitch, batch, s);
    });
  }

  DHT_INLINE void normalise_plane(std::int64_t k, std::int64_t pitch, bool batch, Saved& s) const {
    const auto o = static_cast<std::size_t>(k);
    const std::int64_t plane = s.patches.plane, d = features(), images = s.patches.batch;
    const S* const inside = s.patches.inside.data();
    S *const centred = s.centred.data() + k * plane, *const map = s.workspace.coarse.data() + k * pitch;
    const double bias = static_cast<double>(parameters_.coarse.bias[o]);
    double sum = 0, squares = 0;
    for (std::int64_t b = 0; b < images; ++b) {
      S* const to = centred + b * d * plane;
      const S* const from = map + b * d * pitch;
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < pitch; ++x) to[x] = from[x] * inside[x];
      std::fill(to + pitch, to + plane, S(0));
      if (batch) sum += detail::row_sum(to, plane);
    }
    const double mean = batch ? sum / s.coarse.count : s.coarse.mean[o] - bias;
    const S less = static_cast<S>(mean);
    for (std::int64_t b = 0; b < images; ++b) {
      S* const to = centred + b * d * plane;
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < plane; ++x) to[x] = (to[x] - less) * inside[x];
      if (batch) squares += detail::row_product(to, to, plane);
    }
    if (batch) {
      s.coarse.mean[o] = mean + bias;
      s.coarse.variance[o] = squares / s.coarse.count;
    }
    const S scale = static_cast<S>(static_cast<double>(parameters_.coarse.norm_weight[o]) /
                                   std::sqrt(s.coarse.variance[o] + parameters_.epsilon));
    const S shift = parameters_.coarse.norm_bias[o];
    for (std::int64_t b = 0; b < images; ++b) {
      const S* const from = centred + b * d * plane;
      S* const to = map + b * d * pitch;
      DHT_INDEPENDENT
      for (std::int64_t x = 0; x < pitch; ++x) to[x] = fma(from[x], scale, shift);
      // The column past the last one repeats it.
      for (std::int64_t x = s.patches.columns; x < pitch; x += s.patches.pitch) to[x] = to[x - 1];
    }
  }

  ConvolutionalParameters<S> parameters_;
  Statistics statistics_ = Statistics::batch;
};

// Outside of the class, and so not inline: dht::compiled has them.

template <class S>
template <class P, class Backend>
bool TrainableEncoder<S>::forward(const Backend& backend, const ImageView<P>& image, S* features,
                                  Saved& s) const {
  check_image(image);
  fold(s.folded);
  s.height = image.height;
  s.width = image.width;
  ConvolutionalEncoder<S>& net = *s.folded;
  s.patches.resize(image);
  s.patches.load(backend, image, net.scale_.data(), net.offset_.data(), s.rows, s.row_sums);
  if (statistics_ == Statistics::batch) {
    measure(backend, s);
  } else {
    detail::running_statistics_of(parameters_.fine, s.fine);
    detail::running_statistics_of(parameters_.middle, s.middle);
  }
  // The map of the coarse layer has to be there before its statistics.
  net.coarse_.weight = parameters_.coarse.weight;
  std::fill(net.coarse_.bias.begin(), net.coarse_.bias.end(), S(0));
  const typename ConvolutionalEncoder<S>::Shape shape(image, channels(), this->features());
  net.prepare(image, shape, s.workspace);
  net.encode_coarse(backend, image, shape, s.workspace);
  normalise_coarse(backend, shape.coarse_plane, s);
  return net.encode_fine(backend, image, shape, features, s.workspace);
}

template <class S>
template <class P, class Backend>
void TrainableEncoder<S>::backward(const Backend& backend, const ImageView<P>& image, const S* grad_features,
                                   Saved& s, Gradients& gradients, S* grad_image) const {
  check_saved(image, s);
  check_gradients(gradients);
  detail::ConvolutionalBackward<S>(parameters_, s).run(backend, image, grad_features, gradients, grad_image);
}

}  // namespace dht
