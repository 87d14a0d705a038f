// SPDX-License-Identifier: MIT
// Exactly as many tokens as asked: inside of masks, with a smallest size, after other options, by any neighbours.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <dht/selection/merge_cut.hpp>
#include <dht/tokenizer.hpp>

#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"

namespace {

using namespace dht::test;
using dht::MergeOptions;
using dht::Tokenizer;
using Labels = std::vector<std::int32_t>;

struct EightPolicies : dht::ColourPolicies {
  using Graph = dht::PixelGrid<dht::EightConnected>;
};

struct Photo {
  Grid grid;
  std::vector<float> values;
  Photo(Pattern pattern, int batch, int height, int width, Random& random)
      : grid{batch, height, width, false},
        values(converted<float>(planes(pattern, batch, 3, height, width, random))) {}
  dht::ImageView<const float> view() const {
    return dht::planar_view(values.data(), grid.batch, 3, grid.height, grid.width);
  }
};

dht::Mask mask_of(const std::vector<std::uint8_t>& inside, const Grid& grid) {
  return dht::planar_view(inside.data(), grid.batch, 1, grid.height, grid.width);
}

template <class S>
Labels labels_of(const dht::Tokens<S>& tokens) {
  return {tokens.partition.labels.begin(), tokens.partition.labels.end()};
}

/// Connected parts of the mask, and pixels in it, of each image.
struct Inside {
  std::vector<std::int64_t> parts, pixels;
  Inside(const std::vector<std::uint8_t>& inside, const Grid& grid)
      : parts(static_cast<std::size_t>(grid.batch), 0), pixels(parts) {
    const auto pieces = flood_fill(grid, [&](int p, int q) {
      return (inside[static_cast<std::size_t>(p)] != 0) == (inside[static_cast<std::size_t>(q)] != 0);
    });
    std::set<std::int32_t> met;
    for (int p = 0; p < grid.pixels(); ++p) {
      const auto b = static_cast<std::size_t>(grid.image(p));
      if (!inside[static_cast<std::size_t>(p)]) continue;
      ++pixels[b];
      parts[b] += met.insert(pieces[static_cast<std::size_t>(p)]).second;
    }
  }
};

/// What is wrong with tokens of which each image must have `wanted`, all inside of the mask, or "".
std::string fault_inside(const dht::Tokens<float>& tokens, const std::vector<std::uint8_t>& inside,
                         const Grid& grid, const std::vector<std::int64_t>& wanted) {
  for (int b = 0; b < grid.batch; ++b) {
    if (tokens.count(b) != wanted[static_cast<std::size_t>(b)])
      return "image " + std::to_string(b) + " has " + std::to_string(tokens.count(b)) + " tokens, not " +
             std::to_string(wanted[static_cast<std::size_t>(b)]);
  }
  std::int32_t next = 0;
  for (std::size_t p = 0; p < inside.size(); ++p) {
    const std::int32_t label = tokens.partition.labels[p];
    if ((label >= 0) != (inside[p] != 0)) return "labels are not where the mask is";
    if (label > next) return "labels are not in raster order";
    next += label == next;
  }
  const auto pieces = flood_fill(grid, [&](int p, int q) {
    return tokens.partition.labels[static_cast<std::size_t>(p)] ==
           tokens.partition.labels[static_cast<std::size_t>(q)];
  });
  std::set<std::int32_t> met;
  for (std::size_t p = 0; p < inside.size(); ++p)
    if (inside[p]) met.insert(pieces[p]);
  return static_cast<std::int32_t>(met.size()) == tokens.count() ? "" : "a token falls apart";
}

}  // namespace

