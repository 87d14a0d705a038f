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
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
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

/// How far features are from a region's mean, and how it moves: what refinement of any graph goes by.
template <class S, class Features>
class RegionMeans {
 public:
  RegionMeans(const S* features, Features n, RefineWorkspace& w)
      : features_(features), mean_(w.mean.data()), size_(w.size.data()), n_(n) {}

  std::int32_t size(std::int32_t region) const { return size_[region]; }

  /// Whether a pixel is as its region is, but for roundings.
  DHT_INLINE bool is_as(std::int64_t pixel, double apart2) const {
    return apart2 <= rounding2 * norm2(pixel);
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

  /// By how much a region's squared error changes when it gains (change = 1) or loses (-1) a pixel at this squared distance:
  /// size / (size + change) * d^2.
  DHT_INLINE double error(std::int32_t region, int change, double distance2) const {
    return static_cast<double>(size_[region]) / (size_[region] + change) * distance2;
  }

  /// A pixel goes over from one region to another.
  DHT_INLINE void move(std::int64_t pixel, std::int32_t from, std::int32_t to) {
    shift(pixel, from, -1);
    shift(pixel, to, 1);
  }

 private:
  /// A region gains (change = 1) or loses (-1) a pixel.
  DHT_INLINE void shift(std::int64_t pixel, std::int32_t region, int change) {
    size_[region] += change;
    const double share = change / static_cast<double>(size_[region]);
    const S* const f = features_ + pixel * n_;
    double* const mean = mean_ + std::int64_t{region} * n_;
    for (int c = 0; c < n_; ++c) mean[c] = fma(share, static_cast<double>(f[c]) - mean[c], mean[c]);
  }

  /// The square of the relative distance that may be the roundings of a region's mean.
  static constexpr double rounding2 =
      256.0 * std::numeric_limits<S>::epsilon() * std::numeric_limits<S>::epsilon();

  DHT_INLINE double norm2(std::int64_t pixel) const {
    const S* const f = features_ + pixel * n_;
    double sum = 0;
    for (int c = 0; c < n_; ++c) sum = fma(static_cast<double>(f[c]), static_cast<double>(f[c]), sum);
    return sum;
  }

  const S* features_;
  double* mean_;
  std::int32_t* size_;
  Features n_;
};

/// The refinement of one image's regions. `Features` is the type of their number.
template <concepts::connectivity C, class S, class Features>
class Refining {
 public:
  Refining(const S* pixel_features, Features n, int height, int width, std::int32_t* labels,
           std::int64_t smallest, RefineWorkspace& w)
      : regions_(pixel_features, n, w),
        labels_(labels),
        border_(w.border.data()),
        smallest_(smallest),
        height_(height),
        width_(width) {}

  /// Goes over all borders once, row by row. Returns how many pixels went over.
  DHT_INLINE std::int64_t sweep() {
    std::int64_t moved = 0;
    std::uint8_t* const border = border_;
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

  /// Lets a pixel go over to the neighbour that gains most by it, if any does.
  DHT_INLINE bool settle(int y, int x) {
    const std::int64_t p = std::int64_t{y} * width_ + x;
    const std::int32_t own = labels_[p];
    if (own < 0 || regions_.size(own) <= smallest_) return false;
    unsigned same = 0;
    for (unsigned i = 0; i < 8; ++i) {
      const int v = y + eight_around[i].dy, u = x + eight_around[i].dx;
      if (inside(v, u)) same |= unsigned{labels_[std::int64_t{v} * width_ + u] == own} << i;
    }
    if (!stays_connected<C>[same]) return false;
    const double apart2 = regions_.distance2(p, own);
    if (regions_.is_as(p, apart2)) return false;
    double best = regions_.error(own, -1, apart2);
    std::int32_t to = own, last = own;
    for (const Offset o : Neighbours<C>::all) {
      if (!inside(y + o.dy, x + o.dx)) continue;
      const std::int32_t other = labels_[p + std::int64_t{o.dy} * width_ + o.dx];
      if (other < 0 || other == own || other == last) continue;
      last = other;
      const double growth = regions_.error(other, 1, regions_.distance2(p, other));
      if (growth < best) {
        best = growth;
        to = other;
      }
    }
    if (to == own) return false;
    labels_[p] = to;
    regions_.move(p, own, to);
    return true;
  }

  RegionMeans<S, Features> regions_;
  std::int32_t* labels_;
  std::uint8_t* border_;
  std::int64_t smallest_;
  int height_, width_;
};

/// The refinement of the regions of any graph. What can be seen from a vertex are its neighbours, and the vertices that close
/// a square with it and two of them that are none of each other: around a pixel, the eight.
template <concepts::graph G, class S>
class GraphRefining {
 public:
  GraphRefining(const G& graph, const S* features, int n, std::int32_t* labels, std::int64_t smallest,
                RefineWorkspace& w)
      : graph_(graph), regions_(features, n, w), labels_(labels), smallest_(smallest) {}

