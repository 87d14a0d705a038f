// SPDX-License-Identifier: MIT
// Vectors and arrays with indices of any type of integer.
#include <cstdint>
#include <type_traits>
#include <vector>

#include <dht/core/list.hpp>

#include "kit/catch.hpp"

TEST_CASE("A list is counted and read by signed and unsigned numbers") {
  const std::int64_t many = 5;
  dht::List<std::int32_t> list(many, 7);
  list[std::int32_t{2}] = 1;
  list[many - 1] = 2;
  list[std::size_t{0}] = 3;
  const dht::List<std::int32_t>& constant = list;
  CHECK(constant == std::vector<std::int32_t>{3, 7, 1, 7, 2});
  CHECK(constant[std::uint8_t{4}] == 2);
  CHECK(dht::List<double>(3).size() == 3);
  CHECK(dht::List<std::int32_t>(3, 4) == std::vector<std::int32_t>{4, 4, 4});
  CHECK(dht::List<std::int32_t>{3, 4} == std::vector<std::int32_t>{3, 4});
}

TEST_CASE("A list is made of a vector and given away as one") {
  dht::List<std::int32_t> list = std::vector<std::int32_t>{1, 2};
  std::vector<std::int32_t> vector = std::move(list);
  CHECK(vector == std::vector<std::int32_t>{1, 2});
  list = std::move(vector);
  CHECK(list.size() == 2);
  static_assert(!std::is_convertible_v<int, dht::List<int>>);
}

TEST_CASE("An array is read by signed numbers, also by the compiler") {
  constexpr dht::Array<int, 3> array{4, 5, 6};
  static_assert(array[-1 + 3] == 6);
  dht::Array<int, 3> other = array;
  other[std::int64_t{1}] = 9;
  CHECK(other == dht::Array<int, 3>{4, 9, 6});
}
