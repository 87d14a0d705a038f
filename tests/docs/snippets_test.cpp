// SPDX-License-Identifier: MIT
// The code that the pages under docs/ show, compiled and run. docs/check_snippets.cmake compares the two.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dht/dht.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/initial.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

// example-begin own_encoder
/// How bright a pixel is, 0 to 3 for black to white: one feature from the three channels of an RGB image.
template <class S>
class Brightness {
 public:
  struct Workspace {};  // memory to keep for the next image: none is needed

  int features() const { return 1; }
  int channels() const { return 3; }

  template <class P, class Backend>
  bool encode(const Backend& backend, const dht::ImageView<P>& image, S* features, Workspace&) const {
    const S unit = static_cast<S>(3 * dht::sample_unit<P>());  // samples may be bytes: 255 stands for 1
    std::atomic<bool> finite{true};
    backend.for_range(
        std::int64_t{image.batch} * image.height, 16, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t row = begin; row < end; ++row) {
            const int b = static_cast<int>(row / image.height), y = static_cast<int>(row % image.height);
            for (int x = 0; x < image.width; ++x) {
              const S red = static_cast<S>(image(b, 0, y, x)), green = static_cast<S>(image(b, 1, y, x)),
                      blue = static_cast<S>(image(b, 2, y, x));
              const S bright = dht::fma(S(0.2126), red, dht::fma(S(0.7152), green, S(0.0722) * blue));
              features[row * image.width + x] = unit * bright;
              if (!std::isfinite(bright)) finite = false;
            }
          }
        });
    return finite;
  }
};
static_assert(dht::concepts::encoder<Brightness<float>, float>);
// example-end own_encoder

// example-begin own_connectivity
/// Six neighbours, as in a wall whose rows of bricks are shifted: those to the sides, two above, two below.
struct Bricks {
  static constexpr std::array<dht::Offset, 3> forward{{{0, 1}, {1, -1}, {1, 0}}};
};
static_assert(dht::concepts::connectivity<Bricks>);
// example-end own_connectivity

// example-begin own_linkage
/// The faintest boundaries go first; of equally faint ones the longest.
struct LeastContrast {
  DHT_INLINE double operator()(const dht::MergingRegion&, const dht::MergingRegion&,
                               const dht::SharedBoundary& shared, double) const {
    return shared.contrast / shared.length;
  }
};
static_assert(dht::concepts::linkage<LeastContrast>);
// example-end own_linkage

// example-begin own_weighting
/// Large members count for less than their size: a small dark spot leaves its mark on a large bright region.
struct RootWeighting {
  template <class S>
  S operator()(std::int32_t size, S /*similarity*/) const {
    return std::sqrt(static_cast<S>(size));
  }
};
static_assert(dht::concepts::weighting<RootWeighting, float>);
// example-end own_weighting

// example-begin own_criterion
/// -(variance + price / size): uniform and large is good; the larger the price, the larger the tokens.
struct Uniformity {
  double price = 0.5;

  template <class S>
  S information(std::int32_t size, const S* variance, int features, std::int64_t /*pixels*/) const {
    S sum = 0;
    for (int c = 0; c < features; ++c) sum += variance[c];
    return -(sum + static_cast<S>(price) / static_cast<S>(size));
  }
  template <class S>
  S pixel_information(std::int64_t /*pixels*/) const {
    return -static_cast<S>(price);
  }
};
static_assert(dht::concepts::criterion<Uniformity, float>);
// example-end own_criterion

// example-begin own_selection
/// One level of the hierarchy as it is, or the coarsest where there are not so many.
struct OneLevel {
  struct Workspace {};
  int level = 3;

  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>& in, dht::Partition& out,
              Workspace&) const {
    const int taken = std::min(level, in.tree.levels() - 1);
    out.regions = static_cast<std::int32_t>(in.tree.regions(taken));
    out.labels.resize(static_cast<std::size_t>(in.tree.pixels()));
    in.tree.labels(taken, out.labels);
    const auto n = static_cast<std::size_t>(out.regions);
    out.sources.resize(n);  // each region is one node of the tree
    std::iota(out.sources.begin(), out.sources.end(), in.tree.node(taken, 0));
    out.source_begin.resize(n + 1);
    std::iota(out.source_begin.begin(), out.source_begin.end(), 0);
  }
};
static_assert(dht::concepts::selection<OneLevel, float>);
// example-end own_selection

