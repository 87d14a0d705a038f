// SPDX-License-Identifier: MIT
// All of the library, but for safetensors and the reading of checkpoints (io/safetensors.hpp, io/parameters.hpp,
// encoder/checkpoint.hpp, vit/pretrained.hpp), which need a JSON parser.
#pragma once

#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/drawer.hpp>
#include <dht/io/file.hpp>
#include <dht/io/npy.hpp>
#include <dht/selection/best_ancestor.hpp>
#include <dht/selection/cut.hpp>
#include <dht/selection/merge_cut.hpp>
#include <dht/selection/selection.hpp>
#include <dht/tokenizer.hpp>
#include <dht/tokens/embedding.hpp>
#include <dht/tokens/extraction.hpp>
#include <dht/tokens/gradient_operator.hpp>
#include <dht/tokens/measure.hpp>
#include <dht/tokens/padding.hpp>
#include <dht/tokens/picture.hpp>
#include <dht/tokens/projection.hpp>
#include <dht/tokens/squares.hpp>
#include <dht/tokens/tokens.hpp>
#include <dht/train/clip.hpp>
#include <dht/train/losses.hpp>
#include <dht/train/optimiser.hpp>
#include <dht/train/reconstruction.hpp>
#include <dht/train/schedule.hpp>
#include <dht/train/targets.hpp>
#include <dht/vector/planar_map.hpp>
#include <dht/vector/svg.hpp>
#include <dht/version.hpp>
#include <dht/vit/classifier.hpp>
#include <dht/vit/dense_model.hpp>
#include <dht/vit/patch_vit.hpp>
