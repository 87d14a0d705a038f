// SPDX-License-Identifier: MIT
// The paper's encoder f in inference (method, section 1): a 1x1 convolution at full resolution plus two 2x2
// convolutions with stride 2, upsampled; batch normalisation folded into the convolutions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/core/transpose.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/convolutional_parameters.hpp>
#include <dht/encoder/pretrained.hpp>
#include <dht/encoder/rows.hpp>
#include <dht/nn/row_map.hpp>
#include <dht/nn/upsampling.hpp>

namespace dht {

template <class S>
class TrainableEncoder;

namespace detail {
template <class S>
struct ConvolutionalBackward;
struct DeviceAccess;
}  // namespace detail

namespace detail {

/// A convolution with its batch normalisation folded in, applied to rows: one row of the image, or of the layer before,
/// for each tap.
template <class S>
struct FoldedConvolution : RowMap<S> {
  /// With the running statistics, once everything is checked.
  void fold(const ConvolutionAndNorm<S>& layer, int inputs, int outputs_, int area, double epsilon,
            const char* name) {
    const auto n = static_cast<std::size_t>(outputs_), m = static_cast<std::size_t>(inputs * area);
    const auto check = [&](const std::vector<S>& values, std::size_t wanted, const char* what) {
      DHT_EXPECTS(values.size() == wanted, name, what, ": has ", values.size(), " numbers; must have ",
                  wanted);
      for (const S v : values) DHT_EXPECTS(is_finite(v), name, what, ": holds ", v, "; must be finite");
    };
    check(layer.weight, n * m, " weight");
    check(layer.bias, n, " bias");
    check(layer.norm_weight, n, " norm weight");
    check(layer.norm_bias, n, " norm bias");
    check(layer.running_mean, n, " running mean");
    check(layer.running_var, n, " running variance");
    for (const S v : layer.running_var)
      DHT_EXPECTS(v >= 0, name, " running variance: holds ", v, "; must be at least 0");
    this->resize(outputs_, inputs * area);
    fold(layer, layer.running_mean, layer.running_var, epsilon);
  }

  /// w * g / sqrt(var + eps), (b - mean) * g / sqrt(var + eps) + beta.
  template <class Values>
  void fold(const ConvolutionAndNorm<S>& layer, const Values& mean, const Values& variance, double epsilon) {
    const auto m = static_cast<std::size_t>(this->taps);
    for (std::size_t o = 0; o < mean.size(); ++o) {
      const double scale = layer.norm_weight[o] / std::sqrt(variance[o] + epsilon);
      const double centred = static_cast<double>(layer.bias[o]) - mean[o];
      this->bias[o] = static_cast<S>(dht::fma(centred, scale, static_cast<double>(layer.norm_bias[o])));
      for (std::size_t t = 0; t < m; ++t)
        this->weight[o * m + t] = static_cast<S>(layer.weight[o * m + t] * scale);
    }
  }
};

}  // namespace detail

/// f of the method, in inference. Any image size: sides that are no multiples of 4 are extended by repeating the last
/// column and row. Immutable once made; copies are cheap enough but not free.
template <class S>
class ConvolutionalEncoder {
 public:
  /// Rows and maps between the layers, kept for the next image.
  struct Workspace {
    Buffer<S> coarse;  // (batch, features, height/4, width/4 and one more column)
    Buffer<S> rows;    // per part
    Buffer<const S*> taps;
    Buffer<std::int32_t> low;  // per column, as detail::Between
    Buffer<S> share;
    std::vector<char> finite;  // per part
  };

  /// With the weights that the library brings: RGB to 8 features.
  ConvolutionalEncoder() : ConvolutionalEncoder(pretrained_encoder<S>()) {}
  /// Throws dht::Error when a parameter has the wrong number of values or is not finite.
  explicit ConvolutionalEncoder(const ConvolutionalParameters<S>& p) { assign(p); }

  /// As if it were made anew from other parameters; those of the same shape need no memory.
  void assign(const ConvolutionalParameters<S>& p);

