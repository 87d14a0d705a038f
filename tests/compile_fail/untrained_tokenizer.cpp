// SPDX-License-Identifier: MIT
// Learned features without weights: there is no default to fall back to.
// expects: default_initializable
#include <dht/tokenizer.hpp>

int main() { dht::Tokenizer<dht::LearnedPolicies> tokenizer; }
