// SPDX-License-Identifier: MIT
// Checkpoints: round trips of every type, conversions, every error sentence, hostile headers and damaged files.
#include <cmath>
#include <cstdlib>
#include <limits>

#include <dht/io/safetensors.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

using dht::DType;
using dht::SafeTensors;
using dht::SafeTensorsWriter;
using dht::test::bytes_of;
using dht::test::error_of;

namespace {

using Shape = std::vector<std::int64_t>;

std::string length_of(std::uint64_t length) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += char(length >> 8 * i & 0xFF);
  return text;
}

/// A file with this header and so many bytes of values.
std::vector<std::byte> file_of(const std::string& header, std::size_t data = 0) {
  return bytes_of(length_of(header.size()) + header + std::string(data, '\1'));
}

SafeTensors from(const std::vector<std::byte>& bytes) { return SafeTensors::from_bytes(bytes, "f"); }

std::string error_in(const std::string& header, std::size_t data = 0) {
  return error_of([&] { from(file_of(header, data)); });
}

/// The error of a file with one tensor `w` of 4 bytes, written with these fields.
std::string error_in_tensor(const std::string& fields) { return error_in("{\"w\":{" + fields + "}}", 4); }

std::string tensor(const std::string& name, const std::string& type, const std::string& shape, int begin,
                   int end) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

/// A tensor `w` of one type with these values, loaded.
template <class T>
SafeTensors stored(const std::vector<T>& values) {
  SafeTensorsWriter writer;
  writer.add("w", {std::int64_t(values.size())}, values);
  return from(writer.bytes());
}

SafeTensors stored_as(DType type, std::span<const std::uint16_t> values) {
  SafeTensorsWriter writer;
  std::vector<std::byte> bytes;
  dht::detail::append_little(bytes, values);
  writer.add_bytes("w", type, {std::int64_t(values.size())}, bytes);
  return from(writer.bytes());
}

/// What a binary floating number of these widths means, from its definition.
double slow_decode(unsigned bits, int exponent_bits, int mantissa_bits) {
  const int exponent = int(bits >> mantissa_bits & ((1u << exponent_bits) - 1));
  const double mantissa = double(bits & ((1u << mantissa_bits) - 1));
  const double sign = (bits >> (exponent_bits + mantissa_bits)) != 0 ? -1 : 1;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == 2 * bias + 1) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + std::ldexp(1.0, mantissa_bits), exponent - bias - mantissa_bits);
}

/// Everything of a file written again.
SafeTensorsWriter copy_of(const SafeTensors& file) {
  SafeTensorsWriter writer;
  for (const auto& [name, text] : file.metadata()) writer.set_metadata(name, text);
  for (const std::string& name : file.names()) {
    const auto bytes = file.bytes(name);
    writer.add_bytes(name, file.info(name).type, file.shape(name), {bytes.begin(), bytes.end()});
  }
  return writer;
}

bool same(const SafeTensors& a, const SafeTensors& b) {
  if (a.metadata() != b.metadata() || a.names().size() != b.names().size()) return false;
  return std::ranges::all_of(a.names(), [&](const std::string& name) {
    return b.contains(name) && a.info(name).type == b.info(name).type && a.shape(name) == b.shape(name) &&
           std::ranges::equal(a.bytes(name), b.bytes(name));
  });
}

/// A small file with several types, an empty tensor, a scalar and metadata.
SafeTensorsWriter small_file() {
  SafeTensorsWriter writer;
  writer.set_metadata("iota", "5");
  writer.set_metadata("quote", "\"a\"\n\xc3\xa9");
  writer.add("linear.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.add("scalar", {}, std::array<double, 1>{0.5});
  writer.add("empty", {0, 4}, std::vector<std::int64_t>{});
  writer.add("mask", {3}, std::array<bool, 3>{true, false, true});
  return writer;
}

}  // namespace

