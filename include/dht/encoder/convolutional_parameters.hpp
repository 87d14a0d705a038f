// SPDX-License-Identifier: MIT
// The numbers that the paper's encoder f is made of.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
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

/// The range of numbers, from 0, that such an encoder is made for: 1, or two standard deviations beyond a mean where that is more.
template <class S>
double value_range(const ConvolutionalParameters<S>& p) {
  double range = 1;
  for (std::size_t c = 0; c < std::min(p.mean.size(), p.standard_deviation.size()); ++c)
    range = std::max(range, std::abs(p.mean[c]) + 2 * p.standard_deviation[c]);
  return range;
}

}  // namespace dht
