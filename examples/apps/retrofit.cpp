// SPDX-License-Identifier: MIT
// retrofit TRAIN_DIR --model FILE: a vision transformer of square patches learns to read regions instead.
#include "common/class_training.hpp"
#include "common/options.hpp"

int main(int argc, char** argv) {
  const char* const name = "retrofit";
  int code = 0;
  const int failed = dht::examples::run_program(name, [&] {
    const auto options = dht::examples::parse_retrofit_options(
        argc, argv, name,
        "Replaces the square patches of a model of classify by regions, and goes on training it.");
    if (options) code = dht::examples::retrofit(name, *options);
  });
  return failed != 0 ? failed : code;
}
