// SPDX-License-Identifier: MIT
// The paths of folders.hpp: DHT_SOURCE_DIR, and those of programs where such are built.
#include "kit/folders.hpp"

#include <vector>

namespace dht::test {

std::filesystem::path source_folder() { return DHT_SOURCE_DIR; }

std::filesystem::path program_path(const std::string& name) {
  std::vector<std::filesystem::path> folders;
#ifdef DHT_EXAMPLES_DIR
  folders.emplace_back(DHT_EXAMPLES_DIR);
  folders.emplace_back(DHT_APPS_DIR);
#endif
#ifdef DHT_EVAL_DIR
  folders.emplace_back(DHT_EVAL_DIR);
#endif
  for (const auto& folder : folders)
    if (std::filesystem::exists(folder / name)) return folder / name;
  return name;
}

}  // namespace dht::test