// example-begin own_cost
/// The summed distance to the mean, about: outliers cost less than in SquaredError.
struct Deviation {
  double operator()(std::int64_t size, const double* variance, int features) const {
    double sum = 0;
    for (int c = 0; c < features; ++c) sum += variance[c];
    return static_cast<double>(size) * std::sqrt(sum);
  }
};
static_assert(dht::concepts::region_cost<Deviation>);
// example-end own_cost

// example-begin own_backend
/// Threads that are started for each loop: simple, and slow to start.
class FreshThreads : public dht::backend::Loops<FreshThreads> {
 public:
  int threads() const { return 3; }

  template <class Task>
  void run(int parts, const Task& task) const {
    std::vector<std::thread> others;
    for (int part = 1; part < parts; ++part) others.emplace_back([&task, part] { task(part); });
    task(0);
    for (std::thread& other : others) other.join();
  }
};
static_assert(dht::concepts::backend<FreshThreads>);
// example-end own_backend

// example-begin own_policies
struct OwnPolicies : dht::DefaultPolicies {
  template <class S>
  using Encoder = Brightness<S>;
  using Graph = dht::PixelGrid<Bricks>;
  using Similarity = dht::Cauchy;
  using Weighting = RootWeighting;
  using Criterion = Uniformity;
  using Selection = OneLevel;
  using Linkage = LeastContrast;
  using Backend = FreshThreads;
};
// example-end own_policies

// example-begin slots
struct MyPolicies : dht::DefaultPolicies {
  using Scalar = double;
  using Similarity = dht::Laplacian;
  using Weighting = dht::SizeWeighting;
  using Criterion = dht::Bic;
};
// example-end slots

namespace {

/// Three bands with a disc over them and a little texture.
dht::Picture painting(int height, int width) {
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int band = 3 * y / height, dy = 2 * y - height, dx = 2 * x - width;
      const bool disc = 4 * (dy * dy + dx * dx) < height * width;
      const int texture = (x * 7 + y * 13) % 11;
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] =
            static_cast<std::uint8_t>((disc ? 200 - 60 * c : 40 + 70 * ((band + c) % 3)) + texture);
    }
  }
  return picture;
}

dht::ImageView<const std::uint8_t> view_of(const dht::Picture& picture) {
  return dht::interleaved_view(picture.rgb.data(), picture.height, picture.width, 3);
}

/// A checkpoint with the names and shapes of the released one, its numbers made up.
void write_checkpoint(const std::filesystem::path& path) {
  dht::SafeTensorsWriter writer;
  int next = 0;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, bool positive = false) {
    std::vector<float> values(static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
    for (float& v : values) v = static_cast<float>(next++ * 37 % 101) / 100.0f - (positive ? -0.5f : 0.5f);
    writer.add(name, shape, values);
  };
  const auto layer = [&](const std::string& convolution, const std::string& norm, std::int64_t out,
                         std::int64_t in, std::int64_t side) {
    add(convolution + ".weight", {out, in, side, side});
    add(convolution + ".bias", {out});
    add(norm + ".weight", {out});
    add(norm + ".bias", {out});
    add(norm + ".running_mean", {out});
    add(norm + ".running_var", {out}, true);
  };
  layer("conv.ds.0", "conv.ds.1", 8, 3, 1);
  layer("conv.cv.0", "conv.cv.1", 32, 3, 2);
  layer("conv.cv.3", "conv.cv.4", 8, 32, 2);
  add("linear.weight", {3, 8});
  add("linear.bias", {3});
  add("varproj.weight", {1, 8});
  add("varproj.bias", {1});
  writer.save(path);
}

}  // namespace

