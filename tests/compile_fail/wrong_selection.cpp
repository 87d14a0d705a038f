// SPDX-License-Identifier: MIT
// A selection without the memory that the tokenizer keeps for it.
// expects: Policies::Selection does not satisfy dht::concepts::selection
#include <dht/tokenizer.hpp>

struct Everything {
  template <class Backend, class S, class Criterion, class G, class Workspace>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&,
              Workspace&) const {}
};

struct Policies : dht::DefaultPolicies {
  using Selection = Everything;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
