// SPDX-License-Identifier: MIT
// Neighbours above and below only: a grid takes the pixel to the right for granted.
// expects: Policies::Connectivity does not satisfy dht::concepts::connectivity
// expects: right_then_row_below
#include <dht/tokenizer.hpp>

struct Columns {
  static constexpr std::array<dht::Offset, 1> forward{{{1, 0}}};
};

struct Policies : dht::DefaultPolicies {
  using Connectivity = Columns;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
