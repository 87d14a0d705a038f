// SPDX-License-Identifier: MIT
// The program `segment`.
#pragma once

#include <string>

#include "segment_options.hpp"

namespace dht::examples {

/// Trains a dense head, and the transformer below it, on pictures with label maps, and writes model.safetensors, results.csv,
/// confusion.svg, drawings/ and what TrainingRun writes. Returns the exit code and throws as that does; also for label maps
/// that do not fit, see LabelledImages.
int segment(const std::string& program, const SegmentOptions& options);

}  // namespace dht::examples
