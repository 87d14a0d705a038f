// SPDX-License-Identifier: MIT
// How much memory there is, asked before work that takes much of it, and the one sentence for too little.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <dht/core/error.hpp>

namespace dht::examples {

/// What every program says where memory was asked for and not given.
inline constexpr const char* not_enough_memory =
    "there is not enough memory for this input with these options";

/// A photo may be whole, but there is not enough memory for it.
struct NotEnoughMemory : Error {
  using Error::Error;
};

/// Memory that this process may still take, and who says so.
struct MemoryLeft {
  std::uint64_t bytes = 0;
  std::string where;
};

/// What is left of the address space that the process may have (ulimit -v); nothing where that is not limited.
std::optional<MemoryLeft> address_space_left(const std::filesystem::path& root = "/");

/// The least of: that, what the groups leave that the process is in (cgroup), what the machine has. Nothing where the system
/// does not say (it is Linux that does). `root` is where its files are.
std::optional<MemoryLeft> memory_left(const std::filesystem::path& root = "/");

/// "37.4 GB".
std::string gigabytes(std::uint64_t bytes);

}  // namespace dht::examples
