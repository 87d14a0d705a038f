// SPDX-License-Identifier: MIT
// What a new region knows of its members: weighted mean and variance, size and box, in one pass (method, section 3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <type_traits>

namespace dht::detail {

/// The regions that are being made, one array a quantity; `mean` and `variance` have `features` numbers a region.
template <class S>
struct RegionArrays {
  std::int32_t* size;
  Box* box;
  S* mean;
  S* variance;
};

/// Sums over members, in double whatever S is: a flat sky of a million equal pixels must have exactly their mean. They
/// are taken relative to the region's first member, so little cancels in the variance and nothing in a constant region.
struct MomentsWorkspace {
  Buffer<double> sums;    // per region: features of sum w*d, then features of sum w*(d^2 + s2)
  Buffer<double> weight;  // per region: sum w
};

/// Calls `body(n)` with the number of features, as a compile-time constant where it is a common one.
template <class Body>
DHT_INLINE void with_features(int features, const Body& body) {
  if (features == 8) {
    body(std::integral_constant<int, 8>{});
  } else if (features == 3) {
    body(std::integral_constant<int, 3>{});
  } else {
    body(features);
  }
}

/// Makes room for `regions` regions and clears the sums of [begin, end).
inline void clear(MomentsWorkspace& w, std::int64_t begin, std::int64_t end, int features) {
  std::fill(w.sums.begin() + begin * 2 * features, w.sums.begin() + end * 2 * features, 0.0);
  std::fill(w.weight.begin() + begin, w.weight.begin() + end, 0.0);
}

template <class S, class Features>
DHT_INLINE void finish(const RegionArrays<S>& regions, const MomentsWorkspace& w, std::int64_t begin, std::int64_t end,
                       Features features) {
  for (std::int64_t r = begin; r < end; ++r) {
    const double* sums = w.sums.data() + r * 2 * features;
    const double scale = 1 / w.weight[static_cast<std::size_t>(r)];
    S* mean = regions.mean + r * features;
    S* variance = regions.variance + r * features;
    for (int c = 0; c < features; ++c) {
      const double shift = sums[c] * scale;
      const double spread = fma(-shift, shift, sums[features + c] * scale);
      mean[c] = static_cast<S>(fma(sums[c], scale, static_cast<double>(mean[c])));  // it held the first member's
      variance[c] = static_cast<S>(spread > 0 ? spread : 0);
    }
  }
}

/// Gathers pixels into the regions that `parent` names. `weighting(1, similarity[p])` is a pixel's weight. The result
/// does not depend on the number of parts: each part owns a range of regions and takes their members in raster order.
template <class S, class Weighting, class Backend>
void gather_pixels(const Backend& backend, const S* features, int batch, int channels, int height, int width,
                   const std::int32_t* parent, const S* similarity, const Weighting& weighting, std::int32_t regions,
                   const RegionArrays<S>& out, MomentsWorkspace& w) {
  w.sums.resize(static_cast<std::size_t>(regions) * 2 * static_cast<std::size_t>(channels));
  w.weight.resize(static_cast<std::size_t>(regions));
  backend.for_range(regions, 4096, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    clear(w, begin, end, channels);
    const auto low = static_cast<std::int32_t>(begin);
    const auto count = static_cast<std::uint32_t>(end - begin);
    constexpr int tile_width = 64;
    with_features(channels, [&](auto n) DHT_INLINE_LAMBDA {
      constexpr int fixed = [] {
        if constexpr (std::is_same_v<decltype(n), int>) return 0;
        else return decltype(n)::value;
      }();
      S tile[tile_width * (fixed > 0 ? fixed : 1)];
      std::int32_t next = low;
      const std::int64_t plane = std::int64_t{height} * width;
      for (std::int64_t row = 0; row < std::int64_t{batch} * height; ++row) {
        const int y = static_cast<int>(row % height);
        const S* source = features + row / height * n * plane + y * std::int64_t{width};
        const std::int32_t* labels = parent + row * width;
        const S* similarities = similarity + row * width;
        for (int x0 = 0; x0 < width; x0 += tile_width) {
          const int x1 = std::min(x0 + tile_width, width);
          bool any = false;
          for (int x = x0; x < x1; ++x) any |= static_cast<std::uint32_t>(labels[x] - low) < count;
          if (!any) continue;
          if constexpr (fixed > 0) {
            for (int c = 0; c < fixed; ++c) {
              for (int x = x0; x < x1; ++x) tile[(x - x0) * fixed + c] = source[c * plane + x];
            }
          }
          for (int x = x0; x < x1; ++x) {
            const std::int32_t r = labels[x];
            if (static_cast<std::uint32_t>(r - low) >= count) continue;
            S* mean = out.mean + std::int64_t{r} * n;
            double* sums = w.sums.data() + std::int64_t{r} * 2 * n;
            const auto feature = [&](int c) DHT_INLINE_LAMBDA {
              if constexpr (fixed > 0) return tile[(x - x0) * fixed + c];
              else return source[c * plane + x];
            };
            if (r == next) {
              ++next;
              for (int c = 0; c < n; ++c) mean[c] = feature(c);
              out.size[r] = 0;
              out.box[r] = {y, x, y, x};
            }
            const double weight = static_cast<double>(weighting(1, similarities[x]));
            w.weight[static_cast<std::size_t>(r)] += weight;
            for (int c = 0; c < n; ++c) {
              const double d = static_cast<double>(feature(c)) - static_cast<double>(mean[c]);
              sums[c] = fma(weight, d, sums[c]);
              sums[n + c] = fma(weight * d, d, sums[n + c]);
            }
            ++out.size[r];
            Box& box = out.box[r];
            box.ymax = y;
            box.xmin = std::min(box.xmin, x);
            box.xmax = std::max(box.xmax, x);
          }
        }
      }
      finish(out, w, begin, end, n);
    });
  });
}

