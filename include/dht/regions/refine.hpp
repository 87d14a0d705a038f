// SPDX-License-Identifier: MIT
// After a cut: pixels at the borders of regions go over to the neighbour that they are more like. A cut can only part
// regions where the hierarchy's first rounds did; this moves borders pixel by pixel, and lowers the squared error.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <dht/backend/instruction_set.hpp>
#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/marks.hpp>
#include <dht/core/math.hpp>
#include <dht/core/transpose.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/selection/partition.hpp>

namespace dht {

/// How far borders move.
struct RefineOptions {
  int sweeps = 1;             ///< how often all borders are gone over
  std::int64_t smallest = 1;  ///< tokens of no more pixels give none away
};

/// Scratch memory of `refine_tokens`, kept for the next image.
struct RefineWorkspace {
  Buffer<double> mean;          // `features` numbers a region
  Buffer<std::int32_t> size;    // per region
  Buffer<std::uint8_t> border;  // a row
  Buffer<std::int32_t> number;  // per region: its new number
  Buffer<std::int32_t> order;   // per new number: its region
  Buffer<std::int64_t> begin;   // of the sources, in the new order
  Buffer<Source> sources;
};

namespace detail {

/// The eight pixels around one, in raster order.
inline constexpr std::array<Offset, 8> eight_around{
    {{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}}};

/// Whether two of the eight pixels around one, or one of them and the middle, are neighbours.
template <concepts::connectivity C>
constexpr bool are_neighbours(Offset a, Offset b) {
  for (const Offset o : Neighbours<C>::all) {
    if (a.dy + o.dy == b.dy && a.dx + o.dx == b.dx) return true;
  }
  return false;
}

/// Which of the eight pixels around one are neighbours of `middle`, a bit each.
template <concepts::connectivity C>
constexpr unsigned neighbours_of(Offset middle) {
  unsigned bits = 0;
  for (unsigned i = 0; i < 8; ++i) bits |= unsigned{are_neighbours<C>(middle, eight_around[i])} << i;
  return bits;
}

/// For every set of pixels around one that belong to its region: whether the region stays connected without the pixel,
/// for all that can be seen from there. It has neighbours in it, and they are connected among the eight.
template <concepts::connectivity C>
inline constexpr std::array<bool, 256> stays_connected = [] {
  // Once, not for every set: compilers limit the steps of a constant expression.
  const unsigned middle = neighbours_of<C>({0, 0});
  std::array<unsigned, 8> next{};
  for (unsigned i = 0; i < 8; ++i) next[i] = neighbours_of<C>(eight_around[i]);
  std::array<bool, 256> stays{};
  for (unsigned set = 0; set < 256; ++set) {
    const unsigned wanted = set & middle;
    unsigned reached = wanted & (0u - wanted);  // the first of them
    for (unsigned before = 0; reached != before;) {
      before = reached;
      for (unsigned i = 0; i < 8; ++i) {
        if ((before >> i & 1u) != 0) reached |= next[i] & set;
      }
    }
    stays[set] = wanted != 0 && (reached & wanted) == wanted;
  }
  return stays;
}();

/// The refinement of one image's regions. `Features` is the type of their number.
template <concepts::connectivity C, class S, class Features>
class Refining {
 public:
  Refining(const S* pixel_features, Features n, int height, int width, std::int32_t* labels,
           std::int64_t smallest, RefineWorkspace& w)
      : features_(pixel_features),
        labels_(labels),
        mean_(w.mean.data()),
        size_(w.size.data()),
        smallest_(smallest),
        n_(n),
        height_(height),
        width_(width) {}

  /// Goes over all borders once, row by row. Returns how many pixels went over.
  DHT_INLINE std::int64_t sweep(std::uint8_t* border) {
    std::int64_t moved = 0;
    for (int y = 0; y < height_; ++y) {
      mark_border(y, border);
      for_each_mark(border, 0, width_, [&](int x) DHT_INLINE_LAMBDA {
        do {  // a pixel that went over makes a border of the one to its right
          if (!settle(y, x)) break;
          ++moved;
        } while (++x < width_ && border[x] == 0);
      });
    }
    return moved;
  }

