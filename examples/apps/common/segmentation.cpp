// SPDX-License-Identifier: MIT
// The program `segment`.
#include "segmentation.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/io/parameters.hpp>
#include <dht/train/losses.hpp>
#include <dht/vit/dense_model.hpp>

#include "class_drawing.hpp"
#include "confusion_chart.hpp"
#include "labelled_images.hpp"
#include "learner.hpp"
#include "number_text.hpp"
#include "token_source.hpp"
#include "training_run.hpp"
#include "vision_model.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

const char* const model_name = "model.safetensors";
const char* const results_name = "results.csv";
const char* const picture_name = "confusion.svg";
const char* const drawings_name = "drawings";

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// The settings of a model that begins new, or of the one in a file.
VisionModel model_for(const SegmentOptions& options, int classes) {
  VisionModel model;
  if (options.model) {
    const SafeTensors file = SafeTensors::load(*options.model);
    model = described(file);
    DHT_EXPECTS(options.blocks <= model.config.vit.depth, "--blocks: is ", options.blocks,
                "; must be at most ", model.config.vit.depth, ", the depth of ", file.file());
  } else {
    model.config.extraction.patch = options.patch;
    model.config.extraction.position = 16;
    model.config.vit.width = options.width;
    model.config.vit.depth = options.depth;
    model.config.vit.heads = options.width / 32;
  }
  model.side = options.side;
  model.classes.clear();
  for (int c = 0; c < classes; ++c) model.classes.push_back(std::to_string(c));
  return model;
}

DenseModel<float> start_of(const SegmentOptions& options, const VisionModel& model) {
  auto start = DenseModel<float>::initial(model.config, static_cast<int>(model.classes.size()),
                                          options.blocks, options.seed);
  if (options.model) read_parameters(SafeTensors::load(*options.model), parameters(start.backbone));
  return start;
}

/// Both folders, and how many classes there are.
struct SegmentData {
  LabelledImages train;
  std::unique_ptr<LabelledImages> validation;
  int classes;

  SegmentData(const SegmentOptions& options, TrainingRun& run)
      : train(options.folder, options.labels, run.reading(), run.pool()),
        validation(options.validation
                       ? std::make_unique<LabelledImages>(*options.validation, *options.validation_labels,
                                                          run.reading(), run.pool())
                       : nullptr),
        classes(options.classes > 0 ? options.classes : train.classes(options.ignored)) {
    DHT_EXPECTS(classes >= 2, "--labels: have ", classes, " classes; must have at least 2");
    train.check_classes(classes, options.ignored);
    if (validation) validation->check_classes(classes, options.ignored);
  }

  /// What is looked at in the end.
  const LabelledImages& shown() const { return validation ? *validation : train; }
};

class Segmenter : public Learner {
 public:
  Segmenter(const SegmentOptions& options, TrainingRun& run, const SegmentData& data, TokenSource& source,
            const VisionModel& description)
      : options_(options),
        pool_(run.pool()),
        backend_(run.threads()),
        data_(data),
        source_(source),
        description_(description),
        model_(start_of(options, description)),
        gradients_(model_.zeros()),
        order_(data.train.images().size(), options.seed) {
    batch_.side = options.side;
    batch_.image.resize(static_cast<std::size_t>(options.batch));
  }

  std::vector<ParameterGroup> groups() override { return {{parameters(model_), parameters(gradients_), 1}}; }
  void add_to(SafeTensorsWriter& writer) override {
    add_parameters(writer, parameters(model_));
    source_.add_to(writer);
    describe(writer, description_);
    writer.set_metadata("vit.blocks", std::to_string(model_.blocks));
  }
  std::vector<std::string> fixed_tensors() override { return source_.fixed_tensors(); }

