// SPDX-License-Identifier: MIT
// Types of stored numbers (half, bfloat16, integers, ...) and what each of them becomes in C++.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <dht/core/config.hpp>

namespace dht {

/// Types of stored values. Tensors of those up to F64 are read as numbers; those behind it are in the format, and their bytes
/// can be had. `Unknown` is one that the format did not have when this was written.
enum class DType : std::uint8_t {
  Bool,
  U8,
  I8,
  U16,
  I16,
  F16,
  BF16,
  U32,
  I32,
  F32,
  U64,
  I64,
  F64,
  F4,
  F6_E2M3,
  F6_E3M2,
  F8_E4M3,
  F8_E5M2,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  C64,
  Unknown
};

namespace detail {

struct StoredType {
  std::string_view name;
  int bits;
};
/// By the order of DType; of `Unknown` nothing is known.
inline constexpr std::array<StoredType, std::size_t(DType::Unknown) + 1> stored_types{
    {{"BOOL", 8},
     {"U8", 8},
     {"I8", 8},
     {"U16", 16},
     {"I16", 16},
     {"F16", 16},
     {"BF16", 16},
     {"U32", 32},
     {"I32", 32},
     {"F32", 32},
     {"U64", 64},
     {"I64", 64},
     {"F64", 64},
     {"F4", 4},
     {"F6_E2M3", 6},
     {"F6_E3M2", 6},
     {"F8_E4M3", 8},
     {"F8_E5M2", 8},
     {"F8_E8M0", 8},
     {"F8_E4M3FNUZ", 8},
     {"F8_E5M2FNUZ", 8},
     {"C64", 64},
     {"an unknown type", 0}}};

}  // namespace detail

/// A type's name in the file ("F32").
constexpr std::string_view to_string(DType type) { return detail::stored_types[std::size_t(type)].name; }

/// Bits of one value; 0 for `Unknown`.
constexpr int bits_of(DType type) { return detail::stored_types[std::size_t(type)].bits; }

/// Whether tensors of this type are read as numbers.
constexpr bool is_readable(DType type) { return type <= DType::F64; }

namespace concepts {

/// What tensors can be read as: float, double and the integers of 8 to 64 bits (booleans are read as 0 and 1).
template <class T>
concept tensor_value = std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !std::same_as<T, char> &&
     !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
     !std::same_as<T, char32_t>);

}  // namespace concepts

namespace detail {

// Stored values without a C++ type of their own.
struct StoredBool {
  std::uint8_t byte;
};
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

template <class T>
constexpr T decode(T value) {
  return value;
}
constexpr std::uint8_t decode(StoredBool value) { return value.byte != 0; }
constexpr float decode(BFloat16 value) { return detail::bit_cast<float>(std::uint32_t{value.bits} << 16); }
constexpr float decode(Half value) {
  const std::uint32_t sign = (value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 31u, mantissa = value.bits & 1023u;
  if (exponent == 0) return (sign != 0 ? -0x1p-24f : 0x1p-24f) * float(mantissa);
  const std::uint32_t rebased = exponent == 31 ? 255 : exponent + 112;
  return detail::bit_cast<float>(sign | rebased << 23 | mantissa << 13);
}

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::same_as<T, bool>) return DType::Bool;
  if constexpr (std::floating_point<T>) return sizeof(T) == 8 ? DType::F64 : DType::F32;
  if constexpr (sizeof(T) == 8) return std::is_signed_v<T> ? DType::I64 : DType::U64;
  if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? DType::I32 : DType::U32;
  if constexpr (sizeof(T) == 2) return std::is_signed_v<T> ? DType::I16 : DType::U16;
  return std::is_signed_v<T> ? DType::I8 : DType::U8;
}

inline bool is_floating(DType type) {
  return type == DType::F16 || type == DType::BF16 || type == DType::F32 || type == DType::F64;
}

/// Calls `function(Stored{})` with the stored type, which must be readable.
template <class Function>
void with_stored_type(DType type, Function&& function) {
  switch (type) {
    case DType::Bool:
      return function(StoredBool{});
    case DType::U8:
      return function(std::uint8_t{});
    case DType::I8:
      return function(std::int8_t{});
    case DType::U16:
      return function(std::uint16_t{});
    case DType::I16:
      return function(std::int16_t{});
    case DType::F16:
      return function(Half{});
    case DType::BF16:
      return function(BFloat16{});
    case DType::U32:
      return function(std::uint32_t{});
    case DType::I32:
      return function(std::int32_t{});
    case DType::F32:
      return function(float{});
    case DType::U64:
      return function(std::uint64_t{});
    case DType::I64:
      return function(std::int64_t{});
    case DType::F64:
      return function(double{});
    default:
      return;  // not readable
  }
}

/// Whether `value` can become a T: integers exactly, floating numbers up to rounding.
template <class T, class Value>
constexpr bool fits(Value value) {
  if constexpr (std::integral<T> && std::floating_point<Value>) {
    return false;
  } else if constexpr (std::integral<T>) {
    return std::in_range<T>(value);
  } else if constexpr (std::integral<Value>) {
    const std::uint64_t magnitude = value < 0 ? 0 - std::uint64_t(value) : std::uint64_t(value);
    return int(std::bit_width(magnitude)) - std::countr_zero(magnitude) <= std::numeric_limits<T>::digits;
  } else {
    return sizeof(T) >= sizeof(Value) || !std::isfinite(value) ||
           std::abs(value) <= std::numeric_limits<T>::max();
  }
}

}  // namespace detail
}  // namespace dht
