// SPDX-License-Identifier: MIT
// The tokenizer as its users meet it: tokens of a photo, as many as asked, and a sentence for what is no photo.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>

#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/partitions.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;
using dht::Tokenizer;

struct Photo {
  int batch, height, width;
  std::vector<float> values;
  Photo(Pattern pattern, int b, int h, int w, std::uint64_t seed) : batch(b), height(h), width(w) {
    Random random(seed);
    values = converted<float>(planes(pattern, b, 3, h, w, random));
  }
  dht::ImageView<const float> view() const {
    return dht::planar_view(values.data(), batch, 3, height, width);
  }
  Grid grid() const { return {batch, height, width, false}; }
};

/// What is wrong with the tokens of one image beyond their partition, or "".
std::string fault_of_image(const dht::Tokens<float>& tokens, const dht::Hierarchy<float>& tree,
                           const Grid& grid) {
  const Extents e = extents(grid, tokens.partition.labels, tokens.count());
  if (!std::equal(e.size.begin(), e.size.end(), tokens.size.begin(), tokens.size.end())) return "sizes";
  if (!std::equal(e.box.begin(), e.box.end(), tokens.box.begin(), tokens.box.end())) return "boxes";
  const std::string fault = fault_of(tree, grid, tokens.partition, tokens.partition.whole_sources);
  if (!fault.empty()) return fault;
  for (std::int32_t t = 0; t < tokens.count(); ++t) {
    for (int c = 0; c < tokens.features; ++c) {
      double sum = 0, weight = 0;
      if (tokens.partition.means_of_pixels) {
        for (std::size_t p = 0; p < tokens.partition.labels.size(); ++p) {
          if (tokens.partition.labels[p] != t) continue;
          sum += tree.pixel_features[p * static_cast<std::size_t>(tokens.features) +
                                     static_cast<std::size_t>(c)];
          weight += 1;
        }
        if (std::abs(tokens.feature_of(t)[static_cast<std::size_t>(c)] - sum / weight) > 1e-6)
          return "feature";
        continue;
      }
      for (const dht::Source source : tokens.partition.sources_of(t)) {
        const double m = source < 0 ? 1 : tree.size[static_cast<std::size_t>(source)];
        sum += m * (source < 0
                        ? tree.pixel_features[static_cast<std::size_t>((-1 - source) * tokens.features + c)]
                        : tree.mean_of(source)[static_cast<std::size_t>(c)]);
        weight += m;
      }
      // One rounding to float of numbers up to about 3.
      if (std::abs(tokens.feature_of(t)[static_cast<std::size_t>(c)] - sum / weight) > 1e-6) return "feature";
    }
  }
  return "";
}

/// What is wrong with a tokenizer's last tokens, or "".
std::string fault_of_tokens(const dht::Tokens<float>& tokens, const Tokenizer<dht::ColourPolicies>& tokenizer,
                            const Grid& grid) {
  if (tokens.batch != grid.batch || tokens.height != grid.height || tokens.width != grid.width)
    return "shape";
  if (tokens.count() != tokens.partition.regions) return "count";
  const std::string fault = fault_of(grid, tokens.partition.labels, tokens.count());
  if (!fault.empty()) return fault;
  if (tokens.begin.size() != static_cast<std::size_t>(grid.batch) + 1 || tokens.begin[0] != 0 ||
      tokens.begin.back() != tokens.count())
    return "begin";
  for (int b = 0; b < grid.batch; ++b) {
    const auto labels = tokens.labels(b);
    if (labels(0, 0) != tokens.begin[static_cast<std::size_t>(b)]) return "begin of an image";
    if (tokens.count(b) !=
        tokens.begin[static_cast<std::size_t>(b) + 1] - tokens.begin[static_cast<std::size_t>(b)])
      return "count of an image";
    const std::string of_image = fault_of_image(tokens_of_image(tokens, b), tokenizer.hierarchy(b),
                                                {1, grid.height, grid.width, false});
    if (!of_image.empty()) return of_image;
  }
  return "";
}

}  // namespace

