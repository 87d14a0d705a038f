// SPDX-License-Identifier: MIT
// From a photo and its label map to a drawing, and to a page that shows several of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>

#include "options.hpp"

namespace dht::examples {

/// Memory that `draw_photo` takes for each pixel, about, measured on photographs.
inline constexpr int bytes_a_drawn_pixel = 130;

/// The labels of a layer, height x width of the photo, row after row.
struct LayerLabels {
  std::vector<std::int32_t> label;
  std::int32_t regions;
};

/// Layers, the coarsest first, to the text of an SVG document, as the options say: regions to mean colours, boundaries to
/// lines or curves. Where the photo is transparent there is no shape, and where it is partly so, shapes are.
std::string draw_regions(const Picture& photo, std::vector<LayerLabels> layers,
                         const VectorizeOptions& options);

/// How many `<path>` a drawing has.
std::int64_t count_paths(const std::string& svg);

/// The size of a text under gzip -9, as web servers send it.
std::size_t gzip_size(const std::string& text);

/// One drawing of a page.
struct PageDrawing {
  std::string caption;
  std::string svg;
};

/// Drawings of a photo in regions made for it.
struct PhotoDrawings {
  std::string svg;                ///< what was asked for
  std::vector<PageDrawing> page;  ///< from coarse to fine, that one among them; none without a page
  std::size_t shown = 0;          ///< its number
};

/// Draws a photo at a price, within so many bytes or as is good for it, as the options say.
PhotoDrawings draw_photo(const Picture& photo, const VectorizeOptions& options);

/// A page that shows photo, tokens and drawings side by side; a slider chooses among the drawings. `photo` and `tokens`
/// are names of pictures beside the page; `tokens` may be empty. The drawings are part of it; the one numbered `shown` is seen first.
std::string drawing_page(const std::string& title, const std::string& photo, const std::string& tokens,
                         const std::vector<PageDrawing>& drawings, std::size_t shown);

}  // namespace dht::examples