TEST_CASE("docs/core.md: views", "[docs]") {
  // example-begin planar_view
  const std::vector<float> values(2 * 3 * 48 * 64, 0.5f);  // two images, three channels, 48 rows, 64 columns
  const auto batch = dht::planar_view(values.data(), 2, 3, 48, 64);
  const float green = batch(1, 1, 10, 20);  // image 1, channel 1, row 10, column 20
  // example-end planar_view
  CHECK(green == 0.5f);

  const dht::Picture photo = painting(48, 64);
  // example-begin crop
  dht::ImageView<const std::uint8_t> part =
      dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
  part.data = &part(0, 0, 8, 16);  // row 8, column 16 is the part's first pixel
  part.height = 32;
  part.width = 40;
  // example-end crop
  CHECK(part(0, 2, 31, 39) == photo.pixel(39, 55)[2]);

  std::string message;
  const auto image = part;
  // example-begin error
  dht::Tokenizer tokenizer;
  try {
    tokenizer(image, 0);
  } catch (const dht::Error& error) {
    message = error.what();  // tokens: is 0; must be 1 to 1280, the number of pixels
  }
  // example-end error
  CHECK(message == "tokens: is 0; must be 1 to 1280, the number of pixels");
}

TEST_CASE("docs/backend.md: loops", "[docs]") {
  const std::vector<float> values(10000, 0.25f);
  const auto count = static_cast<std::int64_t>(values.size());
  // example-begin for_parts
  const dht::backend::Cpu backend(2);  // two threads; Cpu(0) takes one a core
  std::vector<double> sums(static_cast<std::size_t>(backend.parts(count, 1024)), 0.0);
  backend.for_parts(count, 1024, [&](int part, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      sums[static_cast<std::size_t>(part)] += values[static_cast<std::size_t>(i)];
  });
  // example-end for_parts
  CHECK(sums.size() == 2);
  CHECK(sums[0] + sums[1] == 2500);
}

TEST_CASE("docs/encoder.md: features", "[docs]") {
  const dht::Picture photo = painting(24, 36);
  const auto image = view_of(photo);
  // example-begin colour_encoder
  const dht::ColourEncoder<float> encoder;
  dht::ColourEncoder<float>::Workspace workspace;
  std::vector<float> features(static_cast<std::size_t>(image.total_pixels() * encoder.features()));
  const bool finite = encoder.encode(dht::backend::Cpu(), image, features.data(), workspace);
  // features[3 * p] is the lightness of pixel p, 0 to 2.5; the two that follow are its colour
  // example-end colour_encoder
  CHECK(finite);
  CHECK(*std::max_element(features.begin(), features.end()) <= 2.51f);

  const dht::test::ScratchFolder scratch;
  const auto path = scratch / "weights.safetensors";
  write_checkpoint(path);
  // example-begin learned
  const auto checkpoint = dht::load_checkpoint<float>(path);
  dht::TokenizerParts<dht::DefaultPolicies> parts{dht::ConvolutionalEncoder<float>(checkpoint.encoder)};
  parts.self_loop = checkpoint.self_loop;
  parts.criterion = dht::Aicc(checkpoint.iota);
  parts.hierarchy.compactness = checkpoint.compactness;
  dht::Tokenizer<dht::DefaultPolicies> tokenizer(parts);
  const auto& tokens = tokenizer(image);
  // example-end learned
  CHECK(tokens.features == 8);

  // example-begin inject
  const auto token_features = dht::project(tokens, checkpoint.projection);  // tokens x channels
  const auto injected = dht::inject_means(image, tokens, token_features);   // channel, row, column
  // example-end inject
  CHECK(injected.size() == 3 * 24 * 36);
}

