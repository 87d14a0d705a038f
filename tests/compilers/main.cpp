// SPDX-License-Identifier: MIT
// Calls every public function of the library and prints a number for what came back.
#include <cstdio>

#include "calls.hpp"

int main() {
  calls::Results results;
  calls::call_regions(results);
  calls::call_tokens(results);
  calls::call_learning(results);
  calls::call_drawings(results);
  calls::call_files(results);
  std::printf("%016llx\n", static_cast<unsigned long long>(results.value()));
}
