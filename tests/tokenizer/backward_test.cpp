// SPDX-License-Identifier: MIT
// The way back through the whole tokenizer, from token features to the image and to every parameter, against differences
// of its way forward with all choices held fixed: for every part and every way to cut.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <dht/encoder/parameters.hpp>
#include <dht/tokenizer.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/frozen_tree.hpp"
#include "kit/gradient_check.hpp"
#include "kit/parameters.hpp"
#include "kit/random.hpp"
#include "kit/tokens_of_image.hpp"

namespace {

using namespace dht::test;
using dht::Statistics;
using dht::backend::Cpu;

template <class S>
struct Learned : dht::TrainingPolicies {
  using Scalar = S;
  using Similarity = AnySimilarity;
  using Weighting = AnyWeighting;
  using Criterion = AnyCriterion;
};

struct LearnedOfEight : Learned<double> {
  using Graph = dht::PixelGrid<dht::EightConnected>;
};

struct Colour : dht::ColourPolicies {
  using Scalar = double;
  using Similarity = AnySimilarity;
  using Weighting = AnyWeighting;
  using Criterion = AnyCriterion;
};

/// What is neither encoder nor connectivity of a tokenizer, and its image.
struct Setting {
  const char* name;
  TreeSettings tree;  // without its number of features
  int channels = 3;
  int batch = 2;
};

/// A tree of several levels from a small picture.
Setting setting(const char* name, Kernel kernel, double bandwidth, bool by_similarity, Penalty penalty,
                bool learned_loop) {
  Setting s{name, {}, 3};
  s.tree.height = 13;
  s.tree.width = 14;
  s.tree.kernel = kernel;
  s.tree.bandwidth = bandwidth;
  s.tree.by_similarity = by_similarity;
  s.tree.penalty = penalty;
  s.tree.iota = 1e-3;
  s.tree.enough_regions = 1;
  s.tree.compactness = 0.05;
  if (learned_loop) s.tree.loop_weight = {0};  // to be drawn
  return s;
}

template <class Policies>
dht::Tokenizer<Policies> tokenizer_of(Setting& s, typename dht::Tokenizer<Policies>::Encoder encoder,
                                      Random& random) {
  using S = typename Policies::Scalar;
  s.tree.features = encoder.features();
  if (!s.tree.loop_weight.empty()) {
    s.tree.loop_weight.clear();
    // Steep, so that of two neighbours one stays and the other joins it.
    for (int c = 0; c < s.tree.features; ++c) s.tree.loop_weight.push_back(random.uniform(-20, 20));
    s.tree.loop_bias = -1;
  }
  dht::TokenizerParts<Policies> parts{std::move(encoder)};
  parts.similarity = AnySimilarity(s.tree.kernel, s.tree.bandwidth);
  parts.weighting = AnyWeighting{s.tree.by_similarity};
  parts.criterion = AnyCriterion(s.tree.penalty, s.tree.iota);
  parts.self_loop = loop_of<S>(s.tree);
  parts.hierarchy = options_of(s.tree);
  return dht::Tokenizer<Policies>(std::move(parts));
}

template <class S>
dht::ParameterList<S> encoder_parameters(dht::TrainableEncoder<S>& encoder) {
  return dht::parameters(encoder.parameters());
}
template <class S>
dht::ParameterList<S> encoder_parameters(dht::ConvolutionalParameters<S>& parameters) {
  return dht::parameters(parameters);
}
inline dht::ParameterList<double> encoder_parameters(dht::ColourEncoder<double>&) { return {}; }
inline dht::ParameterList<double> encoder_parameters(dht::ColourEncoder<double>::Gradients&) { return {}; }

template <class Encoder, class S>
dht::ParameterList<S> all_parameters(Encoder& encoder, dht::SelfLoop<S>& loop) {
  auto list = encoder_parameters(encoder);
  for (auto& parameter : dht::parameters(loop)) list.push_back(parameter);
  return list;
}

/// The sum of upstream times token features of an image, where these are the means of what a partition says they consist
/// of.
double loss_of(const dht::Tokens<double>& tokens, const dht::Hierarchy<double>& tree,
               const FrozenTree& frozen, const std::vector<double>& features, const double* upstream) {
  const auto n = static_cast<std::size_t>(tree.features);
  const dht::Partition& partition = tokens.partition;
  double sum = 0;
  const auto add = [&](std::int32_t token, double share, const double* from) {
    for (std::size_t c = 0; c < n; ++c)
      sum += share * upstream[static_cast<std::size_t>(token) * n + c] * from[c];
  };
  if (partition.means_of_pixels) {
    std::vector<double> size(static_cast<std::size_t>(tokens.count()), 0.0);
    for (const std::int32_t token : partition.labels)
      if (token >= 0) size[static_cast<std::size_t>(token)] += 1;
    for (std::size_t p = 0; p < partition.labels.size(); ++p)
      if (const std::int32_t token = partition.labels[p]; token >= 0)
        add(token, 1 / size[static_cast<std::size_t>(token)], features.data() + p * n);
    return sum;
  }
  for (std::int32_t token = 0; token < tokens.count(); ++token) {
    const auto size_of = [&](dht::Source s) {
      return s < 0 ? 1.0 : double(tree.size[static_cast<std::size_t>(s)]);
    };
    double size = 0;
    for (const dht::Source s : partition.sources_of(token)) size += size_of(s);
    for (const dht::Source s : partition.sources_of(token))
      add(token, size_of(s) / size,
          s < 0 ? features.data() + static_cast<std::size_t>(-1 - s) * n
                : frozen.mean.data() + static_cast<std::size_t>(s) * n);
  }
  return sum;
}

/// Gradients of a tokenizer's last tokens against differences; returns the largest of the self-loop.
template <class Policies>
double check_gradients_of(dht::Tokenizer<Policies>& tokenizer, const Setting& s, std::vector<double>& pixels,
                          const dht::Tokens<double>& tokens, Random& random) {
  const TreeSettings& t = s.tree;
  const auto image = dht::planar_view(std::as_const(pixels).data(), s.batch, s.channels, t.height, t.width);
  const int n = tokens.features;
  std::vector<double> upstream(tokens.feature.size()), grad_image(pixels.size(), -77);
  for (double& u : upstream) u = random.uniform(-1, 1);
  auto gradients = tokenizer.gradients();
  tokenizer.backward(image, {upstream.data(), tokens.count(), n}, gradients, grad_image.data());

  auto encoder = tokenizer.parts().encoder;
  auto loop = tokenizer.parts().self_loop;
  typename Policies::template Encoder<double>::Saved saved;
  const std::int64_t of_image = image.pixels() * n;
  std::vector<double> features(static_cast<std::size_t>(s.batch * of_image));
  const auto loss = [&] {
    encoder.forward(Cpu(1), image, features.data(), saved);
    double sum = 0;
    for (int b = 0; b < s.batch; ++b) {
      const auto& tree = tokenizer.hierarchy(b);
      const std::vector<double> own(features.begin() + b * of_image, features.begin() + (b + 1) * of_image);
      const auto frozen = FrozenTree::of(tokenizer.graph(), tree, tokenizer.parts().similarity,
                                         tokenizer.parts().weighting, loop, t.compactness, own);
      sum += loss_of(tokens_of_image(tokens, b), tree, frozen, own,
                     upstream.data() + std::int64_t{tokens.begin[static_cast<std::size_t>(b)]} * n);
    }
    return sum;
  };
  // Both ways forward are the same function, or their slopes would not be compared at the same place.
  double found = 0;
  for (std::size_t i = 0; i < upstream.size(); ++i) found += upstream[i] * tokens.feature[i];
  CHECK(loss() == Catch::Approx(found).epsilon(1e-10).margin(1e-10));

  const std::vector<std::int64_t> shape{s.batch, s.channels, t.height, t.width};
  const auto check = [&](const dht::ParameterList<double>& values, const dht::ParameterList<double>& slopes,
                         std::size_t entries) {
    GradientCheckOptions options;
    options.step = t.kernel == Kernel::laplacian ? 2e-5 : 5e-4;  // neighbours are near, and equal ones a kink
    options.tolerance = 1e-6;                                    // measured: 1e-7
    options.most_entries = entries;
    options.seed = random.bits();
    // Small gradients are sums of large ones that cancel, and differences have the rounding errors of the whole loss.
    options.floor = 1e-3 * largest_entry(slopes) + 1e-6;
    const GradientReport report = check_gradients(loss, values, slopes, options);
    INFO(report.table());
    CHECK(report.good());
  };
  const auto values = all_parameters(encoder, loop);
  if (!values.empty()) check(values, all_parameters(gradients.encoder, gradients.self_loop), 2);
  check({{"image", shape, pixels}}, {{"image", shape, grad_image}}, 10);
  return largest_entry(dht::parameters(gradients.self_loop));
}

/// Every way to cut, one after the other from one forward; those of the default linkage merge.
template <class Policies>
void check_every_cut(const Setting& of, const typename dht::Tokenizer<Policies>::Encoder& encoder,
                     std::uint64_t seed) {
  CAPTURE(of.name);
  Setting s = of;
  Random random(seed);
  auto tokenizer = tokenizer_of<Policies>(s, encoder, random);
  auto pixels = planes(Pattern::blobs, s.batch, s.channels, s.tree.height, s.tree.width, random);
  for (double& v : pixels) v = 0.05 + 0.9 * v;  // away from where the curves of colour have their kinks
  const auto image =
      dht::planar_view(std::as_const(pixels).data(), s.batch, s.channels, s.tree.height, s.tree.width);
  const auto& tree = tokenizer.forward(image);
  CHECK(tree.levels() > 3);  // choices of regions, too
  double of_self_loop = 0;
  const auto check = [&](const char* cut, const dht::Tokens<double>& tokens) {
    CAPTURE(cut);
    of_self_loop = std::max(of_self_loop, check_gradients_of(tokenizer, s, pixels, tokens, random));
  };
  check("best ancestor", tokenizer.select(dht::BestAncestor{}));
  check("optimal cut", tokenizer.select(dht::OptimalCut<>{dht::CodeLength(), 5}));
  check("budget", tokenizer.select(dht::TokenBudget<>{dht::CodeLength(), 11}));
  check("merged to a number", tokenizer.tokens(7));
  CHECK_FALSE(tokenizer.tokens(7).partition.means_of_pixels);
  check("merged by a penalty", tokenizer.tokens(dht::Penalty{1e-4}));
  const auto many = s.tree.height * s.tree.width * 3 / 4;
  check("more than there are regions", tokenizer.tokens(many));
  CHECK(tokenizer.tokens(many).partition.means_of_pixels);
  std::vector<std::uint8_t> inside(pixels.size() / static_cast<std::size_t>(s.channels), 0);
  std::fill(inside.begin() + 30, inside.end() - 45, std::uint8_t{1});
  tokenizer.merge(dht::planar_view(std::as_const(inside).data(), s.batch, 1, s.tree.height, s.tree.width));
  check("inside of a mask", tokenizer.tokens(6));
  // That the self-loop's gradients are compared at all: a region that nobody joins has none.
  if (!s.tree.loop_weight.empty()) CHECK(of_self_loop > 1e-4);
}

dht::TrainableEncoder<double> learned(int channels, int features, Statistics statistics, std::uint64_t seed) {
  dht::TrainableEncoder<double> encoder(random_parameters<double>(channels, features, true, seed));
  encoder.set_statistics(statistics);
  return encoder;
}

/// A kernel of a user's own, without a way back.
struct ForwardOnly {
  static constexpr int sums = 1;
  template <class S>
  void add(S* sum, S a, S b) const {
    sum[0] += a > b ? a - b : b - a;
  }
  template <class S>
  S value(const S* sum) const {
    return 1 / (1 + sum[0]);
  }
};
static_assert(!dht::concepts::differentiable_similarity<ForwardOnly, float>);

struct WithoutWayBack : dht::ColourPolicies {
  using Similarity = ForwardOnly;
};

/// Gradients of random upstream numbers, one list after the other.
template <class S, class Policies>
std::vector<S> gradients_of(dht::Tokenizer<Policies>& tokenizer, const dht::ImageView<const S>& image,
                            const dht::Tokens<S>& tokens) {
  Random random(77);
  std::vector<S> upstream(tokens.feature.size()),
      grad_image(static_cast<std::size_t>(image.total_pixels() * image.channels));
  for (S& u : upstream) u = static_cast<S>(static_cast<float>(random.uniform(-1, 1)));
  auto gradients = tokenizer.gradients();
  tokenizer.backward(image, {upstream.data(), tokens.count(), tokens.features}, gradients, grad_image.data());
  std::vector<S> all;
  for (const auto& parameter : all_parameters(gradients.encoder, gradients.self_loop))
    all.insert(all.end(), parameter.values.begin(), parameter.values.end());
  all.insert(all.end(), grad_image.begin(), grad_image.end());
  return all;
}

}  // namespace

