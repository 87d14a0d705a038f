// SPDX-License-Identifier: MIT
// A vector whose new elements are left uninitialised: workspaces are overwritten at once, and touching them twice would
// cost time and memory.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace dht {

namespace detail {

template <class T>
struct UninitialisedAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };
  UninitialisedAllocator() = default;
  template <class U>
  UninitialisedAllocator(const UninitialisedAllocator<U>&) {}

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

/// std::vector, but `resize` leaves new numbers uninitialised. It keeps its memory when it shrinks.
template <class T>
using Buffer = std::vector<T, detail::UninitialisedAllocator<T>>;

}  // namespace dht
