// SPDX-License-Identifier: MIT
// A picture that the project brings along: a lake in the mountains, drawn by code.
#pragma once

#include <dht/core/picture.hpp>

namespace dht::examples {

/// Draws the sample picture, `size` x `size` pixels, 8-bit sRGB: smooth sky, clouds, rock, trees, a house,
/// grass, so that there are regions of every size. The same bytes on every machine: all arithmetic is in
/// integers.
/// Throws dht::Error unless `size` is from 1 to 8192.
Picture sample_picture(int size = 512);

}  // namespace dht::examples
