// SPDX-License-Identifier: MIT
// Parts of pictures for training: drawn at random, or the middle, and made as large as wanted.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/random.hpp>

namespace dht {

/// A rectangle of a picture, in pixels; it may begin and end within one.
struct Crop {
  double top = 0, left = 0, height = 0, width = 0;
  bool is_mirrored = false;
};

namespace detail {

/// Which samples of a line make each of the new ones, and how much of each.
struct ResamplingTaps {
  std::vector<int> first, count;
  std::vector<float> weight;  ///< `most` for each new sample
  int most = 0;

  /// `samples` samples of the part of a line of `length` that begins at `from` and is `extent` long.
  ResamplingTaps(double from, double extent, int samples, int length) {
    const double step = extent / samples, reach = std::max(step, 1.0);
    most = static_cast<int>(std::ceil(2 * reach)) + 1;
    weight.assign(static_cast<std::size_t>(samples) * static_cast<std::size_t>(most), 0.0f);
    for (int i = 0; i < samples; ++i) {
      const double centre = from + (i + 0.5) * step;
      const int low = std::max(static_cast<int>(std::floor(centre - reach)), 0),
                high = std::min({static_cast<int>(std::ceil(centre + reach)), length, low + most});
      first.push_back(low);
      count.push_back(high - low);
      normalise(centre, reach, &weight[static_cast<std::size_t>(i) * static_cast<std::size_t>(most)]);
    }
  }

  const float* weights_of(int i) const {
    return weight.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(most);
  }

 private:
  void normalise(double centre, double reach, float* to) const {
    double sum = 0;
    const auto share = [&](int k) {
      return std::max(0.0, 1 - std::abs(first.back() + k + 0.5 - centre) / reach);
    };
    for (int k = 0; k < count.back(); ++k) sum += share(k);
    for (int k = 0; k < count.back(); ++k) to[k] = static_cast<float>(share(k) / sum);
  }
};

/// One row of the picture with the columns of `taps`: `width` x 3 numbers.
DHT_INLINE void resample_row(const std::uint8_t* row, const ResamplingTaps& taps, int width, float* out) {
  for (int x = 0; x < width; ++x) {
    const auto i = static_cast<std::size_t>(x);
    const float* weight = taps.weights_of(x);
    float sum[3] = {0, 0, 0};
    for (int k = 0; k < taps.count[i]; ++k) {
      const std::uint8_t* pixel = row + 3 * std::ptrdiff_t{taps.first[i] + k};
      for (int c = 0; c < 3; ++c) sum[c] = fma(weight[k], static_cast<float>(pixel[c]), sum[c]);
    }
    for (int c = 0; c < 3; ++c) out[3 * x + c] = sum[c];
  }
}

/// The rows of the part that are needed, and then the columns.
DHT_INLINE void resample_by(const Picture& picture, const ResamplingTaps& across, const ResamplingTaps& down,
                            bool mirrored, int height, int width, float* planes) {
  const int begin = down.first.front(), end = down.first.back() + down.count.back();
  const auto row_numbers = static_cast<std::size_t>(width) * 3;
  std::vector<float> rows(static_cast<std::size_t>(end - begin) * row_numbers), sum(row_numbers);
  for (int y = begin; y < end; ++y)
    resample_row(picture.pixel(y, 0), across, width,
                 rows.data() + static_cast<std::size_t>(y - begin) * row_numbers);
  const std::ptrdiff_t plane = std::ptrdiff_t{height} * width;
  for (int y = 0; y < height; ++y) {
    const auto i = static_cast<std::size_t>(y);
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (int k = 0; k < down.count[i]; ++k) {
      const float* row = rows.data() + static_cast<std::size_t>(down.first[i] + k - begin) * row_numbers;
      const float weight = down.weights_of(y)[k] / 255;
      for (std::size_t j = 0; j < row_numbers; ++j) sum[j] = fma(weight, row[j], sum[j]);
    }
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        planes[c * plane + std::ptrdiff_t{y} * width + (mirrored ? width - 1 - x : x)] =
            sum[static_cast<std::size_t>(3 * x + c)];
  }
}

}  // namespace detail

/// A part with `least_area` to all of the area, sides 3:4 to 4:3 (both evenly on a logarithmic scale), as far as the picture
/// has room for it, anywhere in it, and mirrored or not.
inline Crop random_crop(int height, int width, Random& random, double least_area = 0.25) {
  constexpr double widest = 4.0 / 3;
  const double area = exp(log(least_area) * random.uniform());
  const double slender = exp(log(widest) * random.uniform(-1, 1));  // width to height
  const double across = sqrt(area * height * width * slender), down = across / slender;
  // What has no room is made smaller with its shape kept.
  const double fit = std::min({1.0, width / across, height / down});
  Crop crop;
  crop.width = std::min(across * fit, static_cast<double>(width));
  crop.height = std::min(down * fit, static_cast<double>(height));
  crop.top = random.uniform() * (height - crop.height);
  crop.left = random.uniform() * (width - crop.width);
  crop.is_mirrored = random.chance(0.5);
  return crop;
}

/// The largest square in the middle.
inline Crop centre_crop(int height, int width) {
  const int side = std::min(height, width);
  return {(height - side) / 2.0, (width - side) / 2.0, double(side), double(side), false};
}

/// The part as `height` x `width` pixels: 3 planes of numbers from 0 to 1. Bilinear where it is enlarged; where it is made
/// smaller, the triangle is as wide as the step, so that nothing is left out and nothing flickers.
inline void resample(const Picture& picture, const Crop& crop, int height, int width, float* planes) {
  check(picture, "picture");
  DHT_EXPECTS(height >= 1 && width >= 1, "size: is ", height, " x ", width, "; must be at least 1 x 1");
  DHT_EXPECTS(crop.top >= 0 && crop.left >= 0 && crop.height > 0 && crop.width > 0 &&
                  crop.top + crop.height <= picture.height + 1e-6 &&
                  crop.left + crop.width <= picture.width + 1e-6,
              "crop: is ", crop.height, " x ", crop.width, " at ", crop.top, ", ", crop.left,
              "; must be within the ", picture.height, " x ", picture.width, " pixels of the picture");
  const detail::ResamplingTaps across(crop.left, crop.width, width, picture.width),
      down(crop.top, crop.height, height, picture.height);
  // Compiled for the best instruction set there is: the same numbers, but several times as fast.
  backend::Cpu().serial([&]() DHT_INLINE_LAMBDA {
    detail::resample_by(picture, across, down, crop.is_mirrored, height, width, planes);
  });
}

}  // namespace dht
