// SPDX-License-Identifier: MIT
// A vision transformer that learns to tell classes apart.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/regions/confusion_matrix.hpp>
#include <dht/vit/classifier.hpp>

#include "class_folder.hpp"
#include "class_options.hpp"
#include "learner.hpp"
#include "token_source.hpp"
#include "training_images.hpp"
#include "training_run.hpp"
#include "vision_model.hpp"

namespace dht::examples {

/// Pictures to learn from and those to look at.
struct ClassData {
  ClassFolder train;
  std::unique_ptr<ClassFolder> validation, test;

  ClassData(const ClassOptions& options, TrainingRun& run,
            const std::optional<std::vector<std::string>>& classes = std::nullopt);
};

/// How well a model does on a folder.
struct Evaluation {
  ConfusionMatrix matrix;
  double loss = 0;         ///< mean cross entropy, without smoothing
  double mean_tokens = 0;  ///< of an image
};

/// Looks at the middle of every picture.
Evaluation evaluate(const Classifier<float>& model, TokenSource& source, const ClassFolder& folder,
                    const TrainingOptions& options, const backend::Cpu& backend, backend::ThreadPool& pool);

/// The transformer of `model` on tokens of `source`, learning.
class ClassLearner : public Learner {
 public:
  ClassLearner(const ClassOptions& options, TrainingRun& run, const ClassData& data, TokenSource& source,
               VisionModel description, Classifier<float> model, TrainingSettings settings);

  const Classifier<float>& model() const { return model_; }
  const backend::Cpu& backend() const { return backend_; }

  std::vector<ParameterGroup> groups() override;
  void add_to(SafeTensorsWriter& writer) override;
  std::vector<std::string> fixed_tensors() override { return source_.fixed_tensors(); }
  TrainingSettings settings() override;
  double learn(std::int64_t step) override;
  std::string worst() const override;
  bool validates() const override { return data_.validation != nullptr; }
  void validate() override;
  std::vector<std::string> columns() const override;
  std::vector<double> row(const StepFigures& figures, bool is_validated) const override;
  std::string step_text() const override;
  std::string validation_text() const override;
  std::vector<Chart> charts(const TrainingLog& log) const override;
  std::string introduction() override;

 private:
  void take_loss(const MatrixView<const float>& logits, const MatrixView<float>& grad_logits);

  const ClassOptions& options_;
  backend::ThreadPool& pool_;
  backend::Cpu backend_;
  const ClassData& data_;
  TokenSource& source_;
  VisionModel description_;
  Classifier<float> model_, gradients_;
  TrainingSettings settings_;
  ShuffledOrder order_;
  TrainingBatch batch_;
  Classifier<float>::Saved saved_;
  std::vector<double> losses_;  ///< of the batch's images
  double loss_ = 0, accuracy_ = 0, validation_loss_ = 0, validation_accuracy_ = 0;
  bool is_validated_ = false;
};

/// A line of the table of results, "STAGE,SET,TOKENS,IMAGES,ACCURACY,LOSS", with its end.
std::string result_row(const std::string& stage, const std::string& set, const Evaluation& evaluation);
extern const char* const result_header;

}  // namespace dht::examples
