// SPDX-License-Identifier: MIT
// How large a vision transformer is.
#pragma once

#include <cstdint>

#include <dht/core/error.hpp>

namespace dht {

/// Width, depth and the rest of an encoder. The published sizes are below; any other will do.
struct VitConfig {
  int width = 384;  ///< numbers a token; a multiple of the heads
  int depth = 12;   ///< blocks
  int heads = 6;
  int mlp = 0;                   ///< hidden width of the MLP; 0: four times the width
  double epsilon = 1e-5;         ///< of layer norms; 1e-6 in models of timm, 1e-12 in those of Hugging Face
  bool layer_scale = false;      ///< whether what blocks add is scaled, channel by channel
  double scale_at_first = 1e-5;  ///< of layer scale, before training
  /// Stochastic depth (Huang et al., 2016): how probably the last block is left out for an image in training; for those
  /// before it, evenly less.
  double drop_path = 0;

  int hidden() const { return mlp == 0 ? 4 * width : mlp; }
  friend bool operator==(const VitConfig&, const VitConfig&) = default;
};

/// The published sizes: width, blocks, heads.
inline VitConfig vit_small() { return {.width = 384, .depth = 12, .heads = 6}; }
inline VitConfig vit_medium() { return {.width = 512, .depth = 12, .heads = 8}; }
inline VitConfig vit_base() { return {.width = 768, .depth = 12, .heads = 12}; }
inline VitConfig vit_large() { return {.width = 1024, .depth = 24, .heads = 16}; }
inline VitConfig vit_huge() { return {.width = 1280, .depth = 32, .heads = 16}; }

/// Throws dht::Error, naming the number, unless an encoder can have this size.
inline void check(const VitConfig& of) {
  const auto in_range = [](int value, int least, int most, const char* name) {
    DHT_EXPECTS(value >= least && value <= most, name, ": is ", value, "; must be ", least, " to ", most);
  };
  in_range(of.width, 1, 65536, "width");
  in_range(of.depth, 1, 1024, "depth");
  in_range(of.heads, 1, of.width, "heads");
  in_range(of.mlp, 0, 1 << 20, "hidden width of the MLP");
  DHT_EXPECTS(of.width % of.heads == 0, "width: is ", of.width, "; must be a multiple of the heads, ",
              of.heads);
  DHT_EXPECTS(of.epsilon > 0 && of.epsilon < 1, "epsilon: is ", of.epsilon, "; must be between 0 and 1");
  DHT_EXPECTS(of.drop_path >= 0 && of.drop_path < 1, "drop path: is ", of.drop_path,
              "; must be at least 0 and below 1");
}

/// Where a training is: what stochastic depth draws is a function of it, of the image's number in the batch, and of the
/// block. With the default nothing is left out.
struct TrainingPlace {
  bool training = false;
  std::uint64_t seed = 0;
  std::int64_t step = 0;
};

}  // namespace dht
