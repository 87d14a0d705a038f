// SPDX-License-Identifier: MIT
// From any label map and its fills to a drawing: the one call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/arc_reach.hpp>
#include <dht/vector/drawn_arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/fit_arcs.hpp>
#include <dht/vector/hidden_lines.hpp>
#include <dht/vector/paint_order.hpp>
#include <dht/vector/path_text.hpp>
#include <dht/vector/pixel_art.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/svg_text.hpp>

namespace dht {

/// What keeps renderers that blend edges from showing hairlines between neighbours.
enum class Seams {
  under_copy,  ///< The drawing once more beneath itself, with crisp edges: 90 bytes; nothing where it is not opaque.
  crisp,    ///< Crisp edges alone: stairs on the screen.
  strokes,  ///< A line half a pixel wide around each shape, in its colour: for renderers that know no `<use>`.
  none,     ///< Nothing: for tools that cut or print.
};

/// What a region's shape is.
enum class Form {
  stacked,  ///< Painted in order, large regions first, each over what lies behind it: every boundary is written once.
  flat,  ///< Exactly the region, in the order of labels: every boundary is written by both of its sides.
};

/// How a label map is drawn.
struct DrawingOptions {
  /// How boundaries are drawn.
  FitOptions fit;
  Form form = Form::stacked;
  /// Colours may move a little to where they take less text, by `fit.byte_price`, and with `one_path_a_color` regions may share
  /// one; where the numbers of pixels are known and the tolerance is not 0.
  bool economical_colors = true;
  Seams seams = Seams::none;
  /// Regions of one colour are one path: fewer bytes, less to take hold of in an editor.
  bool one_path_a_color = false;
  /// Whether the document says how large it is shown. Without, it fills what it is put into, in its proportions: 20 bytes less.
  bool fixed_size = true;
  /// Shown by browsers and screen readers; none when empty. UTF-8; what XML cannot hold becomes U+FFFD.
  std::string title;
  /// A longer text for the same; none when empty.
  std::string description;
};

namespace detail {

/// Appends one arc as part of a ring: all points but the first.
inline void append_arc(PathText& path, const DrawnArcs& arcs, SignedArc signed_arc) {
  const auto points = arcs.arc(signed_arc.arc());
  const auto kinds = arcs.kinds(signed_arc.arc());
  const std::size_t n = points.size();
  const auto at = [&](std::size_t i) { return signed_arc.forward() ? i : n - 1 - i; };
  for (std::size_t i = 1; i < n;) {
    if (kinds[at(i)] == PointKind::control) {
      path.curve(points[at(i)], points[at(i + 1)], points[at(i + 2)]);
      i += 3;
    } else if (kinds[at(i)] == PointKind::round) {
      const Point radii = points[at(i)];
      path.round({radii.x, std::abs(radii.y)}, (radii.y > 0) == signed_arc.forward(), points[at(i + 1)]);
      i += 2;
    } else {
      path.line(points[at(i++)]);
    }
  }
}

inline void append_ring(PathText& path, const PlanarMap& map, const DrawnArcs& arcs, std::int32_t ring) {
  const auto signed_arcs = map.faces.ring(ring);
  const auto start = arcs.arc(signed_arcs[0].arc());
  path.move(signed_arcs[0].forward() ? start.front() : start.back());
  for (const SignedArc signed_arc : signed_arcs) append_arc(path, arcs, signed_arc);
  path.close();
}

/// The path data of the regions at `first` and after it in the order that are painted together, exactly theirs. Returns
/// how many.
inline std::size_t append_flat(std::string& out, const PlanarMap& map, const DrawnArcs& arcs,
                               const PaintOrder& order, std::size_t first) {
  PathText path(out);
  std::size_t next = first;
  do {
    for (const std::int32_t ring : map.faces.rings(order.regions[next])) append_ring(path, map, arcs, ring);
  } while (++next < order.regions.size() && order.joined[next]);
  return next - first;
}

/// `step`: pixels of the picture that a pixel of the canvas stands for.
inline void append_head(std::string& out, const LabelView& canvas, std::int32_t step, bool layers,
                        const DrawingOptions& options) {
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
  if (layers) out += " xmlns:inkscape=\"http://www.inkscape.org/namespaces/inkscape\"";
  if (options.fixed_size) {
    attribute(" width=\"", std::int64_t{canvas.width} * step);
    attribute("\" height=\"", std::int64_t{canvas.height} * step);
    out += '"';
  }
  attribute(" viewBox=\"0 0 ", std::int64_t{canvas.width} * options.fit.grid);
  attribute(" ", std::int64_t{canvas.height} * options.fit.grid);
  out += options.seams == Seams::crisp ? "\" shape-rendering=\"crispEdges\">\n" : "\">\n";
  element("title", options.title);
  element("desc", options.description);
}

/// Writes the paths of the stacked form.
class StackedShapes {
 public:
  /// `near`: whether arcs between colours that differ much for `byte_price` keep near to the pixels' outline.
  StackedShapes(const PlanarMap& map, LabelView labels, const Fills& fills, const DrawnArcs& arcs,
                const PaintOrder& order, double byte_price, bool near)
      : map_(map),
        fills_(fills),
        arcs_(arcs),
        order_(order),
        hidden_(labels, order, fills, byte_price),
        much_(near ? 32 * byte_price : std::numeric_limits<double>::infinity()) {}

