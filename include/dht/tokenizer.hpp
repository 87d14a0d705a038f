// SPDX-License-Identifier: MIT
// The tokenizer: image -> features -> hierarchy -> tokens. The one place where the stages meet.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/core/reset_on_move.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/concepts.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/encoder/value_range.hpp>
#include <dht/graph/connectivity.hpp>
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
  using Connectivity = FourConnected;       ///< who is whose neighbour; concepts::connectivity
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

/// Turns images into tokens, and gradients of tokens into those of the image and of all parameters. Holds its parts and
/// the memory of the last image: the second image of a size allocates nothing. Results are references into that memory,
/// valid until the next call; copy what you keep. One tokenizer serves one thread at a time; copies may work at once, also
/// with the same backend. One that was moved from says so where it is given an image.
template <class Policies = DefaultPolicies>
class Tokenizer {
 public:
  using Scalar = typename Policies::Scalar;
  using Encoder = typename Policies::template Encoder<Scalar>;
  using Connectivity = typename Policies::Connectivity;
  using Parts = TokenizerParts<Policies>;
  using Gradients = TokenizerGradients<Policies>;
  using Saved = typename detail::WayBack<Encoder, Scalar>::Saved;

  static_assert(std::is_floating_point_v<Scalar>, "Policies::Scalar must be float or double");
  static_assert(concepts::encoder<Encoder, Scalar>,
                "Policies::Encoder does not satisfy dht::concepts::encoder");
  static_assert(concepts::connectivity<Connectivity>,
                "Policies::Connectivity does not satisfy dht::concepts::connectivity");
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

  Tokenizer() requires std::default_initializable<Encoder> : Tokenizer(Parts{}) {}
  explicit Tokenizer(Parts parts) : parts_(std::move(parts)) {}

  const Parts& parts() const& { return parts_; }
  /// To be changed between images only.
  Parts& parts() & { return parts_; }
  const Parts& parts() const&& = delete;

  /// The tokens of an image, or of a batch, by the tokenizer's selection. Throws dht::Error for an empty image, a wrong
  /// number of channels, values that are not finite, and, by `check_range`, those far outside of the encoder's range.
  template <class P>
  const Tokens<Scalar>& operator()(const ImageView<P>& image) & {
    build(image);
    return select();
  }

  /// Exactly `count` tokens in every image, from 1 to the number of its pixels.
  template <class P>
  const Tokens<Scalar>& operator()(const ImageView<P>& image, std::int64_t count) & {
    build(image);
    return tokens(count);
  }

  /// The same of a temporary tokenizer, which gives its tokens away.
  template <class... Arguments>
  Tokens<Scalar> operator()(const Arguments&... arguments) && {
    (*this)(arguments...);
    return std::move(tokens_);
  }

  /// The hierarchy alone; also the first half of the calls above.
  template <class P>
  const Hierarchy<Scalar>& build(const ImageView<P>& image) & {
    const ImageView<const P> pixels = image;  // one instance for both views of a pixel type
    return build_on(pixels, [&](Scalar* features) {
      return parts_.encoder.encode(parts_.backend, pixels, features, encode_);
    });
  }

  /// As `build`, and keeps what `backward` needs. Cut the hierarchy then, by `select` or `tokens`.
  template <class P>
  const Hierarchy<Scalar>& forward(const ImageView<P>& image) & {
    static_assert(concepts::differentiable_encoder<Encoder, Scalar>,
                  "Policies::Encoder does not satisfy dht::concepts::differentiable_encoder");
    const ImageView<const P> pixels = image;
    build_on(pixels, [&](Scalar* features) {
      return parts_.encoder.forward(parts_.backend, pixels, features, saved_);
    });
    can_go_back_ = true;
    return tree_;
  }

  /// What the encoder kept of the last `forward`: batch statistics, for example.
  const Saved& saved() const& { return saved_; }
  const Saved& saved() const&& = delete;

  /// Gradients of all parameters, zero.
  Gradients gradients() const {
    Gradients zero{parts_.encoder.gradients(), parts_.self_loop};
    std::fill(zero.self_loop.weight.begin(), zero.self_loop.weight.end(), Scalar(0));
    zero.self_loop.bias = 0;
    return zero;
  }

