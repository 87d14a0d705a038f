// SPDX-License-Identifier: MIT
// Pre-training: a folder of pictures becomes weights of the encoder.
#include "pretrainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <dht/core/random.hpp>

#include "learner.hpp"
#include "number_text.hpp"
#include "pretrain_model.hpp"
#include "training_images.hpp"
#include "training_log.hpp"
#include "training_run.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

const char* const weights_name = "weights.safetensors";

/// The stream of random numbers for the number of tokens of a step; those of training_images.cpp are others.
constexpr std::uint64_t counting = 103;

/// A picture that is painted exactly would have infinite decibels.
constexpr double most_decibels = 100;

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// Mean over the images of their decibels.
double mean_decibels(const std::vector<double>& errors) {
  double sum = 0;
  for (const double error : errors) sum += std::min(peak_signal_to_noise(error), most_decibels);
  return sum / static_cast<double>(errors.size());
}

/// The encoder, learning to paint the pictures of a folder.
class Painter : public Learner {
 public:
  Painter(const PretrainOptions& options, TrainingRun& run)
      : options_(options),
        pool_(run.pool()),
        images_(options.folder, run.reading(), pool_),
        validation_(options.validation
                        ? std::make_unique<TrainingImages>(*options.validation, run.reading(), pool_)
                        : nullptr),
        order_(images_.size(), options.seed),
        model_({options.features, options.compactness, options.start, options.seed, run.threads()},
               options.weights),
        weights_fingerprint_(options.weights ? fingerprint_of(*options.weights) : "(none)") {
    batch_.side = options.side;
    batch_.image.resize(static_cast<std::size_t>(options.batch));
  }

  std::size_t images() const { return images_.size(); }

  std::vector<ParameterGroup> groups() override { return {{model_.parameters(), model_.gradients(), 1}}; }
  ParameterList<float> statistics() override { return model_.statistics(); }
  void add_to(SafeTensorsWriter& writer) override { model_.add_to(writer); }

  TrainingSettings settings() override {
    std::string tokens;
    for (const std::int64_t count : options_.tokens)
      tokens += (tokens.empty() ? "" : " ") + std::to_string(count);
    return {{"--tokens", tokens},
            {"--features", std::to_string(model_.features())},
            {"--compactness", shortest_text(model_.compactness())},
            {"--start", options_.start},
            {"--weights of fingerprint", weights_fingerprint_},
            {"images of fingerprint", images_.fingerprint()},
            {"validation images of fingerprint", validation_ ? validation_->fingerprint() : "(none)"}};
  }

  double learn(std::int64_t step) override {
    training_batch(images_, order_, options_.seed, step, pool_, batch_);
    count_ = options_.tokens[Random(options_.seed, counting, step).below(options_.tokens.size())];
    loss_ = model_.learn(batch_.view(), count_);
    decibels_ = mean_decibels(loss_.of_image);
    return loss_.value;
  }

  /// The picture whose loss is not finite, or else the one with the largest.
  std::string worst() const override {
    const auto worst = std::max_element(loss_.of_image.begin(), loss_.of_image.end(), [](double a, double b) {
      return std::isfinite(a) && (!std::isfinite(b) || a < b);
    });
    const std::size_t image = batch_.image[static_cast<std::size_t>(worst - loss_.of_image.begin())];
    return images_.name(image) + " is " + short_text(*worst);
  }

  void update_statistics() override { model_.update_statistics(); }

  bool validates() const override { return validation_ != nullptr; }

  /// Mean decibels of the validation images for each number of tokens.
  void validate() override {
    std::vector<std::vector<double>> errors(options_.tokens.size());
    TrainingBatch batch;
    batch.side = options_.side;
    for (std::size_t begin = 0; begin < validation_->size(); begin += batch.image.size()) {
      batch.image.resize(static_cast<std::size_t>(options_.batch));
      validation_batch(*validation_, begin, pool_, batch);
      const auto losses = model_.look(batch.view(), options_.tokens);
      for (std::size_t k = 0; k < losses.size(); ++k)
        errors[k].insert(errors[k].end(), losses[k].of_image.begin(), losses[k].of_image.end());
    }
    validated_.clear();
    for (const auto& of_count : errors) validated_.push_back(mean_decibels(of_count));
  }

  std::vector<std::string> columns() const override {
    std::vector<std::string> names{"step", "tokens", "learning_rate", "gradient_norm", "loss", "psnr"};
    if (validation_)
      for (const std::int64_t count : options_.tokens)
        names.push_back("validation_psnr_" + std::to_string(count));
    return names;
  }

  std::vector<double> row(const StepFigures& figures, bool is_validated) const override {
    std::vector<double> row{
        static_cast<double>(figures.step), not_known, figures.rate, figures.norm, not_known, not_known};
    if (figures.step > 0) row = {row[0], static_cast<double>(count_), row[2], row[3], loss_.value, decibels_};
    if (validation_)
      for (std::size_t k = 0; k < options_.tokens.size(); ++k)
        row.push_back(is_validated ? validated_[k] : not_known);
    return row;
  }

  std::string step_text() const override {
    return "loss " + fixed_text(loss_.value, 5) + ", " + fixed_text(decibels_, 2) + " dB, " +
           std::to_string(count_) + " tokens";
  }

  std::string validation_text() const override {
    std::string text;
    for (std::size_t k = 0; k < validated_.size(); ++k)
      text += (k == 0 ? "validation: " : ", ") + fixed_text(validated_[k], 2) + " dB with " +
              std::to_string(options_.tokens[k]);
    return text;
  }

  std::vector<Chart> charts(const TrainingLog& log) const override {
    Chart loss{"Reconstruction loss", "step", "mean squared error", {curve_of(log, "step", "loss")}};
    loss.curves[0].name = "training";
    Chart decibels{"Peak signal-to-noise ratio", "step", "dB", {curve_of(log, "step", "psnr")}};
    decibels.curves[0].name = "training";
    if (validation_) {
      for (const std::int64_t count : options_.tokens) {
        decibels.curves.push_back(curve_of(log, "step", "validation_psnr_" + std::to_string(count)));
        decibels.curves.back().name = "val., " + std::to_string(count) + " tokens";
      }
    }
    return {loss, decibels};
  }

  std::string introduction() override {
    std::string text = std::to_string(images_.size()) + " pictures, " + std::to_string(images_.kept()) +
                       " of them in memory";
    if (validation_) text += "; " + std::to_string(validation_->size()) + " to validate with";
    if (images_.broken() > 0) text += "; files that were left out: " + std::to_string(images_.broken());
    return text + ".\n";
  }

 private:
  const PretrainOptions& options_;
  backend::ThreadPool& pool_;
  TrainingImages images_;
  std::unique_ptr<TrainingImages> validation_;
  ShuffledOrder order_;
  PretrainModel model_;
  std::string weights_fingerprint_;
  TrainingBatch batch_;
  ReconstructionLoss loss_;
  std::int64_t count_ = 0;
  double decibels_ = 0;
  std::vector<double> validated_;
};

}  // namespace

int pretrain(const std::string& program, const PretrainOptions& options) {
  std::vector<fs::path> inputs;
  if (options.weights) inputs.push_back(*options.weights);
  TrainingRun run(program, options, {weights_name}, inputs);
  Painter painter(options, run);
  const int code = run.run(painter, painter.images(), weights_name);
  if (code == 0) run.say_results();
  return code;
}

}  // namespace dht::examples
