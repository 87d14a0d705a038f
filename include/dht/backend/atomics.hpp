// SPDX-License-Identifier: MIT
// Words in memory that several threads of a device may write at once. Only whole numbers, of which it does not matter
// who comes first: no result depends on it.
#pragma once

#include <cstdint>

#include <dht/core/config.hpp>

namespace dht::detail {

/// Reads a word that others may be writing.
template <class T>
DHT_HOST_DEVICE DHT_INLINE T shared_load(const T* place) {
#if defined(__CUDA_ARCH__)
  return *static_cast<const volatile T*>(place);
#else
  return __atomic_load_n(place, __ATOMIC_RELAXED);
#endif
}

template <class T>
DHT_HOST_DEVICE DHT_INLINE void shared_store(T* place, T value) {
#if defined(__CUDA_ARCH__)
  *static_cast<volatile T*>(place) = value;
#else
  __atomic_store_n(place, value, __ATOMIC_RELAXED);
#endif
}

/// Writes `to` where `from` stood; returns what stood there.
DHT_HOST_DEVICE DHT_INLINE std::int32_t shared_exchange_if(std::int32_t* place, std::int32_t from,
                                                           std::int32_t to) {
#if defined(__CUDA_ARCH__)
  return atomicCAS(place, from, to);
#else
  __atomic_compare_exchange_n(place, &from, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return from;
#endif
}

DHT_HOST_DEVICE DHT_INLINE void shared_min(std::int32_t* place, std::int32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(place, value);
#else
  std::int32_t held = __atomic_load_n(place, __ATOMIC_RELAXED);
  while (value < held &&
         !__atomic_compare_exchange_n(place, &held, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

DHT_HOST_DEVICE DHT_INLINE void shared_max(std::int32_t* place, std::int32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(place, value);
#else
  std::int32_t held = __atomic_load_n(place, __ATOMIC_RELAXED);
  while (value > held &&
         !__atomic_compare_exchange_n(place, &held, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

DHT_HOST_DEVICE DHT_INLINE void shared_max(std::uint64_t* place, std::uint64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(reinterpret_cast<unsigned long long*>(place), static_cast<unsigned long long>(value));
#else
  std::uint64_t held = __atomic_load_n(place, __ATOMIC_RELAXED);
  while (value > held &&
         !__atomic_compare_exchange_n(place, &held, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
#endif
}

/// The end of i's path through a forest whose roots point at themselves; shortens the path on its way. Others may do the
/// same, or hook roots, at the same time: what stands at a place is always above it, but not always the highest that was
/// written there.
DHT_HOST_DEVICE DHT_INLINE std::int32_t shared_find(std::int32_t* parent, std::int32_t i) {
  std::int32_t up = shared_load(parent + i);
  while (up != i) {
    const std::int32_t above = shared_load(parent + up);
    if (above != up) shared_store(parent + i, above);
    i = up;
    up = above;
  }
  return i;
}

/// Makes one set of two, of a forest with parent[i] <= i: the smaller root stays.
DHT_HOST_DEVICE DHT_INLINE void shared_unite(std::int32_t* parent, std::int32_t a, std::int32_t b) {
  for (;;) {
    a = shared_find(parent, a);
    b = shared_find(parent, b);
    if (a == b) return;
    const std::int32_t low = a < b ? a : b, high = a < b ? b : a;
    if (shared_exchange_if(parent + high, high, low) == high) return;
  }
}

/// Points i at the end of its path. Others may do the same with theirs, but nobody hooks roots, and nobody else writes to
/// i's place: a shorter path of one thread would overwrite the end that another one found.
DHT_HOST_DEVICE DHT_INLINE void shared_flatten(std::int32_t* parent, std::int32_t i) {
  std::int32_t up = shared_load(parent + i);
  for (std::int32_t above; (above = shared_load(parent + up)) != up; up = above)
    shared_store(parent + i, above);
}

}  // namespace dht::detail
