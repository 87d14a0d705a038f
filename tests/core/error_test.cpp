// SPDX-License-Identifier: MIT
// Sentences of errors: the same numbers in every locale.
#include <limits>
#include <locale>
#include <sstream>
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

TEST_CASE("numbers in errors are written as streams write them") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  for (const double number :
       {0.0, -0.0, 0.1, -2.5, 1e-7, 100000.0, 999999.5, 1e20, -1.23456789e-300, 123456.789,
        std::numeric_limits<double>::max(), infinity, -infinity, not_a_number}) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream << number;
    CHECK(dht::detail::text_of({number}) == stream.str());
  }
  CHECK(dht::detail::text_of({std::numeric_limits<long long>::min(), ' ', ~0ull, " ", 0.1f}) ==
        "-9223372036854775808 18446744073709551615 0.1");
}
