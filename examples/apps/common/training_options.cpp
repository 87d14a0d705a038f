// SPDX-License-Identifier: MIT
// What the command lines of all programs that train have in common.
#include "training_options.hpp"

#include <string>

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>

#include "command_line.hpp"
#include "number_text.hpp"

namespace dht::examples {
namespace {

void check_at_least_one(const char* option, std::int64_t value) {
  DHT_EXPECTS(value >= 1, option, ": is ", value, "; must be at least 1");
}

template <class T>
std::string with_default(const char* what, T value) {
  return std::string(what) + " (default " + shortest_text(static_cast<double>(value)) + ")";
}

void add_length(CLI::App& app, TrainingOptions& options) {
  app.add_option("--epochs", options.epochs,
                 with_default("how often every picture is shown", options.default_epochs))
      ->type_name("N");
  app.add_option("--steps", options.steps, "instead: so many steps")->type_name("N");
  app.add_option("--batch", options.batch, with_default("pictures in a step", options.batch))->type_name("N");
  app.add_option("--side", options.side,
                 with_default("height and width of the parts that are shown", options.side))
      ->type_name("PIXELS");
}

void add_learning(CLI::App& app, TrainingOptions& options) {
  app.add_option("--learning-rate", options.learning_rate,
                 with_default("highest learning rate", options.learning_rate))
      ->type_name("NUMBER");
  app.add_option("--weight-decay", options.weight_decay,
                 with_default("of AdamW, for convolutions and maps", options.weight_decay))
      ->type_name("NUMBER");
  app.add_option("--warm-up", options.warm_up,
                 "steps in which the rate climbs (default: a tenth of all, at most 500)")
      ->type_name("N");
  app.add_option("--clip", options.clip, with_default("gradients are made no longer than this", options.clip))
      ->type_name("NUMBER");
  app.add_option("--seed", options.seed, "of all that is drawn (default 1)")
      ->type_name("N")
      ->check([](const std::string& text) {
        return text.starts_with('-') ? "is " + text + "; must be at least 0" : std::string();
      });
}

void add_running(CLI::App& app, TrainingOptions& options) {
  app.add_option("--save-every", options.save_every,
                 with_default("steps between checkpoints", options.save_every))
      ->type_name("N");
  app.add_option("--validate-every", options.validate_every,
                 options.validate_every == 0
                     ? "steps between validations (default: an epoch's)"
                     : with_default("steps between validations", options.validate_every))
      ->type_name("N");
  app.add_flag("--resume", options.resume, "go on from the checkpoint in the output, with the same options");
  app.add_option("--threads", options.threads, "threads to work with, 0: one per core (default)")
      ->type_name("N");
  app.add_flag("--quiet", options.quiet, "print nothing but errors");
}

}  // namespace

void add_training_output(CLI::App& app, TrainingOptions& options, const char* what) {
  app.add_option("--output", options.output,
                 std::string("folder of the results, created when missing: ") + what)
      ->required()
      ->type_name("DIR");
}

void add_training_options(CLI::App& app, TrainingOptions& options) {
  add_length(app, options);
  add_learning(app, options);
  add_running(app, options);
}

void check_training_options(const TrainingOptions& options) {
  DHT_EXPECTS(!options.output.empty(), "--output: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.epochs || !options.steps,
              "--epochs: cannot be asked for together with --steps; drop one of the two");
  if (options.epochs) check_at_least_one("--epochs", *options.epochs);
  if (options.steps) check_at_least_one("--steps", *options.steps);
  DHT_EXPECTS(options.warm_up.value_or(0) >= 0, "--warm-up: is ", *options.warm_up, "; must be at least 0");
  check_at_least_one("--save-every", options.save_every);
  DHT_EXPECTS(options.validate_every >= 0, "--validate-every: is ", options.validate_every,
              "; must be at least 0");
  check_range("--batch", options.batch, 1, 4096);
  check_range("--side", options.side, 8, 2048);
  check_range("--learning-rate", options.learning_rate, 0, 1e30);
  check_range("--weight-decay", options.weight_decay, 0, 1e30);
  DHT_EXPECTS(options.clip > 0, "--clip: is ", options.clip, "; must be above 0");
  DHT_EXPECTS(options.threads >= 0 && options.threads <= 1024, "--threads: is ", options.threads,
              "; must be 0 (one per core) to 1024");
}

}  // namespace dht::examples
