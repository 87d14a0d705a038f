// SPDX-License-Identifier: MIT
// Squares as tokens: what vision transformers cut images into before there was anything better.
#pragma once

#include <algorithm>
#include <cstdint>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// The squares of `side` x `side` pixels of a batch of images as tokens without features; those in the last row and column
/// are smaller where the size is no multiple. For `Extraction` they are tokens like others.
template <class S>
Tokens<S> square_tokens(int batch, int height, int width, int side) {
  DHT_EXPECTS(batch >= 1 && height >= 1 && width >= 1, "images: are ", batch, " of ", height, " x ", width,
              "; each must be at least 1");
  DHT_EXPECTS(side >= 1, "side: is ", side, "; must be at least 1");
  check_pixels(batch, std::int64_t{height} * width, "images");
  Tokens<S> tokens;
  tokens.batch = batch;
  tokens.height = height;
  tokens.width = width;
  const std::int32_t rows = (height - 1) / side + 1, columns = (width - 1) / side + 1;
  tokens.partition.regions = batch * rows * columns;
  tokens.partition.labels.resize(static_cast<std::size_t>(std::int64_t{batch} * height * width));
  std::size_t p = 0;
  for (int b = 0; b < batch; ++b) {
    tokens.begin.push_back(b * rows * columns);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        tokens.partition.labels[p++] = (b * rows + y / side) * columns + x / side;
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        const Box box{i * side, j * side, i * side + std::min(side, height - i * side) - 1,
                      j * side + std::min(side, width - j * side) - 1};
        tokens.box.push_back(box);
        tokens.size.push_back((box.ymax - box.ymin + 1) * (box.xmax - box.xmin + 1));
      }
    }
  }
  tokens.begin.push_back(tokens.partition.regions);
  return tokens;
}

}  // namespace dht
