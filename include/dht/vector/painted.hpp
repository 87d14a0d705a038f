// SPDX-License-Identifier: MIT
// A drawing's text painted as renderers do that blend edges by the share of a pixel that a shape covers: what it looks like at
// the picture's own size, and how far from the picture that is. In integers, so that it is the same with every compiler.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/list.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/arc_reach.hpp>
#include <dht/vector/arcs.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/round_arcs.hpp>

namespace dht {

/// What a drawing looks like: height x width pixels, red, green, blue and opacity, 0 to 255, colours times opacity.
struct PaintedDrawing {
  int height = 0, width = 0;
  List<std::array<std::uint8_t, 4>> pixel;
};

namespace detail {

/// Which share of each pixel closed polygons cover. Points are in 1/256 pixels.
class PixelCoverage {
 public:
  static constexpr std::int32_t whole = 4096;  ///< of a pixel

  PixelCoverage(int height, int width)
      : height_(height),
        width_(width),
        stride_(std::int64_t{width} + 2),
        words_(stride_ / 64 + 1),
        change_(stride_ * height),
        changed_(words_ * height) {}

  /// An edge of a polygon. What is outside of the canvas counts as on its border.
  void edge(Point a, Point b) {
    a = on_canvas(a), b = on_canvas(b);
    if (a.y == b.y) return;
    const int down = a.y < b.y ? 1 : -1;
    if (down < 0) std::swap(a, b);
    const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
    Point from = a;
    for (std::int32_t y = a.y >> 8; from.y < b.y; ++y) {
      Point to{b.x, std::min((y + 1) << 8, b.y)};
      if (to.y < b.y) to.x = a.x + static_cast<std::int32_t>(floor_divide((to.y - a.y) * dx, dy));
      from.x <= to.x ? cross_row(y, from, to, down) : cross_row(y, to, from, down);
      from = to;
    }
    top_ = std::min(top_, a.y >> 8), bottom_ = std::max(bottom_, (b.y - 1) >> 8);
  }

  /// Calls use(y, first, last, share) for runs of pixels that are covered alike, and begins anew.
  template <class Use>
  void take(const Use& use) {
    for (std::int32_t y = top_; y <= bottom_; ++y) {
      std::int32_t* const change = change_.data() + stride_ * y;
      std::int32_t first = 0, sum = 0;
      for (std::int64_t w = 0; w < words_; ++w) {
        std::uint64_t& bits = changed_[words_ * y + w];
        for (; bits != 0; bits &= bits - 1) {
          const auto x = static_cast<std::int32_t>(64 * w) + std::countr_zero(bits);
          emit(y, first, std::min(x, width_), sum, use);
          first = x, sum += std::exchange(change[x], 0);
        }
      }
      emit(y, first, width_, sum, use);
    }
    top_ = height_, bottom_ = -1;
  }

 private:
  static std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
  }

  Point on_canvas(Point p) const {
    return {std::clamp(p.x, 0, width_ << 8), std::clamp(p.y, 0, height_ << 8)};
  }

  /// A part of an edge within a row, from left to right; `sign` is 1 where the edge leads down, otherwise -1.
  void cross_row(std::int32_t y, Point a, Point b, int sign) {
    const std::int32_t dx = b.x - a.x, dy = b.y - a.y;
    Point from = a;
    for (std::int32_t x = a.x >> 8; from.x < b.x || from == a; ++x) {
      Point to{std::min((x + 1) << 8, b.x), b.y};
      if (to.x < b.x) to.y = a.y + static_cast<std::int32_t>(floor_divide(std::int64_t{to.x - a.x} * dy, dx));
      const std::int32_t left = x << 8, height = std::abs(to.y - from.y) * sign,
                         right = from.x - left + to.x - left;
      add(y, x, height * (512 - right)), add(y, x + 1, height * right);
      if (to.x == b.x) return;
      from = to;
    }
  }

  void add(std::int32_t y, std::int32_t x, std::int32_t amount) {
    if (amount == 0) return;
    change_[stride_ * y + x] += amount;
    changed_[words_ * y + x / 64] |= std::uint64_t{1} << x % 64;
  }

  template <class Use>
  static void emit(std::int32_t y, std::int32_t first, std::int32_t last, std::int32_t sum, const Use& use) {
    const std::int32_t share = std::min(std::abs(sum) >> 5, whole);
    if (first < last && share > 0) use(y, first, last, share);
  }

  std::int32_t height_, width_;
  std::int64_t stride_, words_;
  List<std::int32_t> change_;    ///< of the share, times 2^17, from each pixel to the next
  List<std::uint64_t> changed_;  ///< bits: where it is not 0
  std::int32_t top_ = height_, bottom_ = -1;
};

/// Paints what `drawing` writes, and reads no other SVG.
class DrawingPainter {
 public:
  DrawingPainter(int height, int width)
      : height_(height),
        width_(width),
        coverage_(height, width),
        canvas_(std::size_t(height) * std::size_t(width)) {}

