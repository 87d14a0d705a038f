// SPDX-License-Identifier: MIT
// A kernel without `gradient`: images become tokens, and only the way back does not compile.
// expects: Policies::Similarity does not satisfy dht::concepts::differentiable_similarity
#include <dht/tokenizer.hpp>

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
};

int main() {
  const float pixels[3] = {};
  const auto image = dht::planar_view(pixels, 1, 3, 1, 1);
  dht::Tokenizer<Policies> tokenizer;
  tokenizer(image);
  tokenizer.forward(image);
  auto gradients = tokenizer.gradients();
  tokenizer.backward(image, {pixels, 1, 3}, gradients);
}
