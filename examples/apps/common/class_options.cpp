// SPDX-License-Identifier: MIT
// The command lines of `classify` and `retrofit`.
#include "class_options.hpp"

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>

#include "command_line.hpp"

namespace dht::examples {
namespace {

/// Defaults that suit transformers.
void set_defaults(ClassOptions& options) {
  options.side = 128;
  options.batch = 32;
  options.weight_decay = 0.05;
  options.validate_every = 0;
}

void add_data(CLI::App& app, ClassOptions& options) {
  app.add_option("TRAIN_DIR", options.folder, "folder with a folder of PNG and JPEG files for each class")
      ->required();
  add_training_output(app, options, "model, tables, curve and confusion matrices, checkpoint");
  app.add_option("--validation", options.validation, "the same classes, looked at but not learned")
      ->type_name("DIR");
  app.add_option("--test", options.test, "the same classes, looked at in the end")->type_name("DIR");
  app.add_option("--smoothing", options.smoothing,
                 "share of a target that is spread over all classes (default 0.1)")
      ->type_name("NUMBER");
  app.add_option("--least-area", options.least_area,
                 "share of a picture that is shown at least in training (default 0.4)")
      ->type_name("NUMBER");
}

void check_data(const ClassOptions& options) {
  DHT_EXPECTS(!options.folder.empty(), "TRAIN_DIR: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.validation || !options.validation->empty(),
              "--validation: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.test || !options.test->empty(), "--test: is empty; must be the name of a folder");
  check_training_options(options);
  check_range("--smoothing", options.smoothing, 0, 0.99);
  check_range("--least-area", options.least_area, 0.01, 1);
}

void add_model(CLI::App& app, ClassifyOptions& options) {
  app.add_option("--patch", options.patch, "side of a square in pixels; divides --side (default 16)")
      ->type_name("PIXELS");
  app.add_option("--width", options.width, "numbers a token (default 192)")->type_name("N");
  app.add_option("--depth", options.depth, "blocks (default 6)")->type_name("N");
  app.add_option("--heads", options.heads, "heads of attention (default: one for each 32 channels)")
      ->type_name("N");
  app.add_option("--drop-path", options.drop_path,
                 "how probably the last block is left out for an image (default 0)")
      ->type_name("NUMBER");
}

void check_model(const ClassifyOptions& options) {
  check_range("--patch", options.patch, 2, 256);
  DHT_EXPECTS(options.side % options.patch == 0, "--patch: is ", options.patch, "; must divide --side, ",
              options.side);
  check_range("--width", options.width, 8, 4096);
  check_range("--depth", options.depth, 1, 64);
  if (options.heads) check_range("--heads", *options.heads, 1, 64);
  const int heads = options.heads.value_or(32);
  DHT_EXPECTS(options.width % heads == 0, "--width: is ", options.width, "; must be a multiple of ", heads,
              options.heads ? ", the heads" : " where --heads is not given");
  check_range("--drop-path", options.drop_path, 0, 0.9);
}

void add_regions(CLI::App& app, RetrofitOptions& options) {
  app.add_option("--model", options.model, "model.safetensors of classify")
      ->required()
      ->type_name("FILE.safetensors");
  app.add_option("--tokens", options.tokens,
                 "regions of an image (default: as many as the model has squares)")
      ->type_name("K");
  app.add_option("--weights", options.weights, "of the tokenizer, instead of the library's own")
      ->type_name("FILE.safetensors");
  app.add_option("--position", options.position,
                 "what the image's diagonal counts beside features: the larger, the rounder are regions "
                 "(default: the library's)")
      ->type_name("NUMBER");
  app.add_option("--lambda", options.lambda,
                 "share of what is in a region's box beside it that is seen at first, up to 1 (default 1)")
      ->type_name("NUMBER");
  app.add_flag("--squares", options.squares,
               "keep the squares, to compare: what so many epochs more do without regions");
  app.add_flag("--learn-features", options.learn_features, "the tokenizer learns, too");
  app.add_option("--feature-rate", options.feature_rate,
                 "how fast, in learning rates of the model (default 0.1)")
      ->type_name("NUMBER");
}

void check_regions(const RetrofitOptions& options) {
  DHT_EXPECTS(!options.model.empty(), "--model: is empty; must be the name of a file");
  DHT_EXPECTS(!options.weights || !options.weights->empty(),
              "--weights: is empty; must be the name of a file");
  if (options.tokens)
    check_range("--tokens", static_cast<double>(*options.tokens), 1,
                static_cast<double>(options.side) * options.side);
  DHT_EXPECTS(!options.squares || !(options.tokens || options.learn_features),
              "--squares: cannot be asked for together with --tokens or --learn-features; drop one of them");
  if (options.position) check_range("--position", *options.position, 0, 1e6);
  DHT_EXPECTS(options.lambda > 0 && options.lambda <= 1, "--lambda: is ", options.lambda,
              "; must be above 0 and at most 1");
  check_range("--feature-rate", options.feature_rate, 0, 1e6);
}

}  // namespace

std::optional<ClassifyOptions> parse_classify_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description) {
  ClassifyOptions options;
  set_defaults(options);
  options.default_epochs = 30;
  options.learning_rate = 0.001;
  CLI::App app(description, name);
  prepare(app, name);
  add_data(app, options);
  add_model(app, options);
  add_training_options(app, options);
  if (!parse(app, argc, argv)) return std::nullopt;
  check_data(options);
  check_model(options);
  return options;
}

std::optional<RetrofitOptions> parse_retrofit_options(int argc, char** argv, const std::string& name,
                                                      const std::string& description) {
  RetrofitOptions options;
  set_defaults(options);
  options.default_epochs = 10;
  options.learning_rate = 0.0005;
  CLI::App app(description, name);
  prepare(app, name);
  add_data(app, options);
  add_regions(app, options);
  add_training_options(app, options);
  if (!parse(app, argc, argv)) return std::nullopt;
  check_data(options);
  check_regions(options);
  return options;
}

}  // namespace dht::examples
