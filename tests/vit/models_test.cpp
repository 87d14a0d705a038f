// SPDX-License-Identifier: MIT
// Encoder, classifier and dense model: their ways back against differences, threads, stochastic depth, bad input.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/vit/classifier.hpp>
#include <dht/vit/dense_model.hpp>
#include <dht/vit/squares.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/numbers.hpp"
#include "kit/tokens_of_labels.hpp"

namespace {

using namespace dht::test;
using dht::backend::Cpu;
using Numbers = std::vector<double>;

constexpr int batch = 2, channels = 2, height = 6, width = 8;

/// 4 and 2 tokens that are no squares.
dht::Tokens<double> tokens() {
  std::vector<std::int32_t> labels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) labels.push_back(y < 2 ? x < 3 ? 0 : 1 : x + y < 8 ? 2 : 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) labels.push_back(x < 5 || y == 5 ? 4 : 5);
  return tokens_of_labels<double>(labels, batch, height, width);
}

dht::BackboneConfig config(int depth) {
  dht::BackboneConfig c;
  c.extraction = {channels, 3, 2, true};
  c.vit = {.width = 6, .depth = depth, .heads = 2, .mlp = 7};
  c.vit.layer_scale = true;
  c.vit.scale_at_first = 0.5;
  c.class_tokens = 2;
  return c;
}

struct Inputs {
  dht::Tokens<double> of = tokens();
  Numbers image, changes;
  explicit Inputs(Random& random)
      : image(numbers(batch * channels * height * width, random, 0, 1)),
        changes(numbers(batch * 2 * height * width, random)) {}
  auto view() const { return dht::planar_view(image.data(), batch, channels, height, width); }
};

/// Gradients of a model, a classifier or a dense one, for a fixed upstream gradient of its logits.
template <class Model>
void check_model(Model model, int answers, const dht::TrainingPlace& place, Random& random) {
  Inputs in(random);
  randomise(dht::parameters(model), random, 0.4);
  const int classes = model.classes();
  const auto upstream = numbers(answers * classes, random);
  Numbers logits(upstream.size());
  typename Model::Saved saved;
  const auto forward = [&](int threads, bool keep) {
    model.forward(Cpu(threads), in.view(), in.of, in.changes.data(), matrix(logits, classes), saved, keep,
                  place);
  };
  forward(1, false);
  const auto inferred = logits;
  forward(3, true);
  CHECK(logits == inferred);
  auto gradients = model.zeros(), more = model.zeros();
  Numbers grad_image(in.image.size()), again(in.image.size());
  model.backward(Cpu(1), in.view(), in.of, saved, matrix(upstream, classes), gradients, grad_image.data());
  model.backward(Cpu(3), in.view(), in.of, saved, matrix(upstream, classes), more, again.data());
  CHECK(again == grad_image);
  auto values = dht::parameters(model), slopes = dht::parameters(gradients);
  const auto others = dht::parameters(more);
  for (std::size_t i = 0; i < slopes.size(); ++i)
    CHECK(std::equal(slopes[i].values.begin(), slopes[i].values.end(), others[i].values.begin()));
  values.push_back({"image", {std::int64_t(in.image.size())}, in.image});
  slopes.push_back({"image", {std::int64_t(in.image.size())}, grad_image});
  GradientCheckOptions options;
  options.most_entries = 4;
  const auto report = check_gradients(
      [&] {
        forward(1, false);
        return dot(logits, upstream);
      },
      values, slopes, options);
  INFO(report.table());
  CHECK(report.good());
}

}  // namespace

TEST_CASE("classifier: the way back of everything", "[vit]") {
  Random random(1);
  check_model(dht::Classifier<double>::initial(config(2), 5, 1), batch, {}, random);
  check_model(dht::Classifier<double, dht::QuickGelu>::initial(config(1), 3, 2, dht::Pooling::mean), batch,
              {}, random);
  auto dropping = config(3);
  dropping.vit.drop_path = 0.6;
  check_model(dht::Classifier<double>::initial(dropping, 5, 3), batch, {true, 7, 11}, random);
}

TEST_CASE("dense model: the way back of everything", "[vit]") {
  Random random(2);
  for (const int blocks : {1, 2, 3})
    check_model(dht::DenseModel<double>::initial(config(3), 4, blocks, 1), 6, {}, random);
}

