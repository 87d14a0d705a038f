// SPDX-License-Identifier: MIT
// The command line of `segment`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "training_options.hpp"

namespace dht::examples {

/// What a user asked for. What is absent was not given.
struct SegmentOptions : TrainingOptions {
  std::filesystem::path folder, labels;
  std::optional<std::filesystem::path> validation, validation_labels;
  std::optional<std::filesystem::path> model;  ///< to begin with
  std::optional<std::filesystem::path> weights;
  std::optional<double> position;
  int classes = 0;                       ///< 0: as many as the label maps have
  int ignored = 255;                     ///< the number of pixels of no known class
  std::int64_t tokens = 196;             ///< regions of an image
  int patch = 8, width = 96, depth = 4;  ///< of a new model
  int blocks = 2;                        ///< how many of the last blocks the head sees
  double focal = 0;                      ///< gamma; 0: cross entropy
  double least_area = 0.4;               ///< of a picture's area that a crop shows at least
  int drawings = 8;                      ///< pictures that are drawn in the end
};

/// Reads and checks the command line. Nothing is returned where `--help` or `--version` was answered. Throws dht::Error,
/// naming the option, for everything that cannot be done.
std::optional<SegmentOptions> parse_segment_options(int argc, char** argv, const std::string& name,
                                                    const std::string& description);

}  // namespace dht::examples
