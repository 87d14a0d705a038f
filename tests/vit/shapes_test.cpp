// SPDX-License-Identifier: MIT
// Shapes of models that were not made: those of the models that are, and files that lie about them.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/vit/dense_model.hpp>
#include <dht/vit/pretrained.hpp>
#include <dht/vit/shapes.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

using dht::test::error_of;

namespace {

std::string text_of(const std::string& name, const std::vector<std::int64_t>& shape) {
  return name + " " + dht::detail::shape_text(shape) + "\n";
}

template <class List>
std::string text_of(const List& list) {
  std::string text;
  for (const auto& p : list) text += text_of(p.name, p.shape);
  return text;
}

/// A file whose tensors have these shapes and, one of their lengths being 0, no byte.
dht::SafeTensors empty_file(const dht::ShapeList& list) {
  dht::SafeTensorsWriter writer;
  for (const auto& [name, shape] : list) writer.add(name, shape, std::vector<float>());
  return dht::SafeTensors::from_bytes(writer.bytes(), "vit.safetensors");
}

std::string error_in(const dht::ShapeList& list) {
  return error_of([&] { dht::read_patch_vit<float>(empty_file(list)); });
}

}  // namespace

TEST_CASE("shapes: they are those of the models that are made", "[vit]") {
  for (const bool is_whole : {true, false}) {
    dht::BackboneConfig c;
    c.extraction = {is_whole ? 3 : 2, 3, 2, is_whole};
    c.vit = {.width = 6, .depth = 3, .heads = 2, .mlp = is_whole ? 7 : 0, .layer_scale = is_whole};
    c.class_tokens = is_whole ? 1 : 2;
    c.norm_pre = is_whole;
    auto model = dht::DenseModel<float>::initial(c, 5, 2, 1);
    CHECK(text_of(dht::parameter_shapes(c)) + text_of(dht::head_shapes(12, 5)) ==
          text_of(dht::parameters(model)));

    dht::PatchVitConfig p{3, 4, 2, 5, c.vit, is_whole ? 4 : 0, is_whole};
    auto patches = dht::PatchVit<float>::zeros(p);
    CHECK(text_of(dht::parameter_shapes(p)) == text_of(dht::timm_parameters(patches)));
  }
}

TEST_CASE("shapes: numbers that no model has are refused before memory is taken", "[vit]") {
  const auto error = [](auto change) {
    dht::PatchVitConfig c;
    change(c);
    const std::string of_shapes = error_of([&] { dht::parameter_shapes(c); });
    CHECK(error_of([&] { dht::PatchVit<float>::zeros(c); }) == of_shapes);
    return of_shapes;
  };
  CHECK(error([](auto& c) { c.channels = 1 << 20; }) == "channels: are 1048576; must be 1 to 1024");
  CHECK(error([](auto& c) { c.patch = 1; }) == "patch: is 1; must be 2 to 256");
  CHECK(error([](auto& c) { c.rows = 65536; }) == "patches: are 65536 x 14; must be 1 to 4096 on each side");
  CHECK(error([](auto& c) { c.classes = -1; }) == "classes: are -1; must be 0 to 2^24");
  CHECK(error([](auto& c) { c.vit.depth = 2000; }) == "depth: is 2000; must be 1 to 1024");
  dht::BackboneConfig c;
  c.extraction.position = 1000;
  CHECK(error_of([&] { dht::parameter_shapes(c); }) == "position: is 1000; must be 1 to 256");
}

TEST_CASE("shapes: a file of few bytes cannot ask for terabytes", "[vit]") {
  // 65536 x 2^20 numbers in each of two maps of the MLP, and beside them none.
  CHECK(error_in({{"patch_embed.proj.weight", {65536, 1, 2, 0}},
                  {"pos_embed", {1, 2, 0}},
                  {"blocks.0.norm1.weight", {0}},
                  {"blocks.0.mlp.fc1.weight", {1 << 20, 0}}}) ==
        "vit.safetensors: patch_embed.proj.weight: has shape [65536, 1, 2, 0], every number must be 1 to "
        "2^24");
  // Channels x patch x patch over what an int holds.
  CHECK(error_in({{"patch_embed.proj.weight", {1, 1 << 20, 4096, 0}},
                  {"pos_embed", {1, 2, 0}},
                  {"blocks.0.norm1.weight", {0}},
                  {"blocks.0.mlp.fc1.weight", {1, 0}}})
            .starts_with("vit.safetensors: patch_embed.proj.weight: has shape [1, 1048576, 4096, 0], every"));

  // Shapes that a model of 250 GB has, in all tensors but those that hold most of it.
  dht::PatchVitConfig c{3, 16, 1, 1, {.width = 65536, .depth = 8, .heads = 1, .mlp = 1 << 20}};
  dht::SafeTensorsWriter writer;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    std::int64_t n = 1;
    for (const std::int64_t length : shape) n *= length;
    writer.add(name, shape, std::vector<std::uint8_t>(static_cast<std::size_t>(n)));
  };
  add("patch_embed.proj.weight", {65536, 1, 2, 1});
  add("pos_embed", {1, 2, 1});
  add("blocks.0.mlp.fc1.weight", {1 << 20, 1});
  for (int i = 0; i < c.vit.depth; ++i) add("blocks." + std::to_string(i) + ".norm1.weight", {65536});
  const auto file = dht::SafeTensors::from_bytes(writer.bytes(), "vit.safetensors");
  const std::string error = error_of([&] { dht::read_patch_vit<float>(file); });
  CHECK(error.starts_with("vit.safetensors: does not fit the vision transformer: cls_token is missing; "));
  CHECK(error.find("blocks.0.mlp.fc1.weight has shape [1048576, 1], must be [1048576, 65536]") !=
        std::string::npos);
}
