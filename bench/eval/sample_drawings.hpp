// SPDX-License-Identifier: MIT
// Six drawings as people make them, to be drawn again by vectorisers: flat colours, crisp corners, blended edges.
#pragma once

#include <array>
#include <string>

#include <dht/core/picture.hpp>

namespace dht::bench {

struct SampleDrawing {
  std::string name;
  Picture picture;
};

/// A logo, a diagram with text, a cartoon, a map, pixel art, line art.
std::array<SampleDrawing, 6> sample_drawings();

}  // namespace dht::bench
