// SPDX-License-Identifier: MIT
// Pictures of label maps and hierarchies: boundaries, mean colours, levels side by side, how high boundaries survive.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/regions/properties.hpp>

namespace dht {

/// How boundaries are drawn.
struct BoundaryStyle {
  /// The line's colour, sRGB. Without one it is light where the photo is dark and dark where it is light.
  std::optional<std::array<std::uint8_t, 3>> colour;
  /// Each pixel of the photo becomes zoom x zoom pixels, from 1 up; the line stays one pixel wide.
  int zoom = 1;
};

/// How the levels of a hierarchy are laid out.
struct LevelsStyle {
  int most = 6;    ///< at most so many levels, spread evenly from the finest to the coarsest
  int gap = 8;     ///< pixels of white between them
  int shrink = 1;  ///< each picture is made so many times smaller, its pixels the means of what they cover
};

namespace detail {

/// The photo with a quarter of its contrast, and dark, where the label is -1, outside of a mask. Checks all labels.
inline Picture dimmed_outside(Picture picture, LabelView labels) {
  check_memory(labels);
  for (int y = 0; y < labels.height; ++y) {
    for (int x = 0; x < labels.width; ++x) {
      DHT_EXPECTS(labels(y, x) >= -1, "labels: hold ", labels(y, x), " at row ", y, ", column ", x,
                  "; must be at least 0, or -1 outside of a mask");
      if (labels(y, x) >= 0) continue;
      std::uint8_t* to = picture.pixel(y, x);
      for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(to[c] / 4 + 16);
    }
  }
  return picture;
}

inline Picture enlarged(const Picture& picture, int zoom) {
  Picture large(picture.height * zoom, picture.width * zoom);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x)
      std::copy_n(picture.pixel(y / zoom, x / zoom), 3, large.pixel(y, x));
  }
  return large;
}

inline Picture shrunken(const Picture& picture, int by) {
  if (by == 1) return picture;
  Picture small((picture.height + by - 1) / by, (picture.width + by - 1) / by);
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width; ++x) {
      std::array<std::int64_t, 3> sum{};
      const int bottom = std::min((y + 1) * by, picture.height),
                right = std::min((x + 1) * by, picture.width);
      for (int v = y * by; v < bottom; ++v) {
        for (int u = x * by; u < right; ++u) {
          for (std::size_t c = 0; c < 3; ++c) sum[c] += picture.pixel(v, u)[c];
        }
      }
      const std::int64_t pixels = std::int64_t{bottom - y * by} * (right - x * by);
      for (std::size_t c = 0; c < 3; ++c) {
        small.pixel(y, x)[c] = static_cast<std::uint8_t>((2 * sum[c] + pixels) / (2 * pixels));
      }
    }
  }
  return small;
}

/// How light the photo is around every pixel, 0 to 255: the mean of (2 red + 5 green + blue) / 8 over a square of
/// 2 * radius + 1 pixels, cut off at the picture's border.
inline std::vector<std::uint8_t> lightness_around(const Picture& photo, int radius) {
  const int height = photo.height, width = photo.width;
  std::vector<std::int64_t> column(static_cast<std::size_t>(width), 0);  // sums of the rows in the square
  const auto add_row = [&](int y, int sign) {
    if (y < 0 || y >= height) return;
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* p = photo.pixel(y, x);
      column[static_cast<std::size_t>(x)] += sign * (2 * p[0] + 5 * p[1] + p[2]);
    }
  };
  std::vector<std::uint8_t> lightness(static_cast<std::size_t>(height) * static_cast<std::size_t>(width));
  for (int y = 0; y < radius; ++y) add_row(y, 1);
  for (int y = 0; y < height; ++y) {
    add_row(y + radius, 1);
    add_row(y - radius - 1, -1);
    const std::int64_t rows = std::min(y + radius, height - 1) - std::max(y - radius, 0) + 1;
    std::int64_t sum = 0;
    for (int x = 0; x < std::min(radius, width); ++x) sum += column[static_cast<std::size_t>(x)];
    for (int x = 0; x < width; ++x) {
      if (x + radius < width) sum += column[static_cast<std::size_t>(x + radius)];
      if (x - radius - 1 >= 0) sum -= column[static_cast<std::size_t>(x - radius - 1)];
      const std::int64_t columns = std::min(x + radius, width - 1) - std::max(x - radius, 0) + 1;
      lightness[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] =
          static_cast<std::uint8_t>(sum / (8 * rows * columns));
    }
  }
  return lightness;
}

