// SPDX-License-Identifier: MIT
// The encoder's way back with batch statistics against the figures that define the method: every file encoder_train*.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/encoder/trainable.hpp>

#include "figures.hpp"
#include "kit/catch.hpp"

namespace {

using namespace dht::test;

constexpr double tolerance = 1e-8;

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

/// Numbers of parameters, element by element, against those of the file that have the prefix before their names.
void compare(const dht::SafeTensors& file, const std::string& prefix, const dht::ParameterList<double>& found,
             double floor) {
  REQUIRE_FALSE(found.empty());
  for (const auto& parameter : found) {
    INFO(prefix << parameter.name);
    CHECK(worst(parameter.values, file.read<double>(prefix + parameter.name, parameter.shape), floor) <
          tolerance);
  }
}

}  // namespace

TEST_CASE("figures: the encoder's way back", "[golden]") {
  const auto files = figures("encoder_train");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    dht::TrainableEncoder<double> encoder(dht::read_encoder<double>(file, "param."));
    const auto shape = file.shape("image");
    const int batch = int(shape[0]), height = int(shape[2]), width = int(shape[3]), d = encoder.features();
    const auto pixels = file.read<double>("image");
    const auto image = dht::planar_view(pixels.data(), batch, int(shape[1]), height, width);
    const auto rows = [&](const char* name) {
      return channels_last(file.read<double>(name), batch, d, image.pixels());
    };
    const dht::backend::Cpu backend(2);
    dht::TrainableEncoder<double>::Saved saved;
    std::vector<double> out(static_cast<std::size_t>(image.total_pixels() * d)), grad_image(pixels.size());
    REQUIRE(encoder.forward(backend, image, out.data(), saved));
    CHECK(worst(out, rows("output"), 1e-6) < tolerance);

    auto gradients = encoder.gradients();
    const auto upstream = rows("upstream");
    encoder.backward(backend, image, upstream.data(), saved, gradients, grad_image.data());
    const auto wanted = file.read<double>("grad.image");
    // Biases ahead of batch statistics have no gradient; the figures hold rounding there. The floor is a share of the
    // largest gradient of all, so that this rounding counts for little.
    const auto list = dht::parameters(gradients, "");
    double most = 0;
    for (const auto& parameter : list)
      most = std::max(most, largest(file.read<double>("grad." + parameter.name)));
    compare(file, "grad.", list, 1e-5 * most);
    CHECK(worst(grad_image, wanted, 1e-5 * largest(wanted)) < tolerance);

    encoder.update_running_statistics(saved);
    compare(file, "after.", dht::running_statistics(encoder.parameters(), ""), 1e-6);
  }
}
