// SPDX-License-Identifier: MIT
// The command line of `pretrain`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training_options.hpp"

namespace dht::examples {

/// What a user asked for. What is absent was not given.
struct PretrainOptions : TrainingOptions {
  std::filesystem::path folder;
  std::optional<std::filesystem::path> validation, weights;
  std::vector<std::int64_t> tokens{128, 196, 400};  ///< each step has one of these numbers of tokens an image
  std::optional<int> features;                      ///< the weights' own, or 8
  std::optional<double> compactness;                ///< the weights' own, or 0.01
  std::string start = "opponent";
};

/// Reads and checks the command line. Nothing is returned where `--help` or `--version` was answered. Throws dht::Error,
/// naming the option, for everything that cannot be done.
std::optional<PretrainOptions> parse_pretrain_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description);

}  // namespace dht::examples
