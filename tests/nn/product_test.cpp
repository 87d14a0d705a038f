// SPDX-License-Identifier: MIT
// Matrix products against the definition; the same bits for any number of threads.
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/nn/product.hpp>

#include "kit/catch.hpp"
#include "kit/random.hpp"

namespace {

using dht::backend::Cpu;
using dht::backend::InstructionSet;
using dht::detail::Factor;

template <class S>
struct Case {
  int rows, columns, depth;
  std::vector<S> a, b, c;
  Factor<S> left, right;
  static constexpr int gap = 3;  // between rows of the result, where nothing may be written

  Case(int m, int n, int k, bool turned_a, bool turned_b, dht::test::Random& random)
      : rows(m), columns(n), depth(k) {
    const auto fill = [&](std::vector<S>& v, int count) {
      for (int i = 0; i < count; ++i) v.push_back(S(random.uniform(-1, 1)));
    };
    fill(a, m * k);
    fill(b, k * n);
    fill(c, m * (n + gap));
    left = turned_a ? dht::detail::columns_of(a.data(), m) : dht::detail::rows_of(a.data(), k);
    right = turned_b ? dht::detail::columns_of(b.data(), k) : dht::detail::rows_of(b.data(), n);
  }

  std::vector<S> product(const Cpu& backend) const {
    std::vector<S> out = c;
    dht::detail::add_product(backend, left, right, rows, columns, depth, out.data(), columns + gap);
    return out;
  }

  void check(const std::vector<S>& out) const {
    double worst = 0;
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns + gap; ++j) {
        const auto at = std::size_t(i * (columns + gap) + j);
        double sum = double(c[at]);
        for (int k = 0; j < columns && k < depth; ++k)
          sum += double(*left.from(i, k).data) * double(*right.from(k, j).data);
        worst = std::max(worst, std::abs(double(out[at]) - sum));
      }
    }
    // Every sum is rounded by half a unit of its last place, and is itself about the root of the depth.
    CHECK(worst <= (depth + 4) * double(std::numeric_limits<S>::epsilon()));
  }
};

}  // namespace

TEMPLATE_TEST_CASE("product: is what it says, for all shapes, transposes and instruction sets", "[nn]", float,
                   double) {
  dht::test::Random random(1);
  const int sizes[][3] = {{1, 1, 1},   {1, 33, 2},   {13, 31, 7},    {12, 32, 256}, {5, 100, 257},
                          {70, 3, 90}, {300, 40, 5}, {245, 65, 300}, {4, 4, 1100}};
  for (const auto& size : sizes) {
    for (int turned = 0; turned < 4; ++turned) {
      const Case<TestType> one(size[0], size[1], size[2], turned & 1, turned & 2, random);
      for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
        INFO(size[0] << " x " << size[1] << " x " << size[2] << ", turned " << turned << ", set "
                     << int(set));
        const auto out = one.product(Cpu(1, set));
        one.check(out);
        CHECK(one.product(Cpu(2, set)) == out);
        CHECK(one.product(Cpu(5, set)) == out);
        std::vector<TestType> alone = one.c;
        dht::detail::add_product(Cpu(1, set).instruction_set(), one.left, one.right, one.rows, one.columns,
                                 one.depth, alone.data(), one.columns + one.gap);
        CHECK(alone == out);
      }
    }
  }
}

TEST_CASE("product: of nothing changes nothing", "[nn]") {
  std::vector<float> c{1, 2};
  const float* const none = nullptr;
  dht::detail::add_product(Cpu(2), dht::detail::rows_of(none, 0), dht::detail::rows_of(none, 2), 1, 2, 0,
                           c.data(), 2);
  CHECK(c == std::vector<float>{1, 2});
}
