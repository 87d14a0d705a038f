// SPDX-License-Identifier: MIT
// Policies that are chosen at run time give what those give that are named.
#include <cstdint>
#include <string>
#include <vector>

#include <dht/any_policies.hpp>

#include "kit/catch.hpp"
#include "kit/error_of.hpp"
#include "kit/random.hpp"

using dht::test::error_of;

namespace {

template <class Kernel>
struct Named : dht::ColourPolicies {
  using Similarity = Kernel;
  using Criterion = dht::Bic;
};

template <class Kernel>
std::int64_t tokens_of(const dht::ImageView<const std::uint8_t>& image) {
  dht::TokenizerParts<Named<Kernel>> parts;
  parts.similarity = Kernel(0.5);
  parts.criterion = dht::Bic(10);
  return dht::Tokenizer<Named<Kernel>>(parts)(image).count();
}

template <class Criterion>
void check_criterion(const std::string& name) {
  const dht::AnyCriterion any(name, 3);
  const Criterion one(3);
  const float variance[] = {0.5f, 2};
  CHECK(any.information(7, variance, 2, std::int64_t{100}) ==
        one.information(7, variance, 2, std::int64_t{100}));
  CHECK(any.pixel_information<float>(100) == one.template pixel_information<float>(100));
}

}  // namespace

TEST_CASE("any policies: what a user's settings name", "[tokenizer]") {
  dht::test::Random random(4);
  std::vector<std::uint8_t> pixels(3 * 24 * 32);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(random.below(40) + (i / 3 % 32 < 16 ? 0 : 150));
  const auto image = dht::interleaved_view<const std::uint8_t>(pixels.data(), 24, 32, 3);
  // example-begin any_policies
  const std::string similarity = "cauchy", criterion = "bic";  // of a user's settings
  const std::int64_t tokens_found = dht::with_similarity(similarity, 0.5, [&](auto kernel) {
    dht::TokenizerParts<dht::AnyPolicies<decltype(kernel)>> parts;
    parts.encoder = dht::AnyEncoder<float>(dht::ColourEncoder<float>());
    parts.similarity = kernel;
    parts.criterion = dht::AnyCriterion(criterion, 10);  // iota
    return dht::Tokenizer<dht::AnyPolicies<decltype(kernel)>>(parts)(image).count();
  });
  // example-end any_policies
  CHECK(tokens_found == tokens_of<dht::Cauchy>(image));
}

TEST_CASE("any policies: criteria", "[tokenizer]") {
  check_criterion<dht::Aic>("aic");
  check_criterion<dht::Aicc>("aicc");
  check_criterion<dht::Bic>("bic");
  check_criterion<dht::Cic>("cic");
}

TEST_CASE("any policies: every similarity by its name, no other", "[tokenizer]") {
  const auto value = [](const char* name) {
    return dht::with_similarity(name, 2, [](auto kernel) {
      float sums[decltype(kernel)::sums] = {};
      kernel.add(sums, 1.0f, 4.0f);
      return kernel.value(sums);
    });
  };
  CHECK(value("gaussian") != value("laplacian"));
  CHECK(value("cauchy") != value("cosine"));
  CHECK(error_of([&] { value("triangle"); }) ==
        "similarity: is \"triangle\"; must be gaussian, laplacian, cauchy or cosine");
  CHECK(error_of([] { dht::AnyCriterion("mdl"); }) == "criterion: is \"mdl\"; must be aic, aicc, bic or cic");
}
