// SPDX-License-Identifier: MIT
// A vision transformer on square patches, written down plainly: what the library's must compute.
#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <dht/io/safetensors.hpp>

namespace dht::test {

/// Reads weights under timm's names; one image at a time, planes (channels, height, width).
class NaivePatchVit {
 public:
  NaivePatchVit(const SafeTensors& file, int heads, double epsilon)
      : file_(file), heads_(heads), epsilon_(epsilon) {}

  std::vector<double> logits(const std::vector<double>& image, int height, int width) const {
    const auto shape = file_.shape("patch_embed.proj.weight");
    const int d = int(shape[0]), channels = int(shape[1]), p = int(shape[2]);
    const auto patch_weight = tensor("patch_embed.proj.weight"), patch_bias = tensor("patch_embed.proj.bias"),
               position = tensor("pos_embed");
    Rows x{tensor("cls_token")};
    for (int row = 0; row < height; row += p) {
      for (int column = 0; column < width; column += p) {
        std::vector<double> token(patch_bias);
        for (int o = 0; o < d; ++o)
          for (int c = 0; c < channels; ++c)
            for (int i = 0; i < p; ++i)
              for (int j = 0; j < p; ++j)
                token[std::size_t(o)] += patch_weight[std::size_t(((o * channels + c) * p + i) * p + j)] *
                                         image[std::size_t((c * height + row + i) * width + column + j)];
        x.push_back(token);
      }
    }
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t c = 0; c < std::size_t(d); ++c) x[i][c] += position[i * std::size_t(d) + c];
    for (int block = 0; file_.contains("blocks." + std::to_string(block) + ".norm1.weight"); ++block) {
      const std::string name = "blocks." + std::to_string(block) + ".";
      add(x, attention(norm(x, name + "norm1"), name), name + "ls1.gamma");
      Rows hidden = linear(norm(x, name + "norm2"), name + "mlp.fc1");
      for (auto& row : hidden)
        for (double& v : row) v *= (1 + std::erf(v / std::numbers::sqrt2)) / 2;
      add(x, linear(hidden, name + "mlp.fc2"), name + "ls2.gamma");
    }
    return linear(norm({x[0]}, "norm"), "head")[0];
  }

 private:
  using Rows = std::vector<std::vector<double>>;

  std::vector<double> tensor(const std::string& name) const { return file_.read<double>(name); }

  Rows linear(const Rows& x, const std::string& name) const {
    const auto weight = tensor(name + ".weight"), bias = tensor(name + ".bias");
    Rows y;
    for (const auto& row : x) {
      y.push_back(bias);
      for (std::size_t o = 0; o < bias.size(); ++o)
        for (std::size_t i = 0; i < row.size(); ++i) y.back()[o] += weight[o * row.size() + i] * row[i];
    }
    return y;
  }

  Rows norm(Rows x, const std::string& name) const {
    const auto weight = tensor(name + ".weight"), bias = tensor(name + ".bias");
    for (auto& row : x) {
      double mean = 0, variance = 0;
      for (const double v : row) mean += v / double(row.size());
      for (const double v : row) variance += (v - mean) * (v - mean) / double(row.size());
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] = (row[i] - mean) / std::sqrt(variance + epsilon_) * weight[i] + bias[i];
    }
    return x;
  }

  Rows attention(const Rows& x, const std::string& name) const {
    const Rows qkv = linear(x, name + "attn.qkv");
    const std::size_t w = x[0].size(), d = w / std::size_t(heads_);
    Rows mixed(x.size(), std::vector<double>(w, 0));
    for (std::size_t first = 0; first < w; first += d) {
      for (std::size_t q = 0; q < x.size(); ++q) {
        std::vector<double> share;
        double sum = 0;
        for (std::size_t k = 0; k < x.size(); ++k) {
          double score = 0;
          for (std::size_t c = first; c < first + d; ++c) score += qkv[q][c] * qkv[k][w + c];
          share.push_back(std::exp(score / std::sqrt(double(d))));
          sum += share.back();
        }
        for (std::size_t k = 0; k < x.size(); ++k)
          for (std::size_t c = first; c < first + d; ++c) mixed[q][c] += share[k] / sum * qkv[k][2 * w + c];
      }
    }
    return linear(mixed, name + "attn.proj");
  }

  void add(Rows& x, const Rows& y, const std::string& scale) const {
    const auto by = file_.contains(scale) ? tensor(scale) : std::vector<double>(x[0].size(), 1.0);
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t c = 0; c < by.size(); ++c) x[i][c] += by[c] * y[i][c];
  }

  const SafeTensors& file_;
  int heads_;
  double epsilon_;
};

}  // namespace dht::test