  TrainingSettings settings() override {
    const VitConfig& vit = description_.config.vit;
    TrainingSettings all{
        {"--classes", std::to_string(data_.classes)},
        {"--ignored", std::to_string(options_.ignored)},
        {"--patch", std::to_string(description_.config.extraction.patch)},
        {"--width", std::to_string(vit.width)},
        {"--depth", std::to_string(vit.depth)},
        {"--blocks", std::to_string(model_.blocks)},
        {"--focal", shortest_text(options_.focal)},
        {"--least-area", shortest_text(options_.least_area)},
        {"--model of fingerprint", options_.model ? fingerprint_of(*options_.model) : "(none)"},
        {"images of fingerprint", data_.train.fingerprint()},
        {"validation images of fingerprint", data_.validation ? data_.validation->fingerprint() : "(none)"}};
    for (auto& setting : source_.settings()) all.push_back(std::move(setting));
    return all;
  }

  double learn(std::int64_t step) override {
    training_batch(data_.train.images(), order_, options_.seed, step, pool_, batch_, options_.least_area);
    source_.cut(batch_.view(), true);
    const MatrixView<float> logits = answer(true, {true, options_.seed, step});
    const std::vector<std::int32_t> maps = class_maps(data_.train, batch_, options_.ignored);
    const Buffer<float> targets = soft_targets<float>(source_.tokens(), view_of(maps, batch_), data_.classes);
    Buffer<float> grad(targets.size());
    const MatrixView<float> grad_logits{grad.data(), logits.rows, logits.columns};
    loss_ = loss(logits, {targets.data(), logits.rows, logits.columns}, grad_logits);
    find_worst(logits, targets);
    for (const Parameter<float>& p : parameters(gradients_))
      std::fill(p.values.begin(), p.values.end(), 0.0f);
    model_.backward(backend_, source_.seen(), source_.tokens(), saved_, grad_logits, gradients_);
    return loss_;
  }

  std::string worst() const override { return worst_; }
  bool validates() const override { return data_.validation != nullptr; }
  void validate() override {
    const ConfusionMatrix found = look(*data_.validation);
    accuracy_ = found.accuracy();
    mean_iou_ = found.mean_iou();
    is_validated_ = true;
  }

  /// Pixels by class and answer. `show(image, batch, place, answers, truth)` is called for every picture.
  template <class Show>
  ConfusionMatrix look(const LabelledImages& folder, const Show& show) {
    ConfusionMatrix matrix(static_cast<std::size_t>(data_.classes));
    TrainingBatch batch;
    batch.side = options_.side;
    const std::size_t pixels =
        static_cast<std::size_t>(options_.side) * static_cast<std::size_t>(options_.side);
    for (std::size_t begin = 0; begin < folder.images().size(); begin += batch.image.size()) {
      batch.image.resize(static_cast<std::size_t>(options_.batch));
      validation_batch(folder.images(), begin, pool_, batch);
      source_.cut(batch.view(), false);
      const MatrixView<float> logits = answer(false, {});
      const std::vector<std::int32_t> truth = class_maps(folder, batch, options_.ignored);
      std::vector<std::int32_t> answers(truth.size());
      for (std::size_t p = 0; p < truth.size(); ++p) {
        const float* const row = logits.row(source_.tokens().partition.labels[p]);
        answers[p] = static_cast<std::int32_t>(std::max_element(row, row + logits.columns) - row);
        if (truth[p] >= 0) matrix.add(truth[p], answers[p]);
      }
      for (std::size_t i = 0; i < batch.image.size(); ++i) {
        const auto part = [&](const std::vector<std::int32_t>& of) {
          const auto first = of.begin() + static_cast<std::ptrdiff_t>(i * pixels);
          return std::vector<std::int32_t>(first, first + static_cast<std::ptrdiff_t>(pixels));
        };
        show(
            batch, i, [&] { return part(answers); }, [&] { return part(truth); });
      }
    }
    return matrix;
  }
  ConfusionMatrix look(const LabelledImages& folder) {
    return look(folder, [](const auto&...) {});
  }

