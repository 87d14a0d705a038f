// SPDX-License-Identifier: MIT
// Hot loops are compiled for several instruction sets and the best one that the machine has is taken at run time, so
// that a program built without any -march flag runs at full speed. The bits of the result are the same (core/math.hpp).
#pragma once

#include <type_traits>

#include <dht/core/config.hpp>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__AVX512F__) && !defined(DHT_NO_DISPATCH)
#define DHT_DISPATCH 1
#define DHT_TARGET_ABOVE(baseline) any_above_##baseline
#else
#define DHT_DISPATCH 0
#define DHT_TARGET_ABOVE(baseline) only_##baseline
#endif

// An inline namespace around what runs loops and what holds a backend, named after the instruction sets that the compiler's
// flags allow. Where files of one program are compiled with different flags, each has loops of its own: the linker, which
// keeps one function of a name, would else give slow ones to all, or such as the machine has no instructions for.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define DHT_TARGET DHT_TARGET_ABOVE(avx512)
#elif defined(__AVX512F__)
#define DHT_TARGET DHT_TARGET_ABOVE(avx512f)
#elif defined(__AVX2__) && defined(__FMA__)
#define DHT_TARGET DHT_TARGET_ABOVE(avx2)
#elif defined(__FMA__)
#define DHT_TARGET DHT_TARGET_ABOVE(fma)
#elif defined(__AVX__)
#define DHT_TARGET DHT_TARGET_ABOVE(avx)
#elif defined(__SSE4_2__)
#define DHT_TARGET DHT_TARGET_ABOVE(sse4)
#elif defined(__ARM_FEATURE_SVE)
#define DHT_TARGET DHT_TARGET_ABOVE(sve)
#else
#define DHT_TARGET DHT_TARGET_ABOVE(baseline)
#endif

// Without debug information Clang takes all loops to be here.
DHT_SCALAR_LOOPS_BEGIN

namespace dht::backend::detail {
inline namespace DHT_TARGET {

#if DHT_DISPATCH
#define DHT_TARGET_AVX2 "avx2,fma,bmi,bmi2"
#if defined(__clang__)
#define DHT_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2"
#else
#define DHT_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,prefer-vector-width=512"
#endif

template <class Body, class... Arguments>
__attribute__((target(DHT_TARGET_AVX512))) DHT_NO_INLINE DHT_VECTORISED void run_avx512(
    const void* body, Arguments... arguments) {
  (*static_cast<const Body*>(body))(arguments...);
}

template <class Body, class... Arguments>
__attribute__((target(DHT_TARGET_AVX2))) DHT_NO_INLINE DHT_VECTORISED void run_avx2(const void* body,
                                                                                    Arguments... arguments) {
  (*static_cast<const Body*>(body))(arguments...);
}
#endif

template <class Body, class... Arguments>
DHT_NO_INLINE DHT_VECTORISED void run_baseline(const void* body, Arguments... arguments) {
  (*static_cast<const Body*>(body))(arguments...);
}

}  // namespace DHT_TARGET
}  // namespace dht::backend::detail

DHT_SCALAR_LOOPS_END

namespace dht::backend {
inline namespace DHT_TARGET {

enum class InstructionSet { baseline, avx2, avx512 };

/// The best instruction set of this machine among those that loops are compiled for. A program that is itself compiled
/// for AVX-512, or for another processor family, has only one: `baseline`, whatever the compiler was told.
inline InstructionSet best_instruction_set() {
#if DHT_DISPATCH
  static const InstructionSet best = [] {
    const bool avx2 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx2 && avx512 ? InstructionSet::avx512 : avx2 ? InstructionSet::avx2 : InstructionSet::baseline;
  }();
  return best;
#else
  return InstructionSet::baseline;
#endif
}

/// The best instruction set that a loop is compiled for. Each takes the compiler as long as the loop itself, so it is named
/// where wider vectors do not make the loop faster: `up_to_avx2` where fused multiply-add does, which the baseline calls a
/// function for, `up_to_baseline` where nothing does.
template <InstructionSet set>
using UpTo = std::integral_constant<InstructionSet, set>;
inline constexpr UpTo<InstructionSet::baseline> up_to_baseline;
inline constexpr UpTo<InstructionSet::avx2> up_to_avx2;
inline constexpr UpTo<InstructionSet::avx512> up_to_avx512;

/// A loop's body without its type: `body(arguments...)` of what the pointer points to.
template <class... Arguments>
using Loop = void (*)(const void* body, Arguments... arguments);

/// The loop's body, compiled for the given instruction set, or for `most`. What `body` calls must be DHT_INLINE to profit.
template <class Body, class... Arguments, InstructionSet most>
Loop<Arguments...> compiled_for(UpTo<most>, InstructionSet set) {
#if DHT_DISPATCH
  if constexpr (most == InstructionSet::avx512)
    if (set == InstructionSet::avx512) return detail::run_avx512<Body, Arguments...>;
  if constexpr (most != InstructionSet::baseline)
    if (set != InstructionSet::baseline) return detail::run_avx2<Body, Arguments...>;
#endif
  (void)set;
  return detail::run_baseline<Body, Arguments...>;
}

/// Calls `body()`, compiled for the given instruction set.
template <class Body>
void run(InstructionSet set, const Body& body) {
  compiled_for<Body>(up_to_avx512, set)(&body);
}

}  // namespace DHT_TARGET
}  // namespace dht::backend
