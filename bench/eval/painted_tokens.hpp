// SPDX-License-Identifier: MIT
// How well tokens paint their photo: the error of every affine map from features to colours at once, and the best map.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <Eigen/Core>
#include <Eigen/QR>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/linear.hpp>
#include <dht/regions/projection.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/train/reconstruction.hpp>

namespace dht::bench {

/// From token features to colours, channels x (features + 1): the last column is added.
using ColourMap = Eigen::MatrixXd;

/// All that the squared error of a photo painted by its tokens depends on. Within a token the differences from its mean
/// colour m are the same for every map; the rest is quadratic in the map, so that one which is fitted to all photos
/// later needs no photo again.
struct PaintedTokens {
  Eigen::MatrixXd moments;   ///< sum over tokens of size * z z^T, z = (f*, 1, m)
  double within = 0;         ///< squared differences of pixels from m, summed over pixels and channels
  std::int64_t samples = 0;  ///< pixels times channels
};

template <class Backend, class P>
PaintedTokens painted_tokens(const Backend& backend, const ImageView<P>& photo, const Tokens<float>& tokens) {
  const Buffer<float> colour = mean_over_tokens(photo, tokens);
  const std::int64_t count = tokens.count();
  const MatrixView<const float> colours{colour.data(), count, photo.channels};
  const int d = tokens.features;
  Eigen::MatrixXd rows(count, d + 1 + photo.channels);
  for (std::int64_t t = 0; t < count; ++t) {
    const auto i = static_cast<std::size_t>(t);
    const double weight = std::sqrt(static_cast<double>(tokens.size[i]));
    for (int c = 0; c < d; ++c)
      rows(t, c) = weight * tokens.feature_of(static_cast<std::int32_t>(t))[std::size_t(c)];
    rows(t, d) = weight;
    for (int c = 0; c < photo.channels; ++c) rows(t, d + 1 + c) = weight * colours(t, c);
  }
  const ReconstructionLoss loss = reconstruction_loss(backend, photo, tokens, colours);
  const std::int64_t samples = loss.pixels * photo.channels;
  return {rows.transpose() * rows, loss.value * static_cast<double>(samples), samples};
}

/// The mean squared error over pixels and channels when every pixel gets the map of its token's features.
inline double squared_error(const PaintedTokens& painted, const ColourMap& map) {
  ColourMap difference(map.rows(), painted.moments.cols());
  difference << map, -Eigen::MatrixXd::Identity(map.rows(), map.rows());
  const double between = (difference * painted.moments).cwiseProduct(difference).sum();
  // Rounding can leave less than nothing of a photo that is painted without error.
  return (std::max(between, 0.0) + painted.within) / static_cast<double>(painted.samples);
}

/// The same when every pixel gets its token's mean colour: no map does better.
inline double squared_error_of_means(const PaintedTokens& painted) {
  return painted.within / static_cast<double>(painted.samples);
}

/// The map of the least squared error over all pixels of all photos.
inline ColourMap best_map(const std::vector<PaintedTokens>& photos, int channels = 3) {
  DHT_EXPECTS(!photos.empty(), "photos: are none; must be at least 1");
  Eigen::MatrixXd sum = photos[0].moments;
  for (std::size_t i = 1; i < photos.size(); ++i) sum += photos[i].moments;
  const Eigen::Index inputs = sum.rows() - channels;
  return sum.topLeftCorner(inputs, inputs)
      .completeOrthogonalDecomposition()
      .solve(sum.topRightCorner(inputs, channels))
      .transpose();
}

/// W of a checkpoint as a map to colours from 0 to 1. W gives colours less `mean` and divided by `standard_deviation`,
/// one a channel, where these are not empty.
inline ColourMap colour_map(const Linear<float>& projection, const std::vector<double>& mean,
                            const std::vector<double>& standard_deviation) {
  ColourMap map(projection.outputs, projection.inputs + 1);
  for (int c = 0; c < projection.outputs; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const double scale = standard_deviation.empty() ? 1 : standard_deviation[channel];
    for (int i = 0; i < projection.inputs; ++i)
      map(c, i) = scale * projection.weight[channel * static_cast<std::size_t>(projection.inputs) +
                                            static_cast<std::size_t>(i)];
    map(c, projection.inputs) = scale * projection.bias[channel] + (mean.empty() ? 0 : mean[channel]);
  }
  return map;
}

/// In decibels, at most 100: a photo without error must not make a mean infinite.
inline double decibels(double mean_squared_error) {
  return mean_squared_error > 1e-10 ? peak_signal_to_noise(mean_squared_error) : 100;
}

}  // namespace dht::bench
