// SPDX-License-Identifier: MIT
// Optimisers: parameters, their gradients and a learning rate to new parameters. AdamW, and SGD with momentum.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {
namespace detail {

/// One number for each parameter, under the parameter's name behind a prefix.
template <class S>
class Moments {
 public:
  Moments(const ParameterList<S>& parameters, const std::string& prefix) {
    for (const Parameter<S>& p : parameters) {
      names_.push_back(prefix + p.name);
      shapes_.push_back(p.shape);
      values_.emplace_back(p.values.size(), S(0));
    }
  }

  std::vector<S>& operator[](std::size_t tensor) { return values_[tensor]; }

  /// Throws dht::Error unless these are the parameters that the moments were made for.
  void check_fit(const ParameterList<S>& parameters) const {
    DHT_EXPECTS(parameters.size() == values_.size(), "parameters: are ", parameters.size(),
                " tensors; the optimiser was made for ", values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i)
      DHT_EXPECTS(parameters[i].values.size() == values_[i].size(), "parameters: ", parameters[i].name,
                  " has ", parameters[i].values.size(), " numbers; the optimiser was made for ",
                  values_[i].size());
  }

  void append_to(ParameterList<S>& list) {
    for (std::size_t i = 0; i < values_.size(); ++i) list.push_back({names_[i], shapes_[i], values_[i]});
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<std::vector<S>> values_;
};

/// base^exponent by repeated squaring: the same bits everywhere, which std::pow does not promise.
inline double whole_power(double base, std::int64_t exponent) {
  double power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power *= base;
    base *= base;
  }
  return power;
}

inline void check_share(double value, const char* name) {
  DHT_EXPECTS(value >= 0 && value < 1, name, ": is ", value, "; must be at least 0 and below 1");
}

inline void check_not_negative(double value, const char* name) {
  DHT_EXPECTS(std::isfinite(value) && value >= 0, name, ": is ", value, "; must be at least 0 and finite");
}

}  // namespace detail

/// The constants of AdamW (Loshchilov and Hutter, 2019).
struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;  ///< how much of the first and second moment stays in each step
  double epsilon = 1e-8;              ///< added to the root of the second moment
  double weight_decay = 0.01;         ///< what a parameter loses in each step, times the learning rate
  /// Whether tensors of one dimension, biases and the weights of normalisations, decay too.
  bool decay_vectors = true;
};

/// Adam with bias correction, and a decay of the weights that does not go through the moments:
///
///     m = b1 m + (1 - b1) g     v = b2 v + (1 - b2) g^2     x = x - rate decay x - rate m' / (sqrt(v') + epsilon)
///
/// with m' = m / (1 - b1^t) and v' = v / (1 - b2^t) in step t = 1, 2, ... Numbers are computed in double and kept in S.
/// The same parameters and gradients give the same bits.
template <class S>
class AdamW {
 public:
  /// Moments of zero for parameters of these names and shapes. Throws dht::Error for constants out of range.
  explicit AdamW(const ParameterList<S>& parameters, const AdamWOptions& options = {})
      : options_(options), first_(parameters, "first_moment."), second_(parameters, "second_moment.") {
    detail::check_share(options.beta1, "beta1");
    detail::check_share(options.beta2, "beta2");
    detail::check_not_negative(options.weight_decay, "weight decay");
    DHT_EXPECTS(std::isfinite(options.epsilon) && options.epsilon > 0, "epsilon: is ", options.epsilon,
                "; must be above 0 and finite");
  }

  /// Changes the parameters. Both lists must have the names and shapes of the constructor's.
  void step(const ParameterList<S>& parameters, const ParameterList<S>& gradients, double learning_rate) {
    detail::check_not_negative(learning_rate, "learning rate");
    first_.check_fit(parameters);
    check_same_parameters(parameters, gradients, "gradients");
    ++steps_;
    const double first_share = 1 - detail::whole_power(options_.beta1, steps_),
                 second_share = 1 - detail::whole_power(options_.beta2, steps_);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter<S>& p = parameters[i];
      const double decay =
          p.shape.size() > 1 || options_.decay_vectors ? learning_rate * options_.weight_decay : 0;
      for (std::size_t j = 0; j < p.values.size(); ++j) {
        const double g = gradients[i].values[j], x = p.values[j];
        const double m = moment(first_[i][j], options_.beta1, g),
                     v = moment(second_[i][j], options_.beta2, g * g);
        const double direction = m / first_share / (std::sqrt(v / second_share) + options_.epsilon);
        p.values[j] = static_cast<S>(fma(-learning_rate, direction, fma(-decay, x, x)));
      }
    }
  }

  /// Both moments of every parameter, as a checkpoint keeps them beside `steps()`: they can be read and written.
  ParameterList<S> state() {
    ParameterList<S> list;
    first_.append_to(list);
    second_.append_to(list);
    return list;
  }

  /// How many steps were made.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) {
    DHT_EXPECTS(steps >= 0, "steps: is ", steps, "; must be at least 0");
    steps_ = steps;
  }

 private:
  // Rounded to S before it is used, so that a step after a resume sees what a step without one sees.
  static double moment(S& kept, double share, double value) {
    kept = static_cast<S>(fma(share, static_cast<double>(kept), (1 - share) * value));
    return kept;
  }

  AdamWOptions options_;
  detail::Moments<S> first_, second_;
  std::int64_t steps_ = 0;
};

/// The constants of SGD.
struct SgdOptions {
  double momentum = 0.9;    ///< how much of the last direction stays in each step
  double weight_decay = 0;  ///< so many times the parameter is added to its gradient
};

/// Stochastic gradient descent with momentum: v = momentum v + g + decay x, x = x - rate v.
template <class S>
class Sgd {
 public:
  explicit Sgd(const ParameterList<S>& parameters, const SgdOptions& options = {})
      : options_(options), velocity_(parameters, "velocity.") {
    detail::check_share(options.momentum, "momentum");
    detail::check_not_negative(options.weight_decay, "weight decay");
  }

  /// Changes the parameters. Both lists must have the names and shapes of the constructor's.
  void step(const ParameterList<S>& parameters, const ParameterList<S>& gradients, double learning_rate) {
    detail::check_not_negative(learning_rate, "learning rate");
    velocity_.check_fit(parameters);
    check_same_parameters(parameters, gradients, "gradients");
    ++steps_;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter<S>& p = parameters[i];
      for (std::size_t j = 0; j < p.values.size(); ++j) {
        const double x = p.values[j],
                     g = fma(options_.weight_decay, x, static_cast<double>(gradients[i].values[j]));
        S& v = velocity_[i][j];
        v = static_cast<S>(fma(options_.momentum, static_cast<double>(v), g));
        p.values[j] = static_cast<S>(fma(-learning_rate, static_cast<double>(v), x));
      }
    }
  }

  /// The velocity of every parameter, as a checkpoint keeps it beside `steps()`: it can be read and written.
  ParameterList<S> state() {
    ParameterList<S> list;
    velocity_.append_to(list);
    return list;
  }

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) {
    DHT_EXPECTS(steps >= 0, "steps: is ", steps, "; must be at least 0");
    steps_ = steps;
  }

 private:
  SgdOptions options_;
  detail::Moments<S> velocity_;
  std::int64_t steps_ = 0;
};

}  // namespace dht
