// SPDX-License-Identifier: MIT
// Borders moved pixel by pixel, against the same written the slow way, and what it promises.
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include <dht/regions/backward.hpp>
#include <dht/regions/refine.hpp>
#include <dht/tokenizer.hpp>

#include "kit/catch.hpp"
#include "kit/label_maps.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

using Catch::Approx;
using namespace dht::test;

namespace {

template <class C>
struct InDouble : dht::ColourPolicies {
  using Scalar = double;
  using Graph = dht::PixelGrid<C>;
  using Linkage = dht::Ward;
};

template <class C>
bool touch(dht::Offset a, dht::Offset b) {
  for (const dht::Offset o : dht::detail::Neighbours<C>::all) {
    if (a.dy + o.dy == b.dy && a.dx + o.dx == b.dx) return true;
  }
  return false;
}

/// One image's labels, its features, and its sweep, by definition: means from all pixels for every question.
template <class C>
struct Slow {
  int height, width, features;
  const double* feature;
  std::vector<std::int32_t> labels;

  std::int32_t at(int y, int x) const {
    if (y < 0 || x < 0 || y >= height || x >= width) return -1;
    return labels[static_cast<std::size_t>(y * width + x)];
  }
  /// Size of a region, and the squared distance of a pixel to its mean.
  std::pair<double, double> ask(std::int32_t region, int pixel) const {
    double size = 0, distance2 = 0;
    std::vector<double> sum(static_cast<std::size_t>(features), 0.0);
    for (std::size_t p = 0; p < labels.size(); ++p) {
      if (labels[p] != region) continue;
      size += 1;
      for (int c = 0; c < features; ++c)
        sum[static_cast<std::size_t>(c)] +=
            feature[p * static_cast<std::size_t>(features) + static_cast<std::size_t>(c)];
    }
    for (int c = 0; c < features; ++c)
      distance2 += std::pow(feature[pixel * features + c] - sum[static_cast<std::size_t>(c)] / size, 2);
    return {size, distance2};
  }
  /// Whether the pixels of the region around a pixel hang together without it: a walk from one of its neighbours.
  bool stays_connected(int y, int x) const {
    const std::int32_t own = at(y, x);
    std::vector<dht::Offset> around, reached;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        if ((dy != 0 || dx != 0) && at(y + dy, x + dx) == own) around.push_back({dy, dx});
      }
    }
    const auto has = [&](dht::Offset o) {
      for (const dht::Offset r : reached) {
        if (r == o) return true;
      }
      return false;
    };
    for (const dht::Offset o : around) {
      if (reached.empty() && touch<C>({0, 0}, o)) reached.push_back(o);
    }
    if (reached.empty()) return false;
    for (std::size_t i = 0; i < reached.size(); ++i) {
      const dht::Offset from = reached[i];
      for (const dht::Offset o : around) {
        if (!has(o) && touch<C>(from, o)) reached.push_back(o);
      }
    }
    for (const dht::Offset o : around) {
      if (touch<C>({0, 0}, o) && !has(o)) return false;
    }
    return true;
  }
  int sweep() {
    int moved = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int32_t own = at(y, x);
        const int pixel = y * width + x;
        if (own < 0 || !stays_connected(y, x)) continue;
        const auto [size, distance2] = ask(own, pixel);
        if (size < 2) continue;
        double best = size / (size - 1) * distance2;
        std::int32_t to = own;
        for (const dht::Offset o : dht::detail::Neighbours<C>::all) {
          const std::int32_t other = at(y + o.dy, x + o.dx);
          if (other < 0 || other == own) continue;
          const auto [others, apart2] = ask(other, pixel);
          if (others / (others + 1) * apart2 < best) {
            best = others / (others + 1) * apart2;
            to = other;
          }
        }
        labels[static_cast<std::size_t>(pixel)] = to;
        moved += to != own;
      }
    }
    return moved;
  }
};

/// Labels numbered by the raster order of first pixels.
std::vector<std::int32_t> in_raster_order(const std::vector<std::int32_t>& labels) {
  std::vector<std::int32_t> number(labels.size(), -1), out;
  std::int32_t next = 0;
  for (const std::int32_t label : labels) {
    if (label >= 0 && number[static_cast<std::size_t>(label)] < 0)
      number[static_cast<std::size_t>(label)] = next++;
    out.push_back(label < 0 ? -1 : number[static_cast<std::size_t>(label)]);
  }
  return out;
}