TEST_CASE("tokenizer: tokens of photos of every shape", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  std::uint64_t seed = 0;
  for (const Pattern pattern : all_patterns) {
    for (const auto& [batch, height, width] :
         {std::tuple{1, 1, 1}, {1, 1, 2}, {2, 1, 9}, {1, 17, 1}, {1, 33, 45}, {3, 20, 14}, {1, 2, 3}}) {
      const Photo photo(pattern, batch, height, width, ++seed);
      CAPTURE(name_of(pattern), batch, height, width);
      const auto& tokens = tokenizer(photo.view());
      CHECK(fault_of_tokens(tokens, tokenizer, photo.grid()) == "");
    }
  }
}

TEST_CASE("tokenizer: exactly as many tokens as asked, from one hierarchy", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 2, 24, 31, 5);
  CHECK(tokenizer(photo.view(), 49).count() == 98);
  const auto nodes = tokenizer.hierarchy().nodes();
  for (const std::int64_t count : {1, 2, 3, 16, 49, 100, 700, 744}) {
    CAPTURE(count);
    const auto& tokens = tokenizer.tokens(count);
    CHECK(tokens.count(0) == count);
    CHECK(tokens.count(1) == count);
    CHECK(fault_of_tokens(tokens, tokenizer, photo.grid()) == "");
  }
  CHECK(tokenizer.hierarchy().nodes() == nodes);
  // Another image: the cuts of the last one are not used for it.
  const Photo other(Pattern::noise, 1, 11, 13, 6);
  tokenizer.build(other.view());
  CHECK(tokenizer.tokens(20).count() == 20);
  CHECK(fault_of_tokens(tokenizer.tokens(20), tokenizer, other.grid()) == "");
  Tokenizer<dht::ColourPolicies> fresh;
  CHECK(fresh(other.view(), 20).partition.labels == tokenizer.tokens(20).partition.labels);
}

TEST_CASE("tokenizer: the same count gives the same tokens, whatever was asked before", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 1, 40, 50, 7);
  tokenizer.build(photo.view());
  std::map<std::int64_t, std::vector<std::int32_t>> first;
  for (const std::int64_t count : {10, 2000, 50, 400, 1000, 10, 50, 400, 2000, 1000}) {
    const auto& labels = tokenizer.tokens(count).partition.labels;
    const auto [place, fresh] = first.emplace(count, std::vector<std::int32_t>(labels.begin(), labels.end()));
    CAPTURE(count, fresh);
    CHECK(std::equal(labels.begin(), labels.end(), place->second.begin(), place->second.end()));
    tokenizer.penalties();  // of the tree for small counts
  }
}

TEST_CASE("tokenizer: a penalty gives fewer tokens the larger it is", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 2, 40, 50, 8);
  CHECK(error_of([&] { tokenizer.tokens(dht::Penalty{1}); }) == "hierarchy: is empty; build it first");
  tokenizer.build(photo.view());
  std::int32_t last = 1 << 20;
  for (const double penalty : {0.0, 1.0, 10.0, 100.0, 1e9}) {
    CAPTURE(penalty);
    const auto& tokens = tokenizer.tokens(dht::Penalty{penalty});
    CHECK(fault_of_tokens(tokens, tokenizer, photo.grid()) == "");
    CHECK(tokens.count() <= last);
    last = tokens.count();
  }
  CHECK(last == 2);
}

