// SPDX-License-Identifier: MIT
// What a class knows of its memory goes along when that memory is moved away.
#pragma once

#include <type_traits>
#include <utility>

namespace dht::detail {

/// A number, flag or pointer that goes back to zero where it is moved from: a defaulted move then leaves behind an object
/// that knows that it is empty. Elsewhere it is used like a T.
template <class T>
class ResetOnMove {
 public:
  ResetOnMove() = default;
  ResetOnMove(T value) : value_(value) {}
  ResetOnMove(const ResetOnMove&) = default;
  ResetOnMove& operator=(const ResetOnMove&) = default;
  ResetOnMove(ResetOnMove&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  ResetOnMove& operator=(ResetOnMove&& other) noexcept {
    value_ = std::exchange(other.value_, T{});
    return *this;
  }
  ~ResetOnMove() = default;

  operator T&() { return value_; }
  operator const T&() const { return value_; }
  T operator->() const requires std::is_pointer_v<T> { return value_; }

 private:
  T value_{};
};

}  // namespace dht::detail
