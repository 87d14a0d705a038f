// SPDX-License-Identifier: MIT
// Pre-training: a folder of pictures becomes weights of the encoder.
#pragma once

#include <string>

#include "pretrain_options.hpp"

namespace dht::examples {

/// Trains as `options` say and writes weights.safetensors, pretrain.csv, curve.svg and, on the way, checkpoint.safetensors.
/// Prints to stdout how it goes, unless it is to be quiet.
///
/// A picture that cannot be read is named on stderr behind `program` and left out. Returns the exit code: 0, or 128 and the
/// signal where SIGINT or SIGTERM ended it, which leaves a checkpoint. Throws dht::Error for a folder without pictures, a
/// checkpoint that cannot be used, results that cannot be written, and a loss or a gradient that is not finite; the last good
/// checkpoint then stays as it is.
int pretrain(const std::string& program, const PretrainOptions& options);

}  // namespace dht::examples
