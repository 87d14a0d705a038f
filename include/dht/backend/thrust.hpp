// SPDX-License-Identifier: MIT
// The Thrust backend: loops and the few primitives that the stages are made of, on CUDA where nvcc compiles it, on one of
// Thrust's host systems (CPP, OMP, TBB: THRUST_DEVICE_SYSTEM) where a plain C++ compiler does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/remove.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include <dht/backend/device_memory.hpp>
#include <dht/backend/instruction_set.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <dht/backend/cuda.cuh>
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#include <thrust/system/omp/execution_policy.h>
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
#include <thrust/system/tbb/execution_policy.h>
#else
#include <thrust/system/cpp/execution_policy.h>
#endif

/// One program may have the backend on several systems, each in translation units of its own: their types differ.
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#define DHT_THRUST_SYSTEM on_cuda
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#define DHT_THRUST_SYSTEM on_omp
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
#define DHT_THRUST_SYSTEM on_tbb
#else
#define DHT_THRUST_SYSTEM on_cpp
#endif

/// What a lambda that runs on the device has before its parameters, and behind them.
#if defined(__CUDACC__)
#define DHT_DEVICE __device__
#define DHT_DEVICE_INLINE
#else
#define DHT_DEVICE
#define DHT_DEVICE_INLINE __attribute__((always_inline))
#endif

