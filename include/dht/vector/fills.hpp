// SPDX-License-Identifier: MIT
// What regions are filled with: their typical or mean colour, or nothing where the picture is transparent.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/core/cielab.hpp>
#include <dht/core/error.hpp>
#include <dht/core/list.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/arcs.hpp>

namespace dht {

/// Red, green, blue, sRGB.
using Color = std::array<std::uint8_t, 3>;

/// In which light colours are averaged.
enum class Light {
  srgb,    ///< Of the stored values: the least squared error of the picture, what PSNR measures.
  linear,  ///< Of the light that they stand for: as bright as the region seen from afar.
};

/// Colours that change along a line: `first` at `from` and before, `last` at `to` and behind, between them in steps of the
/// stored values. Places in pixels.
struct Gradient {
  Point from, to;
  Color first{}, last{};
};

/// One entry a region in every array.
struct Fills {
  List<Color> color;
  /// 0: the region is no shape, what lies behind shows. Empty: all regions are shapes.
  List<std::uint8_t> visible;
  /// Pixels of each region, for decisions about what a byte may buy; empty when unknown.
  List<std::int32_t> pixels;
  /// Number of each region's gradient, -1: its colour. Empty: all have their colour.
  List<std::int32_t> gradient_of = {};
  List<Gradient> gradients = {};
  /// How opaque each region is, in hundredths. Empty: all wholly.
  List<std::uint8_t> opacity = {};

  std::int32_t size() const { return static_cast<std::int32_t>(color.size()); }
  bool shows(std::int32_t region) const { return visible.empty() || visible[region] != 0; }
  bool plain(std::int32_t region) const { return gradient_of.empty() || gradient_of[region] < 0; }
  bool opaque(std::int32_t region) const { return opacity.empty() || opacity[region] == 100; }
};

namespace detail {

inline void check_labels_of(const Picture& picture, LabelView labels) {
  check(picture, "picture");
  DHT_EXPECTS(labels.data != nullptr && labels.height == picture.height && labels.width == picture.width,
              "labels: are ", labels.height, " x ", labels.width, "; must be ", picture.height, " x ",
              picture.width, " like the picture");
}

inline void check_labels_below(LabelView labels, std::int32_t regions) {
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x)
      DHT_EXPECTS(labels(y, x) >= 0 && labels(y, x) < regions, "labels: is ", labels(y, x), " at row ", y,
                  ", column ", x, "; must be between 0 and ", regions - 1);
}

/// The light that each stored value stands for, 0 to 1 (IEC 61966-2-1).
inline const std::array<double, 256>& srgb_light() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> light{};
    for (std::size_t i = 0; i < 256; ++i) light[i] = srgb_to_linear(double(i) / 255.0);
    return light;
  }();
  return table;
}

/// The stored value whose light is nearest.
inline std::uint8_t srgb_value(double light) {
  const auto& table = srgb_light();
  const auto above = std::lower_bound(table.begin(), table.end(), light);
  if (above == table.begin()) return 0;
  if (above == table.end()) return 255;
  const auto i = static_cast<std::size_t>(above - table.begin());
  return static_cast<std::uint8_t>(light - table[i - 1] < table[i] - light ? i - 1 : i);
}

}  // namespace detail

/// Each region's mean colour. Labels lie in 0 .. regions-1. Where the picture has alpha, pixels weigh by it, regions have its
/// mean as opacity, and those that are less than half a hundredth opaque do not show. Throws when picture and labels differ in
/// size, and when a label is out of range.
inline Fills mean_fills(const Picture& picture, LabelView labels, std::int32_t regions,
                        Light light = Light::srgb) {
  detail::check_labels_of(picture, labels);
  DHT_EXPECTS(regions > 0, "regions: is ", regions, "; must be at least 1");
  // Light is summed in steps of 2^-32, or of 2^-24 where alpha multiplies it: integers add up the same in any order.
  const double steps = picture.alpha.empty() ? 4294967296.0 : 16777216.0;
  Array<std::int64_t, 256> value;
  for (int i = 0; i < 256; ++i)
    value[i] = light == Light::srgb ? i : std::llround(detail::srgb_light()[std::size_t(i)] * steps);
  // Steps of a 255th for pixels that are not wholly opaque.
  List<std::array<std::int64_t, 3>> sums(regions);
  List<std::int64_t> weight(sums.size());
  Fills fills{List<Color>(sums.size()), {}, List<std::int32_t>(sums.size())};
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) {
      const std::int32_t label = labels(y, x);
      DHT_EXPECTS(label >= 0 && label < regions, "labels: is ", label, " at row ", y, ", column ", x,
                  "; must be between 0 and ", regions - 1);
      const std::uint8_t* pixel = picture.pixel(y, x);
      const std::int64_t alpha = picture.alpha.empty() ? 1 : picture.alpha_at(y, x);
      for (std::size_t c = 0; c < 3; ++c) sums[label][c] += alpha * value[pixel[c]];
      weight[label] += alpha;
      ++fills.pixels[label];
    }
  for (std::size_t r = 0; r < sums.size(); ++r) {
    const std::int64_t n = std::max<std::int64_t>(weight[r], 1);
    for (std::size_t c = 0; c < 3; ++c)
      fills.color[r][c] = light == Light::srgb ? static_cast<std::uint8_t>((2 * sums[r][c] + n) / (2 * n))
                                               : detail::srgb_value(double(sums[r][c]) / double(n) / steps);
  }
  if (picture.alpha.empty()) return fills;
  for (std::size_t r = 0; r < sums.size(); ++r) {
    const std::int64_t whole = 255 * std::max<std::int64_t>(fills.pixels[r], 1);
    fills.opacity.push_back(static_cast<std::uint8_t>((200 * weight[r] + whole) / (2 * whole)));
    fills.visible.push_back(fills.opacity.back() > 0);
  }
  return fills;
}

