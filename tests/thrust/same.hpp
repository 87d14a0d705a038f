// SPDX-License-Identifier: MIT
// What the tests of the Thrust backend share: a backend whose memory nobody but the device may touch, and comparison of
// trees and tokens, bit for bit.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include <dht/backend/thrust.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/regions/tokens.hpp>

#include "kit/catch.hpp"
#include "thrust/guarded_memory.hpp"

namespace dht::test {

/// First in every test case: leaves it where there is no device.
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
inline bool have_device() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
}
#define DHT_TEST_NEEDS_DEVICE() \
  if (!dht::test::have_device()) DHT_TEST_SKIP("there is no CUDA device")
#else
#define DHT_TEST_NEEDS_DEVICE()
#endif

inline backend::Thrust test_backend() {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  return backend::Thrust();
#else
  return backend::Thrust(backend::Thrust::System{}, std::make_shared<GuardedMemory>());
#endif
}

/// Policies with the Thrust backend.
template <class Policies>
struct OnThrust : Policies {
  using Backend = backend::Thrust;
};

/// A buffer's numbers on the host.
template <class T>
Buffer<T> fetched(const backend::Thrust& backend, const DeviceBuffer<T>& buffer) {
  Buffer<T> out(static_cast<std::size_t>(buffer.size()));
  backend.download(buffer.data(), buffer.size(), out.data());
  return out;
}

/// Whether two arrays hold the same bits.
template <class A, class B>
bool same(const A& a, const B& b) {
  static_assert(sizeof(a[0]) == sizeof(b[0]));
  return a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
}

/// Every number of a tree; of the edges only which there are.
template <class S>
void check_same(const Hierarchy<S>& found, const Hierarchy<S>& wanted) {
  REQUIRE(found.begin == wanted.begin);
  CHECK(same(found.pixel_features, wanted.pixel_features));
  CHECK(same(found.pixel_choice, wanted.pixel_choice));
  CHECK(same(found.pixel_similarity, wanted.pixel_similarity));
  CHECK(same(found.pixel_parent, wanted.pixel_parent));
  CHECK(same(found.parent, wanted.parent));
  CHECK(same(found.size, wanted.size));
  CHECK(same(found.box, wanted.box));
  CHECK(same(found.mean, wanted.mean));
  CHECK(same(found.variance, wanted.variance));
  CHECK(same(found.information, wanted.information));
  CHECK(same(found.chosen, wanted.chosen));
  CHECK(same(found.similarity, wanted.similarity));
  REQUIRE(found.edge_begin == wanted.edge_begin);
  for (int l = 1; l < wanted.levels(); ++l) {
    const auto edges = wanted.edges_of(l);
    std::vector<Edge> sorted(edges.begin(), edges.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const Edge& a, const Edge& b) { return a.low != b.low ? a.low < b.low : a.high < b.high; });
    CHECK(same(found.edges_of(l), sorted));
  }
}

template <class S>
void check_same(const Tokens<S>& found, const Tokens<S>& wanted) {
  CHECK(found.partition.regions == wanted.partition.regions);
  CHECK(same(found.partition.labels, wanted.partition.labels));
  // A device numbers the nodes of all images together.
  if (wanted.batch == 1) CHECK(same(found.partition.sources, wanted.partition.sources));
  CHECK(same(found.partition.source_begin, wanted.partition.source_begin));
  CHECK(found.begin == wanted.begin);
  CHECK(same(found.size, wanted.size));
  CHECK(same(found.box, wanted.box));
  CHECK(same(found.feature, wanted.feature));
}

}  // namespace dht::test
