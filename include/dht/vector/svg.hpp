// SPDX-License-Identifier: MIT
// A planar map as SVG text: one path a region, lossless, in few bytes.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/svg_text.hpp>

namespace dht {

/// How an SVG is written.
struct SvgOptions {
  /// Shown by browsers and screen readers; none when empty. UTF-8; what XML cannot hold becomes U+FFFD.
  std::string title;
  /// Asks renderers not to blend edges with what lies behind: no hairline between neighbours at any zoom.
  bool crisp_edges = true;
  /// Numbers the paths: id="r0", id="r1", ... by label.
  bool ids = false;
  /// `shared`: neighbours write the very same points. `corners`: a few per cent shorter, and still no gap where the
  /// renderer keeps a point on the straight line between two others, as all do without rotation.
  Vertices vertices = Vertices::shared;
};

namespace detail {

/// Writes the rings of one path. Sizes are made room for once a ring: a coordinate takes at most a letter, a sign and
/// ten digits.
class PathWriter {
 public:
  explicit PathWriter(std::string& out) : out_(out) {}

  /// One subpath. The edge back to the first point is left to `z`, which also makes that point the current one.
  void ring(std::span<const Point> points) {
    constexpr std::size_t most_bytes = 12;
    const std::size_t old_size = out_.size();
    out_.resize(old_size + (points.size() + 2) * most_bytes);
    at_ = out_.data() + old_size;
    move(points[0]);
    for (const Point p : points.subspan(1)) line(p);
    *at_++ = 'z';
    out_.resize(std::size_t(at_ - out_.data()));
    start_ = points[0];
    command_ = 'm';
  }

 private:
  void move(Point p) {
    *at_++ = command_;
    number(p.x - start_.x);
    separated(p.y - start_.y);
    here_ = p;
  }

  void line(Point p) {
    const char command = p.y == here_.y ? 'h' : 'v';
    const std::int32_t distance = command == 'h' ? p.x - here_.x : p.y - here_.y;
    if (command == command_) {
      separated(distance);
    } else {
      *at_++ = command_ = command;
      number(distance);
    }
    here_ = p;
  }

  void number(std::int32_t n) { at_ = std::to_chars(at_, at_ + 11, n).ptr; }
  void separated(std::int32_t n) {
    if (n >= 0) *at_++ = ' ';
    number(n);
  }

  std::string& out_;
  char* at_ = nullptr;
  char command_ = 'M';
  Point start_, here_;
};

inline void append_head(std::string& out, const PlanarMap& map, const SvgOptions& options) {
  const auto attribute = [&](std::string_view name, std::int64_t value) {
    out += name;
    append_number(out, value);
  };
  out += "<svg xmlns=\"http://www.w3.org/2000/svg\"";
  attribute(" width=\"", map.width);
  attribute("\" height=\"", map.height);
  attribute("\" viewBox=\"0 0 ", map.width);
  attribute(" ", map.height);
  out += options.crisp_edges ? "\" shape-rendering=\"crispEdges\">\n" : "\">\n";
  if (options.title.empty()) return;
  out += "<title>";
  append_escaped(out, options.title);
  out += "</title>\n";
}

}  // namespace detail

/// The planar map as an SVG document: each region one `<path>` with its holes, in the order of labels, filled with
/// colors[label]; a region without pixels has none. The canvas is covered exactly once, so drawing it gives the label
/// map back. Rings wind so that both fill rules give the same picture. The same map gives the same text everywhere.
/// Throws when there is not one colour for each region.
inline std::string svg(const PlanarMap& map, std::span<const std::array<std::uint8_t, 3>> colors,
                       const SvgOptions& options = {}) {
  DHT_EXPECTS(colors.size() == std::size_t(map.regions), "colors: has ", colors.size(),
              " entries; must have one for each of the ", map.regions, " regions");
  std::string out;
  // Two faces an arc, about three bytes a vertex.
  out.reserve(map.arcs.points.size() * 6 + std::size_t(map.regions) * 40 + options.title.size() + 256);
  detail::append_head(out, map, options);
  std::vector<Point> points;
  for (std::int32_t region = 0; region < map.regions; ++region) {
    if (map.faces.rings(region).empty()) continue;
    out += "<path ";
    if (options.ids) {
      out += "id=\"r";
      detail::append_number(out, region);
      out += "\" ";
    }
    out += "fill=\"";
    detail::append_color(out, colors[std::size_t(region)]);
    out += "\" d=\"";
    detail::PathWriter writer(out);
    for (const std::int32_t ring : map.faces.rings(region)) {
      ring_points(map, ring, options.vertices, points);
      writer.ring(points);
    }
    out += "\"/>\n";
  }
  out += "</svg>\n";
  return out;
}

/// The same from labels, 0 .. colors.size()-1 at every pixel.
inline std::string svg(LabelView labels, std::span<const std::array<std::uint8_t, 3>> colors,
                       const SvgOptions& options = {}) {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  const auto regions = static_cast<std::int32_t>(std::min(colors.size(), most));
  return svg(planar_map(labels, regions), colors, options);
}

}  // namespace dht
