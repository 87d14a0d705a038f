// SPDX-License-Identifier: MIT
// The command line of `segment`.
#include "segment_options.hpp"

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>

#include "command_line.hpp"

namespace dht::examples {
namespace {

void add_data(CLI::App& app, SegmentOptions& options) {
  app.add_option("IMAGE_DIR", options.folder, "folder with PNG and JPEG files, folders below it too")
      ->required();
  app.add_option("--labels", options.labels,
                 "folder with NAME.png for each of these, grey or a palette: the class of every pixel")
      ->required()
      ->type_name("DIR");
  add_training_output(app, options, "model, tables, curve, confusion matrix, drawings, checkpoint");
  app.add_option("--validation", options.validation, "folder of pictures that are looked at but not learned")
      ->type_name("DIR");
  app.add_option("--validation-labels", options.validation_labels, "and their label maps")->type_name("DIR");
  app.add_option("--classes", options.classes, "classes, numbered from 0 (default: those in the label maps)")
      ->type_name("N");
  app.add_option("--ignored", options.ignored, "the number of pixels that count nowhere (default 255)")
      ->type_name("N");
  app.add_option("--drawings", options.drawings, "pictures that are drawn in the end (default 8)")
      ->type_name("N");
}

void add_model(CLI::App& app, SegmentOptions& options) {
  app.add_option("--model", options.model, "model.safetensors of classify or retrofit to begin with")
      ->type_name("FILE.safetensors");
  app.add_option("--tokens", options.tokens, "regions of an image (default 196)")->type_name("K");
  app.add_option("--weights", options.weights, "of the tokenizer, instead of the library's own")
      ->type_name("FILE.safetensors");
  app.add_option("--position", options.position,
                 "what the image's diagonal counts beside features: the larger, the rounder are regions "
                 "(default: the library's)")
      ->type_name("NUMBER");
  app.add_option("--patch", options.patch, "samples along a side of a region's box (default 8)")
      ->type_name("N");
  app.add_option("--width", options.width, "numbers a token; a multiple of 32 (default 96)")->type_name("N");
  app.add_option("--depth", options.depth, "blocks (default 4)")->type_name("N");
  app.add_option("--blocks", options.blocks, "how many of the last ones the head sees (default 2)")
      ->type_name("N");
  app.add_option("--focal", options.focal, "gamma of the focal loss (default 0: cross entropy)")
      ->type_name("NUMBER");
  app.add_option("--least-area", options.least_area,
                 "share of a picture that is shown at least in training (default 0.4)")
      ->type_name("NUMBER");
}

void check_names(const SegmentOptions& options) {
  DHT_EXPECTS(!options.folder.empty(), "IMAGE_DIR: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.labels.empty(), "--labels: is empty; must be the name of a folder");
  DHT_EXPECTS(options.validation.has_value() == options.validation_labels.has_value(),
              "--validation: must be given together with --validation-labels");
  for (const auto& [path, name] :
       {std::pair(options.validation, "--validation"), {options.validation_labels, "--validation-labels"}})
    DHT_EXPECTS(!path || !path->empty(), name, ": is empty; must be the name of a folder");
  for (const auto& [path, name] : {std::pair(options.model, "--model"), {options.weights, "--weights"}})
    DHT_EXPECTS(!path || !path->empty(), name, ": is empty; must be the name of a file");
}

void check(const SegmentOptions& options) {
  check_names(options);
  check_training_options(options);
  DHT_EXPECTS(options.classes == 0 || options.classes >= 2, "--classes: is ", options.classes,
              "; must be at least 2");
  check_range("--classes", options.classes, 0, 256);
  check_range("--ignored", options.ignored, 0, 255);
  check_range("--tokens", static_cast<double>(options.tokens), 1,
              static_cast<double>(options.side) * options.side);
  if (options.position) check_range("--position", *options.position, 0, 1e6);
  check_range("--patch", options.patch, 2, 64);
  check_range("--width", options.width, 32, 4096);
  DHT_EXPECTS(options.width % 32 == 0, "--width: is ", options.width, "; must be a multiple of 32");
  check_range("--depth", options.depth, 1, 64);
  check_range("--blocks", options.blocks, 1, 64);
  DHT_EXPECTS(options.model || options.blocks <= options.depth, "--blocks: is ", options.blocks,
              "; must be at most --depth, ", options.depth);
  check_range("--focal", options.focal, 0, 100);
  check_range("--least-area", options.least_area, 0.01, 1);
  check_range("--drawings", options.drawings, 0, 10000);
}

}  // namespace

std::optional<SegmentOptions> parse_segment_options(int argc, char** argv, const std::string& name,
                                                    const std::string& description) {
  SegmentOptions options;
  options.side = 128;
  options.batch = 16;
  options.weight_decay = 0.05;
  options.learning_rate = 0.001;
  options.validate_every = 0;
  options.default_epochs = 30;
  CLI::App app(description, name);
  prepare(app, name);
  add_data(app, options);
  add_model(app, options);
  add_training_options(app, options);
  if (!parse(app, argc, argv)) return std::nullopt;
  check(options);
  return options;
}

}  // namespace dht::examples
