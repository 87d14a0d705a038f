// SPDX-License-Identifier: MIT
// The way back of the whole tokenizer on the Thrust backend against the CPU backend, bit for bit: gradients of the image
// and of all parameters, with batch statistics, running ones, and plain colour.
#include <cstdint>
#include <vector>

#include <dht/encoder/parameters.hpp>
#include <dht/thrust.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"
#include "thrust/same.hpp"

namespace {

using namespace dht::test;

template <class Parts>
void set_loop(Parts& parts, int features) {
  using S = typename Parts::Scalar;
  parts.self_loop.weight.assign(static_cast<std::size_t>(features), S(-0.5));
  parts.self_loop.bias = S(0.2);
}

void check_encoder(dht::ConvolutionalParameters<float> found, dht::ConvolutionalParameters<float> wanted) {
  const auto a = dht::parameters(found), b = dht::parameters(wanted);
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].name);
    CHECK(same(a[i].values, b[i].values));
  }
}
template <class Gradients>
void check_encoder(const Gradients&, const Gradients&) {}

template <class Policies, class P = float>
void same_gradients(int batch, int height, int width,
                    const typename dht::Tokenizer<Policies>::Encoder& encoder = {}) {
  INFO(batch << " x " << height << " x " << width);
  Random random(static_cast<std::uint64_t>(height));
  const int channels = encoder.channels();
  std::vector<P> pixels;
  for (int i = 0; i < batch * channels * height * width; ++i) {
    Random cell(static_cast<std::uint64_t>(i / width / 5 * 50 + i % width / 6));
    pixels.push_back(static_cast<P>(0.8 * cell.uniform() + 0.1 * random.uniform()));
  }
  const dht::ImageView<const P> image = dht::planar_view(pixels.data(), batch, channels, height, width);
  typename dht::Tokenizer<Policies>::Parts parts{encoder};
  typename dht::Tokenizer<OnThrust<Policies>>::Parts device_parts{encoder};
  device_parts.backend = test_backend();
  set_loop(parts, encoder.features());
  set_loop(device_parts, encoder.features());
  dht::Tokenizer<Policies> on_cpu(parts);
  dht::Tokenizer<OnThrust<Policies>> on_thrust(device_parts);
  const auto& backend = on_thrust.backend();

  on_cpu.forward(image);
  const auto& wanted = on_cpu.select();
  auto there = image;
  dht::DeviceBuffer<P> memory;
  there.data = backend.upload(pixels.data(), static_cast<std::int64_t>(pixels.size()), memory);
  for (int round = 0; round < 2; ++round) {  // the second works in used memory
    on_thrust.forward(dht::on_device(there));
    const auto& tokens = on_thrust.select();
    for (int b = 0; b < batch; ++b)
      check_same(on_thrust.hierarchy().download(backend, b), on_cpu.hierarchy(b));
    check_same(tokens.download(backend), wanted);

    std::vector<float> upstream(wanted.feature.size()), grad_image(pixels.size());
    for (float& g : upstream) g = static_cast<float>(random.uniform(-1, 1));
    auto gradients = on_cpu.gradients();
    on_cpu.backward(image, {upstream.data(), wanted.count(), encoder.features()}, gradients,
                    grad_image.data());
    dht::DeviceBuffer<float> device_upstream, device_image;
    backend.upload(upstream.data(), static_cast<std::int64_t>(upstream.size()), device_upstream);
    backend.resize(device_image, static_cast<std::int64_t>(pixels.size()));
    auto found = on_thrust.gradients();
    on_thrust.backward(dht::on_device(there),
                       dht::on_device(dht::MatrixView<const float>{device_upstream.data(), tokens.count(),
                                                                   encoder.features()}),
                       found,
                       dht::on_device(dht::planar_view(device_image.data(), batch, channels, height, width)));
    CHECK(same(fetched(backend, device_image), grad_image));
    CHECK(same(found.self_loop.weight, gradients.self_loop.weight));
    CHECK(found.self_loop.bias == gradients.self_loop.bias);
    check_encoder(found.encoder, gradients.encoder);
  }
}

}  // namespace

TEST_CASE("thrust: gradients of the whole tokenizer are those of the CPU", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  dht::TrainableEncoder<float> running;
  running.set_statistics(dht::Statistics::running);
  same_gradients<dht::TrainingPolicies>(2, 40, 37);
  same_gradients<dht::TrainingPolicies>(1, 101, 66);
  same_gradients<dht::TrainingPolicies>(3, 8, 5, running);
  same_gradients<dht::TrainingPolicies>(1, 3, 9, running);
  same_gradients<dht::ColourPolicies>(2, 20, 31);
  same_gradients<dht::ColourPolicies>(1, 12, 9, dht::ColourEncoder<float>(4));
}

TEST_CASE("thrust: backward wants a forward", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  dht::Tokenizer<OnThrust<dht::ColourPolicies>> tokenizer;
  auto gradients = tokenizer.gradients();
  CHECK(error_of([&] { tokenizer.backward(dht::OnDevice<dht::ImageView<const float>>(), {}, gradients); }) ==
        "backward: needs a call of forward before it");
}
