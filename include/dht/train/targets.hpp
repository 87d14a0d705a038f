// SPDX-License-Identifier: MIT
// What tokens and images should answer, as shares of classes (method, section 10): from label maps that people drew, and
// from one class an image.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/regions/tokens.hpp>

namespace dht {

/// The class of every pixel of a batch, 0 to classes - 1; -1 where nobody knows. One channel; see `planar_view`.
using ClassMaps = ImageView<const std::int32_t>;

namespace detail {

/// Throws dht::Error for a class that is none.
inline void check_class(std::int32_t value, int classes, int b, int y, int x) {
  DHT_EXPECTS(value >= -1 && value < classes, "class maps: have class ", value, " at image ", b, ", row ", y,
              ", column ", x, "; must be below ", classes, ", or -1");
}

inline void check_classes(int classes) {
  DHT_EXPECTS(classes >= 1, "classes: are ", classes, "; must be at least 1");
}

}  // namespace detail

/// Soft targets, tokens x classes: how far each token is one with each class, |token and class| / |token or class|, the
/// class's area being that in the token's image; then normalised to sum 1. A token of whose pixels nothing is known gets
/// zeros. Throws dht::Error when the maps have another size than the tokens' images.
template <class S>
Buffer<S> soft_targets(const Tokens<S>& tokens, const ClassMaps& maps, int classes) {
  check(maps, "class maps");
  detail::check_classes(classes);
  DHT_EXPECTS(maps.batch == tokens.batch && maps.height == tokens.height && maps.width == tokens.width,
              "class maps: are ", maps.batch, " x ", maps.height, " x ", maps.width, "; the tokens are of ",
              tokens.batch, " x ", tokens.height, " x ", tokens.width);
  const auto k = static_cast<std::size_t>(classes);
  std::vector<std::int32_t> common(static_cast<std::size_t>(tokens.count()) * k, 0), area(k);
  Buffer<S> out(common.size());
  for (int b = 0; b < maps.batch; ++b) {
    area.assign(k, 0);
    const LabelView labels = tokens.labels(b);
    for (int y = 0; y < maps.height; ++y) {
      for (int x = 0; x < maps.width; ++x) {
        const std::int32_t value = maps(b, 0, y, x);
        detail::check_class(value, classes, b, y, x);
        if (value < 0) continue;
        ++area[static_cast<std::size_t>(value)];
        if (labels(y, x) >= 0)
          ++common[static_cast<std::size_t>(labels(y, x)) * k + static_cast<std::size_t>(value)];
      }
    }
    for (auto token = static_cast<std::size_t>(tokens.begin[static_cast<std::size_t>(b)]);
         token < static_cast<std::size_t>(tokens.begin[static_cast<std::size_t>(b) + 1]); ++token) {
      const auto overlap = [&](std::size_t c) {
        const double both = common[token * k + c];
        return both == 0 ? 0 : both / (tokens.size[token] + area[c] - both);
      };
      double sum = 0;
      for (std::size_t c = 0; c < k; ++c) sum += overlap(c);
      for (std::size_t c = 0; c < k; ++c)
        out[token * k + c] = sum == 0 ? S(0) : static_cast<S>(overlap(c) / sum);
    }
  }
  return out;
}

/// Targets of whole images, batch x classes: the share of each class's pixels to the power of `temperature`, normalised
/// to sum 1; zeros where nothing is known of an image.
template <class S>
Buffer<S> image_targets(const ClassMaps& maps, int classes, double temperature = 0.25) {
  check(maps, "class maps");
  detail::check_classes(classes);
  DHT_EXPECTS(temperature > 0, "temperature: is ", temperature, "; must be above 0");
  Buffer<S> out;
  for (int b = 0; b < maps.batch; ++b) {
    std::vector<double> share(static_cast<std::size_t>(classes), 0.0);
    for (int y = 0; y < maps.height; ++y) {
      for (int x = 0; x < maps.width; ++x) {
        const std::int32_t value = maps(b, 0, y, x);
        detail::check_class(value, classes, b, y, x);
        if (value >= 0) share[static_cast<std::size_t>(value)] += 1;
      }
    }
    double sum = 0;
    for (double& s : share) sum += s = std::pow(s / static_cast<double>(maps.pixels()), temperature);
    for (const double s : share) out.push_back(sum == 0 ? S(0) : static_cast<S>(s / sum));
  }
  return out;
}

/// Targets of images of one class each, images x classes: 1 - smoothing for the class, and `smoothing` divided among all.
template <class S>
Buffer<S> class_targets(std::span<const std::int32_t> of_image, int classes, double smoothing = 0) {
  detail::check_classes(classes);
  DHT_EXPECTS(smoothing >= 0 && smoothing < 1, "smoothing: is ", smoothing,
              "; must be at least 0 and below 1");
  Buffer<S> out(of_image.size() * static_cast<std::size_t>(classes), static_cast<S>(smoothing / classes));
  for (std::size_t i = 0; i < of_image.size(); ++i) {
    DHT_EXPECTS(of_image[i] >= 0 && of_image[i] < classes, "class: is ", of_image[i], " for image ", i,
                "; must be 0 to ", classes - 1);
    out[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(of_image[i])] +=
        static_cast<S>(1 - smoothing);
  }
  return out;
}

}  // namespace dht