TEST_CASE("dense model: the rows of the last blocks, side by side", "[vit]") {
  Random random(3);
  const Inputs in(random);
  auto model = dht::DenseModel<double>::initial(config(3), 4, 2, 1);
  randomise(dht::parameters(model), random, 0.4);
  const auto run = [&](const dht::DenseModel<double>& of) {
    Numbers logits(6 * 4);
    dht::DenseModel<double>::Saved saved;
    of.forward(Cpu(1), in.view(), in.of, in.changes.data(), matrix(logits, 4), saved);
    return std::pair(logits, std::vector<Numbers>{{saved.backbone.encoder.outputs[0].begin(),
                                                   saved.backbone.encoder.outputs[0].end()},
                                                  {saved.backbone.rows.begin(), saved.backbone.rows.end()}});
  };
  const auto [logits, rows] = run(model);
  auto shorter = model;
  shorter.backbone.encoder.blocks.pop_back();
  shorter.blocks = 1;
  shorter.head = dht::Head<double>::initial(6, 4, 1e-5, 1);
  CHECK(run(shorter).second[1] == rows[0]);

  // The second image's first token stands behind 6 rows of the first and 2 class tokens.
  Numbers both(rows[0].begin() + 8 * 6, rows[0].begin() + 9 * 6);
  both.insert(both.end(), rows[1].begin() + 8 * 6, rows[1].begin() + 9 * 6);
  Numbers wanted(4);
  dht::Head<double>::Saved saved;
  model.head.forward(Cpu(1), matrix(std::as_const(both), 12), matrix(wanted, 4), saved);
  for (std::size_t c = 0; c < 4; ++c) CHECK(logits[4 * 4 + c] == Catch::Approx(wanted[c]).epsilon(1e-13));
}

TEST_CASE("encoder: stochastic depth leaves out by place, and keeps the mean", "[vit]") {
  dht::VitConfig c{.width = 4, .depth = 3, .heads = 1};
  c.drop_path = 0.5;
  Random random(4);
  auto encoder = dht::VitEncoder<double>::initial(c, 1);
  randomise(dht::parameters(encoder), random, 0.4);
  dht::Sequences of;
  for (int b = 1; b <= 6; ++b) of.begin.push_back(2 * b);
  const auto x = numbers(12 * 4, random);
  const auto run = [&](const dht::TrainingPlace& place) {
    auto rows = x;
    dht::VitEncoder<double>::Saved saved;
    encoder.forward(Cpu(1), matrix(rows, 4), of, saved, true, 0, place);
    std::vector<double> factors;
    for (const auto& block : saved.blocks)
      for (const auto* keep : {&block.keep1, &block.keep2})
        for (const double k : *keep) factors.push_back(k);
    return std::pair(rows, factors);
  };
  CHECK(run({}).second.empty());
  CHECK(run({true, 1, 2}) == run({true, 1, 2}));
  CHECK(run({true, 1, 2}) != run({true, 1, 3}));
  CHECK(run({true, 1, 2}) != run({true, 2, 2}));
  double sum = 0, dropped = 0;
  for (int step = 0; step < 500; ++step) {
    const auto factors = run({true, 5, step}).second;
    REQUIRE(factors.size() == 2 * 2 * 6);  // the first block is never left out
    for (std::size_t i = 12; i < 24; ++i) {
      if (factors[i] != 0) REQUIRE(factors[i] == 2);
      sum += factors[i];
      dropped += factors[i] == 0;
    }
  }
  // 6000 draws: half of them within 5 deviations, 5 * 0.5 / sqrt(6000).
  CHECK(dropped / 6000 == Catch::Approx(0.5).margin(0.033));
  CHECK(sum / 6000 == Catch::Approx(1).margin(0.066));
}

