// SPDX-License-Identifier: MIT
// A part of dht::compiled; include/dht/compiled.hpp says what it holds.
#define DHT_INSTANCE template
#define DHT_INSTANCES_OF_TRAINING
#include <dht/compiled.hpp>
