// SPDX-License-Identifier: MIT
// What tokens of any graph must be, found by the simplest search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dht::test {

/// The connected parts of a graph among vertices with equal labels, by the simplest search.
template <class G>
int parts_of_graph(const G& graph, const std::vector<std::int32_t>& labels) {
  std::vector<bool> seen(labels.size());
  int parts = 0;
  for (std::size_t v = 0; v < labels.size(); ++v) {
    if (seen[v]) continue;
    ++parts;
    std::vector<std::int32_t> open{static_cast<std::int32_t>(v)};
    seen[v] = true;
    while (!open.empty()) {
      const std::int32_t at = open.back();
      open.pop_back();
      graph.for_each_neighbour(at, [&](std::int32_t u) {
        const auto i = static_cast<std::size_t>(u);
        if (seen[i] || labels[i] != labels[static_cast<std::size_t>(at)]) return;
        seen[i] = true;
        open.push_back(u);
      });
    }
  }
  return parts;
}

/// What is wrong with tokens of a graph, or "".
template <class G, class Tokens>
std::string fault_of_tokens(const G& graph, const Tokens& tokens) {
  const std::vector<std::int32_t> labels(tokens.partition.labels.begin(), tokens.partition.labels.end());
  std::int32_t next = 0;
  std::vector<std::int32_t> size(static_cast<std::size_t>(tokens.count()), 0);
  for (const std::int32_t label : labels) {
    if (label < 0 || label > next || label >= tokens.count())
      return "labels are not in the order of vertices";
    next = std::max(next, label + 1);
    ++size[static_cast<std::size_t>(label)];
  }
  if (next != tokens.count()) return "labels are not dense";
  if (!std::equal(size.begin(), size.end(), tokens.size.begin(), tokens.size.end())) return "sizes";
  if (parts_of_graph(graph, labels) != tokens.count()) return "a token is not connected";
  return "";
}

}  // namespace dht::test
