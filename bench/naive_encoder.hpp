// SPDX-License-Identifier: MIT
// The encoders as one writes them down first: a loop for each letter of the formula. Baselines.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <dht/core/view.hpp>
#include <dht/encoder/convolutional.hpp>

namespace dht::bench::naive {

/// Channels x height x width numbers.
struct Planes {
  int channels, height, width;
  std::vector<float> values;

  Planes(int c, int h, int w) : channels(c), height(h), width(w), values(std::size_t(c) * h * w) {}
  float& operator()(int c, int y, int x) { return values[(std::size_t(c) * height + y) * width + x]; }
  float operator()(int c, int y, int x) const { return values[(std::size_t(c) * height + y) * width + x]; }
};

inline float silu(float x) { return x / (1 + std::exp(-x)); }

/// A convolution whose stride is its side, and the batch normalisation behind it.
inline Planes convolution(const Planes& in, const ConvolutionAndNorm<float>& layer, int outputs, int side,
                          double epsilon) {
  Planes out(outputs, in.height / side, in.width / side);
  for (int o = 0; o < outputs; ++o)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        float sum = layer.bias[o];
        for (int c = 0, tap = o * in.channels * side * side; c < in.channels; ++c)
          for (int dy = 0; dy < side; ++dy)
            for (int dx = 0; dx < side; ++dx, ++tap)
              sum += layer.weight[tap] * in(c, y * side + dy, x * side + dx);
        out(o, y, x) = (sum - layer.running_mean[o]) / std::sqrt(layer.running_var[o] + float(epsilon)) *
                           layer.norm_weight[o] +
                       layer.norm_bias[o];
      }
  return out;
}

/// Bilinear, aligned corners.
inline Planes upsample(const Planes& in, int height, int width) {
  Planes out(in.channels, height, width);
  for (int c = 0; c < in.channels; ++c)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const float v = float(y) * float(in.height - 1) / float(height - 1);
        const float u = float(x) * float(in.width - 1) / float(width - 1);
        const int y0 = int(v), x0 = int(u), y1 = std::min(y0 + 1, in.height - 1),
                  x1 = std::min(x0 + 1, in.width - 1);
        const float b = v - float(y0), a = u - float(x0);
        out(c, y, x) = (1 - b) * ((1 - a) * in(c, y0, x0) + a * in(c, y0, x1)) +
                       b * ((1 - a) * in(c, y1, x0) + a * in(c, y1, x1));
      }
  return out;
}

/// f of the method; rows of features, pixel after pixel. Sides must be multiples of 4.
inline std::vector<float> encode(const ConvolutionalParameters<float>& p,
                                 const ImageView<const std::uint8_t>& image) {
  Planes in(p.channels, image.height, image.width);
  for (int c = 0; c < p.channels; ++c)
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x) {
        in(c, y, x) = float(image(0, c, y, x)) / 255;
        if (!p.mean.empty()) in(c, y, x) = (in(c, y, x) - float(p.mean[c])) / float(p.standard_deviation[c]);
      }
  const Planes fine = convolution(in, p.fine, p.features, 1, p.epsilon);
  Planes middle = convolution(in, p.middle, 4 * p.features, 2, p.epsilon);
  for (float& value : middle.values) value = silu(value);
  const Planes coarse =
      upsample(convolution(middle, p.coarse, p.features, 2, p.epsilon), in.height, in.width);
  std::vector<float> features;
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      for (int o = 0; o < p.features; ++o) features.push_back(silu(fine(o, y, x) + coarse(o, y, x)));
  return features;
}

/// CIELAB, divided by `unit`.
inline std::vector<float> encode_colour(const ImageView<const std::uint8_t>& image, float unit) {
  const auto curve = [](float t) { return t > 0.008856452f ? std::cbrt(t) : 7.787037f * t + 0.13793103f; };
  std::vector<float> features;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      float rgb[3];
      for (int c = 0; c < 3; ++c) {
        const float v = float(image(0, c, y, x)) / 255;
        rgb[c] = v > 0.04045f ? std::pow((v + 0.055f) / 1.055f, 2.4f) : v / 12.92f;
      }
      const float fx = curve(0.4339499f * rgb[0] + 0.3762098f * rgb[1] + 0.1898403f * rgb[2]);
      const float fy = curve(0.2126729f * rgb[0] + 0.7151522f * rgb[1] + 0.0721750f * rgb[2]);
      const float fz = curve(0.0177566f * rgb[0] + 0.1094680f * rgb[1] + 0.8727754f * rgb[2]);
      features.insert(features.end(),
                      {(116 * fy - 16) / unit, 500 * (fx - fy) / unit, 200 * (fy - fz) / unit});
    }
  return features;
}

}  // namespace dht::bench::naive
