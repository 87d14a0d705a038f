// SPDX-License-Identifier: MIT
// All of the library, but for the reading of checkpoints (encoder/checkpoint.hpp), which needs a JSON parser.
#pragma once

#include <dht/tokenizer.hpp>
#include <dht/tokens/projection.hpp>
#include <dht/version.hpp>
