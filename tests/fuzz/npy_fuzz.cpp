// SPDX-License-Identifier: MIT
// NumPy files: whatever the bytes, an array whose bytes are those that were read, or an error of one line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/io/npy.hpp>

#include "fuzz/fuzz.hpp"

namespace {

template <class T>
void take(std::span<const std::byte> bytes) {
  dht::fuzz::accepts([&] {
    const dht::NpyArray<T> array = dht::npy_from_bytes<T>(bytes);
    const std::vector<std::byte> again = dht::npy_bytes(array.values, array.shape);
    const dht::NpyArray<T> same = dht::npy_from_bytes<T>(again);
    dht::fuzz::expect(same.shape == array.shape, "a written array has the shape of the one that was read");
    dht::fuzz::expect(
        std::ranges::equal(std::as_bytes(std::span(same.values)), std::as_bytes(std::span(array.values))),
        "a written array has the values of the one that was read");
  });
}

template <class T>
dht::fuzz::Bytes seed(std::vector<T> values, std::vector<std::int64_t> shape) {
  const auto bytes = dht::npy_bytes(values, shape);
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return {first, first + bytes.size()};
}

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  return {seed<std::int32_t>({1, -2, 3, 4, 5, 6}, {2, 3}), seed<float>({0.5f}, {}),
          seed<std::uint8_t>({}, {0, 7}), seed<double>({1, 2}, {1, 2, 1})};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  take<std::int32_t>(bytes);
  take<float>(bytes);
  take<std::uint8_t>(bytes);
  take<double>(bytes);
  return 0;
}
