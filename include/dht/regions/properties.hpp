// SPDX-License-Identifier: MIT
// What one asks of regions: where they lie, what their mean colour is, whom they touch and along how much boundary.
// Pixels with the label -1 are outside of a mask and belong to no region: they count nowhere.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/sample.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// The middle of a region, in pixels of its image; (0, 0) is the middle of the first pixel. It may lie outside of the
/// region.
struct Centroid {
  double row = 0, column = 0;
};

/// Who touches whom, and along how many pixel sides. Regions that share no more than a corner do not touch. The
/// neighbours of region r are neighbour[begin[r]] ... neighbour[begin[r + 1] - 1], in ascending order.
struct RegionNeighbours {
  std::vector<std::int64_t> begin;      ///< per region, and one more
  std::vector<std::int32_t> neighbour;  ///< every pair of regions is here twice, once from each side
  std::vector<std::int32_t> boundary;   ///< length of the boundary shared with that neighbour, in pixel sides

  std::int32_t regions() const { return begin.empty() ? 0 : static_cast<std::int32_t>(begin.size() - 1); }
  std::span<const std::int32_t> neighbours_of(std::int32_t region) const { return part(neighbour, region); }
  std::span<const std::int32_t> boundaries_of(std::int32_t region) const { return part(boundary, region); }

 private:
  std::span<const std::int32_t> part(const std::vector<std::int32_t>& all, std::int32_t region) const {
    const auto r = static_cast<std::size_t>(region);
    return {all.data() + begin[r], all.data() + begin[r + 1]};
  }
};

namespace detail {

inline void check_numbers(LabelView labels, std::int32_t count) {
  check_memory(labels);
  for (int y = 0; y < labels.height; ++y) {
    for (int x = 0; x < labels.width; ++x) {
      DHT_EXPECTS(labels(y, x) >= -1 && labels(y, x) < count, "labels: hold ", labels(y, x), " at row ", y,
                  ", column ", x, "; must be 0 to count - 1 = ", std::int64_t{count} - 1,
                  ", or -1 outside of a mask");
    }
  }
}

inline void check_same_size(const char* name, int height, int width, LabelView labels) {
  DHT_EXPECTS(height == labels.height && width == labels.width, name, ": is ", height, " x ", width,
              "; must be ", labels.height, " x ", labels.width, " like the labels");
}

inline std::vector<Centroid> centroids_of(std::span<const LabelView> images, std::int32_t count) {
  struct Sums {
    std::int64_t rows = 0, columns = 0, pixels = 0;
  };
  std::vector<Sums> sums(static_cast<std::size_t>(count));
  for (const LabelView labels : images) {
    check_numbers(labels, count);
    for (int y = 0; y < labels.height; ++y) {
      for (int x = 0; x < labels.width; ++x) {
        if (labels(y, x) < 0) continue;
        Sums& s = sums[static_cast<std::size_t>(labels(y, x))];
        s.rows += y;
        s.columns += x;
        ++s.pixels;
      }
    }
  }
  std::vector<Centroid> centroids(sums.size());
  for (std::size_t r = 0; r < sums.size(); ++r) {
    // 0/0 where there is no pixel: not a number
    const auto pixels = static_cast<double>(sums[r].pixels);
    centroids[r] = {static_cast<double>(sums[r].rows) / pixels,
                    static_cast<double>(sums[r].columns) / pixels};
  }
  return centroids;
}

/// Calls visit(a, b) for every side between two pixels of different regions.
template <class Visit>
void for_each_side(std::span<const LabelView> images, const Visit& visit) {
  const auto parts = [](std::int32_t a, std::int32_t b) { return a != b && a >= 0 && b >= 0; };
  for (const LabelView labels : images) {
    for (int y = 0; y < labels.height; ++y) {
      const std::int32_t* row = labels.row(y);
      for (int x = 0; x + 1 < labels.width; ++x) {
        if (parts(row[x], row[x + 1])) visit(row[x], row[x + 1]);
      }
      if (y + 1 == labels.height) break;
      const std::int32_t* below = labels.row(y + 1);
      for (int x = 0; x < labels.width; ++x) {
        if (parts(row[x], below[x])) visit(row[x], below[x]);
      }
    }
  }
}

/// Every side goes to both of its regions, then equal neighbours of a region are counted.
inline RegionNeighbours neighbours_of(std::span<const LabelView> images, std::int32_t count) {
  for (const LabelView labels : images) check_numbers(labels, count);
  const auto n = static_cast<std::size_t>(count);
  std::vector<std::int64_t> end(n + 1, 0);  // first the number of sides, then where the next one goes
  for_each_side(images, [&](std::int32_t a, std::int32_t b) {
    ++end[static_cast<std::size_t>(a) + 1];
    ++end[static_cast<std::size_t>(b) + 1];
  });
  for (std::size_t r = 0; r < n; ++r) end[r + 1] += end[r];
  std::vector<std::int32_t> sides(static_cast<std::size_t>(end[n]));
  for_each_side(images, [&](std::int32_t a, std::int32_t b) {
    sides[static_cast<std::size_t>(end[static_cast<std::size_t>(a)]++)] = b;
    sides[static_cast<std::size_t>(end[static_cast<std::size_t>(b)]++)] = a;
  });

  RegionNeighbours out;
  out.begin.assign(n + 1, 0);
  std::int64_t from = 0;
  for (std::size_t r = 0; r < n; ++r) {
    std::sort(sides.begin() + from, sides.begin() + end[r]);
    for (; from < end[r]; ++from) {
      const std::int32_t other = sides[static_cast<std::size_t>(from)];
      if (static_cast<std::int64_t>(out.neighbour.size()) == out.begin[r] || out.neighbour.back() != other) {
        out.neighbour.push_back(other);
        out.boundary.push_back(0);
      }
      ++out.boundary.back();
    }
    out.begin[r + 1] = static_cast<std::int64_t>(out.neighbour.size());
  }
  return out;
}

template <class S>
std::vector<LabelView> label_maps(const Tokens<S>& tokens) {
  std::vector<LabelView> images;
  for (int b = 0; b < tokens.batch; ++b) images.push_back(tokens.labels(b));
  return images;
}

}  // namespace detail

