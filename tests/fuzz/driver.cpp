// SPDX-License-Identifier: MIT
// Runs a harness with any compiler: on its seeds, on files, and on random changes of the seeds.
//
//     fuzz_NAME                      the seeds, and 1000 changes of them
//     fuzz_NAME --changes N FILE...  files in place of the seeds
//     fuzz_NAME --write FOLDER       writes the seeds, for a fuzzer to start from
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "kit/random.hpp"

namespace {

using dht::fuzz::Bytes;
using dht::test::Random;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// A few of what damages files: other bytes, other bits, extreme numbers, pieces lost, doubled, or taken from another.
Bytes changed(Bytes bytes, const Bytes& other, Random& random) {
  for (int times = 1 + random.below(4); times-- > 0;) {
    const int size = static_cast<int>(bytes.size());
    if (size == 0) return other;
    const int at = random.below(size), length = 1 + random.below(std::min(size - at, 64));
    const auto from = bytes.begin() + at;
    switch (random.below(6)) {
      case 0:
        bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(random.below(256));
        break;
      case 1:
        bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1 << random.below(8));
        break;
      case 2:
        std::fill_n(from, std::min(length, 8), static_cast<std::uint8_t>(random.chance(0.5) ? 0xff : 0));
        break;
      case 3:
        bytes.erase(from, from + length);
        break;
      case 4: {
        const Bytes piece(from, from + length);
        bytes.insert(bytes.begin() + at, piece.begin(), piece.end());
        break;
      }
      default:
        if (!other.empty()) {
          const int cut = random.below(static_cast<int>(other.size()));
          bytes.resize(static_cast<std::size_t>(at));
          bytes.insert(bytes.end(), other.begin() + cut, other.end());
        }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  int changes = 1000;
  std::vector<Bytes> inputs;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--changes") == 0 && i + 1 < argc) {
      changes = std::stoi(argv[++i]);
    } else if (std::strcmp(argv[i], "--write") == 0 && i + 1 < argc) {
      dht::fuzz::write_seeds(argv[++i]);
      return 0;
    } else {
      inputs.push_back(read(argv[i]));
    }
  }
  if (inputs.empty()) inputs = dht::fuzz::seeds();
  for (const Bytes& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
  Random random(1);
  const int count = static_cast<int>(inputs.size());
  for (int i = 0; i < changes; ++i) {
    const Bytes input = changed(inputs[static_cast<std::size_t>(random.below(count))],
                                inputs[static_cast<std::size_t>(random.below(count))], random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%d inputs and %d changes of them, no finding\n", count, changes);
}
