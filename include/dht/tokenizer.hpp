// SPDX-License-Identifier: MIT
// The tokenizer: image -> features -> hierarchy -> tokens. The one place where the stages meet.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <dht/backend/concepts.hpp>
#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/concepts.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/encoder/value_range.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/backward.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/merging/fitted_merges.hpp>
#include <dht/merging/linkage.hpp>
#include <dht/merging/merge_tree.hpp>
#include <dht/regions/backward.hpp>
#include <dht/regions/refine.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/selection/merge_cut.hpp>
#include <dht/selection/selection.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>

namespace dht::detail {

/// What the way back needs of an encoder; nothing where it has none.
template <class Encoder, class S>
struct WayBack {
  struct Saved {};
  struct Gradients {};
};
template <class Encoder, class S>
  requires concepts::differentiable_encoder<Encoder, S>
struct WayBack<Encoder, S> {
  using Saved = typename Encoder::Saved;
  using Gradients = typename Encoder::Gradients;
};

}  // namespace dht::detail

namespace dht {
inline namespace DHT_TARGET {

/// The parts of a tokenizer, chosen at compile time. Derive from it and change one:
///
///     struct MyPolicies : dht::DefaultPolicies { using Similarity = dht::Laplacian; };
///     dht::Tokenizer<MyPolicies> tokenizer;
struct DefaultPolicies {
  using Scalar = float;  ///< float or double
  template <class S>
  using Encoder = ConvolutionalEncoder<S>;  ///< image -> features; see concepts::encoder
  using Graph = PixelGrid<FourConnected>;   ///< who is whose neighbour; concepts::connectivity
  using Similarity = Gaussian;              ///< how alike two regions are; concepts::similarity
  using Weighting = SimilarityWeighting;    ///< how much a member counts; concepts::weighting
  using Criterion = Aicc;                   ///< what a region is worth; concepts::criterion
  using Selection = BestAncestor;           ///< how the tree is cut; concepts::selection
  using Linkage = BoundaryLinkage;  ///< which pair merges first where a number is asked; concepts::linkage
  using Backend = backend::Cpu;     ///< where loops run
};

/// Plain colour as features: no weights, and any number of channels.
struct ColourPolicies : DefaultPolicies {
  template <class S>
  using Encoder = ColourEncoder<S>;
};

/// The default with a way back to the parameters: what training needs.
struct TrainingPolicies : DefaultPolicies {
  template <class S>
  using Encoder = TrainableEncoder<S>;
};

/// Merging goes on as long as it costs no more than this, in the unit of the linkage: the larger, the fewer tokens. With
/// the library's weights the default gives 200 tokens on average over the training images of BSDS500, 53 to 616 each; with
/// plain colour half of it does.
struct Penalty {
  double value = 1.3e-4;
};

/// About how many bytes a tokenizer on the host comes to hold for a photo, or a batch, of so many pixels, and `features` of
/// type `S`: within a tenth for photos of 224 x 224 pixels and more, by the paper's selection or up to a token for each 300
/// pixels. Images of noise take up to three times as much, as many tokens as pixels up to four times. The image itself and what
/// training keeps come on top.
template <class S>
constexpr std::int64_t tokenizer_bytes(std::int64_t pixels, int features) {
  constexpr auto scalar = static_cast<double>(sizeof(S));
  // A photo has .27 regions a pixel at its first level, .36 nodes and 1 edge in all.
  const double a_pixel = (features + 1) * scalar + 25, a_node = (2 * features + 2) * scalar + 28,
               first_edges = 0.72 * (16 + scalar), first_regions = 0.27 * 24, edges = 8;
  const std::int64_t at_least = 3 << 18;
  return at_least +
         static_cast<std::int64_t>(static_cast<double>(pixels) *
                                   (a_pixel + 0.36 * a_node + first_edges + first_regions + edges));
}

/// The parts of a tokenizer as values. Every member has the default that its type has.
template <class Policies>
struct TokenizerParts {
  using Scalar = typename Policies::Scalar;
  typename Policies::template Encoder<Scalar> encoder;
  typename Policies::Similarity similarity{};
  typename Policies::Weighting weighting{};
  typename Policies::Criterion criterion{};
  typename Policies::Selection selection{};
  typename Policies::Linkage linkage{};
  SelfLoop<Scalar> self_loop{};  ///< a constant 0.1 where nothing was learned
  HierarchyOptions hierarchy{};
  MergeOptions merging{};
  typename Policies::Backend backend{};
  /// Real numbers more than 16 times as far from 0 as the range that the encoder is made for (`value_range()`; 1 for colours)
  /// are an error: mostly 0 to 255 where 0 to 1 is meant.
  bool check_range = true;
};

/// Gradients of a tokenizer's parameters, in the structs of the parameters themselves.
template <class Policies>
struct TokenizerGradients {
  using Scalar = typename Policies::Scalar;
  typename detail::WayBack<typename Policies::template Encoder<Scalar>, Scalar>::Gradients encoder;
  SelfLoop<Scalar> self_loop;
};

/// Turns images into tokens, and gradients of tokens into those of the image and of all parameters. Each image of a batch
/// is on its own: its result is the one that it has alone, to the last bit. Holds its parts and the memory of the last
/// images: by best ancestor the second image of a size allocates nothing. Results are references into that memory, valid until the next
/// call; copy what you keep. One tokenizer serves one thread at a time; copies may work at once, also with the same
/// backend. One that was moved from says so where it is given an image.
template <class Policies = DefaultPolicies>
class Tokenizer {
 public:
  using Scalar = typename Policies::Scalar;
  using Encoder = typename Policies::template Encoder<Scalar>;
  using Graph = typename Policies::Graph;
  using Extent = typename Graph::Extent;
  using Parts = TokenizerParts<Policies>;
  using Gradients = TokenizerGradients<Policies>;
  using Saved = typename detail::WayBack<Encoder, Scalar>::Saved;

  static_assert(std::is_floating_point_v<Scalar>, "Policies::Scalar must be float or double");
  static_assert(concepts::encoder<Encoder, Scalar>,
                "Policies::Encoder does not satisfy dht::concepts::encoder");
  static_assert(concepts::graph<Graph>, "Policies::Graph does not satisfy dht::concepts::graph");
  static_assert(concepts::similarity<typename Policies::Similarity, Scalar>,
                "Policies::Similarity does not satisfy dht::concepts::similarity");
  static_assert(concepts::weighting<typename Policies::Weighting, Scalar>,
                "Policies::Weighting does not satisfy dht::concepts::weighting");
  static_assert(concepts::criterion<typename Policies::Criterion, Scalar>,
                "Policies::Criterion does not satisfy dht::concepts::criterion");
  static_assert(concepts::selection<typename Policies::Selection, Scalar>,
                "Policies::Selection does not satisfy dht::concepts::selection");
  static_assert(concepts::linkage<typename Policies::Linkage>,
                "Policies::Linkage does not satisfy dht::concepts::linkage");
  static_assert(concepts::backend<typename Policies::Backend>,
                "Policies::Backend does not satisfy dht::concepts::backend");

  Tokenizer() requires std::default_initializable<Encoder> : Tokenizer(Parts{}) {}
  explicit Tokenizer(Parts parts) : parts_(std::move(parts)) {}

  const Parts& parts() const& { return parts_; }
  /// To be changed between images only.
  Parts& parts() & { return parts_; }
  const Parts& parts() const&& = delete;

  /// The tokens of an image, or of a batch, by the tokenizer's selection. Throws dht::Error for an empty image, a wrong
  /// number of channels, values that are not finite, and, by `check_range`, those far outside of the encoder's range.
  template <class P>
  const Tokens<Scalar, Extent>& operator()(const ImageView<P>& image) & {
    build(image);
    return select();
  }

  /// Exactly `count` tokens in every image, from 1 to the number of its pixels.
  template <class P>
  const Tokens<Scalar, Extent>& operator()(const ImageView<P>& image, std::int64_t count) & {
    build(image);
    return tokens(count);
  }

  /// The same of a temporary tokenizer, which gives its tokens away.
  template <class... Arguments>
  Tokens<Scalar, Extent> operator()(const Arguments&... arguments) && {
    (*this)(arguments...);
    return std::move(images_.size() == 1 ? images_[0].tokens : tokens_);
  }

  /// The hierarchy alone, of each image of a batch one; also the first half of the calls above. Returns that of the first.
  template <class P>
  const Hierarchy<Scalar, Extent>& build(const ImageView<P>& image) & {
    const ImageView<const P> batch = image;  // one instance for both views of a pixel type
    open(batch);
    std::atomic<bool> finite = true;
    for_images([&](Image& of, Workspace& work, int b) {
      if (!parts_.encoder.encode(parts_.backend, image_of_batch(batch, b), of.tree.pixel_features.data(),
                                 work.encode))
        finite = false;
      else
        build_tree(of, work);
    });
    if (!finite) refuse(batch);
    is_built_ = true;
    return hierarchy();
  }

  /// The tokens of any graph whose vertices have features of your own, by the tokenizer's selection, or exactly `count`,
  /// from the number of its connected parts to that of its vertices. The memory that the graph looks at must outlive all
  /// calls about it; the features are copied.
  const Tokens<Scalar, Extent>& operator()(const Graph& graph, const FeatureView<const Scalar>& features) & {
    build(graph, features);
    return select();
  }
  const Tokens<Scalar, Extent>& operator()(const Graph& graph, const FeatureView<const Scalar>& features,
                                           std::int64_t count) & {
    build(graph, features);
    return tokens(count);
  }

  /// The hierarchy alone, over features of your own. Throws dht::Error for a graph that is not one, another number of
  /// features than it has vertices, and features that are not finite.
  const Hierarchy<Scalar, Extent>& build(const Graph& graph, const FeatureView<const Scalar>& features) & {
    clear();
    DHT_EXPECTS(has_parts_, "tokenizer: was moved from; must be given another one before it is used");
    graph.check();
    detail::check_features(features, graph.vertices());
    graph_ = graph;
    make_room(1, graph.vertices(), features.columns);
    detail::copy_features(features, images_[0].tree.pixel_features.data());
    build_tree(images_[0], workspaces_[0]);
    is_built_ = true;
    return hierarchy();
  }

  /// From the gradient of the last tokens' features, tokens x features, to the features that `build` was given, vertices x
  /// features, overwritten, and to the self-loop's parameters, where it is added. All choices are constants.
  void backward(const MatrixView<const Scalar>& grad_feature, SelfLoop<Scalar>& grad_self_loop,
                const MatrixView<Scalar>& grad_features) {
    DHT_EXPECTS(is_built_ && tokens_are_of_tree_,
                "backward: needs tokens of the last graph; cut its hierarchy first");
    DHT_EXPECTS(images_.size() == 1, "backward: of features needs one graph; the last call had a batch of ",
                images_.size(), " images");
    Image& of = images_[0];
    DHT_EXPECTS(grad_features.rows == of.tree.pixels() && grad_features.columns == of.tree.features,
                "gradient of features: is ", grad_features.rows, " x ", grad_features.columns, "; must be ",
                of.tree.pixels(), " x ", of.tree.features);
    backward_image(of, workspaces_[0], grad_feature, grad_self_loop);
    const Buffer<Scalar>& from = workspaces_[0].grad_tree.pixel_features;
    std::copy(from.begin(), from.end(), grad_features.data);
  }

  /// As `build`, and keeps what `backward` needs. Cut the hierarchy then, by `select` or `tokens`.
  template <class P>
  const Hierarchy<Scalar, Extent>& forward(const ImageView<P>& image) & {
    static_assert(concepts::differentiable_encoder<Encoder, Scalar>,
                  "Policies::Encoder does not satisfy dht::concepts::differentiable_encoder");
    const ImageView<const P> batch = image;
    open(batch);
    // All images at once, for the encoder's statistics may be of the batch.
    Scalar* features = images_[0].tree.pixel_features.data();
    const std::size_t of_image = images_[0].tree.pixel_features.size();
    if (images_.size() > 1) {
      features_.resize(images_.size() * of_image);
      features = features_.data();
    }
    if (!parts_.encoder.forward(parts_.backend, batch, features, saved_)) refuse(batch);
    for_images([&](Image& of, Workspace& work, int b) {
      if (images_.size() > 1)
        std::copy_n(features + static_cast<std::size_t>(b) * of_image, of_image,
                    of.tree.pixel_features.data());
      build_tree(of, work);
    });
    is_built_ = can_go_back_ = true;
    return hierarchy();
  }

  /// What the encoder kept of the last `forward`: batch statistics, for example.
  const Saved& saved() const& { return saved_; }
  const Saved& saved() const&& = delete;

  /// Gradients of all parameters, zero.
  Gradients gradients() const { return {parts_.encoder.gradients(), zero_gradient(parts_.self_loop)}; }

  /// From the gradient of the last tokens' features, tokens x features, to the parameters, where it is added to
  /// `gradients`, and to the image, where it overwrites `grad_image`, planes (batch, channels, height, width), unless
  /// that is null. The image is that of the last `forward`; the tokens may have been cut from it in any way. All choices
  /// are constants; the result does not depend on the number of threads, to the last bit.
  template <class P>
  void backward(const ImageView<P>& image, const MatrixView<const Scalar>& grad_feature, Gradients& gradients,
                Scalar* grad_image = nullptr) {
    DHT_EXPECTS(can_go_back_, "backward: needs a call of forward before it");
    DHT_EXPECTS(tokens_are_of_tree_, "backward: needs tokens of the last forward; cut its hierarchy first");
    const Tokens<Scalar, Extent>& all = joined();
    DHT_EXPECTS(image.batch == all.batch && image.height == all.height && image.width == all.width,
                "image: is not the one of the last forward call");
    DHT_EXPECTS(grad_feature.rows == all.count() && grad_feature.columns == all.features,
                "gradient of token features: is ", grad_feature.rows, " x ", grad_feature.columns,
                "; must be ", all.count(), " x ", all.features);
    if (images_.size() == 1)
      backward_image(images_[0], workspaces_[0], grad_feature, gradients.self_loop);
    else
      backward_batch(all, grad_feature, gradients.self_loop);
    const Buffer<Scalar>& grad_features =
        images_.size() == 1 ? workspaces_[0].grad_tree.pixel_features : features_;
    parts_.encoder.backward(parts_.backend, ImageView<const P>(image), grad_features.data(), saved_,
                            gradients.encoder, grad_image);
  }

  /// Merges the regions of the hierarchy that was built last, one pair at a time, by the tokenizer's linkage: the tree
  /// that the calls of `tokens` below cut. They do it themselves, for the whole image and by the tokenizer's options;
  /// call it for a `mask` (1 channel, 0 outside), or for other options. Tokens outside of the mask do not exist, and
  /// their label is -1. Returns the tree of the first image.
  const MergeTree& merge(const MergeOptions& options, const Mask& mask = {}) & {
    check_built();
    if (mask.data != nullptr)
      detail::check_mask(mask, static_cast<int>(images_.size()), hierarchy().height, hierarchy().width);
    for_images([&](Image& of, Workspace& work, int b) {
      of.merges.merge(merge_input(of, work), options, mask.data ? image_of_batch(mask, b) : Mask{});
    });
    return merge_tree();
  }
  const MergeTree& merge(const Mask& mask) & { return merge(parts_.merging, mask); }

  /// Exactly `count` tokens in every image, from 1 to the number of its pixels, from the hierarchy that was built last. In
  /// the mask of a call of `merge` there cannot be fewer than it has connected parts, nor more than it has pixels: where
  /// `count` is beyond, they are as many as these. `MergeOptions::smallest` gives way to it: where merging leaves fewer
  /// tokens of that size, some are smaller. The first call after `build` merges, and one whose count needs finer leaves;
  /// each further one costs less than a millisecond a megapixel.
  const Tokens<Scalar, Extent>& tokens(std::int64_t count) & {
    check_count(count);
    return cut_images([&](Image& of, Workspace& work) {
      const auto input = merge_input(of, work);
      of.merges.fit(input, count);
      cut_merges(parts_.backend, of.merges.tree(), count, of.tokens.partition, work.merge_cut);
      return of.merges.asked(input).smallest;
    });
  }

  /// The merge tree that `tokens(count)` cuts, as if it were asked of `merge`: for penalties that leave room for as many.
  const MergeTree& merge_for(std::int64_t count) & {
    check_count(count);
    for_images([&](Image& of, Workspace& work, int) { of.merges.ask_for(merge_input(of, work), count); });
    return merge_tree();
  }

  /// As many tokens as a penalty leaves: few where there is little to see, many where there is much.
  const Tokens<Scalar, Extent>& tokens(Penalty penalty) & {
    check_built();
    return cut_images([&](Image& of, Workspace& work) {
      find_penalties(of, work);
      cut_merges_at(parts_.backend, of.merges.tree(), of.penalties, penalty.value, of.tokens.partition,
                    work.merge_cut);
      return of.merges.asked(merge_input(of, work)).smallest;
    });
  }

  /// The penalties at which the merges of an image are made; see MeanBudget for what they are good for.
  const MergePenalties& penalties(int image = 0) & {
    check_built();
    Image& of = images_[place_of(image)];
    find_penalties(of, workspaces_[0]);
    return of.penalties;
  }

  /// The merge tree of an image: of the last call of `merge`, `merge_for`, `tokens` or `penalties`.
  const MergeTree& merge_tree(int image = 0) const& { return images_[place_of(image)].merges.tree(); }
  const MergeTree& merge_tree(int = 0) const&& = delete;

  /// The last tokens with their borders moved pixel by pixel, `sweeps` times over, to where the squared error of the
  /// features is least (see refine_tokens). As many tokens as before; their features are means of their pixels.
  const Tokens<Scalar, Extent>& refine(int sweeps = 1) & {
    DHT_EXPECTS(tokens_are_of_tree_, "refine: needs tokens; cut the hierarchy first");
    for_images([&](Image& of, Workspace& work, int) {
      refine_tokens(parts_.backend, graph_, of.tree, {sweeps, of.smallest}, of.tokens, work.refine);
    });
    return join();
  }

  /// Cuts the hierarchy that was built last by the tokenizer's selection; `operator()` does both.
  const Tokens<Scalar, Extent>& select() & { return select(parts_.selection); }

  /// Cuts it by another selection.
  template <concepts::selection<Scalar> Selection>
  const Tokens<Scalar, Extent>& select(const Selection& selection) & {
    check_built();
    return cut_images([&](Image& of, Workspace& work) {
      const SelectionInput<Scalar, typename Policies::Criterion, Graph> in{graph_, of.tree, parts_.criterion};
      Partition& out = of.tokens.partition;
      out.whole_sources = out.means_of_pixels = false;  // unless the selection says so
      if constexpr (std::same_as<Selection, typename Policies::Selection>) {
        selection.select(parts_.backend, in, out, work.selection);
      } else {
        typename Selection::Workspace once;
        selection.select(parts_.backend, in, out, once);
      }
      return parts_.merging.smallest;
    });
  }

  /// The graph of the last image, or the last one that was given.
  const Graph& graph() const& { return graph_; }
  const Graph& graph() const&& = delete;

  /// The hierarchy of an image of the last batch; copy it to keep it. Empty before the first.
  const Hierarchy<Scalar, Extent>& hierarchy(int image = 0) const& { return images_[place_of(image)].tree; }
  const Hierarchy<Scalar, Extent>& hierarchy(int = 0) const&& = delete;

 private:
  /// What there is of an image.
  struct Image {
    Hierarchy<Scalar, Extent> tree;
    Tokens<Scalar, Extent> tokens;
    detail::FittedMerges merges;
    MergePenalties penalties;
    std::int64_t penalties_of = -1;  // the version of `merges` that they belong to
    std::int64_t smallest = 1;       // that was asked of the last tokens
    SelfLoop<Scalar> grad_self_loop;
  };

  /// What a thread needs that is at work on an image.
  struct Workspace {
    typename Encoder::Workspace encode;
    HierarchyWorkspace<Scalar, Extent> build;
    HierarchyGradients<Scalar> grad_tree;
    HierarchyBackwardWorkspace<Scalar> backward;
    typename Policies::Selection::Workspace selection;
    MergeWorkspace merge;
    MergeCutWorkspace merge_cut;
    RefineWorkspace refine;
  };

  auto hierarchy_parts() const {
    return HierarchyParts<Scalar, typename Policies::Similarity, typename Policies::Weighting,
                          typename Policies::Criterion>{parts_.similarity, parts_.weighting, parts_.criterion,
                                                        parts_.self_loop};
  }

  detail::MergeTreeInput<Graph, Scalar, typename Policies::Linkage, typename Policies::Backend> merge_input(
      const Image& of, Workspace& work) const {
    return {parts_.backend, graph_, of.tree, parts_.linkage, parts_.merging, work.merge};
  }

  std::size_t place_of(int image) const {
    DHT_EXPECTS(image >= 0 && image < std::ssize(images_), "image: is ", image, "; the last batch had ",
                images_.size(), " images");
    return static_cast<std::size_t>(image);
  }

  /// Calls `body(image, workspace, number)` for every image of the batch: side by side where there are as many as threads.
  template <class Body>
  void for_images(const Body& body) {
    const int batch = static_cast<int>(images_.size());
    const int parts = batch < parts_.backend.threads() ? 1 : parts_.backend.parts(batch);
    if (std::ssize(workspaces_) < parts) workspaces_.resize(static_cast<std::size_t>(parts));
    // Not inlined into loops for other instruction sets: stages choose theirs themselves.
    const auto images = [&](int part, std::int64_t begin, std::int64_t end) DHT_NO_INLINE {
      for (auto b = static_cast<std::size_t>(begin); b < static_cast<std::size_t>(end); ++b)
        body(images_[b], workspaces_[static_cast<std::size_t>(part)], static_cast<int>(b));
    };
    if (parts == 1)
      images(0, 0, batch);
    else
      parts_.backend.for_parts(batch, 1, images);
  }

  /// Makes ready for the images of a batch.
  template <class P>
  void open(const ImageView<const P>& image) {
    static_assert(
        concepts::pixel_grid<Graph>,
        "images need a PixelGrid as Policies::Graph; other graphs bring the features of their vertices: "
        "tokenizer(graph, features)");
    clear();  // should anything below fail, nothing is left that belongs to another image
    DHT_EXPECTS(has_parts_, "tokenizer: was moved from; must be given another one before it is used");
    check(image, "image");
    if constexpr (requires { parts_.encoder.adapt(image.channels); }) parts_.encoder.adapt(image.channels);
    DHT_EXPECTS(image.channels == parts_.encoder.channels(), "image: has ", image.channels,
                " channels; the encoder takes ", parts_.encoder.channels());
    const double most = largest_value();
    if constexpr (std::is_floating_point_v<P>)
      if (std::isfinite(most) && !detail::is_within(parts_.backend, image, most))
        detail::report_values(image, most);
    graph_ = {image.height, image.width};
    make_room(image.batch, image.pixels(), parts_.encoder.features());
  }

  void make_room(int batch, std::int64_t vertices, int features) {
    images_.resize(static_cast<std::size_t>(batch));
    for (Image& of : images_) {
      of.tree.features = features;
      of.tree.pixel_features.resize(static_cast<std::size_t>(vertices * features));
    }
  }

  void clear() {
    is_built_ = can_go_back_ = tokens_are_of_tree_ = false;
    for (Image& of : images_) {
      of.tree.begin.clear();
      of.merges.clear();
    }
  }

  /// Throws for features that are not finite.
  template <class P>
  void refuse(const ImageView<const P>& image) {
    clear();
    detail::report_values(image, largest_value());
  }

  void build_tree(Image& of, Workspace& work) const {
    build_hierarchy(parts_.backend, graph_, hierarchy_parts(), parts_.hierarchy, of.tree, work.build);
  }

  /// From the gradient of an image's tokens to `work.grad_tree` and the self-loop, where it is added.
  void backward_image(const Image& of, Workspace& work, const MatrixView<const Scalar>& grad_feature,
                      SelfLoop<Scalar>& grad_self_loop) const {
    work.grad_tree.clear(of.tree);
    backward_tokens(of.tree, of.tokens, grad_feature, work.grad_tree);
    backward_hierarchy(parts_.backend, graph_, hierarchy_parts(), parts_.hierarchy, of.tree, work.grad_tree,
                       grad_self_loop, work.backward);
  }

  /// The same for all images, whose gradients of features come into `features_`. What is of all images is summed in their
  /// order.
  void backward_batch(const Tokens<Scalar, Extent>& all, const MatrixView<const Scalar>& grad_feature,
                      SelfLoop<Scalar>& grad_self_loop) {
    const std::size_t of_image = images_[0].tree.pixel_features.size();
    features_.resize(images_.size() * of_image);
    for_images([&](Image& of, Workspace& work, int b) {
      of.grad_self_loop = zero_gradient(parts_.self_loop);
      const std::int32_t first = all.begin[static_cast<std::size_t>(b)];
      backward_image(of, work, {grad_feature.row(first), of.tokens.count(), grad_feature.columns},
                     of.grad_self_loop);
      std::copy(work.grad_tree.pixel_features.begin(), work.grad_tree.pixel_features.end(),
                features_.data() + static_cast<std::size_t>(b) * of_image);
    });
    for (const Image& of : images_) add_gradient(of.grad_self_loop, grad_self_loop);
  }

  double largest_value() const {
    return parts_.check_range ? detail::largest_value(parts_.encoder)
                              : std::numeric_limits<double>::infinity();
  }

  void check_built() const { DHT_EXPECTS(is_built_, "hierarchy: is empty; build it first"); }

  void check_count(std::int64_t count) const {
    check_built();
    DHT_EXPECTS(count >= 1 && count <= hierarchy().pixels(), "tokens: is ", count, "; must be 1 to ",
                hierarchy().pixels(), ", the number of pixels");
  }

  void find_penalties(Image& of, Workspace& work) const {
    of.merges.merge(merge_input(of, work));
    if (of.penalties_of == of.merges.version()) return;
    of.penalties_of = -1;
    of.penalties.build(of.merges.tree());
    of.penalties_of = of.merges.version();
  }

  /// The tokens of the partitions that `cut(image, workspace)` makes; it returns the smallest size that was asked for.
  template <class Cut>
  const Tokens<Scalar, Extent>& cut_images(const Cut& cut) {
    tokens_are_of_tree_ = false;  // should the cut fail
    for_images([&](Image& of, Workspace& work, int) {
      of.smallest = cut(of, work);
      detail::describe(graph_, of.tree, of.tokens);
    });
    tokens_are_of_tree_ = true;
    return join();
  }

  const Tokens<Scalar, Extent>& join() {
    if (images_.size() > 1)
      detail::join_tokens(
          static_cast<int>(images_.size()),
          [&](int b) -> const Tokens<Scalar, Extent>& { return images_[static_cast<std::size_t>(b)].tokens; },
          tokens_);
    return joined();
  }

  const Tokens<Scalar, Extent>& joined() const { return images_.size() == 1 ? images_[0].tokens : tokens_; }

  Parts parts_;
  Graph graph_{};  // of the last image
  std::vector<Image> images_ = std::vector<Image>(1);
  std::vector<Workspace> workspaces_ = std::vector<Workspace>(1);
  Tokens<Scalar, Extent> tokens_;  // of all images, where there are several
  Buffer<Scalar> features_;        // of all images, then their gradients; for training
  Saved saved_;
  detail::ResetOnMove<bool> is_built_ = false, can_go_back_ = false;
  detail::ResetOnMove<bool> tokens_are_of_tree_ = false;  // and not of an earlier one
  detail::ResetOnMove<bool> has_parts_ = true;
};

}  // namespace DHT_TARGET
}  // namespace dht

// dht::compiled is built for the instruction sets that the compiler allows by itself; other files keep their own loops. Its
// value is 2 in this project's builds with sanitizers, where everything has the same flags.
#if defined(DHT_COMPILED) && (DHT_COMPILED == 2 || (!defined(DHT_NO_DISPATCH) && !defined(__SSE4_2__) && \
                                                    !defined(__FMA__) && !defined(__ARM_FEATURE_SVE)))
#include <dht/compiled.hpp>
#endif
