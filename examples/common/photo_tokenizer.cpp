// SPDX-License-Identifier: MIT
// The tokenizer that the options ask for: one instantiation for each of the four similarities.
#include "photo_tokenizer.hpp"

#include <cmath>
#include <sstream>
#include <system_error>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/io/file.hpp>
#include <dht/tokenizer.hpp>

#include "any_policies.hpp"

namespace dht::examples {
namespace {

/// Puts `where` before the sentence of an error.
template <class Body>
decltype(auto) with_name(const std::string& where, const Body& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

/// What does not depend on the similarity.
struct Common {
  Settings settings;
  std::string photo;
  AnyEncoder<float> encoder;
  AnyCriterion criterion;
  SelfLoop<float> self_loop;
  backend::Cpu backend;
};

template <class Kernel>
class Implementation final : public PhotoTokenizer {
 public:
  explicit Implementation(Common common)
      : PhotoTokenizer(common.settings),
        photo_(std::move(common.photo)),
        tokenizer_(parts(std::move(common))) {}

  const Hierarchy<float>& build(const Photo& photo) override {
    const std::int64_t pixels = std::int64_t{photo.height} * photo.width;
    DHT_EXPECTS(settings_.tokens.value_or(1) <= pixels, "--tokens: is ", *settings_.tokens, "; ", photo_,
                " has only ", pixels, " pixels");
    return with_name(photo_, [&]() -> const Hierarchy<float>& {
      return photo.visit(
          [&](const auto& image) -> const Hierarchy<float>& { return tokenizer_.build(image); });
    });
  }

  const Tokens<float>& select() override {
    if (settings_.tokens) return tokenizer_.tokens(*settings_.tokens);
    if (settings_.penalty) {
      OptimalCut<> cut;
      cut.penalty = *settings_.penalty;
      return tokenizer_.select(cut);
    }
    return tokenizer_.select(BestAncestor{});
  }

 private:
  using Policies = AnyPolicies<Kernel>;

  static TokenizerParts<Policies> parts(Common common) {
    TokenizerParts<Policies> parts;
    parts.encoder = std::move(common.encoder);
    parts.similarity = Kernel(common.settings.bandwidth);
    parts.criterion = common.criterion;
    parts.self_loop = std::move(common.self_loop);
    parts.hierarchy.compactness = common.settings.compactness;
    parts.backend = std::move(common.backend);
    return parts;
  }

  std::string photo_;
  Tokenizer<Policies> tokenizer_;
};

/// A checkpoint, checked for what this program does with it.
Checkpoint<float> read_weights(const std::filesystem::path& path) {
  auto checkpoint = load_checkpoint<float>(path);
  const std::string file = dht::detail::file_name(path);
  DHT_EXPECTS(checkpoint.encoder.channels == 3, file, ": takes images of ", checkpoint.encoder.channels,
              " channels; photos have 3");
  for (const float weight : checkpoint.self_loop.weight) {
    DHT_EXPECTS(std::isfinite(weight), file, ": varproj.weight holds ", weight, "; must be finite");
  }
  DHT_EXPECTS(std::isfinite(checkpoint.self_loop.bias), file, ": varproj.bias is ", checkpoint.self_loop.bias,
              "; must be finite");
  with_name(file + ": metadata", [&] { return AnyCriterion(checkpoint.criterion); });
  with_name(file + ": metadata", [&] { return AnyCriterion("aicc", checkpoint.iota); });
  with_name(file + ": metadata", [&] { return Compactness<float>(checkpoint.compactness); });
  return checkpoint;
}

}  // namespace

std::string Settings::selection_text() const {
  std::ostringstream text;
  if (tokens)
    text << "exactly as many as asked";
  else if (penalty)
    text << "optimal cut, penalty " << *penalty;
  else
    text << "best ancestor, " << criterion << ", iota " << iota;
  return text.str();
}

std::unique_ptr<PhotoTokenizer> make_tokenizer(const Options& options) {
  Common common;
  common.photo = dht::detail::file_name(options.photo);
  Settings& settings = common.settings;
  settings.encoder = "colour";
  Checkpoint<float> defaults;
  if (options.weights) {
    defaults = read_weights(*options.weights);
    const std::string file = dht::detail::file_name(*options.weights);
    common.encoder =
        AnyEncoder<float>(with_name(file, [&] { return ConvolutionalEncoder<float>(defaults.encoder); }));
    common.self_loop = defaults.self_loop;
    settings.encoder = file;
  }
  settings.criterion = options.criterion.value_or(defaults.criterion);
  settings.iota = options.iota.value_or(defaults.iota);
  settings.compactness = options.compactness.value_or(defaults.compactness);
  settings.similarity = options.similarity;
  settings.bandwidth = options.bandwidth;
  settings.tokens = options.tokens;
  if (options.tokens) {
    settings.selection = "budget";
  } else {
    settings.selection = options.selection.value_or("best-ancestor");
    if (settings.selection == "optimal-cut")
      settings.penalty = options.penalty.value_or(OptimalCut<>{}.penalty);
  }
  common.criterion = AnyCriterion(settings.criterion, settings.iota);
  try {
    common.backend = backend::Cpu(options.threads);
  } catch (const std::system_error&) {
    dht::detail::fail("--threads: the system does not give ", options.threads, " threads");
  }
  if (options.similarity == "laplacian")
    return std::make_unique<Implementation<Laplacian>>(std::move(common));
  if (options.similarity == "cauchy") return std::make_unique<Implementation<Cauchy>>(std::move(common));
  if (options.similarity == "cosine") return std::make_unique<Implementation<Cosine>>(std::move(common));
  return std::make_unique<Implementation<Gaussian>>(std::move(common));
}

}  // namespace dht::examples
