// SPDX-License-Identifier: MIT
// What satisfies the concepts `region_cost` and `selection`, and what just fails to; selections as policies.
#include <cstdint>
#include <memory>
#include <vector>

#include <dht/selection/selection.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/random.hpp"

namespace {

using dht::concepts::region_cost;
using dht::concepts::selection;

static_assert(region_cost<dht::CodeLength>);
static_assert(region_cost<dht::SquaredError>);
struct Costs {
  double operator()(std::int64_t, const double*, int) const { return 0; }
};
struct CostsNothing {};
struct CostsFloat {
  float operator()(std::int64_t, const double*, int) const { return 0; }
};
struct CostsFloats {
  double operator()(std::int64_t, const float*, int) const { return 0; }
};
struct CostsNotConst {
  double operator()(std::int64_t, const double*, int) { return 0; }
};
struct CostsOnce {
  std::unique_ptr<int> state;
  double operator()(std::int64_t, const double*, int) const { return 0; }
};
static_assert(region_cost<Costs>);
static_assert(!region_cost<CostsNothing>);
static_assert(!region_cost<CostsFloat>);
static_assert(!region_cost<CostsFloats>);
static_assert(!region_cost<CostsNotConst>);
static_assert(!region_cost<CostsOnce>);

template <class T>
constexpr bool is_selection = selection<T, float>&& selection<T, double>;
static_assert(is_selection<dht::BestAncestor>);
static_assert(is_selection<dht::OptimalCut<>>);
static_assert(is_selection<dht::OptimalCut<dht::SquaredError>>);
static_assert(is_selection<dht::TokenBudget<>>);
static_assert(is_selection<dht::TokenBudget<Costs>>);

struct Selects {
  struct Workspace {};
  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&,
              Workspace&) const {}
};
struct NoWorkspace {
  template <class Backend, class S, class Criterion, class G, class W>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&, W&) const {}
};
struct WorkspaceNeedsArguments {
  struct Workspace {
    explicit Workspace(int) {}
  };
  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&,
              Workspace&) const {}
};
struct NoSelect {
  struct Workspace {};
};
struct NotConst {
  struct Workspace {};
  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&, Workspace&) {}
};
struct NotCopyable {
  struct Workspace {};
  std::unique_ptr<int> state;
  template <class Backend, class S, class Criterion, class G>
  void select(const Backend&, const dht::SelectionInput<S, Criterion, G>&, dht::Partition&,
              Workspace&) const {}
};
static_assert(is_selection<Selects>);
static_assert(!selection<NoWorkspace, float>);
static_assert(!selection<WorkspaceNeedsArguments, float>);
static_assert(!selection<NoSelect, float>);
static_assert(!selection<NotConst, float>);
static_assert(!selection<NotCopyable, float>);

template <class Selection>
dht::Partition select(const Selection& selection, const dht::Hierarchy<double>& tree) {
  const dht::test::AnyCriterion criterion;
  dht::Partition part;
  typename Selection::Workspace workspace;
  const dht::PixelGrid<> grid{tree.height, tree.width};
  selection.select(dht::backend::Cpu(1),
                   dht::SelectionInput<double, dht::test::AnyCriterion>{grid, tree, criterion}, part,
                   workspace);
  return part;
}

}  // namespace

TEST_CASE("selection: the policies do as the functions do", "[selection]") {
  using namespace dht::test;
  Random random(3);
  TreeSettings s;
  s.height = 12;
  s.width = 15;
  s.features = 3;
  const auto tree = build_tree<double>(s, planes(Pattern::blobs, 1, 3, 12, 15, random));
  dht::Partition wanted;
  dht::BestAncestorWorkspace ancestors;
  dht::best_ancestor(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree,
                     tree.information, AnyCriterion().pixel_information<double>(180), wanted, ancestors);
  CHECK(select(dht::BestAncestor{}, tree).labels == wanted.labels);

  dht::CutWorkspace workspace;
  dht::NestedCuts cuts;
  const dht::SquaredError error;
  cuts.build(tree, error);
  dht::optimal_cut(tree, cuts, 0.4, wanted, workspace);
  CHECK(select(dht::OptimalCut<dht::SquaredError>{error, 0.4}, tree).labels == wanted.labels);
  dht::cut_to_budget(dht::PixelGrid<dht::FourConnected>{tree.height, tree.width}, tree, cuts, error, 17,
                     wanted, workspace);
  CHECK(select(dht::TokenBudget<dht::SquaredError>{error, 17}, tree).labels == wanted.labels);
  CHECK(wanted.regions == 17);

  CHECK(select(dht::OptimalCut<>{dht::CodeLength(), 1e9}, tree).regions == 1);
  CHECK(dht::TokenBudget<>{}.tokens == 196);
  CHECK(error_of([&] { (void)select(dht::TokenBudget<>{}, tree); }) ==
        "tokens: is 196; must be 1 to 180, the number of pixels");
  CHECK(error_of([&] {
          (void)select(dht::OptimalCut<>{dht::CodeLength(), -1}, tree);
        }) == "penalty: is -1; must be at least 0");
}
