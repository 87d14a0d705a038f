// SPDX-License-Identifier: MIT
// foreign_buffer: tokens of an image that another library holds, rows padded, colours in another order, without a copy.
#include <cstdint>
#include <iostream>
#include <vector>

#include <dht/dht.hpp>

#include "common/options.hpp"
#include "common/sample_picture.hpp"

namespace {

/// What cv::Mat is like: blue, green, red side by side, rows that begin `step` bytes apart.
struct ForeignImage {
  int rows = 0, cols = 0;
  std::size_t step = 0;
  std::vector<std::uint8_t> memory;
  const std::uint8_t* data = nullptr;
};

ForeignImage grab_frame() {
  const dht::Picture picture = dht::examples::sample_picture(256);
  ForeignImage frame{
      picture.height, picture.width, static_cast<std::size_t>(picture.width) * 3 + 52, {}, nullptr};
  frame.memory.assign(frame.step * static_cast<std::size_t>(frame.rows),
                      0xEE);  // what is in the padding is no matter
  for (int y = 0; y < frame.rows; ++y) {
    for (int x = 0; x < frame.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        frame.memory[static_cast<std::size_t>(y) * frame.step + static_cast<std::size_t>(3 * x + 2 - c)] =
            picture.pixel(y, x)[c];
      }
    }
  }
  frame.data = frame.memory.data();
  return frame;
}

void tokenize_in_place() {
  const ForeignImage frame = grab_frame();
  // example-begin foreign_buffer
  dht::ImageView<const std::uint8_t> image;
  image.data = frame.data + 2;  // the first red value
  image.batch = 1;
  image.channels = 3;
  image.height = frame.rows;
  image.width = frame.cols;
  image.row_stride = static_cast<std::ptrdiff_t>(frame.step);
  image.column_stride = 3;
  image.channel_stride = -1;  // from red back to green, from green back to blue

  dht::Tokenizer tokenizer;
  const auto& tokens = tokenizer(image, 64);
  // example-end foreign_buffer
  std::cout << tokens.count() << " tokens of a BGR image of " << image.width << " x " << image.height
            << " pixels whose rows are " << frame.step << " bytes apart\n";

  // The same picture in the order and without the padding gives the same labels.
  const dht::Picture copy = dht::examples::sample_picture(256);
  dht::Tokenizer other;
  const auto& expected = other(dht::interleaved_view(copy.rgb.data(), copy.height, copy.width, 3), 64);
  std::cout << (tokens.partition.labels == expected.partition.labels ? "the same" : "other")
            << " labels as of an RGB copy\n";
}

}  // namespace

int main() { return dht::examples::run_program("foreign_buffer", tokenize_in_place); }
