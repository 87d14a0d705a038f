// SPDX-License-Identifier: MIT
// Vectors and arrays that take signed indices: numbers of regions, arcs and corners are signed, as labels are.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

namespace dht {

/// std::vector whose elements are counted and found by integers of any type.
template <class T>
class List : public std::vector<T> {
 public:
  using std::vector<T>::vector;
  List() = default;
  List(std::vector<T> values) : std::vector<T>(std::move(values)) {}
  explicit List(std::signed_integral auto count) : std::vector<T>(static_cast<std::size_t>(count)) {}
  List(std::signed_integral auto count, const T& value)
      : std::vector<T>(static_cast<std::size_t>(count), value) {}

  T& operator[](std::integral auto i) { return std::vector<T>::operator[](static_cast<std::size_t>(i)); }
  const T& operator[](std::integral auto i) const {
    return std::vector<T>::operator[](static_cast<std::size_t>(i));
  }
};

/// std::array whose elements are found by integers of any type.
template <class T, std::size_t count>
struct Array : std::array<T, count> {
  constexpr T& operator[](std::integral auto i) {
    return std::array<T, count>::operator[](static_cast<std::size_t>(i));
  }
  constexpr const T& operator[](std::integral auto i) const {
    return std::array<T, count>::operator[](static_cast<std::size_t>(i));
  }
};

}  // namespace dht
