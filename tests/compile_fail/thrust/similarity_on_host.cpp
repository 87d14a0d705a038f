// SPDX-License-Identifier: MIT
// A kernel that does not say that a device can call it.
// expects: Policies::Similarity has no device functions: it must mark them DHT_HOST_DEVICE
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/thrust.hpp>

struct Distance {
  static constexpr int sums = 1;
  template <class S>
  void add(S* sum, S a, S b) const {
    sum[0] += a > b ? a - b : b - a;
  }
  template <class S>
  S value(const S* sum) const {
    return 1 / (1 + sum[0]);
  }
};

struct Policies : dht::ColourPolicies {
  using Similarity = Distance;
  using Backend = dht::backend::Thrust;
};

int main() {
  dht::Tokenizer<Policies> tokenizer;
  tokenizer(dht::OnDevice<dht::ImageView<const float>>());
}
