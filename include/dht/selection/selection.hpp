// SPDX-License-Identifier: MIT
// How a tree is cut into tokens: the slot `Selection` of a tokenizer, and the three ways that the library brings.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dht/backend/cpu.hpp>
#include <dht/graph/graph.hpp>
#include <dht/graph/pixel_grid.hpp>
#include <dht/hierarchy/hierarchy.hpp>
#include <dht/selection/best_ancestor.hpp>
#include <dht/selection/criteria.hpp>
#include <dht/selection/cut.hpp>
#include <dht/selection/nested_cuts.hpp>
#include <dht/selection/partition.hpp>
#include <dht/selection/region_cost.hpp>

namespace dht {

/// What a selection may look at beside the tree.
template <class S, class Criterion, concepts::graph G = PixelGrid<>>
struct SelectionInput {
  const G& graph;
  const Hierarchy<S, typename G::Extent>& tree;
  const Criterion& criterion;  ///< the one that `tree.information` was computed with
};

/// The paper's: every pixel takes the best of its regions by the tokenizer's criterion.
struct BestAncestor {
  using Workspace = BestAncestorWorkspace;

  template <class Backend, class S, class Criterion, class G>
  void select(const Backend& backend, const SelectionInput<S, Criterion, G>& in, Partition& out,
              Workspace& workspace) const {
    best_ancestor(backend, in.graph, in.tree, in.tree.information,
                  in.criterion.template pixel_information<S>(in.tree.pixels()), out, workspace);
  }
};

/// Scratch memory of the selections that cut by cost.
struct CostWorkspace {
  NestedCuts cuts;
  CutWorkspace cut;
};

/// The cut with the least sum of region costs plus a penalty a region.
template <concepts::region_cost Cost = CodeLength>
struct OptimalCut {
  using Workspace = CostWorkspace;
  Cost cost{};
  double penalty = 100;  ///< >= 0, in the unit of the cost: nats for CodeLength

  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const SelectionInput<S, Criterion, G>& in, Partition& out,
              Workspace& workspace) const {
    workspace.cuts.build(in.tree, cost);
    optimal_cut(in.tree, workspace.cuts, penalty, out, workspace.cut);
  }
};

/// Exactly so many tokens.
template <concepts::region_cost Cost = CodeLength>
struct TokenBudget {
  using Workspace = CostWorkspace;
  Cost cost{};
  std::int64_t tokens = 196;  ///< 1 to the number of pixels

  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const SelectionInput<S, Criterion, G>& in, Partition& out,
              Workspace& workspace) const {
    workspace.cuts.build(in.tree, cost);
    cut_to_budget(in.graph, in.tree, workspace.cuts, cost, tokens, out, workspace.cut);
  }
};

namespace concepts {

/// A way to cut a hierarchy into tokens.
template <class T, class S>
concept selection = std::copyable<T> && std::default_initializable<typename T::Workspace> &&
    requires(const T selection, const backend::Cpu& backend, const SelectionInput<S, Aicc>& in,
             Partition& out, typename T::Workspace& workspace) {
  // Writes dense labels in raster order, every region connected in the graph, and their sources.
  selection.select(backend, in, out, workspace);
};

}  // namespace concepts
}  // namespace dht
