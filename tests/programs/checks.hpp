// SPDX-License-Identifier: MIT
// What the tests of the programs check again and again: label maps that are right, wrong use that is refused.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <dht/io/npy.hpp>

#include "common/image_file.hpp"
#include "common/sample_picture.hpp"
#include "programs/call.hpp"

namespace dht::test {

inline void draw_sample(const std::filesystem::path& path, int side) {
  examples::write_png(path, examples::sample_picture(side));
}

/// Exit code 2, one line on stderr that holds `named`, and nothing new in the working directory.
inline void check_refused(const std::string& program, const std::string& arguments, const std::string& named,
                          const std::filesystem::path& where) {
  const std::size_t before = entries(where);
  const Said said = call(program, arguments, where);
  INFO(program << ' ' << arguments << "\nsaid: " << said.err);
  CHECK(said.code == 2);
  CHECK(said.err.find(named) != std::string::npos);
  CHECK(said.err.starts_with(program + ": "));
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
  CHECK(said.err.back() == '\n');
  CHECK(said.out.find("results") == std::string::npos);
  CHECK(entries(where) == before);
}

/// The same of `tokenize` and `vectorize`.
inline void check_refused(const std::string& arguments, const std::string& named,
                          const std::filesystem::path& where) {
  check_refused("tokenize", arguments, named, where);
  check_refused("vectorize", arguments, named, where);
}

/// The number of tokens in labels.npy, which must be dense, in raster order, and every region connected. Only where
/// there was a mask, -1 is allowed.
inline std::int32_t check_labels(const std::filesystem::path& path, std::int64_t height, std::int64_t width,
                                 bool masked = false) {
  const auto array = read_npy<std::int32_t>(path);
  REQUIRE(array.shape == std::vector<std::int64_t>{height, width});
  std::int32_t next = 0;
  for (const std::int32_t label : array.values) {
    REQUIRE((label >= (masked ? -1 : 0) && label <= next));
    next += label == next;
  }
  std::vector<std::int64_t> above(array.values.size());
  std::iota(above.begin(), above.end(), 0);
  const auto find = [&](std::int64_t p) {
    while (above[std::size_t(p)] != p) p = above[std::size_t(p)] = above[std::size_t(above[std::size_t(p)])];
    return p;
  };
  std::int64_t pieces = height * width - std::count(array.values.begin(), array.values.end(), -1);
  const auto join = [&](std::int64_t p, std::int64_t q) {
    const std::int32_t label = array.values[std::size_t(p)];
    if (label < 0 || label != array.values[std::size_t(q)] || find(p) == find(q)) return;
    above[std::size_t(find(p))] = find(q);
    --pieces;
  };
  for (std::int64_t p = 0; p < height * width; ++p) {
    if ((p + 1) % width != 0) join(p, p + 1);
    if (p + width < height * width) join(p, p + width);
  }
  CHECK(pieces == next);
  return next;
}

}  // namespace dht::test