TEST_CASE("docs/training.md: a training", "[docs]") {
  const dht::Picture photo = painting(24, 36);
  const auto images = view_of(photo);
  const int steps = 30;
  // example-begin training_parts
  dht::TokenizerParts<dht::TrainingPolicies> parts{
      dht::TrainableEncoder<float>(dht::initial_parameters<float>(3, 8, 1))};  // channels, features, seed
  dht::Tokenizer<dht::TrainingPolicies> tokenizer(parts);
  auto& encoder = tokenizer.parts().encoder;
  auto projection = dht::initial_linear<float>(8, 3, 1);

  const auto all_of = [](auto& convolutions, auto& map, auto& self_loop) {
    auto list = dht::parameters(convolutions);
    for (const auto& more : {dht::parameters(map), dht::parameters(self_loop)})
      list.insert(list.end(), more.begin(), more.end());
    return list;
  };
  const auto parameters = all_of(encoder.parameters(), projection, tokenizer.parts().self_loop);
  dht::AdamW<float> optimiser(parameters);
  const dht::CosineSchedule rate(0.02, steps, steps / 10);
  // example-end training_parts
  std::vector<double> losses;
  // example-begin training_step
  for (int step = 0; step < steps; ++step) {
    tokenizer.forward(images);
    const auto& tokens = tokenizer.tokens(16);  // in each image
    const int n = tokens.count();
    const auto colour = dht::project(tokens, projection);
    std::vector<float> grad_colour(colour.size()), grad_feature(tokens.feature.size());
    const auto loss = dht::reconstruction_loss(dht::backend::Cpu(), images, tokens, {colour.data(), n, 3},
                                               {grad_colour.data(), n, 3});

    auto gradients = tokenizer.gradients();
    auto grad_projection = projection.zeros();
    projection.backward({tokens.feature.data(), n, 8}, {grad_colour.data(), n, 3}, grad_projection,
                        {grad_feature.data(), n, 8});
    tokenizer.backward(images, {grad_feature.data(), n, 8}, gradients);

    const auto list = all_of(gradients.encoder, grad_projection, gradients.self_loop);
    dht::clip_by_global_norm(list, 1);
    optimiser.step(parameters, list, rate(step));
    encoder.update_running_statistics(tokenizer.saved());
    losses.push_back(loss.value);
  }
  // example-end training_step
  CHECK(losses.back() < 0.5 * losses.front());
}

namespace {

// example-begin any_graph
struct PointPolicies : dht::ColourPolicies {
  using Graph = dht::AdjacencyGraph<3>;  // positions in space
};

std::vector<std::int32_t> label_points(const std::vector<float>& positions, const std::vector<float>& colours,
                                       const std::vector<dht::Edge>& edges, int tokens) {
  const auto points = static_cast<std::int64_t>(positions.size() / 3);
  const dht::AdjacencyLists lists(points, edges);
  dht::Tokenizer<PointPolicies> tokenizer;
  const auto& found = tokenizer(lists.graph<3, float>(positions), {colours.data(), points, 3, 3}, tokens);
  return {found.partition.labels.begin(), found.partition.labels.end()};
}
// example-end any_graph

}  // namespace

TEST_CASE("docs/graph.md: any graph", "[docs]") {
  // Two chains of three points, of one colour each, joined by an edge.
  const std::vector<float> positions{0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0};
  const std::vector<float> colours{1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1};
  const std::vector<dht::Edge> edges{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}};
  CHECK(label_points(positions, colours, edges, 2) == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1});
}

TEST_CASE("docs/graph.md: who touches whom", "[docs]") {
  // example-begin region_graph
  const std::vector<std::int32_t> labels{0, 0, 1,  //
                                         0, 2, 1};
  dht::RegionMembers pixels;
  pixels.assign(labels.data(), 6, 3);  // 6 pixels, 3 regions
  dht::Buffer<dht::Edge> edges;
  dht::detail::RegionGraphWorkspace workspace;
  dht::append_region_edges<dht::FourConnected>(labels.data(), 2, 3, pixels, workspace, edges);
  // edges: 0-1, 0-2, 1-2
  // example-end region_graph
  CHECK(edges == dht::Buffer<dht::Edge>{{0, 1}, {0, 2}, {1, 2}});
}

