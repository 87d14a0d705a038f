// SPDX-License-Identifier: MIT
// A vision transformer that learns to tell classes apart.
#include "class_learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include <dht/io/parameters.hpp>
#include <dht/train/losses.hpp>
#include <dht/train/targets.hpp>

#include "number_text.hpp"

namespace dht::examples {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// The class of every picture of a batch.
std::vector<std::int32_t> labels_of(const ClassFolder& folder, const TrainingBatch& batch) {
  std::vector<std::int32_t> labels;
  for (const std::size_t image : batch.image) labels.push_back(folder.label(image));
  return labels;
}

int answer(const MatrixView<const float>& logits, std::int64_t row) {
  return static_cast<int>(std::max_element(logits.row(row), logits.row(row) + logits.columns) -
                          logits.row(row));
}

/// Cross entropy of one row.
double loss_of(const MatrixView<const float>& logits, const MatrixView<const float>& targets,
               std::int64_t row) {
  return cross_entropy<float>({logits.row(row), 1, logits.columns}, {targets.row(row), 1, targets.columns});
}

}  // namespace

const char* const result_header = "stage,set,tokens,images,accuracy,loss\n";

std::string result_row(const std::string& stage, const std::string& set, const Evaluation& evaluation) {
  return stage + "," + set + "," + shortest_text(evaluation.mean_tokens) + "," +
         std::to_string(evaluation.matrix.total()) + "," + shortest_text(evaluation.matrix.accuracy()) + "," +
         shortest_text(evaluation.loss) + "\n";
}

ClassData::ClassData(const ClassOptions& options, TrainingRun& run,
                     const std::optional<std::vector<std::string>>& classes)
    : train(options.folder, run.reading(), run.pool(), classes) {
  if (options.validation)
    validation =
        std::make_unique<ClassFolder>(*options.validation, run.reading(), run.pool(), train.classes());
  if (options.test)
    test = std::make_unique<ClassFolder>(*options.test, run.reading(), run.pool(), train.classes());
}

Evaluation evaluate(const Classifier<float>& model, TokenSource& source, const ClassFolder& folder,
                    const TrainingOptions& options, const backend::Cpu& backend, backend::ThreadPool& pool) {
  Evaluation out{ConfusionMatrix(folder.classes().size())};
  const int classes = model.classes();
  Classifier<float>::Saved saved;
  TrainingBatch batch;
  batch.side = options.side;
  double loss = 0, tokens = 0;
  for (std::size_t begin = 0; begin < folder.images().size(); begin += batch.image.size()) {
    batch.image.resize(static_cast<std::size_t>(options.batch));
    validation_batch(folder.images(), begin, pool, batch);
    source.cut(batch.view(), false);
    std::vector<float> logits(batch.image.size() * static_cast<std::size_t>(classes));
    const MatrixView<float> rows{logits.data(), static_cast<std::int64_t>(batch.image.size()), classes};
    model.forward(backend, source.seen(), source.tokens(), nullptr, rows, saved);
    const std::vector<std::int32_t> labels = labels_of(folder, batch);
    const Buffer<float> targets = class_targets<float>(labels, classes);
    loss += cross_entropy<float>(rows, {targets.data(), rows.rows, classes}) * static_cast<double>(rows.rows);
    tokens += source.tokens().count();
    for (std::int64_t i = 0; i < rows.rows; ++i)
      out.matrix.add(labels[static_cast<std::size_t>(i)], answer(rows, i));
  }
  out.loss = loss / static_cast<double>(folder.images().size());
  out.mean_tokens = tokens / static_cast<double>(folder.images().size());
  return out;
}

ClassLearner::ClassLearner(const ClassOptions& options, TrainingRun& run, const ClassData& data,
                           TokenSource& source, VisionModel description, Classifier<float> model,
                           TrainingSettings settings)
    : options_(options),
      pool_(run.pool()),
      backend_(run.threads()),
      data_(data),
      source_(source),
      description_(std::move(description)),
      model_(std::move(model)),
      gradients_(model_.zeros()),
      settings_(std::move(settings)),
      order_(data.train.images().size(), options.seed) {
  batch_.side = options.side;
  batch_.image.resize(static_cast<std::size_t>(options.batch));
}

std::vector<ParameterGroup> ClassLearner::groups() {
  std::vector<ParameterGroup> all{{parameters(model_), parameters(gradients_), 1}};
  for (ParameterGroup& group : source_.groups()) all.push_back(std::move(group));
  return all;
}

void ClassLearner::add_to(SafeTensorsWriter& writer) {
  add_parameters(writer, parameters(model_));
  source_.add_to(writer);
  describe(writer, description_);
}

TrainingSettings ClassLearner::settings() {
  TrainingSettings all = settings_;
  for (auto& setting : source_.settings()) all.push_back(std::move(setting));
  all.emplace_back("--smoothing", shortest_text(options_.smoothing));
  all.emplace_back("--least-area", shortest_text(options_.least_area));
  all.emplace_back("images of fingerprint", data_.train.images().fingerprint());
  all.emplace_back("validation images of fingerprint",
                   data_.validation ? data_.validation->images().fingerprint() : "(none)");
  return all;
}

