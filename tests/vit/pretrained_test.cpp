// SPDX-License-Identifier: MIT
// Published weights: files in the naming of timm and of Hugging Face, and a patch transformer on tokens against one that is
// written down plainly.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/regions/projection.hpp>
#include <dht/vit/patch_vit.hpp>
#include <dht/vit/pretrained.hpp>
#include <dht/vit/squares.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/naive_patch_vit.hpp"
#include "kit/numbers.hpp"

namespace {

using namespace dht::test;
using Strings = std::vector<std::string>;

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};
using Tensors = std::map<std::string, Tensor>;

/// Random weights under timm's names, for heads of 8 channels.
Tensors timm_tensors(int width, int depth, int patch, int grid, int classes, bool layer_scale,
                     std::uint64_t seed) {
  Random random(seed);
  Tensors t;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t n = 1;
    for (const auto s : shape) n *= s;
    t[name] = {shape, numbers(n, random, -0.4, 0.4)};
  };
  const auto linear = [&](const std::string& name, int outputs, int inputs) {
    add(name + ".weight", {outputs, inputs});
    add(name + ".bias", {outputs});
  };
  add("cls_token", {1, 1, width});
  add("pos_embed", {1, 1 + grid * grid, width});
  add("patch_embed.proj.weight", {width, 3, patch, patch});
  add("patch_embed.proj.bias", {width});
  for (int i = 0; i < depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    for (const char* norm : {"norm1", "norm2"}) {
      add(block + norm + ".weight", {width});
      add(block + norm + ".bias", {width});
    }
    linear(block + "attn.qkv", 3 * width, width);
    linear(block + "attn.proj", width, width);
    linear(block + "mlp.fc1", 2 * width, width);
    linear(block + "mlp.fc2", width, 2 * width);
    for (const char* scale : {"ls1.gamma", "ls2.gamma"})
      if (layer_scale) add(block + scale, {width});
  }
  add("norm.weight", {width});
  add("norm.bias", {width});
  if (classes > 0) linear("head", classes, width);
  return t;
}

/// The same numbers under the names of Hugging Face.
Tensors hugging_face_tensors(const Tensors& from, const std::string& prefix) {
  const std::vector<std::pair<std::string, std::string>> renamed{
      {"cls_token", prefix + "embeddings.cls_token"},
      {"pos_embed", prefix + "embeddings.position_embeddings"},
      {"patch_embed.proj", prefix + "embeddings.patch_embeddings.projection"},
      {"blocks.", prefix + "encoder.layer."},
      {".norm1.", ".layernorm_before."},
      {".norm2.", ".layernorm_after."},
      {".attn.proj.", ".attention.output.dense."},
      {".mlp.fc1.", ".intermediate.dense."},
      {".mlp.fc2.", ".output.dense."},
      {"head.", "classifier."}};
  Tensors t;
  for (const auto& one : from) {
    auto [name, tensor] = std::pair<std::string, Tensor>(one);
    for (const auto& [ours, theirs] : renamed)
      if (const auto at = name.find(ours); at != std::string::npos) name.replace(at, ours.size(), theirs);
    if (name.starts_with("norm.")) name = prefix + "layernorm." + name.substr(5);
    const auto qkv = name.find(".attn.qkv.");
    if (qkv == std::string::npos) {
      t[name] = tensor;
      continue;
    }
    const auto third = std::ptrdiff_t(tensor.values.size() / 3);
    tensor.shape[0] /= 3;
    std::ptrdiff_t part = 0;
    for (const char* which : {"query", "key", "value"}) {
      const auto begin = tensor.values.begin() + part++ * third;
      t[name.substr(0, qkv) + ".attention.attention." + which + name.substr(qkv + 9)] = {
          tensor.shape, {begin, begin + third}};
    }
  }
  return t;
}

dht::SafeTensors file_of(const Tensors& tensors) {
  dht::SafeTensorsWriter writer;
  for (const auto& [name, tensor] : tensors) writer.add(name, tensor.shape, tensor.values);
  return dht::SafeTensors::from_bytes(writer.bytes(), "vit.safetensors");
}

}  // namespace

TEST_CASE("pretrained: a patch transformer computes on square tokens what it always did", "[vit]") {
  const int width = 24, patch = 4, grid = 4, side = patch * grid, classes = 5, batch = 2;
  for (const bool layer_scale : {false, true}) {
    const ScratchFolder folder;
    {
      dht::SafeTensorsWriter writer;
      for (const auto& [name, tensor] : timm_tensors(width, 3, patch, grid, classes, layer_scale, 1))
        writer.add(name, tensor.shape, tensor.values);
      writer.save(folder / "vit.safetensors");
    }
    const auto file = dht::SafeTensors::load(folder / "vit.safetensors");
    const auto model = dht::read_patch_vit<double>(file, dht::patch_vit_config(file, 3));
    Random random(2);
    const auto pixels = numbers(batch * 3 * side * side, random, 0, 1);
    const auto view = dht::planar_view(pixels.data(), batch, 3, side, side);
    const auto squares = dht::square_tokens<double>(batch, side, side, patch);
    // Mean injection with the means themselves: nothing changes but the last bits.
    const auto injected = dht::inject_means(view, squares, dht::mean_over_tokens(view, squares));
    const auto image = dht::planar_view(injected.data(), batch, 3, side, side);
    for (const int bins : {4, 8, 16}) {
      const auto classifier = dht::on_tokens(model, bins);
      std::vector<double> logits(std::size_t(batch * classes));
      dht::Classifier<double>::Saved saved;
      classifier.forward(dht::backend::Cpu(2), image, squares, nullptr, matrix(logits, classes), saved);
      for (int b = 0; b < batch; ++b) {
        const auto one = pixels.begin() + b * 3 * side * side;
        const auto wanted =
            NaivePatchVit(file, 3, 1e-6).logits(std::vector<double>(one, one + 3 * side * side), side, side);
        for (int c = 0; c < classes; ++c)
          CHECK(std::abs(logits[std::size_t(b * classes + c)] - wanted[std::size_t(c)]) < 1e-10);
      }
    }
  }
}

