// SPDX-License-Identifier: MIT
// The programs `classify` and `retrofit`.
#include "class_training.hpp"

#include <iostream>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/io/parameters.hpp>
#include <dht/vit/shapes.hpp>

#include "class_learner.hpp"
#include "confusion_chart.hpp"
#include "number_text.hpp"
#include "progress.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

const char* const model_name = "model.safetensors";
const char* const results_name = "results.csv";
const char* const validation_picture = "confusion_validation.svg";
const char* const test_picture = "confusion_test.svg";

std::vector<std::string> names_of(const ClassOptions& options) {
  std::vector<std::string> names{model_name, results_name};
  if (options.validation) names.push_back(validation_picture);
  if (options.test) names.push_back(test_picture);
  return names;
}

/// Collects the table of results and says each line of it.
class Results {
 public:
  Results(const ClassOptions& options, TrainingRun& run, const ClassData& data, const backend::Cpu& backend)
      : options_(options), run_(run), data_(data), backend_(backend) {}

  /// Looks at all folders. `is_last`: with the pictures.
  void add(const std::string& stage, const Classifier<float>& model, TokenSource& source, bool is_last) {
    const auto look = [&](const ClassFolder* folder, const std::string& set, const char* picture) {
      if (folder == nullptr) return;
      check_interrupted();
      const Evaluation found = evaluate(model, source, *folder, options_, backend_, run_.pool());
      table_ += result_row(stage, set, found);
      const std::string sentence =
          percent_text(found.matrix.accuracy()) + " of " + std::to_string(found.matrix.total()) + " right";
      if (!options_.quiet)
        std::cout << stage << ", " << set << ": " << sentence << ", " << tenths(found.mean_tokens)
                  << " tokens an image\n";
      if (is_last)
        write_file(run_.output() / picture,
                   confusion_svg(found.matrix, folder->classes(), set + ": " + sentence));
    };
    look(data_.validation.get(), "validation", validation_picture);
    look(data_.test.get(), "test", test_picture);
  }

  void write() const { write_file(run_.output() / results_name, result_header + table_); }

 private:
  const ClassOptions& options_;
  TrainingRun& run_;
  const ClassData& data_;
  const backend::Cpu& backend_;
  std::string table_;
};

TrainingSettings settings_of(const ClassifyOptions& options, const VisionModel& model) {
  return {{"--patch", std::to_string(options.patch)},
          {"--width", std::to_string(options.width)},
          {"--depth", std::to_string(options.depth)},
          {"--heads", std::to_string(model.config.vit.heads)},
          {"--drop-path", shortest_text(options.drop_path)}};
}

VisionModel model_for(const ClassifyOptions& options, const std::vector<std::string>& classes) {
  VisionModel model;
  model.side = options.side;
  model.classes = classes;
  model.config.extraction.patch = options.patch;
  // A bin for each square: regions lie in several, in the shares of their pixels.
  model.config.extraction.position = options.side / options.patch;
  model.config.vit.width = options.width;
  model.config.vit.depth = options.depth;
  model.config.vit.heads = options.heads.value_or(options.width / 32);
  model.config.vit.drop_path = options.drop_path;
  return model;
}

/// Random weights. The mean of all tokens is what the head sees: on few pictures it learns faster than a class token.
Classifier<float> initial_model(const VisionModel& model, std::uint64_t seed) {
  return Classifier<float>::initial(model.config, static_cast<int>(model.classes.size()), seed,
                                    Pooling::mean);
}

/// The model of a file.
Classifier<float> read_model(const SafeTensors& file, const VisionModel& model) {
  check_shapes(file, head_shapes(model.config.vit.width, static_cast<std::int64_t>(model.classes.size())));
  auto read = initial_model(model, 0);
  read_parameters(file, parameters(read));
  return read;
}

/// Of squares, all of a box belongs to the token, so lambda was not learned: here it begins.
Classifier<float> with_lambda(Classifier<float> model, double lambda) {
  model.backbone.extraction.mix =
      Extraction<float>::with_lambda(model.backbone.extraction.config, lambda).mix;
  return model;
}

}  // namespace

int classify(const std::string& program, const ClassifyOptions& options) {
  TrainingRun run(program, options, names_of(options), {});
  const ClassData data(options, run);
  const VisionModel model = model_for(options, data.train.classes());
  Squares squares(options.patch);
  ClassLearner learner(options, run, data, squares, model, initial_model(model, options.seed),
                       settings_of(options, model));
  const int code = run.run(learner, data.train.images().size(), model_name);
  if (code != 0) return code;
  Results results(options, run, data, learner.backend());
  results.add("trained", learner.model(), squares, true);
  results.write();
  run.say_results();
  return 0;
}

int retrofit(const std::string& program, const RetrofitOptions& options) {
  std::vector<fs::path> inputs{options.model};
  if (options.weights) inputs.push_back(*options.weights);
  TrainingRun run(program, options, names_of(options), inputs);
  const SafeTensors file = SafeTensors::load(options.model);
  const VisionModel model = described(file);
  DHT_EXPECTS(options.side == model.side, "--side: is ", options.side, "; ", file.file(), " was trained on ",
              model.side);
  const Classifier<float> start = read_model(file, model);
  const ClassData data(options, run, model.classes);
  const int patch = model.config.extraction.patch;
  Squares squares(patch);
  const std::int64_t across = (options.side + patch - 1) / patch;
  RegionSettings cut{options.tokens.value_or(across * across), options.weights, options.position,
                     options.learn_features, options.feature_rate};
  Regions regions(cut, run.pool());
  TokenSource& source = options.squares ? static_cast<TokenSource&>(squares) : regions;
  ClassLearner learner(options, run, data, source, model, with_lambda(start, options.lambda),
                       {{"--model of fingerprint", fingerprint_of(options.model)},
                        {"--lambda", shortest_text(options.lambda)},
                        {"--squares", options.squares ? "(yes)" : "(no)"}});
  const int code = run.run(learner, data.train.images().size(), model_name);
  if (code != 0) return code;
  Results results(options, run, data, learner.backend());
  results.add("squares", start, squares, false);
  if (!options.squares) {
    cut.learn = false;
    Regions unlearned(cut, run.pool());
    results.add("exchanged", with_lambda(start, options.lambda), unlearned, false);
  }
  results.add("fine-tuned", learner.model(), source, true);
  results.write();
  run.say_results();
  return 0;
}

}  // namespace dht::examples
