// SPDX-License-Identifier: MIT
// The command lines of `classify` and `retrofit`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "training_options.hpp"

namespace dht::examples {

/// What both are asked for.
struct ClassOptions : TrainingOptions {
  std::filesystem::path folder;
  std::optional<std::filesystem::path> validation, test;
  double smoothing = 0.1;   ///< share of a target that is spread over all classes
  double least_area = 0.4;  ///< of a picture's area that a crop shows at least
};

/// Of `classify`.
struct ClassifyOptions : ClassOptions {
  int patch = 16, width = 192, depth = 6;
  std::optional<int> heads;  ///< or one for each 32 channels
  double drop_path = 0;
};

/// Of `retrofit`.
struct RetrofitOptions : ClassOptions {
  std::filesystem::path model;
  std::optional<std::int64_t> tokens;  ///< or as many as the model has squares
  std::optional<std::filesystem::path> weights;
  std::optional<double> position;
  double lambda = 1;
  bool squares = false;  ///< none of this: go on with squares
  bool learn_features = false;
  double feature_rate = 0.1;
};

/// Read and check the command line. Nothing is returned where `--help` or `--version` was answered. Throw dht::Error, naming the
/// option, for everything that cannot be done.
std::optional<ClassifyOptions> parse_classify_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description);
std::optional<RetrofitOptions> parse_retrofit_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description);

}  // namespace dht::examples