TEST_CASE("docs/similarity.md: kernels", "[docs]") {
  // example-begin kernel
  const dht::Gaussian kernel(0.5);
  const std::vector<float> a{1.0f, 2.0f}, b{1.0f, 1.5f};
  float sums[dht::Gaussian::sums] = {};
  for (std::size_t c = 0; c < a.size(); ++c) kernel.add(sums, a[c], b[c]);
  const float similarity = kernel.value(sums);  // exp(-(0.5 / 0.5)^2) = 0.3679
  // example-end kernel
  CHECK(similarity == Catch::Approx(std::exp(-1.0)));

  // example-begin similarity_parts
  dht::TokenizerParts<dht::DefaultPolicies> parts;
  parts.similarity = dht::Gaussian(0.5);                  // half the distance, the same similarity
  parts.self_loop = dht::SelfLoop<float>::constant(0.9);  // less alike than this is left apart
  parts.hierarchy.compactness = 0.1;
  dht::Tokenizer<> tokenizer(parts);
  // example-end similarity_parts
  const dht::Picture photo = painting(24, 36);
  CHECK(tokenizer(view_of(photo)).count() > 0);
}

TEST_CASE("docs/hierarchy.md: the tree as a value", "[docs]") {
  const dht::Picture photo = painting(48, 64);
  const auto image = view_of(photo);
  // example-begin hierarchy
  dht::Tokenizer tokenizer;
  const dht::Hierarchy<float> tree = tokenizer.build(image);  // a copy, to keep

  const std::int64_t regions = tree.regions(2), touching = std::ssize(tree.edges_of(2));
  const std::vector<std::int32_t> labels = tree.labels(2);  // the label map of level 2

  const std::int64_t node = tree.node(2, labels[0]);  // the region of the first pixel
  const std::int32_t size = tree.size[static_cast<std::size_t>(node)];
  const dht::Box box = tree.box[static_cast<std::size_t>(node)];
  const float lightness = tree.mean_of(node)[0], spread = tree.variance_of(node)[0];
  const std::int64_t around = tree.parent_node(node);  // the region of level 3 that contains it
  // example-end hierarchy
  CHECK(regions > 1);
  CHECK(touching > 0);
  CHECK(size <= (box.ymax - box.ymin + 1) * (box.xmax - box.xmin + 1));
  CHECK(lightness > 0);
  CHECK(spread >= 0);
  CHECK(tree.level_of(around) == 3);
}

TEST_CASE("docs/merging.md: a number, a penalty, a mask", "[docs]") {
  const dht::Picture photo = painting(48, 64);
  const auto image = view_of(photo);
  // example-begin merging
  dht::Tokenizer tokenizer;
  tokenizer.build(image);
  const int few = tokenizer.tokens(50).count();                     // 50; the first call merges
  const int more = tokenizer.tokens(200).count();                   // 200, from the same tree
  const int enough = tokenizer.tokens(dht::Penalty{1e-4}).count();  // as many as the image asks for
  // example-end merging
  CHECK(few == 50);
  CHECK(more == 200);
  CHECK(enough > 0);

  const int height = 48, width = 64;
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(height * width), 0);
  for (int y = 4; y < 40; ++y) std::fill_n(inside.begin() + y * width + 8, 40, std::uint8_t{255});
  // example-begin masked
  tokenizer.build(image);
  const dht::Mask mask = dht::planar_view<const std::uint8_t>(inside.data(), 1, 1, height, width);
  dht::MergeOptions options;
  options.smallest = 20;  // pixels
  tokenizer.merge(options, mask);
  const auto& tokens = tokenizer.tokens(30);  // 30, all inside; labels are -1 outside
  // example-end masked
  CHECK(tokens.count() == 30);
  CHECK(*std::min_element(tokens.size.begin(), tokens.size.end()) >= 20);
  CHECK(tokens.labels()(0, 0) == -1);
}

TEST_CASE("docs/merging.md: another linkage, and a mean over many", "[docs]") {
  const dht::Picture first = painting(48, 64), second = painting(40, 40);
  // example-begin ward
  struct LeastError : dht::DefaultPolicies {
    using Linkage = dht::Ward;
  };
  dht::TokenizerParts<LeastError> parts;
  parts.merging.start_level = 1;  // from the finest regions on: slower, and less error
  dht::Tokenizer<LeastError> tokenizer(parts);
  // example-end ward
  const std::vector<dht::ImageView<const std::uint8_t>> photos{view_of(first), view_of(second)};
  {
    const auto& photo = photos[0];
    // example-begin refine
    tokenizer.build(photo);
    tokenizer.tokens(40);
    const auto& tokens = tokenizer.refine();  // 40 tokens still, each connected, with less error
    // example-end refine
    CHECK(tokens.count() == 40);
    CHECK(tokens.partition.means_of_pixels);
  }
  // example-begin mean_budget
  dht::MeanBudget budget;
  for (const auto& photo : photos) {
    tokenizer.build(photo);
    const dht::MergePenalties& penalties = tokenizer.penalties();
    budget.add(tokenizer.merge_tree(), penalties);
  }
  const dht::Penalty penalty{budget.penalty(40)};  // 40 tokens on average
  // example-end mean_budget
  int total = 0;
  for (const auto& photo : photos) {
    tokenizer.build(photo);
    total += tokenizer.tokens(penalty).count();
  }
  CHECK(total <= 80);
  CHECK(total > 40);
}

