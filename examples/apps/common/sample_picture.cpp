// SPDX-License-Identifier: MIT
// A lake in the mountains, painted back to front from hashed noise and a few shapes, in fixed-point numbers.
#include "sample_picture.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include <dht/core/error.hpp>

namespace dht::examples {
namespace {

/// A number with 20 binary places. Unlike floating point it has one result on every machine, whatever the
/// compiler contracts or reorders. Good for magnitudes up to 2000.
struct Fixed {
  static constexpr int places = 20;
  std::int64_t raw = 0;

  constexpr Fixed() = default;
  constexpr Fixed(int value) : raw(std::int64_t{value} << places) {}
  /// Scaling by a power of two is exact, so that only the rounding to an integer remains.
  constexpr Fixed(double value)
      : raw(static_cast<std::int64_t>(value * (1 << places) + (value < 0 ? -0.5 : 0.5))) {}
  static constexpr Fixed from_raw(std::int64_t raw) {
    Fixed result;
    result.raw = raw;
    return result;
  }

  constexpr int floor() const { return static_cast<int>(raw >> places); }
  constexpr Fixed fraction() const { return from_raw(raw & ((1 << places) - 1)); }

  friend constexpr Fixed operator+(Fixed a, Fixed b) { return from_raw(a.raw + b.raw); }
  friend constexpr Fixed operator-(Fixed a, Fixed b) { return from_raw(a.raw - b.raw); }
  friend constexpr Fixed operator-(Fixed a) { return from_raw(-a.raw); }
  friend constexpr Fixed operator*(Fixed a, Fixed b) { return from_raw((a.raw * b.raw) >> places); }
  friend constexpr Fixed operator/(Fixed a, Fixed b) { return from_raw((a.raw << places) / b.raw); }
  friend constexpr auto operator<=>(Fixed a, Fixed b) = default;
};

constexpr Fixed min(Fixed a, Fixed b) { return a < b ? a : b; }
constexpr Fixed max(Fixed a, Fixed b) { return a < b ? b : a; }
constexpr Fixed abs(Fixed a) { return a < 0 ? -a : a; }
constexpr Fixed clamp(Fixed a) { return min(max(a, 0), 1); }
constexpr Fixed square(Fixed a) { return a * a; }
constexpr Fixed mix(Fixed a, Fixed b, Fixed t) { return a + (b - a) * t; }
/// 0 at `low`, 1 at `high`, smooth between; `low` may be the larger one.
constexpr Fixed smooth(Fixed low, Fixed high, Fixed a) {
  const Fixed t = clamp((a - low) / (high - low));
  return t * t * (Fixed(3) - t - t);
}

struct Colour {
  Fixed red, green, blue;
};
constexpr Colour rgb(unsigned hex) {
  const auto part = [](unsigned value) { return Fixed(static_cast<int>(value & 255)) / 255; };
  return {part(hex >> 16), part(hex >> 8), part(hex)};
}
constexpr Colour mix(Colour a, Colour b, Fixed t) {
  return {mix(a.red, b.red, t), mix(a.green, b.green, t), mix(a.blue, b.blue, t)};
}
constexpr Colour operator*(Colour a, Fixed light) { return {a.red * light, a.green * light, a.blue * light}; }

// ----------------------------------------------------------------------------------------------------- noise

constexpr std::uint32_t hash(int x, int y, std::uint32_t seed) {
  std::uint32_t h = static_cast<std::uint32_t>(x) * 0x8da6b343u ^
                    static_cast<std::uint32_t>(y) * 0xd8163841u ^ (seed + 1) * 0xcb1ab31fu;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return h ^ (h >> 15);
}
/// From 0 to 1, anew for every cell.
constexpr Fixed random(int x, int y, std::uint32_t seed) {
  return Fixed::from_raw(hash(x, y, seed) >> (32 - Fixed::places));
}

/// Gradient noise: smooth, cells of size 1, about -1 to 1.
Fixed noise(Fixed x, Fixed y, std::uint32_t seed) {
  const int column = x.floor(), row = y.floor();
  const Fixed u = x.fraction(), v = y.fraction();
  const auto corner = [&](int i, int j) {
    const std::uint32_t h = hash(column + i, row + j, seed);
    const Fixed a = u - i, b = v - j;
    const Fixed along = h & 4 ? b : a, across = h & 4 ? a : b;
    const Fixed half = Fixed::from_raw(across.raw >> 1);
    return (h & 1 ? -along : along) + (h & 2 ? -half : half);
  };
  const Fixed s = u * u * (Fixed(3) - u - u), t = v * v * (Fixed(3) - v - v);
  const Fixed value = mix(mix(corner(0, 0), corner(1, 0), s), mix(corner(0, 1), corner(1, 1), s), t);
  return value * 1.6;
}

/// Noise over noise of half the size and half the strength; about -1 to 1.
Fixed layers(Fixed x, Fixed y, int octaves, std::uint32_t seed) {
  Fixed sum = 0, strength = 0.55;
  for (int i = 0; i < octaves; ++i) {
    sum = sum + noise(x, y, seed + static_cast<std::uint32_t>(i)) * strength;
    strength = strength * 0.5;
    x = x * 2 + 5.3;
    y = y * 2 + 1.7;
  }
  return sum;
}

/// Folded noise: valleys with sharp bottoms; about 0 to 0.5.
Fixed crags(Fixed x, Fixed y, int octaves, std::uint32_t seed) {
  Fixed sum = 0, strength = 0.55;
  for (int i = 0; i < octaves; ++i) {
    sum = sum + abs(noise(x, y, seed + static_cast<std::uint32_t>(i))) * strength;
    strength = strength * 0.55;
    x = x * 2 + 5.3;
    y = y * 2 + 1.7;
  }
  return sum;
}

// ----------------------------------------------------------------------------------------------------- scene
// Every part takes a point, x to the right and y down, both from 0 to 1, and lays its paint on a colour.

constexpr Fixed horizon = 0.6, sun_x = 0.57, sun_y = 0.235;

Fixed cloud_density(Fixed x, Fixed y) {
  const Fixed warp = noise(x * 5, y * 9, 11) * 0.12;
  const Fixed body = layers(x * 3 + warp + 7.3, y * 6 + warp, 6, 20);
  return body + mix(0.10, -0.22, smooth(0.05, 0.42, y));
}

Colour sky(Fixed x, Fixed y) {
  Colour colour = mix(rgb(0x2f6db5), rgb(0x8fc0e6), smooth(0, 0.36, y));
  colour = mix(colour, rgb(0xfbdcae), smooth(0.24, 0.56, y));
  const Fixed distance = square(x - sun_x) + square(y - sun_y);
  const Fixed glow = Fixed(1) / (Fixed(1) + distance * 70);
  colour = mix(colour, rgb(0xfff0c4), glow * 0.75);
  colour = mix(colour, rgb(0xfffbe8), smooth(0.00088, 0.0007, distance));

  const Fixed density = cloud_density(x, y);
  if (density > 0) {
    const Fixed towards_sun = cloud_density(x + (sun_x - x) * 0.07, y + (sun_y - y) * 0.07 - 0.012);
    const Fixed light = clamp(Fixed(0.78) + (density - towards_sun) * 2.4 - density * 0.4);
    const Colour cloud = mix(rgb(0x8794b0), mix(rgb(0xfff7ee), rgb(0xffe9c2), glow), light);
    colour = mix(colour, cloud, smooth(0, 0.26, density) * 0.95);
  }
  return colour;
}

struct Peak {
  Fixed x, height, width;

