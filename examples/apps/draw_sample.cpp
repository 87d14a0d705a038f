// SPDX-License-Identifier: MIT
// draw_sample [--size N] [FILE]: writes the picture that the project brings along.
#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>

#include "common/command_line.hpp"
#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/sample_picture.hpp"

namespace {

constexpr std::string_view usage =
    "usage: draw_sample [--size N] [FILE]\n"
    "Draws a lake in the mountains, N x N pixels (default 512), into FILE (default sample.png).\n";

void run(const std::vector<std::string>& arguments) {
  int size = 512;
  std::string file;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::cout << usage;
      return;
    }
    if (argument == "--size") {
      DHT_EXPECTS(i + 1 < arguments.size(), "--size: has no number");
      const std::string& number = arguments[++i];
      const char* end = number.data() + number.size();
      const auto [stop, error] = std::from_chars(number.data(), end, size);
      DHT_EXPECTS(error == std::errc() && stop == end, "--size: is ", number, "; must be a number of pixels");
    } else {
      DHT_EXPECTS(argument.empty() || argument[0] != '-', argument, ": is no option; see draw_sample --help");
      DHT_EXPECTS(file.empty(), argument, ": is a second file; only one is written");
      DHT_EXPECTS(!argument.empty(), "FILE: is empty; must be a name");
      file = argument;
    }
  }
  if (file.empty()) file = "sample.png";
  dht::examples::check_range("--size", size, 1, 8192);
  dht::examples::write_png(file, dht::examples::sample_picture(size));
  std::cout << file << ": " << size << " x " << size << " pixels\n";
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("draw_sample", [&] { run({argv + 1, argv + argc}); });
}