  int features() const { return features_; }
  int channels() const { return channels_; }
  /// The range of numbers that it is made for, from 0.
  double value_range() const { return value_range_; }

  /// See concepts::encoder.
  template <class P, class Backend>
  bool encode(const Backend& backend, const ImageView<P>& image, S* features, Workspace& w) const;

 private:
  template <class>
  friend class TrainableEncoder;
  template <class>
  friend struct detail::ConvolutionalBackward;
  friend struct detail::DeviceAccess;

  struct Shape {
    template <class P>
    Shape(const ImageView<P>& image, int channels, int features)
        : coarse_height(image.height / 4 + (image.height % 4 != 0)),
          coarse_width(image.width / 4 + (image.width % 4 != 0)),
          pitch(coarse_width + 1),
          coarse_plane(coarse_height * pitch),
          scratch_pitch(detail::whole_vectors(coarse_width)),
          coarse_scratch((channels * 16 + 4 + 4 * features * 4) * scratch_pitch),
          fine_pitch(detail::whole_vectors(image.width)),
          fine_scratch((channels + 3 * features) * fine_pitch) {}

    int coarse_height, coarse_width;
    std::int64_t pitch, coarse_plane;  // of the coarse map's rows: their last column twice, for `upsample`
    std::int64_t scratch_pitch, coarse_scratch;  // of rows on their way to it, which are read many times
    std::int64_t fine_pitch, fine_scratch;       // the same for rows of the image
  };

  /// Room for the coarse map, and where upsampled columns lie.
  template <class P>
  void prepare(const ImageView<P>& image, const Shape& s, Workspace& w) const {
    w.coarse.resize(static_cast<std::size_t>(s.coarse_plane * features_ * image.batch));
    w.low.resize(static_cast<std::size_t>(image.width));
    w.share.resize(static_cast<std::size_t>(image.width));
    for (int x = 0; x < image.width; ++x) {
      const auto at = detail::between<S>(x, 4 * std::int64_t{s.coarse_width}, s.coarse_width);
      w.low[static_cast<std::size_t>(x)] = at.low;
      w.share[static_cast<std::size_t>(x)] = at.share;
    }
  }

