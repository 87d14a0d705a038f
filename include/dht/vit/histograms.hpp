// SPDX-License-Identifier: MIT
// Where the pixels of a token lie in the image, and how the image changes there, as histograms (method, section 8).
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/core/config.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/tokens.hpp>

namespace dht::detail {

/// The bin of a derivative between -1 and 1: floor(bins (value + 1) / 2), values clipped so that 1 is in the last one.
template <class S>
int gradient_bin(S value, int bins) {
  const double most = 1 - 1e-7;
  return static_cast<int>(bins * (std::clamp(static_cast<double>(value), -most, most) + 1) / 2);
}

/// Writes the columns behind the pixels: the position histogram, then, where the configuration has it, that of the
/// gradients; counts divided by size (bins / 32)^2. Each image is counted by one thread.
template <class S, class Config, class Backend>
void add_histograms(const Backend& backend, const Tokens<S>& tokens, const Config& config,
                    const S* image_gradients, const MatrixView<S>& out) {
  const int q = config.position, p = config.patch;
  const std::int64_t first = config.pixels(), second = first + std::int64_t{q} * q,
                     plane = std::int64_t{tokens.height} * tokens.width;
  backend.for_range(tokens.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int32_t from = tokens.begin[static_cast<std::size_t>(b)],
                         to = tokens.begin[static_cast<std::size_t>(b) + 1];
      for (std::int32_t t = from; t < to; ++t) std::fill(out.row(t) + first, out.row(t) + out.columns, S(0));
      const LabelView labels = tokens.labels(static_cast<int>(b));
      const S* const changes = image_gradients == nullptr ? nullptr : image_gradients + 2 * b * plane;
      for (std::int64_t y = 0; y < tokens.height; ++y) {
        const std::int64_t row = q * y / tokens.height * q;
        for (std::int64_t x = 0; x < tokens.width; ++x) {
          const std::int32_t token = labels(static_cast<int>(y), static_cast<int>(x));
          if (token < 0) continue;
          out.row(token)[first + row + q * x / tokens.width] += 1;
          if (changes == nullptr) continue;
          const std::int64_t at = y * tokens.width + x;
          out.row(token)[second + gradient_bin(changes[at], p) * p + gradient_bin(changes[at + plane], p)] +=
              1;
        }
      }
      for (std::int32_t t = from; t < to; ++t) {
        const double size = tokens.size[static_cast<std::size_t>(t)];
        const auto scale = [&](std::int64_t i, std::int64_t n, int bins) {
          const double share = 1024 / (size * bins * bins);
          for (S* at = out.row(t) + i; n > 0; --n, ++at)
            *at = static_cast<S>(static_cast<double>(*at) * share);
        };
        scale(first, second - first, q);
        scale(second, out.columns - second, p);
      }
    }
  });
}

}  // namespace dht::detail
