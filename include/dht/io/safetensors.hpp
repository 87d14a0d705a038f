// SPDX-License-Identifier: MIT
// Checkpoints: safetensors files read and written. The one part of the library that needs nlohmann-json.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <dht/core/error.hpp>
#include <dht/io/dtype.hpp>
#include <dht/io/file.hpp>
#include <dht/io/safetensors_header.hpp>

namespace dht {

/// A safetensors file in memory. Everything that it says was checked when it was loaded: offsets inside the file,
/// without overlap or hole, sizes that fit shapes and types, no name twice.
class SafeTensors {
 public:
  /// Reads and checks a file. Throws dht::Error, naming the file, when it is missing or not a safetensors file.
  static SafeTensors load(const std::filesystem::path& path) {
    return SafeTensors(read_file(path), detail::file_name(path));
  }
  /// The same from memory; `file` is its name in errors.
  static SafeTensors from_bytes(std::vector<std::byte> bytes, std::string file = "safetensors") {
    return SafeTensors(std::move(bytes), std::move(file));
  }

  /// The file's name as errors say it.
  const std::string& file() const& { return file_; }
  const std::string& file() const&& = delete;
  /// Names of all tensors, in the order of the header.
  const std::vector<std::string>& names() const& { return header_.names; }
  const std::vector<std::string>& names() const&& = delete;
  /// The file's own notes, text by name; empty when it has none.
  const std::map<std::string, std::string, std::less<>>& metadata() const& { return header_.metadata; }
  const std::map<std::string, std::string, std::less<>>& metadata() const&& = delete;

  bool contains(std::string_view name) const { return header_.tensors.contains(name); }

  /// Type, shape and place of a tensor. Throws dht::Error with the nearest names when there is none of that name.
  const TensorInfo& info(std::string_view name) const& {
    const auto found = header_.tensors.find(name);
    DHT_EXPECTS(found != header_.tensors.end(), file_, ": has no tensor ", detail::one_line(name),
                detail::near_names(header_.names, name));
    return found->second;
  }
  const TensorInfo& info(std::string_view) const&& = delete;
  const std::vector<std::int64_t>& shape(std::string_view name) const& { return info(name).shape; }
  const std::vector<std::int64_t>& shape(std::string_view) const&& = delete;

  /// A tensor's bytes as stored; they live as long as this object.
  std::span<const std::byte> bytes(std::string_view name) const& {
    const TensorInfo& tensor = info(name);
    return std::span(bytes_).subspan(data_ + tensor.begin, tensor.end - tensor.begin);
  }
  std::span<const std::byte> bytes(std::string_view) const&& = delete;

  /// A tensor's values in C order, converted to T: floating types round (a finite number must stay finite), integers
  /// and booleans must be exact in T. Throws dht::Error when a value does not fit, floats are asked for as integers, or the
  /// tensor is of a type that is not read (`is_readable`); a file may hold such tensors beside others.
  template <concepts::tensor_value T>
  std::vector<T> read(std::string_view name) const {
    const DType type = info(name).type;
    DHT_EXPECTS(is_readable(type), file_, ": ", detail::one_line(name), ": holds ",
                detail::one_line(info(name).type_name),
                "; must be BOOL, F16, BF16, F32, F64, or I or U with 8, 16, 32 or 64 to be read");
    DHT_EXPECTS(std::floating_point<T> || !detail::is_floating(type), file_, ": ", detail::one_line(name),
                ": holds ", to_string(type), "; must be integers to be read as ",
                to_string(detail::dtype_of<T>()));
    std::vector<T> values;
    detail::with_stored_type(type, [&](auto stored) { values = convert<T, decltype(stored)>(name); });
    return values;
  }

  /// The same for a tensor that must have a certain shape. Throws dht::Error with both shapes when it has another.
  template <concepts::tensor_value T>
  std::vector<T> read(std::string_view name, const std::vector<std::int64_t>& expected_shape) const {
    check_shape(name, expected_shape);
    return read<T>(name);
  }

  /// Throws dht::Error with both shapes when a tensor has another shape than this, or is missing.
  void check_shape(std::string_view name, const std::vector<std::int64_t>& expected_shape) const {
    DHT_EXPECTS(shape(name) == expected_shape, file_, ": ", detail::one_line(name), ": has shape ",
                detail::shape_text(shape(name)), ", must be ", detail::shape_text(expected_shape));
  }

 private:
  SafeTensors(std::vector<std::byte> bytes, std::string file)
      : file_(std::move(file)), bytes_(std::move(bytes)) {
    const std::size_t length = detail::header_bytes(file_, bytes_);
    data_ = 8 + length;
    const char* text = reinterpret_cast<const char*>(bytes_.data()) + 8;
    detail::HeaderReader reader(file_, bytes_.size() - data_);
    nlohmann::json::sax_parse(text, text + length, &reader);
    header_ = std::move(reader.header);
    detail::check_dense(file_, header_, bytes_.size() - data_);
  }