TEST_CASE("tokenizer: tokens inside of a mask", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 1, 40, 50, 9);
  std::vector<std::uint8_t> inside(2000, 0);
  std::int32_t pixels = 0;
  for (int y = 5; y < 30; ++y) {
    for (int x = 8; x < 41; ++x)
      pixels += inside[static_cast<std::size_t>(50 * y + x)] =
          (y - 17) * (y - 17) + (x - 24) * (x - 24) < 140;
  }
  const dht::Mask mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, 40, 50);
  tokenizer.build(photo.view());
  const auto without = tokenizer.tokens(12).partition.labels;
  tokenizer.merge(mask);
  const auto& tokens = tokenizer.tokens(12);
  CHECK(tokens.count() == 12);
  CHECK(tokens.begin == std::vector<std::int32_t>{0, 12});
  bool right = true;
  std::vector<double> sum(36, 0.0);
  for (std::size_t p = 0; p < inside.size(); ++p) {
    const std::int32_t label = tokens.partition.labels[p];
    right &= inside[p] ? label >= 0 && label < 12 : label == -1;
    for (std::size_t c = 0; label >= 0 && c < 3; ++c)
      sum[static_cast<std::size_t>(label) * 3 + c] += tokenizer.hierarchy().pixel_features[3 * p + c];
  }
  CHECK(right);
  std::int32_t total = 0;
  for (std::int32_t t = 0; t < 12; ++t) {
    const auto i = static_cast<std::size_t>(t);
    total += tokens.size[i];
    for (std::size_t c = 0; c < 3; ++c)  // no pixel outside of the mask has part in a feature
      CHECK(tokens.feature_of(t)[c] == Catch::Approx(sum[3 * i + c] / tokens.size[i]).epsilon(1e-5));
  }
  CHECK(total == pixels);
  // The next image knows nothing of the mask.
  tokenizer.build(photo.view());
  CHECK(tokenizer.tokens(12).partition.labels == without);
  const std::vector<std::uint8_t> nothing(2000, 0);
  tokenizer.merge(dht::planar_view<const std::uint8_t>(nothing.data(), 1, 1, 40, 50));
  CHECK(tokenizer.tokens(12).count() == 0);
}

TEST_CASE("tokenizer: a blank image divides into tokens of about one size", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::constant, 1, 96, 128, 3);
  for (const std::int64_t count : {1, 2, 12, 48, 200}) {
    CAPTURE(count);
    const auto& tokens = tokenizer(photo.view(), count);
    CHECK(tokens.count() == count);
    CHECK(fault_of_tokens(tokens, tokenizer, photo.grid()) == "");
    CHECK(*std::max_element(tokens.size.begin(), tokens.size.end()) <= 4 * (96 * 128 / count));
  }
}

TEST_CASE("tokenizer: counts that are none, and a hierarchy that is none", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  CHECK(error_of([&] { tokenizer.tokens(5); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { tokenizer.tokens(5); }) == "hierarchy: is empty; build it first");
  CHECK(error_of([&] { tokenizer.select(dht::BestAncestor{}); }) == "hierarchy: is empty; build it first");
  const Photo photo(Pattern::noise, 1, 4, 5, 5);
  CHECK(error_of([&] { tokenizer(photo.view(), 0); }) ==
        "tokens: is 0; must be 1 to 20, the number of pixels");
  CHECK(error_of([&] { tokenizer.tokens(21); }) == "tokens: is 21; must be 1 to 20, the number of pixels");
  CHECK(tokenizer.tokens(7).count() == 7);
}

TEST_CASE("tokenizer: other selections from the same hierarchy", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 1, 25, 30, 8);
  const auto first = tokenizer(photo.view()).partition.labels;
  CHECK(tokenizer.select(dht::TokenBudget<>{dht::CodeLength(), 12}).count() == 12);
  CHECK(tokenizer.select(dht::OptimalCut<>{dht::CodeLength(), 1e12}).count() == 1);
  const int many = tokenizer.select(dht::OptimalCut<dht::SquaredError>{{}, 0}).count();
  CHECK(many > 12);
  CHECK(tokenizer.select(dht::BestAncestor{}).partition.labels == first);
}

