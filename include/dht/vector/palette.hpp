// SPDX-License-Identifier: MIT
// Few colours for many regions: a palette by median cut and k-means in CIELAB, or one that is given; and regions of one
// colour joined.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <dht/core/cielab.hpp>
#include <dht/core/error.hpp>
#include <dht/core/list.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/vector/fills.hpp>

namespace dht {

namespace detail {

using LabColor = Array<double, 3>;

/// CIELAB (D65) of an sRGB colour.
inline LabColor lab_of(const Color& color) {
  std::array<double, 3> light;
  for (std::size_t c = 0; c < 3; ++c) light[c] = srgb_to_linear(color[c] / 255.0);
  LabColor lab;
  LabScale<double>(1).to_lab(light[0], light[1], light[2], lab[0], lab[1], lab[2]);
  return lab;
}

inline double distance2(const LabColor& a, const LabColor& b) {
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum = fma(a[c] - b[c], a[c] - b[c], sum);
  return sum;
}

/// Distinct colours, how many pixels each has, and how to divide them.
class ColorClusters {
 public:
  ColorClusters(std::vector<Color> colors, std::vector<std::int64_t> pixels)
      : colors_(std::move(colors)), pixels_(std::move(pixels)), cluster_(colors_.size()) {
    for (const Color& color : colors_) lab_.push_back(lab_of(color));
  }

  /// The palette, and in `cluster` which of it each colour takes.
  std::vector<Color> run(std::int32_t count, std::vector<std::int32_t>& cluster) {
    cut(count);
    for (int round = 0; round < most_rounds && move(); ++round) find_centres();
    cluster = cluster_;
    return mean_colors();
  }

 private:
  static constexpr int most_rounds = 30;

  struct Part {
    std::vector<std::int32_t> members;
    double error = 0;  // along `axis`, which has the most
    int axis = 0;
  };

  /// Divides the part with the largest error at its mean, until there are `count`.
  void cut(std::int32_t count) {
    std::vector<std::int32_t> all(colors_.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<Part> parts{measure(std::move(all))};
    while (static_cast<std::int32_t>(parts.size()) < count) {
      const auto largest = std::max_element(parts.begin(), parts.end(),
                                            [](const Part& a, const Part& b) { return a.error < b.error; });
      if (largest->error <= 0) break;
      const Part part = std::move(*largest);
      const double middle = mean(part.members, part.axis);
      std::vector<std::int32_t> low, high;
      for (const std::int32_t i : part.members) (lab_[i][part.axis] < middle ? low : high).push_back(i);
      if (low.empty()) break;  // rounding: they are one colour
      *largest = measure(std::move(low));
      parts.push_back(measure(std::move(high)));
    }
    for (std::size_t k = 0; k < parts.size(); ++k)
      for (const std::int32_t i : parts[k].members) cluster_[i] = static_cast<std::int32_t>(k);
    centre_.resize(parts.size());
    find_centres();
  }

  double mean(const std::vector<std::int32_t>& members, int axis) const {
    double sum = 0, pixels = 0;
    for (const std::int32_t i : members) {
      sum = fma(static_cast<double>(pixels_[i]), lab_[i][axis], sum);
      pixels += static_cast<double>(pixels_[i]);
    }
    return sum / pixels;
  }

  Part measure(std::vector<std::int32_t> members) const {
    Part part;
    for (int axis = 0; axis < 3; ++axis) {
      const double middle = mean(members, axis);
      double error = 0;
      for (const std::int32_t i : members) {
        const double d = lab_[i][axis] - middle;
        error = fma(static_cast<double>(pixels_[i]) * d, d, error);
      }
      if (error > part.error) part.error = error, part.axis = axis;
    }
    part.members = std::move(members);
    if (part.members.size() < 2) part.error = 0;
    return part;
  }

  void find_centres() {
    List<LabColor> sum(centre_.size(), LabColor{});
    List<double> pixels(centre_.size(), 0.0);
    for (std::size_t i = 0; i < colors_.size(); ++i) {
      const auto weight = static_cast<double>(pixels_[i]);
      for (std::size_t c = 0; c < 3; ++c) sum[cluster_[i]][c] = fma(weight, lab_[i][c], sum[cluster_[i]][c]);
      pixels[cluster_[i]] += weight;
    }
    for (std::size_t k = 0; k < centre_.size(); ++k)
      for (std::size_t c = 0; pixels[k] > 0 && c < 3; ++c) centre_[k][c] = sum[k][c] / pixels[k];
  }

  /// Each colour to its nearest centre, the first of equally near ones. Returns whether any has moved.
  bool move() {
    bool moved = false;
    for (std::size_t i = 0; i < colors_.size(); ++i) {
      double least = std::numeric_limits<double>::infinity();
      std::int32_t nearest = 0;
      for (std::size_t k = 0; k < centre_.size(); ++k)
        if (const double d = distance2(lab_[i], centre_[k]); d < least)
          least = d, nearest = static_cast<std::int32_t>(k);
      moved |= nearest != cluster_[i];
      cluster_[i] = nearest;
    }
    return moved;
  }

  /// The colour that more than half of a cluster's pixels have, else their mean stored values, rounded to nearest: black
  /// with a few blended pixels is black.
  std::vector<Color> mean_colors() const {
    List<std::array<std::int64_t, 3>> sum(centre_.size());
    List<std::int64_t> pixels(centre_.size(), 0);
    for (std::size_t i = 0; i < colors_.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) sum[cluster_[i]][c] += pixels_[i] * colors_[i][c];
      pixels[cluster_[i]] += pixels_[i];
    }
    List<Color> palette(centre_.size());
    for (std::size_t k = 0; k < palette.size(); ++k)
      for (std::size_t c = 0; pixels[k] > 0 && c < 3; ++c)
        palette[k][c] = static_cast<std::uint8_t>((2 * sum[k][c] + pixels[k]) / (2 * pixels[k]));
    for (std::size_t i = 0; i < colors_.size(); ++i)
      if (pixels_[i] > pixels[cluster_[i]] / 2) palette[cluster_[i]] = colors_[i];
    return palette;
  }