TEST_CASE("vit: the published sizes", "[vit]") {
  const auto numbers_of = [](const dht::VitConfig& c) {
    return std::vector<int>{c.width, c.depth, c.heads, c.hidden()};
  };
  CHECK(numbers_of(dht::vit_small()) == std::vector<int>{384, 12, 6, 1536});
  CHECK(numbers_of(dht::vit_medium()) == std::vector<int>{512, 12, 8, 2048});
  CHECK(numbers_of(dht::vit_base()) == std::vector<int>{768, 12, 12, 3072});
  CHECK(numbers_of(dht::vit_large()) == std::vector<int>{1024, 24, 16, 4096});
  CHECK(numbers_of(dht::vit_huge()) == std::vector<int>{1280, 32, 16, 5120});
  // Parameters of ViT-S blocks: 12 (4 w^2 + 4 w + 2 * 4 w^2 + 5 w + 4 w).
  auto small = dht::VitEncoder<float>::initial(dht::vit_small(), 1);
  std::size_t count = 0;
  double sum = 0;
  for (const auto& p : dht::parameters(small)) {
    count += p.values.size();
    if (p.shape.size() == 2)
      for (const float v : p.values) sum += double(v) * double(v);
  }
  CHECK(count == 12 * (12 * 384 * 384 + 13 * 384));
  // A normal distribution of deviation 0.02 cut off at 2 deviations has a variance of 0.774 * 0.0004.
  CHECK(sum / (12 * 12 * 384 * 384) == Catch::Approx(0.774 * 0.0004).epsilon(0.01));
}

TEST_CASE("vit: what does not fit is named", "[vit]") {
  Random random(5);
  const Inputs in(random);
  auto model = dht::Classifier<double>::initial(config(1), 5, 1);
  Numbers logits(10);
  dht::Classifier<double>::Saved saved;
  const auto forward = [&](const dht::Tokens<double>& of, int classes) {
    return error_of(
        [&] { model.forward(Cpu(1), in.view(), of, in.changes.data(), matrix(logits, classes), saved); });
  };
  CHECK(forward(in.of, 5) == "(no error)");
  CHECK(forward(in.of, 2) == "y: is 5 x 2; must be 2 x 5");
  auto empty = in.of;
  empty.begin[1] = 0;
  CHECK(forward(empty, 5) == "tokens: image 0 has none; must have at least 1");
  auto gradients = model.zeros();
  CHECK(error_of([&] {
          model.backward(Cpu(1), in.view(), in.of, saved, matrix(std::as_const(logits), 5), gradients);
        }) == "saved: has nothing to go back on; must come from a forward that keeps it");
  model.backbone.extraction = dht::Extraction<double>::initial({channels, 3, 4, true});
  CHECK(forward(in.of, 5) == "embedding: takes 31 numbers; the extraction gives 43");
  model = dht::Classifier<double>::initial(config(1), 5, 1);
  auto wider = config(1);
  wider.vit.width = 8;
  model.backbone.encoder = dht::VitEncoder<double>::initial(wider.vit, 1);
  CHECK(forward(in.of, 5) == "embedding: has a width of 6; the encoder has 8");

  const auto initial = [](dht::VitConfig c) {
    return error_of([&] { dht::VitEncoder<float>::initial(c, 1); });
  };
  CHECK(initial({.width = 10, .depth = 1, .heads = 3}) == "width: is 10; must be a multiple of the heads, 3");
  CHECK(initial({.width = 10, .depth = 0, .heads = 2}) == "depth: is 0; must be 1 to 1024");
  CHECK(initial({.width = 10, .depth = 1, .heads = 0}) == "heads: is 0; must be 1 to 10");
  CHECK(initial({.width = 10, .depth = 1, .heads = 2, .drop_path = 1}) ==
        "drop path: is 1; must be at least 0 and below 1");
  CHECK(error_of([] { dht::DenseModel<float>::initial(config(2), 4, 3, 1); }) ==
        "blocks: are 3; must be 1 to 2, the depth");
  CHECK(error_of([] { dht::Classifier<float>::initial(config(2), 0, 3); }) ==
        "classes: are 0; must be at least 1");

  // A mask that leaves an image nothing.
  auto encoder = dht::VitEncoder<double>::initial({.width = 4, .depth = 1, .heads = 1}, 1);
  dht::Sequences of;
  of.begin = {0, 2, 3};
  of.mask = {1, 1, 0};
  Numbers rows(12);
  dht::VitEncoder<double>::Saved saved_encoder;
  CHECK(error_of([&] { encoder.forward(Cpu(1), matrix(rows, 4), of, saved_encoder, false); }) ==
        "sequences: the mask leaves image 1 no token; must leave at least 1");
  of.mask.clear();
  rows.resize(8);
  CHECK(error_of([&] { encoder.forward(Cpu(1), matrix(rows, 4), of, saved_encoder, false); }) ==
        "rows: are 2 x 4; must be 3 x 4");
}
