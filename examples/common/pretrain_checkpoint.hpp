// SPDX-License-Identifier: MIT
// The file from which an interrupted training goes on as if it had not been interrupted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <dht/train/optimiser.hpp>

#include "pretrain_model.hpp"
#include "training_log.hpp"

namespace dht::examples {

/// Settings on which the result depends, as a user knows them, with their values as text.
using PretrainSettings = std::vector<std::pair<std::string, std::string>>;

/// All that a step changes.
struct PretrainState {
  PretrainModel& model;
  AdamW<float>& optimiser;
  TrainingLog& log;
};

/// Writes a checkpoint whole or not at all; it is on the disk when this returns. It is also a file of weights.
void save_checkpoint(const std::filesystem::path& path, PretrainState state,
                     const PretrainSettings& settings);

/// Reads what `save_checkpoint` has written. Throws dht::Error, naming the file, when it is damaged, none of pretrain's, or
/// made with other settings.
void restore_checkpoint(const std::filesystem::path& path, PretrainState state,
                        const PretrainSettings& settings);

/// Writes the weights for other programs.
void save_weights(const std::filesystem::path& path, PretrainModel& model);

}  // namespace dht::examples