/// Gathers `members` regions into `regions` new ones; `weight(i)` is a member's weight.
template <class S, class Weight, class Backend>
void gather_regions(const Backend& backend, std::int32_t members, int features, const RegionArrays<S>& in,
                    const std::int32_t* parent, const Weight& weight_of, std::int32_t regions,
                    const RegionArrays<S>& out, MomentsWorkspace& w) {
  w.sums.resize(static_cast<std::size_t>(regions) * 2 * static_cast<std::size_t>(features));
  w.weight.resize(static_cast<std::size_t>(regions));
  backend.for_range(regions, 4096, [&](std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
    clear(w, begin, end, features);
    with_features(features, [&](auto n) DHT_INLINE_LAMBDA {
      const auto low = static_cast<std::int32_t>(begin);
      const auto count = static_cast<std::uint32_t>(end - begin);
      std::int32_t next = low;
      for (std::int32_t i = 0; i < members; ++i) {
        const std::int32_t r = parent[i];
        if (static_cast<std::uint32_t>(r - low) >= count) continue;
        const S* value = in.mean + std::int64_t{i} * n;
        const S* variance = in.variance + std::int64_t{i} * n;
        S* mean = out.mean + std::int64_t{r} * n;
        double* sums = w.sums.data() + std::int64_t{r} * 2 * n;
        if (r == next) {
          ++next;
          for (int c = 0; c < n; ++c) mean[c] = value[c];
          out.size[r] = 0;
          out.box[r] = in.box[i];
        }
        const double weight = static_cast<double>(weight_of(i));
        w.weight[static_cast<std::size_t>(r)] += weight;
        for (int c = 0; c < n; ++c) {
          const double d = static_cast<double>(value[c]) - static_cast<double>(mean[c]);
          sums[c] = fma(weight, d, sums[c]);
          sums[n + c] = fma(weight, fma(d, d, static_cast<double>(variance[c])), sums[n + c]);
        }
        out.size[r] += in.size[i];
        const Box& from = in.box[i];
        Box& box = out.box[r];
        box = {std::min(box.ymin, from.ymin), std::min(box.xmin, from.xmin), std::max(box.ymax, from.ymax),
               std::max(box.xmax, from.xmax)};
      }
      finish(out, w, begin, end, n);
    });
  });
}

}  // namespace dht::detail
