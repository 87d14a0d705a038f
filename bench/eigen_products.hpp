// SPDX-License-Identifier: MIT
// The matrix products of a ViT-S on 196 tokens and a class token, by Eigen alone: what the encoder is compared with.
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Core>

namespace dht::bench {

inline constexpr int vit_rows = 197, vit_width = 384, vit_heads = 6, vit_depth = 12;

/// Multiplications and additions of all products of the forward pass.
inline constexpr double vit_operations() {
  const double linear = 2.0 * vit_rows * vit_width * vit_width * 12,
               attention = 4.0 * vit_rows * vit_rows * vit_width;
  return vit_depth * (linear + attention);
}

/// Matrices of those sizes. `run` multiplies all of them once.
class EigenProducts {
 public:
  EigenProducts() {
    const auto random = [](int m, int n) { return Matrix(Matrix::Random(m, n)); };
    rows_ = random(vit_rows, vit_width);
    wide_ = random(vit_rows, 4 * vit_width);
    qkv_ = random(3 * vit_width, vit_width);
    projection_ = random(vit_width, vit_width);
    first_ = random(4 * vit_width, vit_width);
    second_ = random(vit_width, 4 * vit_width);
    scores_.resize(vit_rows, vit_rows);
    packed_.resize(vit_rows, 3 * vit_width);
    mixed_.resize(vit_rows, vit_width);
    out_.resize(vit_rows, vit_width);
  }

  /// A number that depends on all results.
  float run() {
    constexpr int d = vit_width / vit_heads;
    for (int block = 0; block < vit_depth; ++block) {
      packed_.noalias() = rows_ * qkv_.transpose();
      for (int h = 0; h < vit_heads; ++h) {
        scores_.noalias() =
            packed_.middleCols(h * d, d) * packed_.middleCols(vit_width + h * d, d).transpose();
        mixed_.middleCols(h * d, d).noalias() = scores_ * packed_.middleCols(2 * vit_width + h * d, d);
      }
      out_.noalias() = mixed_ * projection_.transpose();
      wide_.noalias() = rows_ * first_.transpose();
      out_.noalias() += wide_ * second_.transpose();
    }
    return out_(0, 0);
  }

 private:
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix rows_, wide_, qkv_, projection_, first_, second_, scores_, packed_, mixed_, out_;
};

}  // namespace dht::bench
