// SPDX-License-Identifier: MIT
// What the files of the programs' vision transformers say of them beside their tensors.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <dht/io/safetensors.hpp>
#include <dht/vit/vision_transformer.hpp>

namespace dht::examples {

/// A model as its file describes it.
struct VisionModel {
  BackboneConfig config;
  int side = 128;                    ///< height and width of the images that it was trained on
  std::vector<std::string> classes;  ///< what it tells apart, in the order of its logits
};

/// Writes the description into the metadata, as vit.*.
void describe(SafeTensorsWriter& writer, const VisionModel& model);

/// Reads it again, and compares it with the shapes of the file's own tensors, but for the head's: nothing that a description
/// says is believed where the file does not hold it. Throws dht::Error, naming the file, when there is none, or one that cannot
/// be.
VisionModel described(const SafeTensors& file);

/// The numbers of images between 0 and 1 as the models take them, -2 to 2, and the factor by which gradients come back.
inline constexpr float model_scale = 4;
inline float model_number(float value) { return model_scale * (value - 0.5f); }

}  // namespace dht::examples