  /// The path data of the regions at `first` and after it in the order that are painted together. Returns how many.
  std::size_t append(std::string& out, std::size_t first) {
    PathText path(out);
    std::size_t next = first;
    do {
      // What covers the canvas covers regions of its colour, too.
      if (first > 0 || !order_.complete)
        for (const std::int32_t ring : map_.faces.rings(order_.regions[next]))
          append_ring(path, order_.regions[next], ring);
    } while (++next < order_.regions.size() && order_.joined[next]);
    if (first == 0 && order_.complete) canvas(path);
    return next - first;
  }

 private:
  /// What is painted first may cover everything, where nothing is to stay bare.
  void canvas(PathText& path) const {
    const std::int32_t w = map_.width * arcs_.grid, h = map_.height * arcs_.grid;
    path.move({0, 0});
    path.line({w, 0}), path.line({w, h}), path.line({0, h});
    path.close();
  }

  bool visible(SignedArc s, std::int32_t region) const {
    const std::int32_t other = s.forward() ? map_.arcs.left[s.arc()] : map_.arcs.right[s.arc()];
    // What is not opaque is painted exactly.
    return order_.rank[region] == PaintOrder::unpainted ||
           (other != outside_label && order_.rank[other] < order_.rank[region]);
  }

  void append_ring(PathText& path, std::int32_t region, std::int32_t ring) {
    const auto arcs = map_.faces.ring(ring);
    const std::size_t n = arcs.size();
    std::size_t start = n;  // behind a hidden stretch, where there is one
    for (std::size_t i = 0; i < n; ++i)
      if (visible(arcs[i], region) && (start == n || !visible(arcs[(i + n - 1) % n], region))) start = i;
    if (start == n) return hidden_ring(path, region, ring);
    const auto first = arcs_.arc(arcs[start].arc());
    path.move(arcs[start].forward() ? first.front() : first.back());
    for (std::size_t k = 0; k < n;) {
      const SignedArc s = arcs[(start + k) % n];
      if (visible(s, region)) {
        append_arc(path, arcs_, s);
        ++k;
        continue;
      }
      start_chain(s);
      for (; k < n && !visible(arcs[(start + k) % n], region); ++k) extend(arcs[(start + k) % n]);
      append_hidden(path, region);
    }
    path.close();
  }

  /// Everything around is painted later: most holes need no ring, an outer ring any line around it.
  void hidden_ring(PathText& path, std::int32_t region, std::int32_t ring) {
    const auto arcs = map_.faces.ring(ring);
    start_chain(arcs[0]);
    for (const SignedArc s : arcs) extend(s);
    const bool hole = map_.faces.ring_area[ring] < 0;
    if (hole ? hidden_.may_fill(chain_, region) : hidden_.filled(map_.faces.ring_corner[ring])) return;
    lines_.clear();
    hidden_.close_ring(chain_, gaps_, region, lines_);
    path.move({lines_[0].x * arcs_.grid, lines_[0].y * arcs_.grid});
    append_lines(path);
    path.close();
  }

  void start_chain(SignedArc s) {
    const auto line = map_.arcs.polyline(s.arc());
    chain_.assign(1, s.forward() ? line.front() : line.back());
    gaps_.clear();
  }

  void extend(SignedArc s) {
    const auto line = map_.arcs.polyline(s.arc());
    if (s.forward())
      chain_.insert(chain_.end(), line.begin() + 1, line.end());
    else
      chain_.insert(chain_.end(), line.rbegin() + 1, line.rend());
    if (keeps_near(s.arc())) {
      gaps_.resize(chain_.size() - 1);
      return;
    }
    const auto gaps = reach_.measure(line, arcs_, s.arc(), s.forward());
    if (s.forward())
      gaps_.insert(gaps_.end(), gaps.begin(), gaps.end());
    else
      gaps_.insert(gaps_.end(), gaps.rbegin(), gaps.rend());
  }

  /// The frame, and where a line a quarter of a pixel off costs more than a byte saves.
  bool keeps_near(std::int32_t arc) const {
    const std::int32_t left = map_.arcs.left[arc];
    return left == outside_label || static_cast<double>(squared_difference(
                                        fills_.color[left], fills_.color[map_.arcs.right[arc]])) >= much_;
  }

