// SPDX-License-Identifier: MIT
// What every benchmark works on: a photo of any size and the weights of an encoder.
#pragma once

#include <string>

#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/tokenizer.hpp>

namespace dht::bench {

/// The photo, `side` x `side` pixels, drawn or read once and kept. Without the environment variable DHT_PHOTO it is the
/// examples' sample picture, drawn at this size. With it, it is that PNG or JPEG file: its upper left part, continued
/// by mirror images to the right and below where it is too small.
const Picture& photo(int side);

/// The view of a picture, 8 bits, RGB interleaved.
ImageView<const std::uint8_t> view(const Picture& picture);

/// `batch` images of `side` x `side`: windows of one photo twice as wide, each a few rows below the one before.
ImageView<const std::uint8_t> windows(int side, int batch);

/// The checkpoint that DHT_CHECKPOINT names; else fixed pseudo-random weights of the same shape (3 channels, 8
/// features), scaled so that the sample picture's hierarchy has about as many regions a level as photos have under the
/// published checkpoint.
const Checkpoint<float>& weights();

/// One line each for the context: which photo, which weights.
std::string photo_name();
std::string weights_name();

/// The tokenizer with these weights. `threads` = 0 means one per core.
TokenizerParts<DefaultPolicies> tokenizer_parts(int threads);

/// The same, to be trained.
TokenizerParts<TrainingPolicies> training_parts(int threads);

}  // namespace dht::bench
