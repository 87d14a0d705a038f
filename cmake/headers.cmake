# SPDX-License-Identifier: MIT
# Every header of the library, in alphabetical order; the test `package.headers` compares these lists with the folder.

set(DHT_HEADERS
  include/dht/backend/cpu.hpp
  include/dht/backend/instruction_set.hpp
  include/dht/backend/thread_pool.hpp
  include/dht/core/buffer.hpp
  include/dht/core/config.hpp
  include/dht/core/error.hpp
  include/dht/core/math.hpp
  include/dht/core/picture.hpp
  include/dht/core/view.hpp
  include/dht/dht.hpp
  include/dht/encoder/colour.hpp
  include/dht/encoder/concepts.hpp
  include/dht/encoder/convolutional.hpp
  include/dht/encoder/rows.hpp
  include/dht/graph/connectivity.hpp
  include/dht/graph/grid_components.hpp
  include/dht/graph/region_graph.hpp
  include/dht/graph/union_find.hpp
  include/dht/hierarchy/build.hpp
  include/dht/hierarchy/concepts.hpp
  include/dht/hierarchy/hierarchy.hpp
  include/dht/hierarchy/moments.hpp
  include/dht/hierarchy/pixel_choice.hpp
  include/dht/io/dtype.hpp
  include/dht/io/file.hpp
  include/dht/io/npy.hpp
  include/dht/selection/best_ancestor.hpp
  include/dht/selection/criteria.hpp
  include/dht/selection/cut.hpp
  include/dht/selection/merge_to.hpp
  include/dht/selection/nested_cuts.hpp
  include/dht/selection/partition.hpp
  include/dht/selection/region_cost.hpp
  include/dht/selection/selection.hpp
  include/dht/similarity/compactness.hpp
  include/dht/similarity/kernels.hpp
  include/dht/similarity/self_loop.hpp
  include/dht/similarity/weighting.hpp
  include/dht/tokenizer.hpp
  include/dht/tokens/projection.hpp
  include/dht/tokens/tokens.hpp
  include/dht/vector/arcs.hpp
  include/dht/vector/faces.hpp
  include/dht/vector/planar_map.hpp
  include/dht/vector/svg.hpp
  include/dht/version.hpp)

# Headers that need nlohmann_json: they belong to dht::io.
set(DHT_IO_HEADERS
  include/dht/encoder/checkpoint.hpp
  include/dht/io/safetensors.hpp
  include/dht/io/safetensors_header.hpp)
