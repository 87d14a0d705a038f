// SPDX-License-Identifier: MIT
// Which classes were taken for which: counts, scores, and a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dht::examples {

/// Counts of (class, answer).
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::size_t classes) : classes_(classes), counts_(classes * classes, 0) {}

  void add(int truth, int answer, std::int64_t count = 1) {
    counts_[static_cast<std::size_t>(truth) * classes_ + static_cast<std::size_t>(answer)] += count;
  }

  std::size_t classes() const { return classes_; }
  std::int64_t count(std::size_t truth, std::size_t answer) const {
    return counts_[truth * classes_ + answer];
  }
  /// How many were of a class.
  std::int64_t of_class(std::size_t truth) const;
  std::int64_t total() const;

  /// The share of right answers; 0 where there is nothing.
  double accuracy() const;
  /// Intersection over union of what is of a class and what was taken for it, the mean over the classes that are one or the
  /// other; 0 where there is nothing.
  double mean_iou() const;

 private:
  std::size_t classes_;
  std::vector<std::int64_t> counts_;
};

/// An SVG picture: a row for each class, a column for each answer; the darker a field, the larger its share of the row.
std::string confusion_svg(const ConfusionMatrix& matrix, const std::vector<std::string>& classes,
                          const std::string& title);

}  // namespace dht::examples
