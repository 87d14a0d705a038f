// SPDX-License-Identifier: MIT
// How good superpixels are: the measures of Stutz, Hermans and Leibe, "Superpixels: An Evaluation of the
// State-of-the-Art" (CVIU 2018), of a label map against people's segmentations of the same image.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>

namespace dht::bench {

/// A partition of an image: labels 0 ... n - 1, row by row, each of which occurs.
struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> sizes;  ///< pixels of each label

  std::int32_t count() const { return static_cast<std::int32_t>(sizes.size()); }
  std::int32_t at(int y, int x) const { return labels[index(y, x)]; }
  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};

/// Any integers to labels without gaps; their order is kept.
inline LabelMap label_map(int height, int width, std::vector<std::int32_t> labels) {
  const auto pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  DHT_EXPECTS(pixels > 0 && labels.size() == pixels, "labels: are ", labels.size(), "; must be ", pixels,
              ", one a pixel, and at least 1");
  std::vector<std::int32_t> used = labels;
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  LabelMap map{height, width, std::move(labels), std::vector<std::int64_t>(used.size(), 0)};
  for (std::int32_t& label : map.labels) {
    const auto rank = std::lower_bound(used.begin(), used.end(), label) - used.begin();
    label = static_cast<std::int32_t>(rank);
    ++map.sizes[static_cast<std::size_t>(rank)];
  }
  return map;
}

/// Calls pair(a, b) with the indices of every two pixels that share a side.
template <class Pair>
void for_each_neighbours(const LabelMap& map, const Pair& pair) {
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      if (x + 1 < map.width) pair(map.index(y, x), map.index(y, x + 1));
      if (y + 1 < map.height) pair(map.index(y, x), map.index(y + 1, x));
    }
  }
}

/// The number of 4-connected components of equal label: `count()` where every label is in one piece.
inline std::int32_t components(const LabelMap& map) {
  std::vector<std::size_t> parent(map.labels.size());
  for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = i;
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  auto left = static_cast<std::int32_t>(parent.size());
  for_each_neighbours(map, [&](std::size_t a, std::size_t b) {
    if (map.labels[a] != map.labels[b]) return;
    a = root(a);
    b = root(b);
    left -= a != b;
    parent[std::max(a, b)] = std::min(a, b);
  });
  return left;
}

/// 1 where a pixel differs from one of its 4 neighbours.
inline std::vector<std::uint8_t> boundary(const LabelMap& map) {
  std::vector<std::uint8_t> at(map.labels.size(), 0);
  for_each_neighbours(map, [&](std::size_t a, std::size_t b) {
    if (map.labels[a] != map.labels[b]) at[a] = at[b] = 1;
  });
  return at;
}

/// 1 where a square of 2 * radius + 1 pixels around the pixel holds a 1.
inline std::vector<std::uint8_t> widened(const std::vector<std::uint8_t>& mask, int height, int width,
                                         int radius) {
  const auto spread = [radius](const std::vector<std::uint8_t>& from, int lines, int length, int line_step,
                               int step) {
    std::vector<std::uint8_t> to(from.size(), 0);
    for (int line = 0; line < lines; ++line) {
      for (int i = 0; i < length; ++i) {
        if (from[static_cast<std::size_t>(line * line_step + i * step)] == 0) continue;
        for (int j = std::max(i - radius, 0); j <= std::min(i + radius, length - 1); ++j)
          to[static_cast<std::size_t>(line * line_step + j * step)] = 1;
      }
    }
    return to;
  };
  return spread(spread(mask, height, width, width, 1), width, height, 1, width);
}

/// The tolerance of boundary recall in pixels: 0.0025 of the image's diagonal, rounded.
inline int boundary_tolerance(int height, int width) {
  return static_cast<int>(std::floor(0.0025 * std::hypot(height, width) + 0.5));
}

/// The share of the truth's boundary pixels that have a boundary pixel of the superpixels, already widened by the
/// tolerance, beside them. 0 where the truth has no boundary.
inline double boundary_recall(const std::vector<std::uint8_t>& widened_boundary,
                              const std::vector<std::uint8_t>& truth_boundary) {
  std::int64_t found = 0, all = 0;
  for (std::size_t i = 0; i < truth_boundary.size(); ++i) {
    all += truth_boundary[i];
    found += truth_boundary[i] & widened_boundary[i];
  }
  return all > 0 ? static_cast<double>(found) / static_cast<double>(all) : 0;
}

/// Two measures of how superpixels fit into the segments of one person.
struct SegmentFit {
  double undersegmentation =
      0;                ///< Neubert and Protzel: what leaks, the smaller part of every superpixel cut
  double accuracy = 0;  ///< achievable: each superpixel given to the segment that it covers most
};

