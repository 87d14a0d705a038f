// SPDX-License-Identifier: MIT
// tokenize_folder DIR: the tokens of every photo of a folder as label maps, and a table of how many they are.
#include "common/folder_tokenizer.hpp"
#include "common/options.hpp"

int main(int argc, char** argv) {
  const char* const name = "tokenize_folder";
  int broken = 0;
  const int failed = dht::examples::run_program(name, [&] {
    const auto options = dht::examples::parse_folder_options(
        argc, argv, name, "Turns all photos of a folder into tokens: a label map each, and a table.");
    if (options) broken = dht::examples::tokenize_folder(name, *options);
  });
  return failed != 0 ? failed : broken;
}
