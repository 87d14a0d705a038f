// SPDX-License-Identifier: MIT
// What transformers begin with: small random weights, the same ones for the same seed on every machine.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include <dht/core/math.hpp>
#include <dht/core/random.hpp>
#include <dht/nn/linear.hpp>

namespace dht {

namespace detail {

/// Numbers from a normal distribution with mean 0, none more than two deviations away. By rejection from a box, so that
/// only `exp` of the library decides: the same on every machine.
template <class S>
std::vector<S> normal_values(std::int64_t count, double deviation, Random random) {
  std::vector<S> values;
  values.reserve(static_cast<std::size_t>(count));
  while (static_cast<std::int64_t>(values.size()) < count) {
    const double x = random.uniform(-2, 2);
    if (random.uniform() < exp(-0.5 * x * x)) values.push_back(static_cast<S>(deviation * x));
  }
  return values;
}

}  // namespace detail

/// A linear map with weights of a truncated normal distribution of deviation 0.02, and biases 0; which numbers depends on
/// the seed and the place.
template <class S, std::integral... Place>
Linear<S> initial_map(int inputs, int outputs, std::uint64_t seed, Place... place) {
  return {inputs, outputs,
          detail::normal_values<S>(std::int64_t{inputs} * outputs, 0.02, Random(seed, place...)),
          std::vector<S>(static_cast<std::size_t>(outputs), S(0))};
}

}  // namespace dht
