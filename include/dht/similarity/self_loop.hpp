// SPDX-License-Identifier: MIT
// How much a region would rather stay as it is: the similarity of its self-loop (method, section 3).
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

/// A self-loop whose weights lie in somebody else's memory, of a device perhaps: the arithmetic of `SelfLoop`.
template <class S>
struct SelfLoopView {
  const S* weight;  ///< of each variance
  S bias, constant;
  bool is_constant;

  DHT_HOST_DEVICE DHT_INLINE S add(S sum, int channel, S variance) const {
    return fma(weight[channel], variance, sum);
  }
  DHT_HOST_DEVICE DHT_INLINE S value(S sum) const { return select(is_constant, constant, sigmoid(sum)); }
  DHT_HOST_DEVICE DHT_INLINE S gradient(S sum) const {
    const S s = sigmoid(sum);
    return is_constant ? S(0) : s * (1 - s);
  }
};

/// sigmoid(weight . variance + bias), a learned map of a region's d variances; or a constant, where nothing was learned.
template <class S>
struct SelfLoop {
  std::vector<S> weight;  ///< d numbers, or empty for a constant
  S bias = 0;

  /// A self-loop whose similarity is always `similarity`, in [0, 1].
  static SelfLoop constant(double similarity) {
    DHT_EXPECTS(similarity >= 0 && similarity <= 1, "self-loop: is ", similarity,
                "; must be between 0 and 1");
    SelfLoop loop;
    loop.constant_ = static_cast<S>(similarity);
    return loop;
  }

  bool is_constant() const { return weight.empty(); }

  /// With weights at another place, such as a copy on a device.
  SelfLoopView<S> view(const S* weights) const { return {weights, bias, constant_, is_constant()}; }
  SelfLoopView<S> view() const { return view(weight.data()); }

  /// The sum begins at `bias`, takes in the d variances one by one, and ends as a similarity.
  DHT_INLINE S add(S sum, int channel, S variance) const { return view().add(sum, channel, variance); }
  DHT_INLINE S value(S sum) const { return view().value(sum); }

  /// d value / d sum
  DHT_INLINE S gradient(S sum) const { return view().gradient(sum); }

 private:
  // Low enough that specks of a few pixels do not outlive the large regions around them, which would spend a budget of
  // tokens on them: of 196 tokens of the drawn sample picture 14 have fewer than 20 pixels, with 0.5 it is 137.
  S constant_ = static_cast<S>(0.1);
};

/// The gradient of a self-loop, zero.
template <class S>
SelfLoop<S> zero_gradient(SelfLoop<S> loop) {
  loop.weight.assign(loop.weight.size(), S(0));
  loop.bias = 0;
  return loop;
}

/// Adds one gradient of a self-loop to another. Throws dht::Error where they are of different numbers of variances.
template <class S>
void add_gradient(const SelfLoop<S>& gradient, SelfLoop<S>& to) {
  DHT_EXPECTS(to.weight.size() == gradient.weight.size(), "gradient of the self-loop: is of ",
              to.weight.size(), " variances; must be of ", gradient.weight.size());
  for (std::size_t c = 0; c < to.weight.size(); ++c) to.weight[c] += gradient.weight[c];
  to.bias += gradient.bias;
}

/// What is learned of a self-loop, under its names in checkpoints; nothing of a constant.
template <class S>
ParameterList<S> parameters(SelfLoop<S>& loop, const std::string& prefix = "varproj.") {
  if (loop.is_constant()) return {};
  return {{prefix + "weight", {1, static_cast<std::int64_t>(loop.weight.size())}, loop.weight},
          {prefix + "bias", {1}, {&loop.bias, 1}}};
}

}  // namespace dht
