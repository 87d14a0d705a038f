// SPDX-License-Identifier: MIT
// A picture of which classes were taken for which.
#include "confusion_chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <dht/core/error.hpp>
#include <dht/vector/svg.hpp>

namespace dht::examples {
namespace {

constexpr int least_field = 46, least_margin = 118, top = 62;  // pixels

/// Room for text of so many characters, in pixels; bold ones are no wider on average.
int room_for(std::size_t characters) { return 8 * static_cast<int>(characters); }

/// From white to dark blue.
std::string colour_of(double share) {
  const auto mix = [&](int light, int dark) {
    return static_cast<int>(std::lround(light + share * (dark - light)));
  };
  char text[16];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mix(255, 22), mix(255, 72), mix(255, 128));
  return text;
}

std::string text_at(int x, int y, const std::string& anchor, const std::string& what,
                    const std::string& more = "") {
  std::string out = "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" text-anchor=\"" +
                    anchor + "\"" + (more.empty() ? "" : " ") + more + ">";
  dht::detail::append_escaped(out, what);
  return out + "</text>\n";
}

}  // namespace

std::string confusion_svg(const ConfusionMatrix& matrix, const std::vector<std::string>& classes,
                          const std::string& title) {
  DHT_EXPECTS(classes.size() == matrix.classes(), "classes: are ", classes.size(), "; must be ",
              matrix.classes());
  const int n = static_cast<int>(matrix.classes());
  const std::string what_it_shows = "rows: what it is, columns: what it was taken for";
  std::size_t longest_name = 0;
  for (const std::string& name : classes) longest_name = std::max(longest_name, name.size());
  const int margin = std::max(least_margin, room_for(longest_name) + 16);
  const int field = std::max(least_field, room_for(std::to_string(matrix.total()).size()) + 4);
  const int content = std::max(n * field, room_for(std::max(title.size(), what_it_shows.size())));
  const std::string width = std::to_string(margin + content + 20),
                    height = std::to_string(top + n * field + margin);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
                    "\" viewBox=\"0 0 " + width + " " + height +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" "
                    "height=\"100%\" fill=\"#fff\"/>\n";
  svg += text_at(margin, 22, "start", title, "font-weight=\"bold\"");
  svg += text_at(margin, 44, "start", what_it_shows);
  for (int row = 0; row < n; ++row) {
    const auto truth = static_cast<std::size_t>(row);
    const int y = top + row * field;
    svg += text_at(margin - 8, y + field / 2 + 4, "end", classes[truth]);
    for (int column = 0; column < n; ++column) {
      const std::int64_t count = matrix.count(truth, static_cast<std::size_t>(column));
      const std::int64_t all = matrix.of_class(truth);
      const double share = all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
      const int x = margin + column * field;
      svg += "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
             std::to_string(field) + "\" height=\"" + std::to_string(field) + "\" fill=\"" +
             colour_of(share) + "\" stroke=\"#ddd\"/>\n";
      if (count > 0)
        svg += text_at(x + field / 2, y + field / 2 + 4, "middle", std::to_string(count),
                       share > 0.5 ? "fill=\"#fff\"" : "");
    }
  }
  for (int column = 0; column < n; ++column) {
    const int x = margin + column * field + field / 2 + 4, y = top + n * field + 10;
    svg += text_at(x, y, "end", classes[static_cast<std::size_t>(column)],
                   "transform=\"rotate(-50 " + std::to_string(x) + "," + std::to_string(y) + ")\"");
  }
  return svg + "</svg>\n";
}

}  // namespace dht::examples
