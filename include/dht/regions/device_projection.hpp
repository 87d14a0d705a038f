// SPDX-License-Identifier: MIT
// Token features back in image space, the image that carries them, and the way back of both, on a device (method, section
// 6). Sums over a token's pixels are taken in double, in raster order, as on the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/sample.hpp>
#include <dht/nn/linear.hpp>
#include <dht/regions/device_tokens.hpp>

namespace dht {

/// W on a device, and scratch memory of its gradients, kept for the next call.
template <class S>
struct DeviceProjectionWorkspace {
  DeviceBuffer<S> weight, bias;
  DeviceBuffer<double> sums;
  DeviceBuffer<S> mean;
};

/// Token features in image space, tokens x channels: g = W f* + b. Each number is one chain of fused additions over the
/// features, with the bias added at the end; the host adds in double, so that last bits may differ.
template <class S>
OnDevice<MatrixView<const S>> project(const backend::Thrust& backend, const DeviceTokens<S>& tokens,
                                      const Linear<S>& map, DeviceBuffer<S>& out,
                                      DeviceProjectionWorkspace<S>& w) {
  DHT_EXPECTS(map.inputs == tokens.features, "linear map: takes ", map.inputs, " numbers; the tokens have ",
              tokens.features, " features");
  const S* const weight =
      backend.upload(map.weight.data(), static_cast<std::int64_t>(map.weight.size()), w.weight);
  const S* const bias = backend.upload(map.bias.data(), static_cast<std::int64_t>(map.bias.size()), w.bias);
  const int inputs = map.inputs, outputs = map.outputs;
  const std::int64_t n = std::int64_t{tokens.count()} * outputs;
  S* const to = backend.resize(out, n, detail::roomy(n));
  const S* const feature = tokens.feature.data();
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t t = i / outputs, o = i % outputs;
    S sum = 0;
    for (int c = 0; c < inputs; ++c) sum = fma(feature[t * inputs + c], weight[o * inputs + c], sum);
    to[i] = sum + bias[o];
  });
  return on_device(MatrixView<const S>{to, tokens.count(), outputs});
}

/// From the gradient of `project`, tokens x channels, to the map, where it is added, and to the token features, tokens x
/// features: the result. Waits for the device.
template <class S>
OnDevice<MatrixView<const S>> backward_project(const backend::Thrust& backend, const DeviceTokens<S>& tokens,
                                               const Linear<S>& map,
                                               const OnDevice<MatrixView<const S>>& grad_out,
                                               Linear<S>& gradients, DeviceBuffer<S>& grad_feature,
                                               DeviceProjectionWorkspace<S>& w) {
  const int inputs = map.inputs, outputs = map.outputs, each = inputs + 1;  // weights, and the bias
  const std::int64_t count = tokens.count();
  DHT_EXPECTS(grad_out.view().rows == count && grad_out.view().columns == outputs, "gradient of y: is ",
              grad_out.view().rows, " x ", grad_out.view().columns, "; must be ", count, " x ", outputs);
  DHT_EXPECTS(gradients.weight.size() == map.weight.size() && gradients.bias.size() == map.bias.size(),
              "gradients: are of a map from ", gradients.inputs, " to ", gradients.outputs, "; must be from ",
              inputs, " to ", outputs);
  const S* const weight =
      backend.upload(map.weight.data(), static_cast<std::int64_t>(map.weight.size()), w.weight);
  const S *const upstream = grad_out.view().data, *const feature = tokens.feature.data();
  S* const to = backend.resize(grad_feature, count * inputs, detail::roomy(count) * inputs);
  backend.launch(count * inputs, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t t = i / inputs, c = i % inputs;
    S sum = 0;
    for (int o = 0; o < outputs; ++o) sum = fma(upstream[t * outputs + o], weight[o * inputs + c], sum);
    to[i] = sum;
  });
  // Blocks of tokens, then all blocks, always in the same order.
  constexpr std::int64_t block = 256;
  const std::int64_t blocks = (count + block - 1) / block, numbers = std::int64_t{outputs} * each;
  double* const sums = backend.resize(w.sums, (blocks + 1) * numbers, detail::roomy(blocks) * numbers);
  backend.launch(blocks * numbers, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t b = i / numbers, o = i % numbers / each, c = i % each,
                       end = (b + 1) * block < count ? (b + 1) * block : count;
    double sum = 0;
    for (std::int64_t t = b * block; t < end; ++t)
      sum = fma(static_cast<double>(upstream[t * outputs + o]),
                c < inputs ? static_cast<double>(feature[t * inputs + c]) : 1.0, sum);
    sums[i] = sum;
  });
  double* const total = sums + blocks * numbers;
  backend.launch(numbers, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    total[i] = 0;
    for (std::int64_t b = 0; b < blocks; ++b) total[i] += sums[b * numbers + i];
  });
  std::vector<double> result(static_cast<std::size_t>(numbers));
  backend.download(total, numbers, result.data());
  for (int o = 0; o < outputs; ++o) {
    const double* const row = result.data() + std::int64_t{o} * each;
    for (int c = 0; c < inputs; ++c)
      gradients.weight[static_cast<std::size_t>(o * inputs + c)] += static_cast<S>(row[c]);
    gradients.bias[static_cast<std::size_t>(o)] += static_cast<S>(row[inputs]);
  }
  return on_device(MatrixView<const S>{to, count, inputs});
}

