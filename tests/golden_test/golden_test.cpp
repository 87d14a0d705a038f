// SPDX-License-Identifier: MIT
// The library against the figures that define the method: every file of a kind known here, in the folder that the
// environment variable DHT_GOLDEN names, or in tests/golden.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <dht/dht.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/parameters.hpp>

#include "figures.hpp"
#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#ifdef DHT_TEST_ON_THRUST  // the same figures by the other backend
#include <dht/thrust.hpp>

#include "thrust/same.hpp"
#else
#define DHT_TEST_NEEDS_DEVICE()
#endif

namespace {

using namespace dht::test;

// Relative agreement asked of real numbers in double. The figures were computed in another order of operations; a chain
// of ten levels leaves about 1e-13. The floor is for variances, which cancel: they are of order 1e-3 and more.
constexpr double tolerance = 1e-9, floor_of_values = 1e-6;

/// Calls `body(criterion)` with the criterion of that name.
template <class Body>
void with_criterion(const std::string& name, double iota, double epsilon, const Body& body) {
  if (name == "aic") return body(dht::Aic(iota, epsilon));
  if (name == "aicc") return body(dht::Aicc(iota, epsilon));
  if (name == "bic") return body(dht::Bic(iota, epsilon));
  if (name == "cic") return body(dht::Cic(iota, epsilon));
  throw dht::Error("criterion: is \"" + name + "\"; must be aic, aicc, bic or cic");
}

AnyCriterion criterion_of(const std::string& name, double iota) {
  const std::string names[] = {"aic", "aicc", "bic", "cic"};
  const auto found = std::find(std::begin(names), std::end(names), name) - std::begin(names);
  REQUIRE(found < 4);
  return AnyCriterion(static_cast<Penalty>(found), iota);
}

/// The neighbour that a pixel chose, as a pixel number.
template <class S>
std::vector<std::int32_t> chosen_pixels(const dht::Hierarchy<S>& tree) {
  std::vector<std::int32_t> chosen(static_cast<std::size_t>(tree.pixels()));
  for (std::size_t p = 0; p < chosen.size(); ++p) {
    const dht::Offset o = dht::detail::Neighbours<dht::FourConnected>::all[tree.pixel_choice[p]];
    chosen[p] = static_cast<std::int32_t>(p) + o.dy * tree.width + o.dx;
  }
  return chosen;
}

template <class T>
std::vector<std::int64_t> widened(const T& values) {
  return {values.begin(), values.end()};
}

/// Box edges as the files hold them: all ymin, then all xmin, ymax, xmax.
template <class Boxes>
std::vector<std::int64_t> box_planes(const Boxes& boxes) {
  std::vector<std::int64_t> out;
  for (const auto member : {&dht::Box::ymin, &dht::Box::xmin, &dht::Box::ymax, &dht::Box::xmax}) {
    for (const dht::Box& box : boxes) out.push_back(box.*member);
  }
  return out;
}

template <class Buffer>
auto slice(const Buffer& values, std::int64_t begin, std::int64_t end) {
  return std::vector<typename Buffer::value_type>(values.begin() + begin, values.begin() + end);
}

/// The trees and tokens of a figure file, by the library.
template <class S>
struct Result {
  std::vector<dht::Hierarchy<S>> trees;  // of the images
  dht::Tokens<S> tokens;
  dht::Buffer<S> token_features, injected;
  std::vector<double> encoded;  // features of every pixel
  std::vector<S> grad_image;
  dht::ConvolutionalParameters<S> grad_encoder;
  dht::Linear<S> grad_projection;
  dht::SelfLoop<S> grad_self_loop;
};

/// Policies that are whatever the file says.
template <class S>
struct FilePolicies : dht::TrainingPolicies {
  using Scalar = S;
  using Weighting = AnyWeighting;
  using Criterion = AnyCriterion;
#ifdef DHT_TEST_ON_THRUST
  using Backend = dht::backend::Thrust;
#endif
};

/// Planes (batch, channels, height, width) of what the files hold pixel by pixel.
template <class S>
std::vector<S> planes_of(const std::vector<S>& rows, int batch, int channels) {
  const std::size_t pixels = rows.size() / static_cast<std::size_t>(batch * channels);
  std::vector<S> out(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t c = i % static_cast<std::size_t>(channels), p = i / static_cast<std::size_t>(channels);
    out[(p / pixels * static_cast<std::size_t>(channels) + c) * pixels + p % pixels] = rows[i];
  }
  return out;
}

#ifndef DHT_TEST_ON_THRUST

/// The way back of the tokenizer's last image, from the file's upstream gradients.
template <class S, class Tokenizer>
void go_back(const dht::SafeTensors& file, Tokenizer& tokenizer, const dht::Linear<S>& projection,
             const dht::ImageView<const S>& image, Result<S>& r) {
  const int channels = image.channels;
  const auto upstream = planes_of(file.read<S>("upstream_injected"), image.batch, channels);
  r.grad_image.resize(upstream.size());
  auto grad_token = dht::backward_inject_means(r.tokens, channels, upstream.data(), r.grad_image.data());
  const auto from_above = file.read<S>("upstream_features");
  for (std::size_t i = 0; i < grad_token.size(); ++i) grad_token[i] += from_above[i];
  r.grad_projection = projection.zeros();
  const auto grad_feature = dht::backward_project(
      r.tokens, projection, {grad_token.data(), r.tokens.count(), channels}, r.grad_projection);
  auto gradients = tokenizer.gradients();
  std::vector<S> through_features(upstream.size());
  tokenizer.backward(image, {grad_feature.data(), r.tokens.count(), r.tokens.features}, gradients,
                     through_features.data());
  for (std::size_t i = 0; i < upstream.size(); ++i) r.grad_image[i] += through_features[i];
  r.grad_encoder = gradients.encoder;
  r.grad_self_loop = gradients.self_loop;
}

/// Forward and backward of the figures' image.
template <class S>
Result<S> run(const dht::SafeTensors& file, dht::TokenizerParts<FilePolicies<S>> parts,
              const dht::Linear<S>& projection, const dht::ImageView<const S>& image) {
  parts.backend = dht::backend::Cpu(2);
  Result<S> r;
  dht::Tokenizer<FilePolicies<S>> tokenizer(std::move(parts));
  tokenizer.forward(image);
  r.tokens = tokenizer.select(dht::BestAncestor{});
  for (int b = 0; b < image.batch; ++b) r.trees.push_back(tokenizer.hierarchy(b));
  r.token_features = dht::project(r.tokens, projection);
  r.injected = dht::inject_means(image, r.tokens, r.token_features);
  go_back<S>(file, tokenizer, projection, image, r);
  return r;
}

#else

/// The same on a device.
template <class S>
Result<S> run(const dht::SafeTensors& file, dht::TokenizerParts<FilePolicies<S>> parts,
              const dht::Linear<S>& projection, const dht::ImageView<const S>& image) {
  parts.backend = test_backend();
  Result<S> r;
  dht::Tokenizer<FilePolicies<S>> tokenizer(std::move(parts));
  const dht::backend::Thrust& backend = tokenizer.backend();
  const int channels = image.channels;
  const auto rows = [](const S* data, std::int64_t count, int columns) {
    return dht::on_device(dht::MatrixView<const S>{data, count, columns});
  };
  const auto planes = [&](S* data) {
    return dht::on_device(dht::planar_view(data, image.batch, channels, image.height, image.width));
  };
  dht::DeviceBuffer<S> pixels, g, injected, upstream, above, grad_token, grad_feature, grad_image, through;
  dht::DeviceProjectionWorkspace<S> w;
  const std::int64_t numbers = image.total_pixels() * channels;
  backend.upload(image.data, numbers, pixels);
  const dht::OnDevice<dht::ImageView<const S>> there = planes(pixels.data());
  tokenizer.forward(there);
  const auto& tokens = tokenizer.select();
  const auto features = dht::project(backend, tokens, projection, g, w);
  dht::inject_means(backend, there, tokens, features, injected, w);

  const auto from_injected = planes_of(file.read<S>("upstream_injected"), image.batch, channels);
  const auto from_features = file.read<S>("upstream_features");
  backend.upload(from_injected.data(), numbers, upstream);
  backend.resize(grad_image, numbers);
  dht::backward_inject_means(backend, tokens, channels,
                             dht::OnDevice<dht::ImageView<const S>>(planes(upstream.data())),
                             planes(grad_image.data()), grad_token, w);
  const std::int64_t count = std::int64_t{tokens.count()} * channels;
  const S* const more = backend.upload(from_features.data(), count, above);
  S* const sum = grad_token.data();
  backend.launch(count, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE { sum[i] += more[i]; });
  r.grad_projection = projection.zeros();
  dht::backward_project(backend, tokens, projection, rows(sum, tokens.count(), channels), r.grad_projection,
                        grad_feature, w);
  auto gradients = tokenizer.gradients();
  backend.resize(through, numbers);
  tokenizer.backward(there, rows(grad_feature.data(), tokens.count(), tokens.features), gradients,
                     planes(through.data()));
  const auto image_gradient = fetched(backend, grad_image), through_features = fetched(backend, through);
  for (std::size_t i = 0; i < image_gradient.size(); ++i)
    r.grad_image.push_back(image_gradient[i] + through_features[i]);
  r.grad_encoder = gradients.encoder;
  r.grad_self_loop = gradients.self_loop;
  for (int b = 0; b < image.batch; ++b) r.trees.push_back(tokenizer.hierarchy().download(backend, b));
  r.tokens = tokens.download(backend);
  r.token_features = fetched(backend, g);
  r.injected = fetched(backend, injected);
  return r;
}

#endif

template <class S>
Result<S> compute(const dht::SafeTensors& file) {
  const auto shape = file.shape("image");
  const int batch = static_cast<int>(shape[0]), channels = static_cast<int>(shape[1]);
  const auto pixels = file.read<S>("image");
  const auto image = dht::planar_view(pixels.data(), batch, channels, static_cast<int>(shape[2]),
                                      static_cast<int>(shape[3]));
  const auto checkpoint = dht::read_checkpoint<S>(file, "param.");
  REQUIRE(note(file, "similarity") == "gaussian");

  dht::TokenizerParts<FilePolicies<S>> parts{dht::TrainableEncoder<S>(checkpoint.encoder)};
  parts.encoder.set_statistics(note(file, "training") == "True" ? dht::Statistics::batch
                                                                : dht::Statistics::running);
  REQUIRE(std::stod(note(file, "eps")) == 1e-8);
  parts.criterion = criterion_of(note(file, "criterion"), std::stod(note(file, "iota")));
  parts.weighting.by_similarity = note(file, "weights") == "similarity";
  REQUIRE((parts.weighting.by_similarity || note(file, "weights") == "size"));
  parts.self_loop = checkpoint.self_loop;
  const std::string& kind = note(file, "self_loop");
  if (kind.starts_with("constant ")) parts.self_loop = dht::SelfLoop<S>::constant(std::stod(kind.substr(9)));
  parts.hierarchy.compactness = std::stod(note(file, "compactness"));
  parts.hierarchy.enough_regions = std::stoi(note(file, "min_regions_per_image"));
  Result<S> r = run<S>(file, std::move(parts), checkpoint.projection, image);
  for (const auto& tree : r.trees)
    r.encoded.insert(r.encoded.end(), tree.pixel_features.begin(), tree.pixel_features.end());
  return r;
}

/// Gradients of every parameter and of the image, by the file's names. One that is below a share of the largest is
/// measured by that: those of biases ahead of batch statistics, and of a self-loop that nobody chose, are nothing but
/// rounding.
void check_gradients(const dht::SafeTensors& file, Result<double>& r) {
  auto list = dht::parameters(r.grad_encoder);
  for (const auto& part : {dht::parameters(r.grad_projection), dht::parameters(r.grad_self_loop)})
    list.insert(list.end(), part.begin(), part.end());
  list.push_back({"image", {}, r.grad_image});
  double largest = 0;
  // Where nothing depends on a parameter, the file has no gradient.
  const auto wanted = [&](const std::string& name, std::size_t numbers) {
    return file.contains("grad." + name) ? file.read<double>("grad." + name)
                                         : std::vector<double>(numbers, 0.0);
  };
  for (const auto& [name, shape, values] : list)
    for (const double g : wanted(name, values.size())) largest = std::max(largest, std::abs(g));
  for (const auto& [name, shape, values] : list) {
    INFO(name);
    CHECK(worst(values, wanted(name, values.size()), 1e-4 * largest) < 1e-8);
  }
}

/// `values_of(tree)` of all trees one after the other, numbers of each counted on from the `steps_of(tree)` of those before:
/// the files number regions over the images of a batch.
template <class Values, class Steps>
std::vector<std::int64_t> numbered(const std::vector<dht::Hierarchy<double>>& trees, const Values& values_of,
                                   const Steps& steps_of) {
  std::vector<std::int64_t> out;
  std::int64_t before = 0;
  for (const auto& tree : trees) {
    for (const std::int32_t value : values_of(tree)) out.push_back(before + value);
    before += steps_of(tree);
  }
  return out;
}

/// `values_of(tree)` of all trees one after the other.
template <class Values>
auto listed(const std::vector<dht::Hierarchy<double>>& trees, const Values& values_of) {
  auto out = values_of(trees[0]);
  for (std::size_t b = 1; b < trees.size(); ++b) {
    const auto more = values_of(trees[b]);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

void check_levels(const dht::SafeTensors& file, const std::vector<dht::Hierarchy<double>>& trees) {
  using Tree = dht::Hierarchy<double>;
  const int levels = std::stoi(note(file, "levels"));
  for (const Tree& tree : trees) REQUIRE(tree.levels() == levels + 2);  // and the pixels, and the whole image
  for (int l = 0; l < levels; ++l) {
    const std::string name = "level" + std::to_string(l) + ".";
    INFO(name);
    // What the regions of level `of` hold: `count` numbers each.
    const auto all = [&](const auto member, int of, std::int64_t count = 1) {
      return listed(trees, [&](const Tree& tree) {
        const std::int64_t begin = tree.node(of, 0);
        return slice(tree.*member, begin * count, (begin + tree.regions(of)) * count);
      });
    };
    const auto regions_at = [](int of) { return [of](const Tree& tree) { return tree.regions(of); }; };
    const std::int64_t d = trees[0].features;
    CHECK(numbered(
              trees, [&](const Tree& tree) { return tree.labels(l + 1); }, regions_at(l + 1)) ==
          file.read<std::int64_t>(name + "labels"));
    CHECK(widened(all(&Tree::size, l + 1)) == file.read<std::int64_t>(name + "size"));
    CHECK(box_planes(all(&Tree::box, l + 1)) == file.read<std::int64_t>(name + "box"));
    CHECK(worst(all(&Tree::mean, l + 1, d), file.read<double>(name + "mean"), floor_of_values) < tolerance);
    CHECK(worst(all(&Tree::variance, l + 1, d), file.read<double>(name + "variance"), floor_of_values) <
          tolerance);
    CHECK(worst(all(&Tree::information, l + 1), file.read<double>(name + "info"), floor_of_values) <
          tolerance);
    // Of the members, which are pixels or regions of the level below.
    const auto members = [&](const auto member, const auto steps) {
      return numbered(
          trees,
          [&](const Tree& tree) {
            return slice(tree.*member, tree.node(l, 0), tree.node(l, 0) + tree.regions(l));
          },
          steps);
    };
    if (l == 0) {
      CHECK(numbered(trees, chosen_pixels<double>, [](const Tree& tree) { return tree.pixels(); }) ==
            file.read<std::int64_t>(name + "chosen"));
      CHECK(numbered(
                trees, [](const Tree& tree) { return tree.pixel_parent; }, regions_at(1)) ==
            file.read<std::int64_t>(name + "parent"));
      CHECK(worst(listed(trees, [](const Tree& tree) { return tree.pixel_similarity; }),
                  file.read<double>(name + "similarity"), floor_of_values) < tolerance);
    } else {
      CHECK(members(&Tree::chosen, regions_at(l)) == file.read<std::int64_t>(name + "chosen"));
      CHECK(members(&Tree::parent, regions_at(l + 1)) == file.read<std::int64_t>(name + "parent"));
      CHECK(worst(all(&Tree::similarity, l), file.read<double>(name + "similarity"), floor_of_values) <
            tolerance);
    }
  }
}

}  // namespace

TEST_CASE("figures: encoder", "[golden]") {
  const auto files = figures("encoder_eval");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto image = file.read<double>("image");
    const auto shape = file.shape("image");
    const dht::ConvolutionalEncoder<double> encoder(dht::read_encoder<double>(file, "param."));
    dht::ConvolutionalEncoder<double>::Workspace workspace;
    std::vector<double> out(file.read<double>("output").size());
    REQUIRE(encoder.encode(
        dht::backend::Cpu(2),
        dht::planar_view(image.data(), int(shape[0]), int(shape[1]), int(shape[2]), int(shape[3])),
        out.data(), workspace));
    // The file holds planes, the library rows.
    const auto planes = file.read<double>("output");
    const int features = static_cast<int>(file.shape("output")[1]);
    CHECK(worst(out, channels_last(planes, int(shape[0]), features, shape[2] * shape[3]), floor_of_values) <
          tolerance);
  }
}

TEST_CASE("figures: criteria", "[golden]") {
  const auto files = figures("criteria");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto size = file.read<std::int64_t>("size");
    const auto variance = file.read<double>("variance");
    const int features = static_cast<int>(file.shape("variance")[1]);
    const std::int64_t pixels = std::stoll(note(file, "height")) * std::stoll(note(file, "width"));
    int compared = 0;
    for (const std::string& name : file.names()) {
      const auto dot = name.find(".iota");
      if (dot == std::string::npos) continue;
      INFO(name);
      std::vector<double> found;
      with_criterion(name.substr(0, dot), std::stod(name.substr(dot + 5)), std::stod(note(file, "eps")),
                     [&](auto criterion) {
                       for (std::size_t i = 0; i < size.size(); ++i) {
                         found.push_back(criterion.information(
                             static_cast<std::int32_t>(size[i]),
                             &variance[i * static_cast<std::size_t>(features)], features, pixels));
                       }
                     });
      CHECK(worst(found, file.read<double>(name), floor_of_values) < tolerance);
      ++compared;
    }
    CHECK(compared > 0);
  }
}

