// SPDX-License-Identifier: MIT
// How much memory there is, as a system says it that the test makes; photos that it does not suffice for.
#if defined(DHT_TEST_HAS_EXAMPLES) && defined(__linux__)

#include "common/memory.hpp"

#include <cstdint>
#include <fstream>
#include <string>

#include "common/image_file.hpp"
#include "io/scratch.hpp"
#include "kit/address_space.hpp"
#include "kit/catch.hpp"

using dht::examples::address_space_left;
using dht::examples::memory_left;
using dht::examples::read_photo;
using dht::test::error_of;
using dht::test::ScratchFolder;

namespace {

namespace fs = std::filesystem;

void store(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// "BYTES by WHERE", or "nothing".
std::string left_in(const fs::path& root) {
  const auto left = memory_left(root);
  return left ? std::to_string(left->bytes) + " by " + left->where : "nothing";
}

}  // namespace

TEST_CASE("memory: the least of what machine and groups leave") {
  const ScratchFolder root;
  CHECK(left_in(root.path()) == "nothing");
  store(root / "proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:   5000 kB\nSwapFree:  1000 kB\n");
  CHECK(left_in(root.path()) == "6144000 by this machine");

  // Version 2: a service in a slice; what limits is the slice.
  store(root / "proc/self/cgroup", "0::/some.slice/one.service\n");
  store(root / "sys/fs/cgroup/some.slice/one.service/memory.max", "max\n");
  store(root / "sys/fs/cgroup/some.slice/one.service/memory.current", "1000\n");
  CHECK(left_in(root.path()) == "6144000 by this machine");
  store(root / "sys/fs/cgroup/some.slice/memory.max", "2000000\n");
  store(root / "sys/fs/cgroup/some.slice/memory.current", "1500000\n");
  CHECK(left_in(root.path()) == "500000 by the process's group (cgroup)");
  store(root / "sys/fs/cgroup/some.slice/memory.stat", "anon 7\ninactive_file 300000\n");
  CHECK(left_in(root.path()) == "800000 by the process's group (cgroup)");
  store(root / "sys/fs/cgroup/some.slice/memory.current", "3000000\n");
  CHECK(left_in(root.path()) == "0 by the process's group (cgroup)");

  // A container sees its own group as the root.
  store(root / "proc/self/cgroup", "0::/\n");
  store(root / "sys/fs/cgroup/memory.max", "400000\n");
  store(root / "sys/fs/cgroup/memory.current", "0\n");
  CHECK(left_in(root.path()) == "400000 by the process's group (cgroup)");

  // Version 1; the path may be one of the host.
  store(root / "proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n");
  CHECK(left_in(root.path()) == "6144000 by this machine");
  store(root / "sys/fs/cgroup/memory/memory.limit_in_bytes", "700000\n");
  store(root / "sys/fs/cgroup/memory/memory.usage_in_bytes", "600000\n");
  store(root / "sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 5\n");
  CHECK(left_in(root.path()) == "100005 by the process's group (cgroup)");
}

TEST_CASE("memory: the limit of the process") {
  std::uint64_t bytes = 0;
  std::string where;
  {
    const dht::test::AddressSpaceLimit limit(std::uint64_t{1} << 28);
    if (const auto left = address_space_left()) bytes = left->bytes, where = left->where;
  }
  CHECK(bytes <= std::uint64_t{1} << 28);
  CHECK(bytes > std::uint64_t{1} << 27);
  CHECK(where == "the limit of the process (ulimit -v)");
}

TEST_CASE("memory: photos that it does not suffice for are refused before they are decoded") {
  const ScratchFolder folder;
  const fs::path path = folder / "a.png";
  dht::examples::write_png(path, dht::Picture(300, 400));
  CHECK(read_photo(path, 1000).notes.empty());
  // 10^5 and some pixels of 10^9 bytes.
  const std::string error = error_of([&] { read_photo(path, 1'000'000'000); });
  CHECK(error.starts_with(path.string() + ": is 400 x 300 pixels, for which about 120000.0 GB of memory are "
                                          "needed; "));
  const auto notes = read_photo(path, 10'000).notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "About 1.2 GB of memory are needed.");
}

#endif
