// SPDX-License-Identifier: MIT
// What a backend of the host is: the slot `Backend` of a tokenizer's policies.
#pragma once

#include <concepts>
#include <cstdint>

#include <dht/backend/instruction_set.hpp>

namespace dht::concepts {

/// Where loops run. Each loop also comes with the best instruction set that it gains from, `backend::up_to_avx2` for
/// example, as its first argument. `backend::Loops` has them all.
template <class B>
concept backend = std::copyable<B> && std::default_initializable<B> &&
    requires(const B b, std::int64_t count, std::int64_t grain, void (*part)(int, std::int64_t, std::int64_t),
             void (*range)(std::int64_t, std::int64_t), void (*once)()) {
  /// How many threads there are, at least 1; no loop has more parts.
  { b.threads() } -> std::convertible_to<int>;
  /// Into how many parts a loop is cut.
  { b.parts(count, grain) } -> std::convertible_to<int>;
  /// Where part i of n begins: part_begin(count, n, i).
  { B::part_begin(count, 1, 0) } -> std::convertible_to<std::int64_t>;
  /// Calls part(number, begin, end) for contiguous ranges that cover [0, count).
  b.for_parts(count, grain, part);
  b.for_parts(dht::backend::up_to_avx2, count, grain, part);
  /// The same without numbers.
  b.for_range(count, grain, range);
  b.for_range(dht::backend::up_to_avx2, count, grain, range);
  /// Calls once() on one thread.
  b.serial(once);
  b.serial(dht::backend::up_to_avx2, once);
};

}  // namespace dht::concepts
