// SPDX-License-Identifier: MIT
// What the tests of files share: a folder that goes away, bytes from text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kit/error_of.hpp"

namespace dht::test {

/// An empty folder, removed with what is in it at the end of its scope.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() / ("dht-test-" + std::to_string(random()));
    std::filesystem::create_directory(path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  /// Names of everything in the folder, to see that nothing was left behind.
  std::size_t files() const {
    return std::size_t(
        std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path path_;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

/// `valid` with one of: flipped bits, its end cut off, a piece copied over another place, a piece inserted.
inline std::vector<std::byte> damaged(std::vector<std::byte> bytes, std::mt19937& random) {
  const auto below = [&random](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  const auto at = [&bytes](std::size_t i) { return bytes.begin() + std::ptrdiff_t(i); };
  const std::size_t from = below(bytes.size()), to = below(bytes.size());
  const std::size_t length = 1 + below(std::min<std::size_t>(24, bytes.size() - std::max(from, to)));
  const std::vector<std::byte> piece(at(from), at(from + length));
  switch (below(4)) {
    case 0:
      for (std::size_t n = 1 + below(4); n > 0; --n) bytes[below(bytes.size())] ^= std::byte(1u << below(8));
      break;
    case 1:
      bytes.resize(from);
      break;
    case 2:
      std::copy(piece.begin(), piece.end(), at(to));
      break;
    default:
      bytes.insert(at(to), piece.begin(), piece.end());
  }
  return bytes;
}

}  // namespace dht::test
