// SPDX-License-Identifier: MIT
// Memory of a device: where it comes from, a cache in front of that, buffers, and views that cannot be mistaken for those
// of the host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// A view whose memory is a device's. The host knows its shape and must not follow its pointer; functions that work on a
/// device take nothing else, and nothing else takes it.
template <class View>
class OnDevice {
 public:
  OnDevice() = default;
  /// The caller's word that the memory is the device's.
  explicit OnDevice(const View& view) : view_(view) {}

  template <class Other>
    requires(!std::is_same_v<Other, View> && std::is_convertible_v<Other, View>)
  OnDevice(const OnDevice<Other>& other) : view_(other.view()) {}

  /// Shape and address, for code that runs on the device.
  const View& view() const { return view_; }

 private:
  View view_{};
};

/// Says that what a view shows lies in memory of a device: a tensor of another library, a decoded video frame.
template <class View>
OnDevice<View> on_device(const View& view) {
  return OnDevice<View>(view);
}

namespace backend {

/// Where a device's memory comes from. Derive from it to take it from a pool of one's own. Blocks are asked for and given
/// back by one thread at a time.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  /// At least `bytes` bytes, aligned to 256. Throws dht::Error when there is no such block.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* block, std::size_t bytes) noexcept = 0;
  /// Called around all work on memory that Thrust's host systems do, and around copies: a test's chance to forbid any
  /// other access. CUDA's memory needs no such thing.
  virtual void begin_work() {}
  virtual void end_work() {}
};

/// Keeps the blocks that are given back, for the next request of about that size: images of one size ask for the same
/// blocks again and again. Blocks are given back to the memory with the cache, or by `release`. Any thread may ask.
class MemoryCache {
 public:
  explicit MemoryCache(std::shared_ptr<DeviceMemory> memory) : memory_(std::move(memory)) {
    DHT_EXPECTS(memory_ != nullptr, "memory: is null; must be memory of a device");
  }
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;
  ~MemoryCache() { release(); }

  struct Block {
    void* place = nullptr;
    std::size_t bytes = 0;
  };

  /// A block of at least `bytes`: at most a quarter more where it is new, four times as many where it is not.
  Block take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t wanted = rounded(bytes);
    const auto found = free_.lower_bound(wanted);
    if (found != free_.end() && found->first <= 4 * wanted) {
      const Block block{found->second.back(), found->first};
      found->second.pop_back();
      if (found->second.empty()) free_.erase(found);
      return block;
    }
    const Block block{memory_->allocate(wanted), wanted};
    ++allocations_;
    bytes_ += wanted;
    return block;
  }

  void give_back(const Block& block) {
    const std::lock_guard lock(mutex_);
    free_[block.bytes].push_back(block.place);
  }

  /// Gives all blocks that are not in use back to the memory.
  void release() {
    const std::lock_guard lock(mutex_);
    for (const auto& [bytes, places] : free_) {
      for (void* const place : places) {
        memory_->deallocate(place, bytes);
        bytes_ -= bytes;
      }
    }
    free_.clear();
  }

  /// How often the memory was asked for a block so far, and the bytes held of it now.
  std::int64_t allocations() const {
    const std::lock_guard lock(mutex_);
    return allocations_;
  }
  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  DeviceMemory& memory() const { return *memory_; }

 private:
  /// Up to the next of 4 steps between powers of two, at least 512.
  static std::size_t rounded(std::size_t bytes) {
    std::size_t step = 128;
    while (8 * step < bytes) step *= 2;
    return bytes <= 512 ? 512 : (bytes + step - 1) / step * step;
  }

  std::shared_ptr<DeviceMemory> memory_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;
  std::int64_t allocations_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace backend

namespace detail {

/// Room for numbers whose count depends on what an image shows: the next image may have twice as many.
constexpr std::int64_t roomy(std::int64_t count) { return 2 * count + 256; }

}  // namespace detail

/// An array in a device's memory. It keeps its memory when it shrinks, and its contents are lost when it grows.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>, "a device holds plain numbers and structs of them");

 public:
  using value_type = T;

  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ~DeviceBuffer() {
    if (block_.place != nullptr) cache_->give_back(block_);
  }

  /// Room for `size` elements, uninitialised; `room` >= size elements are there for later calls.
  void resize(const std::shared_ptr<backend::MemoryCache>& cache, std::int64_t size, std::int64_t room = 0) {
    const auto bytes = static_cast<std::size_t>(std::max(size, room)) * sizeof(T);
    if (static_cast<std::size_t>(size) * sizeof(T) > block_.bytes || cache != cache_) {
      DeviceBuffer().swap(*this);  // gives the old block back before a new one is asked for
      cache_ = cache;
      block_ = cache->take(bytes);
    }
    size_ = size;
  }

  /// The address on the device.
  T* data() { return static_cast<T*>(block_.place); }
  const T* data() const { return static_cast<const T*>(block_.place); }
  std::int64_t size() const { return size_; }

  void swap(DeviceBuffer& other) noexcept {
    std::swap(cache_, other.cache_);
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
  }

 private:
  std::shared_ptr<backend::MemoryCache> cache_;
  backend::MemoryCache::Block block_;
  std::int64_t size_ = 0;
};

}  // namespace dht