/// Calls put(y, x, photo_y, photo_x) for every pixel of the enlarged picture that belongs to a boundary: the last row
/// and column of a pixel's square where the pixel below or to the right has another label.
template <class Put>
void for_each_boundary_pixel(LabelView labels, int zoom, const Put& put) {
  const int last = zoom - 1;
  for (int y = 0; y < labels.height; ++y) {
    const bool has_below = y + 1 < labels.height;
    for (int x = 0; x < labels.width; ++x) {
      const bool has_right = x + 1 < labels.width;
      const std::int32_t here = labels(y, x);
      const bool right = has_right && labels(y, x + 1) != here, below = has_below && labels(y + 1, x) != here;
      // Where lines meet at the square's corner. Without zoom that corner is the whole pixel, and lines get thick.
      const bool corner = zoom > 1 && has_right && has_below && labels(y + 1, x + 1) != here;
      for (int i = 0; right && i < last; ++i) put(y * zoom + i, x * zoom + last, y, x);
      for (int i = 0; below && i < last; ++i) put(y * zoom + last, x * zoom + i, y, x);
      if (right || below || corner) put(y * zoom + last, x * zoom + last, y, x);
    }
  }
}

/// Sums of red, green, blue and pixels of every region of a level, from those one level below.
template <class S>
std::vector<std::array<std::int64_t, 4>> sums_above(const Hierarchy<S>& tree, int level,
                                                    const std::vector<std::array<std::int64_t, 4>>& below) {
  std::vector<std::array<std::int64_t, 4>> sums(static_cast<std::size_t>(tree.regions(level)));
  const std::int64_t first = tree.node(level - 1, 0);
  for (std::size_t r = 0; r < below.size(); ++r) {
    auto& sum = sums[static_cast<std::size_t>(tree.parent[static_cast<std::size_t>(first) + r])];
    for (std::size_t c = 0; c < 4; ++c) sum[c] += below[r][c];
  }
  return sums;
}

}  // namespace detail

/// The boundaries between regions, a line of one pixel over the photo. The line lies on the upper or left one of the
/// two pixels that it parts. Pixels of label -1, outside of a mask, are dimmed.
inline Picture draw_boundaries(const Picture& photo, LabelView labels, const BoundaryStyle& style = {}) {
  check(photo, "photo");
  detail::check_same_size("photo", photo.height, photo.width, labels);
  DHT_EXPECTS(style.zoom >= 1 && style.zoom <= 16, "zoom: is ", style.zoom, "; must be 1 to 16");
  const Picture dimmed = detail::dimmed_outside(photo, labels);
  Picture picture = detail::enlarged(dimmed, style.zoom);
  std::vector<std::uint8_t> lightness;
  if (!style.colour) lightness = detail::lightness_around(dimmed, 6);
  detail::for_each_boundary_pixel(labels, style.zoom, [&](int y, int x, int photo_y, int photo_x) {
    std::uint8_t* to = picture.pixel(y, x);
    if (style.colour) {
      std::copy_n(style.colour->data(), 3, to);
      return;
    }
    const bool dark = lightness[static_cast<std::size_t>(photo_y) * static_cast<std::size_t>(photo.width) +
                                static_cast<std::size_t>(photo_x)] < 120;
    // Three quarters of the way to white or to black: a little of the photo shines through.
    for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>((to[c] + (dark ? 3 * 255 : 0) + 2) / 4);
  });
  return picture;
}

/// Every region in its mean colour (see `mean_colours`), one for each number 0 ... count - 1; white where the label is
/// -1, outside of a mask.
inline Picture paint_means(const Picture& photo, LabelView labels, std::int32_t count) {
  check(photo, "photo");
  const auto colours = mean_colours(photo, labels, count);
  Picture picture(photo.height, photo.width);
  std::fill(picture.rgb.begin(), picture.rgb.end(), std::uint8_t{255});
  for (int y = 0; y < labels.height; ++y) {
    for (int x = 0; x < labels.width; ++x) {
      if (labels(y, x) < 0) continue;
      std::copy_n(colours[static_cast<std::size_t>(labels(y, x))].data(), 3, picture.pixel(y, x));
    }
  }
  return picture;
}

/// The levels that are worth a picture, at most `most`, fine to coarse: from level 1 to the last but one (the last is
/// one region, the pixels are the photo), evenly spread; only the last where there is nothing between.
inline std::vector<int> levels_to_show(int levels, int most) {
  DHT_EXPECTS(levels >= 2, "levels: are ", levels, "; must be at least 2, the pixels and the whole");
  DHT_EXPECTS(most >= 1, "most: is ", most, "; must be at least 1");
  const int available = std::max(levels - 2, 1), shown = std::min(most, available);
  std::vector<int> chosen;
  for (int i = 0; i < shown; ++i) {
    chosen.push_back(shown == 1 ? available : 1 + (2 * i * (available - 1) + shown - 1) / (2 * (shown - 1)));
  }
  return chosen;
}

