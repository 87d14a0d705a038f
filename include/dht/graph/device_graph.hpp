// SPDX-License-Identifier: MIT
// Graphs on a device: neighbours of a pixel, connected components, the members of regions, and which regions touch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <dht/backend/atomics.hpp>
#include <dht/backend/thrust.hpp>
#include <dht/graph/connectivity.hpp>

namespace dht::detail {

/// The neighbours of a pixel as plain numbers, in the order of `Neighbours<C>::all`.
template <concepts::connectivity C>
struct NeighbourSteps {
  static constexpr int half = Neighbours<C>::half, count = Neighbours<C>::count;
  int height, width;
  int dy[count], dx[count];

  NeighbourSteps(int image_height, int image_width) : height(image_height), width(image_width) {
    for (int k = 0; k < count; ++k) {
      const Offset o = Neighbours<C>::all[static_cast<std::size_t>(k)];
      dy[k] = o.dy;
      dx[k] = o.dx;
    }
  }
  /// The k-th neighbour of the pixel in row y, of its image, and column x.
  DHT_HOST_DEVICE DHT_INLINE bool has(int k, int y, int x) const {
    return y + dy[k] >= 0 && y + dy[k] < height && x + dx[k] >= 0 && x + dx[k] < width;
  }
  DHT_HOST_DEVICE DHT_INLINE std::int64_t step(int k) const { return std::int64_t{dy[k]} * width + dx[k]; }
};

/// Scratch memory of what follows, kept for the next image.
struct DeviceGraphWorkspace {
  DeviceBuffer<std::int32_t> root, first, number, keys;
  DeviceBuffer<std::uint64_t> pairs;
};

/// Numbers components in the order of their smallest members; root[i] is any member that all of i's component have.
/// Returns how many there are. Waits for the device.
inline std::int32_t device_number_roots(const backend::Thrust& backend, const std::int32_t* root,
                                        std::int32_t n, std::int32_t* component, DeviceGraphWorkspace& w) {
  std::int32_t* const first = backend.resize(w.first, n);
  std::int32_t* const number = backend.resize(w.number, std::int64_t{n} + 1);
  backend.fill(first, n, n);
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    if (shared_load(first + root[i]) > i) shared_min(first + root[i], static_cast<std::int32_t>(i));
  });
  backend.launch(std::int64_t{n} + 1, [=] DHT_DEVICE(std::int64_t i)
                                          DHT_DEVICE_INLINE { number[i] = i < n && first[root[i]] == i; });
  backend.exclusive_sum(number, number, std::int64_t{n} + 1);
  backend.launch(n,
                 [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE { component[i] = number[first[root[i]]]; });
  return backend.download(number + n);
}

/// The components of the graph that links each of n members to the one that it chose; see `chosen_components` for why
/// its chains end. Every member walks to the end of its chain, all at once.
inline std::int32_t device_chosen_components(const backend::Thrust& backend, const std::int32_t* chosen,
                                             std::int32_t n, std::int32_t* component,
                                             DeviceGraphWorkspace& w) {
  std::int32_t* const root = backend.resize(w.root, n);
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int32_t c = chosen[i];
    root[i] = chosen[c] == i && i < c ? static_cast<std::int32_t>(i) : c;
  });
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i)
                        DHT_DEVICE_INLINE { shared_flatten(root, static_cast<std::int32_t>(i)); });
  return device_number_roots(backend, root, n, component, w);
}

/// The connected pieces of equal values on the pixel grid of a batch.
template <concepts::connectivity C>
std::int32_t device_equal_components(const backend::Thrust& backend, const std::int32_t* values, int batch,
                                     int height, int width, std::int32_t* labels, DeviceGraphWorkspace& w) {
  const NeighbourSteps<C> steps(height, width);
  const auto n = static_cast<std::int32_t>(std::int64_t{batch} * height * width);
  std::int32_t* const root = backend.resize(w.root, n);
  backend.launch(
      n, [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE { root[p] = static_cast<std::int32_t>(p); });
  backend.launch(n, [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % width), y = static_cast<int>(p / width % height);
    for (int k = 0; k < NeighbourSteps<C>::half; ++k) {
      if (!steps.has(k, y, x)) continue;
      const std::int64_t q = p + steps.step(k);
      if (values[q] == values[p])
        shared_unite(root, static_cast<std::int32_t>(p), static_cast<std::int32_t>(q));
    }
  });
  backend.launch(n, [=] DHT_DEVICE(std::int64_t p)
                        DHT_DEVICE_INLINE { shared_flatten(root, static_cast<std::int32_t>(p)); });
  return device_number_roots(backend, root, n, labels, w);
}

