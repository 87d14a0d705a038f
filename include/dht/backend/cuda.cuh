// SPDX-License-Identifier: MIT
// What the Thrust backend needs of CUDA: streams, memory, launches, and errors as exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <cuda_runtime.h>
#include <thrust/system/cuda/execution_policy.h>

#include <dht/backend/device_memory.hpp>
#include <dht/core/error.hpp>

namespace dht::backend::detail {

/// Throws dht::Error, naming call, file and line, unless the runtime's call went well.
inline void check_cuda(cudaError_t result, const char* call, const char* file, int line) {
  DHT_EXPECTS(result == cudaSuccess, "CUDA: ", call, " failed with ", cudaGetErrorName(result), " (",
              cudaGetErrorString(result), ") at ", file, ":", line);
}

#define DHT_CUDA(call) ::dht::backend::detail::check_cuda((call), #call, __FILE__, __LINE__)

/// cudaMalloc and cudaFree on the device that is current when it is made.
class CudaMemory : public DeviceMemory {
 public:
  CudaMemory() { DHT_CUDA(cudaGetDevice(&device_)); }

  void* allocate(std::size_t bytes) override {
    int current = 0;
    void* block = nullptr;
    DHT_CUDA(cudaGetDevice(&current));
    DHT_CUDA(cudaSetDevice(device_));
    const cudaError_t result = cudaMalloc(&block, bytes);
    DHT_CUDA(cudaSetDevice(current));
    if (result == cudaErrorMemoryAllocation) (void)cudaGetLastError();  // not to be found by the next call
    DHT_CUDA(result);
    return block;
  }
  /// Waits for all work on the device, as cudaFree does. Errors are of no use here: at the end of a program the runtime
  /// may be gone already.
  void deallocate(void* block, std::size_t) noexcept override { (void)cudaFree(block); }

 private:
  int device_ = 0;
};

template <class Body>
__global__ void step_kernel(std::int64_t count, const Body body) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) body(i);
}

/// A stream of the user's; 0 is the default stream.
struct CudaSystem {
  cudaStream_t stream = 0;

  CudaSystem() = default;
  CudaSystem(cudaStream_t users) : stream(users) {}

  static std::shared_ptr<DeviceMemory> memory() { return std::make_shared<CudaMemory>(); }

  /// Thrust's algorithms are put into the stream and not waited for, unless they return a number.
  template <class Scratch>
  auto policy(Scratch& scratch) const {
    return thrust::cuda::par_nosync(scratch).on(stream);
  }

  template <class Body>
  void launch(std::int64_t count, const Body& body) const {
    constexpr int threads = 256;
    const std::int64_t blocks = (count + threads - 1) / threads;
    DHT_EXPECTS(blocks < (std::int64_t{1} << 31), "CUDA: a loop of ", count, " steps is too long");
    step_kernel<<<static_cast<unsigned>(blocks), threads, 0, stream>>>(count, body);
    DHT_CUDA(cudaGetLastError());
  }

  /// From and to wherever the addresses are. Pageable memory of the host has been read when this returns.
  void copy(void* to, const void* from, std::size_t bytes) const {
    DHT_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream));
  }
  void synchronize() const { DHT_CUDA(cudaStreamSynchronize(stream)); }
};

}  // namespace dht::backend::detail
