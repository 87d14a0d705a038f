// SPDX-License-Identifier: MIT
// The command line of `pretrain`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dht::examples {

/// What a user asked for. What is absent was not given.
struct PretrainOptions {
  std::filesystem::path folder, output;
  std::optional<std::filesystem::path> validation, weights;
  std::optional<std::int64_t> epochs, steps;        ///< one of the two, or 10 epochs
  int batch = 16, side = 224;                       ///< images a step, and their height and width
  std::vector<std::int64_t> tokens{128, 196, 400};  ///< each step has one of these numbers of tokens an image
  double learning_rate = 0.0005, weight_decay = 0.01, clip = 1;
  std::optional<std::int64_t> warm_up;  ///< steps; a tenth of all, at most 500
  std::optional<int> features;          ///< the weights' own, or 8
  std::optional<double> compactness;    ///< the weights' own, or 0.01
  std::string start = "opponent";
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: one per core
  bool resume = false, quiet = false;
  std::int64_t save_every = 100, validate_every = 500;  ///< steps
  std::int64_t kept_bytes = std::int64_t{2} << 30;      ///< decoded pictures in memory, each folder
};

/// Reads and checks the command line. Nothing is returned where `--help` or `--version` was answered. Throws dht::Error,
/// naming the option, for everything that cannot be done.
std::optional<PretrainOptions> parse_pretrain_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description);

}  // namespace dht::examples