/// Each region's typical colour: the one that more than half of its pixels have exactly, with its opacity, else the mean.
/// Where shapes are of one colour each and their edges blended, as in logos, means would be off by what is blended in. Throws
/// as mean_fills does.
inline Fills typical_fills(const Picture& picture, LabelView labels, std::int32_t regions,
                           Light light = Light::srgb) {
  Fills fills = mean_fills(picture, labels, regions, light);
  // The only colour that may have the majority is left when pixels of different ones cancel each other (Boyer and Moore
  // 1991).
  using ColorAndAlpha = std::array<std::uint8_t, 4>;
  struct Candidate {
    ColorAndAlpha color{};
    std::int32_t left = 0, pixels = 0;
  };
  List<Candidate> candidate(fills.color.size());
  const auto for_each_pixel = [&](const auto& function) {
    for (int y = 0; y < labels.height; ++y)
      for (int x = 0; x < labels.width; ++x) {
        const std::uint8_t* pixel = picture.pixel(y, x);
        function(candidate[labels(y, x)],
                 ColorAndAlpha{pixel[0], pixel[1], pixel[2], picture.alpha_at(y, x)});
      }
  };
  for_each_pixel([](Candidate& c, const ColorAndAlpha& color) {
    if (c.left == 0) c.color = color;
    c.left += c.color == color ? 1 : -1;
  });
  for_each_pixel([](Candidate& c, const ColorAndAlpha& color) { c.pixels += c.color == color; });
  for (std::size_t r = 0; r < candidate.size(); ++r)
    if (const auto [color, left, pixels] = candidate[r]; pixels > fills.pixels[r] / 2) {
      fills.color[r] = {color[0], color[1], color[2]};
      if (!fills.opacity.empty()) fills.opacity[r] = static_cast<std::uint8_t>((200 * color[3] + 255) / 510);
      if (!fills.opacity.empty()) fills.visible[r] = fills.opacity[r] > 0;
    }
  return fills;
}

namespace detail {

/// What a hexadecimal digit costs compressed, in 1/64 bytes: decimal digits are all over a drawing's paths, letters are
/// not. Measured on drawings of photos.
inline constexpr std::int64_t bytes_decimal = 36, bytes_letter = 58;
/// What a path of its own costs compressed beside its data, in bytes.
inline constexpr std::int64_t bytes_path = 6;

inline std::int64_t digit_bytes(int digit) { return digit < 10 ? bytes_decimal : bytes_letter; }

/// The value of one channel that is cheapest in squared error and text, and what it costs (in 1/64 units of error).
struct ChannelChoice {
  int value = 0;
  std::int64_t cost = 0;
};

inline ChannelChoice choose_channel(int value, std::int64_t pixels, std::int64_t price, bool one_digit) {
  ChannelChoice best{0, std::numeric_limits<std::int64_t>::max()};
  const int first = one_digit ? 0 : std::max(value - 8, 0), last = one_digit ? 255 : std::min(value + 8, 255);
  for (int v = first; v <= last; v += one_digit ? 17 : 1) {
    const std::int64_t text = digit_bytes(v / 16) + (one_digit ? 0 : digit_bytes(v % 16));
    const std::int64_t cost = 64 * pixels * (v - value) * (v - value) + price * text;
    if (cost < best.cost) best = {v, cost};
  }
  return best;
}

/// Regions that share a colour.
struct SharedColor {
  std::array<std::int64_t, 3> sum{};  ///< over pixels
  std::int64_t pixels = 0;

