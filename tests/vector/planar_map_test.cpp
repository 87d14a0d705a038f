// SPDX-License-Identifier: MIT
// The planar map against definitions checked the slow way: every arc, junction, area, ring and hole of many label maps.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <dht/vector/planar_map.hpp>

#include "kit/catch.hpp"

namespace {

struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::int32_t> labels;

  LabelMap(int h, int w) : height(h), width(w), labels(std::size_t(h) * w) {}
  LabelMap(int h, int w, std::vector<std::int32_t> l) : height(h), width(w), labels(std::move(l)) {}
  std::int32_t& at(int y, int x) { return labels[std::size_t(y) * width + x]; }
  std::int32_t at(int y, int x) const { return labels[std::size_t(y) * width + x]; }
  std::int32_t or_outside(int y, int x) const {
    return y < 0 || x < 0 || y >= height || x >= width ? dht::outside_label : at(y, x);
  }
  dht::LabelView view() const { return dht::plane_view(labels.data(), height, width); }
  std::int32_t regions() const { return *std::max_element(labels.begin(), labels.end()) + 1; }
};

using Random = std::mt19937;

int below(Random& random, int n) { return static_cast<int>(random() % unsigned(n)); }

/// Numbers the labels in use by first occurrence.
LabelMap dense(LabelMap map) {
  std::map<std::int32_t, std::int32_t> number;
  for (auto& label : map.labels) label = number.emplace(label, std::int32_t(number.size())).first->second;
  return map;
}

LabelMap noise(int h, int w, int labels, Random& random) {
  LabelMap map(h, w);
  for (auto& label : map.labels) label = below(random, labels);
  return dense(map);
}

/// Nearest of some seeds by city-block distance; several seeds may carry one label, so that regions fall into pieces.
LabelMap blobs(int h, int w, Random& random) {
  const int seeds = 1 + below(random, 9), labels = 1 + below(random, seeds);
  std::vector<dht::Point> seed(seeds);
  for (auto& s : seed) s = {below(random, w), below(random, h)};
  LabelMap map(h, w);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const auto distance = [&](dht::Point s) { return std::abs(s.x - x) + std::abs(s.y - y); };
      const auto nearest = std::min_element(seed.begin(), seed.end(),
                                            [&](auto a, auto b) { return distance(a) < distance(b); });
      map.at(y, x) = std::int32_t(nearest - seed.begin()) % labels;
    }
  return dense(map);
}

/// Rings in rings around some centres, of a few labels in turn: holes in holes, regions in pieces that have holes.
LabelMap nested(int h, int w, Random& random) {
  LabelMap map(h, w);
  const int labels = 2 + below(random, 3), centres = 1 + below(random, 2);
  std::vector<dht::Point> centre(centres);
  for (auto& c : centre) c = {below(random, w), below(random, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      int distance = h + w;
      for (auto c : centre) distance = std::min(distance, std::max(std::abs(c.x - x), std::abs(c.y - y)));
      map.at(y, x) = distance % labels;
    }
  if (below(random, 2)) map.at(below(random, h), below(random, w)) = labels;
  return dense(map);
}

LabelMap checkerboard(int h, int w) {
  LabelMap map(h, w);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) map.at(y, x) = (x + y) % 2;
  return dense(map);
}

LabelMap random_map(unsigned seed) {
  Random random(seed);
  const int h = 1 + below(random, 13), w = 1 + below(random, 13);
  switch (seed % 7) {
    case 0:
      return noise(h, w, 2, random);
    case 1:
      return noise(h, w, 4, random);
    case 2:
      return noise(h, w, h * w, random);
    case 3:
      return blobs(h, w, random);
    case 4:
      return nested(h, w, random);
    case 5:
      return nested(h + 6, w + 6, random);
    default:
      return below(random, 4) ? blobs(h, w, random) : checkerboard(h, w);
  }
}

constexpr unsigned map_count = 700;

