// SPDX-License-Identifier: MIT
// Components of the pixel grid against flood fill, and union-find against relabelling.
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/graph/grid_components.hpp>
#include <dht/graph/union_find.hpp>

#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"

namespace {

using dht::Offset;
using dht::test::Grid;
using dht::test::Random;

/// Links between neighbours, each with some probability. The components by flood fill and by the library, with every
/// number of threads, must agree.
template <class C>
std::string difference(const Grid& grid, double probability, std::initializer_list<int> threads,
                       std::uint64_t seed, dht::detail::GridComponentsWorkspace& workspace) {
  constexpr int half = dht::detail::Neighbours<C>::half;
  const auto steps = dht::detail::Neighbours<C>::all;
  Random random(seed);
  std::vector<std::uint8_t> links(static_cast<std::size_t>(grid.pixels()), 0);
  for (int p = 0; p < grid.pixels(); ++p) {
    for (std::size_t k = 0; k < half; ++k) {
      const int y = grid.row(p) + steps[k].dy, x = grid.column(p) + steps[k].dx;
      if (y < 0 || x < 0 || x >= grid.width || !random.chance(probability)) continue;
      links[static_cast<std::size_t>(p)] =
          static_cast<std::uint8_t>(links[static_cast<std::size_t>(p)] | (1 << k));
    }
  }
  const auto wanted = flood_fill(grid, [&](int p, int q) {
    const int late = std::max(p, q), early = std::min(p, q);
    const Offset step{grid.row(early) - grid.row(late), grid.column(early) - grid.column(late)};
    const auto k = std::find(steps.begin(), steps.end(), step) - steps.begin();
    return (links[static_cast<std::size_t>(late)] >> k & 1) != 0;
  });
  for (const int n : threads) {
    std::vector<std::int32_t> labels(links.size(), -7);
    const std::int32_t count = dht::detail::grid_components<C>(
        dht::backend::Cpu(n), grid.height, grid.width,
        [&](std::int64_t y, std::uint8_t* row) {
          std::copy_n(links.data() + y * grid.width, grid.width, row);
        },
        labels.data(), workspace);
    if (labels != wanted) return "labels with " + std::to_string(n) + " threads";
    if (count != *std::max_element(wanted.begin(), wanted.end()) + 1) return "count";
  }
  return "";
}

}  // namespace

TEMPLATE_TEST_CASE("grid components: equal flood fill on random links", "[graph]", dht::FourConnected,
                   dht::EightConnected) {
  constexpr bool diagonals = std::is_same_v<TestType, dht::EightConnected>;
  dht::detail::GridComponentsWorkspace workspace;  // shared: what an earlier image left must not matter
  std::uint64_t seed = 0;
  for (const auto& [height, width] :
       {std::pair{1, 1}, {1, 2}, {2, 1}, {1, 37}, {37, 1}, {2, 2}, {3, 5}, {16, 16}, {31, 17}}) {
    for (const double probability : {0.0, 0.2, 0.45, 0.7, 1.0}) {
      CAPTURE(height, width, probability);
      CHECK(difference<TestType>(Grid{1, height, width, diagonals}, probability, {1, 2}, ++seed, workspace) ==
            "");
    }
  }
}

TEMPLATE_TEST_CASE("grid components: strips of several threads are sewn together", "[graph]",
                   dht::FourConnected, dht::EightConnected) {
  constexpr bool diagonals = std::is_same_v<TestType, dht::EightConnected>;
  dht::detail::GridComponentsWorkspace workspace;
  // A strip has at least 16384 pixels: these images have more than seven.
  for (const auto& [height, width] : {std::pair{400, 300}, {600, 210}, {120000, 1}, {6, 20000}}) {
    for (const double probability : {0.3, 0.6}) {
      CAPTURE(height, width, probability);
      CHECK(difference<TestType>(Grid{1, height, width, diagonals}, probability, {1, 2, 3, 7}, 99,
                                 workspace) == "");
    }
  }
}

