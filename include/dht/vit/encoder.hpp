// SPDX-License-Identifier: MIT
// The transformer encoder: blocks one after the other, and the norm behind the last.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/random.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/activation.hpp>
#include <dht/nn/initial.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/sequences.hpp>
#include <dht/vit/block.hpp>
#include <dht/vit/config.hpp>

namespace dht {

/// Blocks of one width. What the last k of them leave can be had, for dense tasks.
template <class S, concepts::activation<S> Activation = Gelu>
struct VitEncoder {
  using Block = TransformerBlock<S, Activation>;

  VitConfig config;
  std::vector<Block> blocks;

  /// What `backward` needs: 10 numbers a token, channel and block (12 with layer scale), and one for each head and pair
  /// of tokens of an image. Kept for the next batch.
  struct Saved {
    std::vector<typename Block::Saved> blocks;
    typename Block::Workspace workspace;
    std::vector<Buffer<S>>
        outputs;  ///< rows x width: what the last blocks leave, the very last one at the end
    bool can_go_back = false;
  };

  /// Random weights by a seed: truncated normal of deviation 0.02, biases 0, norms that only normalise.
  static VitEncoder initial(const VitConfig& config, std::uint64_t seed) {
    check(config);
    VitEncoder encoder{config, {}};
    for (int i = 0; i < config.depth; ++i) encoder.blocks.push_back(initial_block(config, seed, i));
    return encoder;
  }

  int width() const { return config.width; }
  int depth() const { return static_cast<int>(blocks.size()); }

  /// Changes x, rows x width, in place: what the last block leaves. `saved.outputs` are what the last `outputs` blocks
  /// leave, 0 for none. With `keep`, `backward` can follow. Throws dht::Error for an image without a token.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<S>& x, const Sequences& of, Saved& saved, bool keep,
               int outputs = 0, const TrainingPlace& place = {}) const {
    check_sizes(x, of, outputs);
    saved.can_go_back = false;
    saved.blocks.resize(keep ? blocks.size() : 1);
    saved.outputs.resize(static_cast<std::size_t>(outputs));
    for (int i = 0; i < depth(); ++i) {
      auto& kept = saved.blocks[keep ? static_cast<std::size_t>(i) : 0];
      kept.keep1 = factors(place, of, i, 0);
      kept.keep2 = factors(place, of, i, 1);
      blocks[static_cast<std::size_t>(i)].forward(backend, x, of, kept, saved.workspace, keep);
      const int output = i - (depth() - outputs);
      if (output >= 0)
        saved.outputs[static_cast<std::size_t>(output)].assign(x.data, x.data + x.rows * x.columns);
    }
    saved.can_go_back = keep;
  }

  /// From the gradients of what the last blocks leave (`grad_outputs`, one for each, rows x width, the very last one at the
  /// end) to the parameters, where they are added to `gradients`, and to x, where they overwrite: the last of
  /// `grad_outputs` is changed into the result, `grad_x` is a view of it.
  template <class Backend>
  MatrixView<S> backward(const Backend& backend, const Sequences& of, Saved& saved, VitEncoder& gradients,
                         std::vector<Buffer<S>>& grad_outputs) const {
    DHT_EXPECTS(saved.can_go_back,
                "saved: has nothing to go back on; must come from a forward that keeps it");
    DHT_EXPECTS(gradients.depth() == depth(), "gradients: are of ", gradients.depth(), " blocks; must be of ",
                depth());
    DHT_EXPECTS(!grad_outputs.empty() && static_cast<int>(grad_outputs.size()) <= depth(),
                "gradients of outputs: are of ", grad_outputs.size(), " blocks; must be of 1 to ", depth());
    const auto n = static_cast<std::size_t>(std::int64_t{of.rows()} * width());
    for (const auto& grad : grad_outputs)
      DHT_EXPECTS(grad.size() == n, "gradients of outputs: have ", grad.size(), " numbers; must have ", n);
    const MatrixView<S> grad{grad_outputs.back().data(), of.rows(), width()};
    const int first = depth() - static_cast<int>(grad_outputs.size());
    for (int i = depth() - 1; i >= 0; --i) {
      const auto at = static_cast<std::size_t>(i);
      if (i >= first && i < depth() - 1) {
        const Buffer<S>& more = grad_outputs[static_cast<std::size_t>(i - first)];
        for (std::size_t k = 0; k < n; ++k) grad.data[k] += more[k];
      }
      blocks[at].backward(backend, of, saved.blocks[at], gradients.blocks[at], grad, saved.workspace);
    }
    return grad;
  }

  /// Gradients, zero.
  VitEncoder zeros() const {
    VitEncoder zero{config, {}};
    for (const Block& block : blocks) zero.blocks.push_back(block.zeros());
    return zero;
  }

 private:
  static Block initial_block(const VitConfig& c, std::uint64_t seed, int i) {
    Block block;
    block.norm1 = block.norm2 = LayerNorm<S>::identity(c.width, c.epsilon);
    block.attention = {c.heads, initial_map<S>(c.width, 3 * c.width, seed, i, 0),
                       initial_map<S>(c.width, c.width, seed, i, 1)};
    block.mlp = {initial_map<S>(c.width, c.hidden(), seed, i, 2),
                 initial_map<S>(c.hidden(), c.width, seed, i, 3)};
    if (c.layer_scale)
      block.scale1 = block.scale2 =
          std::vector<S>(static_cast<std::size_t>(c.width), static_cast<S>(c.scale_at_first));
    return block;
  }

  void check_sizes(const MatrixView<S>& x, const Sequences& of, int outputs) const {
    check(of, "sequences");
    DHT_EXPECTS(depth() > 0, "encoder: has no block; must have at least 1");
    DHT_EXPECTS(x.rows == of.rows() && x.columns == width(), "rows: are ", x.rows, " x ", x.columns,
                "; must be ", of.rows(), " x ", width());
    DHT_EXPECTS(outputs >= 0 && outputs <= depth(), "outputs: are ", outputs, "; must be 0 to ", depth());
  }

  /// What a branch of a block counts for each image; empty where all take part.
  std::vector<S> factors(const TrainingPlace& place, const Sequences& of, int block, int branch) const {
    const double drop = depth() == 1 ? config.drop_path : config.drop_path * block / (depth() - 1);
    if (!place.training || drop == 0) return {};
    std::vector<S> keep;
    for (int b = 0; b < of.batch(); ++b)
      keep.push_back(Random(place.seed, place.step, b, block, branch).chance(drop)
                         ? S(0)
                         : static_cast<S>(1 / (1 - drop)));
    return keep;
  }
};

/// Its parameters under their names in checkpoints: blocks.0.norm1.weight and so on.
template <class S, class Activation>
ParameterList<S> parameters(VitEncoder<S, Activation>& of, const std::string& prefix = "") {
  ParameterList<S> list;
  for (std::size_t i = 0; i < of.blocks.size(); ++i) {
    const ParameterList<S> block = parameters(of.blocks[i], prefix + "blocks." + std::to_string(i) + ".");
    list.insert(list.end(), block.begin(), block.end());
  }
  return list;
}

}  // namespace dht
