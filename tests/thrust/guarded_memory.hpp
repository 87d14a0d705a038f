// SPDX-License-Identifier: MIT
// Memory for Thrust's host systems that can be touched only while the device is at work: host code that follows a
// device's pointer, which would crash on a GPU, crashes here.
#pragma once

#include <cstddef>

#include <sys/mman.h>

#include <dht/backend/device_memory.hpp>
#include <dht/core/error.hpp>

namespace dht::test {

class GuardedMemory : public backend::DeviceMemory {
 public:
  GuardedMemory()
      : begin_(mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    DHT_EXPECTS(begin_ != MAP_FAILED, "mmap of ", room, " bytes failed");
  }
  ~GuardedMemory() override { munmap(begin_, room); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  void* allocate(std::size_t bytes) override {
    const std::size_t end = (used_ + bytes + page - 1) / page * page;
    DHT_EXPECTS(end <= room, "guarded memory: has no room for ", bytes, " bytes");
    void* const block = static_cast<char*>(begin_) + used_;
    used_ = end;
    if (depth_ > 0) protect(PROT_READ | PROT_WRITE);
    return block;
  }
  /// All of it goes at the end.
  void deallocate(void*, std::size_t) noexcept override {}
  void begin_work() override {
    if (depth_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void end_work() override {
    if (--depth_ == 0) protect(PROT_NONE);
  }

 private:
  static constexpr std::size_t page = 4096, room = std::size_t{1} << 30;
  void protect(int access) {
    DHT_EXPECTS(used_ == 0 || mprotect(begin_, used_, access) == 0, "mprotect failed");
  }

  void* begin_;
  std::size_t used_ = 0;
  int depth_ = 0;
};

}  // namespace dht::test
