// SPDX-License-Identifier: MIT
// From a photo to a drawing: which regions, how many, in which colours. Cuts are nested, so that any detail, and the best
// picture within so many bytes, come from one tree.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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
#include <dht/vector/painted.hpp>
#include <dht/vector/palette.hpp>
#include <dht/vector/shapes.hpp>

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
  /// Merging starts from pixels of one colour where the picture has at most so many, otherwise from the finest level of the
  /// hierarchy that has at most so many regions: more take longer. A photo of 512 x 512 pixels has fewer at its first.
  std::int64_t leaves = 100000;
  /// 0: one a core.
  int threads = 0;
  /// So many layers, each in a `<g>` of its own: the last is the drawing, each below it has four times its price.
  int layers = 1;
  /// Linear gradients where they are worth their bytes; not where colours are limited.
  bool gradients = false;
  /// In which mean colours are taken.
  Light light = Light::srgb;
};

/// Draws photos. Holds the tree of the last one, from which every drawing of it is cut. A template, so that the tokenizer
/// inside is compiled only where something is drawn: use it by the name dht::Drawer.
template <class Policies = DrawingPolicies>
class BasicDrawer {
 public:
  explicit BasicDrawer(const DrawerOptions& options = {}) : options_(options), tokenizer_(parts(options, 3)) {
    DHT_EXPECTS(options.colors >= 0, "colors: is ", options.colors, "; must be at least 1, or 0 for any");
    DHT_EXPECTS(options.layers >= 1 && options.layers <= most_layers, "layers: is ", options.layers,
                "; must be between 1 and ", most_layers);
    DHT_EXPECTS(options.leaves >= 1, "leaves: is ", options.leaves, "; must be at least 1");
  }