TEST_CASE("tokenizer: gradients of learned features agree with differences", "[tokenizer]") {
  const auto batch = Statistics::batch, running = Statistics::running;
  using Four = Learned<double>;
  check_every_cut<Four>(setting("gaussian", Kernel::gaussian, 1.5, true, Penalty::aicc, true),
                        learned(3, 4, batch, 1), 42);
  check_every_cut<Four>(setting("laplacian", Kernel::laplacian, 2, false, Penalty::bic, false),
                        learned(3, 3, running, 2), 41);
  check_every_cut<LearnedOfEight>(setting("cauchy", Kernel::cauchy, 1, true, Penalty::aic, true),
                                  learned(3, 4, running, 3), 43);
  check_every_cut<LearnedOfEight>(setting("cosine", Kernel::cosine, 0.5, true, Penalty::cic, true),
                                  learned(3, 5, batch, 4), 45);
}

TEST_CASE("tokenizer: gradients of plain colour agree with differences", "[tokenizer]") {
  const dht::ColourEncoder<double> lab, given(4, 40, dht::ColourSpace::as_given),
      grey(1, 40, dht::ColourSpace::as_given);
  check_every_cut<Colour>(setting("cielab, gaussian", Kernel::gaussian, 0.5, true, Penalty::aicc, true), lab,
                          52);
  check_every_cut<Colour>(setting("cielab, laplacian", Kernel::laplacian, 1, true, Penalty::bic, false), lab,
                          51);
  Setting four = setting("four channels, cosine", Kernel::cosine, 0.3, true, Penalty::aicc, true);
  four.channels = 4;
  check_every_cut<Colour>(four, given, 53);
  Setting one = setting("grey, cauchy", Kernel::cauchy, 0.5, false, Penalty::aic, false);
  one.channels = 1;
  check_every_cut<Colour>(one, grey, 54);
}