TEST_CASE("a written file has the published layout", "[io]") {
  SafeTensorsWriter writer;
  writer.add("b", {1}, std::vector<std::uint8_t>{7});
  writer.add("a", {1, 1}, std::vector<std::int32_t>{-2});
  writer.set_metadata("k", "v");
  std::string header =
      "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
      "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[4,5]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(writer.bytes() == bytes_of(length_of(header.size()) + header + "\xFE\xFF\xFF\xFF\7"));
}

TEST_CASE("a file reads back through the disk", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "small.safetensors";
  small_file().save(path);
  const SafeTensors file = SafeTensors::load(path);
  CHECK(file.file() == path.string());
  CHECK(file.names() == std::vector<std::string>{"empty", "scalar", "linear.weight", "mask"});
  CHECK(file.metadata().size() == 2);
  CHECK(file.metadata().at("iota") == "5");
  CHECK(file.metadata().at("quote") == "\"a\"\n\xc3\xa9");
  CHECK(file.contains("scalar"));
  CHECK(!file.contains("scala"));
  CHECK(file.shape("empty") == Shape{0, 4});
  CHECK(file.read<float>("linear.weight", {2, 3}) == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(file.read<double>("scalar", {}) == std::vector<double>{0.5});
  CHECK(file.read<std::int64_t>("empty").empty());
  CHECK(file.read<int>("mask") == std::vector<int>{1, 0, 1});
  CHECK(same(file, from(copy_of(file).bytes())));
}

TEST_CASE("the same tensors give the same bytes in any order, all aligned", "[io]") {
  SafeTensorsWriter one, two;
  one.add("a", {1}, std::vector<std::uint8_t>{1});
  one.add("b", {1}, std::vector<double>{2});
  two.add("b", {1}, std::vector<double>{2});
  two.add("a", {1}, std::vector<std::uint8_t>{1});
  CHECK(one.bytes() == two.bytes());
  const SafeTensors file = from(small_file().bytes());
  for (const std::string& name : file.names())
    CHECK(file.info(name).begin * 8 % std::size_t(dht::bits_of(file.info(name).type)) == 0);
}

TEST_CASE("an empty file has no tensors", "[io]") {
  const SafeTensors file = from(SafeTensorsWriter().bytes());
  CHECK(file.names().empty());
  CHECK(error_of([&] { file.info("w"); }) == "f: has no tensor w; it has none");
}

TEMPLATE_TEST_CASE("every type reads back as itself", "[io]", std::int8_t, std::uint8_t, std::int16_t,
                   std::uint16_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double,
                   long long) {
  using limits = std::numeric_limits<TestType>;
  const std::vector<TestType> values{limits::lowest(), 0, 1, limits::max()};
  const SafeTensors file = stored(values);
  CHECK(file.read<TestType>("w") == values);
  CHECK(std::size_t(dht::bits_of(file.info("w").type)) == 8 * sizeof(TestType));
  CHECK(same(file, from(copy_of(file).bytes())));
  CHECK(stored<TestType>({0, 1, 100}).template read<double>("w", {3}) == std::vector<double>{0, 1, 100});
}

TEST_CASE("types keep their names and widths", "[io]") {
  const std::string names = "BOOL U8 I8 U16 I16 F16 BF16 U32 I32 F32 U64 I64 F64 ";
  std::string found;
  for (int i = 0; i <= int(DType::F64); ++i) found += std::string(to_string(DType(i))) + " ";
  CHECK(found == names);
  for (const auto& [type, size] : std::vector<std::pair<std::string, int>>{{"BOOL", 1},
                                                                           {"U8", 1},
                                                                           {"I8", 1},
                                                                           {"U16", 2},
                                                                           {"I16", 2},
                                                                           {"F16", 2},
                                                                           {"BF16", 2},
                                                                           {"U32", 4},
                                                                           {"I32", 4},
                                                                           {"F32", 4},
                                                                           {"U64", 8},
                                                                           {"I64", 8},
                                                                           {"F64", 8}}) {
    const SafeTensors file =
        from(file_of(std::string("{") + tensor("w", type, "[2]", 0, 2 * size) + "}", std::size_t(2 * size)));
    CHECK(to_string(file.info("w").type) == type);
    CHECK(file.bytes("w").size() == std::size_t(2 * size));
    CHECK(same(file, from(copy_of(file).bytes())));
  }
}

TEST_CASE("a tensor of a type that is not read stands beside others", "[io]") {
  for (const auto& [type, bytes] : std::vector<std::pair<std::string, int>>{{"F4", 4},
                                                                            {"F6_E2M3", 6},
                                                                            {"F6_E3M2", 6},
                                                                            {"F8_E4M3", 8},
                                                                            {"F8_E5M2", 8},
                                                                            {"F8_E8M0", 8},
                                                                            {"F8_E4M3FNUZ", 8},
                                                                            {"F8_E5M2FNUZ", 8},
                                                                            {"C64", 64},
                                                                            {"T7_of_tomorrow", 5}}) {
    CAPTURE(type);
    const SafeTensors file = from(file_of(
        "{" + tensor("odd", type, "[2,4]", 0, bytes) + "," + tensor("w", "U8", "[2]", bytes, bytes + 2) + "}",
        std::size_t(bytes + 2)));
    CHECK(file.read<float>("w") == std::vector<float>{1, 1});
    CHECK(file.shape("odd") == Shape{2, 4});
    CHECK(file.info("odd").type_name == type);
    CHECK(!is_readable(file.info("odd").type));
    CHECK(file.bytes("odd").size() == std::size_t(bytes));
    CHECK(error_of([&] { file.read<float>("odd"); }) ==
          "f: odd: holds " + type +
              "; must be BOOL, F16, BF16, F32, F64, or I or U with 8, 16, 32 or 64 to be read");
    if (file.info("odd").type != DType::Unknown) CHECK(same(file, from(copy_of(file).bytes())));
  }
}

TEST_CASE("all 65536 halves and bfloat16 are what their bits mean", "[io]") {
  std::vector<std::uint16_t> patterns(65536);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = std::uint16_t(i);
  const auto [type, exponent_bits, mantissa_bits] =
      GENERATE(std::tuple{DType::F16, 5, 10}, std::tuple{DType::BF16, 8, 7});
  const SafeTensors file = stored_as(type, patterns);
  const auto doubles = file.read<double>("w");
  const auto floats = file.read<float>("w");
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const double expected = slow_decode(unsigned(i), exponent_bits, mantissa_bits);
    const bool right = std::isnan(expected) ? std::isnan(doubles[i]) && std::isnan(floats[i])
                                            : doubles[i] == expected && double(floats[i]) == expected &&
                                                  std::signbit(doubles[i]) == std::signbit(expected);
    wrong += !right;
  }
  CHECK(wrong == 0);
}

