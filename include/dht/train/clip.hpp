// SPDX-License-Identifier: MIT
// Gradients that are too long are made shorter.
#pragma once

#include <cmath>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

/// The Euclidean norm of all numbers of all tensors together, summed in double in the order of the list.
template <class S>
double global_norm(const ParameterList<S>& list) {
  double sum = 0;
  for (const Parameter<S>& p : list) {
    for (const S value : p.values) sum = fma(static_cast<double>(value), static_cast<double>(value), sum);
  }
  return std::sqrt(sum);
}

/// Scales all gradients together so that their norm is at most `longest`, which may be infinite. Returns the norm
/// before. Where that is not finite, nothing is changed: the caller must look at it.
template <class S>
double clip_by_global_norm(const ParameterList<S>& gradients, double longest) {
  DHT_EXPECTS(longest > 0, "longest: is ", longest, "; must be above 0");
  const double norm = global_norm(gradients);
  if (!std::isfinite(norm) || norm <= longest) return norm;
  const double scale = longest / norm;
  for (const Parameter<S>& p : gradients) {
    for (S& value : p.values) value = static_cast<S>(value * scale);
  }
  return norm;
}

}  // namespace dht