  /// From the gradient of the last tokens' features, tokens x features, to the parameters, where it is added to
  /// `gradients`, and to the image, where it overwrites `grad_image`, planes (batch, channels, height, width), unless
  /// that is null. The image is that of the last `forward`; the tokens may have been cut from it in any way. All choices
  /// are constants; the result does not depend on the number of threads, to the last bit.
  template <class P>
  void backward(const ImageView<P>& image, const MatrixView<const Scalar>& grad_feature, Gradients& gradients,
                Scalar* grad_image = nullptr) {
    DHT_EXPECTS(can_go_back_, "backward: needs a call of forward before it");
    DHT_EXPECTS(tokens_are_of_tree_, "backward: needs tokens of the last forward; cut its hierarchy first");
    DHT_EXPECTS(image.batch == tree_.batch && image.height == tree_.height && image.width == tree_.width,
                "image: is not the one of the last forward call");
    grad_tree_.clear(tree_);
    backward_tokens(tree_, tokens_, grad_feature, grad_tree_);
    backward_hierarchy<Connectivity>(parts_.backend, hierarchy_parts(), parts_.hierarchy, tree_, grad_tree_,
                                     gradients.self_loop, backward_);
    parts_.encoder.backward(parts_.backend, ImageView<const P>(image), grad_tree_.pixel_features.data(),
                            saved_, gradients.encoder, grad_image);
  }

  /// Merges the regions of the hierarchy that was built last, one pair at a time, by the tokenizer's linkage: the tree
  /// that the calls of `tokens` below cut. They do it themselves, for the whole image and by the tokenizer's options;
  /// call it for a `mask` (1 channel, 0 outside), or for other options. Tokens outside of the mask do not exist, and
  /// their label is -1.
  const MergeTree& merge(const MergeOptions& options, const Mask& mask = {}) & {
    merges_.merge(merge_input(), options, mask);
    return merges_.tree();
  }
  const MergeTree& merge(const Mask& mask) & { return merge(parts_.merging, mask); }

  /// Exactly `count` tokens in every image, from 1 to the number of its pixels, from the hierarchy that was built last. In
  /// the mask of a call of `merge` there cannot be fewer than it has connected parts, nor more than it has pixels: where
  /// `count` is beyond, they are as many as these. `MergeOptions::smallest` gives way to it: where merging leaves fewer
  /// tokens of that size, some are smaller. The first call after `build` merges, and one whose count needs finer leaves;
  /// each further one costs less than a millisecond a megapixel.
  const Tokens<Scalar>& tokens(std::int64_t count) & {
    check_count(count);
    merges_.fit(merge_input(), count);
    cut_merges(parts_.backend, merges_.tree(), count, tokens_.partition, merge_cut_);
    return describe(merges_.asked(merge_input()).smallest);
  }

  /// The merge tree that `tokens(count)` cuts, as if it were asked of `merge`: for penalties that leave room for as many.
  const MergeTree& merge_for(std::int64_t count) & {
    check_count(count);
    merges_.ask_for(merge_input(), count);
    return merges_.tree();
  }

  /// As many tokens as a penalty leaves: few where there is little to see, many where there is much.
  const Tokens<Scalar>& tokens(Penalty penalty) & {
    const MergePenalties& all = penalties();
    cut_merges_at(parts_.backend, merges_.tree(), all, penalty.value, tokens_.partition, merge_cut_);
    return describe(merges_.asked(merge_input()).smallest);
  }

  /// The penalties at which the merges of the last image are made; see MeanBudget for what they are good for.
  const MergePenalties& penalties() & {
    merges_.merge(merge_input());
    if (penalties_of_ != merges_.version()) {
      penalties_of_ = -1;
      penalties_.build(merges_.tree());
      penalties_of_ = merges_.version();
    }
    return penalties_;
  }

  /// The merge tree of the last image: of the last call of `merge`, `merge_for`, `tokens` or `penalties`.
  const MergeTree& merge_tree() const& { return merges_.tree(); }
  const MergeTree& merge_tree() const&& = delete;

  /// The last tokens with their borders moved pixel by pixel, `sweeps` times over, to where the squared error of the
  /// features is least (see refine_tokens). As many tokens as before; their features are means of their pixels.
  const Tokens<Scalar>& refine(int sweeps = 1) & {
    DHT_EXPECTS(tokens_are_of_tree_, "refine: needs tokens; cut the hierarchy first");
    refine_tokens<Connectivity>(parts_.backend, tree_, {sweeps, smallest_}, tokens_, refine_);
    return tokens_;
  }

  /// Cuts the hierarchy that was built last by the tokenizer's selection; `operator()` does both.
  const Tokens<Scalar>& select() & { return select(parts_.selection, selection_); }

