// SPDX-License-Identifier: MIT
// SVG text read back: as XML, as paths drawn by a slow rasteriser, and by librsvg where it is installed.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dht/vector/svg.hpp>

#include "kit/catch.hpp"

namespace {

using Color = std::array<std::uint8_t, 3>;
using Polygon = std::vector<dht::Point>;

struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::int32_t> labels;

  dht::LabelView view() const { return dht::plane_view(labels.data(), height, width); }
};

/// Blocks of a few labels with some noise, or rings in rings; every label up to the largest occurs.
LabelMap random_map(unsigned seed, int largest_side) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % unsigned(n)); };
  LabelMap map{1 + below(largest_side), 1 + below(largest_side), {}};
  const int block = 1 + below(4), labels = 1 + below(9);
  std::vector<int> coarse(std::size_t(map.height) * map.width);
  for (auto& c : coarse) c = below(labels);
  const bool rings = below(3) == 0;
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      const int ring = std::min({x, y, map.width - 1 - x, map.height - 1 - y}) % labels;
      const int blocky = coarse[std::size_t(y / block) * map.width + x / block];
      map.labels.push_back(below(20) == 0 ? below(labels) : rings ? ring : blocky);
    }
  std::vector<std::int32_t> number(labels, -1);
  std::int32_t next = 0;
  for (auto& label : map.labels) label = number[label] < 0 ? number[label] = next++ : number[label];
  return map;
}

/// A colour of its own for each label below 65536.
std::vector<Color> distinct_colors(int count) {
  std::vector<Color> colors;
  for (int i = 0; i < count; ++i)
    colors.push_back({std::uint8_t(i), std::uint8_t(i >> 8), std::uint8_t(i % 2 * 17)});
  return colors;
}

std::vector<Color> colors_for(const LabelMap& map) {
  return distinct_colors(1 + *std::max_element(map.labels.begin(), map.labels.end()));
}

/// What `text` has after the first `key`, up to the next `end`; moves `text` behind it.
std::string_view take(std::string_view& text, std::string_view key, char end) {
  const auto start = text.find(key);
  if (start == text.npos) return text = {};
  text.remove_prefix(start + key.size());
  const auto value = text.substr(0, text.find(end));
  text.remove_prefix(value.size());
  return value;
}

/// Path data of m, M, h, v, z with integers, read by the rules of SVG 1.1, section 8.3.
std::vector<Polygon> read_path(std::string_view d) {
  std::vector<Polygon> polygons;
  dht::Point here, start;
  char command = 0;
  const auto number = [&] {
    while (!d.empty() && d[0] == ' ') d.remove_prefix(1);
    std::int32_t value = 0;
    const auto [rest, error] = std::from_chars(d.data(), d.data() + d.size(), value);
    if (error != std::errc{}) throw std::runtime_error("no number at: " + std::string(d.substr(0, 20)));
    d.remove_prefix(rest - d.data());
    return value;
  };
  while (!d.empty()) {
    if (std::isalpha(static_cast<unsigned char>(d[0]))) command = d[0], d.remove_prefix(1);
    switch (command) {
      case 'M':
      case 'm':
        if (command == 'M') here = {};
        here.x += number(), here.y += number();
        polygons.push_back({here});
        start = here;
        break;
      case 'h':
        here.x += number(), polygons.back().push_back(here);
        break;
      case 'v':
        here.y += number(), polygons.back().push_back(here);
        break;
      case 'z':
        here = start;
        break;
      default:
        throw std::runtime_error("unknown command");
    }
  }
  return polygons;
}

struct Shape {
  std::string fill;
  std::vector<Polygon> polygons;
};

std::vector<Shape> read_shapes(std::string_view text) {
  std::vector<Shape> shapes;
  while (text.find("<path") != text.npos) {
    const auto fill = take(text, "fill=\"", '"');
    shapes.push_back({std::string(fill), read_path(take(text, " d=\"", '"'))});
  }
  return shapes;
}

