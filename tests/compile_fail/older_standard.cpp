// SPDX-License-Identifier: MIT
// One sentence, before the compiler's hundreds.
// compiled with: -std=c++17
// expects: "dht: needs C++20; compile with -std=c++20 or later"
// expects: dht: the sentence above says it all
#include <dht/dht.hpp>

int main() { dht::Tokenizer<> tokenizer; }
