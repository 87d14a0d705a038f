// SPDX-License-Identifier: MIT
// All photos of a folder become label maps: several at once, each by a tokenizer of one thread.
#pragma once

#include <string>

#include "options.hpp"

namespace dht::examples {

/// Tokenises the photos of a folder as `options` say, and writes for each NAME.npy, and one table, tokens.csv. Prints
/// to stdout what was done, unless it is to be quiet.
///
/// A photo that cannot be read, or has fewer pixels than tokens are asked for, is named on stderr behind `program` and
/// left out. Returns the exit code: 1 where that happened, else 0. Throws dht::Error, and writes nothing, for a folder
/// without photos, a checkpoint that cannot be used, and an output that cannot be written.
int tokenize_folder(const std::string& program, const FolderOptions& options);

}  // namespace dht::examples