using Polygon = std::vector<dht::Point>;

/// Even-odd rule at the pixel's centre, a ray to the right.
bool contains(const Polygon& polygon, int y, int x) {
  bool inside = false;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    inside ^= (a.y <= y) != (b.y <= y) && a.x > x;
  }
  return inside;
}

std::vector<Polygon> polygons(const dht::Outline& outline) {
  std::vector<Polygon> result;
  for (std::int32_t i = 0; i < outline.rings(); ++i)
    result.emplace_back(outline.ring(i).begin(), outline.ring(i).end());
  return result;
}

/// The number of 4-connected pieces of the pixels set in `mask`.
int piece_count(LabelMap mask) {
  int pieces = 0;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (mask.at(y, x) == 0) continue;
      ++pieces;
      std::vector<dht::Point> open{{x, y}};
      while (!open.empty()) {
        const auto p = open.back();
        open.pop_back();
        if (mask.or_outside(p.y, p.x) != 1) continue;
        mask.at(p.y, p.x) = 0;
        open.insert(open.end(), {{p.x + 1, p.y}, {p.x - 1, p.y}, {p.x, p.y + 1}, {p.x, p.y - 1}});
      }
    }
  return pieces;
}

bool straight(dht::Point a, dht::Point b, dht::Point c) {
  return (a.x == b.x && b.x == c.x) || (a.y == b.y && b.y == c.y);
}

int sign(int n) { return (n > 0) - (n < 0); }

