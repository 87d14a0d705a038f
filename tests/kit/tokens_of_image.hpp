// SPDX-License-Identifier: MIT
// One image's share of the tokens of a batch, as if it had been alone.
#pragma once

#include <cstdint>

#include <dht/regions/tokens.hpp>

namespace dht::test {

template <class S>
Tokens<S> tokens_of_image(const Tokens<S>& batch, int image) {
  Tokens<S> out;
  out.batch = 1;
  out.height = batch.height;
  out.width = batch.width;
  out.features = batch.features;
  const std::int32_t first = batch.begin[static_cast<std::size_t>(image)], count = batch.count(image);
  out.begin = {0, count};
  const Partition& from = batch.partition;
  Partition& to = out.partition;
  to.regions = count;
  to.whole_sources = from.whole_sources;
  to.means_of_pixels = from.means_of_pixels;
  const std::size_t pixels = from.labels.size() / static_cast<std::size_t>(batch.batch);
  for (std::size_t p = 0; p < pixels; ++p) {
    const std::int32_t label = from.labels[static_cast<std::size_t>(image) * pixels + p];
    to.labels.push_back(label < 0 ? -1 : label - first);
  }
  to.source_begin.push_back(0);
  for (std::int32_t t = first; t < first + count; ++t) {
    for (const Source source : from.sources_of(t)) to.sources.push_back(source);
    to.source_begin.push_back(static_cast<std::int64_t>(to.sources.size()));
    out.size.push_back(batch.size[static_cast<std::size_t>(t)]);
    out.box.push_back(batch.box[static_cast<std::size_t>(t)]);
    for (const S value : batch.feature_of(t)) out.feature.push_back(value);
  }
  return out;
}

}  // namespace dht::test