 private:
  /// Marks the pixels of a row that have a neighbour in another region.
  DHT_INLINE void mark_border(int y, std::uint8_t* border) const {
    const std::int32_t* const row = labels_ + std::int64_t{y} * width_;
    std::fill_n(border, width_, std::uint8_t{0});
#pragma GCC unroll 8
    for (const Offset o : Neighbours<C>::all) {
      if (y + o.dy < 0 || y + o.dy >= height_) continue;
      const std::int32_t* const other = row + std::int64_t{o.dy} * width_ + o.dx;
      const int from = o.dx < 0 ? 1 : 0, to = o.dx > 0 ? width_ - 1 : width_;
      DHT_INDEPENDENT
      for (int x = from; x < to; ++x) border[x] = static_cast<std::uint8_t>(border[x] | (row[x] != other[x]));
    }
  }

  bool inside(int y, int x) const { return (y >= 0) & (x >= 0) & (y < height_) & (x < width_); }

  /// The square of the relative distance that may be the roundings of a region's mean.
  static constexpr double rounding2 =
      256.0 * std::numeric_limits<S>::epsilon() * std::numeric_limits<S>::epsilon();

  DHT_INLINE double norm2(std::int64_t pixel) const {
    const S* const f = features_ + pixel * n_;
    double sum = 0;
    for (int c = 0; c < n_; ++c) sum = fma(static_cast<double>(f[c]), static_cast<double>(f[c]), sum);
    return sum;
  }

  DHT_INLINE double distance2(std::int64_t pixel, std::int32_t region) const {
    const S* const f = features_ + pixel * n_;
    const double* const mean = mean_ + std::int64_t{region} * n_;
    double sum = 0;
    for (int c = 0; c < n_; ++c) {
      const double d = static_cast<double>(f[c]) - mean[c];
      sum = fma(d, d, sum);
    }
    return sum;
  }

  /// Lets a pixel go over to the neighbour that gains most by it, if any does: what its region's squared error loses is
  /// size / (size - 1) * d^2, what another one's gains is size / (size + 1) * d^2.
  DHT_INLINE bool settle(int y, int x) {
    const std::int64_t p = std::int64_t{y} * width_ + x;
    const std::int32_t own = labels_[p];
    if (own < 0 || size_[own] <= smallest_) return false;
    unsigned same = 0;
    for (unsigned i = 0; i < 8; ++i) {
      const int v = y + eight_around[i].dy, u = x + eight_around[i].dx;
      if (inside(v, u)) same |= unsigned{labels_[std::int64_t{v} * width_ + u] == own} << i;
    }
    if (!stays_connected<C>[same]) return false;
    const double apart2 = distance2(p, own);
    if (apart2 <= rounding2 * norm2(p)) return false;  // it is as its region is
    double best = ratio(size_[own], -1) * apart2;
    std::int32_t to = own, last = own;
    for (const Offset o : Neighbours<C>::all) {
      if (!inside(y + o.dy, x + o.dx)) continue;
      const std::int32_t other = labels_[p + std::int64_t{o.dy} * width_ + o.dx];
      if (other < 0 || other == own || other == last) continue;
      last = other;
      const double growth = ratio(size_[other], 1) * distance2(p, other);
      if (growth < best) {
        best = growth;
        to = other;
      }
    }
    if (to == own) return false;
    labels_[p] = to;
    shift(p, own, -1);
    shift(p, to, 1);
    return true;
  }

  static double ratio(std::int32_t size, int change) { return static_cast<double>(size) / (size + change); }

  /// A region gains (change = 1) or loses (-1) a pixel.
  DHT_INLINE void shift(std::int64_t pixel, std::int32_t region, int change) {
    size_[region] += change;
    const double share = change / static_cast<double>(size_[region]);
    const S* const f = features_ + pixel * n_;
    double* const mean = mean_ + std::int64_t{region} * n_;
    for (int c = 0; c < n_; ++c) mean[c] = fma(share, static_cast<double>(f[c]) - mean[c], mean[c]);
  }