/// What a ray to the right from the pixel's centre crosses: how often, and the sum of directions.
std::pair<int, int> crossings(const std::vector<Polygon>& polygons, int y, int x) {
  int count = 0, winding = 0;
  for (const auto& polygon : polygons)
    for (std::size_t i = 0; i < polygon.size(); ++i) {
      const auto a = polygon[i], b = polygon[(i + 1) % polygon.size()];
      if ((a.y <= y) == (b.y <= y) || a.x <= x) continue;
      ++count;
      winding += a.y <= y ? 1 : -1;
    }
  return {count, winding};
}

/// Well-formed XML as far as our documents go: tags nest, attributes are unique and quoted, entities are the known ones.
bool well_formed(std::string_view text) {
  std::vector<std::string> open;
  bool seen_root = false;
  const auto clean = [](std::string_view s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s[i] == '<' || (static_cast<unsigned char>(s[i]) < 0x20 && s[i] != '\n' && s[i] != '\t'))
        return false;
      if (s[i] != '&') continue;
      const auto entity = s.substr(i, s.find(';', i) - i);
      if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot") return false;
    }
    return true;
  };
  while (!text.empty()) {
    const auto tag = text.find('<');
    const auto content = text.substr(0, tag);
    if (!clean(content) || (open.empty() && content.find_first_not_of("\n ") != content.npos)) return false;
    if (tag == text.npos) break;
    text.remove_prefix(tag + 1);
    const auto end = text.find('>');
    if (end == text.npos) return false;
    std::string_view inside = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (inside[0] == '/') {
      if (open.empty() || open.back() != inside.substr(1)) return false;
      open.pop_back();
      continue;
    }
    const bool empty = inside.back() == '/';
    if (empty) inside.remove_suffix(1);
    const auto name = inside.substr(0, inside.find(' '));
    if (open.empty() && std::exchange(seen_root, true)) return false;
    if (!empty) open.emplace_back(name);
    inside.remove_prefix(name.size());
    std::set<std::string_view> names;
    while (!inside.empty()) {
      const auto equals = inside.find("=\"");
      if (inside[0] != ' ' || equals == inside.npos || !names.insert(inside.substr(1, equals - 1)).second)
        return false;
      inside.remove_prefix(equals + 2);
      const auto quote = inside.find('"');
      if (quote == inside.npos || !clean(inside.substr(0, quote))) return false;
      inside.remove_prefix(quote + 1);
    }
  }
  return seen_root && open.empty();
}

std::string title_of(const std::string& title) {
  const std::int32_t label = 0;
  dht::SvgOptions options;
  options.title = title;
  const auto text = dht::svg(dht::plane_view(&label, 1, 1), distinct_colors(1), options);
  CHECK(well_formed(text));
  const auto start = text.find("<title>") + 7;
  return text.substr(start, text.find("</title>") - start);
}

bool runs(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

}  // namespace

TEST_CASE("the checker of XML knows good from bad", "[vector][svg]") {
  CHECK(well_formed("<a b=\"1\"><c/>x &amp; y</a>\n"));
  for (const char* bad : {"", "<a>", "<a></b>", "<a b=1/>", "<a b=\"1\" b=\"2\"/>", "<a>&</a>",
                          "<a>&nbsp;</a>", "<a/><a/>", "x<a/>", "<a>\x01</a>", "<a b=\"<\"/>"})
    CHECK_FALSE(well_formed(bad));
}

TEST_CASE("the text of a 3x3 map, typed out", "[vector][svg]") {
  const std::vector<std::int32_t> labels{0, 0, 1,  //
                                         0, 2, 1,  //
                                         0, 0, 1};
  const std::vector<Color> colors{{255, 0, 0}, {1, 2, 171}, {0x11, 0x22, 0xAA}};
  const auto view = dht::plane_view(labels.data(), 3, 3);
  CHECK(dht::svg(view, colors) ==
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"3\" viewBox=\"0 0 3 3\" "
        "shape-rendering=\"crispEdges\">\n"
        "<path fill=\"#f00\" d=\"M0 0h2v1h-1v1h1v1h-2z\"/>\n"
        "<path fill=\"#0102ab\" d=\"M2 0h1v3h-1v-1-1z\"/>\n"
        "<path fill=\"#12a\" d=\"M1 1h1v1h-1z\"/>\n"
        "</svg>\n");
  dht::SvgOptions options{"<&>", false, true, dht::Vertices::corners};
  CHECK(dht::svg(view, colors, options) ==
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"3\" viewBox=\"0 0 3 3\">\n"
        "<title>&lt;&amp;&gt;</title>\n"
        "<path id=\"r0\" fill=\"#f00\" d=\"M0 0h2v1h-1v1h1v1h-2z\"/>\n"
        "<path id=\"r1\" fill=\"#0102ab\" d=\"M2 0h1v3h-1z\"/>\n"
        "<path id=\"r2\" fill=\"#12a\" d=\"M1 1h1v1h-1z\"/>\n"
        "</svg>\n");
}