  std::vector<Color> colors_;
  List<LabColor> lab_;
  List<std::int64_t> pixels_;
  List<std::int32_t> cluster_;
  std::vector<LabColor> centre_;
};

}  // namespace detail

/// The same regions in at most `colors` colours: median cut, then k-means, in CIELAB, each colour weighing as many pixels
/// as its regions have. Ties go to lower numbers: the same regions get the same colours everywhere. Regions that do not
/// show are left as they are. Throws for fewer than one colour, and where the fills do not say how large regions are.
inline Fills limit_colors(Fills fills, std::int32_t colors) {
  DHT_EXPECTS(colors >= 1, "colors: is ", colors, "; must be at least 1");
  DHT_EXPECTS(fills.pixels.size() == fills.color.size(), "fills: have the sizes of ", fills.pixels.size(),
              " regions; must have those of all ", fills.color.size());
  std::vector<std::int32_t> shown;
  for (std::int32_t r = 0; r < fills.size(); ++r)
    if (fills.shows(r) && fills.pixels[r] > 0) shown.push_back(r);
  std::stable_sort(shown.begin(), shown.end(),
                   [&](std::int32_t a, std::int32_t b) { return fills.color[a] < fills.color[b]; });
  std::vector<Color> distinct;
  std::vector<std::int64_t> pixels;
  List<std::int32_t> number(shown.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const Color& color = fills.color[shown[i]];
    if (distinct.empty() || distinct.back() != color) distinct.push_back(color), pixels.push_back(0);
    pixels.back() += fills.pixels[shown[i]];
    number[i] = static_cast<std::int32_t>(distinct.size()) - 1;
  }
  if (static_cast<std::int64_t>(distinct.size()) <= colors) return fills;
  List<std::int32_t> cluster;
  const List<Color> palette =
      detail::ColorClusters(std::move(distinct), std::move(pixels)).run(colors, cluster);
  for (std::size_t i = 0; i < shown.size(); ++i) fills.color[shown[i]] = palette[cluster[number[i]]];
  return fills;
}

/// The same regions, each in the nearest of these colours in CIELAB, the first of equally near ones: a palette that was made
/// for others. Regions that do not show are left as they are. Throws for no colours.
inline Fills nearest_colors(Fills fills, std::span<const Color> palette) {
  DHT_EXPECTS(!palette.empty(), "palette: is empty; must be at least one colour");
  std::vector<detail::LabColor> labs;
  for (const Color& color : palette) labs.push_back(detail::lab_of(color));
  for (std::int32_t r = 0; r < fills.size(); ++r) {
    if (!fills.shows(r)) continue;
    const detail::LabColor lab = detail::lab_of(fills.color[r]);
    const auto nearest =
        std::min_element(labs.begin(), labs.end(), [&](const detail::LabColor& a, const detail::LabColor& b) {
          return detail::distance2(lab, a) < detail::distance2(lab, b);
        });
    fills.color[r] = palette[static_cast<std::size_t>(nearest - labs.begin())];
  }
  return fills;
}

/// The distinct colours of regions that show and have pixels, in ascending order.
inline std::vector<Color> palette_of(const Fills& fills) {
  std::vector<Color> palette;
  for (std::int32_t r = 0; r < fills.size(); ++r)
    if (fills.shows(r) && (fills.pixels.empty() || fills.pixels[r] > 0)) palette.push_back(fills.color[r]);
  std::sort(palette.begin(), palette.end());
  palette.erase(std::unique(palette.begin(), palette.end()), palette.end());
  return palette;
}

/// A label map with its fills.
struct FilledLabels {
  int height = 0, width = 0;
  std::vector<std::int32_t> label;
  Fills fills;

