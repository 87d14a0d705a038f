// SPDX-License-Identifier: MIT
// A program that leaves the stages of its tokenizer to dht::compiled.
#include <cstdint>
#include <vector>

#include <dht/tokenizer.hpp>

int main() {
  std::vector<std::uint8_t> pixels(24 * 32 * 3, 200);
  for (std::size_t i = 0; i < pixels.size() / 2; ++i) pixels[i] = 10;
  dht::Tokenizer<> tokenizer;
  return tokenizer(dht::interleaved_view(pixels.data(), 24, 32, 3), 5).count() == 5 ? 0 : 1;
}
