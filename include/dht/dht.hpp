// SPDX-License-Identifier: MIT
// All of the library, but for safetensors and the reading of checkpoints (io/safetensors.hpp, io/parameters.hpp,
// encoder/checkpoint.hpp, vit/pretrained.hpp), which need a JSON parser.
#pragma once

#include <dht/any_policies.hpp>
#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>
#include <dht/draw/partitions.hpp>
#include <dht/drawer.hpp>
#include <dht/encoder/initial.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/graph/adjacency_graph.hpp>
#include <dht/graph/voxel_grid.hpp>
#include <dht/io/file.hpp>
#include <dht/io/npy.hpp>
#include <dht/regions/confusion_matrix.hpp>
#include <dht/regions/projection.hpp>
#include <dht/regions/properties.hpp>
#include <dht/regions/superpixel_scores.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/selection/best_ancestor.hpp>
#include <dht/selection/cut.hpp>
#include <dht/selection/merge_cut.hpp>
#include <dht/selection/selection.hpp>
#include <dht/tokenizer.hpp>
#include <dht/train/clip.hpp>
#include <dht/train/crop.hpp>
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
#include <dht/vit/embedding.hpp>
#include <dht/vit/extraction.hpp>
#include <dht/vit/gradient_operator.hpp>
#include <dht/vit/padding.hpp>
#include <dht/vit/patch_vit.hpp>
#include <dht/vit/squares.hpp>