std::string sentence(const LabelMap& map, std::int32_t regions) {
  try {
    dht::planar_map(map.view(), regions);
  } catch (const dht::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a single region is one closed arc around the canvas", "[vector][planar_map]") {
  const LabelMap labels(3, 3);
  const auto map = dht::planar_map(labels.view(), 1);
  CHECK(map.arcs.junctions.empty());
  REQUIRE(map.arcs.size() == 1);
  CHECK(map.arcs.points == Polygon{{0, 0}, {3, 0}, {3, 3}, {0, 3}, {0, 0}});
  CHECK(map.arcs.right[0] == 0);
  CHECK(map.arcs.left[0] == dht::outside_label);
  CHECK(map.arcs.from[0] == -1);
  CHECK(map.arcs.to[0] == -1);
  CHECK(map.faces.face_begin == std::vector<std::int32_t>{0, 1, 2});
  CHECK(map.faces.ring_area == std::vector<std::int64_t>{9, -9});
  CHECK(map.faces.ring_outer == std::vector<std::int32_t>{0, -1});
}

TEST_CASE("a pixel in the middle of 3x3 is a hole of its neighbour", "[vector][planar_map]") {
  const LabelMap labels(3, 3, {0, 0, 0, 0, 1, 0, 0, 0, 0});
  const auto map = dht::planar_map(labels.view(), 2);
  REQUIRE(map.arcs.size() == 2);
  CHECK(map.arcs.left[1] == 0);
  CHECK(map.arcs.right[1] == 1);
  CHECK(map.faces.face_begin == std::vector<std::int32_t>{0, 2, 3, 4});
  CHECK(map.faces.ring_area == std::vector<std::int64_t>{9, -1, 1, -9});
  CHECK(map.faces.ring_outer == std::vector<std::int32_t>{0, 0, 2, -1});
  CHECK(map.faces.ring_arcs[1] == dht::SignedArc{~1});
  const auto outline = dht::outline(map, 0);
  CHECK(polygons(outline) ==
        std::vector<Polygon>{{{0, 0}, {3, 0}, {3, 3}, {0, 3}}, {{1, 1}, {1, 2}, {2, 2}, {2, 1}}});
}

TEST_CASE("three regions of 3x3 meet in junctions, typed out", "[vector][planar_map]") {
  const LabelMap labels(3, 3,
                        {0, 0, 1,  //
                         0, 2, 1,  //
                         2, 2, 1});
  const auto map = dht::planar_map(labels.view(), 3);
  CHECK(map.arcs.junctions == Polygon{{2, 0}, {2, 1}, {0, 2}, {2, 3}});
  CHECK(map.arcs.size() == 6);
  CHECK(map.arcs.from == std::vector<std::int32_t>{0, 0, 1, 1, 2, 3});
  CHECK(map.arcs.to == std::vector<std::int32_t>{3, 1, 3, 2, 0, 2});
  CHECK(map.arcs.left == std::vector<std::int32_t>{-1, 1, 1, 2, -1, -1});
  CHECK(map.arcs.right == std::vector<std::int32_t>{1, 0, 2, 0, 0, 2});
  const auto border = map.arcs.polyline(0);
  CHECK(Polygon(border.begin(), border.end()) == Polygon{{2, 0}, {3, 0}, {3, 3}, {2, 3}});
  using dht::Vertices;
  CHECK(polygons(dht::outline(map, 1)) == std::vector<Polygon>{{{2, 0}, {3, 0}, {3, 3}, {2, 3}}});
  CHECK(polygons(dht::outline(map, 1, Vertices::shared)) ==
        std::vector<Polygon>{{{2, 0}, {3, 0}, {3, 3}, {2, 3}, {2, 1}}});
  CHECK(polygons(dht::outline(map, 0, Vertices::shared)) ==
        std::vector<Polygon>{{{0, 0}, {2, 0}, {2, 1}, {1, 1}, {1, 2}, {0, 2}}});
}

TEST_CASE("a checkerboard's middle is a junction of four arcs, and diagonal pixels are apart",
          "[vector][planar_map]") {
  const LabelMap labels(2, 2, {0, 1, 1, 0});
  const auto map = dht::planar_map(labels.view(), 2);
  CHECK(map.arcs.junctions == Polygon{{1, 0}, {0, 1}, {1, 1}, {2, 1}, {1, 2}});
  CHECK(map.arcs.size() == 8);
  CHECK(map.faces.ring_area == std::vector<std::int64_t>{1, 1, 1, 1, -4});
  const auto outline = dht::outline(map, 0);
  CHECK(polygons(outline) ==
        std::vector<Polygon>{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, {{1, 1}, {2, 1}, {2, 2}, {1, 2}}});
}

TEST_CASE("holes go to the piece that has them", "[vector][planar_map]") {
  const LabelMap labels(3, 7, {0, 0, 0, 1, 0, 0, 0,  //
                               0, 2, 0, 1, 0, 2, 0,  //
                               0, 0, 0, 1, 0, 0, 0});
  const auto map = dht::planar_map(labels.view(), 3);
  const auto outline = dht::outline(map, 0);
  CHECK(outline.ring_outer == std::vector<std::int32_t>{0, 0, 2, 2});
  CHECK(outline.ring(1).front() == dht::Point{1, 1});
  CHECK(outline.ring(2).front() == dht::Point{4, 0});
  CHECK(outline.ring(3).front() == dht::Point{5, 1});
}

TEST_CASE("arcs have their labels on both sides and no vertex too many", "[vector][planar_map]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    INFO("map " << seed);
    std::int64_t length = 0;
    bool good = true, minimal = true;
    for (std::int32_t a = 0; a < map.arcs.size(); ++a) {
      const auto line = map.arcs.polyline(a);
      good &= line.size() >= 2 && map.arcs.left[a] != map.arcs.right[a] &&
              map.arcs.right[a] != dht::outside_label;
      for (std::size_t i = 1; i < line.size(); ++i) {
        const int dx = sign(line[i].x - line[i - 1].x), dy = sign(line[i].y - line[i - 1].y);
        good &= (dx == 0) != (dy == 0);
        if (i + 1 < line.size()) minimal &= !straight(line[i - 1], line[i], line[i + 1]);
        for (auto p = line[i - 1]; good && p != line[i]; p = {p.x + dx, p.y + dy}, ++length) {
          const int y = dy < 0 ? p.y - 1 : p.y, x = dx < 0 ? p.x - 1 : p.x;
          good &= labels.or_outside(y - (dx > 0), x - (dy < 0)) == map.arcs.left[a];
          good &= labels.or_outside(y - (dx < 0), x - (dy > 0)) == map.arcs.right[a];
        }
      }
      if (map.arcs.from[a] < 0) {
        minimal &= line.front() == line.back() && !straight(line[line.size() - 2], line[0], line[1]);
      } else {
        good &= map.arcs.junctions[map.arcs.from[a]] == line.front();
        good &= map.arcs.junctions[map.arcs.to[a]] == line.back();
      }
    }
    CHECK(good);
    CHECK(minimal);
    std::int64_t edges = 0;
    for (int y = 0; y <= labels.height; ++y)
      for (int x = 0; x <= labels.width; ++x) {
        edges += labels.or_outside(y, x) != labels.or_outside(y - 1, x);
        edges += labels.or_outside(y, x) != labels.or_outside(y, x - 1);
      }
    CHECK(length == edges);
  }
}