TEST_CASE("docs/selection.md: many cuts of one tree", "[docs]") {
  const dht::Picture photo = painting(48, 64);
  const auto image = view_of(photo);
  // example-begin cuts
  dht::Tokenizer tokenizer;
  tokenizer.build(image);                                    // once
  const auto fine = tokenizer.tokens(196).partition.labels;  // copies: the next call overwrites
  const auto coarse = tokenizer.tokens(16).partition.labels;

  dht::OptimalCut<> cut;
  cut.penalty = 20;  // nats a token
  const int by_penalty = tokenizer.select(cut).count();
  const int by_paper = tokenizer.select(dht::BestAncestor{}).count();
  // example-end cuts
  CHECK(*std::max_element(fine.begin(), fine.end()) == 195);
  CHECK(*std::max_element(coarse.begin(), coarse.end()) == 15);
  CHECK(by_penalty > 0);
  CHECK(by_paper > 0);

  const dht::Hierarchy<float>& tree = tokenizer.hierarchy();
  // example-begin nested
  dht::NestedCuts cuts;
  cuts.build(tree, dht::CodeLength());
  std::int64_t tokens = 1;
  for (const dht::NestedCuts::Split& split : cuts.splits()) {
    const double penalty = cuts.scale()[static_cast<std::size_t>(split.node)];
    if (penalty < 20) break;  // below this penalty the node gives way to its parts
    tokens = split.regions_after;
  }
  // example-end nested
  CHECK(tokens >= by_penalty);

  const dht::backend::Cpu backend;
  // example-begin other_criterion
  const dht::Bic bic;
  const auto information = dht::information_of(tree, bic);
  dht::Partition partition;
  dht::BestAncestorWorkspace workspace;
  dht::best_ancestor(backend, tokenizer.graph(), tree, information,
                     bic.pixel_information<float>(tree.pixels()), partition, workspace);
  // example-end other_criterion
  CHECK(partition.regions > 0);

  // example-begin own_cost_used
  dht::OptimalCut<Deviation> by_deviation;
  by_deviation.penalty = 5;  // in the unit of the cost
  const auto& deviating = tokenizer.select(by_deviation);
  // example-end own_cost_used
  CHECK(deviating.count() > 0);
}