/// Mean of an image over each token, tokens x channels, every pixel counting the same.
template <class S, class P>
OnDevice<MatrixView<const S>> mean_over_tokens(const backend::Thrust& backend,
                                               const OnDevice<ImageView<P>>& image,
                                               const DeviceTokens<S>& tokens, DeviceBuffer<S>& out) {
  const ImageView<P> view = image.view();
  DHT_EXPECTS(view.batch == tokens.batch && view.height == tokens.height && view.width == tokens.width,
              "image: is ", view.batch, " x ", view.height, " x ", view.width, "; the tokens are of ",
              tokens.batch, " x ", tokens.height, " x ", tokens.width);
  const std::int64_t n = std::int64_t{tokens.count()} * view.channels;
  const std::int32_t *const begin = tokens.members.begin.data(), *const member = tokens.members.member.data();
  S* const mean = backend.resize(out, n, detail::roomy(n));
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t t = i / view.channels;
    const int c = static_cast<int>(i % view.channels);
    double sum = 0;
    for (std::int32_t k = begin[t]; k < begin[t + 1]; ++k) {
      const std::int32_t p = member[k];
      sum += static_cast<double>(
          view(static_cast<int>(p / view.pixels()), c, p / view.width % view.height, p % view.width));
    }
    mean[i] = static_cast<S>(sum * sample_unit<P>() / (begin[t + 1] - begin[t]));
  });
  return on_device(MatrixView<const S>{mean, tokens.count(), view.channels});
}

/// Mean injection: x(p) + g(token of p) - mean of x over the token of p, as planes (batch, channels, height, width).
template <class S, class P>
OnDevice<ImageView<const S>> inject_means(const backend::Thrust& backend, const OnDevice<ImageView<P>>& image,
                                          const DeviceTokens<S>& tokens,
                                          const OnDevice<MatrixView<const S>>& token_features,
                                          DeviceBuffer<S>& out, DeviceProjectionWorkspace<S>& w) {
  const S* const mean = mean_over_tokens(backend, image, tokens, w.mean).view().data;
  const ImageView<P> view = image.view();
  DHT_EXPECTS(token_features.view().rows == tokens.count() && token_features.view().columns == view.channels,
              "token features: are ", token_features.view().rows, " x ", token_features.view().columns,
              "; must be ", tokens.count(), " x ", view.channels);
  const S* const g = token_features.view().data;
  const std::int32_t* const labels = tokens.partition.labels.data();
  S* const to = backend.resize(out, view.total_pixels() * view.channels);
  backend.launch(view.total_pixels() * view.channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t plane = i / view.pixels(), place = i % view.pixels(), b = plane / view.channels;
    const int c = static_cast<int>(plane % view.channels);
    const S value =
        static_cast<S>(static_cast<double>(view(static_cast<int>(b), c, static_cast<int>(place / view.width),
                                                static_cast<int>(place % view.width))) *
                       sample_unit<P>());
    const std::int64_t k = std::int64_t{labels[b * view.pixels() + place]} * view.channels + c;
    to[i] = value + (g[k] - mean[k]);
  });
  return on_device(
      ImageView<const S>(planar_view<const S>(to, view.batch, view.channels, view.height, view.width)));
}

/// From the gradient of `inject_means`, planes, to the image, where it overwrites `grad_image`, and to the token features,
/// tokens x channels: the result.
template <class S>
OnDevice<MatrixView<const S>> backward_inject_means(const backend::Thrust& backend,
                                                    const DeviceTokens<S>& tokens, int channels,
                                                    const OnDevice<ImageView<const S>>& grad_injected,
                                                    const OnDevice<ImageView<S>>& grad_image,
                                                    DeviceBuffer<S>& grad_features,
                                                    DeviceProjectionWorkspace<S>& w) {
  const std::int64_t n = std::int64_t{tokens.count()} * channels,
                     pixels = std::int64_t{tokens.height} * tokens.width;
  const std::int32_t *const begin = tokens.members.begin.data(), *const member = tokens.members.member.data(),
                            *const labels = tokens.partition.labels.data();
  const ImageView<const S> from = grad_injected.view();
  const ImageView<S> image = grad_image.view();
  double* const sums = backend.resize(w.sums, n, detail::roomy(n));
  S* const to = backend.resize(grad_features, n, detail::roomy(n));
  backend.launch(n, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t t = i / channels;
    double sum = 0;
    for (std::int32_t k = begin[t]; k < begin[t + 1]; ++k) {
      const std::int32_t p = member[k];
      sum += static_cast<double>(from(static_cast<int>(p / pixels), static_cast<int>(i % channels),
                                      p / from.width % from.height, p % from.width));
    }
    sums[i] = sum;
    to[i] = static_cast<S>(sum);
  });
  backend.launch(tokens.batch * pixels * channels, [=] DHT_DEVICE(std::int64_t i) DHT_DEVICE_INLINE {
    const std::int64_t plane = i / pixels, place = i % pixels, b = plane / channels;
    const int c = static_cast<int>(plane % channels), y = static_cast<int>(place / from.width),
              x = static_cast<int>(place % from.width);
    const std::int64_t t = labels[b * pixels + place];
    const double mean = sums[t * channels + c] / (begin[t + 1] - begin[t]);
    image(static_cast<int>(b), c, y, x) =
        static_cast<S>(static_cast<double>(from(static_cast<int>(b), c, y, x)) - mean);
  });
  return on_device(MatrixView<const S>{to, tokens.count(), channels});
}

}  // namespace dht
