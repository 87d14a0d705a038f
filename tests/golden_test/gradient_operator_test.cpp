// SPDX-License-Identifier: MIT
// The gradient operator against its figures, forward and backward.
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/core/view.hpp>
#include <dht/vit/gradient_operator.hpp>

#include "figures.hpp"
#include "kit/catch.hpp"

TEST_CASE("figures: gradient operator", "[golden]") {
  const auto files = dht::test::figures("gradient_operator");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto shape = file.shape("image");
    const auto values = file.read<double>("image"), upstream = file.read<double>("upstream");
    const auto image =
        dht::planar_view(values.data(), int(shape[0]), int(shape[1]), int(shape[2]), int(shape[3]));
    const dht::GradientOperator<double> of{file.read<double>("lmbda")};
    std::vector<double> out(upstream.size()), grad_image(values.size());
    of.forward(dht::backend::Cpu(2), image, out.data());
    CHECK(dht::test::worst(out, file.read<double>("output"), 1e-6) < 1e-9);
    dht::GradientOperator<double> gradients{{0, 0}};
    of.backward(dht::backend::Cpu(2), image, upstream.data(), gradients, grad_image.data());
    CHECK(dht::test::worst(grad_image, file.read<double>("grad.image"), 1e-3) < 1e-8);
    CHECK(dht::test::worst(gradients.lambda, file.read<double>("grad.lmbda"), 1e-3) < 1e-8);
  }
}
