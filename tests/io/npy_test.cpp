// SPDX-License-Identifier: MIT
// NumPy files: the exact bytes, round trips of every type, every error sentence, and damaged files.
#include <cstdlib>
#include <limits>

#include <dht/io/npy.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

using dht::npy_bytes;
using dht::npy_from_bytes;
using dht::test::bytes_of;
using dht::test::error_of;

namespace {

/// A file with this dictionary and these values, its length right.
std::vector<std::byte> file_of(const std::string& dictionary, const std::string& values = "") {
  const std::string length{char(dictionary.size() & 0xFF), char(dictionary.size() >> 8)};
  return bytes_of("\x93NUMPY" + std::string("\x01\x00", 2) + length + dictionary + values);
}

std::string dictionary_of(const std::string& shape, const std::string& type = "<i4",
                          const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + "}";
}

std::string error_in(const std::vector<std::byte>& bytes) {
  return error_of([&] { npy_from_bytes<std::int32_t>(bytes, "a.npy"); });
}

}  // namespace

TEST_CASE("a .npy file has the bytes that numpy.save writes", "[io]") {
  const std::vector<std::int32_t> values{1, -2, 3, 4, 5, 0x01020304};
  const std::string expected = "\x93NUMPY" + std::string("\x01\x00\x76\x00", 4) +
                               "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }" +
                               std::string(58, ' ') + "\n" +
                               std::string("\1\0\0\0\xFE\xFF\xFF\xFF\3\0\0\0\4\0\0\0\5\0\0\0\4\3\2\1", 24);
  CHECK(npy_bytes(values, {2, 3}) == bytes_of(expected));
}

TEMPLATE_TEST_CASE("arrays of every type and shape read back", "[io]", std::int32_t, std::int64_t, float,
                   double, std::uint8_t) {
  using limits = std::numeric_limits<TestType>;
  const dht::test::ScratchFolder folder;
  const auto path = folder / "array.npy";
  const std::vector<std::vector<std::int64_t>> shapes{{},     {1},       {7},          {0},
                                                      {2, 3}, {4, 0, 2}, {1, 2, 3, 4}, {5000}};
  for (const auto& shape : shapes) {
    std::vector<TestType> values;
    for (std::uint64_t i = 0; i < dht::detail::byte_count(shape, 1); ++i)
      values.push_back(i % 3 == 0 ? limits::lowest() : i % 3 == 1 ? limits::max() : TestType(i));
    dht::write_npy(path, values, shape);
    const auto array = dht::read_npy<TestType>(path);
    CHECK(array.shape == shape);
    CHECK(array.values == values);
    CHECK((std::filesystem::file_size(path) - values.size() * sizeof(TestType)) % 64 == 0);
  }
}

TEST_CASE("headers of every length end at a multiple of 64 bytes", "[io]") {
  for (std::size_t ones = 0; ones < 31; ++ones) {
    for (const std::int64_t length : {1, 10, 100}) {
      std::vector<std::int64_t> shape(ones + 1, 1);
      shape[0] = length;
      shape.push_back(0);
      const auto bytes = npy_bytes(std::vector<double>(), shape);
      CHECK(bytes.size() % 64 == 0);
      CHECK(npy_from_bytes<double>(bytes).shape == shape);
    }
  }
}

TEST_CASE("dictionaries in another order and spelling are read", "[io]") {
  const std::string values("\7\0\0\0", 4);
  for (const char* dictionary :
       {"{'shape':(1,),'fortran_order':False,'descr':'<i4'}",
        "  { 'descr' : '<i4' , 'shape' : ( 1 , ) , 'fortran_order' : False , }  \n"}) {
    const auto array = npy_from_bytes<std::int32_t>(file_of(dictionary, values));
    CHECK(array.shape == std::vector<std::int64_t>{1});
    CHECK(array.values == std::vector<std::int32_t>{7});
  }
}

TEST_CASE("writing checks the shape", "[io]") {
  const std::vector<std::int32_t> values(6);
  CHECK(error_of([&] { npy_bytes(values, {2, 4}); }) == "values: has 6 values; must be 8 for shape [2, 4]");
  CHECK(error_of([&] {
          npy_bytes(values, {-2, -3});
        }) == "values: has shape [-2, -3]; its lengths must be 0 or more and their product below 2^63");
  CHECK(error_of([&] { npy_bytes(values, std::vector<std::int64_t>(33, 1)); }) ==
        "shape: has 33 dimensions; must be at most 32");
  CHECK(error_of([&] { dht::write_npy("/missing/a.npy", values, {6}); }) ==
        "/missing/a.npy: cannot be written; its folder /missing must exist");
}