TEST_CASE("exact count: inside of a mask, of a plain picture too", "[tokenizer]") {
  Random random(1);
  const Photo photo(Pattern::constant, 1, 60, 80, random);
  std::vector<std::uint8_t> inside(4800, 0);
  for (int y = 20; y < 35; ++y)
    for (int x = 30; x < 44; ++x) inside[static_cast<std::size_t>(80 * y + x)] = 255;
  Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(photo.view());
  tokenizer.merge(mask_of(inside, photo.grid));
  for (const std::int64_t count : {1, 100, 7, 210, 211, 4800})
    CHECK(fault_inside(tokenizer.tokens(count), inside, photo.grid, {std::min<std::int64_t>(count, 210)}) ==
          "");
  CHECK(error_of([&] { tokenizer.tokens(4801); }) ==
        "tokens: is 4801; must be 1 to 4800, the number of pixels");
}

TEST_CASE("exact count: inside of any mask, as far as its parts and pixels allow", "[tokenizer]") {
  Random random(2);
  Tokenizer<dht::ColourPolicies> tokenizer;
  for (int i = 0; i < 30; ++i) {
    const Photo photo(all_patterns[random.below(6)], 1 + random.below(3), 5 + random.below(25),
                      5 + random.below(25), random);
    std::vector<std::uint8_t> inside;
    const double share = random.uniform(0.1, 1);
    const int cell = 1 + random.below(6);
    for (int p = 0; p < photo.grid.pixels(); ++p) {  // cells inside or not, none in the third image
      Random at(
          static_cast<std::uint64_t>(photo.grid.row(p) / cell * 1000 + photo.grid.column(p) / cell + i));
      inside.push_back(photo.grid.image(p) < 2 && at.chance(share) ? 9 : 0);
    }
    MergeOptions options;
    options.start_level = 1 + random.below(4);
    options.smallest = random.chance(0.5) ? 1 : 1 + random.below(30);
    options.cell = random.chance(0.7) ? 0 : 1 + random.below(8);
    tokenizer.build(photo.view());
    tokenizer.merge(options, mask_of(inside, photo.grid));
    const Inside of(inside, photo.grid);
    std::vector<Labels> first;
    const std::vector<std::int64_t> counts{3, 1, photo.grid.image_pixels(), 30, 3, 1};
    for (const std::int64_t count : counts) {
      const std::int64_t asked = std::min<std::int64_t>(count, photo.grid.image_pixels());
      std::vector<std::int64_t> wanted;
      for (std::size_t b = 0; b < of.parts.size(); ++b)
        wanted.push_back(std::clamp(asked, of.parts[b], of.pixels[b]));
      CAPTURE(i, photo.grid.batch, photo.grid.height, photo.grid.width, share, cell, options.start_level,
              options.smallest, options.cell, asked);
      const auto& tokens = tokenizer.tokens(asked);
      CHECK(fault_inside(tokens, inside, photo.grid, wanted) == "");
      first.push_back(labels_of(tokens));
    }
    CHECK(first[4] == first[0]);  // whatever was asked before
    CHECK(first[5] == first[1]);
  }
}

TEST_CASE("exact count: comes before the smallest size, which is kept where it can be", "[tokenizer]") {
  Random random(3);
  for (const Pattern pattern : {Pattern::blobs, Pattern::constant, Pattern::noise}) {
    const Photo photo(pattern, 2, 40, 50, random);
    dht::TokenizerParts<dht::ColourPolicies> parts;
    parts.merging.smallest = 12;
    Tokenizer<dht::ColourPolicies> by_parts(parts), asked;
    by_parts.build(photo.view());
    asked.build(photo.view());
    for (const std::int64_t count : {1, 20, 60, 166, 167, 1000, 2000}) {
      CAPTURE(name_of(pattern), count);
      const auto& tokens = by_parts.tokens(count);
      CHECK(tokens.count(0) == count);
      CHECK(tokens.count(1) == count);
      CHECK(fault_of(photo.grid, tokens.partition.labels, 2 * count) == "");
      const auto least = *std::min_element(tokens.size.begin(), tokens.size.end());
      if (count <= 60) CHECK(least >= 12);
      if (count > 2000 / 12) CHECK(least < 12);
      asked.merge(parts.merging);
      CHECK(labels_of(asked.tokens(count)) == labels_of(tokens));
    }
  }
}

