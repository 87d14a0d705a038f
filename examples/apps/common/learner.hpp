// SPDX-License-Identifier: MIT
// What a program trains, as the loop of a training sees it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/io/safetensors.hpp>
#include <dht/nn/parameters.hpp>

#include "training_log.hpp"

namespace dht::examples {

/// Settings on which a result depends, as a user knows them, with their values as text.
using TrainingSettings = std::vector<std::pair<std::string, std::string>>;

/// Parameters with their gradients, and how fast they learn: `rate` times the learning rate of the step.
struct ParameterGroup {
  ParameterList<float> parameters, gradients;
  double rate = 1;
};

/// What the loop knows of a step that was made. Before the first step, all but `step` are not numbers.
struct StepFigures {
  std::int64_t step = 0;  ///< steps that were made
  double rate = 0;        ///< learning rate
  double norm = 0;        ///< of the gradient, before it was clipped
};

/// A model, its data and its loss. Everything that is drawn must be a function of seed and step, so that an interrupted
/// training can go on.
class Learner {
 public:
  virtual ~Learner() = default;

  /// All that a step changes by gradients; the same tensors each time.
  virtual std::vector<ParameterGroup> groups() = 0;
  /// All that a step changes in other ways.
  virtual ParameterList<float> statistics() { return {}; }
  /// Adds parameters, statistics and what others need to use them. A checkpoint holds this and more.
  virtual void add_to(SafeTensorsWriter& writer) = 0;
  /// Names of the tensors of `add_to` that no step changes.
  virtual std::vector<std::string> fixed_tensors() { return {}; }
  /// Settings of its own.
  virtual TrainingSettings settings() = 0;

  /// The loss of the batch of a step, counted from 0, and its gradient in `groups()`.
  virtual double learn(std::int64_t step) = 0;
  /// Which picture of that batch to name where its loss or gradient is not finite, and its loss.
  virtual std::string worst() const = 0;
  /// After the optimiser's step.
  virtual void update_statistics() {}
  /// Whether there is something to look at that is not learned.
  virtual bool validates() const = 0;
  /// Looks at it, by `--validate-every`, and before the first step.
  virtual void validate() = 0;

  /// Names of the log's columns; "step" is the first.
  virtual std::vector<std::string> columns() const = 0;
  /// A row of the log, `is_validated` where it is the step's turn.
  virtual std::vector<double> row(const StepFigures& figures, bool is_validated) const = 0;
  /// What there is to say of the last step, as in "loss 0.5".
  virtual std::string step_text() const = 0;
  /// What there is to say of the last validation; empty without any.
  virtual std::string validation_text() const = 0;
  virtual std::vector<Chart> charts(const TrainingLog& log) const = 0;

  /// Before the first step: says what is there to learn from, in whole lines.
  virtual std::string introduction() = 0;
};

}  // namespace dht::examples
