// SPDX-License-Identifier: MIT
// The command line of `pretrain`.
#include "pretrain_options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "command_line.hpp"

namespace dht::examples {
namespace {

void check_files(const PretrainOptions& options) {
  DHT_EXPECTS(!options.folder.empty(), "IMAGE_DIR: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.validation || !options.validation->empty(),
              "--validation: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.weights || !options.weights->empty(),
              "--weights: is empty; must be the name of a file");
}

void check_tokens(const PretrainOptions& options) {
  const std::int64_t pixels = std::int64_t{options.side} * options.side;
  for (const std::int64_t count : options.tokens) {
    DHT_EXPECTS(count >= 1 && count <= pixels, "--tokens: is ", count, "; must be 1 to ", pixels,
                ", the number of pixels");
    DHT_EXPECTS(std::count(options.tokens.begin(), options.tokens.end(), count) == 1, "--tokens: has ", count,
                " more than once; must have each number once");
  }
}

void check(const PretrainOptions& options) {
  check_files(options);
  DHT_EXPECTS(options.validate_every >= 1, "--validate-every: is ", options.validate_every,
              "; must be at least 1");
  check_training_options(options);
  check_tokens(options);
  DHT_EXPECTS(options.start == "opponent" || options.start == "random", "--start: is \"",
              dht::detail::one_line(options.start, 100), "\"; must be opponent or random");
  if (options.features) check_range("--features", *options.features, options.start == "random" ? 1 : 3, 64);
  if (options.compactness) {
    DHT_EXPECTS(*options.compactness >= 0 && *options.compactness < 1, "--compactness: is ",
                *options.compactness, "; must be at least 0 and below 1");
  }
}

void add_files(CLI::App& app, PretrainOptions& options) {
  app.add_option("IMAGE_DIR", options.folder, "folder with PNG and JPEG files, folders below it too")
      ->required();
  add_training_output(app, options, "weights, table and curve, checkpoint");
  app.add_option("--validation", options.validation, "folder of pictures that are looked at but not learned")
      ->type_name("DIR");
  app.add_option("--weights", options.weights, "checkpoint to begin with (default: as --start says)")
      ->type_name("FILE.safetensors");
  app.add_option("--start", options.start,
                 "untrained weights to begin with: opponent (colours, default) or random")
      ->type_name("NAME");
}

void add_method(CLI::App& app, PretrainOptions& options) {
  app.add_option("--tokens", options.tokens,
                 "tokens of a picture; of several numbers each step draws one (default 128 196 400)")
      ->expected(1, -1)
      ->type_name("K");
  app.add_option("--features", options.features, "features of a pixel (default: the weights', or 8)")
      ->type_name("N");
  app.add_option("--compactness", options.compactness,
                 "how much round regions are preferred, 0 to below 1 (default: the weights', or 0.01)")
      ->type_name("NUMBER");
}

}  // namespace

std::optional<PretrainOptions> parse_pretrain_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description) {
  PretrainOptions options;
  CLI::App app(description, name);
  prepare(app, name);
  add_files(app, options);
  add_method(app, options);
  add_training_options(app, options);
  if (!parse(app, argc, argv)) return std::nullopt;
  check(options);
  return options;
}

}  // namespace dht::examples
