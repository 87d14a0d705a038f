// SPDX-License-Identifier: MIT
// The main function of every test executable, compiled once. The seed is fixed: a run can be repeated.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char* argv[]) {
  Catch::Session session;
  session.configData().rngSeed = 20240601;
#ifdef CATCH_CONFIG_RUNNER
  // Version 2 calls a run without a test passed, version 3 does not.
  session.configData().warnings = Catch::WarnAbout::NoTests;
#endif
  return session.run(argc, argv);
}