  const S* features_;
  std::int32_t* labels_;
  double* mean_;
  std::int32_t* size_;
  std::int64_t smallest_;
  Features n_;
  int height_, width_;
};

/// Numbers the regions by the raster order of their first pixels again, which may be others now.
inline void renumber(Partition& partition, RefineWorkspace& w) {
  const auto regions = static_cast<std::size_t>(partition.regions);
  w.number.assign(regions, -1);
  w.order.clear();
  for (std::int32_t& label : partition.labels) {
    if (label < 0) continue;
    std::int32_t& number = w.number[static_cast<std::size_t>(label)];
    if (number < 0) {
      number = static_cast<std::int32_t>(w.order.size());
      w.order.push_back(label);
    }
    label = number;
  }
  w.begin.clear();
  w.sources.clear();
  for (const std::int32_t region : w.order) {
    w.begin.push_back(static_cast<std::int64_t>(w.sources.size()));
    for (const Source source : partition.sources_of(region)) w.sources.push_back(source);
  }
  w.begin.push_back(static_cast<std::int64_t>(w.sources.size()));
  partition.source_begin.assign(w.begin.begin(), w.begin.end());
  partition.sources.assign(w.sources.begin(), w.sources.end());
}

}  // namespace detail

/// Goes over all borders between the regions of `tokens`, those of one image, which were cut from `tree`, `options.sweeps` times or until
/// nothing changes: each pixel there, in raster order, goes over to the neighbouring region by which the squared error of
/// the features within regions falls most, unless its own would lose its connection or is one of the smallest. Returns
/// how often a pixel went over.
///
/// The tokens are as many as before, connected, and numbered by the raster order of their first pixels; pixels outside of
/// a mask stay there. They are no regions of the tree any more: their features are means of their pixels, and their
/// sources say where they came from. The result does not depend on the number of threads.
///
/// Throws dht::Error for an empty hierarchy, tokens of another one, and options out of range.
template <concepts::connectivity C, class S, class Backend>
std::int64_t refine_tokens(const Backend& backend, const Hierarchy<S>& tree, const RefineOptions& options,
                           Tokens<S>& tokens, RefineWorkspace& w) {
  Partition& partition = tokens.partition;
  DHT_EXPECTS(tree.levels() > 1, "hierarchy: is empty; build it first");
  DHT_EXPECTS(tokens.batch == 1 && static_cast<std::int64_t>(partition.labels.size()) == tree.pixels() &&
                  tokens.height == tree.height && tokens.width == tree.width &&
                  tokens.features == tree.features,
              "tokens: are not of this hierarchy");
  DHT_EXPECTS(options.sweeps >= 0, "sweeps: are ", options.sweeps, "; must be at least 0");
  DHT_EXPECTS(options.smallest >= 1, "smallest region: is ", options.smallest, " pixels; must be at least 1");
  if (options.sweeps == 0) return 0;
  detail::with_features(tree.features,
                        [&](auto n) DHT_INLINE_LAMBDA { detail::mean_over_pixels(tree, tokens, n, w.mean); });
  w.size.assign(tokens.size.begin(), tokens.size.end());
  w.border.resize(static_cast<std::size_t>(tree.width));
  std::int64_t moved = 0;
  backend.serial(backend::up_to_avx2, [&]() DHT_INLINE_LAMBDA {
    detail::with_features(tree.features, [&](auto n) DHT_INLINE_LAMBDA {
      detail::Refining<C, S, decltype(n)> refining(tree.pixel_features.data(), n, tree.height, tree.width,
                                                   partition.labels.data(), options.smallest, w);
      std::int64_t in_sweep = 1;
      for (int sweep = 0; sweep < options.sweeps && in_sweep > 0; ++sweep) {
        in_sweep = refining.sweep(w.border.data());
        moved += in_sweep;
      }
    });
  });
  if (moved == 0) return 0;  // still the regions that they were
  detail::renumber(partition, w);
  partition.whole_sources = false;
  partition.means_of_pixels = true;
  detail::describe(tree, tokens);
  return moved;
}

}  // namespace dht
