// SPDX-License-Identifier: MIT
// From any label map and its fills to a drawing: the one call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/fit_arcs.hpp>
#include <dht/vector/path_text.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/svg_text.hpp>

namespace dht {

/// What keeps renderers that blend edges from showing hairlines between neighbours.
enum class Seams {
  under_copy,  ///< The drawing once more beneath itself, with crisp edges: 90 bytes.
  crisp,       ///< Crisp edges alone: stairs on the screen.
  none,        ///< Nothing: for tools that cut or print.
};

/// How a label map is drawn.
struct DrawingOptions {
  /// How boundaries are drawn.
  FitOptions fit;
  Seams seams = Seams::under_copy;
  /// Shown by browsers and screen readers; none when empty. UTF-8; what XML cannot hold becomes U+FFFD.
  std::string title;
  /// A longer text for the same; none when empty.
  std::string description;
};

namespace detail {

/// Appends one arc as part of a ring: all points but the first.
inline void append_arc(PathText& path, const DrawnArcs& arcs, SignedArc signed_arc, bool leave_out_last) {
  const auto points = arcs.arc(signed_arc.arc());
  const auto controls = arcs.controls(signed_arc.arc());
  const std::size_t n = points.size();
  const auto at = [&](std::size_t i) { return signed_arc.forward() ? i : n - 1 - i; };
  for (std::size_t i = 1; i < n;) {
    if (controls[at(i)]) {
      path.curve(points[at(i)], points[at(i + 1)], points[at(i + 2)]);
      i += 3;
    } else {
      if (!(leave_out_last && i + 1 == n)) path.line(points[at(i)]);
      ++i;
    }
  }
}

inline void append_ring(PathText& path, const PlanarMap& map, const DrawnArcs& arcs, std::int32_t ring) {
  const auto signed_arcs = map.faces.ring(ring);
  const auto start = arcs.arc(signed_arcs[0].arc());
  path.move(signed_arcs[0].forward() ? start.front() : start.back());
  for (std::size_t i = 0; i < signed_arcs.size(); ++i)
    append_arc(path, arcs, signed_arcs[i], i + 1 == signed_arcs.size());
  path.close();
}

inline void append_head(std::string& out, const PlanarMap& map, const DrawingOptions& options) {
  const auto attribute = [&](std::string_view name, std::int64_t value) {
    out += name;
    append_number(out, value);
  };
  const auto element = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    ((out += '<') += name) += '>';
    append_escaped(out, text);
    ((out += "</") += name) += ">\n";
  };
  out += "<svg xmlns=\"http://www.w3.org/2000/svg\"";
  attribute(" width=\"", map.width);
  attribute("\" height=\"", map.height);
  attribute("\" viewBox=\"0 0 ", std::int64_t{map.width} * options.fit.grid);
  attribute(" ", std::int64_t{map.height} * options.fit.grid);
  out += options.seams == Seams::crisp ? "\" shape-rendering=\"crispEdges\">\n" : "\">\n";
  element("title", options.title);
  element("desc", options.description);
}

}  // namespace detail

/// The drawing of a label map as an SVG document: each region that shows is one `<path>` with its holes, in the order of
/// labels. Boundaries are fitted once and used by both sides. Throws when labels and fills do not belong together.
inline std::string drawing(LabelView labels, const Fills& fills, const DrawingOptions& options = {}) {
  const PlanarMap map = planar_map(labels, fills.size());
  const DrawnArcs arcs = fit_arcs(map, fills, options.fit);
  std::string out;
  out.reserve(arcs.points.size() * 12 + std::size_t(map.regions) * 40 + 1024);
  detail::append_head(out, map, options);
  if (options.seams == Seams::under_copy) out += "<g id=\"a\">\n";
  for (std::int32_t region = 0; region < map.regions; ++region) {
    if (map.faces.rings(region).empty() || !fills.shows(region)) continue;
    out += "<path fill=\"";
    detail::append_color(out, fills.color[region]);
    out += "\" d=\"";
    detail::PathText path(out);
    for (const std::int32_t ring : map.faces.rings(region)) detail::append_ring(path, map, arcs, ring);
    out += "\"/>\n";
  }
  if (options.seams == Seams::under_copy) {
    out.insert(out.find("<g id"), "<use href=\"#a\" shape-rendering=\"crispEdges\"/>\n");
    out += "</g>\n";
  }
  out += "</svg>\n";
  return out;
}

}  // namespace dht
