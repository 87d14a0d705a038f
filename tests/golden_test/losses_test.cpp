// SPDX-License-Identifier: MIT
// Soft targets and losses against the figures that define the method, forward and backward: every file losses*.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/train/losses.hpp>
#include <dht/train/targets.hpp>

#include "figures.hpp"
#include "kit/catch.hpp"

TEST_CASE("figures: losses", "[golden]") {
  using dht::test::note;
  using dht::test::worst;
  const auto files = dht::test::figures("losses");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto shape = file.shape("labels");
    const int batch = int(shape[0]), height = int(shape[1]), width = int(shape[2]);
    const int classes = std::stoi(note(file, "classes")), ignored = std::stoi(note(file, "ignore_index"));
    const auto labels = file.read<std::int32_t>("labels"), maps = file.read<std::int32_t>("target");
    const dht::ClassMaps target = dht::planar_view(maps.data(), batch, 1, height, width);

    dht::Tokens<double> tokens;
    tokens.batch = batch;
    tokens.height = height;
    tokens.width = width;
    tokens.partition.labels.assign(labels.begin(), labels.end());
    for (const auto label : labels) {
      tokens.size.resize(std::max(tokens.size.size(), std::size_t(label) + 1), 0);
      ++tokens.size[std::size_t(label)];
    }
    tokens.partition.regions = std::int32_t(tokens.size.size());
    for (int b = 0; b < batch; ++b) tokens.begin.push_back(labels[std::size_t(b * height * width)]);
    tokens.begin.push_back(tokens.count());

    const auto soft = dht::soft_targets(tokens, target, classes);
    CHECK(worst(soft, file.read<double>("masked_targets"), 1e-3) < 1e-9);

    const auto logits = file.read<double>("prediction");
    const dht::MatrixView<const double> z{logits.data(), tokens.count(), classes},
        y{soft.data(), tokens.count(), classes};
    std::vector<double> grad(logits.size());
    const dht::MatrixView<double> to{grad.data(), tokens.count(), classes};
    const auto entropy = dht::cross_entropy(z, y, ignored, to);
    CHECK(entropy == Catch::Approx(file.read<double>("cross_entropy")[0]).epsilon(1e-9));
    CHECK(worst(grad, file.read<double>("grad.cross_entropy"), 1e-5) < 1e-8);
    // The figure's constant was integrated numerically.
    const auto focal = dht::focal_loss(z, y, std::stod(note(file, "gamma")), ignored, to);
    CHECK(focal == Catch::Approx(file.read<double>("focal")[0]).epsilon(1e-6));
    CHECK(worst(grad, file.read<double>("grad.focal"), 1e-5) < 1e-6);

    const auto of_images = dht::image_targets<double>(target, classes);
    const auto image_logits = file.read<double>("image_prediction");
    std::vector<double> grad_image(image_logits.size());
    const auto binary = dht::binary_cross_entropy<double>({image_logits.data(), batch, classes},
                                                          {of_images.data(), batch, classes}, ignored,
                                                          {grad_image.data(), batch, classes});
    CHECK(binary == Catch::Approx(file.read<double>("image_multiclass")[0]).epsilon(1e-9));
    CHECK(worst(grad_image, file.read<double>("grad.image_multiclass"), 1e-5) < 1e-8);
  }
}
