// SPDX-License-Identifier: MIT
// Drawings read back from their text, and painted by a slow rasteriser: a pixel has the colour of the last shape whose
// winding number around its middle is not 0.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dht::test {

struct Place {
  double x = 0, y = 0;
};

/// One path; curves and round arcs are flattened.
struct DrawnShape {
  std::string fill;
  std::vector<std::vector<Place>> rings;
  int lines = 0, curves = 0, arcs = 0;

  /// Area by the shoelace formula, clockwise on the screen counts positive.
  double area() const {
    double sum = 0;
    for (const auto& ring : rings)
      for (std::size_t i = 0; i < ring.size(); ++i) {
        const Place a = ring[i], b = ring[(i + 1) % ring.size()];
        sum += (a.x * b.y - b.x * a.y) / 2;
      }
    return sum;
  }

  int winding(Place p) const {
    int sum = 0;
    for (const auto& ring : rings)
      for (std::size_t i = 0; i < ring.size(); ++i) {
        const Place a = ring[i], b = ring[(i + 1) % ring.size()];
        if ((a.y <= p.y) == (b.y <= p.y)) continue;
        if (a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) > p.x) sum += a.y <= p.y ? 1 : -1;
      }
    return sum;
  }
};

/// Places on an arc of an ellipse along the axes, its end among them, by angles from its middle (SVG 1.1, appendix F.6.5).
inline std::vector<Place> flattened_arc(Place a, Place b, double radius, double ry, bool large, bool sweep) {
  const double stretch = radius / ry;  // to a circle
  a.y *= stretch, b.y *= stretch;
  const double dx = (a.x - b.x) / 2, dy = (a.y - b.y) / 2, half2 = dx * dx + dy * dy;
  radius = std::max(radius, std::sqrt(half2));
  const double scale = (large == sweep ? -1 : 1) * std::sqrt(std::max(radius * radius - half2, 0.0) / half2);
  const Place middle{(a.x + b.x) / 2 + scale * dy, (a.y + b.y) / 2 - scale * dx};
  const double first = std::atan2(a.y - middle.y, a.x - middle.x);
  double turn = std::atan2(b.y - middle.y, b.x - middle.x) - first;
  if (sweep && turn < 0) turn += 2 * std::acos(-1.0);
  if (!sweep && turn > 0) turn -= 2 * std::acos(-1.0);
  std::vector<Place> places;
  for (int k = 1; k < 64; ++k)
    places.push_back({middle.x + radius * std::cos(first + turn * k / 64),
                      (middle.y + radius * std::sin(first + turn * k / 64)) / stretch});
  places.push_back({b.x, b.y / stretch});
  return places;
}

/// Path data of m, l, h, v, c, a (not turned), z, all relative, by the rules of SVG 1.1, section 8.3.
inline DrawnShape read_path_data(std::string_view d) {
  DrawnShape shape;
  Place here, start;
  char command = 0;
  const auto number = [&] {
    while (!d.empty() && d[0] == ' ') d.remove_prefix(1);
    std::size_t used = 0;
    const double value = std::stod(std::string(d.substr(0, 24)), &used);
    d.remove_prefix(used);
    return value;
  };
  while (!d.empty()) {
    if (std::isalpha(static_cast<unsigned char>(d[0]))) command = d[0], d.remove_prefix(1);
    if (command == 'z') {
      here = start;
      continue;
    }
    if (command == 'm') {
      here.x += number(), here.y += number();
      start = here;
      shape.rings.push_back({here});
      command = 'l';
      continue;
    }
    if (command == 'c') {
      const std::array<double, 6> n{number(), number(), number(), number(), number(), number()};
      const Place from = here;
      for (int k = 1; k <= 64; ++k) {
        const double t = k / 64.0, s = 1 - t, b = 3 * s * s * t, c = 3 * s * t * t, e = t * t * t;
        shape.rings.back().push_back(
            {from.x + b * n[0] + c * n[2] + e * n[4], from.y + b * n[1] + c * n[3] + e * n[5]});
      }
      here = {from.x + n[4], from.y + n[5]};
      ++shape.curves;
      continue;
    }
    if (command == 'a') {
      const std::array<double, 7> n{number(), number(), number(), number(), number(), number(), number()};
      if (n[2] != 0) throw std::runtime_error("an arc of a turned ellipse");
      const Place to{here.x + n[5], here.y + n[6]};
      for (const Place p : flattened_arc(here, to, n[0], n[1], n[3] != 0, n[4] != 0))
        shape.rings.back().push_back(p);
      here = to;
      ++shape.arcs;
      continue;
    }
    if (command == 'l')
      here.x += number(), here.y += number();
    else if (command == 'h')
      here.x += number();
    else if (command == 'v')
      here.y += number();
    else
      throw std::runtime_error(std::string("unknown command ") + command);
    shape.rings.back().push_back(here);
    ++shape.lines;
  }
  return shape;
}

/// All paths of a document, in its order.
inline std::vector<DrawnShape> read_drawing(std::string_view text) {
  std::vector<DrawnShape> shapes;
  for (std::size_t at = 0; (at = text.find("<path ", at)) != text.npos; ++at) {
    const auto value = [&](std::string_view key) {
      const std::size_t begin = text.find(key, at) + key.size();
      return text.substr(begin, text.find('"', begin) - begin);
    };
    shapes.push_back(read_path_data(value(" d=\"")));
    shapes.back().fill = value("fill=\"");
  }
  return shapes;
}

/// The number of the shape that is seen at a place, -1 where there is none.
inline int seen_at(const std::vector<DrawnShape>& shapes, Place p) {
  for (std::size_t i = shapes.size(); i-- > 0;)
    if (shapes[i].winding(p) != 0) return static_cast<int>(i);
  return -1;
}

}  // namespace dht::test
