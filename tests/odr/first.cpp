// SPDX-License-Identifier: MIT
// One of two translation units with the whole library, linked into every test executable: a missing `inline` fails there.
#include <dht/dht.hpp>
#include <dht/io/safetensors.hpp>