TEST_CASE("tokenizer: gradients in float are those in double, where the tokens are the same", "[tokenizer]") {
  int same = 0;
  for (std::uint64_t seed = 61; seed < 67; ++seed) {
    Setting s = setting("float", Kernel::gaussian, 1.5, true, Penalty::aicc, true);
    s.tree.height = 31;
    s.tree.width = 42;
    Random random(seed), same_random(seed);
    const auto run = [&](auto type, Random& numbers) {
      using S = decltype(type);
      dht::TrainableEncoder<S> encoder(random_parameters<S>(3, 8, true, seed));
      auto tokenizer = tokenizer_of<Learned<S>>(s, encoder, numbers);
      const auto pixels = converted<S>(
          converted<float>(planes(Pattern::blobs, s.batch, 3, s.tree.height, s.tree.width, numbers)));
      const auto image = dht::planar_view(pixels.data(), s.batch, 3, s.tree.height, s.tree.width);
      const auto& tree = tokenizer.forward(image);
      const auto& tokens = tokenizer.tokens(20);
      return std::tuple{gradients_of<S>(tokenizer, image, tokens), tree.pixel_choice, tree.chosen,
                        tree.parent, tokens.partition.labels};
    };
    const auto [wanted, choice, chosen, parent, labels] = run(double{}, random);
    const auto [found, float_choice, float_chosen, float_parent, float_labels] = run(float{}, same_random);
    if (choice != float_choice || chosen != float_chosen || parent != float_parent || labels != float_labels)
      continue;
    ++same;
    REQUIRE(found.size() == wanted.size());
    const std::size_t parameters = wanted.size() - static_cast<std::size_t>(2 * 3 * 31 * 42);
    // Parameters sum over all pixels, and the image does not: each has its own largest.
    double largest[2] = {}, worst[2] = {};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const int part = i >= parameters;
      largest[part] = std::max(largest[part], std::abs(wanted[i]));
      worst[part] = std::max(worst[part], std::abs(double(found[i]) - wanted[i]));
    }
    CAPTURE(seed, largest[0], worst[0], largest[1], worst[1]);
    CHECK(worst[0] < 1e-3 * largest[0]);
    CHECK(worst[1] < 1e-3 * largest[1]);
  }
  CHECK(same >= 3);
}

