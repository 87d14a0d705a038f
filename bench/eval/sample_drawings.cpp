// SPDX-License-Identifier: MIT
// Each drawing is a function from a point to a colour; a pixel is the mean of 4 x 4 points.
#include "sample_drawings.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <string_view>

namespace dht::bench {
namespace {

using Rgb = std::uint32_t;

struct Dot {
  double x = 0, y = 0;
};

template <class Paint>
Picture painted(int width, int height, const Paint& paint, int samples = 4) {
  Picture picture(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      int sum[3] = {};
      for (int j = 0; j < samples; ++j)
        for (int i = 0; i < samples; ++i) {
          const Rgb color = paint(Dot{x + (i + 0.5) / samples, y + (j + 0.5) / samples});
          for (int c = 0; c < 3; ++c) sum[c] += color >> (16 - 8 * c) & 255;
        }
      const int n = samples * samples;
      for (int c = 0; c < 3; ++c) picture.pixel(y, x)[c] = static_cast<std::uint8_t>((sum[c] + n / 2) / n);
    }
  return picture;
}

bool in_disc(Dot p, Dot m, double r) { return std::hypot(p.x - m.x, p.y - m.y) < r; }
bool in_ellipse(Dot p, Dot m, double rx, double ry) {
  return std::hypot((p.x - m.x) / rx, (p.y - m.y) / ry) < 1;
}
bool in_box(Dot p, Dot low, Dot high, double round = 0) {
  const double dx = std::max({low.x + round - p.x, p.x - high.x + round, 0.0}),
               dy = std::max({low.y + round - p.y, p.y - high.y + round, 0.0});
  return round > 0 ? std::hypot(dx, dy) < round : dx == 0 && dy == 0;
}
double to_segment(Dot p, Dot a, Dot b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double t = std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}
bool in_triangle(Dot p, Dot a, Dot b, Dot c) {
  const auto side = [](Dot o, Dot q, Dot r) { return (q.x - o.x) * (r.y - o.y) - (q.y - o.y) * (r.x - o.x); };
  const double s = side(a, b, p), t = side(b, c, p), u = side(c, a, p);
  return (s >= 0 && t >= 0 && u >= 0) || (s <= 0 && t <= 0 && u <= 0);
}

/// Capitals of 5 x 7 cells, a row each, the most significant bit on the left.
constexpr std::string_view letters = "ACEGIKLMNORSTU";
constexpr std::uint8_t shapes[][7] = {
    {14, 17, 17, 31, 17, 17, 17}, {14, 17, 16, 16, 16, 17, 14}, {31, 16, 16, 30, 16, 16, 31},
    {14, 17, 16, 23, 17, 17, 14}, {14, 4, 4, 4, 4, 4, 14},      {17, 18, 20, 24, 20, 18, 17},
    {16, 16, 16, 16, 16, 16, 31}, {17, 27, 21, 21, 17, 17, 17}, {17, 25, 21, 19, 17, 17, 17},
    {14, 17, 17, 17, 17, 17, 14}, {30, 17, 17, 30, 20, 18, 17}, {15, 16, 16, 14, 1, 1, 30},
    {31, 4, 4, 4, 4, 4, 4},       {17, 17, 17, 17, 17, 17, 14}};

/// Whether a point lies on a line of text that begins at `at`, its cells `size` wide.
bool in_text(Dot p, Dot at, double size, std::string_view text) {
  const double u = (p.x - at.x) / size, v = (p.y - at.y) / size;
  if (u < 0 || v < 0 || v >= 7 || u >= 6.0 * static_cast<double>(text.size())) return false;
  const auto column = static_cast<int>(u);
  if (column % 6 == 5) return false;
  const std::size_t letter = letters.find(text[static_cast<std::size_t>(column / 6)]);
  return letter != std::string_view::npos &&
         (shapes[letter][static_cast<int>(v)] >> (4 - column % 6) & 1) != 0;
}

Rgb logo(Dot p) {
  const Dot m{200, 170};
  Rgb color = 0xffffff;
  if (in_disc(p, m, 140)) color = 0x123a6b;
  if (in_disc(p, m, 118)) color = 0xf4f7fb;
  if (in_triangle(p, {200, 70}, {292, 230}, {108, 230})) color = 0xe4572e;
  if (in_triangle(p, {200, 130}, {240, 205}, {160, 205})) color = 0xf4f7fb;
  if (in_disc(p, {200, 182}, 15)) color = 0x17a398;
  if (in_text(p, {62, 334}, 6.5, "MOUNTAIN")) color = 0x123a6b;
  return color;
}

Rgb diagram(Dot p) {
  Rgb color = 0xffffff;
  const auto box = [&](Dot low, Dot high, Rgb fill, std::string_view text) {
    if (in_box(p, low, high, 10)) color = 0x444444;
    if (in_box(p, {low.x + 2, low.y + 2}, {high.x - 2, high.y - 2}, 8)) color = fill;
    const double size = 2.5, width = 6 * size * static_cast<double>(text.size()) - size;
    if (in_text(p, {(low.x + high.x - width) / 2, (low.y + high.y - 7 * size) / 2}, size, text))
      color = 0x222222;
  };
  const auto arrow = [&](Dot a, Dot b) {
    const double l = std::hypot(b.x - a.x, b.y - a.y), dx = (b.x - a.x) / l, dy = (b.y - a.y) / l;
    if (to_segment(p, a, {b.x - 8 * dx, b.y - 8 * dy}) < 1.5) color = 0x444444;
    if (in_triangle(p, b, {b.x - 14 * dx - 6 * dy, b.y - 14 * dy + 6 * dx},
                    {b.x - 14 * dx + 6 * dy, b.y - 14 * dy - 6 * dx}))
      color = 0x444444;
  };
  arrow({150, 70}, {190, 70}), arrow({310, 70}, {350, 70}), arrow({250, 100}, {250, 150});
  arrow({190, 190}, {110, 240}), arrow({310, 190}, {390, 240}), arrow({410, 100}, {410, 240});
  box({30, 40}, {150, 100}, 0xcfe8ff, "IMAGE"), box({190, 40}, {310, 100}, 0xd8f3d2, "GRAIN");
  box({350, 40}, {470, 100}, 0xfff0c2, "COST"), box({190, 150}, {310, 210}, 0xffd9d4, "MERGE");
  box({30, 240}, {190, 300}, 0xe7dcff, "TOKENS"), box({330, 240}, {480, 300}, 0xd5f5f2, "CUTLINE");
  return color;
}

Rgb cartoon(Dot p) {
  Rgb color = p.y < 250 ? 0x9bd4f5 : 0x7cc576;
  if (in_disc(p, {330, 70}, 38)) color = 0xffd84d;
  for (const Dot m : {Dot{70, 70}, {100, 60}, {130, 74}})
    if (in_disc(p, m, 26)) color = 0xffffff;
  const auto outlined = [&](Dot m, double rx, double ry, Rgb fill) {
    if (in_ellipse(p, m, rx + 4, ry + 4)) color = 0x2b2118;
    if (in_ellipse(p, m, rx, ry)) color = fill;
  };
  outlined({115, 150}, 26, 55, 0xd98e4a), outlined({285, 150}, 26, 55, 0xd98e4a);
  outlined({200, 330}, 90, 80, 0xc63d3d);
  outlined({200, 200}, 100, 95, 0xf0b26b);
  if (in_ellipse(p, {200, 250}, 62, 38)) color = 0xf9dcb4;
  for (const double x : {162.0, 238.0}) {
    outlined({x, 180}, 20, 26, 0xffffff);
    if (in_disc(p, {x + 4, 186}, 11)) color = 0x2b2118;
    if (in_disc(p, {x + 8, 181}, 4)) color = 0xffffff;
  }
  if (in_ellipse(p, {200, 226}, 16, 11)) color = 0x2b2118;
  const double smile = std::hypot(p.x - 200, p.y - 236);
  if (std::abs(smile - 36) < 3 && p.y > 246) color = 0x2b2118;
  if (in_ellipse(p, {200, 283}, 13, 14) && p.y > 272) color = 0xe5566d;
  return color;
}

/// Waves in several directions: a smooth landscape, about -1 to 1.
double height_of(Dot p) {
  double sum = 0;
  for (int k = 0; k < 7; ++k) {
    const double angle = 2.4 * k + 0.3, length = 150.0 / (1 + 0.45 * k);
    sum += std::sin((p.x * std::cos(angle) + p.y * std::sin(angle)) / length * 2 * std::numbers::pi / 2 +
                    1.7 * k) /
           (1 + 0.6 * k);
  }
  return sum / 2.2;
}

Rgb map(Dot p) {
  const double h = height_of(p);
  Rgb color = h < -0.25  ? 0x9fc9e8
              : h < -0.2 ? 0xf2e6c0
              : h < 0.35 ? 0xdfeccf
              : h < 0.6  ? 0xbcd8a0
                         : 0xa3c089;
  if (h >= -0.2) {
    const double river = p.x - 300 - 40 * std::sin(p.y / 47) - 14 * std::sin(p.y / 17);
    if (std::abs(river) < 3.5) color = 0x9fc9e8;
    const auto road = [&](double d, double wide, Rgb side, Rgb middle) {
      if (std::abs(d) < wide) color = side;
      if (std::abs(d) < wide - 1.6) color = middle;
    };
    road(p.y - 120 - 30 * std::sin(p.x / 90), 3.2, 0xb0a890, 0xffffff);
    road(p.x - 130 - 22 * std::sin(p.y / 60), 3.2, 0xb0a890, 0xffffff);
    road(p.y - 265 + 0.25 * (p.x - 200), 5, 0xc27a1a, 0xffc14d);
  }
  for (const Dot town : {Dot{135, 118}, {240, 250}, {402, 214}}) {
    if (in_disc(p, town, 7)) color = 0x333333;
    if (in_disc(p, town, 4.5)) color = 0xffffff;
  }
  if (in_text(p, {148, 92}, 2, "LAKE")) color = 0x333333;
  if (in_text(p, {252, 228}, 2, "MOOR")) color = 0x333333;
  if (in_text(p, {360, 186}, 2, "CREST")) color = 0x333333;
  return color;
}

Rgb pixel_art(Dot p) {
  constexpr std::string_view ship[] = {
      "................", ".......kk.......", "......kwwk......", "......kwwk......",
      ".....kwbbwk.....", ".....kwbbwk.....", "....kwwwwwwk....", "....kwrwwrwk....",
      "...kwwrwwrwwk...", "..kwwwrwwrwwwk..", ".kgwwwwwwwwwwgk.", ".kggwwwkkwwwggk.",
      ".kgkkkk..kkkkgk.", "..k..oy..yo..k..", "......o..o......", "................"};
  const int x = std::clamp(static_cast<int>(p.x / 20), 0, 15),
            y = std::clamp(static_cast<int>(p.y / 20), 0, 15);
  switch (ship[y][static_cast<std::size_t>(x)]) {
    case 'k':
      return 0x1a1c2c;
    case 'w':
      return 0xf4f4f4;
    case 'b':
      return 0x41a6f6;
    case 'r':
      return 0xb13e53;
    case 'g':
      return 0x566c86;
    case 'o':
      return 0xef7d57;
    case 'y':
      return 0xffcd75;
    default:
      return (x * 7 + y * 13) % 23 == 5 ? 0x94b0c2 : 0x29366f;
  }
}

Rgb line_art(Dot p) {
  const double r = std::hypot(p.x - 130, p.y - 140), angle = std::atan2(p.y - 140, p.x - 130);
  bool ink = r < 100 && std::abs(std::remainder(r - angle * 16 / (2 * std::numbers::pi), 16)) < 1.6;
  ink |= std::abs(r - 106) < 2;
  for (int k = 0; k < 9; ++k) {
    const double wave = p.y - 280 - 12 * k - (14 - k) * std::sin(p.x / (24 + 3 * k) + k);
    ink |= std::abs(wave) < 1.4;
  }
  for (int k = 0; k < 12; ++k) {
    const double a = k * std::numbers::pi / 6;
    ink |= to_segment(p, {320 + 24 * std::cos(a), 130 + 24 * std::sin(a)},
                      {320 + 70 * std::cos(a), 130 + 70 * std::sin(a)}) < 1.5;
    const Dot petal{320 + 88 * std::cos(a + 0.26), 130 + 88 * std::sin(a + 0.26)};
    ink |= std::abs(std::hypot(p.x - petal.x, p.y - petal.y) - 15) < 1.4;
  }
  ink |= std::abs(std::hypot(p.x - 320, p.y - 130) - 20) < 1.6;
  return ink ? 0x111111 : 0xffffff;
}

}  // namespace

std::array<SampleDrawing, 6> sample_drawings() {
  return {{{"logo", painted(400, 400, logo)},
           {"diagram", painted(500, 330, diagram)},
           {"cartoon", painted(400, 400, cartoon)},
           {"map", painted(480, 360, map)},
           {"pixels", painted(320, 320, pixel_art, 1)},
           {"lines", painted(420, 420, line_art)}}};
}

}  // namespace dht::bench
