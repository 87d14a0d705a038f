// SPDX-License-Identifier: MIT
// What the harnesses share. Each is one source with `seeds` and `LLVMFuzzerTestOneInput`, linked with libFuzzer, which
// looks for inputs, or with driver.cpp, which replays them with any compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace dht::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Inputs to start from, those that once broke something among them.
std::vector<Bytes> seeds();

/// Writes them, a file each, into a folder, which is created where it is missing.
inline void write_seeds(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  int number = 0;
  for (const Bytes& seed : seeds()) {
    std::ofstream file(folder / ("seed" + std::to_string(number++)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  }
}

/// Ends the program with a sentence, which libFuzzer takes for a finding, unless `fault` is empty.
inline void expect_none(const std::string& fault, const char* where) {
  if (fault.empty()) return;
  std::fprintf(stderr, "finding: %s: %s\n", where, fault.c_str());
  std::abort();
}
inline void expect(bool right, const char* what) { expect_none(right ? "" : "is not so", what); }

/// Calls `body`, which may refuse its input by a dht::Error of one line. Whether it did not.
template <class Body>
bool accepts(const Body& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    const std::string_view sentence = error.what();
    expect(!sentence.empty() && sentence.find('\n') == sentence.npos, "an error is one line");
    return false;
  }
}

/// Takes numbers from an input from its front; zeros when nothing is left.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> input) : input_(input) {}

  std::uint8_t byte() {
    if (input_.empty()) return 0;
    const std::uint8_t value = input_.front();
    input_ = input_.subspan(1);
    return value;
  }
  /// 0 to end - 1
  int below(int end) { return byte() % end; }
  /// One of 256 steps from low to high.
  double between(double low, double high) { return low + (high - low) * byte() / 255; }

 private:
  std::span<const std::uint8_t> input_;
};

}  // namespace dht::fuzz
