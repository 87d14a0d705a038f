// SPDX-License-Identifier: MIT
// The paper's encoder f in inference (method, section 1): a 1x1 convolution at full resolution plus two 2x2
// convolutions with stride 2, upsampled; batch normalisation folded into the convolutions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/rows.hpp>
#include <string>
#include <vector>

namespace dht {

/// A convolution (weight: outputs x inputs x rows x columns) and the batch normalisation behind it.
template <class S>
struct ConvolutionAndNorm {
  std::vector<S> weight, bias;
  std::vector<S> norm_weight, norm_bias, running_mean, running_var;
};

/// The parameters of f for C channels and d features, under the names that they have in checkpoints.
template <class S>
struct ConvolutionalParameters {
  int channels = 3, features = 8;
  ConvolutionAndNorm<S> fine;    ///< ds.0, ds.1: 1x1, C -> d
  ConvolutionAndNorm<S> middle;  ///< cv.0, cv.1: 2x2/2, C -> 4d
  ConvolutionAndNorm<S> coarse;  ///< cv.3, cv.4: 2x2/2, 4d -> d
  double epsilon = 1e-5;         ///< of the batch normalisations
  /// What is subtracted from each channel and what it is divided by before anything else.
  std::vector<double> mean, standard_deviation;
};

namespace detail {

/// A linear map of `taps` numbers to outputs in groups of eight, which fit the registers: weight[group][tap][8].
template <class S>
struct GroupedMap {
  static constexpr int group = 8;
  int taps = 0, groups = 0;
  std::vector<S> weight, bias;

  GroupedMap() = default;

  /// Folds the normalisation in: w * g / sqrt(var + eps), (b - mean) * g / sqrt(var + eps) + beta.
  GroupedMap(const ConvolutionAndNorm<S>& layer, int inputs, int outputs, int area, double epsilon, const std::string& name)
      : taps(inputs * area), groups((outputs + group - 1) / group) {
    const auto n = static_cast<std::size_t>(outputs);
    const auto check = [&](const std::vector<S>& values, std::size_t wanted, const char* what) {
      DHT_EXPECTS(values.size() == wanted, name, what, ": has ", values.size(), " numbers; must have ", wanted);
      for (const S v : values) DHT_EXPECTS(is_finite(v), name, what, ": holds ", v, "; must be finite");
    };
    check(layer.weight, n * static_cast<std::size_t>(taps), " weight");
    check(layer.bias, n, " bias");
    check(layer.norm_weight, n, " norm weight");
    check(layer.norm_bias, n, " norm bias");
    check(layer.running_mean, n, " running mean");
    check(layer.running_var, n, " running variance");
    weight.assign(static_cast<std::size_t>(groups) * static_cast<std::size_t>(taps) * group, S(0));
    bias.assign(static_cast<std::size_t>(groups) * group, S(0));
    for (std::size_t o = 0; o < n; ++o) {
      DHT_EXPECTS(layer.running_var[o] >= 0, name, " running variance: holds ", layer.running_var[o], "; must be at least 0");
      const double scale = layer.norm_weight[o] / std::sqrt(layer.running_var[o] + epsilon);
      bias[o] = static_cast<S>(fma(static_cast<double>(layer.bias[o]) - layer.running_mean[o], scale, static_cast<double>(layer.norm_bias[o])));
      for (std::size_t t = 0; t < static_cast<std::size_t>(taps); ++t) {
        weight[(o / group * static_cast<std::size_t>(taps) + t) * group + o % group] =
            static_cast<S>(layer.weight[o * static_cast<std::size_t>(taps) + t] * scale);
      }
    }
  }