/// Of the pixels that superpixel and segment have in common: UE adds min(common, rest of the superpixel), ASA the largest.
inline SegmentFit segment_fit(const LabelMap& map, const LabelMap& truth) {
  DHT_EXPECTS(map.height == truth.height && map.width == truth.width, "segmentation: is ", truth.height,
              " x ", truth.width, "; must be ", map.height, " x ", map.width, " like the labels");
  const std::size_t segments = truth.sizes.size();
  std::vector<std::int64_t> common(map.sizes.size() * segments, 0);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    ++common[static_cast<std::size_t>(map.labels[i]) * segments + static_cast<std::size_t>(truth.labels[i])];
  }
  std::int64_t leaking = 0, achievable = 0;
  for (std::size_t label = 0; label < map.sizes.size(); ++label) {
    std::int64_t most = 0;
    for (std::size_t segment = 0; segment < segments; ++segment) {
      const std::int64_t pixels = common[label * segments + segment];
      leaking += std::min(pixels, map.sizes[label] - pixels);
      most = std::max(most, pixels);
    }
    achievable += most;
  }
  const auto pixels = static_cast<double>(map.labels.size());
  return {static_cast<double>(leaking) / pixels, static_cast<double>(achievable) / pixels};
}

/// The share of the RGB values' variance that is between superpixels (Moore et al.); 1 for an image of one colour.
inline double explained_variation(const LabelMap& map, const Picture& photo) {
  const auto pixels = static_cast<double>(map.labels.size());
  double between = 0, all = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0;
    for (std::size_t i = 0; i < map.labels.size(); ++i) mean += photo.rgb[3 * i + c];
    mean /= pixels;
    std::vector<double> sums(map.sizes.size(), 0);
    for (std::size_t i = 0; i < map.labels.size(); ++i) {
      const double value = photo.rgb[3 * i + c] - mean;
      sums[static_cast<std::size_t>(map.labels[i])] += value;
      all += value * value;
    }
    for (std::size_t label = 0; label < sums.size(); ++label)
      between += sums[label] * sums[label] / static_cast<double>(map.sizes[label]);
  }
  return all > 0 ? between / all : 1;
}

/// The sides of pixels on each label's outline, the image's border among them.
inline std::vector<std::int64_t> perimeters(const LabelMap& map) {
  std::vector<std::int64_t> sides(map.sizes.size(), 0);
  const auto count = [&](std::size_t i) { ++sides[static_cast<std::size_t>(map.labels[i])]; };
  for_each_neighbours(map, [&](std::size_t a, std::size_t b) {
    if (map.labels[a] == map.labels[b]) return;
    count(a);
    count(b);
  });
  for (int x = 0; x < map.width; ++x) {
    count(map.index(0, x));
    count(map.index(map.height - 1, x));
  }
  for (int y = 0; y < map.height; ++y) {
    count(map.index(y, 0));
    count(map.index(y, map.width - 1));
  }
  return sides;
}

/// 4 pi area / perimeter^2, weighted by area (Schick et al.): a disc would have 1, a square has pi / 4.
inline double compactness(const LabelMap& map) {
  constexpr double pi = 3.14159265358979323846;
  const std::vector<std::int64_t> sides = perimeters(map);
  double sum = 0;
  for (std::size_t label = 0; label < sides.size(); ++label) {
    const double ratio = static_cast<double>(map.sizes[label]) / static_cast<double>(sides[label]);
    sum += 4 * pi * ratio * ratio;
  }
  return sum / static_cast<double>(map.labels.size());
}

/// A person's segmentation.
struct Truth {
  LabelMap segments;
  std::vector<std::uint8_t> boundary;
};

inline Truth make_truth(LabelMap segments) {
  std::vector<std::uint8_t> lines = boundary(segments);
  return {std::move(segments), std::move(lines)};
}

/// All measures, in the order of `score_names`.
using SuperpixelScores = std::array<double, 5>;

/// Undersegmentation error, achievable accuracy, boundary recall, explained variation, compactness.
inline constexpr std::array<const char*, 5> score_names{"UE", "ASA", "BR", "EV", "CO"};

/// The scores of superpixels. The first three are means over the persons, of whom there must be one.
inline SuperpixelScores superpixel_scores(const LabelMap& map, const Picture& photo,
                                          const std::vector<Truth>& truths) {
  DHT_EXPECTS(!truths.empty(), "segmentations: are none; must be at least 1");
  const auto near = widened(boundary(map), map.height, map.width, boundary_tolerance(map.height, map.width));
  SuperpixelScores scores{};
  for (const Truth& truth : truths) {
    const SegmentFit fit = segment_fit(map, truth.segments);
    scores[0] += fit.undersegmentation;
    scores[1] += fit.accuracy;
    scores[2] += boundary_recall(near, truth.boundary);
  }
  for (std::size_t i = 0; i < 3; ++i) scores[i] /= static_cast<double>(truths.size());
  scores[3] = explained_variation(map, photo);
  scores[4] = compactness(map);
  return scores;
}

}  // namespace dht::bench
