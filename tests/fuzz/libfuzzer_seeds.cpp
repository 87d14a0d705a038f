// SPDX-License-Identifier: MIT
// With libFuzzer: a harness whose first argument is --write writes its seeds into the folder that follows, and ends.
#include <cstdlib>
#include <cstring>

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerInitialize(const int* count, char*** arguments) {
  if (*count == 3 && std::strcmp((*arguments)[1], "--write") == 0) {
    dht::fuzz::write_seeds((*arguments)[2]);
    std::exit(0);
  }
  return 0;
}
