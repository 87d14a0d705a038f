// SPDX-License-Identifier: MIT
// How good superpixels are: the measures of Stutz, Hermans and Leibe, "Superpixels: An Evaluation of the
// State-of-the-Art" (CVIU 2018), of a segmentation against people's segmentations of the same image, the ground truth.
// Pixels with the label -1 count nowhere.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/label_map.hpp>

namespace dht {

/// How superpixels fit into the segments of one person.
struct SegmentFit {
  double undersegmentation_error = 0;  ///< Neubert and Protzel: what leaks, the smaller part of what is cut
  double achievable_accuracy = 0;      ///< each superpixel given to the segment that it covers most (ASA)
};

/// All measures; those against ground truth are means over the persons.
struct SuperpixelScores {
  double undersegmentation_error = 0, achievable_accuracy = 0, boundary_recall = 0, explained_variation = 0,
         compactness = 0;
};

namespace detail {

inline void check_same_shape(const LabelMap& map, const LabelMap& truth) {
  DHT_EXPECTS(map.height == truth.height && map.width == truth.width, "ground truth: is ", truth.height,
              " x ", truth.width, "; must be ", map.height, " x ", map.width, " like the labels");
}

/// Indices of pixels by label, in raster order within each; label r has those from begin[r] to begin[r + 1].
struct PixelsByLabel {
  std::vector<std::size_t> begin, pixel;

