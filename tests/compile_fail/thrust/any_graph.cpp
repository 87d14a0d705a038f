// SPDX-License-Identifier: MIT
// Graphs other than pixel grids are not on a device.
// expects: Policies::Graph runs on the host only; on backend::Thrust it must be a dht::PixelGrid
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/graph/voxel_grid.hpp>
#include <dht/thrust.hpp>

struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
  using Graph = dht::VoxelGrid<6>;
};

int main() { dht::Tokenizer<Policies> tokenizer; }