  void append_hidden(PathText& path, std::int32_t region) {
    lines_.clear();
    hidden_.close(chain_, gaps_, region, lines_);
    lines_.push_back(chain_.back());
    append_lines(path);
  }

  void append_lines(PathText& path) const {
    for (const Point p : lines_) path.line({p.x * arcs_.grid, p.y * arcs_.grid});
  }

  const PlanarMap& map_;
  const Fills& fills_;
  const DrawnArcs& arcs_;
  const PaintOrder& order_;
  HiddenLines hidden_;
  double much_;  ///< squared difference of colours
  ArcReach reach_;
  std::vector<Point> chain_, lines_;
  std::vector<std::int32_t> gaps_;  ///< per line of the chain
};

/// The name of a gradient: a letter, and a number behind it where letters do not suffice.
inline void append_gradient_name(std::string& out, std::int32_t number) {
  out += static_cast<char>('A' + number % 26);
  if (number >= 26) append_number(out, number / 26);
}

inline void append_gradients(std::string& out, const Fills& fills, std::int32_t first_name,
                             std::int32_t grid) {
  const auto attribute = [&](std::string_view name, std::int64_t value) {
    (out += name) += "=\"";
    append_number(out, value);
    out += "\" ";
  };
  for (std::size_t i = 0; i < fills.gradients.size(); ++i) {
    const Gradient& g = fills.gradients[i];
    out += "<linearGradient id=\"";
    append_gradient_name(out, first_name + static_cast<std::int32_t>(i));
    out += "\" ";
    attribute("x1", std::int64_t{g.from.x} * grid), attribute("y1", std::int64_t{g.from.y} * grid);
    attribute("x2", std::int64_t{g.to.x} * grid), attribute("y2", std::int64_t{g.to.y} * grid);
    out += "gradientUnits=\"userSpaceOnUse\"><stop stop-color=\"";
    append_color(out, g.first);
    out += "\"/><stop offset=\"1\" stop-color=\"";
    append_color(out, g.last);
    out += "\"/></linearGradient>\n";
  }
}

/// Appends `<path fill="..."`, open for its data.
inline void append_path_head(std::string& out, const Fills& fills, std::int32_t region,
                             std::int32_t first_name, bool stroke) {
  const auto paint = [&](std::string_view attribute) {
    out += attribute;
    if (fills.plain(region)) {
      append_color(out, fills.color[region]);
    } else {
      out += "url(#";
      append_gradient_name(out, first_name + fills.gradient_of[region]);
      out += ')';
    }
    out += '"';
  };
  out += "<path";
  paint(" fill=\"");
  if (!fills.opaque(region)) {
    out += " fill-opacity=\".";
    out += static_cast<char>('0' + fills.opacity[region] / 10);
    if (fills.opacity[region] % 10 != 0) out += static_cast<char>('0' + fills.opacity[region] % 10);
    out += '"';
  } else if (stroke) {
    paint(" stroke=\"");
  }
}

/// Appends the paths of one label map, its colours final. Gradients of layers before it have the names below `first_name`.
/// `step` as for document.
inline void append_shapes(std::string& out, LabelView labels, std::int32_t step, const Fills& fills,
                          std::int32_t first_name, const DrawingOptions& options, const Picture* picture) {
  const PlanarMap map = planar_map(labels, fills.size());
  const DrawnArcs arcs = fit_arcs(map, fills, options.fit, picture);
  out.reserve(out.size() + arcs.points.size() * 12 + std::size_t(map.regions) * 40 + 1024);
  append_gradients(out, fills, first_name, options.fit.grid);
  const bool stacked = options.form == Form::stacked;
  const PaintOrder order = paint_order(map, fills, stacked, options.one_path_a_color);
  std::optional<StackedShapes> shapes;
  // Boundaries were fitted by errors as wide as they are long; what shines through is a pixel of the screen wide.
  const bool near = picture == nullptr && options.fit.strokes != Strokes::curves;
  if (stacked) shapes.emplace(map, labels, fills, arcs, order, options.fit.byte_price * step * step, near);
  for (std::size_t i = 0; i < order.regions.size();) {
    append_path_head(out, fills, order.regions[i], first_name, options.seams == Seams::strokes);
    out += " d=\"";
    i += stacked ? shapes->append(out, i) : append_flat(out, map, arcs, order, i);
    out += "\"/>\n";
  }
}

}  // namespace detail

/// One of the label maps that a drawing shows, one painted over the other.
struct DrawingLayer {
  LabelView labels;
  Fills fills;
};

namespace detail {

/// Pixels of the picture that a large pixel of pixel art has, in all layers alike; 1 where it is none, and where gradients or
/// strokes count in pixels.
inline std::int32_t large_pixel(const std::vector<DrawingLayer>& layers, const DrawingOptions& options) {
  constexpr std::int32_t smallest = 4, fewest = 8;  // pixels a large one, large ones a side
  std::int32_t step = 0;
  for (const DrawingLayer& layer : layers)
    step = layer.fills.gradients.empty() ? boundary_step(layer.labels, step) : 1;
  const LabelView& canvas = layers[0].labels;
  const bool large = step >= smallest && canvas.width >= fewest * step && canvas.height >= fewest * step;
  return large && options.seams != Seams::strokes ? step : 1;
}

/// The document. `step`: pixels of the picture that a pixel of the labels stands for.
inline std::string document(const std::vector<DrawingLayer>& layers, std::int32_t step,
                            const DrawingOptions& options, const Picture* picture) {
  bool shows_beneath = false, opaque = true;
  for (const DrawingLayer& layer : layers)
    for (std::int32_t r = 0; r < layer.fills.size(); ++r) {
      shows_beneath |= !layer.fills.shows(r) || !layer.fills.opaque(r);
      opaque &= !layer.fills.shows(r) || layer.fills.opaque(r);
    }
  // What is painted twice is more opaque.
  const bool groups = layers.size() > 1, twice = options.seams == Seams::under_copy && opaque;
  std::string out;
  append_head(out, layers[0].labels, step, groups, options);
  if (twice) out += "<use href=\"#a\" shape-rendering=\"crispEdges\"/>\n<g id=\"a\">\n";
  if (options.seams == Seams::strokes) {
    out += "<g stroke-linejoin=\"round\" stroke-width=\"";
    append_tenths(out, 5 * options.fit.grid);
    out += "\">\n";
  }
  std::int32_t gradients = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (groups) {
      for (const char* part : {"<g id=\"layer", "\" inkscape:groupmode=\"layer\" inkscape:label=\"Layer "}) {
        out += part;
        append_number(out, static_cast<std::int64_t>(i));
      }
      out += shows_beneath && i + 1 < layers.size() ? "\" style=\"display:none\">\n" : "\">\n";
    }
    append_shapes(out, layers[i].labels, step, layers[i].fills, gradients, options, picture);
    gradients += static_cast<std::int32_t>(layers[i].fills.gradients.size());
    if (groups) out += "</g>\n";
  }
  if (options.seams == Seams::strokes || twice) out += "</g>\n";
  out += "</svg>\n";
  return out;
}

}  // namespace detail