TEST_CASE("three or four arcs end at every junction, and nowhere else", "[vector][planar_map]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    Polygon expected;
    std::vector<int> expected_degree, degree(map.arcs.junctions.size());
    for (int y = 0; y <= labels.height; ++y)
      for (int x = 0; x <= labels.width; ++x) {
        const auto a = labels.or_outside(y - 1, x - 1), b = labels.or_outside(y - 1, x);
        const auto c = labels.or_outside(y, x), d = labels.or_outside(y, x - 1);
        const int edges = (a != b) + (b != c) + (c != d) + (d != a);
        if (edges < 3) continue;
        expected.push_back({x, y});
        expected_degree.push_back(edges);
      }
    for (std::int32_t a = 0; a < map.arcs.size(); ++a)
      if (map.arcs.from[a] >= 0) ++degree[map.arcs.from[a]], ++degree[map.arcs.to[a]];
    INFO("map " << seed);
    CHECK(map.arcs.junctions == expected);
    CHECK(degree == expected_degree);
  }
}

TEST_CASE("every arc is forward in the face on its right and backward in the one on its left",
          "[vector][planar_map]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    std::multiset<std::int32_t> used, expected;
    bool good = true, joined = true;
    for (std::int32_t face = 0; face <= map.regions; ++face)
      for (const auto ring : map.faces.rings(face)) {
        dht::Point last = {-1, -1}, first = {-1, -1};
        for (const auto s : map.faces.ring(ring)) {
          used.insert(s.code);
          const auto label = s.forward() ? map.arcs.right[s.arc()] : map.arcs.left[s.arc()];
          good &= face == (label == dht::outside_label ? map.outside_face() : label);
          const auto line = map.arcs.polyline(s.arc());
          const auto start = s.forward() ? line.front() : line.back();
          if (last == dht::Point{-1, -1}) first = last = start;
          joined &= last == start;
          last = s.forward() ? line.back() : line.front();
        }
        joined &= last == first;
      }
    for (std::int32_t a = 0; a < map.arcs.size(); ++a) expected.insert({a, ~a});
    INFO("map " << seed);
    CHECK(good);
    CHECK(joined);
    CHECK(used == expected);
  }
}

TEST_CASE("areas of faces are pixel counts and add up to the canvas", "[vector][planar_map]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    INFO("map " << seed);
    std::int64_t total = 0;
    for (std::int32_t face = 0; face < map.regions; ++face) {
      std::int64_t area = 0, shoelace = 0;
      std::vector<dht::Point> points;
      for (const auto ring : map.faces.rings(face)) {
        area += map.faces.ring_area[ring];
        dht::ring_points(map, ring, dht::Vertices::corners, points);
        for (std::size_t i = 0; i < points.size(); ++i) {
          const auto a = points[i], b = points[(i + 1) % points.size()];
          shoelace += std::int64_t{a.x} * b.y - std::int64_t{b.x} * a.y;
        }
      }
      CHECK(area == std::count(labels.labels.begin(), labels.labels.end(), face));
      CHECK(shoelace == 2 * area);
      total += area;
    }
    CHECK(total == std::int64_t{labels.height} * labels.width);
    REQUIRE(map.faces.rings(map.outside_face()).size() == 1);
    CHECK(map.faces.ring_area.back() == -total);
  }
}

