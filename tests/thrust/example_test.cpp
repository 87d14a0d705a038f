// SPDX-License-Identifier: MIT
// The snippets of docs/backend.md that are about the Thrust backend.
#include <cstdint>
#include <vector>

#include <dht/thrust.hpp>

#include "kit/catch.hpp"
#include "thrust/same.hpp"

namespace {

// example-begin thrust_tokenizer
struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
};
// example-end thrust_tokenizer

}  // namespace

TEST_CASE("thrust: the example of the page", "[thrust]") {
  DHT_TEST_NEEDS_DEVICE();
  constexpr int height = 24, width = 32;
  std::vector<float> pixels(3 * height * width, 0.25f);
  for (int i = 0; i < width * height / 2; ++i) pixels[static_cast<std::size_t>(i)] = 0.75f;
  // example-begin thrust_tokenizer_used
  dht::Tokenizer<Policies> tokenizer;
  const dht::backend::Thrust& backend = tokenizer.backend();
  dht::DeviceBuffer<float> memory;  // or memory that is on the device already, such as a tensor's
  backend.upload(pixels.data(), static_cast<std::int64_t>(pixels.size()), memory);
  const auto image = dht::on_device(dht::planar_view<const float>(memory.data(), 1, 3, height, width));
  const dht::DeviceTokens<float>& tokens = tokenizer(image);

  const dht::Tokens<float> on_host = tokens.download(backend);  // for pictures, measures, SVG
  // example-end thrust_tokenizer_used
  CHECK(on_host.count() == tokens.count());
  CHECK(on_host.labels()(0, 0) == 0);
}
