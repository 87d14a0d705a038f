// SPDX-License-Identifier: MIT
// How much memory there is: the files in which Linux says it.
#include "memory.hpp"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#if __has_include(<sys/resource.h>) && __has_include(<unistd.h>)
#include <sys/resource.h>
#include <unistd.h>
#define DHT_HAS_RLIMIT 1
#else
#define DHT_HAS_RLIMIT 0
#endif

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number with which a text begins, blanks before it passed over.
std::optional<std::uint64_t> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// The number behind a name at the beginning of a line.
std::optional<std::uint64_t> entry(const std::string& text, const std::string& name) {
  const std::size_t at = ("\n" + text).find("\n" + name);
  return at == std::string::npos ? std::nullopt : number_in(std::string_view(text).substr(at + name.size()));
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

/// Names of a group's files, which differ between the two versions of cgroups.
struct GroupFiles {
  const char *controller, *folder, *limit, *used, *cache;
};
constexpr GroupFiles group_files[] = {
    {"0::/", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "},
    {":memory:/", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file "}};

void take_least(std::optional<MemoryLeft>& least, std::optional<MemoryLeft> other) {
  if (other && (!least || other->bytes < least->bytes)) least = std::move(other);
}

/// What the process's group and those that it is in leave. Pages of files that nobody uses are given back when they are needed.
std::optional<MemoryLeft> group_left(const fs::path& root, const GroupFiles& names) {
  std::optional<MemoryLeft> least;
  std::istringstream groups(text_of(root / "proc/self/cgroup"));
  for (std::string line; std::getline(groups, line);) {
    const std::size_t at = line.find(names.controller);
    if (at == std::string::npos) continue;
    const fs::path top = root / names.folder;
    fs::path group = line.substr(at + std::string(names.controller).size());
    for (bool is_top = false; !is_top; group = group.parent_path()) {
      is_top = group.empty();
      const fs::path folder = is_top ? top : top / group;
      const auto limit = number_in(text_of(folder / names.limit)),
                 used = number_in(text_of(folder / names.used));
      if (!limit || !used) continue;  // "max", or a group that is not seen from here
      const std::uint64_t cache = entry(text_of(folder / "memory.stat"), names.cache).value_or(0);
      take_least(least,
                 MemoryLeft{difference(*limit, difference(*used, cache)), "the process's group (cgroup)"});
    }
  }
  return least;
}

std::optional<MemoryLeft> machine_left(const fs::path& root) {
  const std::string text = text_of(root / "proc/meminfo");
  const auto available = entry(text, "MemAvailable:");
  if (!available) return std::nullopt;
  return MemoryLeft{(*available + entry(text, "SwapFree:").value_or(0)) * 1024, "this machine"};
}

}  // namespace

std::optional<MemoryLeft> address_space_left([[maybe_unused]] const fs::path& root) {
#if DHT_HAS_RLIMIT
  rlimit limit{};
  const auto pages = number_in(text_of(root / "proc/self/statm"));
  if (pages && getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return MemoryLeft{difference(limit.rlim_cur, *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))),
                      "the limit of the process (ulimit -v)"};
#endif
  return std::nullopt;
}

std::optional<MemoryLeft> memory_left(const fs::path& root) {
  std::optional<MemoryLeft> least = address_space_left(root);
  for (const GroupFiles& names : group_files) take_least(least, group_left(root, names));
  take_least(least, machine_left(root));
  return least;
}

std::string gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

}  // namespace dht::examples
