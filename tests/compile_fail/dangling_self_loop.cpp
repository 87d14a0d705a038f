// SPDX-License-Identifier: MIT
// The parts of a hierarchy refer to the self-loop: one that is gone at the end of the line is none.
// expects: reference_wrapper<const dht::SelfLoop<float>
#include <dht/hierarchy/build.hpp>
#include <dht/selection/criteria.hpp>

int main() {
  const dht::HierarchyParts<float, dht::Gaussian, dht::SizeWeighting, dht::Aicc> parts{
      dht::Gaussian(), {}, dht::Aicc(), dht::SelfLoop<float>::constant(0.5)};
}
