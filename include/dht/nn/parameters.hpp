// SPDX-License-Identifier: MIT
// Parameters by name: the one list that optimisers, checkpoints and gradient checks go through.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <dht/core/error.hpp>

namespace dht {

/// A tensor that somebody else owns, under the name that it has in checkpoints.
template <class S>
struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<S> values;
};

/// The name and shape of a tensor, without the tensor.
struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
};
using ShapeList = std::vector<TensorShape>;

/// Gradients are held in the same structs as the parameters, so the list of one struct fits the list of the other,
/// element by element.
template <class S>
using ParameterList = std::vector<Parameter<S>>;

/// Throws dht::Error, naming the first parameter that differs, unless both lists have the same names and shapes in the
/// same order.
template <class S>
void check_same_parameters(const ParameterList<S>& a, const ParameterList<S>& b, const char* what) {
  DHT_EXPECTS(a.size() == b.size(), what, ": are ", b.size(), " tensors; must be ", a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    DHT_EXPECTS(
        a[i].name == b[i].name && a[i].shape == b[i].shape && a[i].values.size() == b[i].values.size(), what,
        ": tensor ", i, " is ", b[i].name, " with ", b[i].values.size(), " numbers; must be ", a[i].name,
        " with ", a[i].values.size());
  }
}

}  // namespace dht
