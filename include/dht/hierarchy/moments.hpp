// SPDX-License-Identifier: MIT
// What a new region knows of its members: weighted mean and variance, size and box, in one pass (method, section 3).
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/extent.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/core/view.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/graph/region_members.hpp>

namespace dht::detail {

/// The regions that are being made, one array a quantity; `mean` and `variance` have `features` numbers a region.
template <class S, class Extent = Box>
struct RegionArrays {
  std::int32_t* size;
  Extent* box;
  S* mean;
  S* variance;
};

/// Sums over members, in double whatever S is: a flat sky of a million equal pixels must have exactly their mean. They
/// are taken relative to the region's first member, so little cancels in the variance and nothing in a constant region.
struct MomentsWorkspace {
  Buffer<double> sums;    // per part: features of sum w*d, then features of sum w*(d^2 + s2)
  RegionMembers members;  // of regions whose members are regions
};

/// One channel of a member: first = held_first + weight * d, second = held_second + weight * (d^2 + variance).
DHT_HOST_DEVICE DHT_INLINE void add_channel(double value, bool has_variance, double variance,
                                            double reference, double weight, double held_first,
                                            double held_second, double& first, double& second) {
  const double d = value - reference;
  const double square = has_variance ? fma(d, d, variance) : d * d;
  first = fma(weight, d, held_first);
  second = fma(weight, square, held_second);
}

/// One channel of a region from its sums, `scale` being 1 / weight; `mean` holds the reference before.
template <class S>
DHT_HOST_DEVICE DHT_INLINE void finish_channel(double first, double second, double scale, S& mean,
                                               S& variance) {
  const double shift = first * scale;
  const double spread = fma(-shift, shift, second * scale);
  mean = static_cast<S>(fma(first, scale, static_cast<double>(mean)));
  variance = static_cast<S>(select(spread > 0, spread, 0.0));
}

/// sums += weight * (d, d^2 + variance), d = value - reference. `variance` may be null.
template <class S, class Features>
DHT_INLINE void add_member(const S* DHT_RESTRICT value, const S* DHT_RESTRICT variance,
                           const S* DHT_RESTRICT reference, double weight, double* sums, Features n) {
  for (int c = 0; c < n; ++c) {
    double first, second;
    add_channel(static_cast<double>(value[c]), variance != nullptr,
                variance ? static_cast<double>(variance[c]) : 0.0, static_cast<double>(reference[c]), weight,
                sums[c], sums[n + c], first, second);
    sums[c] = first;
    sums[n + c] = second;
  }
}

/// From sums to mean and variance; `mean` holds the reference before.
template <class S, class Features>
DHT_INLINE void finish_region(const double* DHT_RESTRICT sums, double weight, S* DHT_RESTRICT mean,
                              S* DHT_RESTRICT variance, Features n) {
  const double scale = 1 / weight;
  for (int c = 0; c < n; ++c) finish_channel(sums[c], sums[n + c], scale, mean[c], variance[c]);
}

/// The box around the vertices of a region, which come in ascending order.
template <concepts::graph G>
struct GrowingExtent {
  const G& graph;
  typename G::Extent around;

  DHT_INLINE GrowingExtent(const G& of, std::int32_t first) : graph(of), around(of.extent(first)) {}
  DHT_INLINE void add(std::int32_t vertex) { around = joined(around, graph.extent(vertex)); }
  DHT_INLINE typename G::Extent get() const { return around; }
};

/// The same of pixels, without a division each.
template <concepts::connectivity C>
struct GrowingExtent<PixelGrid<C>> {
  std::int32_t width, first_row, row, xmin, xmax;

