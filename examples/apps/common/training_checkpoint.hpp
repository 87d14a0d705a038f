// SPDX-License-Identifier: MIT
// The file from which an interrupted training goes on as if it had not been interrupted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <dht/train/optimiser.hpp>

#include "learner.hpp"
#include "training_log.hpp"

namespace dht::examples {

/// All that a step changes.
struct TrainingState {
  Learner& learner;
  std::vector<AdamW<float>>& optimisers;  ///< one for each of the learner's groups
  TrainingLog& log;
};

/// Writes a checkpoint of `program` whole or not at all; it is on the disk when this returns. It is also a file of weights.
void save_checkpoint(const std::filesystem::path& path, const std::string& program, TrainingState state,
                     const TrainingSettings& settings);

/// Reads what `save_checkpoint` has written. Throws dht::Error, naming the file, when it is damaged, none of the program's,
/// or made with other settings.
void restore_checkpoint(const std::filesystem::path& path, const std::string& program, TrainingState state,
                        const TrainingSettings& settings);

/// Writes the weights for other programs.
void save_weights(const std::filesystem::path& path, Learner& learner);

}  // namespace dht::examples
