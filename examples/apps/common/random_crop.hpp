// SPDX-License-Identifier: MIT
// Parts of pictures for training: drawn at random, or the middle, and made as large as wanted.
#pragma once

#include <cstdint>

#include <dht/core/picture.hpp>
#include <dht/core/random.hpp>

namespace dht::examples {

/// A rectangle of a picture, in pixels; it may begin and end within one.
struct Crop {
  double top = 0, left = 0, height = 0, width = 0;
  bool is_mirrored = false;
};

/// A part with `least_area` to all of the area, sides 3:4 to 4:3 (both evenly on a logarithmic scale), as far as the picture
/// has room for it, anywhere in it, and mirrored or not.
Crop random_crop(int height, int width, Random& random, double least_area = 0.25);

/// The largest square in the middle.
Crop centre_crop(int height, int width);

/// The part as `side` x `side` pixels: 3 planes of numbers from 0 to 1. Bilinear where it is enlarged; where it is made
/// smaller, the triangle is as wide as the step, so that nothing is left out and nothing flickers.
void resample(const Picture& picture, const Crop& crop, int side, float* planes);

}  // namespace dht::examples