/// Several label maps of one size as one SVG document, the first at the bottom: a `<g id="layer0">` and so on each, which
/// editors show as layers. The last one is what is seen, and those below what is left when it is hidden; where something is
/// transparent, they are hidden themselves, and shown in an editor. Otherwise as below.
inline std::string drawing(std::vector<DrawingLayer> layers, const DrawingOptions& options = {},
                           const Picture* picture = nullptr) {
  DHT_EXPECTS(!layers.empty(), "layers: are none; must be at least one");
  const LabelView& canvas = layers[0].labels;
  for (const DrawingLayer& layer : layers)
    DHT_EXPECTS(layer.labels.height == canvas.height && layer.labels.width == canvas.width, "layers: one is ",
                layer.labels.height, " x ", layer.labels.width, "; must be ", canvas.height, " x ",
                canvas.width, " like the first");
  if (options.economical_colors && options.fit.tolerance > 0)
    for (DrawingLayer& layer : layers)
      economise_colors(layer.fills, options.fit.byte_price, options.one_path_a_color);
  const std::int32_t step = detail::large_pixel(layers, options);
  if (step == 1) return detail::document(layers, 1, options, picture);
  // Pixel art: nothing is between its large pixels.
  std::vector<std::vector<std::int32_t>> small;
  for (DrawingLayer& layer : layers) {
    small.push_back(detail::every_nth_label(layer.labels, step));
    layer.labels = plane_view(static_cast<const std::int32_t*>(small.back().data()), canvas.height / step,
                              canvas.width / step);
  }
  DrawingOptions in_steps = options;
  in_steps.fit.tolerance /= step;
  in_steps.fit.byte_price /= double(step) * step * step;  // of squared distances along a boundary
  return detail::document(layers, step, in_steps, nullptr);
}

/// The drawing of a label map as an SVG document: each region that shows is one `<path>`. Boundaries are fitted once for
/// both sides; where `picture` is given, they move within a pixel to where its colours change. Throws when labels and fills
/// do not belong together.
inline std::string drawing(LabelView labels, Fills fills, const DrawingOptions& options = {},
                           const Picture* picture = nullptr) {
  std::vector<DrawingLayer> layers;
  layers.push_back({labels, std::move(fills)});
  return drawing(std::move(layers), options, picture);
}

}  // namespace dht
