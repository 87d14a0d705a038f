// SPDX-License-Identifier: MIT
// The programs' tokenizers on a device, each compiled in a library of its own where it can be.
#pragma once

#include <memory>

#include "photo_tokenizer.hpp"

namespace dht::examples {

struct Common;

/// By best ancestor on Thrust's host system. Throws dht::Error where the programs were built without it.
std::unique_ptr<PhotoTokenizer> make_thrust_tokenizer(Common common);
/// By best ancestor on CUDA. Throws dht::Error where the programs were built without it, or where there is no GPU.
std::unique_ptr<PhotoTokenizer> make_cuda_tokenizer(Common common);

}  // namespace dht::examples
