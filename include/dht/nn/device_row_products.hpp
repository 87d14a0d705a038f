// SPDX-License-Identifier: MIT
// Sums over rows on a device, by one thread each: the order of `row_sum` and `row_product`, lane by lane.
#pragma once

#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/nn/row_products.hpp>

namespace dht::detail {

/// Sum of a(x) * b(x) over x < n.
template <class S, class A, class B>
DHT_HOST_DEVICE DHT_INLINE double lane_product(std::int64_t n, const A& a, const B& b) {
  S lanes[row_lanes];
  for (int k = 0; k < row_lanes; ++k) {
    S sum = 0;
    for (std::int64_t x = k; x < n; x += row_lanes) sum = fma(a(x), b(x), sum);
    lanes[k] = sum;
  }
  return lane_sum(lanes);
}

/// Sum of a(x) over x < n.
template <class S, class A>
DHT_HOST_DEVICE DHT_INLINE double lane_total(std::int64_t n, const A& a) {
  S lanes[row_lanes];
  for (int k = 0; k < row_lanes; ++k) {
    S sum = 0;
    for (std::int64_t x = k; x < n; x += row_lanes) sum += a(x);
    lanes[k] = sum;
  }
  return lane_sum(lanes);
}

/// Sums of `count` rows of `width` numbers, in order: over blocks of `per_block` rows, then over the blocks. Waits for the
/// device.
inline void device_add_rows(const backend::Thrust& backend, const double* rows, std::int64_t count,
                            std::int64_t per_block, std::int64_t width, DeviceBuffer<double>& scratch,
                            std::vector<double>& sums) {
  const std::int64_t blocks = (count + per_block - 1) / per_block;
  double* const parts = backend.resize(scratch, (blocks + 1) * width);
  double* const total = parts + blocks * width;
  backend.launch(blocks * width, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t begin = i / width * per_block,
                       end = begin + per_block < count ? begin + per_block : count;
    double sum = 0;
    for (std::int64_t r = begin; r < end; ++r) sum += rows[r * width + i % width];
    parts[i] = sum;
  });
  backend.launch(width, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    double sum = 0;
    for (std::int64_t b = 0; b < blocks; ++b) sum += parts[b * width + i];
    total[i] = sum;
  });
  sums.resize(static_cast<std::size_t>(width));
  backend.download(total, width, sums.data());
}

}  // namespace dht::detail