  std::vector<std::string> columns() const override {
    std::vector<std::string> names{"step", "learning_rate", "gradient_norm", "loss"};
    if (data_.validation) names.insert(names.end(), {"validation_accuracy", "validation_mean_iou"});
    return names;
  }
  std::vector<double> row(const StepFigures& figures, bool is_validated) const override {
    std::vector<double> row{static_cast<double>(figures.step), figures.rate, figures.norm,
                            figures.step == 0 ? not_known : loss_};
    if (data_.validation) {
      row.push_back(is_validated ? accuracy_ : not_known);
      row.push_back(is_validated ? mean_iou_ : not_known);
    }
    return row;
  }
  std::string step_text() const override { return "loss " + fixed_text(loss_, 4); }
  std::string validation_text() const override {
    if (!is_validated_) return "";
    return "validation: " + percent_text(accuracy_) + " of the pixels right, mean IoU " +
           percent_text(mean_iou_);
  }
  std::vector<Chart> charts(const TrainingLog& log) const override {
    Chart loss{options_.focal > 0 ? "Focal loss" : "Cross entropy",
               "step",
               "nats",
               {curve_of(log, "step", "loss", 100)}};
    loss.curves[0].name = "training";
    if (!data_.validation) return {loss};
    Chart scores{
        "Validation",
        "step",
        "share",
        {curve_of(log, "step", "validation_accuracy"), curve_of(log, "step", "validation_mean_iou")}};
    scores.curves[0].name = "pixels right";
    scores.curves[1].name = "mean IoU";
    return {loss, scores};
  }
  std::string introduction() override {
    const TrainingImages& images = data_.train.images();
    std::string text =
        std::to_string(images.size()) + " pictures, " + std::to_string(data_.classes) + " classes";
    if (data_.validation)
      text += "; " + std::to_string(data_.validation->images().size()) + " to validate with";
    if (images.broken() > 0) text += "; files that were left out: " + std::to_string(images.broken());
    return text + ".\nTokens: " + source_.text() + ".\n";
  }

 private:
  static ClassMaps view_of(const std::vector<std::int32_t>& maps, const TrainingBatch& batch) {
    return planar_view(maps.data(), static_cast<int>(batch.image.size()), 1, batch.side, batch.side);
  }

  MatrixView<float> answer(bool keep, const TrainingPlace& place) {
    const MatrixView<float> logits{nullptr, source_.tokens().count(), data_.classes};
    logits_.resize(static_cast<std::size_t>(logits.rows * logits.columns));
    const MatrixView<float> view{logits_.data(), logits.rows, logits.columns};
    model_.forward(backend_, source_.seen(), source_.tokens(), nullptr, view, saved_, keep, place);
    return view;
  }

  double loss(const MatrixView<const float>& logits, const MatrixView<const float>& targets,
              const MatrixView<float>& grad) const {
    return options_.focal > 0 ? focal_loss<float>(logits, targets, options_.focal, -1, grad)
                              : cross_entropy<float>(logits, targets, -1, grad);
  }

  /// The picture whose loss is not finite, or else the one with the largest.
  void find_worst(const MatrixView<const float>& logits, const Buffer<float>& targets) {
    double largest = -1;
    for (std::size_t b = 0; b < batch_.image.size() && std::isfinite(largest); ++b) {
      const std::int64_t first = source_.tokens().begin[b], rows = source_.tokens().begin[b + 1] - first;
      const double of = loss({logits.row(first), rows, logits.columns},
                             {targets.data() + first * logits.columns, rows, logits.columns}, {});
      if (std::isfinite(of) && of <= largest) continue;
      largest = of;
      worst_ = data_.train.images().name(batch_.image[b]) + " is " + short_text(of);
    }
  }

  const SegmentOptions& options_;
  backend::ThreadPool& pool_;
  backend::Cpu backend_;
  const SegmentData& data_;
  TokenSource& source_;
  VisionModel description_;
  DenseModel<float> model_, gradients_;
  ShuffledOrder order_;
  TrainingBatch batch_;
  DenseModel<float>::Saved saved_;
  Buffer<float> logits_;
  std::string worst_;
  double loss_ = 0, accuracy_ = 0, mean_iou_ = 0;
  bool is_validated_ = false;
};