void ClassLearner::take_loss(const MatrixView<const float>& logits, const MatrixView<float>& grad_logits) {
  const std::vector<std::int32_t> labels = labels_of(data_.train, batch_);
  const Buffer<float> targets = class_targets<float>(labels, logits.columns, options_.smoothing);
  const MatrixView<const float> rows{targets.data(), logits.rows, logits.columns};
  loss_ = cross_entropy<float>(logits, rows, -1, grad_logits);
  losses_.clear();
  int right = 0;
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    losses_.push_back(loss_of(logits, rows, i));
    right += answer(logits, i) == labels[static_cast<std::size_t>(i)];
  }
  accuracy_ = right / static_cast<double>(logits.rows);
}

double ClassLearner::learn(std::int64_t step) {
  training_batch(data_.train.images(), order_, options_.seed, step, pool_, batch_, options_.least_area);
  const ImageView<const float> images = batch_.view();
  source_.cut(images, true);
  const int classes = model_.classes();
  Buffer<float> logits(batch_.image.size() * static_cast<std::size_t>(classes)), grad(logits.size());
  const MatrixView<float> rows{logits.data(), images.batch, classes},
      grad_rows{grad.data(), images.batch, classes};
  model_.forward(backend_, source_.seen(), source_.tokens(), nullptr, rows, saved_, true,
                 {true, options_.seed, step});
  take_loss(rows, grad_rows);
  for (const Parameter<float>& p : parameters(gradients_)) std::fill(p.values.begin(), p.values.end(), 0.0f);
  model_.backward(backend_, source_.seen(), source_.tokens(), saved_, grad_rows, gradients_,
                  source_.grad_seen());
  source_.backward(images);
  return loss_;
}

/// The picture whose loss is not finite, or else the one with the largest.
std::string ClassLearner::worst() const {
  const auto worst = std::max_element(losses_.begin(), losses_.end(), [](double a, double b) {
    return std::isfinite(a) && (!std::isfinite(b) || a < b);
  });
  const auto place = static_cast<std::size_t>(worst - losses_.begin());
  return data_.train.images().name(batch_.image[place]) + " is " + short_text(*worst);
}

void ClassLearner::validate() {
  const Evaluation found = evaluate(model_, source_, *data_.validation, options_, backend_, pool_);
  validation_loss_ = found.loss;
  validation_accuracy_ = found.matrix.accuracy();
  is_validated_ = true;
}

std::vector<std::string> ClassLearner::columns() const {
  std::vector<std::string> names{"step", "learning_rate", "gradient_norm", "loss", "accuracy"};
  if (data_.validation) names.insert(names.end(), {"validation_loss", "validation_accuracy"});
  return names;
}

std::vector<double> ClassLearner::row(const StepFigures& figures, bool is_validated) const {
  const bool is_first = figures.step == 0;
  std::vector<double> row{static_cast<double>(figures.step), figures.rate, figures.norm,
                          is_first ? not_known : loss_, is_first ? not_known : accuracy_};
  if (data_.validation) {
    row.push_back(is_validated ? validation_loss_ : not_known);
    row.push_back(is_validated ? validation_accuracy_ : not_known);
  }
  return row;
}

std::string ClassLearner::step_text() const {
  return "loss " + fixed_text(loss_, 4) + ", right " + percent_text(accuracy_);
}

std::string ClassLearner::validation_text() const {
  if (!is_validated_) return "";
  return "validation: loss " + fixed_text(validation_loss_, 4) + ", right " +
         percent_text(validation_accuracy_);
}

std::vector<Chart> ClassLearner::charts(const TrainingLog& log) const {
  Chart loss{"Cross entropy", "step", "nats", {curve_of(log, "step", "loss", 100)}};
  Chart accuracy{"Right answers", "step", "share", {curve_of(log, "step", "accuracy", 100)}};
  loss.curves[0].name = accuracy.curves[0].name = "training";
  if (data_.validation) {
    loss.curves.push_back(curve_of(log, "step", "validation_loss"));
    accuracy.curves.push_back(curve_of(log, "step", "validation_accuracy"));
    loss.curves[1].name = accuracy.curves[1].name = "validation";
  }
  return {loss, accuracy};
}

std::string ClassLearner::introduction() {
  const TrainingImages& images = data_.train.images();
  std::string text = std::to_string(images.size()) + " pictures of " +
                     std::to_string(data_.train.classes().size()) + " classes";
  if (data_.validation)
    text += "; " + std::to_string(data_.validation->images().size()) + " to validate with";
  if (images.broken() > 0) text += "; files that were left out: " + std::to_string(images.broken());
  std::int64_t numbers = 0;
  for (const ParameterGroup& group : groups())
    for (const Parameter<float>& p : group.parameters) numbers += static_cast<std::int64_t>(p.values.size());
  return text + ".\nTokens: " + source_.text() + "; " + std::to_string(numbers) + " numbers to learn.\n";
}

}  // namespace dht::examples
