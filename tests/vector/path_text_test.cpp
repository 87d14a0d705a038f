// SPDX-License-Identifier: MIT
// Path data: what is written is what was drawn, in no more characters than from any other start.
#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <dht/vector/path_text.hpp>

#include "kit/catch.hpp"
#include "vector/drawn_shapes.hpp"

using dht::Point;
using dht::detail::PathText;

namespace {

using Ring = std::vector<Point>;

/// The text of rings of lines, the ring at `turned` begun `by` nodes later.
std::string text_of(const std::vector<Ring>& rings, std::size_t turned = 0, std::size_t by = 0) {
  std::string out;
  PathText path(out);
  for (std::size_t r = 0; r < rings.size(); ++r) {
    const std::size_t n = rings[r].size(), first = r == turned ? by % n : 0;
    path.move(rings[r][first]);
    for (std::size_t i = 1; i < n; ++i) path.line(rings[r][(first + i) % n]);
    path.close();
  }
  return out;
}

/// The plainest text of a ring behind another: from its node `first`, the last line left out.
std::size_t plain_length(const Ring& ring, std::size_t first, Point end) {
  std::string out;
  char command = 'l';
  const auto number = [&](int n, bool after_letter) {
    out += (after_letter || n < 0 ? "" : " ") + std::to_string(n);
  };
  const Point start = ring[first];
  out += 'm', number(start.x - end.x, true), number(start.y - end.y, false);
  for (std::size_t i = 1; i < ring.size(); ++i) {
    const Point a = ring[(first + i - 1) % ring.size()], b = ring[(first + i) % ring.size()];
    const char next = b.y == a.y ? 'h' : b.x == a.x ? 'v' : 'l';
    const bool letter = next != command;
    if (letter) out += command = next;
    number(next == 'v' ? b.y - a.y : b.x - a.x, letter);
    if (next == 'l') number(b.y - a.y, false);
  }
  return out.size() + 1;
}

/// Every node of a ring turns, or goes back.
bool every_node_counts(const Ring& ring) {
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point a = ring[i], b = ring[(i + 1) % ring.size()], c = ring[(i + 2) % ring.size()];
    const Point p = b - a, q = c - b;
    if (p == Point{} || (p.y == 0 && q.y == 0 && p.x * q.x >= 0) || (p.x == 0 && q.x == 0 && p.y * q.y >= 0))
      return false;
  }
  return true;
}

/// Slanted lines and such along an axis, short and long.
std::vector<Ring> random_rings(std::mt19937& random) {
  std::vector<Ring> rings;
  while (rings.size() < 3) {
    Ring ring{{int(random() % 900), int(random() % 900)}};
    for (int i = 1; i < 8; ++i) {
      const int size = random() % 2 == 0 ? 300 : 19;
      const Point step{int(random() % size) - size / 2, int(random() % size) - size / 2};
      const auto kind = random() % 4;
      ring.push_back(ring.back() + Point{kind == 0 ? 0 : step.x, kind == 1 ? 0 : step.y});
    }
    if (every_node_counts(ring)) rings.push_back(ring);
  }
  return rings;
}

}  // namespace

TEST_CASE("a subpath reads back as the ring that was drawn, wherever it was begun", "[vector][path_text]") {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const auto rings = random_rings(random);
    const std::string text = text_of(rings);
    const auto shape = dht::test::read_path_data(text);
    REQUIRE(shape.rings.size() == rings.size());
    for (std::size_t r = 0; r < rings.size(); ++r) {
      Ring read;
      for (const auto p : shape.rings[r]) read.push_back({int(p.x), int(p.y)});
      REQUIRE(read.size() == rings[r].size());
      const auto start = std::find(rings[r].begin(), rings[r].end(), read[0]);
      REQUIRE(start != rings[r].end());
      Ring turned(rings[r]);
      std::rotate(turned.begin(), turned.begin() + (start - rings[r].begin()), turned.end());
      CHECK(read == turned);
      for (std::size_t by = 1; by < rings[r].size(); ++by) CHECK(text_of(rings, r, by) == text);
    }
  }
}

TEST_CASE("no start of a subpath takes fewer characters", "[vector][path_text]") {
  std::mt19937 random(5);
  std::size_t spared = 0;
  for (int round = 0; round < 200; ++round) {
    const Ring ring = random_rings(random)[0];
    const std::size_t length = text_of({ring}).size();
    std::size_t least = plain_length(ring, 0, {});
    spared += least - length;
    for (std::size_t i = 1; i < ring.size(); ++i) least = std::min(least, plain_length(ring, i, {}));
    CHECK(length == least);
  }
  CHECK(spared > 50);
}

TEST_CASE("a step between subpaths counts from the start of the one before", "[vector][path_text]") {
  // The second square is written from its corner nearest to where the first was begun.
  std::string out;
  PathText path(out);
  for (const Point p : {Point{0, 0}, Point{100, 1}}) {
    path.move(p + Point{3, 3});
    path.line(p + Point{0, 3}), path.line(p), path.line(p + Point{3, 0});
    path.close();
  }
  CHECK(out == "m0 0h3v3h-3zm100 1h3v3h-3z");
}

TEST_CASE("lines along an axis are one, through the start, too", "[vector][path_text]") {
  std::string out;
  PathText path(out);
  path.move({2, 0});
  for (const Point p : {Point{4, 0}, {4, 0}, {4, 1}, {4, 3}, {0, 3}, {0, 0}, {1, 0}}) path.line(p);
  path.close();
  CHECK(out == "m0 0h4v3h-4z");
}

TEST_CASE("arcs and curves keep their direction and their place in the ring", "[vector][path_text]") {
  std::string out;
  PathText path(out);
  path.move({10, 0});
  path.round({7, 5}, true, {10, 10});
  path.curve({8, 12}, {3, 11}, {0, 10});
  path.line({0, 0});
  path.close();
  CHECK(out == "m0 0h10a7 5 0 0 1 0 10c-2 2-7 1-10 0z");
}

TEST_CASE("half circles with their ends side by side are no lines", "[vector][path_text]") {
  std::string out;
  PathText path(out);
  path.move({0, 5});
  path.round({5, 5}, true, {10, 5});
  path.round({5, 5}, true, {0, 5});
  path.close();
  CHECK(out == "m0 5a5 5 0 0 1 10 0 5 5 0 0 1-10 0z");
}
