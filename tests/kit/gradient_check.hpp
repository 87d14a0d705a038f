// SPDX-License-Identifier: MIT
// Are these the gradients? Every way back of the library is compared with differences of its way forward.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/nn/parameters.hpp>

#include "kit/random.hpp"

namespace dht::test {

struct GradientCheckOptions {
  double step = 1e-2;       ///< first step of the differences, times max(1, |value|)
  double tolerance = 1e-7;  ///< an entry fails above this relative error
  /// Relative errors are parts of max(|analytic|, |numeric|, floor): below it, only the absolute error counts.
  double floor = 1e-3;
  std::size_t most_entries = 64;  ///< of one tensor; where it has more, so many of them are drawn
  std::uint64_t seed = 1;         ///< for drawing
};

/// An entry whose gradient is not what differences say.
struct GradientFault {
  std::string name;
  std::size_t index = 0;
  double analytic = 0, numeric = 0, error = 0;
};

struct GradientReport {
  std::size_t checked = 0;
  double largest_error = 0;
  std::vector<GradientFault> faults;

  bool good() const { return checked > 0 && faults.empty(); }

  /// The faults, a line each, for INFO.
  std::string table() const {
    std::ostringstream text;
    text << faults.size() << " of " << checked << " entries are wrong; largest relative error "
         << largest_error << '\n';
    if (faults.empty()) return text.str();
    std::size_t width = 4;
    for (const GradientFault& fault : faults) width = std::max(width, fault.name.size());
    const auto line = [&](const auto& name, const auto& index, const auto& analytic, const auto& numeric,
                          const auto& error) {
      text << std::left << std::setw(int(width)) << name << std::right << std::setw(8) << index
           << std::setw(20) << analytic << std::setw(20) << numeric << std::setw(12) << error << '\n';
    };
    line("name", "index", "analytic", "numeric", "error");
    for (const GradientFault& fault : faults) {
      text << std::setprecision(10);
      line(fault.name, fault.index, fault.analytic, fault.numeric, fault.error);
    }
    return text.str();
  }
};

/// The derivative of `function` at 0 by Ridders' method: central differences with smaller and smaller steps, extrapolated
/// to a step of 0; the extrapolation with the least change to its neighbours is taken.
template <class Function>
double derivative_at_zero(const Function& function, double step) {
  constexpr int rows = 8;
  constexpr double shrink = 1.6, worse = 2;
  std::array<std::array<double, rows>, rows> table{};
  const auto difference = [&](double h) { return (function(h) - function(-h)) / (2 * h); };
  double best = table[0][0] = difference(step), least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < rows; ++i) {
    step /= shrink;
    table[i][0] = difference(step);
    double factor = shrink * shrink;
    for (std::size_t j = 1; j <= i; ++j, factor *= shrink * shrink) {
      table[i][j] = (factor * table[i][j - 1] - table[i - 1][j - 1]) / (factor - 1);
      const double change =
          std::max(std::abs(table[i][j] - table[i][j - 1]), std::abs(table[i][j] - table[i - 1][j - 1]));
      if (change <= least) {
        least = change;
        best = table[i][j];
      }
    }
    // From here on rounding grows faster than the extrapolation gains.
    if (std::abs(table[i][i] - table[i - 1][i - 1]) >= worse * least) break;
  }
  return best;
}

/// Indices of the entries to look at, ascending: all, or `most` that are drawn.
inline std::vector<std::size_t> drawn_entries(std::size_t size, std::size_t most, Random& random) {
  std::vector<std::size_t> entries(size);
  std::iota(entries.begin(), entries.end(), std::size_t{0});
  if (size <= most) return entries;
  for (std::size_t i = 0; i < most; ++i)
    std::swap(entries[i], entries[i + std::size_t(random.below(int(size - i)))]);
  entries.resize(most);
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// The largest number of all: what a floor is a share of where the scale of the gradients is not known before.
inline double largest_entry(const ParameterList<double>& list) {
  double largest = 0;
  for (const auto& tensor : list)
    for (const double value : tensor.values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// Compares `gradients` with differences of `loss()`, a function of `values`, which are changed one entry at a time and
/// put back. The loss is a number that the caller makes of all outputs, such as their product with fixed random weights:
/// it reaches each of them. It must be smooth: choices (who merges with whom, which token a pixel belongs to) are constants
/// of the gradient, so the caller computes them once before and holds them fixed while differences are taken.
template <class Loss>
GradientReport check_gradients(const Loss& loss, const ParameterList<double>& values,
                               const ParameterList<double>& gradients,
                               const GradientCheckOptions& options = {}) {
  check_same_parameters(values, gradients, "gradients");
  GradientReport report;
  Random random(options.seed);
  for (std::size_t tensor = 0; tensor < values.size(); ++tensor) {
    for (const std::size_t i : drawn_entries(values[tensor].values.size(), options.most_entries, random)) {
      double& value = values[tensor].values[i];
      const double before = value, analytic = gradients[tensor].values[i];
      const double numeric = derivative_at_zero(
          [&](double h) {
            value = before + h;
            return loss();
          },
          options.step * std::max(1.0, std::abs(before)));
      value = before;
      const double error =
          std::abs(analytic - numeric) / std::max({std::abs(analytic), std::abs(numeric), options.floor});
      ++report.checked;
      if (error <= options.tolerance) {
        report.largest_error = std::max(report.largest_error, error);
      } else {  // or not a number
        report.largest_error = std::isnan(error) ? error : std::max(report.largest_error, error);
        report.faults.push_back({values[tensor].name, i, analytic, numeric, error});
      }
    }
  }
  return report;
}

}  // namespace dht::test
