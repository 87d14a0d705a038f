// SPDX-License-Identifier: MIT
// Does not include all that its room is said to.
#include <dht/low/upward.hpp>