TEST_CASE("tokenizer: copies with the same threads may work at once, and give the same bits", "[tokenizer]") {
  const Photo photo(Pattern::noise, 1, 120, 160, 5);
  dht::TokenizerParts<dht::ColourPolicies> parts;
  parts.backend = dht::backend::Cpu(2);
  std::vector<Tokenizer<dht::ColourPolicies>> copies(4, Tokenizer<dht::ColourPolicies>(parts));
  const dht::Tokens<float> wanted = Tokenizer<dht::ColourPolicies>()(photo.view(), 300);
  std::vector<char> right(copies.size(), 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    threads.emplace_back([&, i] {
      right[i] = 1;
      for (int round = 0; round < 5; ++round) {
        const dht::Tokens<float>& tokens = copies[i](photo.view(), 300);
        if (tokens.partition.labels != wanted.partition.labels || tokens.feature != wanted.feature)
          right[i] = 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == std::vector<char>(copies.size(), 1));
}

TEST_CASE("tokenizer: one that was moved from knows no image and says so", "[tokenizer]") {
  const Photo photo(Pattern::noise, 1, 20, 30, 6);
  dht::TokenizerParts<dht::ColourPolicies> parts;
  parts.backend = dht::backend::Cpu(2);
  Tokenizer<dht::ColourPolicies> from(parts);
  const dht::Tokens<float> wanted = from(photo.view(), 40);
  from.penalties();
  Tokenizer<dht::ColourPolicies> to = std::move(from);
  const std::string empty = "hierarchy: is empty; build it first";
  CHECK(error_of([&] { from(photo.view()); }) ==
        "tokenizer: was moved from; must be given another one before it is used");
  CHECK(error_of([&] { from.select(); }) == empty);
  CHECK(error_of([&] { from.tokens(2); }) == empty);
  CHECK(error_of([&] { from.penalties(); }) == empty);
  CHECK(error_of([&] { from.merge(dht::Mask{}); }) == empty);
  CHECK(error_of([&] { from.refine(); }) == "refine: needs tokens; cut the hierarchy first");
  CHECK(to.tokens(40).partition.labels == wanted.partition.labels);
  from = std::move(to);
  CHECK(from.tokens(40).partition.labels == wanted.partition.labels);
  CHECK(from(photo.view(), 40).partition.labels == wanted.partition.labels);
  CHECK(error_of([&] { to(photo.view()); }) != "");
}

TEST_CASE("tokenizer: an encoder that was moved from takes no image", "[tokenizer]") {
  const Photo photo(Pattern::noise, 1, 8, 8, 6);
  dht::ConvolutionalEncoder<float> from;
  const dht::ConvolutionalEncoder<float> to = std::move(from);
  dht::ConvolutionalEncoder<float>::Workspace workspace;
  std::vector<float> features(64 * 8);
  CHECK(to.encode(dht::backend::Cpu(), photo.view(), features.data(), workspace));
  CHECK(error_of([&] { from.encode(dht::backend::Cpu(), photo.view(), features.data(), workspace); }) ==
        "image: has 3 channels; the encoder takes 0");
}

namespace {

/// Whether an expression of a T that is a temporary compiles.
template <class T>
constexpr bool gives_references_away = requires(T&& t) {
  std::forward<T>(t).hierarchy();
}
|| requires(T&& t) { std::forward<T>(t).select(); }
|| requires(T&& t) { std::forward<T>(t).parts(); }
|| requires(T&& t) { std::forward<T>(t).tokens(1); }
|| requires(T&& t) { std::forward<T>(t).merge_tree(); }
|| requires(T&& t) { std::forward<T>(t).penalties(); }
|| requires(T&& t) { std::forward<T>(t).refine(); }
|| requires(T&& t) { std::forward<T>(t).saved(); }
|| requires(T&& t) { std::forward<T>(t).merge(dht::Mask{}); };
template <class T>
constexpr bool gives_views_away = requires(T&& t) {
  std::forward<T>(t).labels();
}
|| requires(T&& t) { std::forward<T>(t).feature_of(0); }
|| requires(T&& t) { std::forward<T>(t).sources_of(0); }
|| requires(T&& t) { std::forward<T>(t).mean_of(0); }
|| requires(T&& t) { std::forward<T>(t).variance_of(0); }
|| requires(T&& t) { std::forward<T>(t).edges_of(1); }
|| requires(T&& t) { std::forward<T>(t).values(); };

}  // namespace

TEST_CASE("tokenizer: a temporary one gives its tokens away, and nothing that would dangle", "[tokenizer]") {
  STATIC_REQUIRE_FALSE(gives_references_away<Tokenizer<dht::ColourPolicies>>);
  STATIC_REQUIRE(gives_references_away<Tokenizer<dht::ColourPolicies>&>);
  STATIC_REQUIRE_FALSE(gives_views_away<dht::Tokens<float>>);
  STATIC_REQUIRE_FALSE(gives_views_away<dht::Hierarchy<float>>);
  STATIC_REQUIRE_FALSE(gives_views_away<dht::Partition>);
  STATIC_REQUIRE_FALSE(gives_views_away<dht::MergeTree>);
  const Photo photo(Pattern::noise, 1, 20, 30, 6);
  const auto& some = Tokenizer<dht::ColourPolicies>()(photo.view());
  const auto& exactly = Tokenizer<dht::ColourPolicies>()(photo.view(), 40);
  Tokenizer<dht::ColourPolicies> kept;
  CHECK(some.partition.labels == kept(photo.view()).partition.labels);
  CHECK(exactly.partition.labels == kept.tokens(40).partition.labels);
}

TEST_CASE("tokenizer: values that are no numbers are named with their place", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Photo photo(Pattern::noise, 2, 6, 7, 3);
    photo.values[static_cast<std::size_t>(((1 * 3 + 2) * 6 + 4) * 7 + 5)] = bad;
    const std::string sentence =
        "image: is not finite at image 1, channel 2, row 4, column 5; must be numbers";
    CHECK(error_of([&] { tokenizer(photo.view()); }) == sentence);
    CHECK(error_of([&] { tokenizer(photo.view(), 3); }) == sentence);
    CHECK(error_of([&] { tokenizer.build(photo.view()); }) == sentence);
  }
  // Finite, but not what comes of it.
  dht::TokenizerParts<dht::ColourPolicies> grey{dht::ColourEncoder<float>(1, 40)};
  grey.check_range = false;
  Tokenizer<dht::ColourPolicies> of_grey(grey);
  const std::vector<float> huge(9, 3e38f);
  CHECK(error_of([&] { of_grey(dht::planar_view(huge.data(), 1, 1, 3, 3)); }) ==
        "image: has values so large that its features are not finite");
}

TEST_CASE("tokenizer: numbers from 0 to 255 are not taken for 0 to 1", "[tokenizer]") {
  Photo photo(Pattern::blobs, 1, 20, 25, 4);
  const Photo right = photo;
  for (float& v : photo.values) v = std::round(255 * v);
  const auto at = std::find_if(photo.values.begin(), photo.values.end(), [](float v) { return v > 16; });
  REQUIRE(at != photo.values.end());
  const auto place = at - photo.values.begin();
  Tokenizer<dht::ColourPolicies> tokenizer;
  CHECK(
      error_of([&] { tokenizer(photo.view()); }) ==
      "image: is " + std::to_string(static_cast<int>(*at)) + " at image 0, channel " +
          std::to_string(place / 500) + ", row " + std::to_string(place / 25 % 20) + ", column " +
          std::to_string(place % 25) +
          "; the encoder is made for about 0 to 1 (divide 8-bit values by 255, or set check_range to false)");
  CHECK(error_of([&] { tokenizer.select(); }) == "hierarchy: is empty; build it first");
  tokenizer.parts().check_range = false;
  CHECK(tokenizer(photo.view(), 5).count() == 5);
  // By an encoder that is made for them they are what the others are.
  dht::TokenizerParts<dht::ColourPolicies> parts{
      dht::ColourEncoder<float>(3, 40 * 255, dht::ColourSpace::as_given)};
  Tokenizer<dht::ColourPolicies> as_given(parts);
  CHECK(as_given(photo.view(), 5).count() == 5);
  CHECK(tokenizer(right.view(), 5).count() == 5);
}

TEST_CASE("tokenizer: plain colour takes any number of channels", "[tokenizer]") {
  Random random(11);
  std::vector<std::uint8_t> grey(12 * 14);
  for (auto& v : grey) v = static_cast<std::uint8_t>(random.below(256));
  std::vector<float> bands(12 * 9 * 8);
  for (float& v : bands) v = static_cast<float>(random.uniform(0, 1));
  // example-begin any_channels
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  const auto one = tokenizer(dht::planar_view(grey.data(), 1, 1, 12, 14), 10).count();
  const auto twelve = tokenizer(dht::planar_view(bands.data(), 1, 12, 9, 8), 10).count();
  // example-end any_channels
  CHECK(one == 10);
  CHECK(twelve == 10);
  CHECK(tokenizer.hierarchy().features == 12);
  // The same as by encoders that are made for so many, and for three CIELAB again.
  const auto same = [&](const auto& image, int channels) {
    const dht::TokenizerParts<dht::ColourPolicies> parts{dht::ColourEncoder<float>(channels)};
    Tokenizer<dht::ColourPolicies> made(parts);
    return tokenizer(image).partition.labels == made(image).partition.labels &&
           tokenizer.hierarchy().pixel_features == made.hierarchy().pixel_features;
  };
  CHECK(same(dht::planar_view(bands.data(), 1, 12, 9, 8), 12));
  CHECK(same(dht::planar_view(bands.data(), 1, 1, 9, 8), 1));
  CHECK(same(dht::planar_view(bands.data(), 4, 3, 9, 8), 3));
  CHECK(same(dht::planar_view(bands.data(), 1, 2, 9, 8), 2));
}

TEST_CASE("tokenizer: images of the wrong shape", "[tokenizer]") {
  const dht::TokenizerParts<dht::ColourPolicies> parts{dht::ColourEncoder<float>(3)};
  Tokenizer<dht::ColourPolicies> tokenizer(parts);
  float value = 0;
  CHECK(error_of([&] { tokenizer(dht::planar_view(&value, 1, 1, 1, 1)); }) ==
        "image: has 1 channels; the encoder takes 3");
  CHECK(error_of([&] { tokenizer(dht::planar_view(&value, 1, 4, 1, 1)); }) ==
        "image: has 4 channels; the encoder takes 3");
  CHECK(error_of([&] { tokenizer(dht::planar_view(&value, 1, 3, 0, 5)); }) ==
        "image: has an empty shape, batch 1, channels 3, height 0, width 5; each must be at least 1");
  CHECK(error_of([&] { tokenizer(dht::ImageView<float>{}); }) == "image: has no data (null pointer)");
}

TEST_CASE("tokenizer: a failed image leaves nothing that could be misread", "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo good(Pattern::noise, 1, 5, 6, 1);
  Photo bad(Pattern::noise, 1, 50, 60, 2);
  bad.values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(tokenizer(good.view(), 10).count() == 10);
  CHECK(error_of([&] { tokenizer(bad.view()); }) ==
        "image: is not finite at image 0, channel 0, row 0, column 0; must be numbers");
  // Either the good image's hierarchy is still whole, or there is none: never its levels with the bad image's size.
  const auto& tree = tokenizer.hierarchy();
  const bool whole = tree.levels() > 0 && tree.pixels() == 30 && tree.pixel_features.size() == 90;
  REQUIRE((whole || tree.levels() == 0));
  if (!whole) {
    CHECK(error_of([&] { tokenizer.tokens(3); }) == "hierarchy: is empty; build it first");
    CHECK(error_of([&] { tokenizer.select(dht::BestAncestor{}); }) == "hierarchy: is empty; build it first");
  }
  CHECK(tokenizer(good.view(), 10).count() == 10);
}

TEST_CASE("tokenizer: parts that cannot work together are named when an image comes", "[tokenizer]") {
  const Photo photo(Pattern::noise, 1, 5, 6, 1);
  const auto with = [&](auto change) {
    dht::TokenizerParts<dht::ColourPolicies> parts{dht::ColourEncoder<float>()};
    change(parts);
    return error_of([&] { Tokenizer<dht::ColourPolicies>{parts}(photo.view()); });
  };
  CHECK(with([](auto&) {}) == "(no error)");
  CHECK(with([](auto& p) { p.hierarchy.compactness = 2; }) ==
        "compactness: is 2; must be at least 0 and below 1");
  CHECK(with([](auto& p) { p.hierarchy.enough_regions = 0; }) == "enough regions: is 0; must be at least 1");
  CHECK(with([](auto& p) {
          p.self_loop.weight = {1, 2};
        }) == "self-loop: is a map of 2 variances; must be of 3");
}

TEST_CASE("tokenizer: token features go through W, and the mean colour injected changes nothing",
          "[tokenizer]") {
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 2, 13, 17, 4);
  const auto& tokens = tokenizer(photo.view());
  Random random(2);
  dht::Linear<float> map{3, 5, {}, {}};
  for (int i = 0; i < 15; ++i) map.weight.push_back(static_cast<float>(random.uniform(-1, 1)));
  for (int i = 0; i < 5; ++i) map.bias.push_back(static_cast<float>(random.uniform(-1, 1)));
  const auto projected = dht::project(tokens, map);
  REQUIRE(projected.size() == static_cast<std::size_t>(tokens.count()) * 5);
  for (std::int32_t t = 0; t < tokens.count(); ++t) {
    for (std::size_t o = 0; o < 5; ++o) {
      double sum = map.bias[o];
      for (std::size_t i = 0; i < 3; ++i) sum += double(map.weight[o * 3 + i]) * tokens.feature_of(t)[i];
      CHECK(std::abs(projected[static_cast<std::size_t>(t) * 5 + o] - sum) <
            1e-5);  // numbers up to 5, four roundings
    }
  }

  const auto image = photo.view();
  const auto means = dht::mean_over_tokens(image, tokens);
  std::vector<double> sum(means.size()), size(static_cast<std::size_t>(tokens.count()));
  for (int b = 0; b < 2; ++b)
    for (int y = 0; y < 13; ++y)
      for (int x = 0; x < 17; ++x) {
        const auto t = static_cast<std::size_t>(tokens.labels(b)(y, x));
        ++size[t];
        for (int c = 0; c < 3; ++c) sum[t * 3 + static_cast<std::size_t>(c)] += image(b, c, y, x);
      }
  for (std::size_t i = 0; i < means.size(); ++i)
    CHECK(means[i] == Catch::Approx(sum[i] / size[i / 3]).epsilon(1e-6));
  const auto same = dht::inject_means(image, tokens, means);
  CHECK(std::equal(same.begin(), same.end(), photo.values.begin(), photo.values.end()));

  auto brighter = means;
  for (std::size_t i = 0; i < brighter.size(); ++i) brighter[i] += static_cast<float>(i % 7);
  const auto injected = dht::inject_means(image, tokens, brighter);
  std::size_t i = 0;
  for (int b = 0; b < 2; ++b)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 13; ++y)
        for (int x = 0; x < 17; ++x) {
          const auto k = static_cast<std::size_t>(tokens.labels(b)(y, x)) * 3 + static_cast<std::size_t>(c);
          CHECK(std::abs(injected[i++] - (image(b, c, y, x) + static_cast<float>(k % 7))) < 2e-6);
        }
  const auto wrong = dht::Buffer<float>(means.size() - 1);
  CHECK(error_of([&] { (void)dht::inject_means(image, tokens, wrong); }) ==
        "token features: are " + std::to_string(wrong.size()) + " numbers; must be " +
            std::to_string(tokens.count()) + " x 3");
  const Photo other(Pattern::blobs, 1, 13, 17, 4);
  CHECK(error_of([&] { (void)dht::mean_over_tokens(other.view(), tokens); }) ==
        "image: is 1 x 13 x 17; the tokens are of 2 x 13 x 17");
  CHECK(error_of([&] {
          (void)dht::project(tokens, dht::Linear<float>{2, 1, {1, 1}, {0}});
        }) == "x: has 3 columns; the linear map takes 2");
}

