// SPDX-License-Identifier: MIT
// EXIF orientation: read from what PNG and JPEG files hold of EXIF, and pictures turned upright by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dht::examples {

/// The orientation (1 to 8) in EXIF data, which is a TIFF structure, with "Exif" and two zero bytes before it or without;
/// nothing when there is none or it makes no sense.
std::optional<int> exif_orientation(std::span<const std::uint8_t> exif);

/// Turns a picture of `channels` numbers a pixel upright. Orientations 5 to 8 exchange height and width.
template <class T>
void turn_upright(std::vector<T>& values, int& height, int& width, std::size_t channels, int orientation);

}  // namespace dht::examples
