// SPDX-License-Identifier: MIT
// Includes what stands below it.
#include <dht/low/upward.hpp>
