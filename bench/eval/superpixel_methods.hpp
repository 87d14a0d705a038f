// SPDX-License-Identifier: MIT
// The ways to divide an image that are compared: this library, squares, and OpenCV's superpixels where it is installed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <dht/core/picture.hpp>

namespace dht::bench {

/// One value of the parameter that sets the number of regions, and about how many it gives.
struct CountSetting {
  int value = 0;
  double expected = 0;
};

/// From a photo to labels, one a pixel, on one thread.
struct SuperpixelMethod {
  std::string name;
  /// The values that the parameter can take for an image of a size, from few regions to at least twice `most`, where
  /// there are so many.
  std::function<std::vector<CountSetting>(int height, int width, int most)> settings;
  std::function<std::vector<std::int32_t>(const Picture& photo, int setting)> segment;
};

/// How SEEDS is asked.
struct SeedsParameters {
  int levels = 4, prior = 2, bins = 5, iterations = 4;  // of OpenCV's sample program
  bool double_step = false;
  bool lab = false;  ///< CIELAB instead of HSV
  /// One level less where a region has fewer than 256 pixels: four levels have no grid between cells of 16 pixels and of 8.
  bool fewer_levels_when_small = false;
};

/// What is compared: peers first, ours last.
std::vector<SuperpixelMethod> superpixel_methods();

/// Every peer with every combination of its parameters that was tried to find the tuned ones. Empty without OpenCV.
std::vector<SuperpixelMethod> peer_search();

/// "OpenCV 4.6.0", or why there is none.
std::string peers_note();

}  // namespace dht::bench
