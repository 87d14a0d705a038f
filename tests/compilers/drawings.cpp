// SPDX-License-Identifier: MIT
// Every public function of vector/ and of the drawer: planar maps, arcs, faces, fills, palettes, SVG.
#include <array>
#include <cstdint>
#include <vector>

#include "calls.hpp"

namespace calls {

void call_drawings(Results& results) {
  const dht::Picture picture = photo(24, 32);
  dht::Tokenizer<> tokenizer;
  const auto& tokens = tokenizer(view_of(picture), 12);
  const dht::LabelView labels = tokens.labels();
  const auto colours = dht::mean_colours(picture, labels, tokens.count());
  const dht::PlanarMap map = dht::planar_map(labels, tokens.count());
  results.add_all(dht::svg(map, colours));
  results.add_all(dht::svg(labels, colours));
  const dht::Outline outline = dht::outline(map, 0, dht::Vertices::corners);
  results.add(outline.rings() + std::int32_t(outline.ring(0).size()) + map.outside_face());

  dht::Fills fills = dht::mean_fills(picture, labels, tokens.count(), dht::Light::srgb);
  results.add(dht::balanced_byte_price(picture, labels, fills));
  results.add(fills.size() + std::int32_t(fills.shows(0)) + std::int32_t(fills.plain(0)));
  dht::economise_colors(fills, 1.0, true);
  dht::FitOptions fit;
  const dht::DrawnArcs arcs = dht::fit_arcs(map, fills, fit, &picture);
  results.add(std::size_t(arcs.size()) + arcs.arc(0).size() + arcs.kinds(0).size());
  results.add_all(dht::drawing(labels, fills, {}, &picture));
  results.add_all(dht::drawing({{labels, fills}}, {}, &picture));
  const std::vector<std::uint8_t> opaque(24 * 32, 1);
  results.add(dht::separate_transparent(labels, tokens.count(), {opaque.data(), 24, 32}).regions);
  dht::add_gradients(fills, picture, labels, 0.01);
  const dht::Fills typical = dht::typical_fills(picture, labels, tokens.count());
  const auto palette = dht::palette_of(typical);
  results.add(dht::nearest_colors(typical, palette).size());
  const dht::Fills few = dht::limit_colors(dht::mean_fills(picture, labels, tokens.count()), 4);
  const dht::FilledLabels joined = dht::join_equal_colors(labels, few);
  results.add(joined.labels().height);

  dht::Drawer drawer;
  drawer.build(picture);
  results.add(drawer.regions_by_count(7).fills.size() + drawer.regions(1.0).fills.size());
  results.add_all(drawer.draw(1.0));
  results.add_all(drawer.draw_within(600));
  results.add_all(drawer.draw_within(600, [](const std::string& text) { return std::int64_t(text.size()); }));
  results.add(drawer.tree().most());
  dht::Drawer photos(dht::DrawerOptions{});
  photos.build(picture);
  results.add_all(photos.draw(1.0, dht::Drawer::for_photos()));
}

}  // namespace calls