namespace dht::backend {
inline namespace DHT_TARGET {

inline namespace DHT_THRUST_SYSTEM {

namespace system_detail {

/// Thrust's own scratch memory, from the cache. OpenMP's sort asks for it from all of its threads at once: from four
/// threads on, how many blocks are out at a time can differ from call to call.
class ScratchAllocator {
 public:
  using value_type = char;

  explicit ScratchAllocator(std::shared_ptr<MemoryCache> cache)
      : cache_(std::move(cache)), out_(std::make_shared<BlocksOut>()) {}

  char* allocate(std::ptrdiff_t bytes) {
    const std::lock_guard lock(out_->mutex);
    const MemoryCache::Block block = cache_->take(static_cast<std::size_t>(bytes));
    char* const place = static_cast<char*>(block.place);
    out_->blocks.emplace(place, block);
    return place;
  }
  void deallocate(char* place, std::size_t) {
    const std::lock_guard lock(out_->mutex);
    const auto found = out_->blocks.find(place);
    cache_->give_back(found->second);
    out_->blocks.erase(found);
  }

 private:
  struct BlocksOut {
    std::mutex mutex;
    std::map<char*, MemoryCache::Block> blocks;
  };
  std::shared_ptr<MemoryCache> cache_;
  std::shared_ptr<BlocksOut> out_;
};

#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA

/// The memory of a host system's device is the machine's.
class MachineMemory : public DeviceMemory {
 public:
  void* allocate(std::size_t bytes) override { return ::operator new (bytes, std::align_val_t{256}); }
  void deallocate(void* block, std::size_t) noexcept override {
    ::operator delete (block, std::align_val_t{256});
  }
};

/// Work on a host system is over when its call returns.
struct HostSystem {
  static std::shared_ptr<DeviceMemory> memory() { return std::make_shared<MachineMemory>(); }
  auto policy(ScratchAllocator& scratch) const {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
    return thrust::omp::par(scratch);
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
    return thrust::tbb::par(scratch);
#else
    return thrust::cpp::par(scratch);
#endif
  }
  void copy(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  void synchronize() const {}
};
using System = HostSystem;

/// So many steps of a loop at once, compiled for the machine's instruction set.
template <class Body>
struct Steps {
  static constexpr std::int64_t most = 256;
  Body body;
  std::int64_t count;

  void operator()(std::int64_t block) const {
    const std::int64_t begin = block * most, end = std::min(count, begin + most);
    run(best_instruction_set(), [&]() DHT_INLINE_LAMBDA {
      for (std::int64_t i = begin; i < end; ++i) body(i);
    });
  }
};

#else

using System = detail::CudaSystem;

#endif

}  // namespace system_detail

/// Where loops run: Thrust's device system. Copies share stream and memory, and may be used at once: what threads put into
/// one stream is done one after the other. Nothing here waits for the device unless it says so.
class Thrust {
 public:
  /// Tells the device's backends from those that work on the host's memory.
  static constexpr bool on_device = true;
  using System = system_detail::System;

  /// The device's memory and, on CUDA, the current device's default stream.
  Thrust() : Thrust(System{}) {}
  /// On CUDA `System` is made from a stream: `Thrust(stream)` works there on the user's own. All work is put into that
  /// stream, in order. `memory` is where blocks come from; null takes the device's own allocator.
  explicit Thrust(System system, std::shared_ptr<DeviceMemory> memory = nullptr)
      : system_(system),
        cache_(std::make_shared<MemoryCache>(memory ? std::move(memory) : System::memory())),
        scratch_(cache_) {}
  // A move copies, so that what was moved from still works.
  Thrust(const Thrust&) = default;
  Thrust& operator=(const Thrust&) = default;

  /// The memory that this backend and its copies have taken so far.
  const std::shared_ptr<MemoryCache>& cache() const { return cache_; }
  const System& system() const { return system_; }

  /// Room for `size` elements in a buffer, uninitialised; see DeviceBuffer::resize.
  template <class T>
  T* resize(DeviceBuffer<T>& buffer, std::int64_t size, std::int64_t room = 0) const {
    buffer.resize(cache_, size, room);
    return buffer.data();
  }

  /// body(i) for every i < count, in any order, all at once.
  template <class Body>
  void launch(std::int64_t count, const Body& body) const {
    if (count <= 0) return;
    const Work work(*this);
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    system_.launch(count, body);
#else
    const std::int64_t blocks =
        (count + system_detail::Steps<Body>::most - 1) / system_detail::Steps<Body>::most;
    thrust::for_each_n(system_.policy(scratch_), thrust::counting_iterator<std::int64_t>(0), blocks,
                       system_detail::Steps<Body>{body, count});
#endif
  }

  template <class T>
  void fill(T* to, std::int64_t count, T value) const {
    launch(count, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE { to[i] = value; });
  }

  /// sums[i] = sum of values[0] ... values[i - 1]; both may be the same.
  void exclusive_sum(const std::int32_t* values, std::int32_t* sums, std::int64_t count) const {
    const Work work(*this);
    thrust::exclusive_scan(system_.policy(scratch_), values, values + count, sums, std::int32_t{0});
  }

  template <class Key>
  void sort(Key* keys, std::int64_t count) const {
    const Work work(*this);
    thrust::sort(system_.policy(scratch_), keys, keys + count);
  }

  /// Equal keys keep their values in order.
  template <class Key, class Value>
  void sort_pairs(Key* keys, Value* values, std::int64_t count) const {
    const Work work(*this);
    thrust::stable_sort_by_key(system_.policy(scratch_), keys, keys + count, values);
  }

  /// Takes out one value; returns how many others are left, in their order. Waits for the device.
  template <class T>
  std::int64_t remove(T* values, std::int64_t count, T value) const {
    const Work work(*this);
    return thrust::remove(system_.policy(scratch_), values, values + count, value) - values;
  }

  /// Copies from the host's memory, which may be changed as soon as the call is over.
  template <class T>
  void upload(const T* from, std::int64_t count, T* to) const {
    copy(to, from, count);
  }
  /// The same with memory for it.
  template <class T>
  const T* upload(const T* from, std::int64_t count, DeviceBuffer<T>& to) const {
    upload(from, count, resize(to, count));
    return to.data();
  }
  /// Copies to the host's memory. Waits for the device.
  template <class T>
  void download(const T* from, std::int64_t count, T* to) const {
    copy(to, from, count);
    synchronize();
  }
  template <class T>
  T download(const T* from) const {
    T value{};
    download(from, 1, &value);
    return value;
  }
  /// From one place of the device to another.
  template <class T>
  void copy(T* to, const T* from, std::int64_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count <= 0) return;
    const Work work(*this);
    system_.copy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  }

  /// Waits until all work so far is done. Throws dht::Error where it failed.
  void synchronize() const { system_.synchronize(); }

 private:
  /// Tells the memory that the device works on it.
  class Work {
   public:
    explicit Work(const Thrust& backend) : memory_(backend.cache_->memory()) { memory_.begin_work(); }
    ~Work() { memory_.end_work(); }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    DeviceMemory& memory_;
  };

  System system_;
  std::shared_ptr<MemoryCache> cache_;
  mutable system_detail::ScratchAllocator scratch_;
};

}  // namespace DHT_THRUST_SYSTEM
}  // namespace DHT_TARGET
}  // namespace dht::backend
