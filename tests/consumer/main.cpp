// SPDX-License-Identifier: MIT
// The first translation unit of a user's program.
#include <cstdio>

#include <dht/dht.hpp>
#include <dht/version.hpp>

int pixels_counted_elsewhere();

int main() {
  std::printf("dht %d.%d.%d\n", DHT_VERSION_MAJOR, DHT_VERSION_MINOR, DHT_VERSION_PATCH);
  return pixels_counted_elsewhere() == 6 ? 0 : 1;
}
