// SPDX-License-Identifier: MIT
// Neighbours above and below only: a grid takes the pixel to the right for granted.
// expects: connectivity
// expects: right_then_row_below
#include <dht/tokenizer.hpp>

struct Columns {
  static constexpr std::array<dht::Offset, 1> forward{{{1, 0}}};
};

struct Policies : dht::DefaultPolicies {
  using Graph = dht::PixelGrid<Columns>;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
