// SPDX-License-Identifier: MIT
// The neighbourhoods, and what satisfies their concept.
#include <array>
#include <type_traits>

#include <dht/graph/connectivity.hpp>

#include "kit/catch.hpp"

namespace {

using dht::Offset;
using dht::concepts::connectivity;

static_assert(connectivity<dht::FourConnected>);
static_assert(connectivity<dht::EightConnected>);
struct Hexagonal {  // rows of bricks
  static constexpr std::array<Offset, 3> forward{{{0, 1}, {1, -1}, {1, 0}}};
};
static_assert(connectivity<Hexagonal>);

struct NoForward {
  [[maybe_unused]] static constexpr std::array<Offset, 2> neighbours{};
};
struct NoSize {
  static constexpr Offset forward[2] = {{0, 1}, {1, 0}};
};
struct NotOffsets {
  static constexpr std::array<int, 2> forward{1, 2};
};
struct NoElements {
  struct Sized {
    constexpr std::size_t size() const { return 2; }
  };
  static constexpr Sized forward{};
};
template <Offset... forward_offsets>
struct Of {
  static constexpr std::array<Offset, sizeof...(forward_offsets)> forward{forward_offsets...};
};
static_assert(connectivity<Of<Offset{0, 1}, Offset{1, 1}>>);
static_assert(!connectivity<Of<>>);
static_assert(!connectivity<Of<Offset{1, 0}>>);                              // not the pixel to the right
static_assert(!connectivity<Of<Offset{1, 0}, Offset{0, 1}>>);                // not in raster order
static_assert(!connectivity<Of<Offset{0, 1}, Offset{1, 1}, Offset{1, 0}>>);  // nor this
static_assert(!connectivity<Of<Offset{0, 1}, Offset{1, 0}, Offset{1, 0}>>);  // one twice
static_assert(!connectivity<Of<Offset{0, 1}, Offset{0, 2}>>);                // too far
static_assert(!connectivity<Of<Offset{0, 1}, Offset{1, 2}>>);
static_assert(!connectivity<Of<Offset{0, 1}, Offset{2, 0}>>);
static_assert(!connectivity<Of<Offset{0, 1}, Offset{0, -1}>>);  // earlier in raster order
struct KnownLate {
  static inline std::array<Offset, 1> forward{{{0, 1}}};
};
static_assert(!connectivity<KnownLate>);
static_assert(!connectivity<NoForward>);
static_assert(!connectivity<NoSize>);
static_assert(!connectivity<NotOffsets>);
static_assert(!connectivity<NoElements>);
static_assert(!connectivity<int>);

}  // namespace

TEMPLATE_TEST_CASE("connectivity: forward neighbours in raster order, the others mirrored", "[graph]",
                   dht::FourConnected, dht::EightConnected, Hexagonal) {
  using N = dht::detail::Neighbours<TestType>;
  STATIC_REQUIRE(N::count == 2 * N::half);
  const auto number = [](Offset o) { return o.dy * 1000 + o.dx; };
  for (int k = 0; k < N::count; ++k) {
    const Offset o = N::all[static_cast<std::size_t>(k)],
                 back = N::all[static_cast<std::size_t>(N::opposite(k))];
    CHECK(back == Offset{-o.dy, -o.dx});
    if (k > 0) CHECK(number(N::all[static_cast<std::size_t>(k - 1)]) < number(o));
    CHECK((number(o) < 0) == (k < N::half));
  }
}
