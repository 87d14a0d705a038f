// SPDX-License-Identifier: MIT
// Tokenizers put together from other parts: every slot filled with something else than its default, and a part of one's own.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/tokenizer.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/parameters.hpp"
#include "kit/partitions.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;

struct EverythingElse : dht::DefaultPolicies {
  using Scalar = double;
  using Graph = dht::PixelGrid<dht::EightConnected>;
  using Similarity = dht::Laplacian;
  using Weighting = dht::SizeWeighting;
  using Criterion = dht::Bic;
  using Selection = dht::OptimalCut<dht::SquaredError>;
};

struct Budgeted : dht::ColourPolicies {
  using Similarity = dht::Cauchy;
  using Criterion = dht::Cic;
  using Selection = dht::TokenBudget<>;
};

/// Rows of bricks: a neighbourhood of a user's own.
struct Hexagonal {
  static constexpr std::array<dht::Offset, 3> forward{{{0, 1}, {1, -1}, {1, 0}}};
};

/// Brightness alone: an encoder of a user's own.
struct Brightness {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 3; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>& image, float* out, Workspace&) const {
    for (int b = 0; b < image.batch; ++b)
      for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
          *out++ = static_cast<float>(image(b, 0, y, x) + image(b, 1, y, x) + image(b, 2, y, x));
    return true;
  }
};

/// Whole images: a selection of a user's own.
struct WholeImages {
  struct Workspace {};
  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>& in, dht::Partition& out,
              Workspace&) const {
    const int top = in.tree.levels() - 1;
    const auto labels = in.tree.labels(top);
    out.labels.assign(labels.begin(), labels.end());
    out.regions = 1;
    out.sources.assign(1, in.tree.node(top, 0));
    out.source_begin.assign({0, 1});
  }
};

struct Own : dht::ColourPolicies {
  template <class S>
  using Encoder = Brightness;
  using Graph = dht::PixelGrid<Hexagonal>;
  using Similarity = AnySimilarity;
  using Weighting = AnyWeighting;
  using Criterion = AnyCriterion;
  using Selection = WholeImages;
};

}  // namespace

TEST_CASE("policies: learned features, 8 neighbours, double, optimal cut", "[tokenizer]") {
  dht::TokenizerParts<EverythingElse> parts{
      dht::ConvolutionalEncoder<double>(random_parameters<double>(1, 5, false, 3))};
  parts.selection = {{}, 0.05};
  parts.self_loop.weight = {1, -1, 0.5, 0, 2};
  parts.backend = dht::backend::Cpu(2);
  dht::Tokenizer<EverythingElse> tokenizer(parts);
  Random random(6);
  for (const auto& [batch, height, width] : {std::tuple{1, 21, 34}, {2, 9, 10}, {1, 1, 1}}) {
    auto values = planes(Pattern::blobs, batch, 1, height, width, random);
    for (double& v : values) v *= 60000;
    const auto image = converted<std::uint16_t>(values);
    CAPTURE(batch, height, width);
    const auto& tokens = tokenizer(dht::planar_view(image.data(), batch, 1, height, width));
    for (int b = 0; b < batch; ++b)
      CHECK(fault_of(tokenizer.hierarchy(b), Grid{1, height, width, true},
                     tokens_of_image(tokens, b).partition, true) == "");
    CHECK(tokenizer.tokens(1).count() == batch);
  }
}

TEST_CASE("policies: a budget as the selection", "[tokenizer]") {
  dht::TokenizerParts<Budgeted> parts;
  parts.selection.tokens = 25;
  parts.similarity = dht::Cauchy(0.5);
  parts.self_loop = dht::SelfLoop<float>::constant(0.9);
  dht::Tokenizer<Budgeted> tokenizer(parts);
  Random random(7);
  for (const Pattern pattern : {Pattern::blobs, Pattern::noise, Pattern::constant}) {
    const auto image = converted<float>(planes(pattern, 2, 3, 14, 15, random));
    const auto& tokens = tokenizer(dht::planar_view(image.data(), 2, 3, 14, 15));
    CHECK(tokens.count(0) == 25);
    CHECK(tokens.count(1) == 25);
    for (int b = 0; b < 2; ++b)
      CHECK(fault_of(tokenizer.hierarchy(b), Grid{1, 14, 15, false}, tokens_of_image(tokens, b).partition,
                     true) == "");
  }
  const auto few = converted<float>(planes(Pattern::noise, 1, 3, 4, 4, random));
  CHECK(error_of([&] { tokenizer(dht::planar_view(few.data(), 1, 3, 4, 4)); }) ==
        "tokens: is 25; must be 1 to 16, the number of pixels");
}

TEST_CASE("policies: every part of one's own", "[tokenizer]") {
  dht::Tokenizer<Own> tokenizer;
  Random random(8);
  const auto image = converted<float>(planes(Pattern::blobs, 2, 3, 12, 16, random));
  const auto& tokens = tokenizer(dht::planar_view(image.data(), 2, 3, 12, 16));
  CHECK(tokens.count() == 2);
  CHECK(tokens.size[0] == 192);
  const auto& tree = tokenizer.hierarchy();
  REQUIRE(tree.levels() > 2);
  // Connected by the neighbourhood with six: so certainly by the one with eight.
  for (int level = 1; level < tree.levels(); ++level)
    CHECK(fault_of(Grid{1, 12, 16, true}, tree.labels(level), tree.regions(level)) == "");
}
