// SPDX-License-Identifier: MIT
// The parts of the programs' tokenizers, the same for every backend.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <dht/any_policies.hpp>
#include <dht/backend/cpu.hpp>
#include <dht/tokenizer.hpp>

#include "photo_tokenizer.hpp"

namespace dht::examples {

/// What does not depend on the similarity.
struct Common {
  Settings settings;
  AnyEncoder<float> encoder;
  AnyCriterion criterion;
  SelfLoop<float> self_loop;
  backend::Cpu backend;
};

/// The parts of a tokenizer that are made of these, but for its backend.
template <class Policies>
TokenizerParts<Policies> parts_of(const Common& common) {
  TokenizerParts<Policies> parts;
  parts.encoder = common.encoder;
  parts.similarity = typename Policies::Similarity(common.settings.bandwidth);
  parts.criterion = common.criterion;
  parts.self_loop = common.self_loop;
  parts.hierarchy.compactness = common.settings.compactness;
  return parts;
}

/// One of the four tokenizers Implementation<Kernel>, by the name of the similarity.
template <template <class> class Implementation>
std::unique_ptr<PhotoTokenizer> with_kernel(Common common) {
  const Settings settings = common.settings;
  return with_similarity(settings.similarity, settings.bandwidth,
                         [&](const auto& kernel) -> std::unique_ptr<PhotoTokenizer> {
                           using Kernel = std::decay_t<decltype(kernel)>;
                           return std::make_unique<Implementation<Kernel>>(std::move(common));
                         });
}

}  // namespace dht::examples
