// SPDX-License-Identifier: MIT
// Names and shapes of a vision transformer's parameters, without the parameters: a file is compared with them before any
// memory is taken for what it says that it holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <dht/nn/parameters.hpp>
#include <dht/vit/config.hpp>
#include <dht/vit/extraction.hpp>
#include <dht/vit/patch_vit.hpp>
#include <dht/vit/vision_transformer.hpp>

namespace dht {

namespace detail {

inline void append_linear(ShapeList& list, const std::string& prefix, std::int64_t outputs,
                          std::int64_t inputs) {
  list.push_back({prefix + "weight", {outputs, inputs}});
  list.push_back({prefix + "bias", {outputs}});
}

inline void append_norm(ShapeList& list, const std::string& prefix, std::int64_t width) {
  list.push_back({prefix + "weight", {width}});
  list.push_back({prefix + "bias", {width}});
}

/// The blocks. `scale` is the last part of a layer scale's name.
inline void append_blocks(ShapeList& list, const VitConfig& c, const std::string& scale) {
  const std::int64_t width = c.width, hidden = c.hidden();
  for (int i = 0; i < c.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    append_norm(list, block + "norm1.", width);
    append_linear(list, block + "attn.qkv.", 3 * width, width);
    append_linear(list, block + "attn.proj.", width, width);
    if (c.layer_scale) list.push_back({block + "ls1." + scale, {width}});
    append_norm(list, block + "norm2.", width);
    append_linear(list, block + "mlp.fc1.", hidden, width);
    append_linear(list, block + "mlp.fc2.", width, hidden);
    if (c.layer_scale) list.push_back({block + "ls2." + scale, {width}});
  }
}

}  // namespace detail

/// What `parameters` lists for a `VisionTransformer` of this size. Throws dht::Error, naming the number, where there can be
/// none.
inline ShapeList parameter_shapes(const BackboneConfig& c) {
  check(c.extraction);
  check(c.vit);
  const std::int64_t width = c.vit.width, side = c.extraction.patch;
  ShapeList list{{"extractor._mix", {1}},
                 {"extractor.pixel_mask_token", {c.extraction.channels, side, side}},
                 {"embedder.cls_token", {c.class_tokens, width}}};
  detail::append_linear(list, "embedder.proj.", width, c.extraction.columns());
  if (c.norm_pre) detail::append_norm(list, "embedder.norm_pre.", width);
  detail::append_blocks(list, c.vit, "lambda_");
  return list;
}

/// The same for a head of so many classes on `width` numbers.
inline ShapeList head_shapes(std::int64_t width, std::int64_t classes) {
  ShapeList list;
  detail::append_norm(list, "norm.", width);
  detail::append_linear(list, "head.", classes, width);
  return list;
}

/// What `timm_parameters` lists for a `PatchVit` of this size. Throws dht::Error, naming the number, where there can be none.
inline ShapeList parameter_shapes(const PatchVitConfig& c) {
  check(c);
  const std::int64_t width = c.vit.width;
  ShapeList list{{"cls_token", {1, 1, width}},
                 {"pos_embed", {1, 1 + c.positions(), width}},
                 {"patch_embed.proj.weight", {width, c.channels, c.patch, c.patch}},
                 {"patch_embed.proj.bias", {width}}};
  if (c.norm_pre) detail::append_norm(list, "norm_pre.", width);
  detail::append_blocks(list, c.vit, "gamma");
  detail::append_norm(list, "norm.", width);
  if (c.classes > 0) detail::append_linear(list, "head.", c.classes, width);
  return list;
}

}  // namespace dht
