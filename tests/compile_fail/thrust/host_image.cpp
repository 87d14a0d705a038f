// SPDX-License-Identifier: MIT
// An image in the host's memory is not one for the device.
// expects: image: lies in the host's memory; backend::Thrust takes dht::OnDevice views
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/thrust.hpp>

struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
};

int main() {
  const float pixels[3] = {};
  dht::Tokenizer<Policies> tokenizer;
  tokenizer(dht::planar_view(pixels, 1, 3, 1, 1));
}
