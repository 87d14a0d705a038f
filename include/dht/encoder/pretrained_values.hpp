#pragma once
namespace dht::detail {
inline constexpr int pretrained_channels = 3, pretrained_features = 8;
inline constexpr float pretrained_values[1699] = {};
}