template <class S>
double squared_error(const dht::Hierarchy<S>& tree, const dht::Tokens<S>& tokens) {
  double error = 0;
  for (std::size_t p = 0; p < tokens.partition.labels.size(); ++p) {
    const std::int32_t token = tokens.partition.labels[p];
    for (int c = 0; token >= 0 && c < tree.features; ++c) {
      const double d =
          tree.pixel_features[p * static_cast<std::size_t>(tree.features) + static_cast<std::size_t>(c)] -
          tokens.feature_of(token)[static_cast<std::size_t>(c)];
      error += d * d;
    }
  }
  return error;
}

}  // namespace

TEMPLATE_TEST_CASE("refine: the slow way finds the same, on noise, with masks, image by image", "[tokens]",
                   dht::FourConnected, dht::EightConnected) {
  Random random(7);
  int moved_in_all = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const int batch = 1 + random.below(3), height = 1 + random.below(18), width = 1 + random.below(18),
              channels = random.chance(0.5) ? 3 : 1 + random.below(9);
    CAPTURE(trial, batch, height, width, channels);
    const auto values =
        planes(trial % 3 ? Pattern::noise : Pattern::blobs, batch, channels, height, width, random);
    dht::TokenizerParts<InDouble<TestType>> parts;
    parts.encoder = dht::ColourEncoder<double>(channels);
    parts.backend = dht::backend::Cpu(1 + trial % 3);
    dht::Tokenizer<InDouble<TestType>> tokenizer(parts);
    const dht::ImageView<const double> image =
        dht::planar_view(values.data(), batch, channels, height, width);
    tokenizer.build(image);
    std::vector<std::uint8_t> inside;
    if (trial % 4 == 0) {
      for (int p = 0; p < batch * height * width; ++p) inside.push_back(!random.chance(0.2));
      tokenizer.merge(
          dht::Mask(dht::planar_view<const std::uint8_t>(inside.data(), batch, 1, height, width)));
    }
    const dht::Tokens<double> before = tokenizer.tokens(std::min(1 + random.below(9), height * width));
    const int sweeps = random.below(4);
    const dht::Tokens<double>& after = tokenizer.refine(sweeps);

    std::vector<std::int32_t> wanted;
    int moved = 0;
    for (int b = 0; b < batch; ++b) {
      const auto& tree = tokenizer.hierarchy(b);
      const std::int64_t first = b * tree.pixels();
      Slow<TestType> slow{height, width, channels, tree.pixel_features.data(), {}};
      slow.labels.assign(before.partition.labels.begin() + first,
                         before.partition.labels.begin() + first + tree.pixels());
      for (int sweep = 0; sweep < sweeps; ++sweep) moved += slow.sweep();
      wanted.insert(wanted.end(), slow.labels.begin(), slow.labels.end());
    }
    moved_in_all += moved;
    CHECK(std::vector<std::int32_t>(after.partition.labels.begin(), after.partition.labels.end()) ==
          in_raster_order(wanted));
    CHECK(after.count() == before.count());
    CHECK(after.begin == before.begin);
    if (inside.empty()) {
      const Grid grid{batch, height, width, std::is_same_v<TestType, dht::EightConnected>};
      CHECK(fault_of(grid, after.partition.labels, after.count()).empty());
    }
    CHECK(after.partition.means_of_pixels == (moved > 0 || before.partition.means_of_pixels));
    for (int b = 0; b < batch; ++b)
      CHECK(squared_error(tokenizer.hierarchy(b), tokens_of_image(after, b)) <=
            squared_error(tokenizer.hierarchy(b), tokens_of_image(before, b)) * (1 + 1e-12));
  }
  CHECK(moved_in_all > 200);
}

