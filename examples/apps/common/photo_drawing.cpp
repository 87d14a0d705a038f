// SPDX-License-Identifier: MIT
// From a photo and its label map to a drawing, and to a page that shows several of them.
#include "photo_drawing.hpp"

#include <algorithm>
#include <utility>

#include <zlib.h>

#include <dht/drawer.hpp>
#include <dht/vector/drawing.hpp>
#include <dht/vector/gradients.hpp>
#include <dht/vector/palette.hpp>
#include <dht/vector/shapes.hpp>

namespace dht::examples {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  dht::detail::append_escaped(out, text);
  std::string quoted;
  for (const char c : out) c == '"' ? quoted += "&quot;" : quoted += c;
  return quoted;
}

/// For an address in an attribute: everything but plain characters as bytes in hexadecimal.
std::string as_address(const std::string& name) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || c == '.' || c == '-' || c == '_';
    if (plain)
      out += c;
    else
      ((out += '%') += hex[byte / 16]) += hex[byte % 16];
  }
  return out;
}

/// What does not depend on the regions.
DrawingOptions drawing_options(const VectorizeOptions& options) {
  DrawingOptions drawing_options = options.of_tokens ? DrawingOptions() : Drawer::for_photos();
  drawing_options.title = options.tokens.photo.filename().string();
  drawing_options.form = options.flat ? Form::flat : Form::stacked;
  drawing_options.fixed_size = !options.fluid;
  drawing_options.seams = options.seams == "copy"      ? Seams::under_copy
                          : options.seams == "strokes" ? Seams::strokes
                          : options.seams == "crisp"   ? Seams::crisp
                                                       : Seams::none;
  drawing_options.fit.strokes = options.curves ? Strokes::curves : Strokes::circles;
  if (options.tolerance) drawing_options.fit.tolerance = *options.tolerance;
  drawing_options.fit.grid = options.curves ? 2 : 1;
  return drawing_options;
}

}  // namespace

std::string draw_regions(const Picture& photo, std::vector<LayerLabels> layers,
                         const VectorizeOptions& options) {
  const auto view = [&](const std::vector<std::int32_t>& label) {
    return plane_view(label.data(), photo.height, photo.width);
  };
  const Shapes shapes = photo.alpha.empty() ? Shapes() : shapes_of(photo);
  DrawingOptions how = drawing_options(options);
  how.economical_colors = options.colors == 0;  // which would make more than so many
  how.description = std::to_string(layers.back().regions) + " regions";
  std::vector<FilledLabels> joined(layers.size());
  std::vector<DrawingLayer> drawn;
  std::vector<Color> palette;  // of the finest layer, for all
  for (std::size_t i = layers.size(); i-- > 0;) {
    auto& [label, regions] = layers[i];
    if (!shapes.shown.empty()) {
      SeparatedLabels separated = separate_transparent(
          view(label), regions, plane_view(shapes.shown.data(), photo.height, photo.width));
      label = std::move(separated.labels);
      regions = separated.regions;
    }
    Fills fills = typical_fills(shapes.shown.empty() ? photo : shapes.picture, view(label), regions,
                                options.linear_light ? Light::linear : Light::srgb);
    if (!shapes.shown.empty()) fills.visible.back() = 0;
    // All layers at the price of the finest.
    if (drawn.empty())
      how.fit.byte_price = std::min(balanced_byte_price(photo, view(label), fills) / options.detail, 1e7);
    if (options.colors == 0) {
      if (options.gradients) add_gradients(fills, photo, view(label), how.fit.byte_price);
      drawn.push_back({view(label), std::move(fills)});
    } else {
      fills = palette.empty() ? limit_colors(std::move(fills), options.colors)
                              : nearest_colors(std::move(fills), palette);
      if (palette.empty()) palette = palette_of(fills);
      joined[i] = join_equal_colors(view(label), fills);
      drawn.push_back({joined[i].labels(), joined[i].fills});
    }
  }
  std::reverse(drawn.begin(), drawn.end());
  return drawing(std::move(drawn), how, &photo);
}

std::int64_t count_paths(const std::string& svg) {
  std::int64_t paths = 0;
  for (std::size_t at = 0; (at = svg.find("<path", at)) != std::string::npos; ++at) ++paths;
  return paths;
}