  explicit PixelsByLabel(const LabelMap& map)
      : begin(map.sizes.size() + 1, 0), pixel(static_cast<std::size_t>(map.pixels())) {
    for (std::size_t r = 0; r < map.sizes.size(); ++r)
      begin[r + 1] = begin[r] + static_cast<std::size_t>(map.sizes[r]);
    std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
    for (std::size_t i = 0; i < map.labels.size(); ++i)
      if (map.labels[i] >= 0) pixel[next[static_cast<std::size_t>(map.labels[i])]++] = i;
  }
};

/// 1 where a square of 2 * radius + 1 pixels around the pixel holds a 1.
inline std::vector<std::uint8_t> widened(const std::vector<std::uint8_t>& mask, int height, int width,
                                         int radius) {
  const auto spread = [radius](const std::vector<std::uint8_t>& from, int lines, int length, int line_step,
                               int step) {
    const auto at = [&](int line, int i) {
      return static_cast<std::size_t>(std::int64_t{line} * line_step + std::int64_t{i} * step);
    };
    std::vector<std::uint8_t> to(from.size(), 0);
    for (int line = 0; line < lines; ++line) {
      for (int i = 0; i < length; ++i) {
        if (from[at(line, i)] == 0) continue;
        for (int j = std::max(i - radius, 0); j <= std::min(i + radius, length - 1); ++j) to[at(line, j)] = 1;
      }
    }
    return to;
  };
  return spread(spread(mask, height, width, width, 1), width, height, 1, width);
}

/// The share of the truth's boundary pixels that lie in `near`. 0 where the truth has no boundary.
inline double recall(const std::vector<std::uint8_t>& near, const std::vector<std::uint8_t>& truth_boundary) {
  std::int64_t found = 0, all = 0;
  for (std::size_t i = 0; i < truth_boundary.size(); ++i) {
    all += truth_boundary[i];
    found += truth_boundary[i] & near[i];
  }
  return all > 0 ? static_cast<double>(found) / static_cast<double>(all) : 0;
}

/// The sides of pixels on each label's outline, the image's border among them.
inline std::vector<std::int64_t> perimeters(const LabelMap& map) {
  std::vector<std::int64_t> sides(map.sizes.size(), 0);
  const auto count = [&](std::size_t i) {
    if (map.labels[i] >= 0) ++sides[static_cast<std::size_t>(map.labels[i])];
  };
  for_each_adjacent_pair(map, [&](std::size_t a, std::size_t b) {
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

}  // namespace detail

/// Undersegmentation error, 1/N sum over superpixels S and segments G that overlap of min(|S and G|, |S| - |S and G|), and
/// achievable segmentation accuracy, 1/N sum over S of the largest |S and G|. Throws for maps of different sizes and where
/// no pixel has a label in both.
inline SegmentFit segment_fit(const LabelMap& map, const LabelMap& truth) {
  detail::check_same_shape(map, truth);
  const detail::PixelsByLabel regions(map);
  std::vector<std::int64_t> common(truth.sizes.size(), 0);
  std::vector<std::int32_t> met;  // segments that this superpixel overlaps
  std::int64_t leaking = 0, achievable = 0, pixels = 0;
  for (std::size_t label = 0; label < map.sizes.size(); ++label) {
    std::int64_t size = 0, most = 0;
    met.clear();
    for (std::size_t i = regions.begin[label]; i < regions.begin[label + 1]; ++i) {
      const std::int32_t segment = truth.labels[regions.pixel[i]];
      if (segment < 0) continue;
      if (common[static_cast<std::size_t>(segment)]++ == 0) met.push_back(segment);
      ++size;
    }
    for (const std::int32_t segment : met) {
      std::int64_t& overlap = common[static_cast<std::size_t>(segment)];
      leaking += std::min(overlap, size - overlap);
      most = std::max(most, overlap);
      overlap = 0;
    }
    achievable += most;
    pixels += size;
  }
  DHT_EXPECTS(pixels > 0, "ground truth: has no pixel with a label in both; must have at least 1");
  return {static_cast<double>(leaking) / static_cast<double>(pixels),
          static_cast<double>(achievable) / static_cast<double>(pixels)};
}

/// The usual tolerance of boundary recall in pixels: 0.0025 of the image's diagonal, rounded.
inline int boundary_tolerance(int height, int width) {
  return static_cast<int>(std::floor(0.0025 * std::hypot(height, width) + 0.5));
}

/// The share of the truth's boundary pixels that have a boundary pixel of the superpixels in the square of radius
/// `tolerance` around them. A boundary pixel differs from one of its 4 neighbours. 0 where the truth has no boundary.
inline double boundary_recall(const LabelMap& map, const LabelMap& truth, int tolerance) {
  detail::check_same_shape(map, truth);
  DHT_EXPECTS(tolerance >= 0, "tolerance: is ", tolerance, "; must be at least 0");
  return detail::recall(detail::widened(boundary_pixels(map), map.height, map.width, tolerance),
                        boundary_pixels(truth));
}

/// The share of the image's variance, all channels together, that is between superpixels (Moore et al.); 1 for an image of one
/// colour.
template <class P>
double explained_variation(const ImageView<P>& image, const LabelMap& map, int batch_index = 0) {
  check(image, "image");
  DHT_EXPECTS(batch_index >= 0 && batch_index < image.batch, "batch_index: is ", batch_index,
              "; must be 0 to ", image.batch - 1);
  DHT_EXPECTS(image.height == map.height && image.width == map.width, "image: is ", image.height, " x ",
              image.width, "; must be ", map.height, " x ", map.width, " like the labels");
  const auto pixels = static_cast<double>(map.pixels());
  double between = 0, all = 0;
  const auto for_each_value = [&](int c, const auto& visit) {
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x)
        if (map.at(y, x) >= 0)
          visit(static_cast<std::size_t>(map.at(y, x)), static_cast<double>(image(batch_index, c, y, x)));
  };
  for (int c = 0; c < image.channels; ++c) {
    double mean = 0;
    for_each_value(c, [&](std::size_t, double value) { mean += value; });
    mean /= pixels;
    std::vector<double> sums(map.sizes.size(), 0);
    for_each_value(c, [&](std::size_t label, double value) {
      sums[label] += value - mean;
      all += (value - mean) * (value - mean);
    });
    for (std::size_t label = 0; label < sums.size(); ++label)
      between += sums[label] * sums[label] / static_cast<double>(map.sizes[label]);
  }
  return all > 0 ? between / all : 1;
}

/// 4 pi area / perimeter^2, weighted by area (Schick et al.): a disc would have 1, a square has pi / 4.
inline double compactness_score(const LabelMap& map) {
  constexpr double pi = 3.14159265358979323846;
  const std::vector<std::int64_t> sides = detail::perimeters(map);
  double sum = 0;
  for (std::size_t label = 0; label < sides.size(); ++label) {
    const double ratio = static_cast<double>(map.sizes[label]) / static_cast<double>(sides[label]);
    sum += 4 * pi * ratio * ratio;
  }
  return sum / static_cast<double>(map.pixels());
}

/// All of them, boundary recall with the usual tolerance. Throws for no ground truth.
template <class P>
SuperpixelScores superpixel_scores(const ImageView<P>& image, const LabelMap& map,
                                   std::span<const LabelMap> truths, int batch_index = 0) {
  DHT_EXPECTS(!truths.empty(), "ground truth: is none; must be at least one segmentation");
  const auto near =
      detail::widened(boundary_pixels(map), map.height, map.width, boundary_tolerance(map.height, map.width));
  SuperpixelScores scores;
  for (const LabelMap& truth : truths) {
    const SegmentFit fit = segment_fit(map, truth);
    scores.undersegmentation_error += fit.undersegmentation_error;
    scores.achievable_accuracy += fit.achievable_accuracy;
    scores.boundary_recall += detail::recall(near, boundary_pixels(truth));
  }
  const auto persons = static_cast<double>(truths.size());
  scores.undersegmentation_error /= persons;
  scores.achievable_accuracy /= persons;
  scores.boundary_recall /= persons;
  scores.explained_variation = explained_variation(image, map, batch_index);
  scores.compactness = compactness_score(map);
  return scores;
}

}  // namespace dht
