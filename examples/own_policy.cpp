// SPDX-License-Identifier: MIT
// own_policy [PHOTO]: a similarity of one's own in a tokenizer. Without a photo it draws one.
#include <iostream>

#include <dht/dht.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/sample_picture.hpp"

// example-begin own_similarity
/// 1 - (sum of differences) / bandwidth, or 0 where that is negative: a triangle on the city-block distance.
struct Triangle {
  static constexpr int sums = 1;  // running sums for a pair of regions
  double bandwidth = 3;

  template <class S>
  void add(S* sum, S a, S b) const {  // takes one feature of both
    sum[0] += a > b ? a - b : b - a;
  }
  template <class S>
  S value(const S* sum) const {
    const S similarity = 1 - sum[0] / static_cast<S>(bandwidth);
    return similarity > 0 ? similarity : S(0);
  }
};
static_assert(dht::concepts::similarity<Triangle, float>);

struct MyPolicies : dht::DefaultPolicies {
  using Similarity = Triangle;
};
// example-end own_similarity

namespace {

void compare(const dht::Picture& photo) {
  const auto image = dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
  dht::Tokenizer<> usual;
  std::cout << "Gaussian of the Euclidean distance: " << usual(image).count() << " tokens\n";
  // example-begin use_own_similarity
  dht::TokenizerParts<MyPolicies> parts;
  parts.similarity.bandwidth = 2;
  dht::Tokenizer<MyPolicies> tokenizer(parts);
  std::cout << "Triangle of the city-block distance: " << tokenizer(image).count() << " tokens\n";
  // example-end use_own_similarity
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("own_policy", [&] {
    compare(argc > 1 ? dht::examples::read_photo(argv[1]).picture() : dht::examples::sample_picture());
  });
}
