// SPDX-License-Identifier: MIT
// segment IMAGE_DIR --labels DIR: a vision transformer on regions learns what every region shows.
#include "common/options.hpp"
#include "common/segmentation.hpp"

int main(int argc, char** argv) {
  const char* const name = "segment";
  int code = 0;
  const int failed = dht::examples::run_program(name, [&] {
    const auto options = dht::examples::parse_segment_options(
        argc, argv, name, "Trains a vision transformer on pictures and the class of every pixel.");
    if (options) code = dht::examples::segment(name, *options);
  });
  return failed != 0 ? failed : code;
}
