// SPDX-License-Identifier: MIT
// Catch2, version 2 or 3: tests are written with the names of version 3 (Catch::Approx, Catch::Matchers::ContainsSubstring).
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)

#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <catch2/matchers/catch_matchers_vector.hpp>

/// Leaves a test case that has nothing to work on here, and says why.
#define DHT_TEST_SKIP(why) SKIP(why)

#else

#include <string>

#include <catch2/catch.hpp>

namespace Catch {
using Detail::Approx;
namespace Matchers {
inline auto ContainsSubstring(const std::string& part,
                              CaseSensitive::Choice sensitivity = CaseSensitive::Yes) {
  return Contains(part, sensitivity);
}
}  // namespace Matchers
}  // namespace Catch

// Version 2 counts the test case as passed: it has no word for "skipped".
#define DHT_TEST_SKIP(why)    \
  do {                        \
    WARN("skipped: " << why); \
    return;                   \
  } while (false)

#endif
