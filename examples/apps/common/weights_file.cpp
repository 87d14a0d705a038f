// SPDX-License-Identifier: MIT
// Weights from a file, as the programs use them: for photos, and with every number finite.
#include "weights_file.hpp"

#include <cmath>

#include <dht/any_policies.hpp>
#include <dht/io/file.hpp>
#include <dht/similarity/compactness.hpp>

namespace dht::examples {

Checkpoint<float> read_weights(const std::filesystem::path& path) {
  auto checkpoint = load_checkpoint<float>(path);
  const std::string file = dht::detail::file_name(path);
  DHT_EXPECTS(checkpoint.encoder.channels == 3, file, ": takes images of ", checkpoint.encoder.channels,
              " channels; photos have 3");
  for (const float weight : checkpoint.self_loop.weight) {
    DHT_EXPECTS(std::isfinite(weight), file, ": varproj.weight holds ", weight, "; must be finite");
  }
  DHT_EXPECTS(std::isfinite(checkpoint.self_loop.bias), file, ": varproj.bias is ", checkpoint.self_loop.bias,
              "; must be finite");
  with_name(file + ": metadata", [&] { return AnyCriterion(checkpoint.criterion); });
  with_name(file + ": metadata", [&] { return AnyCriterion("aicc", checkpoint.iota); });
  with_name(file + ": metadata", [&] { return Compactness<float>(checkpoint.compactness); });
  return checkpoint;
}

}  // namespace dht::examples
