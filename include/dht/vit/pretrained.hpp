// SPDX-License-Identifier: MIT
// Published vision transformers: safetensors files with the names of timm (`vit_*`) or of Hugging Face (`ViTModel`,
// `ViTForImageClassification`).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/vit/patch_vit.hpp>
#include <dht/vit/shapes.hpp>

namespace dht {

namespace detail {

inline const char* const hugging_face_patches = "embeddings.patch_embeddings.projection.weight";

/// What stands before a file's names, and whether they are timm's.
struct VitNames {
  bool timm = true;
  std::string prefix;

  explicit VitNames(const SafeTensors& file) {
    if (file.contains("patch_embed.proj.weight")) return;
    timm = false;
    if (file.contains(std::string("vit.") + hugging_face_patches)) prefix = "vit.";
    DHT_EXPECTS(file.contains(prefix + hugging_face_patches), file.file(),
                ": has neither patch_embed.proj.weight nor ", hugging_face_patches,
                "; must be a vision transformer of timm or Hugging Face");
  }

  /// Names of Hugging Face for one of timm. Query, key and value are three tensors there.
  std::vector<std::string> of(const std::string& name) const {
    if (timm) return {name};
    static constexpr std::array<std::pair<const char*, const char*>, 4> around{
        {{"cls_token", "embeddings.cls_token"},
         {"pos_embed", "embeddings.position_embeddings"},
         {"patch_embed.proj.", "embeddings.patch_embeddings.projection."},
         {"norm.", "layernorm."}}};
    static constexpr std::array<std::pair<const char*, const char*>, 5> inside{
        {{"norm1.", "layernorm_before."},
         {"attn.proj.", "attention.output.dense."},
         {"norm2.", "layernorm_after."},
         {"mlp.fc1.", "intermediate.dense."},
         {"mlp.fc2.", "output.dense."}}};
    const auto renamed = [&](const std::string& begin, const std::string& text, const auto& names) {
      for (const auto& [ours, theirs] : names)
        if (text.starts_with(ours)) return begin + theirs + text.substr(std::string(ours).size());
      return begin + text;
    };
    if (name.starts_with("head.")) return {"classifier." + name.substr(5)};
    if (!name.starts_with("blocks.")) return {renamed(prefix, name, around)};
    const std::size_t end = name.find('.', 7) + 1;
    const std::string layer = prefix + "encoder.layer." + name.substr(7, end - 7), rest = name.substr(end);
    if (!rest.starts_with("attn.qkv.")) return {renamed(layer, rest, inside)};
    std::vector<std::string> names;
    for (const char* part : {"query.", "key.", "value."})
      names.push_back(layer + "attention.attention." + part + rest.substr(9));
    return names;
  }
};

/// A dimension of a tensor of known rank.
inline int dimension(const SafeTensors& file, const std::string& name, std::size_t rank, std::size_t which) {
  const auto& shape = file.shape(name);
  DHT_EXPECTS(shape.size() == rank, file.file(), ": ", name, ": has shape ", shape_text(shape),
              ", must have ", rank, " dimensions");
  DHT_EXPECTS(std::all_of(shape.begin(), shape.end(), [](std::int64_t n) { return n >= 1 && n <= 1 << 24; }),
              file.file(), ": ", name, ": has shape ", shape_text(shape), ", every number must be 1 to 2^24");
  return static_cast<int>(shape[which]);
}

}  // namespace detail

/// What a file's vision transformer is made for, by the shapes of its tensors. Those do not say how many heads there are: 0
/// stands for one every 64 channels, as published models have them. Epsilon is timm's or Hugging Face's.
inline PatchVitConfig patch_vit_config(const SafeTensors& file, int heads = 0) {
  const detail::VitNames names(file);
  const auto size = [&](const std::string& name, std::size_t rank, std::size_t which) {
    return detail::dimension(file, names.of(name)[0], rank, which);
  };
  PatchVitConfig c;
  c.vit.width = size("patch_embed.proj.weight", 4, 0);
  c.channels = size("patch_embed.proj.weight", 4, 1);
  c.patch = size("patch_embed.proj.weight", 4, 2);
  const int positions = size("pos_embed", 3, 1) - 1;
  c.rows = c.columns = static_cast<int>(std::lround(std::sqrt(static_cast<double>(std::max(positions, 0)))));
  DHT_EXPECTS(c.rows >= 1 && c.rows * c.columns == positions, file.file(), ": ", names.of("pos_embed")[0],
              ": has ", positions, " positions beside the class token's; must be a square number");
  c.vit.depth = 0;
  while (file.contains(names.of("blocks." + std::to_string(c.vit.depth) + ".norm1.weight")[0])) ++c.vit.depth;
  DHT_EXPECTS(c.vit.depth >= 1, file.file(), ": has no ", names.of("blocks.0.norm1.weight")[0],
              "; must have at least one block");
  c.vit.mlp = size("blocks.0.mlp.fc1.weight", 2, 0);
  c.vit.layer_scale = file.contains("blocks.0.ls1.gamma");
  c.vit.epsilon = names.timm ? 1e-6 : 1e-12;
  c.norm_pre = file.contains("norm_pre.weight");
  const std::string head = names.of("head.weight")[0];
  c.classes = file.contains(head) ? detail::dimension(file, head, 2, 0) : 0;
  c.vit.heads = heads != 0 ? heads : std::max(1, c.vit.width / 64);
  try {
    check(c);
  } catch (const Error& error) {
    detail::fail({file.file(), ": ", error.what()});
  }
  return c;
}

/// Reads a vision transformer that is made for this. Throws one dht::Error that names the file and every tensor that is
/// missing, has the wrong shape, or is left over (`pooler.*` of Hugging Face is not: nothing here needs it), before memory is
/// taken for any.
template <class S, concepts::activation<S> Activation = Gelu>
PatchVit<S, Activation> read_patch_vit(const SafeTensors& file, const PatchVitConfig& config) {
  const detail::VitNames names(file);
  std::string complaints;
  const auto complain = [&](const auto&... parts) {
    complaints += (complaints.empty() ? "" : "; ") + detail::text_of({parts...});
  };
  std::set<std::string> known;
  for (auto& [name, shape] : parameter_shapes(config)) {
    const std::vector<std::string> parts = names.of(name);
    shape[0] /= static_cast<std::int64_t>(parts.size());
    for (const std::string& part : parts) {
      known.insert(part);
      if (!file.contains(part)) {
        complain(part, " is missing");
      } else if (file.shape(part) != shape) {
        complain(part, " has shape ", detail::shape_text(file.shape(part)), ", must be ",
                 detail::shape_text(shape));
      }
    }
  }
  for (const std::string& name : file.names()) {
    const bool unused = !names.timm && name.starts_with(names.prefix + "pooler.");
    if (!known.contains(name) && !unused) complain(detail::one_line(name), " is left over");
  }
  DHT_EXPECTS(complaints.empty(), file.file(), ": does not fit the vision transformer: ", complaints);
  auto model = PatchVit<S, Activation>::zeros(config);
  for (const Parameter<S>& p : timm_parameters(model)) {
    auto to = p.values.begin();
    for (const std::string& part : names.of(p.name)) {
      const std::vector<S> values = file.read<S>(part);
      to = std::copy(values.begin(), values.end(), to);
    }
  }
  return model;
}

/// The same, made for what the file's shapes say.
template <class S, concepts::activation<S> Activation = Gelu>
PatchVit<S, Activation> read_patch_vit(const SafeTensors& file) {
  return read_patch_vit<S, Activation>(file, patch_vit_config(file));
}

}  // namespace dht
