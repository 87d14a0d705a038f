// SPDX-License-Identifier: MIT
// NumPy's .npy files, format 1.0: arrays that `numpy.load` opens, and the same arrays read back.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

namespace dht {

namespace concepts {

/// Numbers that .npy files of this library hold: int32, int64, float, double, uint8.
template <class T>
concept npy_value = std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> ||
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::uint8_t>;

}  // namespace concepts

/// An array as it came from a file: `values` in C order (the last number of `shape` runs fastest).
template <concepts::npy_value T>
struct NpyArray {
  std::vector<std::int64_t> shape;
  std::vector<T> values;
};

namespace detail {

inline constexpr std::string_view npy_magic{"\x93NUMPY\x01\x00", 8};
inline constexpr std::size_t npy_most_dimensions = 32;  // NumPy 1 reads no more

template <class T>
constexpr std::string_view npy_type() {
  if constexpr (std::same_as<T, std::uint8_t>) return "|u1";
  if constexpr (std::same_as<T, std::int32_t>) return "<i4";
  if constexpr (std::same_as<T, std::int64_t>) return "<i8";
  if constexpr (std::same_as<T, float>) return "<f4";
  if constexpr (std::same_as<T, double>) return "<f8";
}

/// Magic, length and the dictionary, filled up with spaces to a multiple of 64 bytes as NumPy does.
inline std::string npy_header(std::string_view type, std::span<const std::int64_t> shape) {
  std::string text = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
  text += joined(shape, ", ");
  text += shape.size() == 1 ? ",), }" : "), }";
  text.resize((npy_magic.size() + 2 + text.size() + 1 + 63) / 64 * 64 - npy_magic.size() - 3, ' ');
  text += '\n';
  const std::string length{char(text.size() & 0xFF), char(text.size() >> 8)};
  return std::string(npy_magic) + length + text;
}

/// Reads the dictionary of a header: the three keys in any order, each once, nothing else.
class NpyHeaderReader {
 public:
  std::string_view type;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;

  NpyHeaderReader(const std::string& file, std::string_view text) : file_(file), text_(text) {
    expect('{');
    for (unsigned seen = 0; seen != 7 || !peek('}');) {
      const unsigned key = read_entry();
      if ((seen & key) != 0) malformed();
      seen |= key;
      if (!peek('}')) expect(',');
    }
    expect('}');
    skip_spaces();
    if (at_ != text_.size()) malformed();
  }

 private:
  [[noreturn]] void malformed() const {
    fail({file_, ": header is malformed at byte ", npy_magic.size() + 2 + at_,
          "; must be a dictionary of descr, fortran_order and shape"});
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool peek(char c) {
    skip_spaces();
    return at_ < text_.size() && text_[at_] == c;
  }

  void expect(char c) {
    if (!peek(c)) malformed();
    ++at_;
  }

  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string_view read_string() {
    expect('\'');
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) malformed();
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }

  std::int64_t read_number() {
    skip_spaces();
    const auto digit = [this] { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; };
    if (!digit()) malformed();
    std::int64_t number = 0;
    for (; digit(); ++at_) {
      DHT_EXPECTS(number < std::numeric_limits<std::int64_t>::max() / 10, file_,
                  ": shape has a number of 19 digits or more; must be below 2^63 / 10");
      number = number * 10 + (text_[at_] - '0');
    }
    return number;
  }

  void read_shape() {
    expect('(');
    while (!peek(')')) {
      shape.push_back(read_number());
      DHT_EXPECTS(shape.size() <= npy_most_dimensions, file_, ": shape has more than ", npy_most_dimensions,
                  " numbers; must be at most that");
      if (!peek(')')) expect(',');
    }
    expect(')');
  }

  unsigned read_entry() {
    const std::string_view key = read_string();
    expect(':');
    if (key == "descr") return type = read_string(), 1;
    if (key == "shape") return read_shape(), 2;
    if (key != "fortran_order") malformed();
    fortran_order = take("True");
    if (!fortran_order && !take("False")) malformed();
    return 4;
  }