TEST_CASE("tokenizer: gradients are the same bits for every number of threads", "[tokenizer]") {
  Setting s = setting("threads", Kernel::laplacian, 1.5, true, Penalty::aicc, true);
  s.batch = 3;
  s.tree.height = 131;
  s.tree.width = 97;
  for (const Statistics statistics : {Statistics::batch, Statistics::running}) {
    CAPTURE(int(statistics));
    std::vector<std::vector<float>> first;
    for (const int threads : {1, 2, 3}) {
      Random random(71);
      dht::TrainableEncoder<float> encoder(random_parameters<float>(3, 8, true, 5));
      encoder.set_statistics(statistics);
      auto tokenizer = tokenizer_of<Learned<float>>(s, encoder, random);
      tokenizer.parts().backend = Cpu(threads);
      const auto pixels = converted<float>(planes(Pattern::blobs, 3, 3, s.tree.height, s.tree.width, random));
      const auto image = dht::planar_view(pixels.data(), 3, 3, s.tree.height, s.tree.width);
      tokenizer.forward(image);
      std::vector<std::vector<float>> all;
      all.push_back(gradients_of<float>(tokenizer, image, tokenizer.select(dht::BestAncestor{})));
      all.push_back(gradients_of<float>(tokenizer, image, tokenizer.tokens(50)));
      all.push_back(gradients_of<float>(tokenizer, image, tokenizer.tokens(9000)));
      for (const auto& numbers : all)
        CHECK(std::any_of(numbers.begin(), numbers.end(), [](float g) { return g != 0; }));
      if (threads == 1) first = all;
      CHECK((all == first));
    }
  }
}