TEST_CASE("a file that is no .npy file of this kind says why", "[io]") {
  CHECK(error_in({}) == "a.npy: does not begin like a NumPy file; must be a .npy file");
  CHECK(error_in(bytes_of("\x89PNG\r\n then more")) ==
        "a.npy: does not begin like a NumPy file; must be a .npy file");
  CHECK(error_in(bytes_of("\x93NUMPY" + std::string("\2\0\0\0\0\0", 6))) ==
        "a.npy: is of NumPy format 2.0; must be 1.0");
  CHECK(error_in(bytes_of("\x93NUMPY" + std::string("\1\0\5\0{}", 6))) ==
        "a.npy: header of 5 bytes reaches past the end; only 2 follow");
  CHECK(error_in(file_of(dictionary_of("(1,)", "<f8"), std::string(8, ' '))) ==
        "a.npy: holds values of type <f8; must be <i4");
  CHECK(error_in(file_of(dictionary_of("(1,)", ">i4"), std::string(4, ' '))) ==
        "a.npy: holds values of type >i4; must be <i4");
  CHECK(error_in(file_of(dictionary_of("(1,)", "<i4", "True"), std::string(4, ' '))) ==
        "a.npy: is in Fortran order; must be in C order");
  CHECK(error_in(file_of(dictionary_of("(2, 3)"), std::string(20, ' '))) ==
        "a.npy: has 20 bytes of values; must be 24 for shape [2, 3]");
  CHECK(error_in(file_of(dictionary_of("(1,)"), std::string(5, ' '))) ==
        "a.npy: has 5 bytes of values; must be 4 for shape [1]");
  CHECK(error_in(file_of(dictionary_of("(4294967296, 4294967296)"))) ==
        "a.npy: has 0 bytes of values; must be below 2^63 for shape [4294967296, 4294967296]");
  CHECK(error_in(file_of(dictionary_of("(9223372036854775808,)"))) ==
        "a.npy: shape has a number of 19 digits or more; must be below 2^63 / 10");
  std::string ones = "(";
  for (int i = 0; i < 33; ++i) ones += "1,";
  CHECK(error_in(file_of(dictionary_of(ones + ")"))) ==
        "a.npy: shape has more than 32 numbers; must be at most that");
}

TEST_CASE("a malformed dictionary says where", "[io]") {
  const std::string tail = "; must be a dictionary of descr, fortran_order and shape";
  const auto at = [&](std::size_t byte) {
    return "a.npy: header is malformed at byte " + std::to_string(byte) + tail;
  };
  CHECK(error_in(file_of("")) == at(10));
  CHECK(error_in(file_of("[]")) == at(10));
  CHECK(error_in(file_of("{}")) == at(11));
  CHECK(error_in(file_of("{'descr': '<i4'}")) == at(25));
  CHECK(error_in(file_of("{'descr': '<i4', 'descr': '<i4'}")) == at(41));
  CHECK(error_in(file_of("{'descr")) == at(12));
  CHECK(error_in(file_of("{'other': 1}")) == at(19));
  CHECK(error_in(file_of("{'shape': (-1,)}")) == at(21));
  CHECK(error_in(file_of("{'shape': (1")) == at(22));
  CHECK(error_in(file_of("{'fortran_order': 0}")) == at(28));
  CHECK(error_in(file_of(dictionary_of("(1,)") + "x")) == at(10 + dictionary_of("(1,)").size()));
}

TEST_CASE("damaged .npy files load or throw dht::Error", "[io]") {
  const std::vector<std::int32_t> values{1, 2, 3, 4, 5, 6};
  const auto valid = npy_bytes(values, {2, 3});
  std::mt19937 random(2);
  int loaded = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    auto bytes = valid;
    for (int n = i % 3; n >= 0 && !bytes.empty(); --n) bytes = dht::test::damaged(bytes, random);
    try {
      const auto array = npy_from_bytes<std::int32_t>(bytes);
      REQUIRE(dht::detail::byte_count(array.shape, 1) == array.values.size());
      ++loaded;
    } catch (const dht::Error&) {
      ++refused;
    }
  }
  CHECK(loaded > 100);
  CHECK(refused > 10000);
}