TEST_CASE("numbers convert where they fit and are refused where not", "[io]") {
  const float largest = std::numeric_limits<float>::max();
  CHECK(stored<double>({0.1, -1e-300, INFINITY, largest}).read<float>("w") ==
        std::vector<float>{0.1f, -0.0f, INFINITY, largest});
  CHECK(std::isnan(stored<double>({NAN}).read<float>("w")[0]));
  CHECK(error_of([] {
          stored<double>({0, 1e300}).read<float>("w");
        }) == "f: w: value 1 is 1e+300; must fit F32");
  CHECK(stored<std::int64_t>({16777216, -16777216, 33554432, INT64_MIN}).read<float>("w") ==
        std::vector<float>{16777216, -16777216, 33554432, -0x1p63f});
  CHECK(error_of([] { stored<std::int64_t>({-16777217}).read<float>("w"); }) ==
        "f: w: value 0 is -16777217; must fit F32 exactly");
  CHECK(error_of([] { stored<std::uint64_t>({UINT64_MAX}).read<double>("w"); }) ==
        "f: w: value 0 is 18446744073709551615; must fit F64 exactly");
  CHECK(stored<std::int64_t>({INT32_MIN, INT32_MAX}).read<std::int32_t>("w") ==
        std::vector<std::int32_t>{INT32_MIN, INT32_MAX});
  CHECK(error_of([] {
          stored<std::int64_t>({5, 3000000000}).read<std::int32_t>("w");
        }) == "f: w: value 1 is 3000000000; must fit I32 exactly");
  CHECK(error_of([] { stored<std::int8_t>({-1}).read<std::uint64_t>("w"); }) ==
        "f: w: value 0 is -1; must fit U64 exactly");
  CHECK(error_of([] { stored<std::uint8_t>({200}).read<std::int8_t>("w"); }) ==
        "f: w: value 0 is 200; must fit I8 exactly");
  CHECK(error_of([] { stored<float>({1}).read<std::int32_t>("w"); }) ==
        "f: w: holds F32; must be integers to be read as I32");
  const std::uint16_t one = 0x3C00;
  CHECK(error_of([&] { stored_as(DType::F16, std::span(&one, 1)).read<std::uint16_t>("w"); }) ==
        "f: w: holds F16; must be integers to be read as U16");
}

