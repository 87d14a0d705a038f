// SPDX-License-Identifier: MIT
// Random numbers by their place: known ones, independent of order, spread evenly.
#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <dht/core/random.hpp>

#include "kit/catch.hpp"

using dht::Random;

TEST_CASE("random: every seed and every list of counters has a stream of its own", "[core]") {
  std::set<std::uint64_t> seen;
  std::size_t streams = 0;
  const auto look = [&](Random random) {
    ++streams;
    for (int i = 0; i < 3; ++i) seen.insert(random.bits());
  };
  for (int a = 0; a < 10; ++a) {
    look(Random(std::uint64_t(a)));
    for (int b = 0; b < 10; ++b) {
      look(Random(std::uint64_t(a), b));
      for (int c = 0; c < 10; ++c) look(Random(std::uint64_t(a), b, c));
    }
  }
  CHECK(seen.size() == 3 * streams);
  Random once(5, 6, 7), again(5, 6, 7);
  for (int i = 0; i < 100; ++i) CHECK(once.bits() == again.bits());
}

TEST_CASE("random: the numbers are those of every machine", "[core]") {
  // A checkpoint that was begun elsewhere must go on with the same pictures: these never change.
  Random random(1, 2, 3);
  CHECK(random.bits() == 6415561584689911955u);
  CHECK(random.below(1000) == 882);
  CHECK(random.uniform(-1, 1) == 0x1.bcf8463adbaa8p-1);
}

TEST_CASE("random: numbers are spread evenly", "[core]") {
  std::vector<int> tenth(10), of_ten(10);
  double sum = 0;
  int heads = 0;
  const int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    Random random(9, i);
    const double u = random.uniform();
    sum += u;
    ++tenth[std::size_t(u * 10)];
    ++of_ten[random.below(10)];
    heads += random.chance(0.25);
  }
  // Standard deviations: 42 for a count of 2000, 0.002 for the mean, 61 for the heads.
  for (const int count : tenth) CHECK(std::abs(count - draws / 10) < 5 * 42);
  for (const int count : of_ten) CHECK(std::abs(count - draws / 10) < 5 * 42);
  CHECK(std::abs(sum / draws - 0.5) < 5 * 0.0021);
  CHECK(std::abs(heads - draws / 4) < 5 * 62);
}

TEST_CASE("random: a permutation has every number once", "[core]") {
  for (const std::uint32_t size : {0u, 1u, 2u, 100u}) {
    std::vector<std::uint32_t> order = Random(3, size).permutation(size);
    CHECK(order == Random(3, size).permutation(size));
    if (size == 100) CHECK(!std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < size; ++i) CHECK(order[i] == i);
  }
}
