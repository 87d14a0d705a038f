// SPDX-License-Identifier: MIT
// Weights from a file, as the programs use them: for photos, and with every number finite.
#pragma once

#include <filesystem>
#include <string>

#include <dht/core/error.hpp>
#include <dht/encoder/checkpoint.hpp>

namespace dht::examples {

/// Puts `where` before the sentence of an error.
template <class Body>
decltype(auto) with_name(const std::string& where, const Body& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

/// A checkpoint, checked for what the programs do with it. Throws dht::Error, naming the file.
Checkpoint<float> read_weights(const std::filesystem::path& path);

}  // namespace dht::examples
