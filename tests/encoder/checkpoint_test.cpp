// SPDX-License-Identifier: MIT
// Numbers in the metadata of checkpoints: what is taken, what is refused, whatever the program's locale.
#include <string>

#include <dht/encoder/checkpoint.hpp>

#include "kit/catch.hpp"

TEST_CASE("Numbers in metadata are read to the last bit") {
  const auto parsed = [](const std::string& text) { return dht::detail::parse_number(text, "f", "mean"); };
  CHECK(parsed("0.485") == 0.485);
  CHECK(parsed("-1e-5") == -1e-5);
  CHECK(parsed("5") == 5);
  CHECK(parsed("0.1000000000000000055511151231257827") == 0.1);
}

TEST_CASE("What is no number in metadata is refused") {
  for (const std::string text : {"", " 1", "1 ", "0.5x", "1e999", "nan", "inf", "0;5", "one"}) {
    std::string said;
    try {
      dht::detail::parse_number(text, "f", "mean");
    } catch (const dht::Error& error) {
      said = error.what();
    }
    CHECK(said == "f: metadata \"mean\" is \"" + text + "\"; must be numbers");
  }
}
