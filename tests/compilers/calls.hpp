// SPDX-License-Identifier: MIT
// What the parts of the program that calls every public function share: a photo, and a sum of all that came back.
#pragma once

#include <cstdint>
#include <cstring>

#include <dht/dht.hpp>
#include <dht/encoder/initial.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/graph/region_graph.hpp>
#include <dht/vit/position_map.hpp>

namespace calls {

/// FNV-1a over the bytes of results, so that no call is for nothing and two builds can be compared.
class Results {
 public:
  template <class T>
  void add(const T& value) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    for (const unsigned char byte : bytes) value_ = (value_ ^ byte) * 1099511628211u;
  }
  template <class Values>
  void add_all(const Values& values) {
    for (const auto& value : values) add(value);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037u;
};

/// Bands, a disc and some texture.
inline dht::Picture photo(int height, int width) {
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int dy = 2 * y - height, dx = 2 * x - width, texture = (x * 7 + y * 13) % 11;
      const bool disc = 4 * (dy * dy + dx * dx) < height * width;
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] =
            std::uint8_t(disc ? 200 - 60 * c : 40 + 70 * ((3 * y / height + c) % 3) + texture);
    }
  }
  return picture;
}

inline dht::ImageView<const std::uint8_t> view_of(const dht::Picture& picture) {
  return dht::interleaved_view(picture.rgb.data(), picture.height, picture.width, 3);
}

void call_regions(Results& results);
void call_tokens(Results& results);
void call_learning(Results& results);
void call_drawings(Results& results);
void call_files(Results& results);

}  // namespace calls
