// SPDX-License-Identifier: MIT
// What a published checkpoint makes of real photos, against what the method's own code makes of them. Runs where the
// environment variable DHT_PHOTOS names a folder of NAME.png with NAME.safetensors beside, and DHT_CHECKPOINT a checkpoint.
#include "kit/catch.hpp"

#ifdef DHT_TEST_HAS_EXAMPLES

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <dht/dht.hpp>
#include <dht/encoder/checkpoint.hpp>

#include "common/image_file.hpp"

namespace {

template <class S>
struct Learned : dht::DefaultPolicies {
  using Scalar = S;
};

template <class S>
dht::Tokenizer<Learned<S>> tokenizer(const char* checkpoint_path) {
  const auto checkpoint = dht::load_checkpoint<S>(checkpoint_path);
  dht::TokenizerParts<Learned<S>> parts{dht::ConvolutionalEncoder<S>(checkpoint.encoder)};
  parts.self_loop = checkpoint.self_loop;
  parts.criterion = dht::Aicc(checkpoint.iota);
  parts.hierarchy.compactness = checkpoint.compactness;
  return dht::Tokenizer<Learned<S>>(std::move(parts));
}

/// Pixels that lie in the region of `b` that their region of `a` overlaps most.
template <class A, class B>
std::int64_t overlap(const A& a, const B& b) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> shared;
  for (std::size_t p = 0; p < a.size(); ++p) ++shared[{a[p], b[p]}];
  std::map<std::int32_t, std::int64_t> best;
  for (const auto& [pair, count] : shared) best[pair.first] = std::max(best[pair.first], count);
  std::int64_t sum = 0;
  for (const auto& [region, count] : best) sum += count;
  return sum;
}

std::vector<std::filesystem::path> photos() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(std::getenv("DHT_PHOTOS"))) {
    auto figures = entry.path();
    if (entry.path().extension() == ".png" &&
        std::filesystem::exists(figures.replace_extension(".safetensors")))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Compares every photo; the least share of one photo must be `each`, that of all together `all`, both ways.
template <class S>
void compare(double each, double all) {
  auto tokenize = tokenizer<S>(std::getenv("DHT_CHECKPOINT"));
  std::int64_t pixels = 0, there = 0, back = 0;
  REQUIRE_FALSE(photos().empty());
  for (const auto& path : photos()) {
    INFO(path);
    auto figures_path = path;
    const auto figures = dht::SafeTensors::load(figures_path.replace_extension(".safetensors"));
    const auto wanted = figures.read<std::int32_t>("labels");
    const auto photo = dht::examples::read_photo(path);
    const auto& tokens = photo.visit([&](const auto& view) -> const auto& { return tokenize(view); });
    const auto& found = tokens.partition.labels;
    REQUIRE(found.size() == wanted.size());
    const std::int64_t a = overlap(wanted, found), b = overlap(found, wanted);
    const auto n = static_cast<double>(wanted.size()),
               count = static_cast<double>(figures.shape("token_features")[0]);
    UNSCOPED_INFO("same region: " << 100 * static_cast<double>(a) / n << " %, the other way "
                                  << 100 * static_cast<double>(b) / n << " %");
    CHECK(static_cast<double>(a) >= each * n);
    CHECK(static_cast<double>(b) >= each * n);
    CHECK(std::abs(tokens.count() - count) <= 0.005 * count);
    pixels += static_cast<std::int64_t>(wanted.size());
    there += a;
    back += b;
  }
  CHECK(static_cast<double>(there) >= all * static_cast<double>(pixels));
  CHECK(static_cast<double>(back) >= all * static_cast<double>(pixels));
}

bool have_photos() { return std::getenv("DHT_PHOTOS") && std::getenv("DHT_CHECKPOINT"); }

}  // namespace

// The figures were computed in single precision. Noise of 1e-7 in the features alone moves up to 0.9 % of the pixels of
// a single photo (measured with three seeds), 0.3 % of all four together.
TEST_CASE("photos: the checkpoint's tokens in float", "[golden]") {
  if (!have_photos()) DHT_TEST_SKIP("DHT_PHOTOS and DHT_CHECKPOINT are not set");
  compare<float>(0.99, 0.99);
}

TEST_CASE("photos: the checkpoint's tokens in double", "[golden]") {
  if (!have_photos()) DHT_TEST_SKIP("DHT_PHOTOS and DHT_CHECKPOINT are not set");
  compare<double>(0.99, 0.997);
}

TEST_CASE("photos: exactly as many tokens as asked for", "[golden]") {
  if (!have_photos()) DHT_TEST_SKIP("DHT_PHOTOS and DHT_CHECKPOINT are not set");
  auto tokenize = tokenizer<float>(std::getenv("DHT_CHECKPOINT"));
  for (const auto& path : photos()) {
    INFO(path);
    const auto photo = dht::examples::read_photo(path);
    photo.visit([&](const auto& view) { tokenize.build(view); });
    for (const int count : {1, 16, 64, 196, 256, 576, 1024}) CHECK(tokenize.tokens(count).count() == count);
  }
}

#endif
