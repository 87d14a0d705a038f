// SPDX-License-Identifier: MIT
// Which classes were taken for which, in a segmentation into classes or of whole images: counts, accuracy, intersection over
// union.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/view.hpp>

namespace dht {

/// Counts of (true class, predicted class).
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::size_t classes) : classes_(classes), counts_(classes * classes, 0) {
    DHT_EXPECTS(classes > 0, "classes: are ", classes, "; must be at least 1");
  }

  /// Throws for what is no class.
  void add(std::int32_t truth, std::int32_t prediction, std::int64_t count = 1) {
    counts_[index("truth", truth) * classes_ + index("prediction", prediction)] += count;
  }

  /// Every pixel of two maps of classes; those whose truth is -1 count nowhere. Throws for maps of different sizes,
  /// and without memory.
  void add(LabelView truth, LabelView prediction) {
    DHT_EXPECTS(truth.height == prediction.height && truth.width == prediction.width, "prediction: is ",
                prediction.height, " x ", prediction.width, "; must be ", truth.height, " x ", truth.width,
                " like the truth");
    detail::check_memory(truth);
    detail::check_memory(prediction);
    for (int y = 0; y < truth.height; ++y)
      for (int x = 0; x < truth.width; ++x)
        if (truth(y, x) != -1) add(truth(y, x), prediction(y, x));
  }

  std::size_t classes() const { return classes_; }
  std::int64_t count(std::size_t truth, std::size_t prediction) const {
    return counts_[truth * classes_ + prediction];
  }
  /// How many were of a class.
  std::int64_t of_class(std::size_t truth) const {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < classes_; ++c) sum += count(truth, c);
    return sum;
  }
  /// How many were taken for a class.
  std::int64_t predicted(std::size_t prediction) const {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < classes_; ++c) sum += count(c, prediction);
    return sum;
  }
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const std::int64_t n : counts_) sum += n;
    return sum;
  }

  /// The share of right predictions; 0 where there is nothing.
  double accuracy() const {
    std::int64_t right = 0;
    for (std::size_t c = 0; c < classes_; ++c) right += count(c, c);
    return total() == 0 ? 0 : static_cast<double>(right) / static_cast<double>(total());
  }
  /// Intersection over union of what is of a class and what was taken for it; NaN for a class that is neither.
  double iou(std::size_t c) const {
    const std::int64_t together = of_class(c) + predicted(c) - count(c, c);
    if (together == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(count(c, c)) / static_cast<double>(together);
  }
  /// Its mean over the classes that are one or the other; 0 where there is nothing.
  double mean_iou() const {
    double sum = 0;
    int present = 0;
    for (std::size_t c = 0; c < classes_; ++c) {
      if (of_class(c) + predicted(c) == 0) continue;
      sum += iou(c);
      ++present;
    }
    return present == 0 ? 0 : sum / present;
  }

 private:
  std::size_t index(const char* name, std::int32_t c) const {
    DHT_EXPECTS(c >= 0 && static_cast<std::size_t>(c) < classes_, name, ": is ", c, "; must be 0 to ",
                classes_ - 1);
    return static_cast<std::size_t>(c);
  }

  std::size_t classes_;
  std::vector<std::int64_t> counts_;
};

}  // namespace dht
