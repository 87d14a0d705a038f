// SPDX-License-Identifier: MIT
// first_tokens [PHOTO]: the shortest use of the library. Without a photo it draws one.
#include <iostream>

#include <dht/dht.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/sample_picture.hpp"

namespace {

void print_tokens(const dht::Picture& photo) {
  // example-begin first_tokens
  dht::Tokenizer tokenizer;
  const auto image = dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
  const auto& tokens = tokenizer(image, 16);  // exactly 16; tokenizer(image) lets the method find the number

  const auto colour = dht::mean_over_tokens(image, tokens);  // red, green, blue of each, from 0 to 1
  const auto centroids = dht::centroids(tokens);
  for (int t = 0; t < tokens.count(); ++t) {
    std::cout << "token " << t << ": " << tokens.size[t] << " pixels around row " << int(centroids[t].row)
              << ", column " << int(centroids[t].column) << ", red " << colour[3 * t] << ", green "
              << colour[3 * t + 1] << ", blue " << colour[3 * t + 2] << '\n';
  }
  std::cout << "the first pixel belongs to token " << tokens.labels()(0, 0) << '\n';
  // example-end first_tokens
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("first_tokens", [&] {
    print_tokens(argc > 1 ? dht::examples::read_photo(argv[1]).picture() : dht::examples::sample_picture());
  });
}