  PaintedDrawing run(std::string_view text) && {
    head(element(text, text.find("<svg ")));
    if (text.find("<use ") != text.npos) {
      crisp_ = true;
      shapes(text);
      crisp_ = false;
    }
    shapes(text);
    PaintedDrawing painted{height_, width_, List<std::array<std::uint8_t, 4>>(canvas_.size())};
    for (std::size_t p = 0; p < canvas_.size(); ++p)
      for (std::size_t c = 0; c < 4; ++c)
        painted.pixel[p][c] = static_cast<std::uint8_t>((canvas_[p][c] + 128) >> 8);
    return painted;
  }

 private:
  /// Red, green, blue and opacity, in 1/256, colours times opacity.
  using Paint = std::array<std::int32_t, 4>;

  static std::string_view element(std::string_view text, std::size_t at) {
    DHT_EXPECTS(at < text.size(), "text: has no <svg>; must be a drawing");
    return text.substr(at, text.find('>', at) - at);
  }

  /// The value of an attribute, empty without.
  static std::string_view value(std::string_view element, std::string_view name) {
    std::size_t at = element.find(name);
    while (at != element.npos && element.substr(at + name.size(), 2) != "=\"")
      at = element.find(name, at + 1);
    if (at == element.npos) return {};
    element.remove_prefix(at + name.size() + 2);
    return element.substr(0, element.find('"'));
  }

  static std::int32_t take_number(std::string_view& text) {
    while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    std::int32_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
  }
  static std::int32_t number(std::string_view text) { return take_number(text); }

  /// #rgb or #rrggbb.
  static Color color(std::string_view text) {
    Color color{};
    const std::size_t digits = text.size() / 3;
    for (std::size_t c = 0; c < 3; ++c) {
      std::from_chars(text.data() + 1 + c * digits, text.data() + 1 + (c + 1) * digits, color[c], 16);
      if (digits == 1) color[c] = static_cast<std::uint8_t>(color[c] * 17);
    }
    return color;
  }

  /// A number of 0 to 1 as a share.
  static std::int32_t share(std::string_view text) {
    std::int32_t sum = 0, unit = PixelCoverage::whole;
    for (const char c : text)
      if (c != '.')
        sum += (c - '0') * unit, unit /= 10;
      else
        unit = PixelCoverage::whole / 10;
    return std::min(sum, PixelCoverage::whole);
  }

  void head(std::string_view svg) {
    std::string_view box = value(svg, "viewBox");
    take_number(box), take_number(box);
    scale_ = 256 * width_ / std::max(take_number(box), 1);
    all_crisp_ = svg.find("crispEdges") != svg.npos;
  }

  void shapes(std::string_view text) {
    for (std::size_t at = 0; (at = text.find('<', at)) != text.npos; ++at) {
      const std::string_view shape = element(text, at);
      if (shape.starts_with("<path")) path(shape);
      if (!shape.starts_with("<linearGradient")) continue;
      const std::string_view first = element(text, at + shape.size() + 1);
      const std::string_view last = element(text, at + shape.size() + first.size() + 2);
      const auto place = [&](std::string_view x, std::string_view y) {
        return Point{number(value(shape, x)) * scale_, number(value(shape, y)) * scale_};
      };
      gradients_[std::string(value(shape, "id"))] = {place("x1", "y1"), place("x2", "y2"),
                                                     color(value(first, "stop-color")),
                                                     color(value(last, "stop-color"))};
    }
  }

  void path(std::string_view path) {
    outline(value(path, " d"));
    const std::string_view fill = value(path, " fill"), opacity = value(path, "fill-opacity");
    const std::int32_t opaque = opacity.empty() ? PixelCoverage::whole : share(opacity);
    const auto strength = [&](std::int32_t covered) {
      if (crisp_ || all_crisp_) covered = 2 * covered >= PixelCoverage::whole ? PixelCoverage::whole : 0;
      return covered * opaque / PixelCoverage::whole;
    };
    if (fill.starts_with("url")) {
      const Gradient& gradient = gradients_[std::string(fill.substr(5, fill.size() - 6))];
      coverage_.take([&](std::int32_t y, std::int32_t first, std::int32_t last, std::int32_t covered) {
        for (std::int32_t x = first; x < last; ++x)
          blend(y, x, x + 1, paint_at(gradient, y, x), strength(covered));
      });
    } else {
      const Color plain = color(fill);
      const Paint paint{plain[0] << 8, plain[1] << 8, plain[2] << 8, 255 << 8};
      coverage_.take([&](std::int32_t y, std::int32_t first, std::int32_t last, std::int32_t covered) {
        blend(y, first, last, paint, strength(covered));
      });
    }
  }