TEST_CASE("tokenizer: what it takes is said beforehand", "[tokenizer]") {
  // Measured with dht_memory: 141, 130, 126 bytes a pixel at 224, 512, 1024, 8 features.
  const auto a_pixel = [](int side) {
    const std::int64_t pixels = std::int64_t{side} * side;
    return static_cast<double>(dht::tokenizer_bytes<float>(pixels, 8)) / static_cast<double>(pixels);
  };
  CHECK(a_pixel(224) == Catch::Approx(141).epsilon(0.1));
  CHECK(a_pixel(512) == Catch::Approx(130).epsilon(0.1));
  CHECK(a_pixel(1024) == Catch::Approx(126).epsilon(0.1));
  CHECK(a_pixel(16384) * 16384 * 16384 > 33e9);
  // What certainly is there: features of pixels, the finest label map, that of tokens.
  Tokenizer<dht::ColourPolicies> tokenizer;
  const Photo photo(Pattern::blobs, 1, 60, 70, 1);
  const auto& tokens = tokenizer(photo.view());
  const auto& tree = tokenizer.hierarchy();
  CHECK(dht::tokenizer_bytes<float>(60 * 70, 3) >
        static_cast<std::int64_t>(4 * (tree.pixel_features.size() + tree.pixel_parent.size() +
                                       tokens.partition.labels.size() + tree.mean.size() +
                                       tree.variance.size())));
  CHECK(dht::tokenizer_bytes<double>(1000000, 3) > dht::tokenizer_bytes<float>(1000000, 3));
  CHECK(dht::tokenizer_bytes<double>(2147483646, 1024) > std::int64_t{1} << 40);
}
