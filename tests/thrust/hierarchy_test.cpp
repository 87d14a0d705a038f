// SPDX-License-Identifier: MIT
// Contraction and selection on the Thrust backend against the CPU backend, bit for bit.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <dht/hierarchy/device_backward.hpp>
#include <dht/hierarchy/device_build.hpp>
#include <dht/regions/backward.hpp>
#include <dht/regions/device_backward.hpp>
#include <dht/regions/device_tokens.hpp>
#include <dht/selection/best_ancestor.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/random.hpp"
#include "thrust/same.hpp"

namespace {

using namespace dht::test;

/// The settings of trees and the features of their images, as planes.
struct Batch {
  TreeSettings settings;
  int images = 1;
  std::vector<double> planes;

  std::vector<double> planes_of(int image) const {
    const std::size_t numbers = planes.size() / static_cast<std::size_t>(images);
    const auto begin = planes.begin() + static_cast<std::ptrdiff_t>(numbers) * image;
    return {begin, begin + static_cast<std::ptrdiff_t>(numbers)};
  }
};

/// Sizes from 1 x 1, every kernel, weighting and criterion, constant and learned self-loops; images of cells with noise,
/// pure noise, few values (ties everywhere) and one value.
Batch random_batch(Random& random) {
  Batch image;
  TreeSettings& s = image.settings;
  image.images = 1 + static_cast<int>(random.below(3));
  const int features[] = {1, 2, 3, 8, 9};
  s.features = features[random.below(5)];
  s.height = 1 + static_cast<int>(random.below(24));
  s.width = 1 + static_cast<int>(random.below(24));
  s.kernel = static_cast<Kernel>(random.below(4));
  s.bandwidth = random.uniform(0.3, 2);
  s.by_similarity = random.below(2) != 0;
  s.penalty = static_cast<Penalty>(random.below(4));
  s.iota = random.uniform(0.1, 6);
  s.compactness = random.below(2) != 0 ? random.uniform(0, 0.5) : 0;
  s.enough_regions = 1 + static_cast<int>(random.below(6));
  s.constant_loop = random.uniform(0, 1);
  if (random.below(2) != 0) {
    for (int c = 0; c < s.features; ++c) s.loop_weight.push_back(random.uniform(-2, 2));
    s.loop_bias = random.uniform(-1, 1);
  }
  // Each image of its own kind, so that they are finished after different numbers of rounds.
  const std::int64_t numbers = std::int64_t{s.features} * s.height * s.width;
  auto kind = random.below(4);
  for (std::int64_t i = 0; i < image.images * numbers; ++i) {
    if (i % numbers == 0) kind = random.below(4);
    const std::int64_t cell = i / s.width / 5 * 100 + i % s.width / 4;
    const double noise = random.uniform(-1, 1);
    image.planes.push_back(kind == 0   ? Random(static_cast<std::uint64_t>(cell)).uniform(-1, 1) + noise / 8
                           : kind == 1 ? noise
                           : kind == 2 ? (noise > 0 ? 0.5 : -0.5)
                                       : 0.25);
  }
  return image;
}

template <class S, dht::concepts::connectivity C>
void compare(const dht::backend::Thrust& backend, const Batch& image) {
  const TreeSettings& s = image.settings;
  INFO("batch " << image.images << ", " << s.features << " x " << s.height << " x " << s.width << ", kernel "
                << static_cast<int>(s.kernel) << ", criterion " << static_cast<int>(s.penalty));

  dht::DeviceHierarchy<S> tree;
  tree.batch = image.images;
  tree.features = s.features;
  tree.height = s.height;
  tree.width = s.width;
  const auto rows = rows_of<S>(image.planes, image.images, s.features);
  backend.upload(rows.data(), static_cast<std::int64_t>(rows.size()), tree.pixel_features);
  const auto loop = loop_of<S>(s);
  dht::DeviceHierarchyWorkspace<S> work;
  const auto parts = parts_of<S>(s, loop);
  dht::build_hierarchy<C>(backend, parts, options_of(s), tree, work);
  const S pixel = parts.criterion.template pixel_information<S>(tree.image_pixels());
  std::vector<dht::Hierarchy<S>> wanted;
  std::vector<dht::Tokens<S>> of_images(static_cast<std::size_t>(image.images));
  for (int b = 0; b < image.images; ++b) {
    wanted.push_back(build_tree<S, C>(s, image.planes_of(b)));
    check_same(tree.download(backend, b), wanted.back());
    dht::Tokens<S>& of_image = of_images[static_cast<std::size_t>(b)];
    dht::BestAncestorWorkspace cutting;
    dht::best_ancestor(dht::backend::Cpu(1), dht::PixelGrid<C>{wanted.back().height, wanted.back().width},
                       wanted.back(), wanted.back().information, pixel, of_image.partition, cutting);
    dht::detail::describe(dht::PixelGrid<C>{wanted.back().height, wanted.back().width}, wanted.back(),
                          of_image);
  }
  dht::Tokens<S> tokens;
  dht::detail::join_tokens(
      image.images, [&](int b) -> const dht::Tokens<S>& { return of_images[static_cast<std::size_t>(b)]; },
      tokens);
  dht::DeviceTokens<S> found;
  dht::DeviceBestAncestorWorkspace<S> device_cutting;
  dht::best_ancestor<C>(backend, tree, pixel, found.partition, device_cutting);
  dht::detail::describe(backend, tree, found, device_cutting.graph);
  check_same(found.download(backend), tokens);

  // And the way back, from any gradient of the tokens' features.
  std::vector<S> upstream;
  Random random(static_cast<std::uint64_t>(s.height * 100 + s.width));
  for (std::size_t i = 0; i < tokens.feature.size(); ++i)
    upstream.push_back(static_cast<S>(random.uniform(-1, 1)));
  dht::Buffer<S> grad_features;
  dht::SelfLoop<S> wanted_loop = loop, found_loop = loop;
  for (int b = 0; b < image.images; ++b) {
    const auto i = static_cast<std::size_t>(b);
    dht::HierarchyGradients<S> of_image;
    dht::SelfLoop<S> loop_of_image;
    loop_of_image.weight.assign(loop.weight.size(), S(0));
    dht::HierarchyBackwardWorkspace<S> back;
    of_image.clear(wanted[i]);
    dht::backward_tokens(
        wanted[i], of_images[i],
        {upstream.data() + std::int64_t{tokens.begin[i]} * s.features, of_images[i].count(), s.features},
        of_image);
    dht::backward_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<C>{wanted[i].height, wanted[i].width}, parts,
                            options_of(s), wanted[i], of_image,
                            image.images == 1 ? wanted_loop : loop_of_image, back);
    grad_features.insert(grad_features.end(), of_image.pixel_features.begin(), of_image.pixel_features.end());
    if (image.images > 1) dht::add_gradient(loop_of_image, wanted_loop);
  }
  dht::DeviceHierarchyGradients<S> gradients;
  dht::DeviceBuffer<S> device_upstream;
  backend.upload(upstream.data(), static_cast<std::int64_t>(upstream.size()), device_upstream);
  gradients.clear(backend, tree);
  dht::backward_tokens(
      backend, tree, found,
      dht::on_device(dht::MatrixView<const S>{device_upstream.data(), tokens.count(), s.features}),
      gradients);
  dht::backward_hierarchy<C>(backend, parts, options_of(s), tree, gradients, found_loop);
  CHECK(same(fetched(backend, gradients.pixel_features), grad_features));
  CHECK(same(found_loop.weight, wanted_loop.weight));
  CHECK(found_loop.bias == wanted_loop.bias);
}

}  // namespace