TEST_CASE("figures: hierarchy in double", "[golden]") {
  DHT_TEST_NEEDS_DEVICE();
  const auto files = figures("hierarchy_");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    if (path.stem().string().ends_with("_float32")) continue;
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    auto r = compute<double>(file);
    const auto pixels = r.trees[0].pixels();
    CHECK(worst(r.encoded, file.read<double>("pixel_features"), floor_of_values) < tolerance);
    check_levels(file, r.trees);
    CHECK(r.tokens.count() == std::stoi(note(file, "tokens")));
    CHECK(widened(r.tokens.partition.labels) == file.read<std::int64_t>("labels"));
    CHECK(box_planes(r.tokens.box) == file.read<std::int64_t>("box"));
    CHECK(worst(r.token_features, file.read<double>("token_features"), floor_of_values) < tolerance);
    const std::vector<double> injected(r.injected.begin(), r.injected.end());
    const int channels = static_cast<int>(file.shape("image")[1]);
    CHECK(worst(channels_last(injected, static_cast<int>(r.trees.size()), channels, pixels),
                file.read<double>("injected"), floor_of_values) < tolerance);
    check_gradients(file, r);
  }
}

TEST_CASE("figures: hierarchy in float", "[golden]") {
  DHT_TEST_NEEDS_DEVICE();
  for (const auto& path : figures("hierarchy_")) {
    if (!path.stem().string().ends_with("_float32")) continue;
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto r = compute<float>(file);
    const auto labels = file.read<std::int64_t>("labels");
    const auto box = file.read<std::int64_t>("box");
    const auto features = file.read<double>("token_features");
    const std::size_t wanted = box.size() / 4, channels = features.size() / wanted;
    // Pixels whose token overlaps their token of the figures more than any other does.
    std::vector<std::vector<std::pair<std::int32_t, std::int64_t>>> overlap(wanted);
    for (std::size_t p = 0; p < labels.size(); ++p) {
      auto& list = overlap[static_cast<std::size_t>(labels[p])];
      const std::int32_t mine = r.tokens.partition.labels[p];
      auto found = std::find_if(list.begin(), list.end(), [&](const auto& o) { return o.first == mine; });
      if (found == list.end()) found = list.insert(list.end(), {mine, 0});
      ++found->second;
    }
    std::int64_t same = 0;
    double feature_error = 0;
    for (std::size_t t = 0; t < wanted; ++t) {
      const auto best = *std::max_element(overlap[t].begin(), overlap[t].end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
      same += best.second;
      if (overlap[t].size() > 1 || r.tokens.size[static_cast<std::size_t>(best.first)] != best.second)
        continue;
      for (std::size_t c = 0; c < channels; ++c) {
        const double f = features[t * channels + c];
        const double difference = std::abs(
            static_cast<double>(r.token_features[static_cast<std::size_t>(best.first) * channels + c]) - f);
        feature_error = std::max(feature_error, difference / std::max(1.0, std::abs(f)));
      }
    }
    // Similarities are compared at 16 bits: the last bit of a float can tip a choice.
    CHECK(static_cast<double>(same) >= 0.99 * static_cast<double>(labels.size()));
    CHECK(feature_error < 1e-4);
  }
}