TEST_CASE("pretrained: both namings give the same", "[vit]") {
  const auto tensors = timm_tensors(64, 2, 4, 3, 7, false, 3);
  const auto timm = file_of(tensors);
  const auto model = dht::read_patch_vit<double>(timm);
  const auto& c = model.config;
  CHECK(c.vit.width == 64);
  CHECK(c.vit.depth == 2);
  CHECK(c.vit.heads == 1);
  CHECK(c.vit.mlp == 128);
  CHECK_FALSE(c.vit.layer_scale);
  CHECK(c.vit.epsilon == 1e-6);
  CHECK((c.patch == 4 && c.rows == 3 && c.columns == 3 && c.channels == 3 && c.classes == 7));
  CHECK(model.encoder.blocks[1].attention.qkv.weight == tensors.at("blocks.1.attn.qkv.weight").values);
  CHECK(model.head.map.bias == tensors.at("head.bias").values);
  CHECK(model.encoder.blocks[0].norm1.epsilon == 1e-6);

  for (const std::string prefix : {"", "vit."}) {
    auto theirs = hugging_face_tensors(tensors, prefix);
    theirs[prefix + "pooler.dense.weight"] = {{2, 2}, {1, 2, 3, 4}};  // of no use here, and no mistake
    auto other = dht::read_patch_vit<double>(file_of(theirs));
    CHECK(other.config.vit.epsilon == 1e-12);
    auto same = model;
    const auto a = dht::timm_parameters(other), b = dht::timm_parameters(same);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      INFO(a[i].name);
      CHECK(std::equal(a[i].values.begin(), a[i].values.end(), b[i].values.begin()));
    }
  }

  // Without a head, and read into float.
  auto headless = tensors;
  headless.erase("head.weight");
  headless.erase("head.bias");
  const auto backbone = dht::read_patch_vit<float, dht::QuickGelu>(file_of(headless));
  CHECK(backbone.config.classes == 0);
  CHECK(error_of([&] { dht::on_tokens(backbone, 8); }) ==
        "classes: are 0; must be given, the model has no head");
  CHECK(dht::on_tokens(backbone, 8, 0.5, 11).classes() == 11);
}

TEST_CASE("pretrained: every tensor that does not fit is named", "[vit]") {
  const auto tensors = timm_tensors(64, 1, 4, 2, 0, false, 4);
  const auto config = dht::patch_vit_config(file_of(tensors));
  const auto read = [&](const Tensors& t) {
    return error_of([&] { dht::read_patch_vit<double>(file_of(t), config); });
  };
  CHECK(read(tensors) == "(no error)");
  auto wrong = tensors;
  wrong["blocks.0.norm1.bias"] = {{3}, {1, 2, 3}};
  wrong["dist_token"] = {{1}, {1}};
  wrong.erase("blocks.0.mlp.fc2.bias");
  CHECK(read(wrong) ==
        "vit.safetensors: does not fit the vision transformer: blocks.0.norm1.bias has shape [3], must be "
        "[64]; "
        "blocks.0.mlp.fc2.bias is missing; dist_token is left over");

  auto other = config;
  other.vit.width = 128;
  const auto text = error_of([&] { dht::read_patch_vit<double>(file_of(tensors), other); });
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("cls_token has shape [1, 1, 64], must be [1, 1, 128]"));
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring(
                       "blocks.0.attn.qkv.weight has shape [192, 64], must be [384, 128]"));

  auto theirs = hugging_face_tensors(tensors, "");
  theirs.erase("encoder.layer.0.attention.attention.key.bias");
  theirs["encoder.layer.0.attention.attention.value.bias"] = {{2}, {1, 2}};
  CHECK(
      error_of([&] { dht::read_patch_vit<double>(file_of(theirs), config); }) ==
      "vit.safetensors: does not fit the vision transformer: encoder.layer.0.attention.attention.key.bias is "
      "missing; encoder.layer.0.attention.attention.value.bias has shape [2], must be [64]");

  const auto infer = [](const Tensors& t) { return error_of([&] { dht::patch_vit_config(file_of(t)); }); };
  CHECK(
      infer({{"x", {{1}, {1}}}}) ==
      "vit.safetensors: has neither patch_embed.proj.weight nor "
      "embeddings.patch_embeddings.projection.weight; must be a vision transformer of timm or Hugging Face");
  auto odd = tensors;
  odd["pos_embed"] = {{1, 4, 1}, {1, 2, 3, 4}};
  CHECK(infer(odd) ==
        "vit.safetensors: pos_embed: has 3 positions beside the class token's; must be a square number");
  odd["pos_embed"] = {{4}, {1, 2, 3, 4}};
  CHECK(infer(odd) == "vit.safetensors: pos_embed: has shape [4], must have 3 dimensions");
  auto shallow = tensors;
  shallow.erase("blocks.0.norm1.weight");
  CHECK(infer(shallow) == "vit.safetensors: has no blocks.0.norm1.weight; must have at least one block");
}
