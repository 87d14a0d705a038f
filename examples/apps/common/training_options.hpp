// SPDX-License-Identifier: MIT
// What the command lines of all programs that train have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace CLI {
class App;
}

namespace dht::examples {

/// How to train. What is absent was not given.
struct TrainingOptions {
  std::filesystem::path output;
  std::optional<std::int64_t> epochs, steps;  ///< one of the two, or `default_epochs`
  std::int64_t default_epochs = 10;
  int batch = 16, side = 224;  ///< images a step, and their height and width
  double learning_rate = 0.0005, weight_decay = 0.01, clip = 1;
  std::optional<std::int64_t> warm_up;  ///< steps; a tenth of all, at most 500
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: one per core
  bool resume = false, quiet = false;
  std::int64_t save_every = 100;                    ///< steps
  std::int64_t validate_every = 500;                ///< steps; 0: once an epoch
  std::int64_t kept_bytes = std::int64_t{2} << 30;  ///< decoded pictures in memory, each folder
};

/// Adds all of them but the output to a command line; the defaults are those that `options` has.
void add_training_options(CLI::App& app, TrainingOptions& options);

/// `--output`, which must be given.
void add_training_output(CLI::App& app, TrainingOptions& options, const char* what);

/// Throws dht::Error, naming the option, for what cannot be.
void check_training_options(const TrainingOptions& options);

}  // namespace dht::examples