TEST_CASE("thrust: components of long chains, that all threads shorten at once", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  const dht::backend::Thrust backend = test_backend();
  Random random(11);
  constexpr std::int32_t n = 20000, chains = 8;
  dht::DeviceBuffer<std::int32_t> device_chosen, device_component;
  dht::detail::DeviceGraphWorkspace work;
  for (int i = 0; i < 100; ++i) {
    // Members in any order, each of which chooses the one before it; one in n / chains chooses itself.
    std::vector<std::int32_t> order(n), chosen(n), scratch(n), wanted(n);
    for (std::int32_t k = 0; k < n; ++k) order[static_cast<std::size_t>(k)] = k;
    for (std::size_t k = n; k-- > 1;) std::swap(order[k], order[random.below(static_cast<int>(k) + 1)]);
    for (std::size_t k = 0; k < n; ++k)
      chosen[static_cast<std::size_t>(order[k])] = order[k % (n / chains) == 0 ? k : k - 1];
    const std::int32_t count =
        dht::detail::chosen_components(chosen.data(), n, wanted.data(), scratch.data());
    REQUIRE(count == chains);
    const std::int32_t* const from = backend.upload(chosen.data(), n, device_chosen);
    std::int32_t* const to = backend.resize(device_component, n);
    CHECK(dht::detail::device_chosen_components(backend, from, n, to, work) == count);
    CHECK(same(fetched(backend, device_component), wanted));
  }
}

TEST_CASE("thrust: many sorts, whose threads ask for memory at once", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  const dht::backend::Thrust backend = test_backend();
  Random random(12);
  dht::DeviceBuffer<std::int32_t> device_keys, device_values;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::int32_t> keys, values, wanted;
    for (std::int32_t k = 0; k < 5000; ++k) {
      keys.push_back(static_cast<std::int32_t>(random.below(1000)));
      values.push_back(k);
    }
    wanted = values;
    std::stable_sort(wanted.begin(), wanted.end(), [&](std::int32_t a, std::int32_t b) {
      return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
    });
    backend.upload(keys.data(), 5000, device_keys);
    backend.upload(values.data(), 5000, device_values);
    backend.sort_pairs(device_keys.data(), device_values.data(), 5000);
    REQUIRE(same(fetched(backend, device_values), wanted));
  }
}

TEST_CASE("thrust: hierarchy, tokens and gradients of 500 random images", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  const dht::backend::Thrust backend = test_backend();
  Random random(5);
  for (int i = 0; i < 500; ++i) {
    INFO("image " << i);
    const Batch image = random_batch(random);
    switch (i % 4) {
      case 0:
        compare<double, dht::FourConnected>(backend, image);
        break;
      case 1:
        compare<float, dht::EightConnected>(backend, image);
        break;
      default:
        compare<float, dht::FourConnected>(backend, image);
    }
  }
}
