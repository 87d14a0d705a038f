// SPDX-License-Identifier: MIT
// What the tests of golden figures share: finding the files, their notes, and how far numbers are from theirs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/io/safetensors.hpp>

#include "kit/catch.hpp"
#include "kit/folders.hpp"

namespace dht::test {

/// The figure files whose names begin so, in DHT_GOLDEN or in the folder that belongs to the tests.
inline std::vector<std::filesystem::path> figures(const std::string& prefix) {
  const char* folder = std::getenv("DHT_GOLDEN");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder ? folder : golden_folder())) {
    const auto& path = entry.path();
    if (path.extension() == ".safetensors" && path.filename().string().starts_with(prefix))
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// A note of a file's metadata.
inline const std::string& note(const dht::SafeTensors& file, const std::string& name) {
  const auto found = file.metadata().find(name);
  if (found == file.metadata().end()) throw dht::Error(file.file() + ": has no metadata \"" + name + "\"");
  return found->second;
}

/// The largest difference, relative to the wanted value or, near zero, to `floor`.
template <class A>
double worst(const A& found, const std::vector<double>& wanted, double floor) {
  REQUIRE(static_cast<std::size_t>(found.size()) == wanted.size());
  double most = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - wanted[i]);
    most = std::max(most, difference / std::max(std::abs(wanted[i]), floor));
    if (std::isnan(difference)) return 1e300;
  }
  return most;
}

/// Pixel by pixel, channels last: how the files hold pixel_features and injected.
template <class S>
std::vector<double> channels_last(const std::vector<S>& planes, int batch, int channels,
                                  std::int64_t pixels) {
  std::vector<double> out(planes.size());
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t p = 0; p < pixels; ++p) {
        out[static_cast<std::size_t>((b * pixels + p) * channels + c)] =
            static_cast<double>(planes[static_cast<std::size_t>((b * channels + c) * pixels + p)]);
      }
    }
  }
  return out;
}

}  // namespace dht::test