TEST_CASE("grid components: a spiral is one component, its gap the other", "[graph]") {
  // Worst case of two passes: provisional labels meet late.
  const Grid grid{1, 41, 41, false};
  std::vector<int> value(41 * 41, 0);
  int y = 0, x = 0, dy = 0, dx = 1;
  const auto open = [&](int i, int j) {
    return i >= 0 && j >= 0 && i < 41 && j < 41 && !value[static_cast<std::size_t>(i * 41 + j)];
  };
  const auto ahead = [&](int i, int j) {
    return i >= 0 && j >= 0 && i < 41 && j < 41 && value[static_cast<std::size_t>(i * 41 + j)];
  };
  for (int step = 0; step < 41 * 41; ++step) {
    value[static_cast<std::size_t>(y * 41 + x)] = 1;
    if (!open(y + dy, x + dx) || ahead(y + 2 * dy, x + 2 * dx)) {
      std::tie(dy, dx) = std::pair{dx, -dy};
      if (!open(y + dy, x + dx) || ahead(y + 2 * dy, x + 2 * dx)) break;
    }
    y += dy;
    x += dx;
  }
  const auto wanted = flood_fill(grid, [&](int p, int q) {
    return value[static_cast<std::size_t>(p)] == value[static_cast<std::size_t>(q)];
  });
  std::vector<std::int32_t> labels(value.size());
  dht::detail::GridComponentsWorkspace workspace;
  const auto count = dht::detail::grid_components<dht::FourConnected>(
      dht::backend::Cpu(1), 41, 41,
      [&](std::int64_t row, std::uint8_t* links) {
        for (int c = 0; c < 41; ++c) {
          const auto p = static_cast<std::size_t>(row * 41 + c);
          links[c] = static_cast<std::uint8_t>((row > 0 && value[p - 41] == value[p] ? 1 : 0) |
                                               (c > 0 && value[p - 1] == value[p] ? 2 : 0));
        }
      },
      labels.data(), workspace);
  CHECK(labels == wanted);
  CHECK(count == 2);
}

TEST_CASE("union-find: roots are the smallest members, numbers follow them", "[graph]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    const int n = 1 + random.below(60);
    std::vector<std::int32_t> parent(static_cast<std::size_t>(n)), set(static_cast<std::size_t>(n));
    std::iota(parent.begin(), parent.end(), 0);
    std::iota(set.begin(), set.end(), 0);
    const dht::detail::UnionFind sets{parent.data()};
    for (int i = random.below(2 * n); i > 0; --i) {
      const int a = random.below(n), b = random.below(n);
      const std::int32_t from = std::max(set[static_cast<std::size_t>(a)], set[static_cast<std::size_t>(b)]);
      const std::int32_t to = std::min(set[static_cast<std::size_t>(a)], set[static_cast<std::size_t>(b)]);
      CHECK(sets.unite(a, b) == to);
      std::replace(set.begin(), set.end(), from, to);
    }
    if (seed % 2) {
      for (int i = 0; i < n; ++i) CHECK(sets.find(i) == set[static_cast<std::size_t>(i)]);
    }
    std::vector<std::int32_t> number(static_cast<std::size_t>(n));
    std::int32_t next = 5;
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      number[k] = set[k] == i ? next++ : number[static_cast<std::size_t>(set[k])];
    }
    CHECK(dht::detail::number_components(parent.data(), 0, n, 5) == next);
    CHECK(parent == number);
  }
}

TEST_CASE("components of choices: as union-find has them", "[graph]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const int n = 1 + random.below(seed % 2 ? 12 : 300), values = 1 + random.below(4);
    // Everyone chooses among some neighbours and oneself: the larger value, then the larger label.
    std::vector<std::int32_t> chosen(static_cast<std::size_t>(n)), best(chosen), parent(chosen),
        component(chosen), numbers(chosen);
    std::iota(chosen.begin(), chosen.end(), 0);
    for (auto& value : best) value = random.below(4) == 0 ? random.below(values) : -1;
    for (int i = 0; i < 3 * n; ++i) {
      const int a = random.below(n), b = random.below(n), value = random.below(values);
      for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
        const auto k = static_cast<std::size_t>(one);
        if (a == b || std::pair{value, other} < std::pair{best[k], chosen[k]}) continue;
        best[k] = value;
        chosen[k] = other;
      }
    }
    std::iota(parent.begin(), parent.end(), 0);
    const dht::detail::UnionFind sets{parent.data()};
    for (int i = 0; i < n; ++i) sets.unite(i, chosen[static_cast<std::size_t>(i)]);
    const std::int32_t wanted = dht::detail::number_components(parent.data(), 0, n, 0);
    CAPTURE(seed, n);
    CHECK(dht::detail::chosen_components(chosen.data(), n, component.data(), numbers.data()) == wanted);
    CHECK(component == parent);
  }
}
