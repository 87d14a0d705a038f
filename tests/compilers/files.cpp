// SPDX-License-Identifier: MIT
// Every public function of io/ and of what reads and writes checkpoints.
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <dht/encoder/checkpoint.hpp>
#include <dht/io/parameters.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/vit/pretrained.hpp>

#include "calls.hpp"

namespace calls {
namespace {

void call_arrays(Results& results, const std::filesystem::path& path) {
  const std::vector<std::int32_t> labels(24, 7);
  const auto bytes = dht::npy_bytes(labels, {4, 6});
  results.add_all(dht::npy_from_bytes<std::int32_t>(bytes).values);
  dht::write_npy(path, labels, {4, 6});
  results.add_all(dht::read_npy<std::int32_t>(path).values);
  dht::write_file(path, bytes);
  dht::write_file(path, "text");
  results.add_all(dht::read_file(path));
}

void call_tensors(Results& results, const std::filesystem::path& path) {
  dht::SafeTensorsWriter writer;
  const std::vector<float> values(24, 0.5f);
  writer.add("values", {4, 6}, values);
  writer.add_bytes("raw", dht::DType::U8, {3}, std::vector<std::byte>(3));
  writer.set_metadata("note", "text");
  auto encoder = dht::initial_parameters<float>(3, 8, 1);
  dht::add_encoder(writer, encoder, "conv.");
  auto map = dht::initial_linear<float>(8, 3, 1);
  dht::add_parameters(writer, dht::parameters(map));
  results.add(writer.bytes().size());
  writer.save(path);

  const auto file = dht::SafeTensors::load(path);
  const auto same = dht::SafeTensors::from_bytes(writer.bytes());
  results.add(same.names().size());
  results.add_all(file.read<float>("values"));
  results.add_all(file.read<float>("values", {4, 6}));
  results.add(file.bytes("raw").size() + file.shape("values").size() + file.metadata().size());
  results.add(file.contains("values"));
  results.add(dht::bits_of(file.info("values").type) + int(dht::is_readable(dht::DType::F32)));
  results.add_all(dht::to_string(file.info("values").type));
  dht::read_parameters(file, dht::parameters(map));
  results.add(dht::read_encoder<float>(file, "conv.").features);
  results.add(dht::read_checkpoint<float>(file).encoder.features);
  results.add(dht::load_checkpoint<double>(path).projection.outputs);
  results.add_all(map.weight);
}

void call_published(Results& results, const std::filesystem::path& path) {
  dht::PatchVitConfig config;
  config.patch = 4;
  config.rows = config.columns = 2;
  config.vit = {.width = 64, .depth = 1, .heads = 1};
  config.classes = 3;
  auto model = dht::PatchVit<float>::zeros(config);
  dht::SafeTensorsWriter writer;
  dht::add_parameters(writer, dht::timm_parameters(model));
  writer.save(path);
  const auto file = dht::SafeTensors::load(path);
  results.add(dht::patch_vit_config(file).classes);
  results.add(dht::read_patch_vit<float>(file).config.classes);
  results.add(dht::read_patch_vit<float>(file, config).config.classes);
}

}  // namespace

void call_files(Results& results) {
  const auto path =
      std::filesystem::temp_directory_path() / ("dht_calls_" + std::to_string(std::random_device()()));
  call_arrays(results, path);
  call_tensors(results, path);
  call_published(results, path);
  std::filesystem::remove(path);
}

}  // namespace calls