TEST_CASE("a slow rasteriser turns outlines back into the label map", "[vector][outline]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    LabelMap drawn(labels.height, labels.width);
    std::fill(drawn.labels.begin(), drawn.labels.end(), -1);
    bool once = true;
    for (std::int32_t region = 0; region < map.regions; ++region) {
      const auto rings =
          polygons(dht::outline(map, region, seed % 2 ? dht::Vertices::shared : dht::Vertices::corners));
      for (int y = 0; y < labels.height; ++y)
        for (int x = 0; x < labels.width; ++x) {
          int crossings = 0;
          for (const auto& ring : rings) crossings += contains(ring, y, x);
          if (crossings % 2 == 0) continue;
          once &= drawn.at(y, x) == -1;
          drawn.at(y, x) = region;
        }
    }
    INFO("map " << seed);
    CHECK(once);
    CHECK(drawn.labels == labels.labels);
  }
}

TEST_CASE("an outer ring with its holes is one piece, and rings start and wind as documented",
          "[vector][outline]") {
  for (unsigned seed = 0; seed < map_count; ++seed) {
    const auto labels = random_map(seed);
    const auto map = dht::planar_map(labels.view(), labels.regions());
    INFO("map " << seed);
    LabelMap piece(labels.height, labels.width);
    for (std::int32_t region = 0; region < map.regions; ++region) {
      const auto outline = dht::outline(map, region);
      const auto rings = polygons(outline);
      bool good = true;
      for (std::int32_t outer = 0; outer < outline.rings(); ++outer) {
        const auto& ring = rings[outer];
        const bool hole = outline.ring_outer[outer] != outer;
        good &= ring[0].y ==
                std::min_element(ring.begin(), ring.end(), [](auto a, auto b) { return a.y < b.y; })->y;
        good &= hole ? ring[1].x == ring[0].x && ring[1].y > ring[0].y
                     : ring[1].y == ring[0].y && ring[1].x > ring[0].x;
        for (std::size_t i = 0; i < ring.size(); ++i) {
          good &= !straight(ring[i], ring[(i + 1) % ring.size()], ring[(i + 2) % ring.size()]);
          good &= ring[i].y > ring[0].y || ring[i].x >= ring[0].x;
        }
        good &= outline.ring_outer[outer] <= outer &&
                outline.ring_outer[outline.ring_outer[outer]] == outline.ring_outer[outer];
        if (hole) continue;
        for (int y = 0; y < labels.height; ++y)
          for (int x = 0; x < labels.width; ++x) {
            int crossings = 0;
            for (std::int32_t i = outer; i < outline.rings(); ++i)
              if (outline.ring_outer[i] == outer) crossings += contains(rings[i], y, x);
            piece.at(y, x) = crossings % 2;
            good &= crossings % 2 == 0 || labels.at(y, x) == region;
          }
        good &= piece_count(piece) == 1;
      }
      CHECK(good);
    }
  }
}

TEST_CASE("a map in a larger buffer, with labels that occur nowhere", "[vector][planar_map]") {
  const std::vector<std::int32_t> buffer{0, 3, -7, -7,  //
                                         0, 3, -7, -7,  //
                                         0, 0, -7, -7};
  const auto map = dht::planar_map({buffer.data(), 3, 2, 4}, 5);
  CHECK(map.faces.face_begin == std::vector<std::int32_t>{0, 1, 1, 1, 2, 2, 3});
  CHECK(dht::outline(map, 1).rings() == 0);
  CHECK(dht::outline(map, 3).points == Polygon{{1, 0}, {2, 0}, {2, 2}, {1, 2}});
}

