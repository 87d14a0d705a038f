// SPDX-License-Identifier: MIT
// EXIF orientation: read from what PNG and JPEG files hold of EXIF, and pictures turned upright by it.
#include "exif.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dht::examples {
namespace {

using ByteSpan = std::span<const std::uint8_t>;

/// Numbers of a TIFF structure, in its own byte order; nothing where the structure ends before.
struct TiffReader {
  ByteSpan bytes;
  bool big_endian;

  std::optional<std::uint32_t> number(std::size_t position, std::size_t size) const {
    if (position > bytes.size() || bytes.size() - position < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | bytes[position + (big_endian ? i : size - 1 - i)];
    return value;
  }
};

}  // namespace

std::optional<int> exif_orientation(ByteSpan exif) {
  constexpr std::array<std::uint8_t, 6> signature = {'E', 'x', 'i', 'f', 0, 0};
  const bool is_signed =
      exif.size() >= signature.size() && std::equal(signature.begin(), signature.end(), exif.begin());
  const ByteSpan tiff = exif.subspan(is_signed ? signature.size() : 0);
  if (tiff.size() < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return std::nullopt;
  const TiffReader reader{tiff, tiff[0] == 'M'};
  if (reader.number(2, 2) != 42u) return std::nullopt;

  const std::size_t directory = *reader.number(4, 4);
  const std::uint32_t entries = reader.number(directory, 2).value_or(0);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const auto tag = reader.number(entry, 2), type = reader.number(entry + 2, 2);
    const auto count = reader.number(entry + 4, 4), value = reader.number(entry + 8, 2);
    if (!value) return std::nullopt;
    constexpr std::uint32_t orientation_tag = 0x0112, type_short = 3;
    if (tag != orientation_tag) continue;
    if (type != type_short || count != 1u || *value < 1 || *value > 8) return std::nullopt;
    return static_cast<int>(*value);
  }
  return std::nullopt;
}

template <class T>
void turn_upright(std::vector<T>& values, int& height, int& width, std::size_t channels, int orientation) {
  const bool transposed = orientation >= 5;
  const int new_height = transposed ? width : height, new_width = transposed ? height : width;
  // Old rows run backwards in 3, 4 (down the new picture) and 6, 7 (across it), old columns in 2, 3 and 7, 8.
  const bool flip_rows = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool flip_columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;

  std::vector<T> turned(values.size());
  T* out = turned.data();
  for (int y = 0; y < new_height; ++y) {
    for (int x = 0; x < new_width; ++x, out += channels) {
      const int row = transposed ? x : y, column = transposed ? y : x;
      const auto from_row = static_cast<std::size_t>(flip_rows ? height - 1 - row : row),
                 from_column = static_cast<std::size_t>(flip_columns ? width - 1 - column : column);
      std::copy_n(values.data() + (from_row * static_cast<std::size_t>(width) + from_column) * channels,
                  channels, out);
    }
  }
  values = std::move(turned);
  height = new_height;
  width = new_width;
}

template void turn_upright(std::vector<std::uint8_t>&, int&, int&, std::size_t, int);
template void turn_upright(std::vector<std::uint16_t>&, int&, int&, std::size_t, int);

}  // namespace dht::examples
