// SPDX-License-Identifier: MIT
// The command line of `tokenize` and `vectorize`, and the one way in which the programs fail.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace dht::examples {

/// What a user asked for. What is absent was not given: the checkpoint, or the library, has a default.
struct Options {
  std::filesystem::path photo;
  std::filesystem::path output;  ///< default: a folder in the working directory, named after the photo
  std::optional<std::filesystem::path> weights;
  std::optional<std::int64_t> tokens;
  std::optional<std::string> selection;  ///< best-ancestor or optimal-cut
  std::optional<std::string> criterion;  ///< aic, aicc, bic, cic
  std::optional<double> iota;
  std::optional<double> compactness;
  std::optional<double> penalty;
  std::string similarity = "gaussian";  ///< gaussian, laplacian, cauchy, cosine
  double bandwidth = 1;
  int threads = 0;  ///< 0: one per core
  bool quiet = false;
};

/// "dht 0.1.0".
std::string version();

/// Reads and checks the command line of the program `name`. Nothing is returned where `--help` or `--version` was
/// answered. Throws dht::Error, naming the option, for everything that cannot be done.
std::optional<Options> parse_options(int argc, char** argv, const std::string& name,
                                     const std::string& description);

/// Runs a program. Whatever it throws becomes one line on stderr and exit code 2.
int run_program(const std::string& name, const std::function<void()>& body);

}  // namespace dht::examples
