// SPDX-License-Identifier: MIT
// The weights of a vision transformer on square patches, as they are published, and how they become one on tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/initial.hpp>
#include <dht/nn/layer_norm.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/vit/classifier.hpp>
#include <dht/vit/config.hpp>
#include <dht/vit/encoder.hpp>
#include <dht/vit/heads.hpp>
#include <dht/vit/position_map.hpp>

namespace dht {

/// What a vision transformer on square patches is made for.
struct PatchVitConfig {
  int channels = 3;
  int patch = 16;               ///< side of a patch in pixels
  int rows = 14, columns = 14;  ///< patches of an image
  VitConfig vit{};
  int classes = 0;        ///< of the head; 0: there is none
  bool norm_pre = false;  ///< a layer norm before the first block

  int pixels() const { return channels * patch * patch; }
  int positions() const { return rows * columns; }
  friend bool operator==(const PatchVitConfig&, const PatchVitConfig&) = default;
};

/// Throws dht::Error, naming the number, unless there can be such a model.
inline void check(const PatchVitConfig& of) {
  check(of.vit);
  DHT_EXPECTS(of.channels >= 1 && of.channels <= 1024, "channels: are ", of.channels, "; must be 1 to 1024");
  DHT_EXPECTS(of.patch >= 2 && of.patch <= 256, "patch: is ", of.patch, "; must be 2 to 256");
  DHT_EXPECTS(of.rows >= 1 && of.rows <= 4096 && of.columns >= 1 && of.columns <= 4096, "patches: are ",
              of.rows, " x ", of.columns, "; must be 1 to 4096 on each side");
  DHT_EXPECTS(of.classes >= 0 && of.classes <= 1 << 24, "classes: are ", of.classes, "; must be 0 to 2^24");
}

/// Each patch goes through a linear map and gets the embedding of its position; a class token stands before them.
template <class S, concepts::activation<S> Activation = Gelu>
struct PatchVit {
  PatchVitConfig config;
  Linear<S> projection;        ///< channels x patch x patch -> width
  std::vector<S> class_token;  ///< width
  std::vector<S> positions;    ///< (1 + rows x columns) x width; the class token's first
  LayerNorm<S> norm_pre;       ///< of width 0 where there is none
  VitEncoder<S, Activation> encoder;
  Head<S> head;  ///< its map has no outputs where there are no classes

  /// Zeros of the right sizes, to be read into.
  static PatchVit zeros(const PatchVitConfig& c) {
    check(c);
    const int width = c.vit.width;
    const auto map = [](int inputs, int outputs) {
      return Linear<S>{inputs, outputs,
                       std::vector<S>(static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs)),
                       std::vector<S>(static_cast<std::size_t>(outputs))};
    };
    const auto numbers = [](std::int64_t n) { return std::vector<S>(static_cast<std::size_t>(n)); };
    const LayerNorm<S> norm{numbers(width), numbers(width), c.vit.epsilon};
    PatchVit model{c,
                   map(c.pixels(), width),
                   numbers(width),
                   numbers(std::int64_t{1 + c.positions()} * width),
                   c.norm_pre ? norm : LayerNorm<S>{},
                   {c.vit, {}},
                   {norm, map(width, c.classes)}};
    for (int i = 0; i < c.vit.depth; ++i) {
      const std::vector<S> scale = numbers(c.vit.layer_scale ? width : 0);
      model.encoder.blocks.push_back({norm,
                                      {c.vit.heads, map(width, 3 * width), map(width, width)},
                                      scale,
                                      norm,
                                      {map(width, c.vit.hidden()), map(c.vit.hidden(), width)},
                                      scale});
    }
    return model;
  }
};

/// The same weights on tokens, with position histograms of `bins` x `bins`: positions become the linear map that is nearest
/// by least squares (see `fit_positions`). With lambda 1 and the squares that it was trained on as tokens, of images without
/// means injected, it computes what it always did. `classes` > 0 begins with a new head, random by the seed; 0 keeps its own.
template <class S, class Activation>
Classifier<S, Activation> on_tokens(const PatchVit<S, Activation>& from, int bins, double lambda = 1,
                                    int classes = 0, std::uint64_t seed = 1) {
  const PatchVitConfig& c = from.config;
  DHT_EXPECTS(classes > 0 || c.classes > 0, "classes: are 0; must be given, the model has no head");
  const ExtractionConfig extraction{c.channels, c.patch, bins, false};
  check(extraction);
  const int width = c.vit.width, pixels = c.pixels(), columns = extraction.columns();
  const std::vector<S> map =
      fit_positions<S>({from.positions.data() + width, c.positions(), width}, c.rows, c.columns, bins);
  Linear<S> projection{columns, width, {}, from.projection.bias};
  for (int o = 0; o < width; ++o) {
    const auto pixel = from.projection.weight.begin() + std::ptrdiff_t{o} * pixels;
    const auto position = map.begin() + std::ptrdiff_t{o} * bins * bins;
    projection.weight.insert(projection.weight.end(), pixel, pixel + pixels);
    projection.weight.insert(projection.weight.end(), position, position + bins * bins);
  }
  std::vector<S> class_token = from.class_token;
  for (std::size_t i = 0; i < class_token.size(); ++i) class_token[i] += from.positions[i];
  Head<S> head = from.head;
  if (classes > 0) head.map = initial_map<S>(width, classes, seed, -2);
  return {{Extraction<S>::with_lambda(extraction, lambda),
           {std::move(projection), std::move(class_token), from.norm_pre},
           from.encoder},
          std::move(head)};
}

/// All parameters under the names of timm (`vit_*`).
template <class S, class Activation>
ParameterList<S> timm_parameters(PatchVit<S, Activation>& of) {
  const PatchVitConfig& c = of.config;
  const std::int64_t width = c.vit.width;
  ParameterList<S> list{
      {"cls_token", {1, 1, width}, of.class_token},
      {"pos_embed", {1, 1 + c.positions(), width}, of.positions},
      {"patch_embed.proj.weight", {width, c.channels, c.patch, c.patch}, of.projection.weight},
      {"patch_embed.proj.bias", {width}, of.projection.bias}};
  const auto append = [&list](const ParameterList<S>& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  if (c.norm_pre) append(parameters(of.norm_pre, "norm_pre."));
  append(parameters(of.encoder));
  for (auto& p : list)  // timm's name of the method's lambda_
    if (p.name.ends_with(".lambda_")) p.name.replace(p.name.size() - 7, 7, "gamma");
  append(parameters(of.head.norm, "norm."));
  if (c.classes > 0) append(parameters(of.head.map, "head."));
  return list;
}

}  // namespace dht
