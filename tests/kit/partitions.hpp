// SPDX-License-Identifier: MIT
// Whether a partition keeps what it promises, source by source.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/partition.hpp>

#include "kit/label_maps.hpp"

namespace dht::test {

/// The pixels that a source stands for.
template <class S>
std::vector<std::int64_t> pixels_of(const Hierarchy<S>& tree, Source source) {
  if (source < 0) return {-1 - source};
  std::vector<std::int64_t> out;
  for (std::int64_t p = 0; p < tree.pixels(); ++p) {
    std::int64_t up = tree.pixel_parent[static_cast<std::size_t>(p)];
    while (up >= 0 && up < source) up = tree.parent_node(up);
    if (up == source) out.push_back(p);
  }
  return out;
}

/// What is wrong with a partition, or "". Where `whole` is set, a region must consist of exactly its sources' pixels, no
/// pixel twice; otherwise it must lie within its one source, or within its sources
/// where features are means of pixels.
template <class S>
std::string fault_of(const Hierarchy<S>& tree, const Grid& grid, const Partition& part, bool whole) {
  const std::string fault = fault_of(grid, part.labels, part.regions);
  if (!fault.empty()) return fault;
  if (part.source_begin.size() != static_cast<std::size_t>(part.regions) + 1 ||
      part.source_begin.front() != 0 ||
      part.source_begin.back() != static_cast<std::int64_t>(part.sources.size())) {
    return "source_begin";
  }
  std::vector<std::set<std::int64_t>> own(static_cast<std::size_t>(part.regions));
  for (std::size_t p = 0; p < part.labels.size(); ++p)
    own[static_cast<std::size_t>(part.labels[p])].insert(static_cast<std::int64_t>(p));
  for (std::int32_t r = 0; r < part.regions; ++r) {
    const std::set<std::int64_t>& pixels = own[static_cast<std::size_t>(r)];
    std::set<std::int64_t> covered;
    std::size_t count = 0;
    if (part.sources_of(r).empty()) return "a region without source";
    for (const Source source : part.sources_of(r)) {
      if (source >= tree.nodes() || -1 - source >= tree.pixels()) return "a source that does not exist";
      const auto of_source = pixels_of(tree, source);
      if (source >= 0 &&
          static_cast<std::size_t>(tree.size[static_cast<std::size_t>(source)]) != of_source.size())
        return "size";
      covered.insert(of_source.begin(), of_source.end());
      count += of_source.size();
    }
    if (whole ? covered != pixels || count != pixels.size()
              : (part.sources_of(r).size() != 1 && !part.means_of_pixels) ||
                    !std::includes(covered.begin(), covered.end(), pixels.begin(), pixels.end())) {
      return "the sources of region " + std::to_string(r);
    }
  }
  return "";
}

}  // namespace dht::test
