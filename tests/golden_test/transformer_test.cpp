// SPDX-License-Identifier: MIT
// A transformer's block against the figures that define the method, forward and backward: every file transformer_block*.
// There queries in padding are computed; here padding is rows that the mask hides.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/vit/block.hpp>
#include <dht/vit/config.hpp>
#include <dht/vit/encoder.hpp>

#include "figures.hpp"
#include "kit/catch.hpp"

TEST_CASE("figures: transformer block", "[golden]") {
  using dht::test::worst;
  const auto files = dht::test::figures("transformer_block");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto shape = file.shape("input");
    const int batch = int(shape[0]), rows = int(shape[1]), width = int(shape[2]);
    dht::VitConfig config{.width = width, .depth = 1, .heads = std::stoi(dht::test::note(file, "heads"))};
    config.mlp = int(file.shape("param.mlp.fc1.bias")[0]);
    config.epsilon = std::stod(dht::test::note(file, "layer_norm_eps"));
    config.layer_scale = true;
    auto encoder = dht::VitEncoder<double>::initial(config, 1);
    auto& block = encoder.blocks[0];
    for (const auto& p : dht::parameters(block)) {
      const auto values = file.read<double>("param." + p.name, p.shape);
      std::copy(values.begin(), values.end(), p.values.begin());
    }

    dht::Sequences of;
    for (int b = 1; b <= batch; ++b) of.begin.push_back(b * rows);
    const auto mask = file.read<std::int32_t>("mask");
    of.mask.assign(mask.begin(), mask.end());
    auto x = file.read<double>("input"), grad = file.read<double>("upstream");
    const dht::backend::Cpu backend(2);
    dht::TransformerBlock<double>::Saved saved;
    dht::TransformerBlock<double>::Workspace workspace;
    block.forward(backend, {x.data(), batch * rows, width}, of, saved, workspace, true);
    CHECK(worst(x, file.read<double>("output"), 1e-3) < 1e-9);
    auto gradients = block.zeros();
    block.backward(backend, of, saved, gradients, {grad.data(), batch * rows, width}, workspace);
    CHECK(worst(grad, file.read<double>("grad.input"), 1e-3) < 1e-8);
    for (const auto& p : dht::parameters(gradients)) {
      INFO(p.name);
      CHECK(worst(p.values, file.read<double>("grad." + p.name), 1e-3) < 1e-8);
    }
  }
}