  /// The two strided convolutions, one coarse row after the other: 4 image rows -> 2 middle rows -> 1 coarse row.
  /// Columns are kept apart by their place within a block of 4, so that every convolution reads contiguous rows.
  template <class P, class Backend>
  void encode_coarse(const Backend& backend, const ImageView<P>& image, const Shape& s, Workspace& w) const {
    const std::int64_t rows = std::int64_t{image.batch} * s.coarse_height, grain = 1 + 1024 / s.coarse_width;
    const int parts = backend.parts(rows, grain), most_taps = std::max(middle_.taps, coarse_.taps);
    w.taps.resize(static_cast<std::size_t>(parts * most_taps));
    w.rows.resize(static_cast<std::size_t>(parts * s.coarse_scratch));
    backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      const std::int64_t pitch = s.scratch_pitch;
      S* phases = w.rows.data() + part * s.coarse_scratch;  // [channel][row 0..3][column mod 4][pitch]
      S* line = phases + channels_ * 16 * pitch;            // one image row
      S* middle = line + 4 * pitch;                         // [row 0..1][even, odd][output][pitch]
      const std::int64_t quarter = 4 * features_ * pitch;
      const S** taps = w.taps.data() + part * most_taps;  // in the order of the weights: input, row, column
      const int n = s.coarse_width;
      for (std::int64_t row = begin; row < end; ++row) {
        const int b = static_cast<int>(row / s.coarse_height), q = static_cast<int>(row % s.coarse_height);
        for (int c = 0; c < channels_; ++c) {
          for (int dy = 0; dy < 4; ++dy) {
            load_padded(image, b, c, std::min(4 * q + dy, image.height - 1), n, line);
            S* const p = phases + (c * 4 + dy) * 4 * pitch;
            DHT_INDEPENDENT
            for (int x = 0; x < n; ++x) {
              p[x] = line[4 * x];
              p[pitch + x] = line[4 * x + 1];
              p[2 * pitch + x] = line[4 * x + 2];
              p[3 * pitch + x] = line[4 * x + 3];
            }
          }
        }
        S* out = nullptr;
        for (int place = 0; place <= 4; ++place) {  // four middle pixels, then the coarse one that they make
          const bool is_coarse = place == 4;
          const auto& layer = is_coarse ? coarse_ : middle_;
          const int dy = place / 2, dx = place % 2;
          for (int t = 0; t < layer.taps; ++t) {
            taps[t] = is_coarse ? middle + t % 4 * quarter + t / 4 * pitch
                                : phases + ((t / 4 * 4 + 2 * dy + t % 4 / 2) * 4 + 2 * dx + t % 2) * pitch;
          }
          out = is_coarse ? w.coarse.data() + std::int64_t{b} * features_ * s.coarse_plane + q * s.pitch
                          : middle + place * quarter;
          layer.template apply<8, 4>(taps, n, out, is_coarse ? s.coarse_plane : pitch);
          for (std::int64_t i = 0; i < quarter && !is_coarse; i += pitch) {
            DHT_INDEPENDENT
            for (int x = 0; x < n; ++x) out[i + x] = silu(out[i + x]);
          }
        }
        for (int o = 0; o < features_; ++o) out[o * s.coarse_plane + n] = out[o * s.coarse_plane + n - 1];
      }
    });
  }

  /// The full resolution: the 1x1 convolution plus the upsampled coarse map, activated.
  template <class P, class Backend>
  bool encode_fine(const Backend& backend, const ImageView<P>& image, const Shape& s, S* features,
                   Workspace& w) const {
    const std::int64_t rows = std::int64_t{image.batch} * image.height, grain = 1 + 8192 / image.width;
    const int parts = backend.parts(rows, grain);
    w.rows.resize(static_cast<std::size_t>(parts * s.fine_scratch));
    w.taps.resize(static_cast<std::size_t>(parts * channels_));
    w.finite.assign(static_cast<std::size_t>(parts), 1);
    backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      const int width = image.width;
      const std::int64_t pitch = s.fine_pitch;
      S* pixels = w.rows.data() + part * s.fine_scratch;  // [channel][pitch]
      // [feature][pitch]: the coarse rows above and below, upsampled along x
      S* around[] = {pixels + channels_ * pitch, pixels + (channels_ + features_) * pitch};
      S* const sums = around[1] + features_ * pitch;  // the row that comes out
      const S** taps = w.taps.data() + part * channels_;
      for (int c = 0; c < channels_; ++c) taps[c] = pixels + c * pitch;
      std::int64_t held[] = {-1, -1};  // which of the batch
      int bad = 0;
      for (std::int64_t row = begin; row < end; ++row) {
        const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
        const detail::Between<S> at =
            detail::between<S>(y, 4 * std::int64_t{s.coarse_height}, s.coarse_height);
        const std::int64_t low = std::int64_t{b} * s.coarse_height + at.low;
        const std::int64_t wanted[] = {low, low + (at.low + 1 < s.coarse_height ? 1 : 0)};
        if (held[0] != low && held[1] == low) {
          std::swap(around[0], around[1]);
          std::swap(held[0], held[1]);
        }
        for (int i = 0; i < 2; ++i)
          if (held[i] != wanted[i]) upsample(s, w, held[i] = wanted[i], width, around[i], pitch);
        for (int c = 0; c < channels_; ++c) {
          detail::load_row(image, b, c, y, scale_[static_cast<std::size_t>(c)],
                           offset_[static_cast<std::size_t>(c)], pixels + c * pitch);
        }
        fine_.template apply<4, 3, 1>(taps, width, sums, pitch);
        for (int o = 0; o < features_; ++o) {
          S* v = sums + o * pitch;
          const S* up = around[0] + o * pitch;
          const S* down = around[1] + o * pitch;
          const S share = at.share;
          DHT_INDEPENDENT
          for (int x = 0; x < width; ++x) {
            v[x] = silu(v[x] + fma(share, down[x] - up[x], up[x]));
            bad |= !detail::is_finite(v[x]);
          }
        }
        detail::planes_to_rows(sums, pitch, width, features_, features + row * width * features_);
      }
      w.finite[static_cast<std::size_t>(part)] = bad == 0;
    });
    return std::all_of(w.finite.begin(), w.finite.end(), [](char f) { return f != 0; });
  }

  /// A coarse row of the batch at every column of the image, feature after feature.
  DHT_INLINE void upsample(const Shape& s, const Workspace& w, std::int64_t row, int width, S* to,
                           std::int64_t pitch) const {
    const std::int32_t* low = w.low.data();
    const S* share = w.share.data();
    for (int o = 0; o < features_; ++o) {
      const S* from = w.coarse.data() + (row / s.coarse_height * features_ + o) * s.coarse_plane +
                      row % s.coarse_height * s.pitch;
      S* out = to + o * pitch;
      DHT_INDEPENDENT
      for (int x = 0; x < width; ++x) out[x] = fma(share[x], from[low[x] + 1] - from[low[x]], from[low[x]]);
    }
  }

  /// A row of one channel, extended to a multiple of 4 by its last value.
  template <class P>
  DHT_INLINE void load_padded(const ImageView<P>& image, int b, int c, int y, int coarse_width,
                              S* line) const {
    detail::load_row(image, b, c, y, scale_[static_cast<std::size_t>(c)],
                     offset_[static_cast<std::size_t>(c)], line);
    for (int x = image.width; x < 4 * coarse_width; ++x) line[x] = line[image.width - 1];
  }

  detail::ResetOnMove<int> channels_ = 0;
  int features_ = 0;
  double value_range_ = 1;
  detail::FoldedConvolution<S> fine_, middle_, coarse_;
  std::vector<S> scale_, offset_;
};