TEST_CASE("a missing tensor or a wrong shape says what there is", "[io]") {
  const SafeTensors file = from(small_file().bytes());
  CHECK(error_of([&] { file.read<float>("linear.bias"); }) ==
        "f: has no tensor linear.bias; nearest: linear.weight, empty, scalar (4 in all)");
  CHECK(error_of([&] {
          file.read<float>("linear.weight", {3, 4});
        }) == "f: linear.weight: has shape [2, 3], must be [3, 4]");
  CHECK(error_of([&] { file.read<float>("scalar", {1}); }) == "f: scalar: has shape [], must be [1]");
  CHECK(error_of([&] { file.bytes("line\nbreak"); }).starts_with("f: has no tensor line?break; nearest: "));
}

TEST_CASE("the writer refuses what no file can hold", "[io]") {
  SafeTensorsWriter writer;
  const std::vector<float> six(6);
  writer.add("w", {6}, six);
  CHECK(error_of([&] { writer.add("w", {6}, six); }) == "w: was added twice; must be added once");
  CHECK(error_of([&] { writer.add("x", {7}, six); }) == "x: has 6 values; must be 7 for shape [7]");
  CHECK(error_of([&] { writer.add("x", {-6}, six); }) ==
        "x: has shape [-6]; its lengths must be 0 or more and their product below 2^63");
  CHECK(error_of([&] { writer.add("__metadata__", {6}, six); }) ==
        "name: is __metadata__; must be another, this one is the format's own");
  CHECK(error_of([&] { writer.add("\xFF", {6}, six); }) == "name or text: \xFF is not UTF-8; must be");
  CHECK(error_of([&] { writer.set_metadata("k", "\xFF"); }) == "name or text: \xFF is not UTF-8; must be");
  CHECK(error_of([&] { writer.add_bytes("x", DType::F16, {3}, bytes_of("12345")); }) ==
        "x: has 5 bytes; must be 6 for F16 of shape [3]");
  CHECK(error_of([&] { writer.add_bytes("x", DType::F64, {INT64_MAX}, {}); }) ==
        "x: has 0 bytes; must be whole and below 2^60 for F64 of shape [9223372036854775807]");
  CHECK(error_of([&] { writer.add_bytes("x", DType::F6_E2M3, {3}, bytes_of("12")); }) ==
        "x: has 2 bytes; must be whole and below 2^60 for F6_E2M3 of shape [3]");
  CHECK(error_of([&] { writer.add_bytes("x", DType::Unknown, {1}, bytes_of("1")); }) ==
        "x: is of a type that is not known; must be of one of the format's");
  const SafeTensors written = from(writer.bytes());
  CHECK(written.names() == std::vector<std::string>{"w"});
}

TEST_CASE("files that cannot be opened are named", "[io]") {
  const dht::test::ScratchFolder folder;
  const std::string missing = (folder / "missing.safetensors").string();
  CHECK(error_of([&] { SafeTensors::load(missing); }) == missing + ": does not exist");
  CHECK(error_of([&] { SafeTensors::load(folder.path()); }) ==
        folder.path().string() + ": is a directory; must be a file");
  const auto empty = folder / "empty.safetensors";
  dht::write_file(empty, std::string_view());
  CHECK(error_of([&] { SafeTensors::load(empty); }) ==
        empty.string() + ": has 0 bytes; a safetensors file must have 8 or more");
  const auto target = folder / "no/file";
  CHECK(error_of([&] { small_file().save(target); }) ==
        target.string() + ": cannot be written; its folder " + (folder / "no").string() + " must exist");
}

