// SPDX-License-Identifier: MIT
// Exact numbers of tokens are not made on a device.
// expects: exact numbers of tokens and penalties are merged on the host only
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/thrust.hpp>

struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
};

int main() {
  dht::Tokenizer<Policies> tokenizer;
  tokenizer(dht::OnDevice<dht::ImageView<const float>>(), 196);
}