std::size_t gzip_size(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string buffer(size, '\0');
  compress2(reinterpret_cast<Bytef*>(buffer.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
            text.size(), Z_BEST_COMPRESSION);
  constexpr std::size_t more_than_zlib = 12;  // gzip's head and tail
  return size + more_than_zlib;
}

namespace {

/// The library says what it cannot do of its argument `bytes`; the user has an option.
std::string draw_within(Drawer& drawer, std::int64_t bytes, const DrawingOptions& how) try {
  return drawer.draw_within(bytes, gzip_size, how);
} catch (const Error& error) {
  throw Error("--" + std::string(error.what()));
}

}  // namespace

PhotoDrawings draw_photo(const Picture& photo, const VectorizeOptions& options) {
  DrawerOptions drawer_options;
  drawer_options.smallest = options.tokens.smallest.value_or(1);
  drawer_options.colors = options.colors;
  drawer_options.threads = options.tokens.threads;
  drawer_options.layers = options.layers;
  drawer_options.gradients = options.gradients;
  drawer_options.light = options.linear_light ? Light::linear : Light::srgb;
  Drawer drawer(drawer_options);
  drawer.build(photo);
  const DrawingOptions how = drawing_options(options);
  const double price = std::min(options.price.value_or(drawer.balanced_price() / options.detail), 1e7);
  PhotoDrawings drawings;
  drawings.svg = options.price   ? drawer.draw(price, how)
                 : options.bytes ? draw_within(drawer, *options.bytes, how)
                                 : drawer.draw_balanced(price, gzip_size, how);
  if (!options.html) return drawings;
  const auto add = [&](const std::string& svg) {
    drawings.page.push_back(
        {std::to_string(count_paths(svg)) + " paths, " + std::to_string(svg.size()) + " bytes", svg});
  };
  for (const double factor : {8.0, 4.0, 2.0, 0.5, 0.25}) add(drawer.draw(std::min(factor * price, 1e7), how));
  add(drawings.svg);
  std::stable_sort(drawings.page.begin(), drawings.page.end(),
                   [](const PageDrawing& a, const PageDrawing& b) { return a.svg.size() < b.svg.size(); });
  while (drawings.page[drawings.shown].svg != drawings.svg) ++drawings.shown;
  return drawings;
}

std::string drawing_page(const std::string& title, const std::string& photo, const std::string& tokens,
                         const std::vector<PageDrawing>& drawings, std::size_t shown) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      escaped(title) +
      "</title>\n<style>\n"
      "body{margin:1em;font:16px/1.4 sans-serif;background:#fff;color:#222}\n"
      ".row{display:flex;flex-wrap:wrap;gap:1em}\n"
      "figure{margin:0;flex:1 1 20em}\n"
      "img{width:100%;height:auto;display:block}\n"
      ".drawing{display:none}.drawing.shown{display:block}\n"
      "input{width:100%}\n"
      "</style>\n<h1>" +
      escaped(title) + "</h1>\n<div class=\"row\">\n";
  const auto picture = [&](const std::string& name, const std::string& caption) {
    page += "<figure><img src=\"" + as_address(name) + "\" alt=\"" + caption + "\"><figcaption>" + caption +
            "</figcaption></figure>\n";
  };
  picture(photo, "Photo");
  if (!tokens.empty()) picture(tokens, "Tokens");
  page += "<figure>\n<label>Coarser, or finer<input type=\"range\" min=\"0\" max=\"" +
          std::to_string(drawings.size() - 1) + "\" value=\"" + std::to_string(shown) + "\"></label>\n";
  for (std::size_t i = 0; i < drawings.size(); ++i)
    // As pictures of their own: names inside of one drawing mean nothing to the others.
    page += std::string("<div class=\"drawing") + (i == shown ? " shown" : "") +
            "\"><img alt=\"Drawing\" src=\"data:image/svg+xml," + as_address(drawings[i].svg) +
            "\"><figcaption>" + escaped(drawings[i].caption) + "</figcaption></div>\n";
  page +=
      "</figure>\n</div>\n<script>\n"
      "const all=document.querySelectorAll('.drawing');\n"
      "document.querySelector('input').oninput=e=>all.forEach((d,i)=>d.classList.toggle('shown',i==e.target."
      "value"
      "));\n"
      "</script>\n</html>\n";
  return page;
}

}  // namespace dht::examples
