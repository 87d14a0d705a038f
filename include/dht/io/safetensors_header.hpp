// SPDX-License-Identifier: MIT
// The header of a safetensors file: read event by event and checked, so that whatever comes in, every offset is sound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <dht/core/error.hpp>
#include <dht/io/dtype.hpp>
#include <dht/io/file.hpp>

namespace dht {

/// Where a tensor lies: its values are the bytes `begin` to `end` (exclusive), little endian, C order.
struct TensorInfo {
  DType type = DType::F32;
  std::string type_name;  ///< as the file has it
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;
};

namespace detail {

/// Bytes of an array of a known type; nothing when a length is negative, its bits overflow 63 bits or end within a byte.
inline std::optional<std::uint64_t> stored_bytes(std::span<const std::int64_t> shape, DType type) {
  const auto bits = byte_count(shape, std::size_t(bits_of(type)));
  return bits && *bits % 8 == 0 ? std::optional(*bits / 8) : std::nullopt;
}

inline constexpr std::uint64_t most_header_bytes = 100'000'000;  // the published reader's limit

/// What a header says, before anything was looked up in it.
struct Header {
  std::vector<std::string> names;
  std::map<std::string, TensorInfo, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Reads a header event by event, so that neither nesting nor repeated names pass. A header has four places:
/// the object of tensors, the metadata, one tensor, and a list of numbers.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(const std::string& file, std::uint64_t data_bytes) : file_(file), data_bytes_(data_bytes) {}

  Header header;

  bool null() override { wrong("null"); }
  bool boolean(bool) override { wrong("a boolean"); }
  bool number_integer(number_integer_t) override { wrong("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { wrong("a fractional or too large number"); }
  bool binary(binary_t&) override { wrong("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::list) wrong("a number");
    if (value > std::uint64_t(INT64_MAX)) wrong("a number over 2^63 - 1");
    (field_ == "shape" ? tensor_.shape : offsets_).push_back(std::int64_t(value));
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header.metadata[field_] = value;
    } else if (place_ == Place::tensor && field_ == "dtype") {
      set_type(value);
    } else {
      wrong("a string");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ != Place::outside && place_ != Place::tensors) wrong("an object");
    if (place_ == Place::outside) {
      place_ = Place::tensors;
    } else {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
      fields_.clear();
    }
    return true;
  }

  bool key(string_t& value) override {
    std::set<std::string>& seen = place_ == Place::tensors ? names_ : fields_;
    (place_ == Place::tensors ? name_ : field_) = value;
    DHT_EXPECTS(seen.insert(value).second, where(), "appears twice; must appear once");
    DHT_EXPECTS(place_ != Place::tensor || value == "dtype" || value == "shape" || value == "data_offsets",
                where(), "is unknown; must be dtype, shape or data_offsets");
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || field_ == "dtype") wrong("a list");
    place_ = Place::list;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) add_tensor();
    place_ = Place::tensors;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail({file_, ": header is not valid JSON at byte ", position});
  }

 private:
  enum class Place { outside, tensors, metadata, tensor, list };

  /// "FILE: NAME: FIELD " of the value that is being read.
  std::string where() const {
    if (place_ == Place::outside) return file_ + ": header ";
    if (place_ == Place::tensors) return file_ + ": " + one_line(name_) + " ";
    return file_ + ": " + one_line(name_) + ": " + one_line(field_) + " ";
  }

  [[noreturn]] void wrong(const char* kind) const {
    const char* expected = place_ == Place::outside || place_ == Place::tensors ? "an object"
                           : place_ == Place::metadata || field_ == "dtype"
                               ? "a string"
                               : "a list of whole numbers from 0 on";
    fail({where(), place_ == Place::list ? "holds " : "is ", kind, "; must be ", expected});
  }

  void set_type(const std::string& name) {
    int i = 0;
    while (i < int(DType::Unknown) && to_string(DType(i)) != name) ++i;
    tensor_.type = DType(i);
    tensor_.type_name = name;
  }

