// SPDX-License-Identifier: MIT
// The members of every region, region after region: a label map turned inside out.
#pragma once

#include <cstdint>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>

namespace dht {

/// The members of region r - its pixels, or its regions of the level below - in their order are members[begin[r]] up to,
/// not including, members[begin[r + 1]].
struct RegionMembers {
  Buffer<std::int32_t> begin;    ///< regions + 1
  Buffer<std::int32_t> members;  ///< every one once

  /// Groups `count` members by their labels, which are 0 to `regions` - 1. Linear time.
  void assign(const std::int32_t* labels, std::int64_t count, std::int32_t regions) {
    const auto n = static_cast<std::size_t>(regions);
    members.resize(static_cast<std::size_t>(count));
    begin.assign(n + 2, 0);
    std::int32_t* place =
        begin.data() + 1;  // place[r] moves from the begin of r to its end, the begin of r + 1
    for (std::int64_t i = 0; i < count; ++i) ++place[labels[i] + 1];
    for (std::size_t r = 1; r <= n; ++r) place[r] += place[r - 1];
    for (std::int64_t i = 0; i < count; ++i)
      members[static_cast<std::size_t>(place[labels[i]]++)] = static_cast<std::int32_t>(i);
    begin.resize(n + 1);
  }

  std::int32_t regions() const { return static_cast<std::int32_t>(begin.size()) - 1; }
};

}  // namespace dht
