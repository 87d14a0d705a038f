// SPDX-License-Identifier: MIT
// Lists of parameters in files: there and back, and what a file lacks or has too much is named.
#include <string>
#include <vector>

#include <dht/io/parameters.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

using dht::ParameterList;
using dht::SafeTensors;
using dht::SafeTensorsWriter;
using dht::test::error_of;

TEMPLATE_TEST_CASE("parameters: what was written is read", "[io]", float, double) {
  using S = TestType;
  std::vector<S> a{S(0.1), S(-2), S(3)}, b{S(1e-30)};
  const ParameterList<S> list{{"a.weight", {3, 1}, a}, {"b", {1}, b}};
  SafeTensorsWriter writer;
  dht::add_parameters(writer, list, "p.");
  const SafeTensors file = SafeTensors::from_bytes(writer.bytes(), "file");
  std::vector<S> c(3), d(1);
  const ParameterList<S> other{{"a.weight", {3, 1}, c}, {"b", {1}, d}};
  dht::read_parameters(file, other, "p.");
  CHECK(a == c);
  CHECK(b == d);
  dht::check_nothing_left_over(file, other, "p.");
}

TEST_CASE("parameters: missing, left over or of another shape, nothing is changed", "[io]") {
  std::vector<float> a{1, 2, 3}, b{4}, zero_a(3), zero_b(1);
  SafeTensorsWriter writer;
  dht::add_parameters(writer, ParameterList<float>{{"a", {3}, a}, {"b", {1}, b}}, "p.");
  writer.add("other", {1}, b);
  const SafeTensors file = SafeTensors::from_bytes(writer.bytes(), "file");
  const auto read = [&](const ParameterList<float>& list) {
    return error_of([&] { dht::read_parameters(file, list, "p."); });
  };
  CHECK(read({{"a", {3}, zero_a}, {"c", {1}, zero_b}}).starts_with("file: has no tensor p.c; nearest: "));
  CHECK(zero_a == std::vector<float>(3));
  CHECK(read({{"a", {3, 1}, zero_a}}) == "file: p.a: has shape [3], must be [3, 1]");
  CHECK(read({{"a", {3}, zero_b}}) == "parameters: a has 1 numbers; must have 3 for its shape");
  const ParameterList<float> half{{"a", {3}, zero_a}};
  CHECK(read(half) == "(no error)");
  CHECK(error_of([&] { dht::check_nothing_left_over(file, half, "p."); }) ==
        "file: has a tensor p.b, which does not belong to what is read");
}
