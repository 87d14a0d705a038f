// SPDX-License-Identifier: MIT
// A drawing from labels, compiled where nothing but core/ and vector/ can be included.
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/vector/drawing.hpp>
#include <dht/vector/gradients.hpp>
#include <dht/vector/painted.hpp>
#include <dht/vector/palette.hpp>
#include <dht/vector/shapes.hpp>
#include <dht/vector/svg.hpp>

#if __has_include(<dht/encoder/colour.hpp>) || __has_include(<dht/tokenizer.hpp>) || __has_include(<Eigen/Core>)
#error more can be included than this is about
#endif

int main() {
  const int height = 4, width = 6;
  std::vector<std::int32_t> labels;
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      labels.push_back(x < 3 ? 0 : 1);
      for (std::size_t c = 0; c < 3; ++c) picture.pixel(y, x)[c] = x < 3 ? 204 : 17;
    }
  // example-begin vector_alone
  const dht::LabelView regions = dht::plane_view(labels.data(), height, width);  // 0 and 1
  const dht::Fills fills = dht::limit_colors(dht::mean_fills(picture, regions, 2), 16);
  const std::string svg = dht::drawing(regions, fills);
  // example-end vector_alone
  std::cout << svg;
  return svg.find("#ccc") != std::string::npos && svg.find("#111") != std::string::npos ? 0 : 1;
}
