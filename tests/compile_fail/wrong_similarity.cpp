// SPDX-License-Identifier: MIT
// A kernel without `value`: the tokenizer says which slot does not fit, and the compiler which requirement.
// expects: Policies::Similarity does not satisfy dht::concepts::similarity
// expects: kernel.value(done)
#include <dht/tokenizer.hpp>

struct Distance {
  static constexpr int sums = 1;
  template <class S>
  void add(S* sum, S a, S b) const {
    sum[0] += a > b ? a - b : b - a;
  }
};

struct Policies : dht::DefaultPolicies {
  using Similarity = Distance;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