TEST_CASE("docs/regions.md: what a token knows", "[docs]") {
  const dht::Picture photo = painting(48, 64);
  const auto image = view_of(photo);
  // example-begin tokens
  dht::Tokenizer tokenizer;
  const dht::Tokens<float>& tokens = tokenizer(image, 16);
  const dht::LabelView labels = tokens.labels();  // labels(y, x): the token of a pixel

  const std::int32_t token = labels(20, 30);
  const std::int32_t size = tokens.size[static_cast<std::size_t>(token)];
  const dht::Box box = tokens.box[static_cast<std::size_t>(token)];
  const std::span<const float> feature = tokens.feature_of(token);

  const dht::RegionNeighbours neighbours = dht::region_neighbours(tokens);
  for (const std::int32_t other : neighbours.neighbours_of(token)) CHECK(other != token);
  // example-end tokens
  CHECK(size > 0);
  CHECK(box.ymax >= 20);
  CHECK(feature.size() == 8);

  std::vector<std::int32_t> segmented(48 * 64);
  for (std::size_t i = 0; i < segmented.size(); ++i) segmented[i] = i % 64 < 32;
  const dht::LabelView predicted_classes = dht::plane_view(segmented.data(), 48, 64);
  // example-begin scores
  std::vector<dht::LabelMap> persons;  // ground truth: any labels from 0 up, -1 where nothing is known
  persons.push_back(dht::label_map(dht::plane_view(segmented.data(), 48, 64)));
  const dht::LabelMap map = dht::label_map(tokens.labels());
  const dht::SuperpixelScores scores = dht::superpixel_scores(image, map, persons);

  dht::ConfusionMatrix confusion(2);  // classes
  confusion.add(persons[0].view(), predicted_classes);
  const double mean_iou = confusion.mean_iou();
  // example-end scores
  CHECK(scores.achievable_accuracy > 0.5);
  CHECK(mean_iou == 1);

  // example-begin pictures
  const dht::Picture boundaries = dht::draw_boundaries(photo, tokens.labels());
  const dht::Picture means = dht::paint_means(photo, tokens.labels(), tokens.count());
  const dht::Picture levels = dht::draw_levels(photo, tokenizer.hierarchy());
  const dht::Picture saliency = dht::draw_saliency(tokenizer.hierarchy());
  // example-end pictures
  CHECK(boundaries.height == 48);
  CHECK(means.width == 64);
  CHECK(levels.height >= 48);
  CHECK(saliency.width == 127);
}

TEST_CASE("docs/tokenizer.md: parts and batches", "[docs]") {
  const dht::Picture photo = painting(24, 36);
  const auto image = view_of(photo);
  // example-begin parts
  dht::TokenizerParts<MyPolicies> parts;
  parts.similarity = dht::Laplacian(2);
  parts.criterion = dht::Bic(10);        // iota
  parts.backend = dht::backend::Cpu(0);  // one thread a core
  dht::Tokenizer<MyPolicies> tokenizer(parts);
  const dht::Tokens<double>& tokens = tokenizer(image);
  // example-end parts
  CHECK(tokens.count() > 0);

  std::vector<float> values(2 * 3 * 24 * 36);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i / 36 % 24) / 24;
  // example-begin batch
  dht::Tokenizer both;
  const auto& of_both = both(dht::planar_view(values.data(), 2, 3, 24, 36), 49);
  for (int i = 0; i < of_both.batch; ++i) {
    const dht::LabelView labels = of_both.labels(i);
    const std::int32_t first = of_both.begin[static_cast<std::size_t>(i)];  // 0, then 49
    CHECK(labels(0, 0) == first);
  }
  // example-end batch
  CHECK(of_both.count() == 98);
}

TEST_CASE("docs/io.md: files", "[docs]") {
  const dht::test::ScratchFolder scratch;
  const std::vector<std::int32_t> labels(24, 7);
  const auto npy = scratch / "labels.npy", tensors = scratch / "labels.safetensors";
  // example-begin npy
  dht::write_npy(npy, labels, {4, 6});                  // numpy.load reads it
  const auto array = dht::read_npy<std::int32_t>(npy);  // array.shape is {4, 6}
  // example-end npy
  CHECK(array.values == labels);
  // example-begin safetensors
  dht::SafeTensorsWriter writer;
  writer.add("labels", {4, 6}, labels);
  writer.set_metadata("photo", "lake.png");
  writer.save(tensors);

  const auto file = dht::SafeTensors::load(tensors);
  const auto again = file.read<std::int32_t>("labels", {4, 6});  // throws where the shape is another
  // example-end safetensors
  CHECK(again == labels);
}

TEST_CASE("docs/concepts.md: policies of one's own", "[docs]") {
  const dht::Picture photo = painting(48, 64);
  const auto image = view_of(photo);
  // example-begin own_policies_used
  dht::TokenizerParts<OwnPolicies> parts;
  parts.similarity = dht::Cauchy(0.2);
  parts.selection.level = 2;
  dht::Tokenizer<OwnPolicies> tokenizer(parts);
  const auto& tokens = tokenizer(image);
  // example-end own_policies_used
  CHECK(tokens.count() == tokenizer.hierarchy().regions(2));
  CHECK(tokens.features == 1);
}