  int mean(std::size_t channel) const { return static_cast<int>((2 * sum[channel] + pixels) / (2 * pixels)); }
};

/// The cheapest colour for so many pixels with that mean, in squared error and text.
inline Color cheapest_color(const SharedColor& shared, std::int64_t price) {
  std::array<Color, 2> candidate;
  std::array<std::int64_t, 2> cost{};
  for (std::size_t form = 0; form < 2; ++form)
    for (std::size_t c = 0; c < 3; ++c) {
      const auto choice = choose_channel(shared.mean(c), shared.pixels, price, form == 1);
      candidate[form][c] = static_cast<std::uint8_t>(choice.value);
      cost[form] += choice.cost;
    }
  return candidate[cost[1] < cost[0]];
}

/// Which regions share a colour, -1 for those that show none: from the largest region on, each takes the nearest colour so
/// far where that adds at most `most` to the squared error, else its own.
inline List<std::int32_t> share_colors(const Fills& fills, std::int64_t most, List<SharedColor>& shared) {
  List<std::int32_t> order, shared_of(fills.color.size(), -1);
  for (std::int32_t r = 0; r < fills.size(); ++r)
    if (fills.pixels[r] > 0 && fills.shows(r) && fills.plain(r) && fills.opaque(r)) order.push_back(r);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return fills.pixels[a] > fills.pixels[b]; });
  std::array<List<std::int32_t>, 3> mean;  // of each shared colour
  for (const std::int32_t r : order) {
    const Color& color = fills.color[r];
    std::int32_t nearest = -1;
    std::int32_t least = std::numeric_limits<std::int32_t>::max();
    for (std::size_t i = 0; most >= 0 && i < shared.size(); ++i) {
      std::int32_t sum = 0;
      for (std::size_t c = 0; c < 3; ++c) sum += (mean[c][i] - color[c]) * (mean[c][i] - color[c]);
      if (sum < least) least = sum, nearest = static_cast<std::int32_t>(i);
    }
    if (nearest < 0 || std::int64_t{least} * fills.pixels[r] > most) {
      nearest = static_cast<std::int32_t>(shared.size());
      shared.emplace_back();
      for (std::size_t c = 0; c < 3; ++c) mean[c].push_back(color[c]);
    }
    shared_of[r] = nearest;
    for (std::size_t c = 0; c < 3; ++c) shared[nearest].sum[c] += std::int64_t{color[c]} * fills.pixels[r];
    shared[nearest].pixels += fills.pixels[r];
    for (std::size_t c = 0; c < 3; ++c) mean[c][nearest] = shared[nearest].mean(c);
  }
  return shared_of;
}

}  // namespace detail

/// Moves colours a little to where they take less text: `byte_price` is the squared error (three channels, 0 to 255, summed
/// over the region's pixels) that a byte of compressed text is worth. With `share` regions take the colour of a larger one
/// where that is worth a path of their own, which equal colours are spared. Without numbers of pixels nothing changes.
inline void economise_colors(Fills& fills, double byte_price, bool share = false) {
  if (fills.pixels.empty()) return;
  const auto price = static_cast<std::int64_t>(byte_price);
  List<detail::SharedColor> shared;
  const auto shared_of = detail::share_colors(fills, share ? detail::bytes_path * price : -1, shared);
  List<Color> colors;
  for (const auto& s : shared) colors.push_back(detail::cheapest_color(s, price));
  for (std::size_t r = 0; r < fills.color.size(); ++r)
    if (shared_of[r] >= 0) fills.color[r] = colors[shared_of[r]];
}

/// What a byte of text should be worth in squared error for a drawing of these regions: about as much as another region
/// would buy. From the error that flat regions have, where they show, and the twenty bytes that one takes on average.
inline double balanced_byte_price(const Picture& picture, LabelView labels, const Fills& fills) {
  detail::check_labels_of(picture, labels);
  detail::check_labels_below(labels, fills.size());
  std::int64_t error = 0;
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) {
      const std::uint8_t* pixel = picture.pixel(y, x);
      if (!fills.shows(labels(y, x))) continue;
      const Color& color = fills.color[labels(y, x)];
      for (std::size_t c = 0; c < 3; ++c) error += (pixel[c] - color[c]) * (pixel[c] - color[c]);
    }
  return double(error) / (20.0 * std::max(fills.size(), 1));
}

/// Labels with what is transparent as a region of its own, the last.
struct SeparatedLabels {
  std::vector<std::int32_t> labels;
  /// Of all, the transparent one included.
  std::int32_t regions = 0;
};

/// Takes pixels that are not `opaque` out of their regions and gives them the label `regions`; a region that has lost all
/// keeps its label and has no pixels. Then `visible` is to be 0 for the last region. Throws when the sizes differ.
inline SeparatedLabels separate_transparent(LabelView labels, std::int32_t regions,
                                            PlaneView<const std::uint8_t> opaque) {
  DHT_EXPECTS(opaque.data != nullptr && labels.height == opaque.height && labels.width == opaque.width,
              "opaque: is ", opaque.height, " x ", opaque.width, "; must be ", labels.height, " x ",
              labels.width, " like the labels");
  SeparatedLabels separated{{}, regions + 1};
  separated.labels.reserve(static_cast<std::size_t>(labels.pixels()));
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) separated.labels.push_back(opaque(y, x) ? labels(y, x) : regions);
  return separated;
}

}  // namespace dht
