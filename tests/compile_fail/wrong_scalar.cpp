// SPDX-License-Identifier: MIT
// Integers do not measure similarity.
// expects: Policies::Scalar must be float or double
#include <dht/tokenizer.hpp>

struct Policies : dht::DefaultPolicies {
  using Scalar = int;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
