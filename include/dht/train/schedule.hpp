// SPDX-License-Identifier: MIT
// The learning rate of every step: a straight way up, then half a cosine down to a floor.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include <dht/core/error.hpp>

namespace dht {

/// A pure function of the step, 0 being the first: (step + 1) / warm_up of the peak while warming up; then
///
///     floor + (peak - floor) (1 + cos(pi t)) / 2,   t = (step - warm_up) / (steps - warm_up),
///
/// so that the first step after the warm-up has the peak, and from step `steps` on it is the floor.
class CosineSchedule {
 public:
  /// Throws dht::Error unless 0 <= floor <= peak, peak finite, and 0 <= warm_up <= steps.
  CosineSchedule(double peak, std::int64_t steps, std::int64_t warm_up = 0, double floor = 0)
      : peak_(peak), floor_(floor), steps_(steps), warm_up_(warm_up) {
    DHT_EXPECTS(std::isfinite(peak) && peak >= 0, "peak: is ", peak, "; must be at least 0 and finite");
    DHT_EXPECTS(floor >= 0 && floor <= peak, "floor: is ", floor, "; must be 0 to ", peak, ", the peak");
    DHT_EXPECTS(steps >= 0, "steps: is ", steps, "; must be at least 0");
    DHT_EXPECTS(warm_up >= 0 && warm_up <= steps, "warm-up: is ", warm_up, "; must be 0 to ", steps,
                ", the number of steps");
  }

  double operator()(std::int64_t step) const {
    DHT_EXPECTS(step >= 0, "step: is ", step, "; must be at least 0");
    if (step < warm_up_) return peak_ * static_cast<double>(step + 1) / static_cast<double>(warm_up_);
    if (step >= steps_) return floor_;
    const double t = static_cast<double>(step - warm_up_) / static_cast<double>(steps_ - warm_up_);
    return floor_ + (peak_ - floor_) * (1 + std::cos(std::numbers::pi * t)) / 2;
  }

 private:
  double peak_, floor_;
  std::int64_t steps_, warm_up_;
};

}  // namespace dht
