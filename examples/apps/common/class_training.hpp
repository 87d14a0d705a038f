// SPDX-License-Identifier: MIT
// The programs `classify` and `retrofit`.
#pragma once

#include <string>

#include "class_options.hpp"

namespace dht::examples {

/// Trains a vision transformer on squares and writes model.safetensors, results.csv, confusion matrices of the folders that it
/// is to look at, and what TrainingRun writes. Returns the exit code and throws as that does; also for folders that are not
/// one a class, see ClassFolder.
int classify(const std::string& program, const ClassifyOptions& options);

/// Goes on training such a model on regions of the tokenizer. results.csv has its accuracy before the exchange of tokens, right
/// after, and in the end. Throws dht::Error, too, for a file that is no such model.
int retrofit(const std::string& program, const RetrofitOptions& options);

}  // namespace dht::examples
