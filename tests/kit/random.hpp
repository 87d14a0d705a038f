// SPDX-License-Identifier: MIT
// Random numbers that are the same on every platform (the distributions of the standard library are not), and patterns.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kit/error_of.hpp"

namespace dht::test {

/// SplitMix64 (Steele, Lea and Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0 to end - 1
  int below(int end) { return static_cast<int>(bits() % static_cast<std::uint64_t>(end)); }
  /// [low, high)
  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::uint64_t state_;
};

enum class Pattern { constant, checkerboard, noise, gradient, blobs, stripes };
inline constexpr Pattern all_patterns[] = {Pattern::constant, Pattern::checkerboard, Pattern::noise,
                                           Pattern::gradient, Pattern::blobs,        Pattern::stripes};

inline const char* name_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::constant:
      return "constant";
    case Pattern::checkerboard:
      return "checkerboard";
    case Pattern::noise:
      return "noise";
    case Pattern::gradient:
      return "gradient";
    case Pattern::blobs:
      return "blobs";
    default:
      return "stripes";
  }
}

/// Planes (batch, channels, height, width) of numbers between 0 and 1.
inline std::vector<double> planes(Pattern pattern, int batch, int channels, int height, int width,
                                  Random& random) {
  std::vector<double> out;
  for (int b = 0; b < batch; ++b) {
    const int cell = 2 + random.below(5), seed = random.below(1000);
    for (int c = 0; c < channels; ++c) {
      const double low = random.uniform(0, 0.5), high = random.uniform(0.5, 1);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          double v = low;
          switch (pattern) {
            case Pattern::constant:
              break;
            case Pattern::checkerboard:
              v = (y + x) % 2 ? low : high;
              break;
            case Pattern::noise:
              v = random.uniform();
              break;
            case Pattern::gradient:
              v = low + (high - low) * (y + 2 * x + 1) / (height + 2 * width);
              break;
            case Pattern::stripes:
              v = x / cell % 2 ? low : high;
              break;
            case Pattern::blobs: {
              // Cells of one colour each, with a little noise on top: what photos are made of.
              Random cells(static_cast<std::uint64_t>((y / cell * 7919 + x / cell) * 31 + seed + 7 * c));
              v = 0.9 * cells.uniform() + 0.05 * random.uniform();
              break;
            }
          }
          out.push_back(v);
        }
      }
    }
  }
  return out;
}

template <class To, class From>
std::vector<To> converted(const From& values) {
  std::vector<To> out;
  out.reserve(values.size());
  for (const auto& v : values) out.push_back(static_cast<To>(v));
  return out;
}

}  // namespace dht::test
