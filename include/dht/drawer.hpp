// SPDX-License-Identifier: MIT
// From a photo to a drawing: which regions, how many, in which colours. Cuts are nested, so that any detail, and the best
// picture within so many bytes, come from one tree.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/core/view.hpp>
#include <dht/merging/linkage.hpp>
#include <dht/selection/merge_cut.hpp>
#include <dht/similarity/weighting.hpp>
#include <dht/tokenizer.hpp>
#include <dht/vector/drawing.hpp>
#include <dht/vector/fills.hpp>
#include <dht/vector/gradients.hpp>
#include <dht/vector/palette.hpp>

namespace dht {
inline namespace DHT_TARGET {

/// Regions for drawings: of colours as they are stored, each pixel counting the same, merged for the least squared error and
/// the shortest boundaries.
struct DrawingPolicies : ColourPolicies {
  using Weighting = SizeWeighting;
  using Linkage = MumfordShah;
};

/// What a drawing is made of.
struct DrawerOptions {
  /// Regions with fewer pixels merge before all others.
  std::int64_t smallest = 1;
  /// At most so many colours, in all layers together; 0: as many as there are regions.
  std::int32_t colors = 0;
  /// Merging starts from the finest level of the hierarchy that has at most so many regions: more take longer. An image
  /// of 512 x 512 pixels has fewer at its first.
  std::int64_t leaves = 100000;
  /// 0: one a core.
  int threads = 0;
  /// So many layers, each in a `<g>` of its own: the last is the drawing, each below it has four times its price.
  int layers = 1;
  /// Linear gradients where they are worth their bytes; not where colours are limited.
  bool gradients = false;
};

/// Draws photos. Holds the tree of the last one, from which every drawing of it is cut. A template, so that the tokenizer
/// inside is compiled only where something is drawn: use it by the name dht::Drawer.
template <class Policies = DrawingPolicies>
class BasicDrawer {
 public:
  explicit BasicDrawer(const DrawerOptions& options = {}) : options_(options), tokenizer_(parts(options)) {
    DHT_EXPECTS(options.colors >= 0, "colors: is ", options.colors, "; must be at least 1, or 0 for any");
    DHT_EXPECTS(options.layers >= 1 && options.layers <= most_layers, "layers: is ", options.layers,
                "; must be between 1 and ", most_layers);
    DHT_EXPECTS(options.leaves >= 1, "leaves: is ", options.leaves, "; must be at least 1");
  }

  /// Builds the tree of a picture, which must live as long as it is drawn. Where there is a mask, pixels outside of it are
  /// no part of any shape. Throws dht::Error for an empty picture and a mask of another size.
  void build(const Picture& picture, const Mask& mask = {}) {
    picture_ = nullptr;
    const auto& tree =
        tokenizer_.build(interleaved_view(picture.rgb.data(), picture.height, picture.width, 3));
    MergeOptions merging;
    merging.smallest = options_.smallest;
    merging.start_level = 1;
    while (merging.start_level + 1 < tree.levels() && tree.regions(merging.start_level) > options_.leaves)
      ++merging.start_level;
    tokenizer_.merge(merging, mask);
    masked_ = mask.data != nullptr;
    picture_ = &picture;
  }
  void build(const Picture&&, const Mask& = {}) = delete;

  /// The regions at a price, with their colours. `byte_price` is the squared error of the picture (three channels, 0 to
  /// 255 each) that a byte of the drawing must save: the larger, the fewer regions.
  FilledLabels regions(double byte_price) {
    DHT_EXPECTS(picture_ != nullptr, "picture: is missing; build its tree first");
    DHT_EXPECTS(byte_price >= 0 && byte_price <= largest_price, "byte_price: is ", byte_price,
                "; must be between 0 and ", largest_price);
    cut(byte_price);
    return filled();
  }

  /// Exactly `count` regions where the tree has as many leaves and no colours are joined; with more than MergeTree::most,
  /// some are below the smallest size.
  FilledLabels regions_by_count(std::int64_t count) {
    DHT_EXPECTS(picture_ != nullptr, "picture: is missing; build its tree first");
    cut_merges(tokenizer_.parts().backend, tokenizer_.merge_tree(), count, partition_, cut_);
    return filled();
  }

  /// The drawing at a price, which is also that of its outlines' and colours' bytes.
  std::string draw(double byte_price, DrawingOptions options = for_photos()) {
    std::vector<FilledLabels> shown{regions(byte_price)};
    std::vector<Color> palette;  // of the finest layer, for all
    if (options_.colors > 0) palette = palette_of(shown[0].fills);
    double price = byte_price;
    for (int layer = 1; layer < options_.layers; ++layer) {
      price = std::min(4 * price, largest_price);
      cut(price);
      shown.push_back(filled(palette));
    }
    std::vector<DrawingLayer> layers;
    for (auto cut = shown.rbegin(); cut != shown.rend(); ++cut) {
      if (options_.colors == 0 && options_.gradients)
        add_gradients(cut->fills, *picture_, cut->labels(), byte_price);
      layers.push_back({cut->labels(), std::move(cut->fills)});
    }
    options.fit.byte_price = byte_price;
    if (options_.colors > 0) options.economical_colors = false;  // which would make more of them
    return drawing(std::move(layers), options, picture_);
  }

  /// Points on whole pixels, and not too near: on photos the bytes of finer ones are better spent on more regions. A path a
  /// colour.
  static DrawingOptions for_photos() {
    DrawingOptions options;
    options.fit.tolerance = 1.5;
    options.fit.grid = 1;
    options.one_path_a_color = true;
    return options;
  }

  /// The best drawing for which `size_of(text)`, the number of its bytes (as they are, or compressed), is at most `bytes`:
  /// the one of least price, to within about a per cent of `bytes`. Throws dht::Error when even one region takes more.
  template <class SizeOf>
  std::string draw_within(std::int64_t bytes, const SizeOf& size_of,
                          const DrawingOptions& options = for_photos()) {
    double high = largest_price, low = 0.25;  // prices: of a drawing that fits, of one that does not
    std::string best = draw(high, options);
    double small = static_cast<double>(size_of(best)), large = 0;
    DHT_EXPECTS(small <= static_cast<double>(bytes), "bytes: is ", bytes, "; the smallest drawing has ",
                static_cast<std::int64_t>(small));
    double price = first_guess(bytes);
    for (int round = 0; round < most_rounds && small < 0.99 * static_cast<double>(bytes); ++round) {
      std::string text = draw(price, options);
      const auto size = static_cast<double>(size_of(text));
      if (size <= static_cast<double>(bytes)) {
        high = price, small = size, best = std::move(text);
      } else {
        low = price, large = size;
      }
      if (high <= low * 1.002) break;
      price = between(low, large, high, small, static_cast<double>(bytes), round);
    }
    return best;
  }
  std::string draw_within(std::int64_t bytes, const DrawingOptions& options = for_photos()) {
    return draw_within(
        bytes, [](const std::string& text) { return text.size(); }, options);
  }

  const MergeTree& tree() const& { return tokenizer_.merge_tree(); }
  const MergeTree& tree() const&& = delete;

 private:
  /// More than any region of an image can save, of any byte.
  static constexpr double largest_price = 1e7;
  static constexpr int most_rounds = 14, most_layers = 8;
  /// Colours are multiples of 1 / unit.
  static constexpr double unit = 102;

  static TokenizerParts<Policies> parts(const DrawerOptions& options) {
    TokenizerParts<Policies> parts;
    parts.encoder = ColourEncoder<float>(3, unit * 100 / 255, ColourSpace::as_given);
    parts.backend = backend::Cpu(options.threads);
    return parts;
  }

  /// A price of 1 in the unit of the linkage. A pixel of boundary costs as much as a third of a byte: with more, outlines
  /// and colours would be dearer than what they show (measured on photos).
  double penalty_unit() const {
    const double height = picture_->height, width = picture_->width;
    return sqrt(height * height + width * width) / (3 * height * width * unit * unit);
  }

  void cut(double byte_price) {
    cut_merges_at(tokenizer_.parts().backend, tokenizer_.merge_tree(), tokenizer_.penalties(),
                  byte_price * penalty_unit(), partition_, cut_);
  }

  /// The regions that were cut, in colours of the palette where there is one.
  FilledLabels filled(const std::vector<Color>& palette = {}) {
    std::int32_t regions = partition_.regions;
    if (masked_) {  // one more region, that does not show
      std::int32_t* const label = partition_.labels.data();
      for (std::size_t p = 0; p < partition_.labels.size(); ++p)
        label[p] = label[p] < 0 ? partition_.regions : label[p];
      ++regions;
    }
    const LabelView labels = plane_view(static_cast<const std::int32_t*>(partition_.labels.data()),
                                        picture_->height, picture_->width);
    Fills fills = typical_fills(*picture_, labels, regions);
    if (masked_) {
      fills.visible.assign(static_cast<std::size_t>(regions), 1);
      fills.visible.back() = 0;
    }
    if (!palette.empty())
      fills = nearest_colors(std::move(fills), palette);
    else if (options_.colors > 0)
      fills = limit_colors(std::move(fills), options_.colors);
    return join_equal_colors(labels, fills);
  }

  /// About what photos take.
  double first_guess(std::int64_t bytes) const {
    const double share = static_cast<double>(bytes) / (0.1 * picture_->height * picture_->width);
    return std::clamp(4500 / (share * sqrt(share)), 1.0, 1e5);
  }

  /// The next price: where the line through the two known sizes, in logarithms, meets the one asked for; the middle every
  /// third time, and while one is not known.
  static double between(double low, double large, double high, double small, double bytes, int round) {
    const double a = dht::log(low), b = dht::log(high);
    if (large == 0) return std::max(low, high / 4);
    if (high == largest_price) return std::min(high, low * 4);
    const double share = (dht::log(large) - dht::log(0.995 * bytes)) / (dht::log(large) - dht::log(small));
    const double at = round % 3 == 2 ? 0.5 : std::clamp(share, 0.02, 0.98);
    return dht::exp(fma(at, b - a, a));
  }

  DrawerOptions options_;
  Tokenizer<Policies> tokenizer_;
  detail::ResetOnMove<const Picture*> picture_ = nullptr;
  bool masked_ = false;
  Partition partition_;
  MergeCutWorkspace cut_;
};

using Drawer = BasicDrawer<>;

}  // namespace DHT_TARGET
}  // namespace dht