// Outside of the class, and so not inline: dht::compiled has them.

template <class S>
void ConvolutionalEncoder<S>::assign(const ConvolutionalParameters<S>& p) {
  channels_ = p.channels;
  features_ = p.features;
  fine_.fold(p.fine, p.channels, p.features, 1, p.epsilon, "fine layer");
  middle_.fold(p.middle, p.channels, 4 * p.features, 4, p.epsilon, "middle layer");
  coarse_.fold(p.coarse, 4 * p.features, p.features, 4, p.epsilon, "coarse layer");
  DHT_EXPECTS(p.channels >= 1 && p.features >= 1, "encoder: has ", p.channels, " channels and ", p.features,
              " features; must have at least 1 of both");
  const auto channels = static_cast<std::size_t>(p.channels);
  value_range_ = dht::value_range(p);
  scale_.assign(channels, S(1));
  offset_.assign(channels, S(0));
  DHT_EXPECTS(p.mean.size() == p.standard_deviation.size() && (p.mean.empty() || p.mean.size() == channels),
              "normalisation: has ", p.mean.size(), " means and ", p.standard_deviation.size(),
              " standard deviations; must have ", channels, " of both, or none");
  for (std::size_t c = 0; c < p.mean.size(); ++c) {
    DHT_EXPECTS(p.standard_deviation[c] > 0, "normalisation: has a standard deviation of ",
                p.standard_deviation[c], "; must be above 0");
    DHT_EXPECTS(detail::is_finite(p.mean[c]), "normalisation: has a mean of ", p.mean[c], "; must be finite");
    scale_[c] = static_cast<S>(1 / p.standard_deviation[c]);
    offset_[c] = static_cast<S>(-p.mean[c] / p.standard_deviation[c]);
  }
}

template <class S>
template <class P, class Backend>
bool ConvolutionalEncoder<S>::encode(const Backend& backend, const ImageView<P>& image, S* features,
                                     Workspace& w) const {
  DHT_EXPECTS(image.channels == channels_, "image: has ", image.channels, " channels; the encoder takes ",
              channels());
  const Shape s(image, channels_, features_);
  prepare(image, s, w);
  encode_coarse(backend, image, s, w);
  return encode_fine(backend, image, s, features, w);
}

}  // namespace dht
