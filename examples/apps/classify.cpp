// SPDX-License-Identifier: MIT
// classify TRAIN_DIR: a vision transformer on square patches learns the classes of a folder of folders.
#include "common/class_training.hpp"
#include "common/options.hpp"

int main(int argc, char** argv) {
  const char* const name = "classify";
  int code = 0;
  const int failed = dht::examples::run_program(name, [&] {
    const auto options = dht::examples::parse_classify_options(
        argc, argv, name, "Trains a vision transformer on a folder of pictures for each class.");
    if (options) code = dht::examples::classify(name, *options);
  });
  return failed != 0 ? failed : code;
}