TEST_CASE("a header's length must fit the file", "[io]") {
  const auto error = [](const std::string& text) { return error_of([&] { from(bytes_of(text)); }); };
  CHECK(error("1234567") == "f: has 7 bytes; a safetensors file must have 8 or more");
  CHECK(error(length_of(3) + "{}") == "f: header has 3 bytes; must be at most 2, what the file has");
  CHECK(error(length_of(UINT64_MAX) + "{}") ==
        "f: header has 18446744073709551615 bytes; must be at most 100000000");
  CHECK(error(length_of(100000001) + "{}") == "f: header has 100000001 bytes; must be at most 100000000");
  CHECK(error(length_of(0) + "{}") == "f: header does not begin with '{'; must be JSON");
}

TEST_CASE("a header must be JSON and an object", "[io]") {
  CHECK(error_in("[]") == "f: header does not begin with '{'; must be JSON");
  CHECK(error_in(" {}") == "f: header does not begin with '{'; must be JSON");
  CHECK(error_in(std::string("{}\0x", 4)) == "f: header has a zero byte; must be JSON");
  CHECK(error_in("{") == "f: header is not valid JSON at byte 2");
  CHECK(error_in("{}x") == "f: header is not valid JSON at byte 3");
  CHECK(error_in("{}{}") == "f: header is not valid JSON at byte 3");
  CHECK(error_in("{'a':1}") == "f: header is not valid JSON at byte 2");
  CHECK(error_in("{\"\xFF\":1}") == "f: header is not valid JSON at byte 3");
  CHECK(error_in("{\"a\":1e999}") == "f: header is not valid JSON at byte 10");
  CHECK(error_in("{}   ") == "(no error)");
}

TEST_CASE("nesting of any depth is refused without recursion", "[io]") {
  const auto repeated = [](const std::string& text) {
    std::string all;
    for (int i = 0; i < 1000000; ++i) all += text;
    return all;
  };
  CHECK(error_in("{\"w\":" + repeated("[")) == "f: w is a list; must be an object");
  CHECK(error_in(repeated("{\"w\":")) == "f: w: w is unknown; must be dtype, shape or data_offsets");
  CHECK(error_in("{\"w\":{\"shape\":" + repeated("[")) ==
        "f: w: shape holds a list; must be a list of whole numbers from 0 on");
  CHECK(error_in("{\"w\":{\"shape\":" + repeated("{\"a\":")) ==
        "f: w: shape is an object; must be a list of whole numbers from 0 on");
}

TEST_CASE("an entry must be an object of three fields", "[io]") {
  CHECK(error_in("{\"w\":null}") == "f: w is null; must be an object");
  CHECK(error_in("{\"w\":true}") == "f: w is a boolean; must be an object");
  CHECK(error_in("{\"w\":1}") == "f: w is a number; must be an object");
  CHECK(error_in("{\"w\":\"x\"}") == "f: w is a string; must be an object");
  const std::string must = "; must have dtype, shape and data_offsets";
  CHECK(error_in_tensor("") == "f: w: has no dtype" + must);
  CHECK(error_in_tensor(R"("dtype":"F32","data_offsets":[0,4])") == "f: w: has no shape" + must);
  CHECK(error_in_tensor(R"("dtype":"F32","shape":[1])") == "f: w: has no data_offsets" + must);
  CHECK(error_in_tensor(R"("dtype":"F32","order":"C")") ==
        "f: w: order is unknown; must be dtype, shape or data_offsets");
  CHECK(error_in_tensor(R"("dtype":"F32","dtype":"F32")") == "f: w: dtype appears twice; must appear once");
  CHECK(error_in_tensor(R"("shape":[1],"shape":[1])") == "f: w: shape appears twice; must appear once");
}

