// SPDX-License-Identifier: MIT
// Batch normalisation right behind a linear map. Mean and variance of what comes out follow from those of what goes in,
// so both ways need one pass over the pixels, and the normalised values are never stored.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/encoder/convolutional.hpp>

namespace dht::detail {

/// Mean and covariance of what a convolution reads, tap by tap.
struct InputMoments {
  std::vector<double> mean;        // taps
  std::vector<double> covariance;  // taps x taps
};

/// What a batch normalisation subtracts and divides by. With running statistics it is the same for every batch.
struct NormStatistics {
  std::vector<double> mean,
      variance;      // of the convolution's outputs, its bias included; variance of the whole batch
  double count = 0;  // pixels that they were taken over; 0: running statistics
};

/// Statistics of a convolution's outputs over a batch whose moments are known.
template <class S>
void statistics_behind(const ConvolutionAndNorm<S>& layer, const InputMoments& input, double count,
                       NormStatistics& out) {
  const std::size_t outputs = layer.bias.size(), taps = input.mean.size();
  out.count = count;
  out.mean.resize(outputs);
  out.variance.resize(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const S* w = layer.weight.data() + o * taps;
    double mean = static_cast<double>(layer.bias[o]), variance = 0;
    for (std::size_t t = 0; t < taps; ++t) {
      mean = fma(static_cast<double>(w[t]), input.mean[t], mean);
      double row = 0;
      for (std::size_t u = 0; u < taps; ++u)
        row = fma(static_cast<double>(w[u]), input.covariance[t * taps + u], row);
      variance = fma(static_cast<double>(w[t]), row, variance);
    }
    out.mean[o] = mean;
    out.variance[o] = variance > 0 ? variance : variance - std::min(variance, 0.0);  // NaN stays
  }
}

/// The running statistics of a layer.
template <class S>
void running_statistics_of(const ConvolutionAndNorm<S>& layer, NormStatistics& out) {
  out.count = 0;
  out.mean.assign(layer.running_mean.begin(), layer.running_mean.end());
  out.variance.assign(layer.running_var.begin(), layer.running_var.end());
}

/// running = 0.9 running + 0.1 batch, with the unbiased variance.
template <class S>
void update_running(const NormStatistics& batch, ConvolutionAndNorm<S>& layer) {
  constexpr double momentum = 0.1;
  const double unbiased = batch.count / (batch.count - 1);
  const auto moved = [](S from, double to) {
    return static_cast<S>(fma(momentum, to - static_cast<double>(from), static_cast<double>(from)));
  };
  for (std::size_t o = 0; o < batch.mean.size(); ++o) {
    layer.running_mean[o] = moved(layer.running_mean[o], batch.mean[o]);
    layer.running_var[o] = moved(layer.running_var[o], unbiased * batch.variance[o]);
  }
}

/// What a pass over the pixels gathers of the gradient g of normalised outputs.
struct GradientSums {
  std::vector<double> products;  // outputs x taps: sums of g times what the convolution read
  std::vector<double> gradient;  // outputs: sums of g
};

/// An affine map of a convolution's inputs: what batch statistics take from their gradient.
struct Correction {
  std::vector<double> weight, bias;  // taps x taps, taps
};

/// Adds `value` to a gradient.
template <class S>
void accumulate(S& gradient, double value) {
  gradient = static_cast<S>(static_cast<double>(gradient) + value);
}

/// The gradients of a convolution and its normalisation from those sums. With batch statistics also the correction:
/// the inputs' gradient is the folded weights' transpose times g, less `correction.weight` * input + `correction.bias`.
template <class S>
void norm_backward(const ConvolutionAndNorm<S>& layer, const NormStatistics& norm, const InputMoments& input,
                   double epsilon, const GradientSums& sums, ConvolutionAndNorm<S>& gradients,
                   Correction& correction) {
  const std::size_t outputs = norm.mean.size(), taps = sums.products.size() / outputs;
  const bool batch = norm.count > 0;
  correction.weight.assign(taps * taps, 0);
  correction.bias.assign(taps, 0);
  for (std::size_t o = 0; o < outputs; ++o) {
    const S* w = layer.weight.data() + o * taps;
    const double* product = sums.products.data() + o * taps;
    const double g = sums.gradient[o], inverse = 1 / std::sqrt(norm.variance[o] + epsilon);
    const double scale = static_cast<double>(layer.norm_weight[o]) * inverse;
    // g times the output less its mean, summed
    double spread = batch ? 0 : (static_cast<double>(layer.bias[o]) - norm.mean[o]) * g;
    for (std::size_t t = 0; t < taps; ++t)
      spread = fma(static_cast<double>(w[t]), product[t] - (batch ? input.mean[t] * g : 0), spread);
    accumulate(gradients.norm_weight[o], spread * inverse);
    accumulate(gradients.norm_bias[o], g);
    if (!batch) accumulate(gradients.bias[o], scale * g);  // otherwise the mean takes it away
    const double share = spread * inverse * inverse;
    for (std::size_t t = 0; t < taps; ++t) {
      if (!batch) {
        accumulate(gradients.weight[o * taps + t], scale * product[t]);
        continue;
      }
      double row = 0;
      const double here = scale * static_cast<double>(w[t]) / norm.count;
      for (std::size_t u = 0; u < taps; ++u) {
        row = fma(static_cast<double>(w[u]), input.covariance[t * taps + u], row);
        double& weight = correction.weight[t * taps + u];
        weight = fma(here * share, static_cast<double>(w[u]), weight);
      }
      accumulate(gradients.weight[o * taps + t], scale * (product[t] - input.mean[t] * g - share * row));
      correction.bias[t] = fma(here, g, correction.bias[t]);
    }
  }
  for (std::size_t t = 0; t < correction.bias.size() && batch; ++t) {
    for (std::size_t u = 0; u < taps; ++u)
      correction.bias[t] = fma(-correction.weight[t * taps + u], input.mean[u], correction.bias[t]);
  }
}

}  // namespace dht::detail
