// SPDX-License-Identifier: MIT
// Files with different compiler flags in one program: each has loops of its own; views and errors go from one to another.
#define DHT_TEST_FILE "this"
#include "targets/targets.hpp"

#include <string>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

using namespace dht::test;

TEST_CASE("targets: the linker gives no file the loops of another", "[targets]") {
  if (!DHT_DISPATCH) DHT_TEST_SKIP("all files of this build are compiled for one instruction set");
  CHECK(loop_of_this_file() == std::string("this"));
  CHECK(loop_of_other_file() == std::string("other"));
}

TEST_CASE("targets: views and errors are the same everywhere", "[targets]") {
  CHECK(error_of([] { check_in_other_file({}); }).find("image: ") == 0);
}
