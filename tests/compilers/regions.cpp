// SPDX-License-Identifier: MIT
// Every public function from an image to its cuts: core, backend, encoder, graph, similarity, hierarchy, merging, selection.
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "calls.hpp"

namespace calls {
namespace {

void call_core(Results& results) {
  for (const float x : {0.25f, 0.75f}) {
    results.add(dht::exp(x) + dht::log(x) + dht::sqrt(x) + dht::fma(x, x, x) + dht::sigmoid(x) +
                dht::silu(x));
    results.add(dht::silu_derivative(x, dht::sigmoid(x)) + dht::asinh(x) + dht::sinh(x) +
                dht::select(x > 0.5f, x, 1.0f));
  }
  dht::Random random(1, 2, 3);
  results.add(random.bits());
  results.add(random.below(10));
  results.add(random.uniform(0, 1));
  results.add(random.chance(0.5));
  results.add_all(random.permutation(5));

  dht::Picture picture = photo(4, 6);
  const dht::Picture& constant = picture;
  results.add(constant.pixel(1, 2)[0]);
  const dht::ImageView<std::uint8_t> writable = dht::interleaved_view(picture.rgb.data(), 4, 6, 3);
  const dht::ImageView<const std::uint8_t> image = writable;
  dht::check(image, "image");
  results.add(image(0, 1, 2, 3));
  results.add(image.pixels() + image.total_pixels());
  std::vector<double> numbers(24, 0.5);
  const auto planar = dht::planar_view(numbers.data(), 1, 1, 4, 6);
  results.add(planar(0, 0, 3, 5) + dht::sample_unit<std::uint16_t>());
  const dht::PlaneView<const double> plane = dht::plane_view(numbers.data(), 4, 6);
  results.add(plane(1, 1) + plane.row(2)[0]);
  results.add(plane.pixels());
  const dht::MatrixView<double> matrix{numbers.data(), 4, 6};
  const dht::MatrixView<const double> same = matrix;
  results.add(same(3, 2) + same.row(1)[0]);

  const dht::backend::Cpu backend(2, dht::backend::best_instruction_set());
  std::vector<int> sums(4, 0);
  backend.for_parts(100, 10, [&](int part, std::int64_t begin, std::int64_t end) {
    sums[std::size_t(part)] += int(end - begin);
  });
  backend.for_range(4, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++sums[std::size_t(i)];
  });
  backend.serial([&] { ++sums[0]; });
  results.add(std::accumulate(sums.begin(), sums.end(), 0));
  results.add(backend.parts(100, 10) + backend.threads() + int(dht::backend::Cpu::part_begin(100, 2, 1)));
  static_cast<void>(backend.instruction_set());
  dht::backend::run(dht::backend::InstructionSet::baseline, [&] { ++sums[1]; });
  dht::backend::ThreadPool pool(1);
  pool.run(2, [&](int part) { ++sums[std::size_t(part)]; });
  results.add(pool.workers() + sums[0] + sums[1]);
}

template <class Encoder>
void call_encoder(Results& results, Encoder encoder) {
  const dht::backend::Cpu backend;
  const dht::Picture picture = photo(12, 16);
  const auto image = view_of(picture);
  using S = float;
  std::vector<S> features(std::size_t(image.total_pixels() * encoder.features()));
  typename Encoder::Workspace workspace;
  results.add(encoder.encode(backend, image, features.data(), workspace));
  results.add(encoder.channels());
  results.add_all(features);
  if constexpr (requires { typename Encoder::Saved; }) {
    typename Encoder::Saved saved;
    results.add(encoder.forward(backend, image, features.data(), saved));
    auto gradients = encoder.gradients();
    std::vector<S> grad_image(std::size_t(image.total_pixels() * 3));
    encoder.backward(backend, image, features.data(), saved, gradients, grad_image.data());
    results.add_all(grad_image);
    if constexpr (requires { encoder.update_running_statistics(saved); }) {
      encoder.update_running_statistics(saved);
      encoder.set_statistics(dht::Statistics::running);
      results.add(encoder.statistics());
      const Encoder& constant = encoder;
      results.add(constant.parameters().features + encoder.parameters().channels);
    }
  }
}

void call_encoders(Results& results) {
  call_encoder(results, dht::ColourEncoder<float>());
  const dht::ColourEncoder<float> plain(3, 1.0, dht::ColourSpace::as_given);
  results.add(plain.is_cielab());
  results.add(plain.unit());
  call_encoder(results, dht::ConvolutionalEncoder<float>());
  auto parameters = dht::initial_parameters<float>(3, 8, 1);
  dht::ConvolutionalEncoder<float> convolutional(parameters);
  convolutional.assign(dht::pretrained_encoder<float>());
  call_encoder(results, dht::TrainableEncoder<float>(parameters));
  call_encoder(results, dht::TrainableEncoder<float>());
  results.add(dht::parameters(parameters).size() + dht::running_statistics(parameters).size());
  results.add(dht::pretrained_projection<float>().outputs + dht::initial_linear<float>(8, 3, 1).inputs);
}

void call_graph(Results& results) {
  const std::vector<std::int32_t> labels{0, 0, 1, 0, 2, 1};
  dht::RegionMembers members;
  members.assign(labels.data(), 6, 3);
  dht::Buffer<dht::Edge> edges;
  dht::detail::RegionGraphWorkspace workspace;
  dht::append_region_edges<dht::FourConnected>(labels.data(), 2, 3, members, workspace, edges);
  results.add(std::int64_t(members.regions()) + std::int64_t(edges.size()));
}

/// One tokenizer with all its calls.
template <class Policies>
void call_tokenizer(Results& results, dht::TokenizerParts<Policies> parts = {}) {
  const dht::Picture picture = photo(24, 32);
  const auto image = view_of(picture);
  dht::Tokenizer<Policies> tokenizer(std::move(parts));
  results.add(tokenizer(image).count());
  results.add_all(tokenizer(image, 12).partition.labels);
  results.add_all(tokenizer.refine().partition.labels);
  results.add(tokenizer.tokens(dht::Penalty{1e-3}).count());
  dht::MergeOptions options;
  options.smallest = 3;
  const std::vector<std::uint8_t> inside(24 * 32, 1);
  const dht::Mask mask = dht::planar_view(inside.data(), 1, 1, 24, 32);
  tokenizer.merge(mask);
  tokenizer.merge(options, mask);
  results.add(tokenizer.tokens(9).count());
  results.add(tokenizer.merge_tree().most() + tokenizer.merge_tree().fewest());
  results.add(tokenizer.penalties().values().size());
  results.add(tokenizer.select().count());
  const dht::Tokenizer<Policies>& constant = tokenizer;
  results.add(constant.hierarchy().levels() + constant.parts().encoder.features() +
              tokenizer.parts().encoder.channels());
}

/// And its way back.
template <class Policies>
void call_backward(Results& results, dht::TokenizerParts<Policies> parts = {}) {
  using S = typename Policies::Scalar;
  const dht::Picture picture = photo(24, 32);
  const auto image = view_of(picture);
  dht::Tokenizer<Policies> tokenizer(std::move(parts));
  results.add(tokenizer.forward(image).levels());
  const auto& tokens = tokenizer.tokens(12);
  static_cast<void>(tokenizer.saved());
  auto gradients = tokenizer.gradients();
  const std::vector<S> upstream(tokens.feature.size(), S(0.5));
  std::vector<S> grad_image(24 * 32 * 3);
  tokenizer.backward(image, {upstream.data(), tokens.count(), tokens.features}, gradients, grad_image.data());
  results.add_all(grad_image);
}

struct Eight : dht::ColourPolicies {
  using Scalar = double;
  using Graph = dht::PixelGrid<dht::EightConnected>;
  using Similarity = dht::Laplacian;
  using Weighting = dht::SizeWeighting;
  using Criterion = dht::Bic;
  using Selection = dht::OptimalCut<>;
  using Linkage = dht::Ward;
};
struct Angles : dht::ColourPolicies {
  using Similarity = dht::Cosine;
  using Criterion = dht::Aic;
  using Selection = dht::TokenBudget<>;
  using Linkage = dht::WardOverBoundary;
};
struct Tails : dht::TrainingPolicies {
  using Similarity = dht::Cauchy;
  using Linkage = dht::MumfordShah;
};

template <class Kernel>
void call_kernel(Results& results, const Kernel& kernel) {
  float sums[Kernel::sums] = {}, slopes[Kernel::sums] = {}, grad_a = 0, grad_b = 0;
  kernel.add(sums, 0.5f, 0.75f);
  kernel.gradient(sums, 1.0f, slopes);
  kernel.add_gradient(slopes, 0.5f, 0.75f, grad_a, grad_b);
  results.add(kernel.value(sums) + grad_a + grad_b);
}

void call_policies(Results& results) {
  call_kernel(results, dht::Gaussian(0.5));
  call_kernel(results, dht::Laplacian(0.5));
  call_kernel(results, dht::Cauchy(0.5));
  call_kernel(results, dht::Cosine(0.5));
  auto loop = dht::SelfLoop<float>::constant(0.5);
  results.add(loop.value(0.5f) + loop.gradient(0.5f) + loop.view().value(0.5f));
  results.add(loop.is_constant());
  results.add(dht::parameters(loop).size());
  results.add(dht::SimilarityWeighting()(3, 0.5f) + dht::SizeWeighting()(3, 0.5f));
  const dht::Compactness<float> compactness(0.1);
  results.add(compactness.mix(0.5f, 3, 4) + compactness.gradient());
  const float variance[3] = {0.5f, 0.25f, 0.125f};
  const double wide[3] = {0.5, 0.25, 0.125};
  results.add(dht::Aicc(5).information(9, variance, 3, 100) + dht::Aicc(5).pixel_information<float>(100));
  results.add(dht::Aicc(5).iota() + dht::SquaredError()(9, wide, 3) + dht::CodeLength(1)(9, wide, 3));
}

void call_cuts(Results& results) {
  const dht::Picture picture = photo(24, 32);
  dht::Tokenizer<> tokenizer;
  const dht::Hierarchy<float>& tree = tokenizer.build(view_of(picture));
  const int level = tree.levels() - 1;
  results.add_all(tree.labels(level));
  results.add_all(tree.ancestors(1, level));
  const std::int64_t node = tree.node(1, 0);
  results.add(tree.regions(level) + tree.level_of(node));
  results.add(tree.nodes() + tree.parent_node(node) + tree.pixels() + std::ssize(tree.edges_of(1)));
  results.add(tree.mean_of(node)[0] + tree.variance_of(node)[0]);

  const dht::backend::Cpu backend;
  dht::Partition partition;
  const dht::Bic bic;
  const auto information = dht::information_of(tree, bic);
  dht::BestAncestorWorkspace ancestors;
  dht::best_ancestor(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, information,
                     bic.pixel_information<float>(tree.pixels()), partition, ancestors);
  results.add_all(partition.labels);
  results.add(partition.sources_of(0)[0] + dht::pixel_source(3));
  dht::NestedCuts cuts;
  cuts.build(tree, dht::CodeLength());
  results.add(cuts.cost()[0] + cuts.scale()[0]);
  results.add(cuts.splits().size());
  results.add(cuts.takes_part(0));
  dht::CutWorkspace workspace;
  dht::optimal_cut(tree, cuts, 20.0, partition, workspace);
  dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts,
                     dht::CodeLength(), 8, partition, workspace);
  results.add_all(partition.labels);
  results.add(tokenizer.select(dht::BestAncestor{}).count());

  dht::MergeTree merges;
  dht::MergeWorkspace merging;
  dht::build_merge_tree(backend, dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree,
                        dht::BoundaryLinkage{}, dht::MergeOptions{}, dht::Mask{}, merges, merging);
  results.add(merges.merges.size());
  dht::MergePenalties penalties;
  penalties.build(tree, merges, dht::SquaredError());
  penalties.build(merges);
  dht::MergeCutWorkspace cutting;
  dht::cut_merges(backend, merges, 8, partition, cutting);
  dht::cut_merges_at(backend, merges, penalties, 1e-3, partition, cutting);
  results.add_all(partition.labels);
  dht::MeanBudget budget;
  budget.add(merges, penalties);
  results.add(budget.penalty(8));
  results.add(budget.images());
}

}  // namespace

void call_regions(Results& results) {
  call_core(results);
  call_encoders(results);
  call_graph(results);
  call_policies(results);
  call_tokenizer<dht::DefaultPolicies>(results);
  call_tokenizer<Eight>(results);
  call_tokenizer<Angles>(results);
  call_backward<Tails>(results);
  call_backward<Eight>(results);
  call_cuts(results);
}

}  // namespace calls
