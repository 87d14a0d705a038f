// SPDX-License-Identifier: MIT
// What satisfies the concept `criterion`, and what just fails to.
#include <cstdint>
#include <memory>

#include <dht/hierarchy/concepts.hpp>
#include <dht/selection/criteria.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"

namespace {

using dht::concepts::criterion;

template <class C>
constexpr bool is_criterion = criterion<C, float>&& criterion<C, double>;
static_assert(is_criterion<dht::Aic>);
static_assert(is_criterion<dht::Aicc>);
static_assert(is_criterion<dht::Bic>);
static_assert(is_criterion<dht::Cic>);
static_assert(is_criterion<dht::test::AnyCriterion>);

/// A user's own: regions of 4 pixels or more are fine, smaller ones are not.
struct AtLeastFour {
  template <class S>
  S information(std::int32_t size, const S*, int, std::int64_t) const {
    return size >= 4 ? S(-size) : S(-1e9);
  }
  template <class S>
  S pixel_information(std::int64_t) const {
    return S(-2e9);
  }
};
static_assert(is_criterion<AtLeastFour>);

// Each lacks exactly one thing.
struct NoInformation {
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
struct NoPixelInformation {
  float information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
};
struct OtherInformation {
  double information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
struct OtherPixelInformation {
  float information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
  template <class S>
  int pixel_information(std::int64_t) const {
    return 0;
  }
};
struct PixelInformationWithoutType {
  float information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
  float pixel_information(std::int64_t) const { return 0; }
};
struct NotConst {
  float information(std::int32_t, const float*, int, std::int64_t) { return 0; }
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
struct WritesVariance {
  float information(std::int32_t, float*, int, std::int64_t) const { return 0; }
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
struct NotCopyable {
  std::unique_ptr<int> state;
  float information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
struct Complete {
  float information(std::int32_t, const float*, int, std::int64_t) const { return 0; }
  template <class S>
  S pixel_information(std::int64_t) const {
    return 0;
  }
};
static_assert(criterion<Complete, float>);
static_assert(!criterion<Complete, double>);  // takes no doubles
static_assert(!criterion<NoInformation, float>);
static_assert(!criterion<NoPixelInformation, float>);
static_assert(!criterion<OtherInformation, float>);
static_assert(!criterion<OtherPixelInformation, float>);
static_assert(!criterion<PixelInformationWithoutType, float>);
static_assert(!criterion<NotConst, float>);
static_assert(!criterion<WritesVariance, float>);
static_assert(!criterion<NotCopyable, float>);

}  // namespace

TEST_CASE("hierarchy: a criterion of the user's own runs through the real thing", "[hierarchy]") {
  dht::Hierarchy<double> tree;
  tree.features = 1;
  tree.height = 1;
  tree.width = 16;
  for (int x = 0; x < 16; ++x) tree.pixel_features.push_back(x / 4);
  dht::HierarchyWorkspace<double> workspace;
  const dht::SelfLoop<double> self_loop;
  const dht::HierarchyParts<double, dht::Gaussian, dht::SizeWeighting, AtLeastFour> parts{
      dht::Gaussian(), {}, {}, self_loop};
  dht::build_hierarchy(dht::backend::Cpu(1), dht::PixelGrid<dht::FourConnected>{tree.height, tree.width},
                       parts, {}, tree, workspace);
  REQUIRE(tree.regions(1) == 4);
  CHECK(tree.information[0] == -4);
}