/// The middle of every region of a label map that holds 0 ... count - 1, or -1. A number that no pixel has gives NaN.
inline std::vector<Centroid> centroids(LabelView labels, std::int32_t count) {
  return detail::centroids_of({&labels, 1}, count);
}

/// The middle of every token, in its own image.
template <class S>
std::vector<Centroid> centroids(const Tokens<S>& tokens) {
  return detail::centroids_of(detail::label_maps(tokens), tokens.count());
}

/// The neighbours of every region of a label map that holds 0 ... count - 1, or -1.
inline RegionNeighbours region_neighbours(LabelView labels, std::int32_t count) {
  return detail::neighbours_of({&labels, 1}, count);
}

/// The neighbours of every token; tokens of different images never touch.
template <class S>
RegionNeighbours region_neighbours(const Tokens<S>& tokens) {
  return detail::neighbours_of(detail::label_maps(tokens), tokens.count());
}

/// Mean of one image of a batch over every region of its label map, count x channels, every pixel counting the same.
/// Integer samples count as parts of 1, as ImageView defines it. Sums are taken in double, in raster order. A number
/// that no pixel has gives NaN; pixels of label -1 count nowhere. The same for tokens is `mean_over_tokens`.
template <class P>
std::vector<double> mean_over_regions(const ImageView<P>& image, LabelView labels, std::int32_t count,
                                      int batch_index = 0) {
  check(image, "image");
  DHT_EXPECTS(batch_index >= 0 && batch_index < image.batch, "batch_index: is ", batch_index,
              "; must be 0 to ", image.batch - 1);
  detail::check_same_size("image", image.height, image.width, labels);
  detail::check_numbers(labels, count);
  const auto n = static_cast<std::size_t>(count), channels = static_cast<std::size_t>(image.channels);
  std::vector<double> mean(n * channels, 0.0);
  std::vector<std::int64_t> pixels(n, 0);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (labels(y, x) < 0) continue;
      const auto region = static_cast<std::size_t>(labels(y, x));
      ++pixels[region];
      double* sum = mean.data() + region * channels;
      for (int c = 0; c < image.channels; ++c) sum[c] += static_cast<double>(image(batch_index, c, y, x));
    }
  }
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] = mean[i] * sample_unit<P>() / static_cast<double>(pixels[i / channels]);
  }
  return mean;
}

/// Mean colour of every region, rounded to 8 bits: the mean of the stored sRGB values, not of the light. It is what a
/// blurred photo looks like in most programs, and keeps dark textures from turning pale. A number that no pixel has
/// gives black; pixels of label -1 count nowhere. All arithmetic is in integers.
inline std::vector<std::array<std::uint8_t, 3>> mean_colours(const Picture& photo, LabelView labels,
                                                             std::int32_t count) {
  check(photo, "photo");
  detail::check_same_size("photo", photo.height, photo.width, labels);
  detail::check_numbers(labels, count);
  std::vector<std::array<std::int64_t, 4>> sums(static_cast<std::size_t>(count));  // red, green, blue, pixels
  for (int y = 0; y < labels.height; ++y) {
    for (int x = 0; x < labels.width; ++x) {
      if (labels(y, x) < 0) continue;
      auto& sum = sums[static_cast<std::size_t>(labels(y, x))];
      for (std::size_t c = 0; c < 3; ++c) sum[c] += photo.pixel(y, x)[c];
      ++sum[3];
    }
  }
  std::vector<std::array<std::uint8_t, 3>> colours(sums.size());
  for (std::size_t r = 0; r < sums.size(); ++r) {
    const std::int64_t pixels = std::max<std::int64_t>(sums[r][3], 1);
    for (std::size_t c = 0; c < 3; ++c) {
      colours[r][c] = static_cast<std::uint8_t>((2 * sums[r][c] + pixels) / (2 * pixels));
    }
  }
  return colours;
}

}  // namespace dht
