// SPDX-License-Identifier: MIT
// The few compiler-dependent words, most of the macros of the library.
#pragma once

#if __cplusplus < 202002L && (!defined(_MSVC_LANG) || _MSVC_LANG < 202002L)
#error "dht: needs C++20; compile with -std=c++20 or later"
#include "dht: the sentence above says it all"  // which ends the compiler's list of errors
#endif

#include <bit>
#include <cfloat>

// GCC says of each part of -ffast-math whether it is on, Clang of the whole and of -ffinite-math-only.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0) ||         \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__) || \
    defined(_M_FP_FAST)
#error \
    "dht: -ffast-math and its parts change labels and let NaN pass; compile this file without (-fno-fast-math)"
#endif
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16  // 16: only _Float16 has its own width
#error \
    "dht: float and double are computed with more digits than they have, which changes labels; compile this file with -msse2 -mfpmath=sse"
#endif

// Macros of <windows.h>, which would stand in the way of std::min and std::numeric_limits; Eigen takes them away too.
#undef min
#undef max

/// For small functions inside hot loops. They must be inlined into the caller, or the instruction set that
/// backend/instruction_set.hpp chose for the caller would not reach them.
#if defined(__GNUC__)
#define DHT_INLINE __attribute__((always_inline)) inline
#define DHT_INLINE_LAMBDA __attribute__((always_inline))
#define DHT_NO_INLINE __attribute__((noinline))
#define DHT_RESTRICT __restrict__
#else
#define DHT_INLINE inline
#define DHT_INLINE_LAMBDA
#define DHT_NO_INLINE
#define DHT_RESTRICT
#endif

/// For functions that whole loops are inlined into. At -O2 GCC vectorises only what costs no code, which is half as fast; what
/// is inlined into them is compiled as they are.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define DHT_VECTORISED __attribute__((optimize("vect-cost-model=dynamic")))
#else
#define DHT_VECTORISED
#endif

/// For functions that run on a device too: put it before DHT_INLINE. Policies whose functions all have it say so with a
/// member `static constexpr bool on_device = true`.
#if defined(__CUDACC__)
#define DHT_HOST_DEVICE __host__ __device__
#else
#define DHT_HOST_DEVICE
#endif

/// Promises that the iterations of the following loop do not depend on each other through memory.
#if defined(__CUDACC__)
#define DHT_INDEPENDENT
#elif defined(__clang__)
#define DHT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define DHT_INDEPENDENT _Pragma("GCC ivdep")
#else
#define DHT_INDEPENDENT
#endif

/// Between the two, Clang says nothing of loops with DHT_INDEPENDENT that it cannot vectorise: whether it can is up to a
/// policy, which may be the user's own.
#if defined(__clang__) && !defined(__CUDACC__)
#define DHT_SCALAR_LOOPS_BEGIN \
  _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wpass-failed\"")
#define DHT_SCALAR_LOOPS_END _Pragma("clang diagnostic pop")
#else
#define DHT_SCALAR_LOOPS_BEGIN
#define DHT_SCALAR_LOOPS_END
#endif

namespace dht::detail {

/// std::bit_cast, which standard libraries have later than compilers have what it is made of.
template <class To, class From>
DHT_HOST_DEVICE DHT_INLINE constexpr To bit_cast(const From& from) {
#if defined(__cpp_lib_bit_cast)
  return std::bit_cast<To>(from);
#else
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
#endif
}

/// Returns the pointer, but so that the compiler cannot know that it is the same: what lies behind it is then read and
/// written as whole vectors, where it would otherwise be kept in many scalar registers.
template <class T>
DHT_INLINE T* opaque(T* pointer) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
  asm("" : "+r"(pointer));
#endif
  return pointer;
}

/// Has memory fetched that a loop will read so many steps later, from a place that the processor cannot foresee.
inline constexpr int prefetch_steps = 16;
DHT_INLINE void prefetch(const void* place) {
#if defined(__GNUC__)
  __builtin_prefetch(place);
#else
  (void)place;
#endif
}

}  // namespace dht::detail