  /// out[o][x] = activation(bias[o] + sum_t weight[t][o] * rows[t][x], o, x) for one group of eight outputs. `rows` must be
  /// readable, and `out` writable, up to a multiple of `lanes` beyond n.
  template <class Activation>
  DHT_INLINE void apply(int g, const S* const* rows, int n, S* const* out, const Activation& activation) const {
    constexpr int lanes = 64 / sizeof(S);
    const S* w = weight.data() + static_cast<std::ptrdiff_t>(g) * taps * group;
    const S* b = bias.data() + g * group;
    for (int x0 = 0; x0 < n; x0 += lanes) {
      S sum[group][lanes];
#pragma GCC unroll 8
      for (int o = 0; o < group; ++o) {
        for (int x = 0; x < lanes; ++x) sum[o][x] = b[o];
      }
      for (int t = 0; t < taps; ++t) {
        const S* in = rows[t] + x0;
        const S* wt = w + t * group;
#pragma GCC unroll 8
        for (int o = 0; o < group; ++o) {
          for (int x = 0; x < lanes; ++x) sum[o][x] = fma(wt[o], in[x], sum[o][x]);
        }
      }
#pragma GCC unroll 8
      for (int o = 0; o < group; ++o) {
        for (int x = 0; x < lanes; ++x) out[o][x0 + x] = activation(sum[o][x], o, x0 + x);
      }
    }
  }
};

/// Where an upsampled row or column lies between two coarse ones, with aligned corners.
template <class S>
struct Between {
  std::int32_t low = 0, high = 0;
  S share = 0;  // of the higher one
};

template <class S>
Between<S> between(std::int64_t position, std::int64_t fine, std::int64_t coarse) {
  if (coarse == 1) return {};
  // position * (coarse - 1) / (fine - 1), split exactly into its whole and its fraction
  const std::int64_t scaled = position * (coarse - 1), whole = scaled / (fine - 1);
  return {static_cast<std::int32_t>(whole), static_cast<std::int32_t>(std::min(whole + 1, coarse - 1)),
          static_cast<S>(static_cast<double>(scaled % (fine - 1)) / static_cast<double>(fine - 1))};
}

}  // namespace detail

/// f of the method, in inference. Any image size: sides that are no multiples of 4 are extended by repeating the last
/// column and row. Immutable once made; copies are cheap enough but not free.
template <class S>
class ConvolutionalEncoder {
 public:
  /// Rows and maps between the layers, kept for the next image.
  struct Workspace {
    Buffer<S> coarse;   // (batch, features in groups, height/4, width/4)
    Buffer<S> rows;     // per part
    Buffer<const S*> taps;
    Buffer<detail::Between<S>> columns;
    std::vector<char> finite;  // per part
  };

  /// Throws dht::Error when a parameter has the wrong number of values or is not finite.
  explicit ConvolutionalEncoder(const ConvolutionalParameters<S>& p)
      : channels_(p.channels),
        features_(p.features),
        fine_(p.fine, p.channels, p.features, 1, p.epsilon, "fine layer"),
        middle_(p.middle, p.channels, 4 * p.features, 4, p.epsilon, "middle layer"),
        coarse_(p.coarse, 4 * p.features, p.features, 4, p.epsilon, "coarse layer"),
        scale_(static_cast<std::size_t>(p.channels), S(1)),
        offset_(static_cast<std::size_t>(p.channels), S(0)) {
    DHT_EXPECTS(p.mean.size() == p.standard_deviation.size() && (p.mean.empty() || p.mean.size() == scale_.size()),
                "normalisation: has ", p.mean.size(), " means and ", p.standard_deviation.size(), " standard deviations; must have ",
                scale_.size(), " of both, or none");
    for (std::size_t c = 0; c < p.mean.size(); ++c) {
      DHT_EXPECTS(p.standard_deviation[c] > 0, "normalisation: has a standard deviation of ", p.standard_deviation[c], "; must be above 0");
      scale_[c] = static_cast<S>(1 / p.standard_deviation[c]);
      offset_[c] = static_cast<S>(-p.mean[c] / p.standard_deviation[c]);
    }
  }

  int features() const { return features_; }
  int channels() const { return channels_; }

  /// See concepts::encoder.
  template <class P, class Backend>
  bool encode(const Backend& backend, const ImageView<P>& image, S* features, Workspace& w) const {
    const Shape s(image, features_, channels_);
    w.coarse.resize(static_cast<std::size_t>(s.coarse_plane * s.padded_features * image.batch + s.margin));
    w.columns.resize(static_cast<std::size_t>(image.width));
    for (int x = 0; x < image.width; ++x) w.columns[static_cast<std::size_t>(x)] = detail::between<S>(x, 4 * std::int64_t{s.coarse_width}, s.coarse_width);
    encode_coarse(backend, image, s, w);
    return encode_fine(backend, image, s, features, w);
  }

 private:
  static constexpr int group = detail::GroupedMap<S>::group;
  static constexpr int lanes = 64 / sizeof(S);