/// Levels of the hierarchy side by side, each region in its mean colour, row by row from fine to coarse.
template <class S>
Picture draw_levels(const Picture& photo, const Hierarchy<S>& tree, const LevelsStyle& style = {}) {
  check(photo, "photo");
  DHT_EXPECTS(tree.levels() > 0, "hierarchy: is empty; build it first");
  DHT_EXPECTS(photo.height == tree.height && photo.width == tree.width, "photo: is ", photo.height, " x ",
              photo.width, "; must be ", tree.height, " x ", tree.width, " like the hierarchy");
  DHT_EXPECTS(style.gap >= 0 && style.gap <= 1000, "gap: is ", style.gap, "; must be 0 to 1000");
  DHT_EXPECTS(style.shrink >= 1, "shrink: is ", style.shrink, "; must be at least 1");
  const std::vector<int> shown = levels_to_show(tree.levels(), style.most);
  const int count = static_cast<int>(shown.size());
  int columns = 1;
  while (columns * columns < count) ++columns;
  const int rows = (count + columns - 1) / columns;
  const int height = (photo.height + style.shrink - 1) / style.shrink,
            width = (photo.width + style.shrink - 1) / style.shrink;
  Picture sheet(rows * height + (rows - 1) * style.gap, columns * width + (columns - 1) * style.gap);
  std::fill(sheet.rgb.begin(), sheet.rgb.end(), std::uint8_t{255});

  const std::int64_t pixels = tree.pixels();
  const std::int32_t* finest = tree.pixel_parent.data();
  std::vector<std::array<std::int64_t, 4>> sums(static_cast<std::size_t>(tree.regions(1)));
  for (std::int64_t p = 0; p < pixels; ++p) {
    auto& sum = sums[static_cast<std::size_t>(finest[p])];
    for (std::size_t c = 0; c < 3; ++c) sum[c] += photo.rgb[static_cast<std::size_t>(p) * 3 + c];
    ++sum[3];
  }
  for (int i = 0, level = 1; i < count; ++i) {
    for (; level < shown[static_cast<std::size_t>(i)]; ++level)
      sums = detail::sums_above(tree, level + 1, sums);
    const std::vector<std::int32_t> up = tree.ancestors(1, level);
    Picture painted(photo.height, photo.width);
    for (std::int64_t p = 0; p < pixels; ++p) {
      const auto& sum = sums[static_cast<std::size_t>(up[static_cast<std::size_t>(finest[p])])];
      for (std::size_t c = 0; c < 3; ++c) {
        painted.rgb[static_cast<std::size_t>(p) * 3 + c] =
            static_cast<std::uint8_t>((2 * sum[c] + sum[3]) / (2 * sum[3]));
      }
    }
    const Picture panel = detail::shrunken(painted, style.shrink);
    const int top = i / columns * (height + style.gap), left = i % columns * (width + style.gap);
    for (int y = 0; y < height; ++y) std::copy_n(panel.pixel(y, 0), 3 * width, sheet.pixel(top + y, left));
  }
  return sheet;
}

/// The highest level at which two pixels lie in different regions, 0 where only the pixels differ. `a` and `b` are their
/// regions at level 1.
template <class S>
int last_level_apart(const Hierarchy<S>& tree, std::int32_t a, std::int32_t b) {
  int level = 0;
  while (a != b) {
    const auto first = static_cast<std::size_t>(tree.begin[static_cast<std::size_t>(level++)]);
    a = tree.parent[first + static_cast<std::size_t>(a)];
    b = tree.parent[first + static_cast<std::size_t>(b)];
  }
  return level;
}

/// The saliency of every boundary: the higher in the hierarchy it survives, the darker its line, by the square of
/// (level / highest level), for there are many more fine boundaries than coarse ones. Black parts regions of the last
/// level below the whole image; pixels that come together at level 1 have no line between them. The picture is
/// (2 * height - 1) x (2 * width - 1): a pixel of the image is every second one, the boundaries are between.
template <class S>
Picture draw_saliency(const Hierarchy<S>& tree) {
  DHT_EXPECTS(tree.levels() > 0, "hierarchy: is empty; build it first");
  const int height = tree.height, width = tree.width, highest = std::max(tree.levels() - 2, 1);
  const LabelView finest = plane_view(std::as_const(tree.pixel_parent).data(), height, width);
  Picture picture(2 * height - 1, 2 * width - 1);
  std::fill(picture.rgb.begin(), picture.rgb.end(), std::uint8_t{255});
  const auto ink = [&](int y, int x, int level) {
    const auto value = static_cast<std::uint8_t>(255 - 255 * level * level / (highest * highest));
    std::fill_n(picture.pixel(y, x), 3, std::min(picture.pixel(y, x)[0], value));
  };
  // A line and its two ends, so that lines meet.
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (x + 1 < width) {
        const int level = last_level_apart(tree, finest(y, x), finest(y, x + 1));
        for (int v = std::max(2 * y - 1, 0); v <= std::min(2 * y + 1, picture.height - 1); ++v)
          ink(v, 2 * x + 1, level);
      }
      if (y + 1 < height) {
        const int level = last_level_apart(tree, finest(y, x), finest(y + 1, x));
        for (int u = std::max(2 * x - 1, 0); u <= std::min(2 * x + 1, picture.width - 1); ++u)
          ink(2 * y + 1, u, level);
      }
    }
  }
  return picture;
}

}  // namespace dht
