// SPDX-License-Identifier: MIT
// Optimal cuts are not made on a device.
// expects: Policies::Selection runs on the host only
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/thrust.hpp>

struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
  using Selection = dht::OptimalCut<>;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