  const std::string& file_;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// The dictionary's text, after the checks of magic, version and length.
inline std::string_view npy_header_text(const std::string& file, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t start = npy_magic.size() + 2;
  DHT_EXPECTS(text.size() >= start && text.starts_with(npy_magic.substr(0, 6)), file,
              ": does not begin like a NumPy file; must be a .npy file");
  DHT_EXPECTS(text.starts_with(npy_magic), file, ": is of NumPy format ", int(bytes[6]), ".", int(bytes[7]),
              "; must be 1.0");
  const std::size_t length = load_little<std::uint16_t>(bytes.data() + npy_magic.size());
  DHT_EXPECTS(length <= text.size() - start, file, ": header of ", length,
              " bytes reaches past the end; only ", text.size() - start, " follow");
  return text.substr(start, length);
}

}  // namespace detail

/// The bytes of a .npy file: `values` in C order, little endian. `shape` may be empty (one number) or hold zeros.
/// Throws dht::Error unless the number of values is the product of `shape`.
template <std::ranges::contiguous_range Values>
  requires concepts::npy_value<std::ranges::range_value_t<Values>> std::vector<std::byte> npy_bytes(
      const Values& values, const std::vector<std::int64_t>& shape) {
    using T = std::ranges::range_value_t<Values>;
    DHT_EXPECTS(shape.size() <= detail::npy_most_dimensions, "shape: has ", shape.size(),
                " dimensions; must be at most ", detail::npy_most_dimensions);
    detail::check_shape("values", shape, std::ranges::size(values));
    std::vector<std::byte> bytes;
    detail::append_text(bytes, detail::npy_header(detail::npy_type<T>(), shape));
    detail::append_little(bytes, std::span<const T>(values));
    return bytes;
  }

/// Writes a .npy file that `numpy.load` opens, whole or not at all (see `write_file` and `npy_bytes` for the errors).
template <std::ranges::contiguous_range Values>
  requires concepts::npy_value<std::ranges::range_value_t<Values>>
void write_npy(const std::filesystem::path& path, const Values& values,
               const std::vector<std::int64_t>& shape) {
  write_file(path, npy_bytes(values, shape));
}

/// An array from the bytes of a .npy file; `file` is its name in errors. The file must hold exactly `T`, C order.
template <concepts::npy_value T>
NpyArray<T> npy_from_bytes(std::span<const std::byte> bytes, const std::string& file = "npy") {
  const std::string_view text = detail::npy_header_text(file, bytes);
  detail::NpyHeaderReader header(file, text);
  DHT_EXPECTS(header.type == detail::npy_type<T>(), file, ": holds values of type ",
              detail::one_line(header.type), "; must be ", detail::npy_type<T>());
  DHT_EXPECTS(!header.fortran_order, file, ": is in Fortran order; must be in C order");
  const auto data = bytes.subspan(detail::npy_magic.size() + 2 + text.size());
  const auto count = detail::byte_count(header.shape, sizeof(T));
  DHT_EXPECTS(count.has_value() && *count == data.size(), file, ": has ", data.size(),
              " bytes of values; must be ", count ? std::to_string(*count) : "below 2^63", " for shape ",
              detail::shape_text(header.shape));
  NpyArray<T> array{std::move(header.shape), std::vector<T>(data.size() / sizeof(T))};
  for (std::size_t i = 0; i < array.values.size(); ++i)
    array.values[i] = detail::load_little<T>(data.data() + i * sizeof(T));
  return array;
}

/// Reads a .npy file of exactly `T`. Throws dht::Error, naming the file, for everything else.
template <concepts::npy_value T>
NpyArray<T> read_npy(const std::filesystem::path& path) {
  return npy_from_bytes<T>(read_file(path), detail::file_name(path));
}

}  // namespace dht