  template <class T, class Stored>
  std::vector<T> convert(std::string_view name) const {
    const std::span<const std::byte> stored = bytes(name);
    std::vector<T> values(stored.size() / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = detail::decode(detail::load_little<Stored>(stored.data() + i * sizeof(Stored)));
      DHT_EXPECTS(detail::fits<T>(value), file_, ": ", detail::one_line(name), ": value ", i, " is ", +value,
                  "; must fit ", to_string(detail::dtype_of<T>()),
                  std::integral<decltype(value)> ? " exactly" : "");
      values[i] = static_cast<T>(value);
    }
    return values;
  }

  std::string file_;
  std::vector<std::byte> bytes_;
  std::size_t data_ = 0;
  detail::Header header_;
};

/// Collects tensors and writes them as a safetensors file. The same tensors and metadata give the same bytes in
/// whatever order they were added: tensors of wide types first (so that all are aligned), then by name.
class SafeTensorsWriter {
 public:
  /// Adds values in C order (any contiguous range of bool, float, double or integers), stored as their own type.
  /// Throws dht::Error when the name is taken or not UTF-8, or `shape` does not hold as many values.
  template <std::ranges::contiguous_range Values>
    requires concepts::tensor_value<std::ranges::range_value_t<Values>> ||
        std::same_as < std::ranges::range_value_t<Values>,
  bool > void add(const std::string& name, const std::vector<std::int64_t>& shape, const Values& values) {
    using T = std::ranges::range_value_t<Values>;
    detail::check_shape(detail::one_line(name), shape, std::ranges::size(values));
    std::vector<std::byte> bytes;
    detail::append_little(bytes, std::span<const T>(values));
    add_bytes(name, detail::dtype_of<T>(), shape, std::move(bytes));
  }

  /// Adds a tensor as it is stored, little endian: half precision, or what another file's `bytes` gave. Throws dht::Error
  /// unless the bytes are as many as shape and type say; of `Unknown` nobody can say it.
  void add_bytes(const std::string& name, DType type, const std::vector<std::int64_t>& shape,
                 std::vector<std::byte> bytes) {
    DHT_EXPECTS(type < DType::Unknown, detail::one_line(name),
                ": is of a type that is not known; must be of ", "one of the format's");
    const auto count = detail::stored_bytes(shape, type);
    DHT_EXPECTS(count.has_value() && *count == bytes.size(), detail::one_line(name), ": has ", bytes.size(),
                " bytes; must be ", count ? std::to_string(*count) : "whole and below 2^60", " for ",
                to_string(type), " of shape ", detail::shape_text(shape));
    DHT_EXPECTS(name != "__metadata__",
                "name: is __metadata__; must be another, this one is the format's own");
    quoted(name);
    const bool added = tensors_.try_emplace(name, Tensor{type, shape, std::move(bytes)}).second;
    DHT_EXPECTS(added, detail::one_line(name), ": was added twice; must be added once");
  }

  /// Sets a note of the file; one of that name is replaced. Throws dht::Error when either is not UTF-8.
  void set_metadata(const std::string& name, const std::string& text) {
    quoted(name), quoted(text);
    metadata_[name] = text;
  }

  /// The whole file in memory.
  std::vector<std::byte> bytes() const {
    const auto order = ordered();
    const std::string text = header(order);
    DHT_EXPECTS(text.size() <= detail::most_header_bytes, "safetensors: header has ", text.size(),
                " bytes; must be at most ", detail::most_header_bytes);
    const std::uint64_t length = text.size();
    std::vector<std::byte> file;
    detail::append_little(file, std::span(&length, 1));
    detail::append_text(file, text);
    for (const auto* tensor : order)
      file.insert(file.end(), tensor->second.bytes.begin(), tensor->second.bytes.end());
    return file;
  }

  /// Writes the file, whole or not at all; throws what `write_file` throws.
  void save(const std::filesystem::path& path, WhenWritten when = WhenWritten::by_system) const {
    write_file(path, bytes(), when);
  }

 private:
  struct Tensor {
    DType type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };
  using Entry = std::pair<const std::string, Tensor>;

  static std::string quoted(const std::string& text) {
    try {
      return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
      detail::fail({"name or text: ", detail::one_line(text), " is not UTF-8; must be"});
    }
  }

  std::vector<const Entry*> ordered() const {
    std::vector<const Entry*> order;
    for (const Entry& entry : tensors_) order.push_back(&entry);
    std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
      return bits_of(a->second.type) > bits_of(b->second.type);
    });
    return order;
  }

  // Filled up with spaces so that the values begin at a multiple of 8.
  std::string header(const std::vector<const Entry*>& order) const {
    std::string text = "{";
    const auto separate = [&text] { text += text.back() == '{' ? "" : ","; };
    if (!metadata_.empty()) {
      text += "\"__metadata__\":{";
      for (const auto& [name, note] : metadata_) separate(), text += quoted(name) + ":" + quoted(note);
      text += '}';
    }
    std::uint64_t at = 0;
    for (const Entry* entry : order) {
      const auto& [type, shape, bytes] = entry->second;
      separate();
      text += quoted(entry->first) + ":{\"dtype\":\"" + std::string(to_string(type));
      text += "\",\"shape\":[" + detail::joined(shape, ",");
      text += "],\"data_offsets\":[" + std::to_string(at) + "," + std::to_string(at + bytes.size()) + "]}";
      at += bytes.size();
    }
    text += '}';
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
  }

  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace dht
