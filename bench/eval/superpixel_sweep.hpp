// SPDX-License-Identifier: MIT
// Scores of a method at a given number of regions, though most methods do not give the number that they are asked for:
// the settings nearest to it are found for each image, and the scores between them are interpolated.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <map>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>

#include "judged_photo.hpp"
#include "superpixel_methods.hpp"
#include "superpixel_scores.hpp"

namespace dht::bench {

/// What came out at one setting.
struct SuperpixelRun {
  LabelMap map;
  std::int32_t components = 0;
  ScoreRow scores{};
  double milliseconds = 0;  ///< processor time from the photo to the labels
};

/// What is said of a method, an image and a number of regions.
struct ScoresAtCount {
  const SuperpixelRun* nearest = nullptr;  ///< what a user would take; as long as the sweep lives
  ScoreRow scores{};                       ///< at the number itself
  bool interpolated = false, reached = true;
};

/// One method on one image at several numbers of regions. Each setting runs once.
class SuperpixelSweep {
 public:
  SuperpixelSweep(const SuperpixelMethod& method, const JudgedPhoto& photo, int most)
      : method_(method),
        photo_(photo),
        settings_(method.settings(photo.photo.height, photo.photo.width, most)) {
    DHT_EXPECTS(!settings_.empty(), photo.name, ": is too small for ", method.name);
  }

  ScoresAtCount at(int count) {
    bracket(count);
    return interpolate(count);
  }

 private:
  /// Runs settings until two neighbouring ones are found with fewer and more regions than asked for, or one that hits.
  void bracket(int count) {
    int below = -1, above = static_cast<int>(settings_.size());
    int at = position_of(count);
    while (above - below > 1) {
      at = std::clamp(at, below + 1, above - 1);
      const std::int32_t found = run(at).map.count();
      if (found == count) return;
      (found < count ? below : above) = at;
      at = position_of(settings_[static_cast<std::size_t>(at)].expected * count / found);
    }
  }

  /// Where the expected number is nearest, as a ratio.
  int position_of(double expected) const {
    const auto distance = [&](const CountSetting& s) { return std::abs(std::log(s.expected / expected)); };
    const auto best = std::min_element(settings_.begin(), settings_.end(), [&](const auto& a, const auto& b) {
      return distance(a) < distance(b);
    });
    return static_cast<int>(best - settings_.begin());
  }

  const SuperpixelRun& run(int position) {
    const auto found = runs_.find(position);
    if (found != runs_.end()) return found->second;
    const int height = photo_.photo.height, width = photo_.photo.width;
    const std::clock_t begin = std::clock();
    const auto labels = method_.segment(photo_.photo, settings_[static_cast<std::size_t>(position)].value);
    SuperpixelRun result;
    result.milliseconds = 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    result.map = label_map(height, width, labels);
    result.components = connected_components(result.map);
    result.scores = score_row(result.map, photo_.photo, photo_.truths);
    return runs_.emplace(position, std::move(result)).first->second;
  }

  /// Linear in the logarithm of the number between the nearest runs with not more and not fewer regions.
  ScoresAtCount interpolate(int count) const {
    const SuperpixelRun *low = nullptr, *high = nullptr;
    for (const auto& [position, run] : runs_) {
      const std::int32_t n = run.map.count();
      if (n <= count && (low == nullptr || n > low->map.count())) low = &run;
      if (n >= count && (high == nullptr || n < high->map.count())) high = &run;
    }
    if (low == nullptr || high == nullptr) {
      const SuperpixelRun* only = low != nullptr ? low : high;
      return {only, only->scores, false, false};
    }
    if (low->map.count() == count) return {low, low->scores, false, true};
    const double from_low = std::log(double(count) / low->map.count()),
                 to_high = std::log(double(high->map.count()) / count),
                 share = from_low / (from_low + to_high);
    ScoresAtCount result{from_low < to_high ? low : high, {}, true, true};
    for (std::size_t i = 0; i < result.scores.size(); ++i)
      result.scores[i] = low->scores[i] + share * (high->scores[i] - low->scores[i]);
    return result;
  }

  const SuperpixelMethod& method_;
  const JudgedPhoto& photo_;
  std::vector<CountSetting> settings_;
  std::map<int, SuperpixelRun> runs_;
};

}  // namespace dht::bench
