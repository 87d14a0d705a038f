// SPDX-License-Identifier: MIT
// A vector whose new elements are left uninitialised: workspaces are overwritten at once, and touching them twice would
// cost time and memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace dht {

namespace detail {

template <class T>
struct UninitialisedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};  // a cache line, and the widest vector register

  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };
  UninitialisedAllocator() = default;
  template <class U>
  UninitialisedAllocator(const UninitialisedAllocator<U>&) {}
  friend bool operator==(const UninitialisedAllocator&, const UninitialisedAllocator&) { return true; }

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* place, std::size_t) { ::operator delete(place, alignment); }

  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0 && std::is_trivially_default_constructible_v<U>) {
      ::new (static_cast<void*>(place)) U;
    } else {
      ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
    }
  }
};

}  // namespace detail

/// std::vector, but `resize` leaves new numbers uninitialised, and memory begins at a multiple of 64 bytes. It keeps its
/// memory when it shrinks.
template <class T>
using Buffer = std::vector<T, detail::UninitialisedAllocator<T>>;

namespace detail {

/// So many numbers, or a few more: rows of that pitch in a Buffer of 4 or 8 byte numbers all begin at multiples of 64
/// bytes.
constexpr std::int64_t whole_vectors(std::int64_t numbers) { return (numbers + 15) / 16 * 16; }

}  // namespace detail

}  // namespace dht