  void blend(std::int32_t y, std::int32_t first, std::int32_t last, const Paint& paint, std::int32_t share) {
    Paint* const row = canvas_.data() + std::int64_t{y} * width_;
    if (share == PixelCoverage::whole) {
      std::fill(row + first, row + last, paint);
      return;
    }
    for (std::int32_t x = first; x < last; ++x)
      for (std::size_t c = 0; c < 4; ++c)
        row[x][c] += ((paint[c] - row[x][c]) * share + PixelCoverage::whole / 2) >> 12;
  }

  static Paint paint_at(const Gradient& g, std::int32_t y, std::int32_t x) {
    const std::int64_t dx = g.to.x - g.from.x, dy = g.to.y - g.from.y, px = 256 * x + 128 - g.from.x,
                       py = 256 * y + 128 - g.from.y;
    const std::int64_t length2 = std::max<std::int64_t>(dx * dx + dy * dy, 1);
    const std::int64_t along = std::clamp<std::int64_t>(dx * px + dy * py, 0, length2);
    const auto t = static_cast<std::int32_t>(256 * along / length2);
    Paint paint{0, 0, 0, 255 << 8};
    for (std::size_t c = 0; c < 3; ++c) paint[c] = (g.first[c] << 8) + (g.last[c] - g.first[c]) * t;
    return paint;
  }

  /// Path data as PathText writes it.
  void outline(std::string_view data) {
    Point here, start;
    char command = 'm';
    const auto step = [&] {
      const std::int32_t x = take_number(data);
      return Point{x * scale_, take_number(data) * scale_};
    };
    const auto go = [&](Point to) { coverage_.edge(std::exchange(here, to), to); };
    while (!data.empty()) {
      if (const char c = data[0]; c >= 'a') command = c, data.remove_prefix(1);
      if (command == 'z') {
        go(start);
      } else if (command == 'm') {
        start = here = here + step();
        command = 'l';
      } else if (command == 'h') {
        go({here.x + take_number(data) * scale_, here.y});
      } else if (command == 'v') {
        go({here.x, here.y + take_number(data) * scale_});
      } else if (command == 'l') {
        go(here + step());
      } else if (command == 'c') {
        const Point a = here, b = a + step(), c = a + step(), d = a + step();
        flatten_curve(a, b, c, d, go);
        go(d);
      } else {
        const Point radii = step();
        take_number(data), take_number(data);
        const bool clockwise = take_number(data) != 0;
        const Point to = here + step();
        flatten_round({double(here.x), double(here.y), double(to.x), double(to.y), double(radii.x),
                       double(radii.y), clockwise},
                      smallest_rise, go);
        go(to);
      }
    }
  }

  static constexpr double smallest_rise = 16;  ///< of round arcs, in 1/256 pixels
  std::int32_t height_, width_, scale_ = 256;  ///< 1/256 pixels a step of the drawing's
  bool crisp_ = false, all_crisp_ = false;
  PixelCoverage coverage_;
  std::vector<Paint> canvas_;
  std::map<std::string, Gradient> gradients_;
};

}  // namespace detail

/// A text that `drawing` has written, of a picture of height x width pixels, as it is seen at that size. Strokes are not painted.
inline PaintedDrawing painted(std::string_view text, int height, int width) {
  DHT_EXPECTS(height > 0 && width > 0, "size: is ", height, " x ", width, "; must be at least 1 x 1");
  return detail::DrawingPainter(height, width).run(text);
}

/// The squared error of what is seen, three channels, summed over pixels. Where there is no colour it is the mean of that on black
/// and on white. Where `opaque` is 0 the picture has none; without data it has everywhere. Throws when sizes differ.
inline std::int64_t squared_error(const PaintedDrawing& drawing, const Picture& picture,
                                  PlaneView<const std::uint8_t> opaque = {}) {
  check(picture, "picture");
  DHT_EXPECTS(drawing.height == picture.height && drawing.width == picture.width, "drawing: is ",
              drawing.height, " x ", drawing.width, "; must be ", picture.height, " x ", picture.width,
              " like the picture");
  std::int64_t sum = 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const auto& seen = drawing.pixel[std::int64_t{y} * picture.width + x];
      const bool bare = opaque.data != nullptr && opaque(y, x) == 0;
      const std::int32_t alpha = bare ? 0 : picture.alpha_at(y, x), through = alpha - seen[3];
      for (std::size_t c = 0; c < 3; ++c) {
        const std::int32_t on_black = seen[c] - picture.pixel(y, x)[c] * alpha / 255,
                           on_white = on_black + through;
        sum += (on_black * on_black + on_white * on_white) / 2;
      }
    }
  return sum;
}

}  // namespace dht