/// The part of a photo that the model has seen.
Picture seen_part(const TrainingBatch& batch, std::size_t place) {
  Picture picture(batch.side, batch.side);
  const std::size_t plane = static_cast<std::size_t>(batch.side) * static_cast<std::size_t>(batch.side);
  for (std::size_t p = 0; p < plane; ++p)
    for (std::size_t c = 0; c < 3; ++c)
      picture.rgb[3 * p + c] = static_cast<std::uint8_t>(
          std::lround(255 * std::clamp(batch.planes[(3 * place + c) * plane + p], 0.0f, 1.0f)));
  return picture;
}

/// Where drawings go, which programs that look for pictures would find: not among those that this one reads.
fs::path checked_drawings_folder(const SegmentOptions& options) {
  const fs::path drawings = options.output / drawings_name;
  std::error_code error;
  const fs::file_status status = fs::status(drawings, error);
  DHT_EXPECTS(!fs::exists(status) || fs::is_directory(status), "--output: ", dht::detail::file_name(drawings),
              " is a file; must be a folder");
  const auto real = [&](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(path, error), error);
  };
  const fs::path place = real(drawings);
  for (const auto& folder : {std::optional(options.folder), std::optional(options.labels), options.validation,
                             options.validation_labels}) {
    if (!folder) continue;
    const fs::path above = real(*folder);
    const auto differs = std::mismatch(above.begin(), above.end(), place.begin(), place.end()).first;
    DHT_EXPECTS(differs != above.end(), "--output: ", dht::detail::file_name(drawings), " would be within ",
                dht::detail::file_name(*folder), ", which is read; choose another folder");
  }
  return drawings;
}

/// drawings/below/NAME.png for IMAGE_DIR/below/NAME.jpg, which has the label map below/NAME.png for its own.
void write_drawing(const fs::path& path, const Picture& drawing) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  DHT_EXPECTS(!error, dht::detail::file_name(path.parent_path()), ": cannot be created (", error.message(),
              ")");
  write_png(path, drawing);
}

void write_results(const SegmentOptions& options, const TrainingRun& run, const SegmentData& data,
                   Segmenter& segmenter, const fs::path& drawings) {
  const LabelledImages& shown = data.shown();
  int left = options.drawings;
  const ConfusionMatrix matrix = segmenter.look(
      shown, [&](const TrainingBatch& batch, std::size_t place, const auto& answers, const auto& truth) {
        check_interrupted();
        if (left-- <= 0) return;
        write_drawing(drawings / shown.name_below(batch.image[place]),
                      draw_classes(seen_part(batch, place), answers(), truth()));
      });
  const std::string set = options.validation ? "validation" : "training";
  std::vector<std::string> names;
  for (int c = 0; c < data.classes; ++c) names.push_back(std::to_string(c));
  const std::string sentence = set + ": " + percent_text(matrix.accuracy()) +
                               " of the pixels right, mean IoU " + percent_text(matrix.mean_iou());
  write_file(run.output() / picture_name, confusion_svg(matrix, names, sentence));
  write_file(run.output() / results_name,
             "set,tokens,pixels,accuracy,mean_iou\n" + set + "," + std::to_string(options.tokens) + "," +
                 std::to_string(matrix.total()) + "," + shortest_text(matrix.accuracy()) + "," +
                 shortest_text(matrix.mean_iou()) + "\n");
  if (!options.quiet) std::cout << sentence << '\n';
}

}  // namespace

int segment(const std::string& program, const SegmentOptions& options) {
  std::vector<fs::path> inputs;
  for (const auto& file : {options.model, options.weights})
    if (file) inputs.push_back(*file);
  const fs::path drawings = checked_drawings_folder(options);
  TrainingRun run(program, options, {model_name, results_name, picture_name}, inputs);
  const SegmentData data(options, run);
  const VisionModel model = model_for(options, data.classes);
  Regions regions({options.tokens, options.weights, options.position, false, 1}, run.pool());
  Segmenter segmenter(options, run, data, regions, model);
  const int code = run.run(segmenter, data.train.images().size(), model_name);
  if (code != 0) return code;
  write_results(options, run, data, segmenter, drawings);
  run.say_results();
  return 0;
}

}  // namespace dht::examples
