// SPDX-License-Identifier: MIT
// Random numbers for layers, and sums that reach every number of a result.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <dht/core/view.hpp>
#include <dht/nn/parameters.hpp>

#include "kit/random.hpp"

namespace dht::test {

/// n numbers from low to high.
inline std::vector<double> numbers(std::int64_t n, Random& random, double low = -1, double high = 1) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < n; ++i) v.push_back(random.uniform(low, high));
  return v;
}

/// Fills all parameters, so that none stays at a start that hides mistakes, as 0 and 1 do.
inline void randomise(const ParameterList<double>& list, Random& random, double size = 0.5) {
  for (const auto& p : list)
    for (double& v : p.values) v += random.uniform(-size, size);
}

template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t i = 0; i < std::size_t(a.size()); ++i) sum += double(a[i]) * double(b[i]);
  return sum;
}

/// A view of all numbers of a container, row by row.
template <class Numbers>
auto matrix(Numbers& numbers, int columns) {
  return MatrixView<std::remove_pointer_t<decltype(numbers.data())>>{
      numbers.data(), static_cast<std::int64_t>(numbers.size()) / columns, columns};
}

}  // namespace dht::test