  void add_tensor() {
    const std::string name = file_ + ": " + one_line(name_) + ": ";
    for (const char* field : {"dtype", "shape", "data_offsets"})
      DHT_EXPECTS(fields_.contains(field), name, "has no ", field,
                  "; must have dtype, shape and data_offsets");
    DHT_EXPECTS(offsets_.size() == 2, name, "data_offsets has ", offsets_.size(),
                " numbers; must be begin and end");
    const std::uint64_t begin = std::uint64_t(offsets_[0]), end = std::uint64_t(offsets_[1]);
    DHT_EXPECTS(begin <= end && end <= data_bytes_, name, "data_offsets is [", begin, ", ", end,
                "]; must be ascending and end by ", data_bytes_, ", where the file ends");
    DHT_EXPECTS(byte_count(tensor_.shape, 1).has_value(), name, "shape ", shape_text(tensor_.shape),
                " is too large; its values must be below 2^63");
    // Of a type that is not known, the offsets alone say how large it is.
    if (tensor_.type != DType::Unknown) {
      const auto bytes = stored_bytes(tensor_.shape, tensor_.type);
      DHT_EXPECTS(bytes.has_value(), name, "shape ", shape_text(tensor_.shape), " cannot be of ",
                  tensor_.type_name, "; its bits must be below 2^63 and fill whole bytes");
      DHT_EXPECTS(*bytes == end - begin, name, "has ", end - begin, " bytes; must be ", *bytes, " for ",
                  tensor_.type_name, " of shape ", shape_text(tensor_.shape));
    }
    tensor_.begin = std::size_t(begin), tensor_.end = std::size_t(end);
    header.names.push_back(name_);
    header.tensors.emplace(name_, std::exchange(tensor_, {}));
    offsets_.clear();
  }

  const std::string& file_;
  std::uint64_t data_bytes_;
  Place place_ = Place::outside;
  std::string name_, field_;
  std::set<std::string> names_, fields_;
  TensorInfo tensor_;
  std::vector<std::int64_t> offsets_;
};

/// The tensors must fill the bytes one after another: no overlap, no hole, nothing left over.
inline void check_dense(const std::string& file, const Header& header, std::size_t data_bytes) {
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::string_view>> order;
  for (const auto& [name, tensor] : header.tensors) order.push_back({{tensor.begin, tensor.end}, name});
  std::sort(order.begin(), order.end());
  std::size_t at = 0;
  for (const auto& [offsets, name] : order) {
    DHT_EXPECTS(offsets.first == at, file, ": ", one_line(name), ": begins at byte ", offsets.first,
                "; must be ", at, ", where the tensor before it ends (no overlap, no hole)");
    at = offsets.second;
  }
  DHT_EXPECTS(at == data_bytes, file, ": has ", data_bytes, " bytes of values; must be ", at,
              ", where the last tensor ends");
}

/// Bytes of the header's text, after the checks that need no JSON.
inline std::size_t header_bytes(const std::string& file, std::span<const std::byte> bytes) {
  DHT_EXPECTS(bytes.size() >= 8, file, ": has ", bytes.size(),
              " bytes; a safetensors file must have 8 or more");
  const std::uint64_t length = load_little<std::uint64_t>(bytes.data());
  DHT_EXPECTS(length <= most_header_bytes, file, ": header has ", length, " bytes; must be at most ",
              most_header_bytes);
  DHT_EXPECTS(length <= bytes.size() - 8, file, ": header has ", length, " bytes; must be at most ",
              bytes.size() - 8, ", what the file has");
  const auto text = bytes.subspan(8, std::size_t(length));
  DHT_EXPECTS(!text.empty() && text.front() == std::byte{'{'}, file,
              ": header does not begin with '{'; must be JSON");
  // The JSON reader would take a zero byte for the end and accept whatever follows.
  DHT_EXPECTS(std::find(text.begin(), text.end(), std::byte{0}) == text.end(), file,
              ": header has a zero byte; must be JSON");
  return std::size_t(length);
}

/// "; nearest: a, b, c (24 in all)": the names that share most of their beginning and end with `name`.
inline std::string near_names(const std::vector<std::string>& names, std::string_view name) {
  const auto alike = [name](std::string_view other) {
    const auto front =
        std::mismatch(name.begin(), name.end(), other.begin(), other.end()).first - name.begin();
    const auto back =
        std::mismatch(name.rbegin(), name.rend(), other.rbegin(), other.rend()).first - name.rbegin();
    return front + back;
  };
  std::vector<std::pair<std::ptrdiff_t, std::size_t>> order;
  for (std::size_t i = 0; i < names.size(); ++i) order.emplace_back(-alike(names[i]), i);
  const std::size_t shown = std::min<std::size_t>(order.size(), 3);
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(shown), order.end());
  std::string text;
  for (const auto& [ignored, i] : std::span(order).first(shown)) {
    text += text.empty() ? "; nearest: " : ", ";
    text += one_line(names[i]);
  }
  return names.empty() ? "; it has none" : text + " (" + std::to_string(names.size()) + " in all)";
}

}  // namespace detail

}  // namespace dht
