// SPDX-License-Identifier: MIT
// Classes drawn over a photo.
#pragma once

#include <cstdint>
#include <vector>

#include <dht/core/picture.hpp>

namespace dht::examples {

/// The photo, the answers over it, and, unless `truth` is empty, what people say: side by side, each `zoom` times as large.
/// Each class has a colour of its own; -1 leaves the photo as it is. Both lists have a number for each pixel of the photo.
Picture draw_classes(const Picture& photo, const std::vector<std::int32_t>& answers,
                     const std::vector<std::int32_t>& truth, int zoom = 2);

}  // namespace dht::examples
