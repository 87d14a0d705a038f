// SPDX-License-Identifier: MIT
// Flags that let the compiler reorder sums and forget NaN.
// compiled with: -ffast-math
// expects: "dht: -ffast-math and its parts change labels and let NaN pass
#include <dht/tokenizer.hpp>

int main() { dht::Tokenizer<> tokenizer; }
