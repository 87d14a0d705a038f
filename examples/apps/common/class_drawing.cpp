// SPDX-License-Identifier: MIT
// Classes drawn over a photo.
#include "class_drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <dht/core/error.hpp>

namespace dht::examples {
namespace {

constexpr int gap = 4;

/// Hues a golden section apart, so that neighbours in number are far apart in colour.
std::array<double, 3> colour_of(std::int32_t label) {
  const double hue = std::fmod(0.02 + 0.61803398875 * label, 1.0) * 6, light = label % 2 == 0 ? 255 : 200;
  std::array<double, 3> rgb{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double away = std::abs(std::fmod(hue + 6 - 2 * static_cast<double>(c), 6.0) - 3);
    rgb[c] = light * std::clamp(away - 1, 0.0, 1.0);
  }
  return rgb;
}

/// Every pixel of a panel: half the photo, half its class; all the class's where another class begins.
void draw_panel(const Picture& photo, const std::vector<std::int32_t>& labels, int zoom, int left,
                Picture& to) {
  const auto label = [&](int y, int x) {
    return labels[static_cast<std::size_t>(y) * static_cast<std::size_t>(photo.width) +
                  static_cast<std::size_t>(x)];
  };
  for (int y = 0; y < photo.height * zoom; ++y) {
    for (int x = 0; x < photo.width * zoom; ++x) {
      const int row = y / zoom, column = x / zoom;
      const std::uint8_t* const from = photo.pixel(row, column);
      std::uint8_t* const out = to.pixel(y, left + x);
      const std::int32_t here = labels.empty() ? -1 : label(row, column);
      if (here < 0) {
        std::copy_n(from, 3, out);
        continue;
      }
      const bool ends = (column + 1 < photo.width && (x + 1) % zoom == 0 && label(row, column + 1) != here) ||
                        (row + 1 < photo.height && (y + 1) % zoom == 0 && label(row + 1, column) != here);
      const std::array<double, 3> colour = colour_of(here);
      for (std::size_t c = 0; c < 3; ++c)
        out[c] = static_cast<std::uint8_t>(ends ? 255 : std::lround(0.5 * from[c] + 0.5 * colour[c]));
    }
  }
}

}  // namespace

Picture draw_classes(const Picture& photo, const std::vector<std::int32_t>& answers,
                     const std::vector<std::int32_t>& truth, int zoom) {
  const auto pixels = static_cast<std::size_t>(photo.height) * static_cast<std::size_t>(photo.width);
  DHT_EXPECTS(answers.size() == pixels, "answers: are ", answers.size(), "; must be ", pixels,
              ", one a pixel of the photo");
  DHT_EXPECTS(truth.empty() || truth.size() == pixels, "truth: has ", truth.size(), " numbers; must have ",
              pixels, ", one a pixel of the photo");
  const int panels = truth.empty() ? 2 : 3, across = photo.width * zoom + gap;
  Picture picture(photo.height * zoom, panels * across - gap);
  std::fill(picture.rgb.begin(), picture.rgb.end(), 255);
  draw_panel(photo, {}, zoom, 0, picture);
  draw_panel(photo, answers, zoom, across, picture);
  if (!truth.empty()) draw_panel(photo, truth, zoom, 2 * across, picture);
  return picture;
}

}  // namespace dht::examples
