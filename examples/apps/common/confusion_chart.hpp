// SPDX-License-Identifier: MIT
// A picture of which classes were taken for which.
#pragma once

#include <string>
#include <vector>

#include <dht/regions/confusion_matrix.hpp>

namespace dht::examples {

/// An SVG picture: a row for each class, a column for each answer; the darker a field, the larger its share of the row.
std::string confusion_svg(const ConfusionMatrix& matrix, const std::vector<std::string>& classes,
                          const std::string& title);

}  // namespace dht::examples