  /// Goes over all borders once, in the order of the vertices. Returns how many went over.
  std::int64_t sweep() {
    std::int64_t moved = 0;
    for (std::int32_t v = 0; v < static_cast<std::int32_t>(graph_.vertices()); ++v) moved += settle(v);
    return moved;
  }

 private:
  bool settle(std::int32_t v) {
    const std::int32_t own = labels_[v];
    if (own < 0 || regions_.size(own) <= smallest_) return false;
    bool at_border = false;
    graph_.for_each_neighbour(v, [&](std::int32_t u) { at_border |= labels_[u] != own; });
    if (!at_border) return false;
    const double apart2 = regions_.distance2(v, own);
    if (regions_.is_as(v, apart2) || !stays_connected(v)) return false;
    double best = regions_.error(own, -1, apart2);
    std::int32_t to = own;
    graph_.for_each_neighbour(v, [&](std::int32_t u) {
      const std::int32_t other = labels_[u];
      if (other < 0 || other == own) return;
      const double growth = regions_.error(other, 1, regions_.distance2(v, other));
      if (growth < best) {
        best = growth;
        to = other;
      }
    });
    if (to == own) return false;
    labels_[v] = to;
    regions_.move(v, own, to);
    return true;
  }

  /// Whether the region of a vertex stays connected without it, for all that can be seen from there.
  bool stays_connected(std::int32_t v) {
    inner_.clear();
    graph_.for_each_neighbour(v, [&](std::int32_t u) {
      if (labels_[u] == labels_[v]) inner_.push_back(u);
    });
    if (inner_.empty()) return false;
    reached_.assign(1, inner_[0]);
    left_.assign(inner_.begin() + 1, inner_.end());
    for (std::size_t i = 0; i < reached_.size() && !left_.empty(); ++i) {
      const std::int32_t u = reached_[i];
      reach(u);
      graph_.for_each_neighbour(u, [&](std::int32_t corner) {
        if (labels_[corner] == labels_[v] && closes_square(v, corner)) reach(corner);
      });
    }
    return left_.empty();
  }

  /// Takes in the neighbours of `u` that are left.
  void reach(std::int32_t u) {
    graph_.for_each_neighbour(u, [&](std::int32_t next) {
      const auto at = std::find(left_.begin(), left_.end(), next);
      if (at == left_.end()) return;
      reached_.push_back(next);
      left_.erase(at);
    });
  }

  /// Whether a vertex that is no neighbour of `v` has two neighbours or more in common with it, none of which are each
  /// other's.
  bool closes_square(std::int32_t v, std::int32_t corner) {
    if (corner == v || are_neighbours(v, corner)) return false;
    common_.clear();
    graph_.for_each_neighbour(corner, [&](std::int32_t u) {
      if (are_neighbours(v, u)) common_.push_back(u);
    });
    for (std::size_t i = 0; i < common_.size(); ++i)
      for (std::size_t k = i + 1; k < common_.size(); ++k)
        if (are_neighbours(common_[i], common_[k])) return false;
    return common_.size() >= 2;
  }

  bool are_neighbours(std::int32_t a, std::int32_t b) const {
    bool found = false;
    graph_.for_each_neighbour(a, [&](std::int32_t u) { found |= u == b; });
    return found;
  }

  const G& graph_;
  RegionMeans<S, int> regions_;
  std::int32_t* labels_;
  std::int64_t smallest_;
  Buffer<std::int32_t> inner_, reached_, left_, common_;  // around one vertex
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
template <concepts::graph G, class S, class Backend>
std::int64_t refine_tokens(const Backend& backend, const G& graph,
                           const Hierarchy<S, typename G::Extent>& tree, const RefineOptions& options,
                           Tokens<S, typename G::Extent>& tokens, RefineWorkspace& w) {
  Partition& partition = tokens.partition;
  detail::check_built_on(graph, tree);
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
  const S* const features = tree.pixel_features.data();
  std::int32_t* const labels = partition.labels.data();
  std::int64_t moved = 0;
  const auto sweep = [&](auto& refining) DHT_INLINE_LAMBDA {
    std::int64_t in_sweep = 1;
    for (int i = 0; i < options.sweeps && in_sweep > 0; ++i) {
      in_sweep = refining.sweep();
      moved += in_sweep;
    }
  };
  backend.serial(backend::up_to_avx2, [&]() DHT_INLINE_LAMBDA {
    if constexpr (concepts::pixel_grid<G>) {
      w.border.resize(static_cast<std::size_t>(tree.width));
      detail::with_features(tree.features, [&](auto n) DHT_INLINE_LAMBDA {
        detail::Refining<typename G::Neighbourhood, S, decltype(n)> refining(
            features, n, tree.height, tree.width, labels, options.smallest, w);
        sweep(refining);
      });
    } else {
      detail::GraphRefining<G, S> refining(graph, features, tree.features, labels, options.smallest, w);
      sweep(refining);
    }
  });
  if (moved == 0) return 0;  // still the regions that they were
  detail::renumber(partition, w);
  partition.whole_sources = false;
  partition.means_of_pixels = true;
  detail::describe(graph, tree, tokens);
  return moved;
}

}  // namespace dht