TEST_CASE("fields must have their types", "[io]") {
  CHECK(error_in_tensor(R"("dtype":4)") == "f: w: dtype is a number; must be a string");
  CHECK(error_in_tensor(R"("dtype":[])") == "f: w: dtype is a list; must be a string");
  const std::string list = "; must be a list of whole numbers from 0 on";
  CHECK(error_in_tensor(R"("shape":4)") == "f: w: shape is a number" + list);
  CHECK(error_in_tensor(R"("shape":"4")") == "f: w: shape is a string" + list);
  CHECK(error_in_tensor(R"("shape":[-1])") == "f: w: shape holds a negative number" + list);
  CHECK(error_in_tensor(R"("shape":[1.0])") == "f: w: shape holds a fractional or too large number" + list);
  CHECK(error_in_tensor(R"("shape":[18446744073709551616])") ==
        "f: w: shape holds a fractional or too large number" + list);
  CHECK(error_in_tensor(R"("shape":[9223372036854775808])") ==
        "f: w: shape holds a number over 2^63 - 1" + list);
  CHECK(error_in_tensor(R"("shape":["1"])") == "f: w: shape holds a string" + list);
  CHECK(error_in_tensor(R"("shape":[null])") == "f: w: shape holds null" + list);
  CHECK(error_in_tensor(R"("shape":[{}])") == "f: w: shape holds an object" + list);
  CHECK(error_in_tensor(R"("data_offsets":[0,-4])") == "f: w: data_offsets holds a negative number" + list);
}

