// SPDX-License-Identifier: MIT
// Extraction and embedding against the figures that define the method, forward and backward: every file extraction*.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/vit/embedding.hpp>
#include <dht/vit/extraction.hpp>
#include <dht/vit/padding.hpp>

#include "figures.hpp"
#include "kit/catch.hpp"

namespace {

using namespace dht::test;

/// The tokens that a file's labels and boxes say.
dht::Tokens<double> tokens_of(const dht::SafeTensors& file) {
  const auto shape = file.shape("labels");
  const auto labels = file.read<std::int32_t>("labels"), box = file.read<std::int32_t>("box");
  const auto n = box.size() / 4;
  dht::Tokens<double> tokens;
  tokens.batch = int(shape[0]);
  tokens.height = int(shape[1]);
  tokens.width = int(shape[2]);
  tokens.partition.regions = std::int32_t(n);
  tokens.partition.labels.assign(labels.begin(), labels.end());
  tokens.size.assign(n, 0);
  for (const auto label : labels) ++tokens.size[std::size_t(label)];
  for (std::size_t i = 0; i < n; ++i)
    tokens.box.push_back({box[i], box[n + i], box[2 * n + i], box[3 * n + i]});
  for (int b = 0; b < tokens.batch; ++b)
    tokens.begin.push_back(labels[std::size_t(b * tokens.height * tokens.width)]);
  tokens.begin.push_back(tokens.partition.regions);
  return tokens;
}

/// (batch, channels, pixels) from (pixels of the batch, channels).
std::vector<double> planes_of(const std::vector<double>& rows, int batch, int channels) {
  std::vector<double> out(rows.size());
  const std::size_t pixels = rows.size() / std::size_t(batch * channels), c = std::size_t(channels);
  for (std::size_t b = 0; b < std::size_t(batch); ++b)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t k = 0; k < c; ++k) out[(b * c + k) * pixels + p] = rows[(b * pixels + p) * c + k];
  return out;
}

void compare(const dht::SafeTensors& file, const dht::ParameterList<double>& gradients) {
  for (const auto& p : gradients) {
    INFO(p.name);
    CHECK(worst(p.values, file.read<double>("grad." + p.name), 1e-3) < 1e-8);
  }
}

}  // namespace

TEST_CASE("figures: extraction and embedding", "[golden]") {
  const auto files = figures("extraction");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    INFO(path);
    const auto file = dht::SafeTensors::load(path);
    const auto tokens = tokens_of(file);
    const auto injected = planes_of(file.read<double>("injected"), tokens.batch, 3);
    const auto image = dht::planar_view(injected.data(), tokens.batch, 3, tokens.height, tokens.width);
    const bool has_gradients = file.contains("image_gradient");
    const auto image_gradients = has_gradients ? file.read<double>("image_gradient") : std::vector<double>();
    const int patch = std::stoi(note(file, "patch")), width = std::stoi(note(file, "embed"));
    const dht::backend::Cpu backend(2);

    auto extraction =
        dht::Extraction<double>::initial({3, patch, std::stoi(note(file, "position_patch")), has_gradients});
    auto embedding = dht::Embedding<double>::initial(extraction.config.columns(), width, 1, true, 1);
    auto parameters = dht::parameters(extraction);
    for (auto& p : dht::parameters(embedding)) parameters.push_back(p);
    for (const auto& p : parameters) {
      const auto values = file.read<double>("param." + p.name, p.shape);
      std::copy(values.begin(), values.end(), p.values.begin());
    }

    dht::Extraction<double>::Saved saved;
    std::vector<double> vectors(std::size_t(tokens.count() * extraction.config.columns()));
    const dht::MatrixView<double> out{vectors.data(), tokens.count(), extraction.config.columns()};
    extraction.forward(backend, image, tokens, has_gradients ? image_gradients.data() : nullptr, out, saved);
    CHECK(worst(saved.mask, file.read<double>("masks"), 1e-3) < 1e-9);
    CHECK(worst(vectors, file.read<double>("extracted"), 1e-3) < 1e-9);

    const dht::Sequences of = embedding.sequences(tokens);
    dht::Embedding<double>::Saved saved_embedding;
    std::vector<double> rows(std::size_t(of.rows() * width));
    embedding.forward(backend, out, of, {rows.data(), of.rows(), width}, saved_embedding);
    const auto padded = dht::pad<double>(embedding, of, {rows.data(), of.rows(), width});
    CHECK(worst(padded.rows, file.read<double>("tokens"), 1e-3) < 1e-9);
    const auto mask = file.read<std::int32_t>("attention_mask");
    CHECK(std::vector<std::int32_t>(padded.mask.begin(), padded.mask.end()) == mask);

    auto grad_extraction = extraction.zeros();
    auto grad_embedding = embedding.zeros();
    const auto upstream = file.read<double>("upstream");
    auto grad_rows = dht::backward_pad(embedding, of, upstream.data(), grad_embedding);
    std::vector<double> grad_vectors(vectors.size()), grad_image(injected.size());
    const dht::MatrixView<double> grad{grad_vectors.data(), out.rows, out.columns};
    embedding.backward(backend, out, of, saved_embedding, {grad_rows.data(), of.rows(), width},
                       grad_embedding, grad);
    extraction.backward(backend, image, tokens, saved, grad, grad_extraction, grad_image.data());
    compare(file, dht::parameters(grad_extraction));
    compare(file, dht::parameters(grad_embedding));
    CHECK(worst(grad_image, planes_of(file.read<double>("grad.injected"), tokens.batch, 3), 1e-3) < 1e-8);
  }
}
