// SPDX-License-Identifier: MIT
// An encoder that cannot be made from nothing: there is no tokenizer without parts.
// expects: default_initializable
#include <dht/tokenizer.hpp>

template <class S>
struct Own : dht::ColourEncoder<S> {
  explicit Own(int channels) : dht::ColourEncoder<S>(channels) {}
};
struct Policies : dht::DefaultPolicies {
  template <class S>
  using Encoder = Own<S>;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
