// SPDX-License-Identifier: MIT
// The tokenizer end to end, every slot of its policies chosen by the input: labels dense, in order and connected, levels
// nested, exactly K, sizes and boxes, finite gradients.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/tokenizer.hpp>

#include "fuzz/fuzz.hpp"
#include "kit/any_parts.hpp"
#include "kit/label_maps.hpp"
#include "kit/partitions.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using dht::fuzz::Choices;
using dht::fuzz::expect;
using dht::fuzz::expect_none;
using dht::test::Grid;

struct Four : dht::ColourPolicies {
  using Similarity = dht::test::AnySimilarity;
  using Weighting = dht::test::AnyWeighting;
  using Criterion = dht::test::AnyCriterion;
};
struct Eight : Four {
  using Scalar = double;
  using Graph = dht::PixelGrid<dht::EightConnected>;
  using Linkage = dht::MumfordShah;
};
struct Learned : Four {
  template <class S>
  using Encoder = dht::TrainableEncoder<S>;
  using Linkage = dht::Ward;
};

template <class Policies>
class Run {
  using S = typename Policies::Scalar;

 public:
  Run(Choices& choices, bool diagonals)
      : grid_{1 + choices.below(2), 1 + choices.below(16), 1 + choices.below(16), diagonals},
        tokenizer_(parts(choices)) {
    pixels_.resize(static_cast<std::size_t>(grid_.pixels()) * 3);
    // The rest of the input is an image, over again where it is short: small pictures, many of them equal in places.
    const int levels = 1 + choices.below(255);
    for (float& value : pixels_)
      value = static_cast<float>(choices.byte() % (levels + 1)) / static_cast<float>(levels);
  }

  void all(Choices& choices) {
    const dht::ImageView<const float> image = dht::planar_view(static_cast<const float*>(pixels_.data()),
                                                               grid_.batch, 3, grid_.height, grid_.width);
    tokenizer_.forward(image);
    for (int b = 0; b < grid_.batch; ++b) check_levels(tokenizer_.hierarchy(b));
    check(tokenizer_.select(), false, "the tokenizer's selection");
    go_back(image);
    check(tokenizer_.select(dht::OptimalCut<>{dht::CodeLength{}, choices.between(0, 100)}), true,
          "the optimal cut");
    go_back(image);
    check(tokenizer_.tokens(dht::Penalty{choices.between(0, 0.001)}), true, "merging by a penalty");
    const int count = 1 + choices.byte() % grid_.image_pixels();
    check(tokenizer_.tokens(count), true, "exactly K");
    for (int b = 0; b < grid_.batch; ++b)
      expect(tokenizer_.tokens(count).count(b) == count, "exactly K tokens in an image");
    go_back(image);
    check(tokenizer_.refine(1 + choices.below(3)), false, "refined tokens");
    expect(tokenizer_.tokens(count).count() == count * grid_.batch, "the same K after refining");
    const int largest = 1 + choices.below(9);
    dht::MergeOptions merging;
    merging.smallest = largest;
    tokenizer_.merge(merging);
    const auto& large = tokenizer_.tokens(dht::Penalty{choices.between(0, 0.001)});
    check(large, true, "tokens of a smallest size");
    for (std::int32_t t = 0; t < large.count(); ++t)
      expect(large.size[static_cast<std::size_t>(t)] >= std::min(largest, grid_.image_pixels()),
             "no token is too small");
  }

 private:
  static dht::TokenizerParts<Policies> parts(Choices& choices) {
    dht::TokenizerParts<Policies> parts{};
    parts.similarity =
        dht::test::AnySimilarity(static_cast<dht::test::Kernel>(choices.below(4)), choices.between(0.1, 3));
    parts.weighting = dht::test::AnyWeighting{choices.below(2) == 1};
    parts.criterion =
        dht::test::AnyCriterion(static_cast<dht::test::Penalty>(choices.below(4)), choices.between(1e-3, 10));
    parts.hierarchy.compactness = choices.between(0, 0.9);
    parts.hierarchy.enough_regions = 1 + choices.below(8);
    parts.self_loop = dht::SelfLoop<S>::constant(choices.between(0, 1));
    if (choices.below(2) == 1) {
      parts.self_loop.weight.resize(static_cast<std::size_t>(parts.encoder.features()));
      for (S& weight : parts.self_loop.weight) weight = static_cast<S>(choices.between(-20, 20));
    }
    parts.backend = dht::backend::Cpu(1 + choices.below(2));
    return parts;
  }

  Grid grid_of_image() const { return {1, grid_.height, grid_.width, grid_.diagonals}; }

  void check_levels(const dht::Hierarchy<S>& tree) const {
    std::vector<std::int32_t> below = tree.labels(0);
    for (int level = 1; level < tree.levels(); ++level) {
      const std::vector<std::int32_t> labels = tree.labels(level);
      expect_none(fault_of(grid_of_image(), labels, tree.regions(level)), "a level");
      expect(dht::test::is_nested(below, labels), "levels are nested");
      below = labels;
    }
    expect(tree.regions(tree.levels() - 1) == 1, "the last level is the whole image");
  }

  void check(const dht::Tokens<S>& tokens, bool whole, const char* what) const {
    expect_none(fault_of(grid_, tokens.partition.labels, tokens.count()), what);
    // Where features are means of pixels, these need not be those of the regions that they come from.
    for (int b = 0; b < grid_.batch && !tokens.partition.means_of_pixels; ++b)
      expect_none(fault_of(tokenizer_.hierarchy(b), grid_of_image(),
                           dht::test::tokens_of_image(tokens, b).partition, whole),
                  what);
    const auto extents = dht::test::extents(grid_, tokens.partition.labels, tokens.count());
    for (std::size_t t = 0; t < extents.size.size(); ++t) {
      expect(extents.size[t] == tokens.size[t], "sizes are counted");
      expect(extents.box[t] == tokens.box[t], "boxes hold their tokens");
    }
    for (const S value : tokens.feature) expect(std::isfinite(value), "features are finite");
  }

  void go_back(const dht::ImageView<const float>& image) {
    const dht::Tokens<S>& tokens = tokenizer_.select();
    const std::vector<S> upstream(tokens.feature.size(), S(1));
    auto gradients = tokenizer_.gradients();
    std::vector<S> grad_image(pixels_.size());
    tokenizer_.backward(image, dht::MatrixView<const S>{upstream.data(), tokens.count(), tokens.features},
                        gradients, grad_image.data());
    for (const S value : grad_image) expect(std::isfinite(value), "gradients are finite");
  }

  Grid grid_;
  dht::Tokenizer<Policies> tokenizer_;
  std::vector<float> pixels_;
};

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  std::vector<Bytes> seeds;
  for (int policies = 0; policies < 3; ++policies)
    for (int pattern = 0; pattern < 4; ++pattern) {
      Bytes bytes{static_cast<std::uint8_t>(policies)};
      for (int i = 0; i < 400; ++i) {
        const int value = pattern == 0   ? 0
                          : pattern == 1 ? i * 97
                          : pattern == 2 ? i / 20 * 60
                                         : (i % 2) * 255;
        bytes.push_back(static_cast<std::uint8_t>(value));
      }
      seeds.push_back(std::move(bytes));
    }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  switch (choices.below(3)) {
    case 0:
      Run<Four>(choices, false).all(choices);
      break;
    case 1:
      Run<Eight>(choices, true).all(choices);
      break;
    default:
      Run<Learned>(choices, false).all(choices);
  }
  return 0;
}
