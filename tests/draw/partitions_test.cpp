// SPDX-License-Identifier: MIT
// Pictures of tokens and hierarchies: every pixel against its definition.
#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include <dht/draw/partitions.hpp>
#include <dht/tokenizer.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

using dht::test::error_of;

namespace {

dht::Picture random_picture(int height, int width, unsigned seed, int block = 1) {
  std::mt19937 random(seed);
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.pixel(y, x)[c] = y % block || x % block
                                     ? picture.pixel(y / block * block, x / block * block)[c]
                                     : std::uint8_t(random());
      }
    }
  }
  return picture;
}

std::array<int, 3> colour(const dht::Picture& picture, int y, int x) {
  const std::uint8_t* p = picture.pixel(y, x);
  return {p[0], p[1], p[2]};
}

/// A random picture and its hierarchy.
struct Tree {
  dht::Picture picture;
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  const dht::Hierarchy<float>* tree;

  Tree(int height, int width, unsigned seed) : picture(random_picture(height, width, seed, 2)) {
    tree = &tokenizer.build(dht::interleaved_view(std::as_const(picture.rgb).data(), height, width, 3));
  }
};

}  // namespace

TEST_CASE("boundaries: a pixel is drawn where it has another region to its right or below") {
  const int height = 13, width = 17;
  const dht::Picture photo = random_picture(height, width, 1);
  std::vector<std::int32_t> labels(std::size_t(height * width));
  std::mt19937 random(2);
  for (auto& label : labels) label = std::int32_t(random() % 2);
  const auto view = dht::plane_view(static_cast<const std::int32_t*>(labels.data()), height, width);
  const auto at = [&](int y, int x) { return labels[std::size_t(y * width + x)]; };
  for (const int zoom : {1, 2, 3}) {
    dht::BoundaryStyle style;
    style.zoom = zoom;
    style.colour = std::array<std::uint8_t, 3>{1, 2, 3};
    const dht::Picture drawn = dht::draw_boundaries(photo, view, style);
    style.colour.reset();
    const dht::Picture contrast = dht::draw_boundaries(photo, view, style);
    REQUIRE(drawn.height == height * zoom);
    REQUIRE(drawn.width == width * zoom);
    for (int y = 0; y < drawn.height; ++y) {
      for (int x = 0; x < drawn.width; ++x) {
        const int v = y / zoom, u = x / zoom;
        const bool last_row = y % zoom == zoom - 1, last_column = x % zoom == zoom - 1;
        const bool right = u + 1 < width && at(v, u) != at(v, u + 1),
                   below = v + 1 < height && at(v, u) != at(v + 1, u);
        const bool across = u + 1 < width && v + 1 < height && at(v, u) != at(v + 1, u + 1);
        const bool line = (last_column && right) || (last_row && below) ||
                          (last_row && last_column && (right || below || (zoom > 1 && across)));
        REQUIRE(colour(drawn, y, x) == (line ? std::array{1, 2, 3} : colour(photo, v, u)));
        if (!line) {
          REQUIRE(colour(contrast, y, x) == colour(photo, v, u));
        }
      }
    }
  }
}

TEST_CASE("boundaries without a colour stand out from every plain background") {
  const std::vector<std::int32_t> labels{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1};
  for (int grey = 0; grey < 256; ++grey) {
    dht::Picture photo(3, 4);
    std::fill(photo.rgb.begin(), photo.rgb.end(), std::uint8_t(grey));
    const dht::Picture drawn = dht::draw_boundaries(photo, dht::plane_view(labels.data(), 3, 4));
    for (int y = 0; y < 3; ++y) {
      CHECK(std::abs(drawn.pixel(y, 1)[0] - grey) >= 89);  // three quarters of at least 120
      CHECK(drawn.pixel(y, 0)[0] == grey);
      CHECK(drawn.pixel(y, 2)[0] == grey);
    }
  }
}

