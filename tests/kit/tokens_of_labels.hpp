// SPDX-License-Identifier: MIT
// Tokens of label maps that a test wrote down: without a hierarchy, and without features.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/regions/tokens.hpp>

namespace dht::test {

/// Sizes, boxes and first tokens by looking at every pixel. Labels must be dense, those of an image following each other.
template <class S, class Labels>
Tokens<S> tokens_of_labels(const Labels& labels, int batch, int height, int width) {
  Tokens<S> tokens;
  tokens.batch = batch;
  tokens.height = height;
  tokens.width = width;
  tokens.partition.labels.assign(labels.begin(), labels.end());
  const auto n = std::size_t(*std::max_element(labels.begin(), labels.end()) + 1);
  tokens.partition.regions = std::int32_t(n);
  tokens.size.assign(n, 0);
  tokens.box.assign(n, {height, width, -1, -1});
  tokens.begin.assign(std::size_t(batch) + 1, std::int32_t(n));
  for (int p = batch * height * width - 1; p >= 0; --p) {
    const auto label = labels[std::size_t(p)];
    const int x = p % width, y = p / width % height;
    ++tokens.size[std::size_t(label)];
    Box& box = tokens.box[std::size_t(label)];
    box = {std::min(box.ymin, y), std::min(box.xmin, x), std::max(box.ymax, y), std::max(box.xmax, x)};
    auto& first = tokens.begin[std::size_t(p / (height * width))];
    first = std::min(first, std::int32_t(label));
  }
  return tokens;
}

}  // namespace dht::test
