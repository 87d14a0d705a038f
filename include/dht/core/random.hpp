// SPDX-License-Identifier: MIT
// Random numbers that can be asked for by their place: the same on every machine, none depends on those before.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

namespace dht {

/// A stream of random numbers (SplitMix64; Steele, Lea and Flood, 2014) that begins at a place of its own for every seed
/// and every list of counters: `Random(seed, step, position)` is what happens at that step and position, whatever was
/// drawn elsewhere, in any order and on any thread. So the state of all randomness of a program is what it has counted.
class Random {
 public:
  template <std::integral... Counters>
  explicit Random(std::uint64_t seed, Counters... counters) : state_(mixed(seed)) {
    ((state_ = mixed(state_ ^ mixed(static_cast<std::uint64_t>(counters) + step))), ...);
  }

  /// 64 random bits.
  std::uint64_t bits() { return mixed(state_ += step); }
  /// 0 to end - 1, for end >= 1 far below 2^64.
  std::uint64_t below(std::uint64_t end) { return bits() % end; }
  /// [low, high)
  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  bool chance(double probability) { return uniform() < probability; }

  /// 0 to size - 1 in random order (Fisher and Yates).
  std::vector<std::uint32_t> permutation(std::uint32_t size) {
    std::vector<std::uint32_t> order(size);
    for (std::uint32_t i = 0; i < size; ++i) order[i] = i;
    for (std::uint32_t i = size; i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    return order;
  }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;

  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace dht
