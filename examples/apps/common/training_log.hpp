// SPDX-License-Identifier: MIT
// What was measured in each step of a training: as a table (CSV) and as curves (SVG).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dht::examples {

/// A table of numbers with a name for each column. A cell that is not a number is empty.
class TrainingLog {
 public:
  explicit TrainingLog(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t rows() const { return numbers_.size() / columns_.size(); }
  double cell(std::size_t row, std::size_t column) const { return numbers_[row * columns_.size() + column]; }

  /// A row with one number a column.
  void add(const std::vector<double>& row);

  /// All numbers, row after row, as a checkpoint keeps them.
  const std::vector<double>& numbers() const { return numbers_; }
  /// Throws dht::Error unless they are whole rows.
  void set_numbers(std::vector<double> numbers);

  /// The table, numbers in as few digits as tell them apart.
  std::string csv() const;

 private:
  std::vector<std::string> columns_;
  std::vector<double> numbers_;
};

/// Points to be joined.
struct Curve {
  std::string name;
  std::vector<double> x, y;
};

/// Curves over the same axes.
struct Chart {
  std::string title, x_label, y_label;
  std::vector<Curve> curves;  ///< points that are not numbers are left out
};

/// The charts below each other, as an SVG picture on white.
std::string charts_svg(const std::vector<Chart>& charts);

/// The column `y` over the column `x`: rows where both have a number, and of more than `most` such rows the means of as many
/// equal parts.
Curve curve_of(const TrainingLog& log, const std::string& x, const std::string& y, std::size_t most = 300);

/// About `count` round numbers from `low` to `high`, ascending: multiples of 1, 2 or 5 times a power of ten.
std::vector<double> round_numbers(double low, double high, int count);

}  // namespace dht::examples