  /// How far down its edge is at `at`.
  Fixed slope(Fixed at) const { return horizon - height * (Fixed(1) - abs(at - x) / width); }
};

/// A range of mountains: rock lit from the sun's side, snow above, mist below.
struct Range {
  std::array<Peak, 5> peaks;
  Fixed roughness, snow_line, mist;
  Colour rock;
  std::uint32_t seed;

  void paint(Fixed x, Fixed y, Colour& colour) const {
    Fixed top = 1;
    for (const Peak& peak : peaks) top = min(top, peak.slope(x));
    top = top + layers(x * 9, 0, 6, seed) * roughness;
    if (y < top) return;

    // Which face of which peak: the ridges and gorges between them wind.
    const Fixed wound = x + layers(x * 5, y * 15, 4, seed + 30) * 0.04;
    Fixed nearest = 1, right_face = 0;
    for (const Peak& peak : peaks) {
      if (peak.slope(wound) > nearest) continue;
      nearest = peak.slope(wound);
      right_face = smooth(-0.01, 0.01, wound - peak.x);
    }
    const Fixed sun_on_right = smooth(sun_x + 0.1, sun_x - 0.1, x);
    // The slope of crags across the light.
    const Fixed u = x * 15 + y * 7, v = y * 12 - x * 6;
    const Fixed slope = crags(u + 0.07, v, 5, seed + 7) - crags(u - 0.07, v, 5, seed + 7);
    const Fixed bump = slope * (sun_on_right * 2 - 1);
    const Fixed lit_face = mix(Fixed(1) - right_face, right_face, sun_on_right);
    const Fixed light = clamp(Fixed(0.3) + lit_face * 0.32 - bump * 1.5);
    Colour paint = rock * (light * 1.25 + 0.28);
    const Fixed cover = Fixed(snow_line) - y + layers(x * 22, y * 30, 4, seed + 13) * 0.05 - bump * 0.06;
    paint = mix(paint, mix(rgb(0x7f96bf), rgb(0xfff6ea), light * 1.2), smooth(-0.006, 0.01, cover));
    const Fixed depth = smooth(top - 0.02, horizon + 0.02, y);
    colour = mix(paint, rgb(0xd9d3cc), clamp(mist + depth * depth * 0.62));
  }
};

const Range far_range{
    {{{0.02, 0.2, 0.3}, {0.2, 0.26, 0.26}, {0.47, 0.2, 0.24}, {0.72, 0.27, 0.27}, {0.97, 0.25, 0.3}}},
    0.05,
    0.44,
    0.38,
    rgb(0x7d8db0),
    100};
const Range near_range{
    {{{-0.02, 0.22, 0.2}, {0.3, 0.3, 0.21}, {0.14, 0.16, 0.2}, {0.62, 0.1, 0.2}, {0.92, 0.19, 0.26}}},
    0.055,
    0.385,
    0.06,
    rgb(0x77706f),
    200};

/// A row of firs along a shore: one of them to a cell, three rows deep.
void firs(Fixed x, Fixed y, Fixed base, Fixed height, int cells, std::uint32_t seed, Colour& colour) {
  if (y > base || y < base - height * 1.2) return;
  for (int row = 2; row >= 0; --row) {
    const std::uint32_t row_seed = seed + static_cast<std::uint32_t>(row) * 10;
    const Fixed place = x * cells + Fixed(row) * 0.37;
    for (int cell = place.floor() - 1; cell <= place.floor() + 1; ++cell) {
      const Fixed middle = Fixed(cell) + 0.2 + random(cell, 0, row_seed) * 0.6;
      const Fixed tall =
          height * (Fixed(0.45) + random(cell, 1, row_seed) * 0.55) * (Fixed(1) + Fixed(row) * 0.1);
      const Fixed down = (y - (base - tall)) / tall;
      if (down < 0) continue;
      const Fixed tier = (down * 7).fraction();
      const Fixed half_width = (down * 0.72 + 0.06) * (Fixed(0.62) + tier * 0.38) *
                               (Fixed(0.9) + noise(x * cells * 9, y * 300, row_seed) * 0.3);
      const Fixed aside = place - middle;
      if (abs(aside) > half_width) continue;
      const Fixed light = clamp(Fixed(0.42) + aside * (x < sun_x ? 0.55 : -0.55) + tier * -0.22 +
                                noise(x * cells * 6, y * 420, row_seed + 1) * 0.3);
      const Colour dark = mix(rgb(0x12302c), rgb(0x42655d), Fixed(row) * 0.3);
      const Colour bright = mix(rgb(0x5f8f45), rgb(0x88a684), Fixed(row) * 0.3);
      colour = mix(dark, bright, light);
    }
  }
}

/// Everything that the lake can mirror, without the lake.
Colour land(Fixed x, Fixed y) {
  Colour colour;
  const Fixed hill = Fixed(0.556) - layers(x * 3 + 2.2, 0, 5, 300) * 0.05 - smooth(0.5, 0, x) * 0.03;
  if (y < hill) {
    colour = sky(x, y);
    far_range.paint(x, y, colour);
    near_range.paint(x, y, colour);
  } else {
    const Fixed crowns = noise(x * 95, y * 150, 310) * 0.4 + layers(x * 30, y * 60, 3, 311) * 0.5;
    const Fixed meadow = smooth(0.1, 0.2, layers(x * 7, y * 26, 3, 315));
    colour = mix(mix(rgb(0x27503f), rgb(0x6f9250), clamp(crowns + 0.45)), rgb(0xa9b860), meadow * 0.8);
    colour = mix(colour, rgb(0xc9cdbd), 0.16);
  }
  firs(x, y, horizon, 0.062, 46, 400, colour);
  return colour;
}

bool inside(Fixed x, Fixed y, std::initializer_list<std::pair<Fixed, Fixed>> corners) {
  // Corners run clockwise on the screen; the point lies to the right of every edge.
  auto from = *(corners.end() - 1);
  for (const auto& to : corners) {
    if ((to.first - from.first) * (y - from.second) < (to.second - from.second) * (x - from.first))
      return false;
    from = to;
  }
  return true;
}

bool box(Fixed x, Fixed y, Fixed left, Fixed top, Fixed right, Fixed bottom) {
  return x >= left && x < right && y >= top && y < bottom;
}

constexpr Fixed boat_x = 0.475, boat_y = 0.705;

/// A sailing boat; true where it covers the point.
bool boat(Fixed x, Fixed y, Colour& colour) {
  const Fixed u = (x - boat_x) * 10, v = (y - boat_y) * 10;  // the boat is about one long
  if (inside(u, v, {{-0.42, -0.13}, {0.5, -0.15}, {0.36, 0}, {-0.34, 0}})) {
    colour = v < -0.095 ? rgb(0xf3ead8) : mix(rgb(0xb23a2c), rgb(0x6f1f1c), smooth(-0.1, 0, v));
  } else if (inside(u, v, {{-0.012, -1.22}, {0.012, -1.22}, {0.016, -0.13}, {-0.016, -0.13}})) {
    colour = rgb(0x5b4634);
  } else if (inside(u, v, {{-0.03, -1.15}, {-0.03, -0.22}, {-0.44, -0.22}})) {
    const Fixed seam = (v * 6).fraction();
    colour = mix(rgb(0xfffaf0), rgb(0xd8d2cc), smooth(-0.05, -0.44, u)) * (seam < 0.09 ? 0.88 : 1);
  } else if (inside(u, v, {{0.03, -1.08}, {0.45, -0.24}, {0.03, -0.24}})) {
    colour = mix(rgb(0xf6efe4), rgb(0xe9a35c), smooth(-0.5, -0.42, v) * smooth(-0.24, -0.32, v));
  } else {
    return false;
  }
  return true;
}

Colour lake(Fixed x, Fixed y) {
  const Fixed near = (y - horizon) * 4;  // 0 at the far shore, 1 before the bank
  const Fixed across = Fixed(14) / (near + 0.18), along = Fixed(9) / (near + 0.13);
  const Fixed wave =
      noise((x - 0.5) * across, along * 4, 500) * 0.6 + noise((x - 0.5) * across * 3, along * 9, 501) * 0.4;
  const Fixed fine = noise(x * 60, y * 330, 502);
  const Fixed shift = wave * near * 0.035 + fine * near * 0.01;
  Colour colour = land(x + shift * 0.3, horizon * 2 - y + shift);
  const Fixed depth = clamp(near * 0.42 + 0.12 + wave * 0.1);
  colour = mix(colour, rgb(0x1b5870), depth) * (Fixed(0.94) + wave * 0.06);

  // A breeze roughens stripes of the surface.
  const Fixed breeze = smooth(0.12, 0.3, layers(x * 2, y * 34, 4, 510));
  colour = mix(colour, rgb(0x9dbfd0), breeze * 0.32 * (Fixed(1) - near * 0.5));
  const Fixed glitter = noise(x * 70, y * 300, 520) - abs(x - sun_x) * (Fixed(13) - near * 6) - 0.12;
  colour = mix(colour, rgb(0xfff3cf), smooth(0, 0.25, glitter) * 0.85);

  Colour sail;
  if (boat(x + shift * 0.5, boat_y * 2 - y + shift * 1.2, sail) && y > boat_y)
    colour = mix(colour, sail, 0.62);
  if (boat(x, y, sail)) colour = sail;
  return colour;
}

Fixed bank_top(Fixed x) {
  return Fixed(0.9) - smooth(0.6, 0.27, x) * 0.15 - smooth(0.66, 1, x) * 0.07 +
         layers(x * 8, 0, 4, 600) * 0.012;
}

Fixed path_x(Fixed y) { return Fixed(0.243) + square(y - 0.79) * 5 + noise(y * 12, 0, 640) * 0.008; }

Colour grass(Fixed x, Fixed y) {
  const Fixed near = clamp((y - 0.74) * 4);
  const Fixed scale = Fixed(1.5) - near * 0.75;
  const Fixed patches = layers(x * 7, y * 16, 4, 610);
  const Fixed blades = noise((x + noise(y * 30, x * 8, 611) * 0.01) * 210 * scale, y * 42 * scale, 612);
  Colour colour = mix(rgb(0x3d6b28), rgb(0x93ad3f), clamp(Fixed(0.45) + patches * 0.7 + blades * 0.35));
  colour = mix(colour, rgb(0x1f3f1c), smooth(0.15, 0.6, -blades) * 0.55);
  colour = mix(colour, rgb(0xd2c46a), smooth(0.3, 0.8, patches + blades * 0.3) * 0.5);

  const Fixed aside = abs(x - path_x(y)) / (near * 0.06 + 0.012);
  const Fixed gravel = random((x * 330).floor(), (y * 230).floor(), 641);
  const Colour sand =
      mix(rgb(0xb49b73), rgb(0xe2cfa4), gravel * 0.6 + noise(x * 40, y * 60, 642) * 0.2 + 0.2);
  if (y > 0.776) colour = mix(colour, sand, smooth(1.15, 0.75, aside + blades * 0.3));

  // Flowers, larger towards the viewer: two grids of cells, at most one to a cell.
  for (int grid = 0; grid < 2; ++grid) {
    const std::uint32_t seed = 650 + static_cast<std::uint32_t>(grid) * 10;
    const int cells = grid == 0 ? 62 : 38;
    const Fixed u = x * cells, v = y * cells * 1.3;
    const int i = u.floor(), j = v.floor();
    const Fixed lower = grid == 0 ? 0.8 : 0.9;
    if (y < lower || aside < 1.3 || random(i, j, seed) > Fixed(0.2) + patches * 0.5) continue;
    const Fixed du = u.fraction() - 0.3 - random(i, j, seed + 1) * 0.4;
    const Fixed dv = v.fraction() - 0.3 - random(i, j, seed + 2) * 0.4;
    const Fixed distance = square(du) + square(dv);
    const Fixed petals = Fixed(0.05) - abs(du * dv) * 0.35;
    if (distance > petals) continue;
    constexpr std::array<unsigned, 4> shades = {0xf8f4ee, 0xd9302f, 0xf3c52e, 0xa565c4};
    const unsigned shade = shades[hash(i, j, seed + 3) % shades.size()];
    colour = distance < 0.011 ? rgb(0xf0b323) : rgb(shade) * (Fixed(1) - distance * 5);
  }
  return colour;
}

/// A window with its frame and crossbars; true where it covers the point.
bool window(Fixed x, Fixed y, Fixed left, Fixed top, Colour& colour) {
  const Fixed u = (x - left) / 0.03, v = (y - top) / 0.036;
  if (!box(u, v, -0.5, -0.12, 1.5, 1.2)) return false;
  if (box(u, v, -0.12, -0.12, 1.12, 1.12)) {
    const bool frame = !box(u, v, 0.06, 0.06, 0.94, 0.94) || abs(u - 0.5) < 0.05 || abs(v - 0.45) < 0.05;
    const Colour glass = mix(rgb(0x2c4258), rgb(0xb8d4e2), smooth(0.15, 0.2, clamp(u - v * 0.6 + 0.1) * 0.4));
    colour = frame ? rgb(0xfaf5ea) : glass;
    return true;
  }
  if (v >= -0.06 && v < 1.06) {  // shutters
    colour = rgb(0x3c6e5c) * ((v * 9).fraction() < 0.25 ? 0.78 : 1);
    return true;
  }
  if (v >= 1.12 && abs(u - 0.5) < 0.66) {
    colour = rgb(0x9a8f80);
    return true;
  }
  return false;
}

/// The house on the bank; true where it covers the point.
bool house(Fixed x, Fixed y, Colour& colour) {
  if (x > 0.35 || y < 0.55 || y > 0.8) return false;
  if (inside(x, y, {{0.245, 0.588}, {0.272, 0.588}, {0.272, 0.64}, {0.245, 0.64}})) {
    const Fixed course = y * 150;
    const bool joint =
        course.fraction() < 0.2 || (x * 110 + Fixed(course.floor() & 1) * 0.5).fraction() < 0.14;
    colour = joint ? rgb(0xb5a594)
                   : mix(rgb(0x8a4030), rgb(0xb05a40), random((x * 110).floor(), course.floor(), 700));
    if (y < 0.595) colour = rgb(0x6f6a66);
    return true;
  }
  if (inside(x, y, {{0.085, 0.607}, {0.292, 0.607}, {0.33, 0.687}, {0.047, 0.687}})) {
    const Fixed down = (y - 0.607) / 0.08;
    const Fixed course = down * 11;
    const Fixed tile = (x - 0.188) / (Fixed(0.78) + down * 0.22) * 92 + Fixed(course.floor() & 1) * 0.5;
    const Fixed shade =
        Fixed(0.8) + random(tile.floor(), course.floor(), 710) * 0.24 - course.fraction() * 0.3;
    colour = mix(rgb(0xb4513a), rgb(0xd8794d), smooth(0, 0.9, Fixed(1) - down)) * (shade + 0.1);
    if (tile.fraction() < 0.13) colour = colour * 0.8;
    colour = mix(colour, rgb(0x7d7f4a), smooth(0.2, 0.5, layers(x * 26, y * 36, 3, 711)) * 0.45);
    if (down > 0.965) colour = rgb(0x5d2f26);
    return true;
  }
  if (!box(x, y, 0.066, 0.687, 0.311, 0.787)) return false;
  if (window(x, y, 0.098, 0.715, colour) || window(x, y, 0.165, 0.715, colour)) return true;
  if (box(x, y, 0.222, 0.707, 0.264, 0.787)) {
    const Fixed u = (x - 0.222) / 0.042, v = (y - 0.707) / 0.08;
    const bool frame = !box(u, v, 0.12, 0.08, 0.88, 2);
    colour = frame ? rgb(0xfaf5ea) : rgb(0x2f5d77) * ((u * 5).fraction() < 0.12 ? 0.75 : 1);
    if (!frame && v < 0.36 && v > 0.16 && abs(u - 0.5) < 0.24) colour = rgb(0xc7dbe2);
    if (square(u - 0.78) + square((v - 0.6) * 1.9) < 0.0025) colour = rgb(0xe7c25a);
    return true;
  }
  const Fixed plaster = layers(x * 60, y * 60, 3, 720) * 0.05;
  colour = rgb(0xf0e4cc) * (Fixed(0.95) + plaster - smooth(0.712, 0.687, y) * 0.3);
  if (y > 0.769) {
    const Fixed course = (y - 0.769) * 170;
    const Fixed stone = x * 70 + Fixed(course.floor() & 1) * 0.5;
    const bool joint = course.fraction() < 0.16 || stone.fraction() < 0.1;
    colour =
        joint ? rgb(0x6b655c) : mix(rgb(0x8b857b), rgb(0xb4aca0), random(stone.floor(), course.floor(), 721));
  }
  return true;
}

/// The broad tree on the right; true where it covers the point.
bool tree(Fixed x, Fixed y, Colour& colour) {
  if (x < 0.6 || y > Fixed(0.925) + noise(x * 170, 0, 801) * 0.012) return false;
  const Fixed crown_u = (x - 0.865) / 0.2, crown_v = (y - 0.43) / 0.235;
  const Fixed u = (x * 0.8 + y * 0.6) * 13, v = (y * 0.8 - x * 0.6) * 13;
  const Fixed clumps = layers(u, v, 3, 800), leaves = noise(x * 95, y * 95, 810);
  const Fixed cover = Fixed(0.78) - square(crown_u) - square(crown_v) + clumps * 0.62 + leaves * 0.2 +
                      noise(x * 190, y * 190, 811) * 0.12;
  if (cover > 0) {
    // Clumps are lit from above and from the sun.
    const Fixed above = layers(u - 0.36, v - 0.11, 3, 800);
    const Fixed light =
        clamp(Fixed(0.42) + (clumps - above) * 0.9 - crown_v * 0.2 - crown_u * 0.16 + leaves * 0.3);
    const Fixed detail = noise(x * 190, y * 190, 811) * 0.12;
    colour = mix(rgb(0x17331a), rgb(0x94b347), clamp(light + detail));
    colour = mix(colour, rgb(0xe0d673), smooth(0.78, 1, light + leaves * 0.15) * 0.6);
    return true;
  }
  const Fixed down = clamp((y - 0.5) / 0.4);
  const Fixed middle = Fixed(0.872) + noise(y * 7, 0, 820) * 0.012;
  const Fixed half_width = Fixed(0.012) + down * 0.012 + square(square(down)) * 0.02;
  const Fixed aside = (x - middle) / half_width;
  const Fixed left_branch = abs(x - middle + (Fixed(0.66) - y) * 0.75) / 0.008;
  const Fixed right_branch = abs(x - middle - (Fixed(0.6) - y) * 0.8) / 0.007;
  const bool trunk = y > 0.4 && abs(aside) < 1;
  const bool branch = abs(x - middle) < 0.1 &&
                      ((y < 0.6 && y > 0.42 && left_branch < 1) || (y < 0.6 && y > 0.4 && right_branch < 1));
  if (!trunk && !branch) return false;
  const Fixed bark = noise(x * 260, y * 34, 821) * 0.35 + noise(x * 120, y * 70, 822) * 0.2;
  colour = mix(rgb(0x2b2019), rgb(0x8a6c50), clamp(Fixed(0.45) - aside * 0.3 + bark));
  return true;
}

/// Stones at the water's edge; true where one covers the point.
bool stones(Fixed x, Fixed y, Colour& colour) {
  struct Stone {
    Fixed x, y, radius;
  };
  constexpr std::array<Stone, 9> all = {{{0.43, 0.872, 0.017},
                                         {0.455, 0.884, 0.012},
                                         {0.52, 0.893, 0.02},
                                         {0.553, 0.903, 0.013},
                                         {0.59, 0.892, 0.024},
                                         {0.63, 0.905, 0.015},
                                         {0.672, 0.897, 0.018},
                                         {0.705, 0.898, 0.01},
                                         {0.56, 0.872, 0.008}}};
  bool covered = false;
  for (const Stone& stone : all) {
    const Fixed u = (x - stone.x) / stone.radius, v = (y - stone.y) / (stone.radius * 0.62);
    if (abs(u) > 1.5 || abs(v) > 1.5) continue;
    const Fixed round = Fixed(1) - square(u) - square(v) + noise(u * 2 + stone.x * 90, v * 2, 900) * 0.35;
    if (round < 0) continue;
    const Fixed grain = layers(x * 120, y * 150, 3, 901) * 0.25;
    colour = mix(rgb(0x3d3f43), rgb(0xc2b9ab), clamp(Fixed(0.45) - v * 0.42 + u * 0.1 + grain));
    colour = mix(colour, rgb(0x2a2f2c), smooth(0.3, 0.75, v));
    covered = true;
  }
  return covered;
}

/// Wings of a few birds.
void birds(Fixed x, Fixed y, Colour& colour) {
  constexpr std::array<std::array<Fixed, 3>, 5> all = {{{0.31, 0.17, 0.017},
                                                        {0.355, 0.15, 0.013},
                                                        {0.385, 0.185, 0.012},
                                                        {0.28, 0.205, 0.01},
                                                        {0.42, 0.16, 0.009}}};
  for (const auto& [bird_x, bird_y, size] : all) {
    const Fixed u = abs(x - bird_x) / size, v = (y - bird_y) / size;
    if (u < 1 && abs(v + u * (Fixed(1.5) - u * 1.3) - 0.1) < Fixed(0.2) - u * 0.17) colour = rgb(0x2c3442);
  }
}

Colour scene(Fixed x, Fixed y) {
  Colour colour;
  if (tree(x, y, colour)) return colour;
  if (stones(x, y, colour)) return colour;
  if (house(x, y, colour)) return colour;
  const Fixed tufts = noise(x * 150, 0, 620) * 0.008 + noise(x * 330, 0, 621) * 0.006;
  if (y > bank_top(x) + tufts) {
    colour = grass(x, y);
    // Shadows below the tree and before the house.
    const Fixed shade =
        square((x - 0.9) / 0.2) + square((y - 0.93) / 0.035) + layers(x * 20, y * 40, 3, 630) * 0.6;
    colour = colour * (Fixed(1) - smooth(1, 0.5, shade) * 0.5);
    if (x < 0.32 && y < 0.8) colour = colour * (Fixed(0.6) + smooth(0.787, 0.8, y) * 0.4);
    return colour;
  }
  colour = y < horizon ? land(x, y) : lake(x, y);
  birds(x, y, colour);
  return colour;
}

}  // namespace

Picture sample_picture(int size) {
  constexpr int largest = 8192;
  DHT_EXPECTS(size >= 1 && size <= largest, "size: is ", size, "; must be from 1 to ", largest);
  // Four points a pixel, no two in one row or column, soften the edges.
  constexpr std::array<std::pair<int, int>, 4> points = {{{1, 3}, {3, 7}, {5, 1}, {7, 5}}};

  Picture picture(size, size);
  const int eighths = 8 * size;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      Colour sum;
      for (const auto& [right, down] : points) {
        const Colour colour = scene(Fixed(8 * column + right) / eighths, Fixed(8 * row + down) / eighths);
        sum = {sum.red + colour.red, sum.green + colour.green, sum.blue + colour.blue};
      }
      const Fixed grain = (random(column, row, 1000) - 0.5) * 0.012;
      const auto level = [&](Fixed value) {
        const Fixed mean = value / static_cast<int>(points.size());
        return static_cast<std::uint8_t>((clamp(mean + grain) * 255 + 0.5).floor());
      };
      std::uint8_t* pixel = picture.pixel(row, column);
      pixel[0] = level(sum.red);
      pixel[1] = level(sum.green);
      pixel[2] = level(sum.blue);
    }
  }
  return picture;
}

}  // namespace dht::examples
