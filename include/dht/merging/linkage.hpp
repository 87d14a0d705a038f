// SPDX-License-Identifier: MIT
// Linkages: what it costs to merge two neighbouring regions. The pair that costs least is merged first.
#pragma once

#include <algorithm>
#include <concepts>

#include <dht/core/config.hpp>
#include <dht/core/math.hpp>

namespace dht {

/// A region on its way up a merge tree. Lengths are in units of the image's diagonal and sizes in images, so that costs
/// do not depend on the resolution. Of other graphs the boundaries of volumes are areas, and those of lines points; where
/// there are no positions, boundaries are as in an image of as many pixels, and centroids 0.
struct MergingRegion {
  double size = 0;       ///< share of the image's pixels
  double row = 0;        ///< of its centroid; of a volume the layer, of other graphs the first coordinate
  double column = 0;     ///< likewise; the row or second coordinate
  double third = 0;      ///< likewise; the column or third coordinate, 0 in images
  double variance = 0;   ///< of its features, summed over the features
  double perimeter = 0;  ///< of its boundary with other regions
};

/// What two regions share.
struct SharedBoundary {
  double length = 0;    ///< pairs of neighbouring pixels, one in each region, as a length: above 0
  double contrast = 0;  ///< mean distance of the features across these pairs
};

namespace concepts {

/// The cost of merging two regions, given what they are, what they share and the squared distance of their mean
/// features. Any number that is not NaN; only the order counts. The region with the lower number comes first.
/// Costs that never fall when regions grow give a hierarchy in the strict sense, but nothing depends on it.
template <class L>
concept linkage = std::copyable<L> &&
    requires(const L linkage, const MergingRegion& a, const SharedBoundary& shared, double distance2) {
  { linkage(a, a, shared, distance2) } -> std::same_as<double>;
};

}  // namespace concepts

namespace detail {

/// |A||B| / (|A| + |B|)
DHT_INLINE double harmonic_size(const MergingRegion& a, const MergingRegion& b) {
  return a.size * (b.size / (a.size + b.size));
}

DHT_INLINE double distance2_of_centroids(const MergingRegion& a, const MergingRegion& b) {
  const double rows = a.row - b.row, columns = a.column - b.column, third = a.third - b.third;
  return fma(third, third, fma(rows, rows, columns * columns));
}

}  // namespace detail

/// The growth of the squared error, per pixel of the image: |A||B| / (|A| + |B|) d^2 (Ward, "Hierarchical grouping to optimize an objective
/// function", JASA 1963). Follows the colours whatever shape comes out: the least error for its number of regions.
struct Ward {
  DHT_INLINE double operator()(const MergingRegion& a, const MergingRegion& b, const SharedBoundary&,
                               double distance2) const {
    return detail::harmonic_size(a, b) * distance2;
  }
};

/// Ward's cost over the square root of the common boundary's length, with the centroids' distance as one more feature:
/// |A||B| / (|A| + |B|) (d^2 + position^2 p^2) / sqrt(L).
struct WardOverBoundary {
  double position = 2.9;  ///< what the image's diagonal counts, in units of the features

  DHT_INLINE double operator()(const MergingRegion& a, const MergingRegion& b, const SharedBoundary& shared,
                               double distance2) const {
    const double far = fma(position * position, detail::distance2_of_centroids(a, b), distance2);
    return detail::harmonic_size(a, b) * far / sqrt(shared.length);
  }
};

/// The growth of the squared error for each unit of boundary that is saved, where a region counts as so much boundary
/// more: |A||B| / (|A| + |B|) d^2 / (L + region). Minimises step by step what Mumford and Shah ("Optimal approximations by
/// piecewise smooth functions and associated variational problems", 1989) ask of regions of one colour, squared error +
/// price (length of all boundaries + region * number of regions): the picture that a drawing shows best, for its bytes.
struct MumfordShah {
  double region = 0.022;  ///< in diagonals of the image: 16 pixels of one of 512 x 512

  DHT_INLINE double operator()(const MergingRegion& a, const MergingRegion& b, const SharedBoundary& shared,
                               double distance2) const {
    return detail::harmonic_size(a, b) * distance2 / (shared.length + region);
  }
};

/// The default. Ward's cost with four corrections, whose form and numbers were found on the 200 training images of
/// BSDS500:
///
///     n^(3/2) P^(1/4) / L^(3/4) (d^2 / (texture^2 + v) + contrast c^2 + position^2 p^2),   n = |A||B| / (|A| + |B|)
///
/// - v, the variance inside of the two, lets a textured region take in what a plain one would not;
/// - c, the mean contrast across the common boundary, keeps edges that the means have lost;
/// - p, the distance of the centroids, keeps regions together;
/// - L, the length of the common boundary, and its share of the smaller perimeter P favour what lies side by side.
struct BoundaryLinkage {
  double texture =
      0.35;  ///< standard deviation below which a region counts as plain, in units of the features
  double contrast = 0.3;  ///< weight of the boundary's contrast
  double position = 1.2;  ///< weight of the distance, in diagonals of the image

  DHT_INLINE double operator()(const MergingRegion& a, const MergingRegion& b, const SharedBoundary& shared,
                               double distance2) const {
    const double share = b.size / (a.size + b.size), n = a.size * share;
    const double variance = fma(share, b.variance - a.variance, a.variance);
    double apart = distance2 / fma(texture, texture, variance);
    apart = fma(contrast * shared.contrast, shared.contrast, apart);
    apart = fma(position * position, detail::distance2_of_centroids(a, b), apart);
    const double perimeter = std::min(a.perimeter, b.perimeter);
    const double touch = shared.length * sqrt(shared.length / perimeter);  // L^(3/2) P^(-1/2)
    return n * apart * sqrt(n / touch);
  }
};

}  // namespace dht
