// SPDX-License-Identifier: MIT
// weights_to_header FILE.safetensors HEADER.hpp: a checkpoint becomes the weights that the library brings.
#include <charconv>
#include <filesystem>
#include <iostream>
#include <string>

#include <dht/core/error.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/io/file.hpp>

#include "common/options.hpp"

namespace {

/// The shortest text that is read back as the same number.
std::string text_of(float value) {
  char text[32];
  std::string number(text, std::to_chars(text, text + sizeof text, value).ptr);
  if (number.find_first_of(".e") == std::string::npos) number += '.';
  return number + 'f';
}

/// All tensors one after the other, in the order in which include/dht/encoder/pretrained.hpp reads them.
std::string header_of(dht::Checkpoint<float>& weights) {
  std::string text =
      "// SPDX-License-Identifier: MIT\n"
      "// Made by examples/apps/train_weights.sh, which see; not to be changed by hand.\n"
      "#pragma once\n\nnamespace dht::detail {\n\n"
      "inline constexpr int pretrained_channels = " +
      std::to_string(weights.encoder.channels) +
      ", pretrained_features = " + std::to_string(weights.encoder.features) +
      ";\n// clang-format off\ninline constexpr float pretrained_values[] = {\n";
  for (const auto& list : {dht::parameters(weights.encoder), dht::running_statistics(weights.encoder),
                           dht::parameters(weights.projection)}) {
    for (const dht::Parameter<float>& tensor : list) {
      text += "    // " + tensor.name + "\n";
      std::string line = "   ";
      for (const float value : tensor.values) {
        if (line.size() > 95) text += line + '\n', line = "   ";
        line += ' ' + text_of(value) + ',';
      }
      text += line + '\n';
    }
  }
  return text + "};\n// clang-format on\n\n}  // namespace dht::detail\n";
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("weights_to_header", [&] {
    DHT_EXPECTS(argc == 3, "usage: weights_to_header FILE.safetensors HEADER.hpp");
    auto weights = dht::load_checkpoint<float>(argv[1]);
    const std::string file = dht::detail::file_name(argv[1]);
    DHT_EXPECTS(weights.encoder.mean.empty(), file, ": wants normalised images; must take them as they are");
    DHT_EXPECTS(weights.projection.outputs == weights.encoder.channels, file, ": linear has ",
                weights.projection.outputs, " outputs; must have ", weights.encoder.channels);
    dht::write_file(argv[2], header_of(weights));
    std::cout << argv[2] << " holds the weights of " << file << ".\n";
  });
}