  DHT_INLINE GrowingExtent(const PixelGrid<C>& grid, std::int32_t first)
      : width(grid.width), first_row(first / grid.width), row(first_row), xmin(grid.width), xmax(0) {}
  DHT_INLINE void add(std::int32_t p) {
    row += p - row * width >= width;  // one row at most: regions are connected
    xmin = std::min(xmin, p - row * width);
    xmax = std::max(xmax, p - row * width);
  }
  DHT_INLINE Box get() const { return {first_row, xmin, row, xmax}; }
};

/// Gathers pixels into regions. `features` has `channels` numbers a pixel; `weighting(1, similarity[p])` is a pixel's
/// weight. A region takes its pixels in raster order, whatever the number of parts.
template <concepts::graph G, class S, class Weighting, class Backend>
void gather_pixels(const Backend& backend, const G& graph, const S* features, int channels,
                   const RegionMembers& pixels, const S* similarity, const Weighting& weighting,
                   const RegionArrays<S, typename G::Extent>& out, MomentsWorkspace& w) {
  const int parts = backend.parts(pixels.regions(), 1024);
  w.sums.resize(static_cast<std::size_t>(parts) * 2 * static_cast<std::size_t>(channels));
  backend.for_parts(
      pixels.regions(), 1024, [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
        const std::int32_t* const starts = pixels.begin.data();
        const std::int32_t* const members = pixels.members.data();
        const auto last_member = static_cast<std::int32_t>(pixels.members.size()) - 1;
        const Weighting weight_of = weighting;
        const G local_graph = graph;
        with_features(channels, [&](auto n) DHT_INLINE_LAMBDA {
          double* const sums = w.sums.data() + part * 2 * n;
          for (std::int64_t r = begin; r < end; ++r) {
            const std::int32_t first = starts[r], last = starts[r + 1], p0 = members[first];
            GrowingExtent<G> extent(local_graph, p0);
            S* const mean = out.mean + r * n;
            copy_values(features + std::int64_t{p0} * n, mean, n);
            std::fill_n(sums, 2 * n, 0.0);
            double weights = 0;
            for (std::int32_t k = first; k < last; ++k) {
              prefetch(features + std::int64_t{members[std::min(k + prefetch_steps, last_member)]} * n);
              const std::int32_t p = members[k];
              extent.add(p);
              const double weight = static_cast<double>(weight_of(1, similarity[p]));
              weights = rounded_sum(weights, weight);
              add_member<S>(features + std::int64_t{p} * n, nullptr, opaque(mean), weight, opaque(sums), n);
            }
            finish_region(opaque(sums), weights, opaque(mean), out.variance + r * n, n);
            out.size[r] = last - first;
            out.box[r] = extent.get();
          }
        });
      });
}

/// Gathers `members` regions into `regions` new ones; `weight(i)` is a member's weight. A region takes its members in
/// their order, whatever the number of parts.
template <class S, class Extent, class Weight, class Backend>
void gather_regions(const Backend& backend, std::int32_t members, int features,
                    const RegionArrays<S, Extent>& in, const std::int32_t* parent, const Weight& weight_of,
                    std::int32_t regions, const RegionArrays<S, Extent>& out, MomentsWorkspace& w) {
  w.members.assign(parent, members, regions);
  const int parts = backend.parts(regions, 1024);
  w.sums.resize(static_cast<std::size_t>(parts) * 2 * static_cast<std::size_t>(features));
  backend.for_parts(
      backend::up_to_avx2, regions, 1024,
      [&](int part, std::int64_t begin, std::int64_t end) DHT_INLINE_LAMBDA {
        const std::int32_t* const starts = w.members.begin.data();
        const std::int32_t* const member = w.members.members.data();
        const Weight local_weight_of = weight_of;
        with_features(features, [&](auto n) DHT_INLINE_LAMBDA {
          double* const sums = w.sums.data() + part * 2 * n;
          for (std::int64_t r = begin; r < end; ++r) {
            const std::int32_t first = starts[r], last = starts[r + 1];
            const std::int64_t m0 = member[first];
            S* const mean = out.mean + r * n;
            copy_values(in.mean + m0 * n, mean, n);
            std::fill_n(sums, 2 * n, 0.0);
            double weights = 0;
            std::int32_t size = 0;
            Extent box = in.box[m0];
            for (std::int32_t k = first; k < last; ++k) {
              const std::int64_t m = member[k], ahead = member[std::min(k + prefetch_steps, members - 1)];
              prefetch(in.mean + ahead * n);
              prefetch(in.variance + ahead * n);
              const double weight = static_cast<double>(local_weight_of(static_cast<std::int32_t>(m)));
              weights = rounded_sum(weights, weight);
              size += in.size[m];
              box = joined(box, in.box[m]);
              add_member<S>(in.mean + m * n, in.variance + m * n, opaque(mean), weight, opaque(sums), n);
            }
            S* const variance = out.variance + r * n;
            finish_region(opaque(sums), weights, opaque(mean), variance, n);
            // A region that stayed apart is what it was, to the last bit.
            const S* const kept = last - first == 1 ? in.variance + m0 * n : variance;
            for (int c = 0; c < n; ++c) variance[c] = kept[c];
            out.size[r] = size;
            out.box[r] = box;
          }
        });
      });
}

}  // namespace dht::detail