  struct Shape {
    template <class P>
    Shape(const ImageView<P>& image, int features, int channels)
        : coarse_height((image.height + 3) / 4),
          coarse_width((image.width + 3) / 4),
          padded_features((features + group - 1) / group * group),
          pitch((coarse_width + lanes - 1) / lanes * lanes),
          full_pitch((image.width + lanes - 1) / lanes * lanes),
          coarse_plane(std::int64_t{coarse_height} * pitch),
          margin(lanes),
          middle_outputs((4 * features + group - 1) / group * group),
          coarse_scratch(channels * 4 * 4 * pitch + channels * (image.width + 4) + middle_outputs * 4 * pitch),
          fine_scratch((channels + 3 * padded_features) * full_pitch) {}
    int coarse_height, coarse_width, padded_features;
    std::int64_t pitch, full_pitch, coarse_plane, margin;
    int middle_outputs;
    std::int64_t coarse_scratch, fine_scratch;
  };

  /// The two strided convolutions, one coarse row after the other: 4 image rows -> 2 middle rows -> 1 coarse row.
  /// Columns are kept apart by their place within a block of 4, so that every convolution reads contiguous rows.
  template <class P, class Backend>
  void encode_coarse(const Backend& backend, const ImageView<P>& image, const Shape& s, Workspace& w) const {
    const std::int64_t rows = std::int64_t{image.batch} * s.coarse_height, grain = 1 + 1024 / s.coarse_width;
    const int most_taps = std::max(middle_.taps, coarse_.taps);
    w.taps.resize(static_cast<std::size_t>(backend.parts(rows, grain) * most_taps));
    w.rows.resize(static_cast<std::size_t>(backend.parts(rows, grain) * s.coarse_scratch));
    std::fill(w.rows.begin(), w.rows.end(), S(0));  // what lies beyond the last column must at least be a number
    backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      S* phases = w.rows.data() + part * s.coarse_scratch;         // [channel][row 0..3][phase 0..3][pitch]
      S* line = phases + channels_ * 16 * s.pitch;                  // one image row
      S* middle = line + channels_ * (image.width + 4);             // [output][row 0..1][even, odd][pitch]
      const auto phase_row = [&](int c, int dy, int phase) DHT_INLINE_LAMBDA { return phases + ((c * 4 + dy) * 4 + phase) * s.pitch; };
      const auto middle_row = [&](int o, int dy, int dx) DHT_INLINE_LAMBDA { return middle + ((o * 2 + dy) * 2 + dx) * s.pitch; };
      const auto keep = [](S v, int, int) DHT_INLINE_LAMBDA { return v; };
      const auto activate = [](S v, int, int) DHT_INLINE_LAMBDA { return silu(v); };
      const S** taps = w.taps.data() + part * most_taps;  // in the order of the weights: input, row, column
      for (std::int64_t row = begin; row < end; ++row) {
        const int b = static_cast<int>(row / s.coarse_height), q = static_cast<int>(row % s.coarse_height);
        for (int c = 0; c < channels_; ++c) {
          for (int dy = 0; dy < 4; ++dy) {
            load_padded(image, b, c, std::min(4 * q + dy, image.height - 1), s, line);
            S* const p0 = phase_row(c, dy, 0);
            S* const p1 = phase_row(c, dy, 1);
            S* const p2 = phase_row(c, dy, 2);
            S* const p3 = phase_row(c, dy, 3);
            DHT_INDEPENDENT
            for (int x = 0; x < s.coarse_width; ++x) {
              p0[x] = line[4 * x];
              p1[x] = line[4 * x + 1];
              p2[x] = line[4 * x + 2];
              p3[x] = line[4 * x + 3];
            }
          }
        }
        for (int half = 0; half < 4; ++half) {
          const int dy = half / 2, dx = half % 2;
          for (int t = 0; t < middle_.taps; ++t) taps[t] = phase_row(t / 4, 2 * dy + t % 4 / 2, 2 * dx + t % 2);
          for (int g = 0; g < middle_.groups; ++g) {
            S* out[group];
            for (int o = 0; o < group; ++o) out[o] = middle_row(g * group + o, dy, dx);
            middle_.apply(g, taps, s.coarse_width, out, activate);
          }
        }
        for (int t = 0; t < coarse_.taps; ++t) taps[t] = middle_row(t / 4, t % 4 / 2, t % 2);
        for (int g = 0; g < coarse_.groups; ++g) {
          S* out[group];
          for (int o = 0; o < group; ++o) out[o] = w.coarse.data() + (std::int64_t{b} * s.padded_features + g * group + o) * s.coarse_plane + q * s.pitch;
          coarse_.apply(g, taps, s.coarse_width, out, keep);
        }
      }
    });
  }

  /// The full resolution: the 1x1 convolution plus the upsampled coarse map, activated.
  template <class P, class Backend>
  bool encode_fine(const Backend& backend, const ImageView<P>& image, const Shape& s, S* features, Workspace& w) const {
    const std::int64_t rows = std::int64_t{image.batch} * image.height, grain = 1 + 8192 / image.width;
    const int parts = backend.parts(rows, grain);
    w.rows.resize(static_cast<std::size_t>(parts * s.fine_scratch));
    std::fill(w.rows.begin(), w.rows.end(), S(0));
    w.taps.resize(static_cast<std::size_t>(parts * channels_));
    w.finite.assign(static_cast<std::size_t>(parts), 1);
    backend.for_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
      const std::int64_t pitch = s.full_pitch, plane = std::int64_t{image.height} * image.width;
      S* pixels = w.rows.data() + part * s.fine_scratch;  // [channel][pitch]
      S* above = pixels + channels_ * pitch;              // [feature][pitch]: the coarse row above, upsampled along x
      S* below = above + s.padded_features * pitch;
      S* sums = below + s.padded_features * pitch;        // the row that comes out
      const detail::Between<S>* columns = w.columns.data();
      std::int64_t held_above = -1, held_below = -1;  // coarse rows of the batch
      const S** taps = w.taps.data() + part * channels_;
      for (int c = 0; c < channels_; ++c) taps[c] = pixels + c * pitch;
      bool finite = true;
      for (std::int64_t row = begin; row < end; ++row) {
        const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
        const detail::Between<S> at = detail::between<S>(y, 4 * std::int64_t{s.coarse_height}, s.coarse_height);
        const auto upsample = [&](std::int64_t coarse_row, S* to) DHT_INLINE_LAMBDA {
          for (int o = 0; o < features_; ++o) {
            const S* from = w.coarse.data() + (coarse_row / s.coarse_height * s.padded_features + o) * s.coarse_plane + coarse_row % s.coarse_height * s.pitch;
            S* out = to + o * pitch;
            for (int x = 0; x < image.width; ++x) {
              const S low = from[columns[x].low];
              out[x] = fma(columns[x].share, from[columns[x].high] - low, low);
            }
          }
        };
        const std::int64_t first = std::int64_t{b} * s.coarse_height;
        if (held_above != first + at.low) {
          if (held_below == first + at.low) {
            std::swap(above, below);
            std::swap(held_above, held_below);
          } else {
            upsample(held_above = first + at.low, above);
          }
        }
        if (held_below != first + at.high) upsample(held_below = first + at.high, below);
        for (int c = 0; c < channels_; ++c) detail::load_row(image, b, c, y, scale_[static_cast<std::size_t>(c)], offset_[static_cast<std::size_t>(c)], pixels + c * pitch);
        for (int g = 0; g < fine_.groups; ++g) {
          S* out[group];
          for (int o = 0; o < group; ++o) out[o] = sums + (g * group + o) * pitch;
          const S* up = above + g * group * pitch;
          const S* down = below + g * group * pitch;
          const S share = at.share;
          fine_.apply(g, taps, image.width, out, [=](S v, int o, int x) DHT_INLINE_LAMBDA {
            const S high = up[o * pitch + x];
            return silu(v + fma(share, down[o * pitch + x] - high, high));
          });
        }
        for (int o = 0; o < features_; ++o) {
          S* out = features + (std::int64_t{b} * features_ + o) * plane + std::int64_t{y} * image.width;
          const S* in = sums + o * pitch;
          S bad = 0;  // stays 0 as long as everything is finite
          for (int x = 0; x < image.width; ++x) {
            out[x] = in[x];
            bad = detail::is_finite(in[x]) ? bad : S(1);
          }
          finite = finite && bad == 0;
        }
      }
      w.finite[static_cast<std::size_t>(part)] = finite;
    });
    return std::all_of(w.finite.begin(), w.finite.end(), [](char f) { return f != 0; });
  }

  /// A row of one channel, extended to a multiple of 4 by its last value.
  template <class P>
  DHT_INLINE void load_padded(const ImageView<P>& image, int b, int c, int y, const Shape& s, S* line) const {
    detail::load_row(image, b, c, y, scale_[static_cast<std::size_t>(c)], offset_[static_cast<std::size_t>(c)], line);
    for (int x = image.width; x < 4 * s.coarse_width; ++x) line[x] = line[image.width - 1];
  }

  int channels_, features_;
  detail::GroupedMap<S> fine_, middle_, coarse_;
  std::vector<S> scale_, offset_;
};

}  // namespace dht
