// SPDX-License-Identifier: MIT
// Includes what stands above it.
#include <dht/high/fine.hpp>
