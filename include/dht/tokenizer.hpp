// SPDX-License-Identifier: MIT
// The tokenizer: image -> features -> hierarchy -> tokens. The one place where the stages meet.
#pragma once

#include <cstdint>
#include <utility>

#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/concepts.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/selection/selection.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/self_loop.hpp>
#include <dht/similarity/weighting.hpp>
#include <dht/tokens/tokens.hpp>

namespace dht {

/// The parts of a tokenizer, chosen at compile time. Derive from it and change one:
///
///     struct MyPolicies : dht::DefaultPolicies { using Similarity = dht::Laplacian; };
///     dht::Tokenizer<MyPolicies> tokenizer;
struct DefaultPolicies {
  using Scalar = float;  ///< float or double
  template <class S>
  using Encoder = ColourEncoder<S>;       ///< image -> features; see concepts::encoder
  using Connectivity = FourConnected;     ///< who is whose neighbour; concepts::connectivity
  using Similarity = Gaussian;            ///< how alike two regions are; concepts::similarity
  using Weighting = SimilarityWeighting;  ///< how much a member counts; concepts::weighting
  using Criterion = Aicc;                 ///< what a region is worth; concepts::criterion
  using Selection = BestAncestor;         ///< how the tree is cut; concepts::selection
  using Backend = backend::Cpu;           ///< where loops run
};

/// The published method with learned features: what the released checkpoints need.
struct LearnedPolicies : DefaultPolicies {
  template <class S>
  using Encoder = ConvolutionalEncoder<S>;
};

/// The parts of a tokenizer as values. Every member has the default that its type has.
template <class Policies>
struct TokenizerParts {
  using Scalar = typename Policies::Scalar;
  typename Policies::template Encoder<Scalar> encoder;
  typename Policies::Similarity similarity{};
  typename Policies::Weighting weighting{};
  typename Policies::Criterion criterion{};
  typename Policies::Selection selection{};
  SelfLoop<Scalar> self_loop{};  ///< a constant 0.1 where nothing was learned
  HierarchyOptions hierarchy{};
  typename Policies::Backend backend{};
};

/// Turns images into tokens. Holds its parts and the memory of the last image: the second image of a size allocates
/// nothing. Results are references into that memory, valid until the next call; copy what you keep. One tokenizer serves
/// one thread at a time.
template <class Policies = DefaultPolicies>
class Tokenizer {
 public:
  using Scalar = typename Policies::Scalar;
  using Encoder = typename Policies::template Encoder<Scalar>;
  using Connectivity = typename Policies::Connectivity;
  using Parts = TokenizerParts<Policies>;

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

  Tokenizer() requires std::default_initializable<Encoder> : Tokenizer(Parts{}) {}
  explicit Tokenizer(Parts parts) : parts_(std::move(parts)) {}

  const Parts& parts() const { return parts_; }

  /// The tokens of an image, or of a batch, by the tokenizer's selection. Throws dht::Error for an empty image, a wrong
  /// number of channels, and values that are not finite.
  template <class P>
  const Tokens<Scalar>& operator()(const ImageView<P>& image) {
    build(image);
    return select(parts_.selection, selection_);
  }

  /// Exactly `count` tokens in every image, from 1 to the number of its pixels.
  template <class P>
  const Tokens<Scalar>& operator()(const ImageView<P>& image, std::int64_t count) {
    build(image);
    return tokens(count);
  }

  /// The hierarchy alone; also the first half of the calls above.
  template <class P>
  const Hierarchy<Scalar>& build(const ImageView<P>& image) {
    cuts_are_built_ = false;
    encode(image);
    const HierarchyParts<Scalar, typename Policies::Similarity, typename Policies::Weighting,
                         typename Policies::Criterion>
        parts{parts_.similarity, parts_.weighting, parts_.criterion, parts_.self_loop};
    build_hierarchy<Connectivity>(parts_.backend, parts, parts_.hierarchy, tree_, build_);
    return tree_;
  }

  /// Exactly `count` tokens from the hierarchy that was built last, which stays as it is. The first call prepares all
  /// cuts; each further one costs a few milliseconds.
  const Tokens<Scalar>& tokens(std::int64_t count) {
    const CodeLength cost;
    if (!cuts_are_built_) cost_.cuts.build(tree_, cost);
    cuts_are_built_ = true;
    cut_to_budget<Connectivity>(tree_, cost_.cuts, cost, count, tokens_.partition, cost_.cut);
    detail::describe(tree_, tokens_);
    return tokens_;
  }

  /// Cuts the hierarchy that was built last by another selection.
  template <concepts::selection<Scalar> Selection>
  const Tokens<Scalar>& select(const Selection& selection) {
    typename Selection::Workspace workspace;
    return select(selection, workspace);
  }

  /// The hierarchy of the last image; copy it to keep it.
  const Hierarchy<Scalar>& hierarchy() const { return tree_; }

 private:
  template <class P>
  void encode(const ImageView<P>& image) {
    check(image, "image");
    DHT_EXPECTS(image.channels == parts_.encoder.channels(), "image: has ", image.channels,
                " channels; the encoder takes ", parts_.encoder.channels());
    tree_.begin.clear();  // should the encoder fail, no hierarchy is left that belongs to another image
    tree_.batch = image.batch;
    tree_.height = image.height;
    tree_.width = image.width;
    tree_.features = parts_.encoder.features();
    tree_.pixel_features.resize(static_cast<std::size_t>(image.total_pixels() * tree_.features));
    if (!parts_.encoder.encode(parts_.backend, image, tree_.pixel_features.data(), encode_))
      report_not_finite(image);
  }

  template <class P>
  [[noreturn]] static void report_not_finite(const ImageView<P>& image) {
    for (int b = 0; b < image.batch; ++b) {
      for (int c = 0; c < image.channels; ++c) {
        for (int y = 0; y < image.height; ++y) {
          for (int x = 0; x < image.width; ++x) {
            DHT_EXPECTS(std::isfinite(static_cast<double>(image(b, c, y, x))),
                        "image: is not finite at image ", b, ", channel ", c, ", row ", y, ", column ", x,
                        "; must be numbers");
          }
        }
      }
    }
    detail::fail("image: has values so large that its features are not finite");
  }

  template <class Selection, class Workspace>
  const Tokens<Scalar>& select(const Selection& selection, Workspace& workspace) {
    const SelectionInput<Scalar, typename Policies::Criterion> in{tree_, parts_.criterion};
    selection.template select<Connectivity>(parts_.backend, in, tokens_.partition, workspace);
    detail::describe(tree_, tokens_);
    return tokens_;
  }

  Parts parts_;
  Hierarchy<Scalar> tree_;
  Tokens<Scalar> tokens_;
  typename Encoder::Workspace encode_;
  HierarchyWorkspace<Scalar> build_;
  typename Policies::Selection::Workspace selection_;
  CostWorkspace cost_;
  bool cuts_are_built_ = false;
};

}  // namespace dht
