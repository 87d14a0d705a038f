// SPDX-License-Identifier: MIT
// The same bits with every instruction set, number of threads, run and compiler: features, every number of the tree,
// labels. What a compiler contracts, reorders or takes from its own C library would show here.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dht/encoder/colour.hpp>
#include <dht/selection/best_ancestor.hpp>

#include "kit/any_parts.hpp"
#include "kit/catch.hpp"
#include "kit/random.hpp"

namespace {

using dht::Hierarchy;
using dht::backend::Cpu;
using dht::backend::InstructionSet;
using dht::test::Random;

/// FNV-1a over the bytes of numbers.
class Hash {
 public:
  template <class Numbers>
  Hash& operator<<(const Numbers& numbers) {
    for (const auto& number : numbers) {
      const auto bytes = std::bit_cast<std::array<unsigned char, sizeof(number)>>(number);
      for (const unsigned char byte : bytes) state_ = (state_ ^ byte) * 0x100000001b3u;
    }
    return *this;
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

template <class S>
struct Result {
  Hierarchy<S> tree;
  dht::Partition partition;
};

/// Integers only, so that the image is the same everywhere: cells of one colour, speckled.
std::vector<std::uint8_t> picture(int height, int width) {
  std::vector<std::uint8_t> rgb;
  Random random(12);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      Random cell(static_cast<std::uint64_t>((y + x / 3) / 9 * 1009 + x / 13));
      for (int c = 0; c < 3; ++c)
        rgb.push_back(static_cast<std::uint8_t>(cell.below(200) + random.below(40)));
    }
  }
  return rgb;
}

template <class S, dht::concepts::connectivity C = dht::FourConnected, class Similarity = dht::Gaussian>
Result<S> compute(const Cpu& backend, int height, int width, const Similarity& similarity = Similarity()) {
  const auto rgb = picture(height, width);
  const auto image = dht::interleaved_view(rgb.data(), height, width, 3);
  Result<S> r;
  r.tree.height = height;
  r.tree.width = width;
  r.tree.features = 3;
  r.tree.pixel_features.resize(rgb.size());
  const dht::ColourEncoder<S> encoder;
  typename dht::ColourEncoder<S>::Workspace encoding;
  REQUIRE(encoder.encode(backend, image, r.tree.pixel_features.data(), encoding));
  const dht::SelfLoop<S> self_loop;
  const dht::HierarchyParts<S, Similarity, dht::SimilarityWeighting, dht::Aicc> parts{
      similarity, {}, dht::Aicc(), self_loop};
  dht::HierarchyWorkspace<S> workspace;
  dht::build_hierarchy(backend, dht::PixelGrid<C>{r.tree.height, r.tree.width}, parts, {}, r.tree, workspace);
  dht::BestAncestorWorkspace selecting;
  dht::best_ancestor(backend, dht::PixelGrid<C>{r.tree.height, r.tree.width}, r.tree, r.tree.information,
                     parts.criterion.template pixel_information<S>(r.tree.pixels()), r.partition, selecting);
  return r;
}

template <class T>
bool same_bits(const T& a, const T& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
}

template <class S>
std::string difference(const Result<S>& a, const Result<S>& b) {
  const Hierarchy<S>&x = a.tree, &y = b.tree;
  if (!same_bits(x.pixel_features, y.pixel_features)) return "features";
  if (!same_bits(x.pixel_choice, y.pixel_choice)) return "pixel choice";
  if (!same_bits(x.pixel_similarity, y.pixel_similarity)) return "pixel similarity";
  if (!same_bits(x.pixel_parent, y.pixel_parent)) return "pixel parent";
  if (x.begin != y.begin) return "levels";
  if (!same_bits(x.parent, y.parent)) return "parent";
  if (!same_bits(x.size, y.size)) return "size";
  if (!same_bits(x.box, y.box)) return "box";
  if (!same_bits(x.mean, y.mean)) return "mean";
  if (!same_bits(x.variance, y.variance)) return "variance";
  if (!same_bits(x.information, y.information)) return "information";
  if (!same_bits(x.chosen, y.chosen)) return "chosen";
  if (!same_bits(x.similarity, y.similarity)) return "similarity";
  if (!same_bits(x.edges, y.edges)) return "edges";
  if (a.partition.regions != b.partition.regions) return "tokens";
  if (!same_bits(a.partition.labels, b.partition.labels)) return "labels";
  return same_bits(a.partition.sources, b.partition.sources) ? "" : "sources";
}

template <class S>
void check_invariance(int height, int width) {
  const auto wanted = compute<S>(Cpu(1), height, width);
  REQUIRE(wanted.partition.regions > 20);
  const auto best = dht::backend::best_instruction_set();
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    if (set > best) {
      WARN("skipped: instruction set " << int(set) << ", which this machine or this build does not have");
      continue;
    }
    for (const int threads : {1, 2, 3, 7}) {
      CAPTURE(int(set), threads);
      CHECK(difference(compute<S>(Cpu(threads, set), height, width), wanted) == "");
    }
  }
  const Cpu reused(3);
  for (int run = 0; run < 3; ++run) CHECK(difference(compute<S>(reused, height, width), wanted) == "");
}

}  // namespace

TEST_CASE("invariance: the same bits with every instruction set and number of threads, in float",
          "[hierarchy]") {
  check_invariance<float>(231, 197);  // several parts for every loop
}

TEST_CASE("invariance: the same bits with every instruction set and number of threads, in double",
          "[hierarchy]") {
  check_invariance<double>(150, 131);
}

TEST_CASE("invariance: the same bits with every kernel, and with 8 neighbours", "[hierarchy]") {
  using dht::test::Kernel;
  for (const Kernel kernel : {Kernel::gaussian, Kernel::laplacian, Kernel::cauchy, Kernel::cosine}) {
    const dht::test::AnySimilarity similarity(kernel, 0.7);
    const auto with = [&](const Cpu& backend) {
      return compute<float, dht::EightConnected>(backend, 151, 140, similarity);
    };
    const auto wanted = with(Cpu(1, InstructionSet::baseline));
    for (const auto set : {InstructionSet::avx2, InstructionSet::avx512}) {  // or the best there is
      CAPTURE(int(kernel), int(set));
      CHECK(difference(with(Cpu(1, set)), wanted) == "");
      CHECK(difference(with(Cpu(3, set)), wanted) == "");
    }
  }
}

TEST_CASE("invariance: the same bits with every compiler", "[hierarchy]") {
  // Taken from a release build by GCC 12. A changed order of sums is a change of every user's numbers: where it is
  // meant, write the new values here and say so in CHANGELOG.md.
  const auto r = compute<float>(Cpu(2), 90, 110);
  CHECK(r.partition.regions == 139);
  CHECK((Hash() << r.partition.labels).value() == 0x8386b88deb4005f0u);
  CHECK((Hash() << r.tree.pixel_features).value() == 0x0a382022b4bc3685u);
  CHECK((Hash() << r.tree.mean << r.tree.variance << r.tree.information << r.tree.similarity).value() ==
        0xb49926a28f9f410au);
}
