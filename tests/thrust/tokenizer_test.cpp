// SPDX-License-Identifier: MIT
// The whole tokenizer on the Thrust backend against the CPU backend: labels, features, injected images; memory; errors.
#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include <dht/regions/projection.hpp>
#include <dht/thrust.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"
#include "thrust/same.hpp"

namespace {

using namespace dht::test;

template <class P>
struct DeviceImage {
  dht::DeviceBuffer<P> memory;
  dht::OnDevice<dht::ImageView<const P>> view;
};

/// A copy of a batch that is contiguous in whatever layout.
template <class P>
DeviceImage<P> upload(const dht::backend::Thrust& backend, dht::ImageView<const P> image) {
  DeviceImage<P> out;
  backend.upload(image.data, image.total_pixels() * image.channels, out.memory);
  image.data = out.memory.data();
  out.view = dht::on_device(image);
  return out;
}

template <class Policies>
dht::Tokenizer<OnThrust<Policies>> thrust_tokenizer(typename dht::Tokenizer<Policies>::Encoder encoder = {}) {
  typename dht::Tokenizer<OnThrust<Policies>>::Parts parts{std::move(encoder)};
  parts.backend = test_backend();
  return dht::Tokenizer<OnThrust<Policies>>(std::move(parts));
}

template <class P>
P value(Random& random) {
  if constexpr (std::is_integral_v<P>)
    return static_cast<P>(random.below(std::numeric_limits<P>::max()));
  else
    return static_cast<P>(random.uniform());
}

/// Cells of one colour with a little noise, channels side by side, or in planes.
template <class P>
std::vector<P> picture(Random& random, int height, int width, int channels) {
  std::vector<P> out;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        Random cell(static_cast<std::uint64_t>(y / 6 * 1000 + x / 5 * 10 + c));
        const P noise = value<P>(random);
        out.push_back(static_cast<P>(value<P>(cell) / 8 * 7 + noise / 16));
      }
  return out;
}

template <class Policies, class P>
void same_tokens(Random& random, int height, int width, bool planes,
                 const typename dht::Tokenizer<Policies>::Encoder& encoder = {}) {
  using S = typename Policies::Scalar;
  INFO(height << " x " << width);
  const int channels = encoder.channels();
  const auto pixels = picture<P>(random, height, width, channels);
  const auto image = planes ? dht::planar_view(pixels.data(), 1, channels, height, width)
                            : dht::interleaved_view(pixels.data(), height, width, channels);
  dht::Tokenizer<Policies> on_cpu{typename dht::Tokenizer<Policies>::Parts{encoder}};
  const auto& wanted = on_cpu(image);
  auto on_thrust = thrust_tokenizer<Policies>(encoder);
  const auto& backend = on_thrust.backend();
  const auto there = upload(backend, dht::ImageView<const P>(image));
  const auto& tokens = on_thrust(there.view);
  for (int b = 0; b < image.batch; ++b)
    check_same(on_thrust.hierarchy().download(backend, b), on_cpu.hierarchy(b));
  check_same(tokens.download(backend), wanted);

  // W and mean injection. With the same token features the injected image is the same to the last bit.
  dht::Linear<S> map{encoder.features(), channels, {}, {}};
  for (int i = 0; i < map.inputs * map.outputs; ++i)
    map.weight.push_back(static_cast<S>(random.uniform(-1, 1)));
  for (int i = 0; i < map.outputs; ++i) map.bias.push_back(static_cast<S>(random.uniform(-1, 1)));
  const auto g = dht::project(wanted, map);
  dht::DeviceProjectionWorkspace<S> w;
  dht::DeviceBuffer<S> device_g, injected;
  dht::project(backend, tokens, map, device_g, w);
  std::vector<S> found(g.size());
  backend.download(device_g.data(), device_g.size(), found.data());
  for (std::size_t i = 0; i < g.size(); ++i)
    CHECK(std::abs(found[i] - g[i]) <=
          64 * std::numeric_limits<S>::epsilon());  // sums of up to 9 terms of order 1
  backend.upload(g.data(), static_cast<std::int64_t>(g.size()), device_g);
  dht::inject_means(backend, there.view, tokens,
                    dht::on_device(dht::MatrixView<const S>{device_g.data(), tokens.count(), channels}),
                    injected, w);
  const auto wanted_image = dht::inject_means(image, wanted, g);
  std::vector<S> injected_image(wanted_image.size());
  backend.download(injected.data(), injected.size(), injected_image.data());
  CHECK(same(injected_image, wanted_image));
}

struct Doubles : dht::DefaultPolicies {
  using Scalar = double;
};

}  // namespace