TEST_CASE("exact count: after other options, whose tree is used again for what it has", "[tokenizer]") {
  Random random(4);
  const Photo photo(Pattern::blobs, 1, 40, 50, random);
  Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(photo.view());
  MergeOptions options;
  options.start_level = 4;
  const std::int32_t leaves = tokenizer.merge(options).leaves.count();
  REQUIRE(leaves < 100);
  const Labels few = labels_of(tokenizer.tokens(leaves));
  const Labels by_penalty = labels_of(tokenizer.tokens(dht::Penalty{1e-4}));
  for (const std::int64_t count : {std::int64_t{leaves} + 1, std::int64_t{400}, std::int64_t{2000}}) {
    CAPTURE(count);
    CHECK(tokenizer.tokens(count).count() == count);
    CHECK(tokenizer.merge_tree().leaves.count() >= count);
  }
  CHECK(labels_of(tokenizer.tokens(leaves)) == few);
  CHECK(tokenizer.merge_tree().leaves.level == 4);
  tokenizer.tokens(2000);
  CHECK(labels_of(tokenizer.tokens(dht::Penalty{1e-4})) == by_penalty);
}

TEST_CASE("exact count: penalties with room for as many", "[tokenizer]") {
  Random random(5);
  const Photo photo(Pattern::constant, 1, 40, 50, random);
  Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(photo.view());
  const dht::MergeTree& tree = tokenizer.merge_for(300);
  CHECK(tree.most() >= 300);
  dht::MeanBudget budget;
  const dht::MergePenalties& penalties = tokenizer.penalties();
  budget.add(tokenizer.merge_tree(), penalties);
  CHECK(tree.most() >= 300);  // still that tree
  const std::int32_t few = tokenizer.tokens(dht::Penalty{budget.penalty(300)}).count();
  CHECK(few <= 300);
  CHECK(few > 200);  // merges of a plain picture cost the same by the dozen
  CHECK(error_of([&] { tokenizer.merge_for(0); }) == "tokens: is 0; must be 1 to 2000, the number of pixels");
}

TEST_CASE("exact count: borders move until tokens are as small as was asked", "[tokenizer]") {
  Random random(6);
  const Photo photo(Pattern::noise, 1, 30, 30, random);
  Tokenizer<dht::ColourPolicies> tokenizer;
  tokenizer.build(photo.view());
  MergeOptions options;
  options.smallest = 15;
  tokenizer.merge(options);
  CHECK(tokenizer.tokens(20).count() == 20);
  const auto& refined = tokenizer.refine(5);
  CHECK(*std::min_element(refined.size.begin(), refined.size.end()) >= 15);
}

TEST_CASE("exact count: diagonals that cross each other, alone and in a batch", "[tokenizer]") {
  // Diagonals one way on the pixels of even sum, the other way on those of odd sum: each touches hundreds of others.
  const int side = 256;
  std::vector<float> values;
  for (const int turn : {0, 3}) {
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          const int down = (y - x + side + turn) % 4, up = (y + x + turn) % 4;
          values.push_back(down % 2 == 0 ? (down == 0 ? 1.0f : 0.8f) : (up == 1 ? 0.0f : 0.2f));
        }
      }
    }
  }
  Tokenizer<EightPolicies> both, single;
  both.build(dht::planar_view<const float>(values.data(), 2, 3, side, side));
  for (const std::int64_t count : {500, 5000}) {
    const Labels labels = labels_of(both.tokens(count));
    CHECK(both.tokens(count).count(0) == count);
    CHECK(both.tokens(count).count(1) == count);
    for (int b = 0; b < 2; ++b) {
      single.build(dht::planar_view<const float>(values.data() + std::ptrdiff_t{b} * 3 * side * side, 1, 3,
                                                 side, side));
      Labels alone = labels_of(single.tokens(count));
      for (std::int32_t& label : alone) label += b * static_cast<std::int32_t>(count);
      CHECK(std::equal(alone.begin(), alone.end(), labels.begin() + std::ptrdiff_t{b} * side * side));
    }
  }
}