TEST_CASE("lightness is a mean over a square, cut off at the border") {
  for (const auto& [height, width, radius] :
       {std::tuple(9, 14, 2), std::tuple(1, 1, 6), std::tuple(3, 20, 6)}) {
    const dht::Picture photo = random_picture(height, width, 5);
    const auto found = dht::detail::lightness_around(photo, radius);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        int sum = 0, pixels = 0;
        for (int v = std::max(0, y - radius); v <= std::min(height - 1, y + radius); ++v) {
          for (int u = std::max(0, x - radius); u <= std::min(width - 1, x + radius); ++u, ++pixels) {
            const auto c = colour(photo, v, u);
            sum += 2 * c[0] + 5 * c[1] + c[2];
          }
        }
        REQUIRE(found[std::size_t(y * width + x)] == sum / (8 * pixels));
      }
    }
  }
}

TEST_CASE("outside of a mask: dimmed beside boundaries, white beside means") {
  const int height = 7, width = 9;
  const dht::Picture photo = random_picture(height, width, 4);
  std::vector<std::int32_t> labels(std::size_t(height * width));
  std::mt19937 random(5);
  for (auto& label : labels) label = std::int32_t(random() % 3) - 1;
  const auto view = dht::plane_view(std::as_const(labels).data(), height, width);
  dht::BoundaryStyle style;
  style.colour = std::array<std::uint8_t, 3>{1, 2, 3};
  const dht::Picture drawn = dht::draw_boundaries(photo, view, style),
                     means = dht::paint_means(photo, view, 2);
  const auto colours = dht::mean_colours(photo, view, 2);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::int32_t here = view(y, x);
      const bool line =
          (x + 1 < width && view(y, x + 1) != here) || (y + 1 < height && view(y + 1, x) != here);
      auto expected = colour(photo, y, x);
      if (here < 0)
        for (int& c : expected) c = c / 4 + 16;
      REQUIRE(colour(drawn, y, x) == (line ? std::array{1, 2, 3} : expected));
      const auto painted = colour(means, y, x);
      for (std::size_t c = 0; c < 3; ++c)
        REQUIRE(painted[c] == (here < 0 ? 255 : int(colours[std::size_t(here)][c])));
    }
  }
  const std::vector<std::int32_t> none(4, -1);
  const auto nothing = dht::plane_view(none.data(), 2, 2);
  const dht::Picture four = random_picture(2, 2, 6);
  CHECK(colour(dht::paint_means(four, nothing, 0), 1, 1) == std::array{255, 255, 255});
  CHECK(colour(dht::draw_boundaries(four, nothing), 1, 1)[0] == four.pixel(1, 1)[0] / 4 + 16);
}

TEST_CASE("means: every region in its mean colour") {
  const dht::Picture photo = random_picture(6, 7, 3);
  std::vector<std::int32_t> labels(42);
  for (std::size_t p = 0; p < 42; ++p) labels[p] = std::int32_t(p % 5);
  const auto view = dht::plane_view(static_cast<const std::int32_t*>(labels.data()), 6, 7);
  const auto colours = dht::mean_colours(photo, view, 5);
  const dht::Picture painted = dht::paint_means(photo, view, 5);
  for (int p = 0; p < 42; ++p) {
    for (int c = 0; c < 3; ++c)
      CHECK(painted.rgb[std::size_t(3 * p + c)] == colours[std::size_t(p % 5)][std::size_t(c)]);
  }
}

TEST_CASE("levels to show: fine to coarse, evenly spread") {
  CHECK(dht::levels_to_show(2, 6) == std::vector{1});
  CHECK(dht::levels_to_show(3, 6) == std::vector{1});
  CHECK(dht::levels_to_show(8, 6) == std::vector{1, 2, 3, 4, 5, 6});
  CHECK(dht::levels_to_show(13, 6) == std::vector{1, 3, 5, 7, 9, 11});
  CHECK(dht::levels_to_show(13, 1) == std::vector{11});
  CHECK(dht::levels_to_show(13, 2) == std::vector{1, 11});
  for (int levels = 2; levels < 30; ++levels) {
    for (int most = 1; most < 12; ++most) {
      const auto shown = dht::levels_to_show(levels, most);
      REQUIRE(int(shown.size()) == std::min(most, std::max(levels - 2, 1)));
      for (std::size_t i = 1; i < shown.size(); ++i) REQUIRE(shown[i - 1] < shown[i]);
      REQUIRE(shown.back() == std::max(levels - 2, 1));
    }
  }
}

