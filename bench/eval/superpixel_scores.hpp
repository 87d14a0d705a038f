// SPDX-License-Identifier: MIT
// Scores of superpixels as the rows of tables: an array, and the names of its columns.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/label_map.hpp>
#include <dht/regions/superpixel_scores.hpp>

namespace dht::bench {

/// Undersegmentation error, achievable accuracy, boundary recall, explained variation, compactness.
using ScoreRow = std::array<double, 5>;
inline constexpr std::array<const char*, 5> score_names{"UE", "ASA", "BR", "EV", "CO"};

/// Against all persons' segmentations; explained variation is of the 8-bit sRGB values.
inline ScoreRow score_row(const LabelMap& map, const Picture& photo, const std::vector<LabelMap>& truths) {
  const SuperpixelScores s =
      superpixel_scores(interleaved_view(photo.rgb.data(), photo.height, photo.width, 3), map, truths);
  return {s.undersegmentation_error, s.achievable_accuracy, s.boundary_recall, s.explained_variation,
          s.compactness};
}

/// Of labels row by row.
inline LabelMap label_map(int height, int width, const std::vector<std::int32_t>& labels) {
  return dht::label_map(plane_view(labels.data(), height, width));
}

}  // namespace dht::bench
