// SPDX-License-Identifier: MIT
// From label maps to SVG: every option chosen by the input. The text is well-formed XML whose numbers are finite, and
// with tolerance 0 the drawing shows every pixel in its colour.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dht/vector/drawing.hpp>

#include "fuzz/fuzz.hpp"
#include "vector/drawn_shapes.hpp"
#include "vector/random_label_map.hpp"

namespace {

using dht::fuzz::Choices;
using dht::fuzz::expect;

/// What is wrong with a document, or "": elements closed in order, attributes in quotes, no bare `<` or `&`.
std::string fault_of_xml(std::string_view text) {
  std::vector<std::string_view> open;
  while (!text.empty()) {
    const std::size_t from = text.find('<');
    const std::string_view between = text.substr(0, from);
    if (open.empty() && !std::ranges::all_of(between, [](unsigned char c) { return std::isspace(c) != 0; }))
      return "text outside of the root";
    if (from == text.npos) break;
    std::size_t end = from + 1;  // of the tag, quoted `>` left out
    for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end)
      quoted ^= text[end] == '"';
    if (end == text.size()) return "a tag without end";
    const std::string_view tag = text.substr(from + 1, end - from - 1);
    text.remove_prefix(end + 1);
    if (tag.empty() || tag.find('<') != tag.npos) return "a bare <";
    const std::size_t name_end = std::min(tag.find_first_of(" \n/", 1), tag.size());
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "an element closed that is not open";
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, name_end));
    }
  }
  return open.empty() ? "" : "an element that is not closed";
}

std::string fault_of_numbers(std::string_view text) {
  for (const std::string_view word : {"nan", "inf", "NaN", "Inf"})
    if (text.find(word) != text.npos) return std::string(word);
  return "";
}

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  std::vector<Bytes> seeds;
  for (int pattern = 0; pattern < 6; ++pattern) {
    Bytes bytes;
    for (int i = 0; i < 200; ++i)
      bytes.push_back(
          static_cast<std::uint8_t>(pattern < 3 ? i * (pattern * 13 + 7) / 4 : i % (pattern + 1)));
    seeds.push_back(std::move(bytes));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  dht::DrawingOptions options;
  options.form = choices.below(2) == 0 ? dht::Form::stacked : dht::Form::flat;
  options.seams = static_cast<dht::Seams>(choices.below(4));
  options.one_path_a_color = choices.below(2) == 1;
  options.economical_colors = choices.below(2) == 1;
  options.fixed_size = choices.below(2) == 1;
  options.fit.strokes = static_cast<dht::Strokes>(choices.below(3));
  options.fit.tolerance = choices.below(2) * choices.between(0, 4);
  options.fit.grid = 1 << choices.below(3);
  options.fit.byte_price = choices.between(0, 1000);

  dht::test::RandomLabels map{1 + choices.below(20), 1 + choices.below(20), 0, {}};
  const int labels = 1 + choices.below(12);
  std::vector<std::int32_t> number(static_cast<std::size_t>(labels), -1);
  for (int p = 0; p < map.height * map.width; ++p) {
    std::int32_t& label = number[static_cast<std::size_t>(choices.below(labels))];
    if (label < 0) label = map.regions++;
    map.labels.push_back(label);
  }
  const dht::Fills fills = dht::test::distinct_fills(map.regions);
  const std::string text = dht::drawing(map.view(), fills, options);
  dht::fuzz::expect_none(fault_of_xml(text), "XML");
  dht::fuzz::expect_none(fault_of_numbers(text), "numbers");
  const auto shapes = dht::test::read_drawing(text);
  const double grid = options.fit.grid;
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      const int shape = dht::test::seen_at(shapes, {(x + 0.5) * grid, (y + 0.5) * grid});
      if (options.form == dht::Form::stacked) expect(shape >= 0, "no pixel is bare");
      if (options.fit.tolerance > 0) continue;
      const auto label = static_cast<std::size_t>(map.labels[static_cast<std::size_t>(y * map.width + x)]);
      std::string colour;
      dht::detail::append_color(colour, fills.color[label]);
      expect(shape >= 0 && shapes[static_cast<std::size_t>(shape)].fill == colour, "a pixel has its colour");
    }
  return 0;
}