TEST_CASE("thrust: tokens, W and mean injection are those of the CPU", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  Random random(3);
  const dht::ConvolutionalEncoder<float> learned;
  for (const int height : {1, 2, 4, 7, 16, 33})
    same_tokens<dht::DefaultPolicies, std::uint8_t>(random, height, 5 + 2 * height, false, learned);
  same_tokens<dht::DefaultPolicies, float>(random, 40, 52, true, learned);
  same_tokens<dht::DefaultPolicies, std::uint16_t>(random, 9, 20, true, learned);
  same_tokens<Doubles, double>(random, 30, 41, true);
  same_tokens<dht::ColourPolicies, std::uint8_t>(random, 33, 47, false);
  same_tokens<dht::ColourPolicies, float>(random, 20, 31, true);
  same_tokens<dht::ColourPolicies, float>(random, 20, 31, true, dht::ColourEncoder<float>(5));
  same_tokens<dht::ColourPolicies, std::uint16_t>(
      random, 20, 31, false, dht::ColourEncoder<float>(3, 40, dht::ColourSpace::as_given));
}

TEST_CASE("thrust: batches that were seen before allocate nothing", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  Random random(8);
  const auto first = picture<std::uint8_t>(random, 96, 64, 3),
             second = picture<std::uint8_t>(random, 96, 64, 3);
  auto tokenizer = thrust_tokenizer<dht::DefaultPolicies>();
  const auto& backend = tokenizer.backend();
  const auto view = [](const auto& pixels) {
    return dht::ImageView<const std::uint8_t>(dht::planar_view(pixels.data(), 2, 3, 48, 64));
  };
  const auto a = upload(backend, view(first)), b = upload(backend, view(second));
  // Sizes depend on what images show: both are seen before.
  for (int round = 0; round < 2; ++round) {
    tokenizer(a.view);
    tokenizer(b.view);
  }
  const std::int64_t before = backend.cache()->allocations();
  CHECK(before > 0);
  tokenizer(a.view);
  tokenizer(b.view);
  CHECK(backend.cache()->allocations() == before);
}

TEST_CASE("thrust: tokenizers with one backend may work at once", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  using Policies = OnThrust<dht::ColourPolicies>;
  Random random(4);
  const auto pixels = picture<float>(random, 30, 40, 3);
  const dht::backend::Thrust backend;
  const auto there =
      upload(backend, dht::ImageView<const float>(dht::interleaved_view(pixels.data(), 30, 40, 3)));
  dht::Tokenizer<Policies>::Parts parts{};
  parts.backend = backend;
  const auto wanted = dht::Tokenizer<Policies>(parts)(there.view).download(backend);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int size = 0; size < 20000; ++size) {
        dht::DeviceBuffer<char> buffer;
        backend.resize(buffer, 1 + size % 7000);
      }
      for (int round = 0; round < 5; ++round) {
        const auto found = dht::Tokenizer<Policies>(parts)(there.view).download(backend);
        right += same(found.partition.labels, wanted.partition.labels) && same(found.feature, wanted.feature);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 15);
}

TEST_CASE("thrust: a tokenizer that was moved from knows no image and says so", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  auto from = thrust_tokenizer<dht::ColourPolicies>();
  const std::vector<float> pixels(3 * 4 * 5, 0.5f);
  const auto there =
      upload(from.backend(), dht::ImageView<const float>(dht::planar_view(pixels.data(), 1, 3, 4, 5)));
  from.build(there.view);
  auto to = std::move(from);
  CHECK(error_of([&] { from(there.view); }) ==
        "tokenizer: was moved from; must be given another one before it is used");
  CHECK(error_of([&] { from.select(); }) == "hierarchy: is empty; build it first");
  CHECK(from.hierarchy().levels() == 0);
  CHECK(to.select().count() == 1);
  from = std::move(to);
  CHECK(from(there.view).count() == 1);
}

TEST_CASE("thrust: bad images are named as on the host", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  auto tokenizer = thrust_tokenizer<dht::ColourPolicies>();
  const auto& backend = tokenizer.backend();
  std::vector<float> pixels(2 * 3 * 4 * 5, 0.5f);
  pixels[60 + 20 + 5 + 3] = std::numeric_limits<float>::quiet_NaN();
  pixels[60 + 40 + 5 + 3] = std::numeric_limits<float>::infinity();
  const auto bad = upload(backend, dht::ImageView<const float>(dht::planar_view(pixels.data(), 2, 3, 4, 5)));
  CHECK(error_of([&] { tokenizer(bad.view); }) ==
        "image: is not finite at image 1, channel 1, row 1, column 3; must be numbers");
  CHECK(error_of([&] { tokenizer.select(); }) == "hierarchy: is empty; build it first");
  // Plain colour takes any number of channels; numbers that nobody divided by 255 are named.
  std::fill(pixels.begin(), pixels.end(), 0.5f);
  const auto grey = upload(backend, dht::ImageView<const float>(dht::planar_view(pixels.data(), 1, 1, 4, 5)));
  CHECK(tokenizer(grey.view).count() == 1);
  CHECK(tokenizer.hierarchy().features == 1);
  pixels[2 * 20 + 7] = 200;
  const auto bytes =
      upload(backend, dht::ImageView<const float>(dht::planar_view(pixels.data(), 1, 3, 4, 5)));
  CHECK(error_of([&] { tokenizer(bytes.view); }) ==
        "image: is 200 at image 0, channel 2, row 1, column 2; the encoder is made for about 0 to 1 (divide "
        "8-bit "
        "values by 255, or set check_range to false)");
  tokenizer.parts().check_range = false;
  CHECK(tokenizer(bytes.view).count() > 1);
}
