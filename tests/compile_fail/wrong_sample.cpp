// SPDX-License-Identifier: MIT
// Samples of a type whose range nobody knows.
// expects: an image's values must be float or double, or std::uint8_t or std::uint16_t for value/255 and value/65535
#include <vector>

#include <dht/tokenizer.hpp>

int main() {
  const std::vector<short> values(3 * 4 * 5);
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer(dht::planar_view(values.data(), 1, 3, 4, 5));
}
