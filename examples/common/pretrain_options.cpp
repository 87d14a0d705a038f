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

void check_at_least_one(const char* option, std::int64_t value) {
  DHT_EXPECTS(value >= 1, option, ": is ", value, "; must be at least 1");
}

void check_files(const PretrainOptions& options) {
  DHT_EXPECTS(!options.folder.empty(), "IMAGE_DIR: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.output.empty(), "--output: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.validation || !options.validation->empty(),
              "--validation: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.weights || !options.weights->empty(),
              "--weights: is empty; must be the name of a file");
}

void check_length(const PretrainOptions& options) {
  DHT_EXPECTS(!options.epochs || !options.steps,
              "--epochs: cannot be asked for together with --steps; drop one of the two");
  if (options.epochs) check_at_least_one("--epochs", *options.epochs);
  if (options.steps) check_at_least_one("--steps", *options.steps);
  DHT_EXPECTS(options.warm_up.value_or(0) >= 0, "--warm-up: is ", *options.warm_up, "; must be at least 0");
  check_at_least_one("--save-every", options.save_every);
  check_at_least_one("--validate-every", options.validate_every);
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
  check_length(options);
  check_range("--batch", options.batch, 1, 4096);
  check_range("--side", options.side, 8, 2048);
  check_tokens(options);
  check_range("--learning-rate", options.learning_rate, 0, 1e30);
  check_range("--weight-decay", options.weight_decay, 0, 1e30);
  DHT_EXPECTS(options.clip > 0, "--clip: is ", options.clip, "; must be above 0");
  DHT_EXPECTS(options.start == "opponent" || options.start == "random", "--start: is \"",
              dht::detail::one_line(options.start, 100), "\"; must be opponent or random");
  if (options.features) check_range("--features", *options.features, options.start == "random" ? 1 : 3, 64);
  if (options.compactness) {
    DHT_EXPECTS(*options.compactness >= 0 && *options.compactness < 1, "--compactness: is ",
                *options.compactness, "; must be at least 0 and below 1");
  }
  DHT_EXPECTS(options.threads >= 0 && options.threads <= 1024, "--threads: is ", options.threads,
              "; must be 0 (one per core) to 1024");
}

void add_files(CLI::App& app, PretrainOptions& options) {
  app.add_option("IMAGE_DIR", options.folder, "folder with PNG and JPEG files, folders below it too")
      ->required();
  app.add_option("--output", options.output,
                 "folder of the results, created when missing: weights, table and curve, checkpoint")
      ->required()
      ->type_name("DIR");
  app.add_option("--validation", options.validation, "folder of pictures that are looked at but not learned")
      ->type_name("DIR");
  app.add_option("--weights", options.weights, "checkpoint to begin with (default: as --start says)")
      ->type_name("FILE.safetensors");
  app.add_option("--start", options.start,
                 "untrained weights to begin with: opponent (colours, default) or random")
      ->type_name("NAME");
}

void add_length(CLI::App& app, PretrainOptions& options) {
  app.add_option("--epochs", options.epochs, "how often every picture is shown (default 10)")->type_name("N");
  app.add_option("--steps", options.steps, "instead: so many steps")->type_name("N");
  app.add_option("--batch", options.batch, "pictures in a step (default 16)")->type_name("N");
  app.add_option("--side", options.side, "height and width of the parts that are shown (default 224)")
      ->type_name("PIXELS");
  app.add_option("--tokens", options.tokens,
                 "tokens of a picture; of several numbers each step draws one (default 128 196 400)")
      ->expected(1, -1)
      ->type_name("K");
}

void add_learning(CLI::App& app, PretrainOptions& options) {
  app.add_option("--learning-rate", options.learning_rate,
                 "highest learning rate (default 0.0005; a random start wants 0.02)")
      ->type_name("NUMBER");
  app.add_option("--weight-decay", options.weight_decay, "of AdamW, for convolutions and maps (default 0.01)")
      ->type_name("NUMBER");
  app.add_option("--warm-up", options.warm_up,
                 "steps in which the rate climbs (default: a tenth of all, at most 500)")
      ->type_name("N");
  app.add_option("--clip", options.clip, "gradients are made no longer than this (default 1)")
      ->type_name("NUMBER");
  app.add_option("--features", options.features, "features of a pixel (default: the weights', or 8)")
      ->type_name("N");
  app.add_option("--compactness", options.compactness,
                 "how much round regions are preferred, 0 to below 1 (default: the weights', or 0.01)")
      ->type_name("NUMBER");
  app.add_option("--seed", options.seed, "of all that is drawn (default 1)")->type_name("N");
}

void add_running(CLI::App& app, PretrainOptions& options) {
  app.add_option("--save-every", options.save_every, "steps between checkpoints (default 100)")
      ->type_name("N");
  app.add_option("--validate-every", options.validate_every, "steps between validations (default 500)")
      ->type_name("N");
  app.add_flag("--resume", options.resume, "go on from the checkpoint in the output, with the same options");
  app.add_option("--threads", options.threads, "threads to work with, 0: one per core (default)")
      ->type_name("N");
  app.add_flag("--quiet", options.quiet, "print nothing but errors");
}

}  // namespace

std::optional<PretrainOptions> parse_pretrain_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description) {
  PretrainOptions options;
  CLI::App app(description, name);
  prepare(app, name);
  add_files(app, options);
  add_length(app, options);
  add_learning(app, options);
  add_running(app, options);
  if (!parse(app, argc, argv)) return std::nullopt;
  check(options);
  return options;
}

}  // namespace dht::examples