TEST_CASE("tokenizer: the way back refuses what does not fit", "[tokenizer]") {
  Random random(81);
  const auto pixels = planes(Pattern::blobs, 1, 3, 12, 10, random);
  const auto image = dht::planar_view(pixels.data(), 1, 3, 12, 10),
             turned = dht::planar_view(pixels.data(), 1, 3, 10, 12),
             smaller = dht::planar_view(pixels.data(), 1, 3, 4, 10);
  struct Double : dht::ColourPolicies {
    using Scalar = double;
  };
  dht::Tokenizer<Double> tokenizer;
  auto gradients = tokenizer.gradients();
  std::vector<double> upstream(3 * 120), grad_image(3 * 120);
  const auto backward = [&](const auto& of, std::int64_t tokens, int features = 3) {
    return error_of([&] {
      tokenizer.backward(of, {upstream.data(), tokens, features}, gradients, grad_image.data());
    });
  };
  const std::string no_forward = "backward: needs a call of forward before it";
  CHECK(backward(image, 0) == no_forward);
  tokenizer(image);
  CHECK(backward(image, tokenizer.tokens(5).count()) == no_forward);  // inference keeps nothing
  tokenizer.forward(image);
  tokenizer.tokens(5);
  CHECK(backward(image, 5) == "(no error)");
  CHECK(backward(image, 5) == "(no error)");  // again
  CHECK(backward(turned, 5) == "image: is not the one of the last forward call");
  CHECK(backward(smaller, 5) == "image: is not the one of the last forward call");
  CHECK(backward(image, 4) == "gradient of token features: is 4 x 3; must be 5 x 3");
  CHECK(backward(image, 5, 2) == "gradient of token features: is 5 x 2; must be 5 x 3");
  gradients.self_loop.weight = {1};
  CHECK(backward(image, 5) == "gradient of the self-loop: is of 1 variances; must be of 0");
  gradients = tokenizer.gradients();
  tokenizer.build(image);
  CHECK(backward(image, 5) == no_forward);
  // Tokens of an earlier image are not cut from the nodes of this one.
  tokenizer.forward(image);
  CHECK(backward(image, 5) == "backward: needs tokens of the last forward; cut its hierarchy first");
  tokenizer.select(dht::BestAncestor{});
  CHECK(error_of([&] { tokenizer.select(dht::TokenBudget<>{dht::CodeLength(), 0}); }) != "(no error)");
  CHECK(backward(image, 5) == "backward: needs tokens of the last forward; cut its hierarchy first");
  // An image that is refused leaves nothing of the one before.
  tokenizer.forward(image);
  tokenizer.tokens(5);
  auto bad = pixels;
  bad[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of([&] { tokenizer.forward(dht::planar_view(bad.data(), 1, 3, 12, 10)); }) != "(no error)");
  CHECK(backward(image, 5) == no_forward);
}

TEST_CASE("tokenizer: a similarity without gradients still makes tokens", "[tokenizer]") {
  Random random(82);
  const auto pixels = converted<float>(planes(Pattern::blobs, 1, 3, 20, 20, random));
  const auto image = dht::planar_view(pixels.data(), 1, 3, 20, 20);
  dht::Tokenizer<WithoutWayBack> tokenizer;
  CHECK(tokenizer(image).count() > 1);
  tokenizer.forward(image);
  CHECK(tokenizer.tokens(9).count() == 9);
}