TEST_CASE("bad label maps are refused with a sentence", "[vector][planar_map]") {
  CHECK(sentence(LabelMap(2, 3, {0, 1, 2, 0, -4, 0}), 3) ==
        "labels: is -4 at row 1, column 1; must be between 0 and 2");
  CHECK(sentence(LabelMap(2, 3, {0, 1, 3, 0, 0, 0}), 3) ==
        "labels: is 3 at row 0, column 2; must be between 0 and 2");
  CHECK(sentence(LabelMap(2, 3), 0) == "regions: is 0; must be between 1 and 2147483646");
  CHECK(sentence(LabelMap(2, 3), 2147483647) == "regions: is 2147483647; must be between 1 and 2147483646");
  const std::int32_t label = 0;
  CHECK_THROWS_WITH(dht::planar_map({nullptr, 2, 2, 2}, 1), "labels: has no data (null pointer)");
  CHECK_THROWS_WITH(dht::planar_map({&label, 0, 2, 2}, 1),
                    "labels: has an empty shape, height 0, width 2; each must be at least 1");
  CHECK_THROWS_WITH(dht::planar_map({&label, 2, -1, 0}, 1),
                    "labels: has an empty shape, height 2, width -1; each must be at least 1");
  CHECK_THROWS_WITH(
      dht::planar_map({&label, 30000, 30000, 30000}, 1),
      "labels: has height 30000, width 30000; (height + 1) * (width + 1) must be less than 536870912");
  const auto map = dht::planar_map({&label, 1, 1, 1}, 1);
  CHECK_THROWS_WITH(dht::outline(map, 1), "region: is 1; must be between 0 and 0");
  CHECK_THROWS_WITH(dht::outline(map, -1), "region: is -1; must be between 0 and 0");
}

TEST_CASE("the example of docs/vector.md: the outline of one region", "[vector][outline]") {
  std::ostringstream out;
  // example-begin outline
  const std::vector<std::int32_t> labels{0, 0, 0,  //
                                         0, 1, 0,  //
                                         0, 0, 0};
  const dht::PlanarMap map = dht::planar_map(dht::plane_view(labels.data(), 3, 3), 2);
  const dht::Outline outline = dht::outline(map, 0);
  for (std::int32_t i = 0; i < outline.rings(); ++i) {
    out << (outline.ring_outer[i] == i ? "around:" : "hole:");
    for (const dht::Point p : outline.ring(i)) out << ' ' << p.x << ',' << p.y;
    out << '\n';
  }
  // around: 0,0 3,0 3,3 0,3
  // hole: 1,1 1,2 2,2 2,1
  // example-end outline
  CHECK(out.str() == "around: 0,0 3,0 3,3 0,3\nhole: 1,1 1,2 2,2 2,1\n");
}

TEST_CASE("the example of docs/vector.md: who is whose neighbour", "[vector][planar_map]") {
  const LabelMap labels(2, 2, {0, 1, 1, 0});
  // example-begin neighbours
  const dht::PlanarMap map = dht::planar_map(labels.view(), 2);
  std::map<std::pair<std::int32_t, std::int32_t>, int>
      boundary;  // two labels -> pixels along which they meet
  for (std::int32_t arc = 0; arc < map.arcs.size(); ++arc) {
    const auto line = map.arcs.polyline(arc);
    for (std::size_t i = 1; i < line.size(); ++i)
      boundary[std::minmax(map.arcs.left[arc], map.arcs.right[arc])] +=
          std::abs(line[i].x - line[i - 1].x) + std::abs(line[i].y - line[i - 1].y);
  }
  // example-end neighbours
  CHECK(boundary.size() == 3);
  CHECK(boundary[{0, 1}] == 4);
  CHECK(boundary[{dht::outside_label, 0}] == 4);
}