TEST_CASE("a hole is a subpath of its own, relative to the one before", "[vector][svg]") {
  const std::vector<std::int32_t> labels{1, 1, 1, 1, 0, 1, 1, 1, 1};
  const auto text = dht::svg(dht::plane_view(labels.data(), 3, 3), distinct_colors(2));
  CHECK(text.find("d=\"M0 0h3v3h-3zm1 1v1h1v-1z\"") != text.npos);
}

TEST_CASE("a slow rasteriser turns the text back into the label map, by both fill rules", "[vector][svg]") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    const auto map = random_map(seed, 14);
    const auto colors = colors_for(map);
    dht::SvgOptions options;
    options.vertices = seed % 2 ? dht::Vertices::corners : dht::Vertices::shared;
    const auto text = dht::svg(map.view(), colors, options);
    INFO("map " << seed << ": " << text);
    CHECK(well_formed(text));
    const auto shapes = read_shapes(text);
    REQUIRE(shapes.size() == colors.size());
    bool good = true;
    for (std::size_t region = 0; region < shapes.size(); ++region)
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) {
          const bool inside = map.labels[std::size_t(y) * map.width + x] == std::int32_t(region);
          const auto [count, winding] = crossings(shapes[region].polygons, y, x);
          good &= (count % 2 == 1) == inside && winding == int{inside};
        }
    CHECK(good);
  }
}

TEST_CASE("neighbours write the same points", "[vector][svg]") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    const auto map = random_map(seed, 14);
    const auto shapes = read_shapes(dht::svg(map.view(), colors_for(map)));
    std::multiset<std::array<int, 4>> edges;
    for (const auto& shape : shapes)
      for (const auto& p : shape.polygons)
        for (std::size_t i = 0; i < p.size(); ++i) {
          const auto a = p[i], b = p[(i + 1) % p.size()];
          edges.insert({a.x, a.y, b.x, b.y});
        }
    bool good = true;
    for (const auto& [ax, ay, bx, by] : edges) {
      const bool border =
          (ax == bx && (ax == 0 || ax == map.width)) || (ay == by && (ay == 0 || ay == map.height));
      good &= edges.count({ax, ay, bx, by}) == 1 && edges.count({bx, by, ax, ay}) == (border ? 0u : 1u);
    }
    INFO("map " << seed);
    CHECK(good);
  }
}

TEST_CASE("librsvg draws the label map", "[vector][svg]") {
  const bool rsvg = runs("rsvg-convert --version");
  const bool python = runs("python3 -c 'import PIL'") || runs("/usr/bin/python3 -c 'import PIL'");
  if (!rsvg || !python)
    DHT_TEST_SKIP("needs rsvg-convert (librsvg2-bin) and python3 with PIL (python3-pil) on PATH");
  namespace fs = std::filesystem;
  const std::string interpreter = runs("python3 -c 'import PIL'") ? "python3" : "/usr/bin/python3";
  const auto folder = fs::temp_directory_path() / ("dht_svg_test_" + std::to_string(std::random_device{}()));
  fs::create_directory(folder);
  const auto file = [&](const char* name) { return (folder / name).string(); };
  for (unsigned seed = 0; seed < 6; ++seed) {
    const auto map = random_map(1000 + seed, 90);
    const auto colors = colors_for(map);
    dht::SvgOptions options;
    options.title = "map <" + std::to_string(seed) + ">";
    options.crisp_edges = seed % 2 == 0;
    options.vertices = seed < 3 ? dht::Vertices::shared : dht::Vertices::corners;
    std::ofstream(file("map.svg")) << dht::svg(map.view(), colors, options);
    REQUIRE(std::system(("rsvg-convert -o " + file("map.png") + " " + file("map.svg")).c_str()) == 0);
    REQUIRE(std::system((interpreter + " -c \"from PIL import Image; open('" + file("map.rgba") +
                         "', 'wb').write(Image.open('" + file("map.png") + "').convert('RGBA').tobytes())\"")
                            .c_str()) == 0);
    std::ifstream in(file("map.rgba"), std::ios::binary);
    const std::string drawn((std::istreambuf_iterator<char>(in)), {});
    std::string expected;
    for (const auto label : map.labels) {
      for (const auto channel : colors[label]) expected += static_cast<char>(channel);
      expected += '\xFF';
    }
    INFO("map " << seed);
    CHECK((drawn == expected));
  }
  fs::remove_all(folder);
}