TEST_CASE("levels: panels in their means, white between") {
  for (const unsigned seed : {11u, 12u}) {
    const Tree t(21, 30, seed);
    const dht::Picture& photo = t.picture;
    dht::LevelsStyle style;
    style.gap = 3;
    style.most = 3;
    const dht::Picture sheet = dht::draw_levels(photo, *t.tree, style);
    const auto shown = dht::levels_to_show(t.tree->levels(), 3);
    REQUIRE(shown.size() == 3);
    REQUIRE(sheet.height == 2 * 21 + 3);
    REQUIRE(sheet.width == 2 * 30 + 3);
    std::vector<int> covered(std::size_t(sheet.height * sheet.width), 0);
    for (int i = 0; i < 3; ++i) {
      const auto labels = t.tree->labels(shown[std::size_t(i)]);
      const dht::LabelView view = dht::plane_view(labels.data(), 21, 30);
      const auto count = std::int32_t(t.tree->regions(shown[std::size_t(i)]));
      const dht::Picture painted = dht::paint_means(photo, view, count);
      for (int y = 0; y < 21; ++y) {
        for (int x = 0; x < 30; ++x) {
          const int v = i / 2 * 24 + y, u = i % 2 * 33 + x;
          REQUIRE(colour(sheet, v, u) == colour(painted, y, x));
          covered[std::size_t(v * sheet.width + u)] = 1;
        }
      }
    }
    for (int y = 0; y < sheet.height; ++y) {
      for (int x = 0; x < sheet.width; ++x) {
        if (!covered[std::size_t(y * sheet.width + x)]) {
          REQUIRE(colour(sheet, y, x) == std::array{255, 255, 255});
        }
      }
    }
    style.shrink = 4;
    const dht::Picture small = dht::draw_levels(photo, *t.tree, style);
    CHECK(small.height == 2 * 6 + 3);
    CHECK(small.width == 2 * 8 + 3);
  }
}

TEST_CASE("a smaller picture holds the means of what it covers") {
  const dht::Picture photo = random_picture(5, 7, 9);
  const dht::Picture small = dht::detail::shrunken(photo, 3);
  REQUIRE(small.height == 2);
  REQUIRE(small.width == 3);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      double sum = 0, pixels = 0;
      for (int v = 3 * y; v < std::min(3 * y + 3, 5); ++v) {
        for (int u = 3 * x; u < std::min(3 * x + 3, 7); ++u, ++pixels) sum += photo.pixel(v, u)[1];
      }
      CHECK(small.pixel(y, x)[1] == int(sum / pixels + 0.5));
    }
  }
}

