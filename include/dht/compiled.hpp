// SPDX-License-Identifier: MIT
// What the library dht::compiled holds: the stages of the usual tokenizers, compiled once. Where that target is linked
// (it defines DHT_COMPILED), tokenizer.hpp ends with this list, and the compiler leaves these stages to the linker.
//
// Types: float; images of 8 and 16 bits and of float; the four similarities with the default weighting and criterion, and
// plain sizes as weights for drawings; forward and backward; the default backend. Everything else is compiled where it is
// used, as without dht::compiled.
#pragma once

#include <cstdint>
#include <span>

#include <dht/backend/cpu.hpp>
#include <dht/encoder/colour.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/pretrained.hpp>
#include <dht/encoder/trainable.hpp>
#include <dht/graph/connectivity.hpp>
#include <dht/hierarchy/backward.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/merging/linkage.hpp>
#include <dht/merging/merge_tree.hpp>
#include <dht/regions/backward.hpp>
#include <dht/regions/refine.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/selection/best_ancestor.hpp>
#include <dht/selection/criteria.hpp>
#include <dht/selection/merge_cut.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/similarity/weighting.hpp>

/// The list below is of declarations for users, of definitions in src/compiled/, which says which of its parts.
#ifndef DHT_INSTANCE
#define DHT_INSTANCE extern template
#define DHT_INSTANCES_OF_DRAWING
#define DHT_INSTANCES_OF_ENCODERS
#define DHT_INSTANCES_OF_TRAINING
#define DHT_INSTANCES_OF_HIERARCHIES
#define DHT_INSTANCES_OF_MERGING
#endif

namespace dht {

#define DHT_INSTANCE_OF_ENCODERS(P)                                                                       \
  DHT_INSTANCE bool ConvolutionalEncoder<float>::encode(const backend::Cpu&, const ImageView<P>&, float*, \
                                                        ConvolutionalEncoder<float>::Workspace&) const;   \
  DHT_INSTANCE bool ColourEncoder<float>::encode(const backend::Cpu&, const ImageView<P>&, float*,        \
                                                 ColourEncoder<float>::Workspace&) const;

#define DHT_INSTANCE_OF_TRAINING(P)                                                                        \
  DHT_INSTANCE bool TrainableEncoder<float>::forward(const backend::Cpu&, const ImageView<P>&, float*,     \
                                                     TrainableEncoder<float>::Saved&) const;               \
  DHT_INSTANCE void TrainableEncoder<float>::backward(const backend::Cpu&, const ImageView<P>&,            \
                                                      const float*, TrainableEncoder<float>::Saved&,       \
                                                      TrainableEncoder<float>::Gradients&, float*) const;  \
  DHT_INSTANCE void ColourEncoder<float>::backward(const backend::Cpu&, const ImageView<P>&, const float*, \
                                                   ColourEncoder<float>::Saved&,                           \
                                                   ColourEncoder<float>::Gradients&, float*) const;

#define DHT_INSTANCE_OF_HIERARCHIES(Similarity, Weighting)                                     \
  DHT_INSTANCE void build_hierarchy(const backend::Cpu&, const PixelGrid<>&,                   \
                                    const HierarchyParts<float, Similarity, Weighting, Aicc>&, \
                                    const HierarchyOptions&, Hierarchy<float>&, HierarchyWorkspace<float>&);

#define DHT_INSTANCE_OF_HIERARCHY_GRADIENTS(Similarity)                                                     \
  DHT_INSTANCE void backward_hierarchy(const backend::Cpu&, const PixelGrid<>&,                             \
                                       const HierarchyParts<float, Similarity, SimilarityWeighting, Aicc>&, \
                                       const HierarchyOptions&, const Hierarchy<float>&,                    \
                                       HierarchyGradients<float>&, SelfLoop<float>&,                        \
                                       HierarchyBackwardWorkspace<float>&);

#ifdef DHT_INSTANCES_OF_ENCODERS
DHT_INSTANCE void ConvolutionalEncoder<float>::assign(const ConvolutionalParameters<float>&);
DHT_INSTANCE ConvolutionalParameters<float> pretrained_encoder<float>();
DHT_INSTANCE Linear<float> pretrained_projection<float>();
DHT_INSTANCE_OF_ENCODERS(const std::uint8_t)
DHT_INSTANCE_OF_ENCODERS(const std::uint16_t)
DHT_INSTANCE_OF_ENCODERS(const float)
#endif

#ifdef DHT_INSTANCES_OF_TRAINING
DHT_INSTANCE_OF_TRAINING(const std::uint8_t)
DHT_INSTANCE_OF_TRAINING(const std::uint16_t)
DHT_INSTANCE_OF_TRAINING(const float)
DHT_INSTANCE_OF_HIERARCHY_GRADIENTS(Gaussian)
DHT_INSTANCE_OF_HIERARCHY_GRADIENTS(Laplacian)
DHT_INSTANCE_OF_HIERARCHY_GRADIENTS(Cauchy)
DHT_INSTANCE_OF_HIERARCHY_GRADIENTS(Cosine)
DHT_INSTANCE void backward_tokens(const Hierarchy<float>&, const Tokens<float>&,
                                  const MatrixView<const float>&, HierarchyGradients<float>&);
#endif

#ifdef DHT_INSTANCES_OF_HIERARCHIES
DHT_INSTANCE_OF_HIERARCHIES(Gaussian, SimilarityWeighting)
DHT_INSTANCE_OF_HIERARCHIES(Laplacian, SimilarityWeighting)
DHT_INSTANCE_OF_HIERARCHIES(Cauchy, SimilarityWeighting)
DHT_INSTANCE_OF_HIERARCHIES(Cosine, SimilarityWeighting)
#endif

#ifdef DHT_INSTANCES_OF_DRAWING
DHT_INSTANCE_OF_HIERARCHIES(Gaussian, SizeWeighting)
DHT_INSTANCE void build_merge_tree(const backend::Cpu&, const PixelGrid<>&, const Hierarchy<float>&,
                                   const MumfordShah&, const MergeOptions&, const Mask&, MergeTree&,
                                   MergeWorkspace&);
#endif

#ifdef DHT_INSTANCES_OF_MERGING
DHT_INSTANCE void build_merge_tree(const backend::Cpu&, const PixelGrid<>&, const Hierarchy<float>&,
                                   const BoundaryLinkage&, const MergeOptions&, const Mask&, MergeTree&,
                                   MergeWorkspace&);
DHT_INSTANCE void cut_merges(const backend::Cpu&, const MergeTree&, std::int64_t, Partition&,
                             MergeCutWorkspace&);
DHT_INSTANCE void cut_merges_at(const backend::Cpu&, const MergeTree&, const MergePenalties&, double,
                                Partition&, MergeCutWorkspace&);
DHT_INSTANCE void best_ancestor(const backend::Cpu&, const PixelGrid<>&, const Hierarchy<float>&,
                                std::span<const float>, float, Partition&, BestAncestorWorkspace&);
DHT_INSTANCE std::int64_t refine_tokens(const backend::Cpu&, const PixelGrid<>&, const Hierarchy<float>&,
                                        const RefineOptions&, Tokens<float>&, RefineWorkspace&);
namespace detail {
DHT_INSTANCE void describe(const PixelGrid<>&, const Hierarchy<float>&, Tokens<float>&);
}
#endif

#undef DHT_INSTANCE_OF_ENCODERS
#undef DHT_INSTANCE_OF_TRAINING
#undef DHT_INSTANCE_OF_HIERARCHIES
#undef DHT_INSTANCE_OF_HIERARCHY_GRADIENTS

}  // namespace dht