TEST_CASE("titles are text, whatever they hold", "[vector][svg]") {
  CHECK(title_of("a < b && \"c\" > 'd'") == "a &lt; b &amp;&amp; \"c\" &gt; 'd'");
  CHECK(title_of("Grüße, 日本, \U0001F600") == "Grüße, 日本, \U0001F600");
  CHECK(title_of("tab\tline\n") == "tab\tline\n");
  const std::string bad = "\uFFFD";
  CHECK(title_of(std::string("a\0b\x1F", 4)) == "a" + bad + "b" + bad);
  CHECK(title_of("\xFF\xC0\xAF") == bad + bad + bad);            // never in UTF-8, overlong
  CHECK(title_of("\xE0\x80\x80") == bad + bad + bad);            // overlong
  CHECK(title_of("\xED\xA0\x80") == bad + bad + bad);            // surrogate
  CHECK(title_of("\xEF\xBF\xBF") == bad + bad + bad);            // U+FFFF
  CHECK(title_of("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(title_of("\xF0\x9F\x98") == bad + bad + bad);            // cut short
}

TEST_CASE("a label without pixels has no path, and the next ones keep their colours", "[vector][svg]") {
  const std::vector<std::int32_t> labels{0, 2};
  const auto shapes = read_shapes(dht::svg(dht::plane_view(labels.data(), 1, 2), distinct_colors(3)));
  REQUIRE(shapes.size() == 2);
  CHECK(shapes[1].fill == "#020000");
}

TEST_CASE("colours that do not fit are refused with a sentence", "[vector][svg]") {
  const std::vector<std::int32_t> labels{0, 1};
  const auto view = dht::plane_view(labels.data(), 1, 2);
  CHECK_THROWS_WITH(dht::svg(dht::planar_map(view, 2), distinct_colors(3)),
                    "colors: has 3 entries; must have one for each of the 2 regions");
  CHECK_THROWS_WITH(dht::svg(view, distinct_colors(1)),
                    "labels: is 1 at row 0, column 1; must be between 0 and 0");
  CHECK_THROWS_WITH(dht::svg(view, std::vector<Color>{}), "regions: is 0; must be between 1 and 2147483646");
}

TEST_CASE("the example of docs/vector.md: labels to a file", "[vector][svg]") {
  const std::vector<std::int32_t> label_array(12, 0);
  const int height = 3, width = 4;
  const auto path = std::filesystem::temp_directory_path() / "dht_vector_example.svg";
  // example-begin svg
  const dht::LabelView labels = dht::plane_view(label_array.data(), height, width);
  const std::vector<std::array<std::uint8_t, 3>> colors{{34, 85, 170}};  // one for each label
  dht::SvgOptions options;
  options.title = "A blue canvas";
  std::ofstream(path) << dht::svg(labels, colors, options);
  // example-end svg
  std::ifstream in(path);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  in.close();
  std::filesystem::remove(path);
  CHECK(text.find("<path fill=\"#25a\" d=\"M0 0h4v3h-4z\"/>") != text.npos);
  CHECK(text.find("<title>A blue canvas</title>") != text.npos);
}