/// The members of region r, in order, are member[begin[r]] up to, not including, member[begin[r + 1]].
struct DeviceMembers {
  DeviceBuffer<std::int32_t> begin, member;
};

/// Groups n members by their regions. `room` is for later calls with more members.
inline void device_members(const backend::Thrust& backend, const std::int32_t* region_of, std::int32_t n,
                           std::int32_t regions, DeviceMembers& out, DeviceGraphWorkspace& w,
                           std::int64_t room = 0) {
  std::int32_t* const keys = backend.resize(w.keys, n);
  std::int32_t* const member = backend.resize(out.member, n, room);
  std::int32_t* const begin = backend.resize(out.begin, std::int64_t{regions} + 1, roomy(regions));
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    keys[i] = region_of[i];
    member[i] = static_cast<std::int32_t>(i);
  });
  backend.sort_pairs(keys, member, n);
  // Regions without members begin where the next one does.
  backend.launch(std::int64_t{n} + 1, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int32_t last = i == n ? regions : keys[i];
    for (std::int32_t r = i == 0 ? 0 : keys[i - 1] + 1; r <= last; ++r)
      begin[r] = static_cast<std::int32_t>(i);
  });
}

/// Two neighbouring regions as one number, the lower one above: edges in ascending order come by their lower region.
DHT_HOST_DEVICE DHT_INLINE std::uint64_t pair_of(std::int32_t a, std::int32_t b) {
  const std::int32_t low = a < b ? a : b, high = a < b ? b : a;
  return static_cast<std::uint64_t>(low) << 32 | static_cast<std::uint32_t>(high);
}
inline constexpr std::uint64_t no_pair = ~std::uint64_t{0};

/// Sorts `w.pairs` and copies one of each; returns how many. Waits for the device. (thrust::unique reads one value before
/// the first on the host's systems.)
inline std::int64_t device_distinct_pairs(const backend::Thrust& backend, std::int64_t count,
                                          DeviceBuffer<std::uint64_t>& edges, DeviceGraphWorkspace& w) {
  std::uint64_t* const pairs = w.pairs.data();
  count = backend.remove(pairs, count, no_pair);
  backend.sort(pairs, count);
  std::uint64_t* const distinct = backend.resize(edges, count, roomy(count));
  backend.launch(count, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    distinct[i] = i > 0 && pairs[i] == pairs[i - 1] ? no_pair : pairs[i];
  });
  count = backend.remove(distinct, count, no_pair);
  backend.resize(edges, count);
  return count;
}

/// The edges between the regions of a label map. A pair of pixels whose labels are those of the pair beside or above it
/// is left out at once: what is sorted is hardly more than what stays.
template <concepts::connectivity C>
std::int64_t device_region_edges(const backend::Thrust& backend, const std::int32_t* labels, int batch,
                                 int height, int width, DeviceBuffer<std::uint64_t>& edges,
                                 DeviceGraphWorkspace& w) {
  constexpr int half = NeighbourSteps<C>::half;
  const NeighbourSteps<C> steps(height, width);
  const std::int64_t n = std::int64_t{batch} * height * width;
  std::uint64_t* const pairs = backend.resize(w.pairs, n * half);
  backend.launch(n, [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % width), y = static_cast<int>(p / width % height);
    for (int f = 0; f < half; ++f) {
      const int k = half + f, up = f == 0, left = 1 - up;  // the pair to the right repeats downwards
      std::uint64_t pair = no_pair;
      if (steps.has(k, y, x)) {
        const std::int64_t q = p + steps.step(k), back = std::int64_t{up} * width + left;
        if (labels[p] != labels[q]) {
          pair = pair_of(labels[p], labels[q]);
          if (y - up >= 0 && x - left >= 0 && steps.has(k, y - up, x - left) &&
              pair == pair_of(labels[p - back], labels[q - back]))
            pair = no_pair;
        }
      }
      pairs[p * half + f] = pair;
    }
  });
  return device_distinct_pairs(backend, n * half, edges, w);
}

/// The edges one level up: both ends replaced by their parents; inner edges and duplicates are dropped.
inline std::int64_t device_contracted_edges(const backend::Thrust& backend, const std::uint64_t* below,
                                            std::int64_t count, const std::int32_t* parent,
                                            DeviceBuffer<std::uint64_t>& edges, DeviceGraphWorkspace& w) {
  std::uint64_t* const pairs = backend.resize(w.pairs, count);
  backend.launch(count, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int32_t a = parent[below[i] >> 32], b = parent[below[i] & 0xffffffffu];
    pairs[i] = a == b ? no_pair : pair_of(a, b);
  });
  return device_distinct_pairs(backend, count, edges, w);
}

}  // namespace dht::detail
