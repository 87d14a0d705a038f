// SPDX-License-Identifier: MIT
// own_graph [PHOTO]: a graph of one's own, the pixels of a panorama, whose left border is the right one's neighbour.
#include <iostream>

#include <dht/dht.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/sample_picture.hpp"

// example-begin own_graph
struct Panorama {
  using Extent = dht::NoExtent;  // a box around both borders would be as wide as the picture
  int height = 0, width = 0;

  std::int64_t vertices() const { return std::int64_t{height} * width; }
  template <class Visit>
  void for_each_neighbour(std::int32_t pixel, const Visit& visit) const {  // in ascending order
    const int row = pixel / width, column = pixel % width, first = row * width;
    const int left = first + (column + width - 1) % width, right = first + (column + 1) % width;
    if (row > 0) visit(pixel - width);
    if (width > 1) visit(std::min(left, right));
    if (width > 2) visit(std::max(left, right));
    if (row + 1 < height) visit(pixel + width);
  }
  Extent extent(std::int32_t) const { return {}; }
  int dimensions() const { return 0; }
  double sides(Extent) const { return 0; }
  std::array<double, 3> centre(std::int32_t) const { return {}; }
  void check() const { DHT_EXPECTS(height > 0 && width > 0, "panorama: is ", height, " x ", width); }
};
static_assert(dht::concepts::graph<Panorama>);

struct PanoramaPolicies : dht::ColourPolicies {
  using Graph = Panorama;
};
// example-end own_graph

namespace {

void cut(const dht::Picture& photo) {
  const auto image = dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
  // example-begin use_own_graph
  const dht::ColourEncoder<float> encoder;
  std::vector<float> features(photo.rgb.size());
  dht::ColourEncoder<float>::Workspace workspace;
  encoder.encode(dht::backend::Cpu(), image, features.data(), workspace);

  dht::Tokenizer<PanoramaPolicies> tokenizer;
  const Panorama panorama{photo.height, photo.width};
  const auto& tokens = tokenizer(panorama, {features.data(), panorama.vertices(), 3, 3}, 64);
  int rows = 0;  // where one token is on both sides of the seam
  for (int y = 0; y < photo.height; ++y) {
    const auto* const row = tokens.partition.labels.data() + y * photo.width;
    rows += row[0] == row[photo.width - 1];
  }
  // example-end use_own_graph
  std::cout << tokens.count() << " tokens; one lies across the seam in " << rows << " of " << photo.height
            << " rows\n";
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("own_graph", [&] {
    cut(argc > 1 ? dht::examples::read_photo(argv[1]).picture() : dht::examples::sample_picture());
  });
}