  /// Cuts it by another selection.
  template <concepts::selection<Scalar> Selection>
  const Tokens<Scalar>& select(const Selection& selection) & {
    typename Selection::Workspace workspace;
    return select(selection, workspace);
  }

  /// The hierarchy of the last image; copy it to keep it.
  const Hierarchy<Scalar>& hierarchy() const& { return tree_; }
  const Hierarchy<Scalar>& hierarchy() const&& = delete;

 private:
  auto hierarchy_parts() const {
    return HierarchyParts<Scalar, typename Policies::Similarity, typename Policies::Weighting,
                          typename Policies::Criterion>{parts_.similarity, parts_.weighting, parts_.criterion,
                                                        parts_.self_loop};
  }

  /// The hierarchy over the features that `encode(features)` writes; it returns whether they are finite.
  template <class P, class Encode>
  const Hierarchy<Scalar>& build_on(const ImageView<P>& image, const Encode& encode) {
    merges_.clear();
    can_go_back_ = tokens_are_of_tree_ = false;
    DHT_EXPECTS(has_parts_, "tokenizer: was moved from; must be given another one before it is used");
    check(image, "image");
    if constexpr (requires { parts_.encoder.adapt(image.channels); }) parts_.encoder.adapt(image.channels);
    DHT_EXPECTS(image.channels == parts_.encoder.channels(), "image: has ", image.channels,
                " channels; the encoder takes ", parts_.encoder.channels());
    const double most = largest_value();
    if constexpr (std::is_floating_point_v<P>)
      if (std::isfinite(most) && !detail::is_within(parts_.backend, image, most))
        detail::report_values(image, most);
    tree_.begin.clear();  // should the encoder fail, no hierarchy is left that belongs to another image
    tree_.batch = image.batch;
    tree_.height = image.height;
    tree_.width = image.width;
    tree_.features = parts_.encoder.features();
    tree_.pixel_features.resize(static_cast<std::size_t>(image.total_pixels() * tree_.features));
    if (!encode(tree_.pixel_features.data())) detail::report_values(image, most);
    build_hierarchy<Connectivity>(parts_.backend, hierarchy_parts(), parts_.hierarchy, tree_, build_);
    return tree_;
  }

  double largest_value() const {
    return parts_.check_range ? detail::largest_value(parts_.encoder)
                              : std::numeric_limits<double>::infinity();
  }

  detail::MergeTreeInput<Scalar, typename Policies::Linkage, typename Policies::Backend> merge_input() const {
    return {parts_.backend, tree_, parts_.linkage, parts_.merging};
  }

  void check_count(std::int64_t count) const {
    DHT_EXPECTS(tree_.levels() > 1, "hierarchy: is empty; build it first");
    DHT_EXPECTS(count >= 1 && count <= tree_.image_pixels(), "tokens: is ", count, "; must be 1 to ",
                tree_.image_pixels(), ", the number of pixels");
  }

  template <class Selection, class Workspace>
  const Tokens<Scalar>& select(const Selection& selection, Workspace& workspace) {
    const SelectionInput<Scalar, typename Policies::Criterion> in{tree_, parts_.criterion};
    tokens_are_of_tree_ = false;  // should the selection fail
    tokens_.partition.whole_sources = tokens_.partition.means_of_pixels =
        false;  // unless the selection says so
    selection.template select<Connectivity>(parts_.backend, in, tokens_.partition, workspace);
    return describe(parts_.merging.smallest);
  }

  /// The tokens of a partition that was just made from the hierarchy, none of fewer pixels than `smallest` if it can be.
  const Tokens<Scalar>& describe(std::int64_t smallest) {
    detail::describe(tree_, tokens_);
    smallest_ = smallest;
    tokens_are_of_tree_ = true;
    return tokens_;
  }

  Parts parts_;
  Hierarchy<Scalar> tree_;
  Tokens<Scalar> tokens_;
  typename Encoder::Workspace encode_;
  Saved saved_;
  HierarchyWorkspace<Scalar> build_;
  HierarchyGradients<Scalar> grad_tree_;
  HierarchyBackwardWorkspace<Scalar> backward_;
  typename Policies::Selection::Workspace selection_;
  detail::FittedMerges<Connectivity> merges_;
  MergeCutWorkspace merge_cut_;
  RefineWorkspace refine_;
  MergePenalties penalties_;
  std::int64_t penalties_of_ = -1;  // the version of `merges_` that they belong to
  std::int64_t smallest_ = 1;       // that was asked of the last tokens
  detail::ResetOnMove<bool> can_go_back_ = false;
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