TEST_CASE("saliency: as dark as the boundary is high") {
  for (const auto& [height, width] :
       {std::pair(20, 27), std::pair(1, 30), std::pair(30, 1), std::pair(1, 1)}) {
    for (const unsigned seed : {21u, 22u}) {
      const Tree t(height, width, seed);
      const dht::Picture drawn = dht::draw_saliency(*t.tree);
      REQUIRE(drawn.height == 2 * height - 1);
      REQUIRE(drawn.width == 2 * width - 1);
      std::vector<std::vector<std::int32_t>> labels;
      for (int level = 0; level < t.tree->levels(); ++level) labels.push_back(t.tree->labels(level));
      const auto value = [&](int y, int x, int v, int u) {
        int highest = 0;
        for (int level = 1; level < t.tree->levels(); ++level) {
          const auto at = [&](int row, int column) {
            return labels[std::size_t(level)][std::size_t(row * width + column)];
          };
          if (at(y, x) != at(v, u)) highest = level;
        }
        const int top = std::max(t.tree->levels() - 2, 1);
        return 255 - 255 * highest * highest / (top * top);
      };
      bool black = false;
      for (int y = 0; y < drawn.height; ++y) {
        for (int x = 0; x < drawn.width; ++x) {
          int wanted = 255;
          if (y % 2 == 0 && x % 2 == 1) wanted = value(y / 2, x / 2, y / 2, x / 2 + 1);
          if (y % 2 == 1 && x % 2 == 0) wanted = value(y / 2, x / 2, y / 2 + 1, x / 2);
          if (y % 2 == 1 && x % 2 == 1) {
            const int v = y / 2, u = x / 2;
            wanted = std::min({value(v, u, v, u + 1), value(v + 1, u, v + 1, u + 1), value(v, u, v + 1, u),
                               value(v, u + 1, v + 1, u + 1)});
          }
          REQUIRE(colour(drawn, y, x) == std::array{wanted, wanted, wanted});
          black = black || wanted == 0;
        }
      }
      CHECK(black == (height * width > 1));
    }
  }
}

TEST_CASE("what cannot be drawn is said") {
  const dht::Picture photo(2, 2), other(2, 3);
  const std::vector<std::int32_t> labels{0, 0, 1, 1};
  const dht::LabelView view = dht::plane_view(labels.data(), 2, 2);
  dht::BoundaryStyle style;
  style.zoom = 0;
  CHECK(error_of([&] { dht::draw_boundaries(photo, view, style); }) == "zoom: is 0; must be 1 to 16");
  CHECK(error_of([&] { dht::draw_boundaries(other, view); }) ==
        "photo: is 2 x 3; must be 2 x 2 like the labels");
  const std::vector<std::int32_t> negative{0, 1, -2, 0};
  CHECK(error_of([&] { dht::draw_boundaries(photo, dht::plane_view(negative.data(), 2, 2)); }) ==
        "labels: hold -2 at row 1, column 0; must be at least 0, or -1 outside of a mask");
  CHECK(error_of([&] {
          dht::draw_boundaries(photo, dht::LabelView{nullptr, 2, 2, 2});
        }) == "labels: are 2 x 2 without memory; must be at least 1 x 1");
  CHECK(error_of([&] { dht::draw_boundaries({}, view); }) ==
        "photo: is 0 x 0 pixels; must have at least one");
  CHECK(error_of([&] { dht::paint_means({}, view, 2); }) == "photo: is 0 x 0 pixels; must have at least one");
  dht::Picture small = photo;
  small.rgb.resize(11);
  CHECK(error_of([&] { dht::draw_boundaries(small, view); }) ==
        "photo: has 11 numbers; must have 12, three a pixel of 2 x 2");
  CHECK(error_of([&] { dht::levels_to_show(1, 6); }) ==
        "levels: are 1; must be at least 2, the pixels and the whole");
  CHECK(error_of([&] { dht::levels_to_show(5, 0); }) == "most: is 0; must be at least 1");
  const dht::Hierarchy<float> none;
  CHECK(error_of([&] { dht::draw_saliency(none); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { dht::draw_levels(photo, none); }) == "hierarchy: is empty; build it first");
  const Tree t(2, 2, 1);
  CHECK(error_of([&] { dht::draw_levels(small, *t.tree); }) ==
        "photo: has 11 numbers; must have 12, three a pixel of 2 x 2");
  CHECK(error_of([&] { dht::draw_levels(other, *t.tree); }) ==
        "photo: is 2 x 3; must be 2 x 2 like the hierarchy");
  dht::LevelsStyle levels;
  levels.gap = -1;
  CHECK(error_of([&] { dht::draw_levels(photo, *t.tree, levels); }) == "gap: is -1; must be 0 to 1000");
  levels = {};
  levels.shrink = 0;
  CHECK(error_of([&] { dht::draw_levels(photo, *t.tree, levels); }) == "shrink: is 0; must be at least 1");
}