  LabelView labels() const& { return plane_view(label.data(), height, width); }
  LabelView labels() const&& = delete;
};

/// Neighbours of one colour and opacity become one region: no boundary is drawn that nobody sees. Regions are numbered in the raster
/// order of their first pixels. Throws when a label has no fill.
inline FilledLabels join_equal_colors(LabelView labels, const Fills& fills) {
  List<std::int32_t> into(fills.size());
  std::iota(into.begin(), into.end(), 0);
  const auto root = [&](std::int32_t r) {
    while (into[r] != r) r = into[r] = into[into[r]];
    return r;
  };
  const auto join = [&](std::int32_t a, std::int32_t b) {
    if (a == b || fills.color[a] != fills.color[b] || fills.shows(a) != fills.shows(b)) return;
    if (!fills.opacity.empty() && fills.opacity[a] != fills.opacity[b]) return;
    const std::int32_t one = root(a), other = root(b);
    into[std::max(one, other)] = std::min(one, other);
  };
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) {
      DHT_EXPECTS(labels(y, x) >= 0 && labels(y, x) < fills.size(), "labels: is ", labels(y, x), " at row ",
                  y, ", column ", x, "; must be between 0 and ", fills.size() - 1);
      if (x > 0) join(labels(y, x), labels(y, x - 1));
      if (y > 0) join(labels(y, x), labels(y - 1, x));
    }
  FilledLabels joined{labels.height, labels.width, {}, {}};
  joined.label.reserve(std::size_t(labels.pixels()));
  List<std::int32_t> number(into.size(), -1);
  for (int y = 0; y < labels.height; ++y)
    for (int x = 0; x < labels.width; ++x) {
      const std::int32_t from = root(labels(y, x));
      if (number[from] < 0) {
        number[from] = joined.fills.size();
        joined.fills.color.push_back(fills.color[from]);
        joined.fills.pixels.push_back(0);
        if (!fills.visible.empty()) joined.fills.visible.push_back(fills.visible[from]);
        if (!fills.opacity.empty()) joined.fills.opacity.push_back(fills.opacity[from]);
      }
      ++joined.fills.pixels[number[from]];
      joined.label.push_back(number[from]);
    }
  return joined;
}

}  // namespace dht