TEST_CASE("offsets must lie in the file and fit shape and type", "[io]") {
  const auto error = [](const std::string& shape, const std::string& offsets,
                        const std::string& type = "F32") {
    return error_in_tensor("\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets);
  };
  CHECK(error("[1]", "[0,4]") == "(no error)");
  CHECK(error("[1]", "[0]") == "f: w: data_offsets has 1 numbers; must be begin and end");
  CHECK(error("[1]", "[0,4,8]") == "f: w: data_offsets has 3 numbers; must be begin and end");
  const std::string must = "; must be ascending and end by 4, where the file ends";
  CHECK(error("[1]", "[4,0]") == "f: w: data_offsets is [4, 0]" + must);
  CHECK(error("[2]", "[0,8]") == "f: w: data_offsets is [0, 8]" + must);
  CHECK(error("[1]", "[9223372036854775803,9223372036854775807]") ==
        "f: w: data_offsets is [9223372036854775803, 9223372036854775807]" + must);
  CHECK(error("[2]", "[0,4]") == "f: w: has 4 bytes; must be 8 for F32 of shape [2]");
  CHECK(error("[1]", "[0,4]", "F64") == "f: w: has 4 bytes; must be 8 for F64 of shape [1]");
  CHECK(error("[4611686018427387905]", "[0,4]") ==
        "f: w: shape [4611686018427387905] cannot be of F32; its bits must be below 2^63 and fill whole "
        "bytes");
  CHECK(error("[4294967296,4294967296,4294967296]", "[0,4]") ==
        "f: w: shape [4294967296, 4294967296, 4294967296] is too large; its values must be below 2^63");
  CHECK(error("[8]", "[0,4]", "F4") == "(no error)");
  CHECK(error("[9]", "[0,4]", "F4") ==
        "f: w: shape [9] cannot be of F4; its bits must be below 2^63 and fill whole bytes");
  CHECK(error("[8]", "[0,4]", "F6_E3M2") == "f: w: has 4 bytes; must be 6 for F6_E3M2 of shape [8]");
  CHECK(error("[4294967296,4294967296]", "[0,4]", "F3") ==
        "f: w: shape [4294967296, 4294967296] is too large; its values must be below 2^63");
}

TEST_CASE("tensors must fill the file without overlap, hole or rest", "[io]") {
  const auto two = [](int begin, int end, const char* shape = "[4]", std::size_t data = 8) {
    return error_in(
        std::string("{") + tensor("b", "U8", shape, begin, end) + "," + tensor("a", "U8", "[4]", 0, 4) + "}",
        data);
  };
  CHECK(two(4, 8) == "(no error)");
  const std::string must = "; must be 4, where the tensor before it ends (no overlap, no hole)";
  CHECK(two(2, 6) == "f: b: begins at byte 2" + must);
  CHECK(two(0, 4) == "f: b: begins at byte 0" + must);
  CHECK(two(5, 9, "[4]", 9) == "f: b: begins at byte 5" + must);
  CHECK(two(4, 8, "[4]", 9) == "f: has 9 bytes of values; must be 8, where the last tensor ends");
  CHECK(two(4, 4, "[0]", 4) == "(no error)");
  CHECK(two(2, 2, "[0]", 4) == "f: b: begins at byte 2" + must);
  CHECK(error_in("{}", 1) == "f: has 1 bytes of values; must be 0, where the last tensor ends");
}

TEST_CASE("no name appears twice", "[io]") {
  const std::string w = tensor("w", "U8", "[0]", 0, 0);
  CHECK(error_in(std::string("{") + w + "," + w + "}") == "f: w appears twice; must appear once");
  CHECK(error_in("{\"\\u0077\":{}," + w + "}").starts_with("f: w: has no dtype"));
  CHECK(error_in(std::string("{") + w + ",\"\\u0077\":1}") == "f: w appears twice; must appear once");
  CHECK(error_in(R"({"__metadata__":{},"__metadata__":{}})") ==
        "f: __metadata__ appears twice; must appear once");
  CHECK(error_in(R"({"__metadata__":{"k":"1","k":"2"}})") ==
        "f: __metadata__: k appears twice; must appear once");
}

TEST_CASE("metadata must be text", "[io]") {
  CHECK(error_in(R"({"__metadata__":[]})") == "f: __metadata__ is a list; must be an object");
  CHECK(error_in(R"({"__metadata__":"x"})") == "f: __metadata__ is a string; must be an object");
  CHECK(error_in(R"({"__metadata__":{"k":5}})") == "f: __metadata__: k is a number; must be a string");
  CHECK(error_in(R"({"__metadata__":{"k":{}}})") == "f: __metadata__: k is an object; must be a string");
  CHECK(error_in(R"({"__metadata__":{"a\nb":null}})") == "f: __metadata__: a?b is null; must be a string");
}

TEST_CASE("damaged files load or throw dht::Error", "[io]") {
  const auto valid = small_file().bytes();
  std::mt19937 random(1);
  int loaded = 0, refused = 0;
  for (int i = 0; i < 30000; ++i) {
    auto bytes = valid;
    for (int n = i % 3; n >= 0 && !bytes.empty(); --n) bytes = dht::test::damaged(bytes, random);
    try {
      const SafeTensors file = from(bytes);
      bool is_known = true;
      for (const std::string& name : file.names()) {
        if (is_readable(file.info(name).type)) file.read<double>(name);
        is_known &= file.info(name).type != DType::Unknown;
      }
      if (is_known) REQUIRE(same(file, from(copy_of(file).bytes())));
      ++loaded;
    } catch (const dht::Error& error) {
      REQUIRE(std::string(error.what()).find('\n') == std::string::npos);
      ++refused;
    }
  }
  CHECK(loaded > 300);
  CHECK(refused > 10000);
}

TEST_CASE("every truncation of a file is refused", "[io]") {
  const auto valid = small_file().bytes();
  for (std::size_t size = 0; size < valid.size(); ++size) {
    const std::vector<std::byte> cut(valid.begin(), valid.begin() + std::ptrdiff_t(size));
    REQUIRE_THROWS_AS(from(cut), dht::Error);
  }
}

TEST_CASE("golden files load and are the same when written again", "[io][golden]") {
  const char* folder = std::getenv("DHT_GOLDEN");
  if (folder == nullptr) DHT_TEST_SKIP("DHT_GOLDEN is not set");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    CAPTURE(entry.path().string());
    const SafeTensors file = SafeTensors::load(entry.path());
    CHECK(!file.names().empty());
    for (const std::string& name : file.names()) CHECK_NOTHROW(file.read<double>(name, file.shape(name)));
    CHECK(same(file, from(copy_of(file).bytes())));
  }
}
