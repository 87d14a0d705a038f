// SPDX-License-Identifier: MIT
// Label maps that are enlargements of smaller ones, as pixel art is: found, and made small again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <dht/core/view.hpp>

namespace dht::detail {

/// The largest n so that every boundary lies on a multiple of n pixels; divides `known` (0: any). Stops at the first sign
/// of a 1: most label maps cost nothing. Labels without data have 1; planar_map says what is wrong.
inline std::int32_t boundary_step(const LabelView& labels, std::int32_t known = 0) {
  if (labels.data == nullptr) return 1;
  std::int32_t step = std::gcd(known, std::gcd(labels.width, labels.height));
  for (int y = 0; y < labels.height; ++y) {
    const std::int32_t* row = labels.row(y);
    bool like_above = true;
    for (int x = 0; x < labels.width; ++x) {
      if (x > 0 && row[x] != row[x - 1]) step = std::gcd(step, x);
      like_above &= y == 0 || row[x] == labels(y - 1, x);
      if (step == 1) return 1;
    }
    if (!like_above) step = std::gcd(step, y);
  }
  return step;
}

/// Every `step`-th label of every `step`-th row.
inline std::vector<std::int32_t> every_nth_label(const LabelView& labels, std::int32_t step) {
  std::vector<std::int32_t> small;
  small.reserve(std::size_t(labels.width / step) * std::size_t(labels.height / step));
  for (int y = 0; y < labels.height; y += step)
    for (int x = 0; x < labels.width; x += step) small.push_back(labels(y, x));
  return small;
}

}  // namespace dht::detail