TEST_CASE("refine: sizes, boxes, features and gradients are those of the pixels", "[tokens]") {
  Random random(8);
  const auto values = planes(Pattern::noise, 1, 3, 20, 30, random);
  const dht::ImageView<const double> image = dht::planar_view(values.data(), 1, 3, 20, 30);
  dht::Tokenizer<InDouble<dht::FourConnected>> tokenizer;
  const auto& tree = tokenizer.forward(image);
  tokenizer.tokens(24);
  const auto& tokens = tokenizer.refine(2);
  REQUIRE(tokens.count() == 24);
  REQUIRE(tokens.partition.means_of_pixels);
  for (std::int32_t token = 0; token < tokens.count(); ++token) {
    const auto i = static_cast<std::size_t>(token);
    double sum[3] = {};
    std::int32_t size = 0;
    dht::Box box{100, 100, -1, -1};
    for (int p = 0; p < 20 * 30; ++p) {
      if (tokens.partition.labels[static_cast<std::size_t>(p)] != token) continue;
      ++size;
      for (int c = 0; c < 3; ++c) sum[c] += tree.pixel_features[static_cast<std::size_t>(p * 3 + c)];
      const int y = p / 30, x = p % 30;
      box = {std::min(box.ymin, y), std::min(box.xmin, x), std::max(box.ymax, y), std::max(box.xmax, x)};
    }
    CHECK(tokens.size[i] == size);
    CHECK((tokens.box[i].ymin == box.ymin && tokens.box[i].xmin == box.xmin &&
           tokens.box[i].ymax == box.ymax && tokens.box[i].xmax == box.xmax));
    for (int c = 0; c < 3; ++c)
      CHECK(tokens.feature_of(token)[static_cast<std::size_t>(c)] == Approx(sum[c] / size).epsilon(1e-12));
    CHECK(tokens.partition.sources_of(token).size() >= 1);
  }
  // Every pixel gets its share of its token's gradient.
  std::vector<double> upstream(24 * 3);
  for (double& v : upstream) v = random.uniform(-1, 1);
  dht::HierarchyGradients<double> gradients;
  gradients.clear(tree);
  dht::backward_tokens(tree, tokens, {upstream.data(), 24, 3}, gradients);
  for (int p = 0; p < 20 * 30; ++p) {
    const std::int32_t token = tokens.partition.labels[static_cast<std::size_t>(p)];
    for (int c = 0; c < 3; ++c) {
      CHECK(gradients.pixel_features[static_cast<std::size_t>(p * 3 + c)] ==
            Approx(upstream[static_cast<std::size_t>(token * 3 + c)] /
                   tokens.size[static_cast<std::size_t>(token)]));
    }
  }
  std::vector<double> grad_image(3 * 20 * 30, std::numeric_limits<double>::quiet_NaN());
  auto of_parameters = tokenizer.gradients();
  tokenizer.backward(image, {upstream.data(), 24, 3}, of_parameters, grad_image.data());
  for (const double v : grad_image) REQUIRE(std::isfinite(v));
}

TEST_CASE("refine: the same for every number of threads", "[tokens]") {
  Random random(9);
  const auto values = planes(Pattern::noise, 4, 3, 40, 50, random);
  const dht::ImageView<const double> image = dht::planar_view(values.data(), 4, 3, 40, 50);
  std::vector<std::vector<std::int32_t>> found;
  for (const int threads : {1, 2, 3, 7}) {
    dht::TokenizerParts<InDouble<dht::FourConnected>> parts;
    parts.backend = dht::backend::Cpu(threads);
    dht::Tokenizer<InDouble<dht::FourConnected>> tokenizer(parts);
    tokenizer(image, 20);
    const auto& labels = tokenizer.refine(3).partition.labels;
    found.emplace_back(labels.begin(), labels.end());
    CHECK(found.back() == found.front());
  }
}

TEST_CASE("refine: no region falls below the smallest size", "[tokens]") {
  Random random(10);
  const auto values = planes(Pattern::noise, 1, 3, 40, 40, random);
  const dht::ImageView<const double> image = dht::planar_view(values.data(), 1, 3, 40, 40);
  dht::TokenizerParts<InDouble<dht::FourConnected>> parts;
  parts.merging.smallest = 20;
  dht::Tokenizer<InDouble<dht::FourConnected>> tokenizer(parts);
  tokenizer.build(image);
  tokenizer.tokens(30);
  for (const std::int32_t size : tokenizer.refine(5).size) CHECK(size >= 20);
  CHECK(tokenizer.tokens(30).partition.whole_sources);
  CHECK(tokenizer.refine().partition.means_of_pixels);
}

TEST_CASE("refine: says what it needs", "[tokens]") {
  const std::vector<double> values(3 * 6 * 8, 0.5);
  const dht::ImageView<const double> image = dht::planar_view(values.data(), 1, 3, 6, 8);
  dht::Tokenizer<InDouble<dht::FourConnected>> tokenizer;
  CHECK(error_of([&] { tokenizer.refine(); }) == "refine: needs tokens; cut the hierarchy first");
  tokenizer.build(image);
  CHECK(error_of([&] { tokenizer.refine(); }) == "refine: needs tokens; cut the hierarchy first");
  const dht::Tokens<double> before = tokenizer.tokens(5);
  CHECK(error_of([&] { tokenizer.refine(-1); }) == "sweeps: are -1; must be at least 0");
  // In one colour nothing gains by going over.
  const auto& after = tokenizer.refine(4);
  CHECK(after.partition.labels == before.partition.labels);
  CHECK(after.partition.means_of_pixels == before.partition.means_of_pixels);
  dht::RefineWorkspace workspace;
  dht::Tokens<double> others = before;
  others.partition.labels.pop_back();
  CHECK(error_of([&] {
          dht::refine_tokens(
              dht::backend::Cpu(1),
              dht::PixelGrid<dht::FourConnected>{tokenizer.hierarchy().height, tokenizer.hierarchy().width},
              tokenizer.hierarchy(), {}, others, workspace);
        }) == "tokens: are not of this hierarchy");
}
