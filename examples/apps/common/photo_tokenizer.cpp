// SPDX-License-Identifier: MIT
// The tokenizer that the options ask for: one instantiation for each of the four similarities.
#include "photo_tokenizer.hpp"

#include <algorithm>
#include <locale>
#include <sstream>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/tokenizer.hpp>

#include "device_tokenizer.hpp"
#include "tokenizer_parts.hpp"
#include "weights_file.hpp"

namespace dht::examples {
namespace {

template <class Kernel>
class Implementation final : public PhotoTokenizer {
 public:
  explicit Implementation(Common common)
      : PhotoTokenizer(common.settings), tokenizer_(parts(std::move(common))) {}

  const Hierarchy<float>& build(const std::filesystem::path& path, const Photo& photo) override {
    photo_ = dht::detail::file_name(path);
    pixels_ = std::int64_t{photo.height} * photo.width;
    check_count(settings_.tokens.value_or(1));
    return with_name(photo_, [&]() -> const Hierarchy<float>& {
      return photo.visit(
          [&](const auto& image) -> const Hierarchy<float>& { return tokenizer_.build(image); });
    });
  }

  const Tokens<float>& select(const Mask& mask) override {
    if (settings_.selection == "best-ancestor") return refined(tokenizer_.select(BestAncestor{}));
    if (settings_.selection == "optimal-cut") return refined(cut_optimally());
    return settings_.tokens ? merge_to(*settings_.tokens, mask) : merge_at({*settings_.penalty}, mask);
  }

  const Tokens<float>& merge_to(std::int64_t count, const Mask& mask) override {
    check_count(count);
    if (mask.data != nullptr) tokenizer_.merge(mask);
    return refined(tokenizer_.tokens(count));
  }

  const Tokens<float>& merge_at(Penalty penalty, const Mask& mask) override {
    if (mask.data != nullptr) tokenizer_.merge(mask);
    return refined(tokenizer_.tokens(penalty));
  }

  std::pair<const MergeTree&, const MergePenalties&> penalties(std::int64_t enough,
                                                               std::int64_t least) override {
    merge(enough);
    least = std::min(least, pixels_);
    if (tokenizer_.merge_tree().most() < least) tokenizer_.merge_for(least);
    const MergePenalties& penalties = tokenizer_.penalties();
    return {tokenizer_.merge_tree(), penalties};
  }

 private:
  using Policies = AnyPolicies<Kernel>;

  static TokenizerParts<Policies> parts(Common common) {
    auto parts = parts_of<Policies>(common);
    parts.merging.smallest = common.settings.smallest.value_or(1);
    parts.backend = std::move(common.backend);
    return parts;
  }

  void check_count(std::int64_t count) const {
    DHT_EXPECTS(count <= pixels_, "--tokens: is ", count, "; ", photo_, " has only ", pixels_, " pixels");
  }

  /// Where a level has fewer than `enough` regions of the smallest size, merging begins at a finer one.
  void merge(std::int64_t enough) {
    MergeOptions options = tokenizer_.parts().merging;
    options.start_level = tokenizer_.merge(options).leaves.level;
    while (options.start_level > 1 && tokenizer_.merge_tree().most() < enough) {
      --options.start_level;
      tokenizer_.merge(options);
    }
  }

  const Tokens<float>& refined(const Tokens<float>& tokens) {
    return settings_.refine > 0 ? tokenizer_.refine(settings_.refine) : tokens;
  }

  const Tokens<float>& cut_optimally() {
    if (settings_.tokens) {
      TokenBudget<> budget;
      budget.tokens = *settings_.tokens;
      return tokenizer_.select(budget);
    }
    OptimalCut<> cut;
    cut.penalty = *settings_.penalty;
    return tokenizer_.select(cut);
  }

  std::string photo_;
  std::int64_t pixels_ = 0;
  Tokenizer<Policies> tokenizer_;
};

}  // namespace

#ifndef DHT_APPS_HAVE_THRUST
std::unique_ptr<PhotoTokenizer> make_thrust_tokenizer(Common) {
  dht::detail::fail(
      {"--backend: thrust is not in this program; it was built without Thrust (libthrust-dev)"});
}
#endif
#ifndef DHT_APPS_HAVE_CUDA
std::unique_ptr<PhotoTokenizer> make_cuda_tokenizer(Common) {
  dht::detail::fail({"--backend: cuda is not in this program; it was built without -D DHT_CUDA=ON"});
}
#endif

int PhotoTokenizer::bytes_a_pixel() const {
  constexpr std::int64_t pixels = 1 << 20;
  constexpr int of_results = 25;  // pictures, label maps, shapes
  return static_cast<int>(tokenizer_bytes<float>(pixels, settings_.features) / pixels) + of_results;
}

std::string Settings::selection_text() const {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  if (selection == "best-ancestor") {
    text << "best ancestor, " << criterion << ", iota " << iota;
  } else {
    text << (selection == "merging" ? "merging" : "optimal cut");
  }
  if (penalty) text << ", penalty " << *penalty;
  if (smallest.value_or(1) > 1) text << ", smallest " << *smallest;
  if (mask) text << ", inside of " << dht::detail::one_line(*mask, 4096);
  if (refine > 0) text << ", refined " << refine << (refine == 1 ? " time" : " times");
  return text.str();
}

std::unique_ptr<PhotoTokenizer> make_tokenizer(const Options& options) {
  Common common;
  Settings& settings = common.settings;
  settings.encoder = options.encoder;
  Checkpoint<float> defaults;
  if (options.encoder == "colour") common.encoder = AnyEncoder<float>(ColourEncoder<float>());
  if (options.weights) {
    defaults = read_weights(*options.weights);
    const std::string file = dht::detail::file_name(*options.weights);
    common.encoder =
        AnyEncoder<float>(with_name(file, [&] { return ConvolutionalEncoder<float>(defaults.encoder); }));
    common.self_loop = defaults.self_loop;
    settings.encoder = file;
  }
  settings.features = common.encoder.features();
  settings.criterion = options.criterion.value_or(defaults.criterion);
  settings.iota = options.iota.value_or(defaults.iota);
  settings.compactness = options.compactness.value_or(defaults.compactness);
  settings.similarity = options.similarity;
  settings.bandwidth = options.bandwidth;
  settings.tokens = options.tokens;
  settings.refine = options.refine;
  settings.selection = options.selection.value_or(options.tokens ? "merging" : "best-ancestor");
  if (settings.selection == "merging") {
    settings.smallest = options.smallest.value_or(MergeOptions{}.smallest);
    if (options.mask) settings.mask = options.mask->filename().string();
    if (!options.tokens) settings.penalty = options.penalty.value_or(Penalty{}.value);
  } else if (settings.selection == "optimal-cut" && !options.tokens) {
    settings.penalty = options.penalty.value_or(OptimalCut<>{}.penalty);
  }
  common.criterion = AnyCriterion(settings.criterion, settings.iota);
  if (options.backend == "thrust") return make_thrust_tokenizer(std::move(common));
  if (options.backend == "cuda") return make_cuda_tokenizer(std::move(common));
  common.backend = backend::Cpu(options.threads);
  return with_kernel<Implementation>(std::move(common));
}

}  // namespace dht::examples
