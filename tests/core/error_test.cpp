// SPDX-License-Identifier: MIT
// Sentences of errors: the same numbers in every locale.
#include <locale>
#include <string>

#include <dht/core/error.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

namespace {

/// 1.234.567,5
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("numbers in errors have a point and no groups, whatever the locale of the program") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  const std::string error = dht::test::error_of(
      [] { DHT_EXPECTS(false, "image: has ", 1234567, " pixels; must have ", 0.5, " to ", 65536L); });
  std::locale::global(before);
  CHECK(error == "image: has 1234567 pixels; must have 0.5 to 65536");
}
