# SPDX-License-Identifier: MIT
# Which rooms of include/dht/ a room may include, itself aside: only rooms that stand above it in this list, so that there
# is no way round. A header beside the rooms is a room of its own. The test `package.rooms` holds the headers against it.

set(DHT_ROOMS
  # example-begin rooms
  "version:"
  "core:"
  "backend: core"
  "nn: core backend"
  "io: core nn"
  "graph: core backend"
  "similarity: core nn"
  "encoder: core backend nn io similarity"
  "hierarchy: core backend graph similarity"
  "merging: core backend graph hierarchy"
  "selection: core backend graph hierarchy merging"
  "regions: core backend nn graph hierarchy selection"
  "draw: core hierarchy regions"
  "train: core backend nn regions"
  "vit: core nn io regions"
  "vector: core"
  "compiled: backend encoder graph similarity hierarchy merging selection regions"
  "tokenizer: core backend encoder graph similarity hierarchy merging selection regions compiled"
  "thrust: backend encoder hierarchy selection regions tokenizer"
  "any_policies: core encoder similarity selection tokenizer"
  "drawer: core similarity merging selection vector tokenizer"
  "dht: version core backend io encoder graph selection regions draw train vit vector tokenizer any_policies drawer"
  # example-end rooms
)