  /// Builds the tree of a picture, which must live as long as it is drawn. Where there is a mask, pixels outside of it are
  /// no part of any shape; where the picture has alpha, nor is what is transparent (shapes_of). Throws dht::Error for an
  /// empty picture and a mask of another size.
  void build(const Picture& picture, const Mask& mask = {}) {
    picture_ = nullptr;
    check(picture, "picture");
    shapes_ = {};
    if (!picture.alpha.empty()) shapes_ = shapes_of(picture);
    const int channels = picture.alpha.empty() ? 3 : 4;
    if (channels != tokenizer_.parts().encoder.features())
      tokenizer_ = Tokenizer<Policies>(parts(options_, channels));
    const std::vector<std::uint8_t> seen = over_grey(shapes_.picture);
    const auto& tree = tokenizer_.build(interleaved_view(seen.empty() ? picture.rgb.data() : seen.data(),
                                                         picture.height, picture.width, channels));
    MergeOptions merging;
    merging.smallest = options_.smallest;
    merging.start_level = 1;
    while (merging.start_level + 1 < tree.levels() && tree.regions(merging.start_level) > options_.leaves)
      ++merging.start_level;
    // Lines a pixel wide that touch at corners only are parts of other regions at every level.
    if (merging.start_level == 1 && tree.pixels() <= 16 * options_.leaves)
      merging.contrast = tree.pixels() <= options_.leaves ? 0 : visible_contrast / unit;
    const Mask inside = shown_inside(mask, picture);
    tokenizer_.merge(merging, inside);
    masked_ = inside.data != nullptr;
    opaque_.clear();
    for (int y = 0; mask.data != nullptr && y < picture.height; ++y)
      for (int x = 0; x < picture.width; ++x) opaque_.push_back(mask(0, 0, y, x));
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

  /// The best drawing for which `size_of(text)`, the number of its bytes (as they are, or compressed), is at most `bytes`: of all
  /// that are tried the one that is nearest to the picture when it is painted. The one of least price is among them, to within
  /// about a per cent of `bytes`, and coarser ones, and those along the pixels' own outlines, where these are few enough.
  /// Throws dht::Error when even one region takes more.
  template <class SizeOf>
  std::string draw_within(std::int64_t bytes, const SizeOf& size_of,
                          const DrawingOptions& options = for_photos()) {
    Best best;
    const auto attempt = [&](const DrawingOptions& how, double price) {
      return consider(best, draw(price, how), bytes, size_of);
    };
    const auto smallest = attempt(options, largest_price);
    DHT_EXPECTS(smallest.size <= bytes, "bytes: is ", bytes, "; the smallest drawing has ", smallest.size);
    DrawingOptions exact = options;
    exact.fit.tolerance = 0;
    const bool few = regions(0).fills.size() <= bytes;  // each takes a byte and more, under gzip too
    if (few && attempt(exact, 0).error == 0) return std::move(best.text);
    const double price = search(options, bytes, attempt);
    if (few && options.fit.tolerance > 0 && (is_small() || attempt(exact, price).size <= 2 * bytes))
      search(exact, bytes, attempt);
    return std::move(best.text);
  }
  std::string draw_within(std::int64_t bytes, const DrawingOptions& options = for_photos()) {
    return draw_within(
        bytes, [](const std::string& text) { return text.size(); }, options);
  }

  /// The drawing that is worth most: of several the one of the least squared error, as it is seen, plus `byte_price` for each byte
  /// that `size_of` counts. Where a coarser one says the same, as of an icon, that is it.
  template <class SizeOf>
  std::string draw_balanced(double byte_price, const SizeOf& size_of,
                            const DrawingOptions& options = for_photos()) {
    std::string best;
    double least = std::numeric_limits<double>::max();
    const auto attempt = [&](const DrawingOptions& how, double price) {
      std::string text = draw(price, how);
      const double cost =
          fma(byte_price, static_cast<double>(size_of(text)), static_cast<double>(error_of(text)));
      if (cost < least) least = cost, best = std::move(text);
      return cost;
    };
    for (double price = byte_price; attempt(options, price) <= 1.5 * least && price < largest_price;)
      price = std::min(sqrt(2.0) * std::max(price, 0.25), largest_price);
    DrawingOptions exact = options;
    exact.fit.tolerance = 0;
    // Each region takes a byte and more.
    if (options.fit.tolerance > 0 && byte_price * regions(byte_price).fills.size() < least)
      attempt(exact, byte_price);
    return best;
  }

  /// A price at which drawings are good for what they take: larger pictures, which are shown smaller, take more bytes, but not as
  /// many more as they have pixels. That of photos of 512 x 512 gives them 18,000 to 30,000 bytes, gzipped.
  double balanced_price() const {
    DHT_EXPECTS(picture_ != nullptr, "picture: is missing; build its tree first");
    return 1500 * sqrt(double(picture_->height) * picture_->width) / 512;
  }

  const MergeTree& tree() const& { return tokenizer_.merge_tree(); }
  const MergeTree& tree() const&& = delete;

 private:
  /// More than any region of an image can save, of any byte.
  static constexpr double largest_price = 1e7;
  static constexpr int most_layers = 8;
  /// Colours are multiples of 1 / unit. Pixels of large photos begin as regions of their own where they differ by more from
  /// their neighbours.
  static constexpr double unit = 102, visible_contrast = 60;

  static TokenizerParts<Policies> parts(const DrawerOptions& options, int channels) {
    TokenizerParts<Policies> parts;
    parts.encoder = ColourEncoder<float>(channels, unit * 100 / 255, ColourSpace::as_given);
    parts.backend = backend::Cpu(options.threads);
    return parts;
  }

  /// A price of 1 in the unit of the linkage. A pixel of boundary costs as much as a third of a byte: with more, outlines
  /// and colours would be dearer than what they show (measured on photos).
  double penalty_unit() const {
    const double height = picture_->height, width = picture_->width;
    return sqrt(height * height + width * width) / (3 * height * width * unit * unit);
  }

  /// The mask without what is transparent.
  Mask shown_inside(const Mask& mask, const Picture& picture) {
    const bool fits = mask.height == picture.height && mask.width == picture.width;
    if (shapes_.shown.empty() || (mask.data != nullptr && !fits)) return mask;  // which then is refused
    for (int y = 0; mask.data != nullptr && y < picture.height; ++y)
      for (int x = 0; x < picture.width; ++x)
        if (mask(0, 0, y, x) == 0)
          shapes_.shown[std::size_t(y) * std::size_t(picture.width) + std::size_t(x)] = 0;
    return planar_view<const std::uint8_t>(shapes_.shown.data(), 1, 1, picture.height, picture.width);
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
    Fills fills =
        typical_fills(shapes_.shown.empty() ? *picture_ : shapes_.picture, labels, regions, options_.light);
    if (masked_) {
      fills.visible.resize(static_cast<std::size_t>(regions), 1);
      fills.visible.back() = 0;
    }
    if (!palette.empty())
      fills = nearest_colors(std::move(fills), palette);
    else if (options_.colors > 0)
      fills = limit_colors(std::move(fills), options_.colors);
    return join_equal_colors(labels, fills);
  }

  /// What was tried.
  struct Tried {
    std::int64_t size;   ///< of the text
    std::int64_t error;  ///< of what is seen; none where the text is too long
  };
  /// The best so far.
  struct Best {
    std::string text;
    std::int64_t error = std::numeric_limits<std::int64_t>::max();
  };

  /// Of a drawing as it is seen.
  std::int64_t error_of(const std::string& text) const {
    PlaneView<const std::uint8_t> opaque;
    if (!opaque_.empty()) opaque = plane_view(opaque_.data(), picture_->height, picture_->width);
    return squared_error(painted(text, picture_->height, picture_->width), *picture_, opaque);
  }

  template <class SizeOf>
  Tried consider(Best& best, std::string text, std::int64_t bytes, const SizeOf& size_of) const {
    Tried tried{static_cast<std::int64_t>(size_of(text)), std::numeric_limits<std::int64_t>::max()};
    if (tried.size > bytes) return tried;
    tried.error = error_of(text);
    if (tried.error < best.error) best = {std::move(text), tried.error};
    return tried;
  }

  /// Whether all prices may be tried.
  bool is_small() const { return std::int64_t{picture_->height} * picture_->width <= 65536; }

  /// Prices to try, of which 32 are an octave.
  static double price_at(int i) { return dht::exp(i * (0.6931471805599453 / 32)); }

  /// Halves the range of prices until it has found the least of which the drawing fits, and goes up from there as long as errors are
  /// not much larger: more regions are not always nearer to the picture, since edges that blend on the screen show what many thin
  /// regions say worse. For a small picture every eighth of an octave is tried, whatever the number of bytes: more of these try all
  /// that fewer do. Returns the least price.
  template <class Attempt>
  double search(const DrawingOptions& how, std::int64_t bytes, const Attempt& attempt) {
    const bool small = is_small();
    const int step = small ? 4 : 1, stride = small ? 4 : 16;
    const double much = small ? 4 : 2.5;
    int low = -64, high = 744;  // prices of .25 and 1e7
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    while (high - low > step) {
      const int middle = low + (high - low) / (2 * step) * step;
      const Tried tried = attempt(how, price_at(middle));
      least = std::min(least, tried.error);
      (tried.size <= bytes ? high : low) = middle;
      if (!small && tried.size <= bytes && tried.size >= bytes - bytes / 100) break;
    }
    int best = high;
    for (int i = (high + 64 + stride - 1) / stride * stride - 64; i <= 744; i += stride) {
      const Tried tried = attempt(how, price_at(i));
      if (tried.error < least) least = tried.error, best = i;
      if (tried.size <= bytes && static_cast<double>(tried.error) > much * static_cast<double>(least)) break;
    }
    // Around one that is better than finer ones.
    for (int near = 8; !small && best > high && near > 1; near /= 2)
      for (const int i : {best - near, best + near})
        if (const Tried tried = attempt(how, price_at(i)); tried.error < least) {
          least = tried.error, best = i;
          break;
        }
    return price_at(high);
  }

  DrawerOptions options_;
  Tokenizer<Policies> tokenizer_;
  detail::ResetOnMove<const Picture*> picture_ = nullptr;
  Shapes shapes_;  // where the picture has alpha
  bool masked_ = false;
  std::vector<std::uint8_t> opaque_;  ///< per pixel, where there is a mask
  Partition partition_;
  MergeCutWorkspace cut_;
};

using Drawer = BasicDrawer<>;

}  // namespace DHT_TARGET
}  // namespace dht
