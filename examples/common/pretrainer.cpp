// SPDX-License-Identifier: MIT
// Pre-training: a folder of pictures becomes weights of the encoder.
#include "pretrainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <dht/backend/thread_pool.hpp>
#include <dht/core/error.hpp>
#include <dht/core/random.hpp>
#include <dht/io/file.hpp>
#include <dht/train/clip.hpp>
#include <dht/train/optimiser.hpp>
#include <dht/train/schedule.hpp>

#include "fingerprint.hpp"
#include "output_folder.hpp"
#include "pretrain_checkpoint.hpp"
#include "pretrain_model.hpp"
#include "progress.hpp"
#include "training_images.hpp"
#include "training_log.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

const char* const checkpoint_name = "checkpoint.safetensors";
const char* const weights_name = "weights.safetensors";
const char* const table_name = "pretrain.csv";
const char* const curve_name = "curve.svg";

/// The stream of random numbers for the number of tokens of a step; those of training_images.cpp are others.
constexpr std::uint64_t counting = 103;

/// A picture that is painted exactly would have infinite decibels.
constexpr double most_decibels = 100;

volatile std::sig_atomic_t signal_caught = 0;
void catch_signal(int signal) { signal_caught = signal; }

/// SIGINT and SIGTERM end a training after its step; a second one ends it at once.
class Signals {
 public:
  Signals() {
    signal_caught = 0;
    for (const int signal : {SIGINT, SIGTERM}) {
      struct sigaction action {};
      action.sa_handler = catch_signal;
      action.sa_flags = static_cast<int>(SA_RESETHAND);
      sigaction(signal, &action, nullptr);
    }
  }
  ~Signals() {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int caught() const { return signal_caught; }
};

/// Mean over the images of their decibels.
double mean_decibels(const std::vector<double>& errors) {
  double sum = 0;
  for (const double error : errors) sum += std::min(peak_signal_to_noise(error), most_decibels);
  return sum / static_cast<double>(errors.size());
}

/// Of a file's bytes.
std::string fingerprint_of(const fs::path& path) {
  Fingerprint fingerprint;
  fingerprint.add(read_file(path));
  return fingerprint.text();
}

std::string digits(double number, const char* form) {
  char text[32];
  std::snprintf(text, sizeof text, form, number);
  return text;
}

class Pretrainer {
 public:
  Pretrainer(std::string program, const PretrainOptions& options)
      : program_(std::move(program)),
        options_(options),
        output_(options.output, {checkpoint_name, weights_name, table_name, curve_name}, inputs()) {
    check_checkpoint();
    make_pool();
    const ReadingOptions reading{program_, options.kept_bytes, options.quiet};
    images_ = std::make_unique<TrainingImages>(options.folder, reading, *pool_);
    if (options.validation)
      validation_ = std::make_unique<TrainingImages>(*options.validation, reading, *pool_);
    order_ = std::make_unique<ShuffledOrder>(images_->size(), options.seed);
    count_steps();
    model_ = std::make_unique<PretrainModel>(
        ModelSettings{options.features, options.compactness, options.start, options.seed, threads_},
        options.weights);
    optimiser_ = std::make_unique<AdamW<float>>(
        model_->parameters(), AdamWOptions{.weight_decay = options.weight_decay, .decay_vectors = false});
    if (options.weights) weights_fingerprint_ = fingerprint_of(*options.weights);
    log_ = std::make_unique<TrainingLog>(columns());
    batch_.side = options.side;
    batch_.image.resize(static_cast<std::size_t>(options.batch));
  }

  int run() {
    begin();
    const Signals signals;
    begin_ = Clock::now();
    first_step_ = steps_done();
    MovingLine line(options_.quiet ? nullptr : terminal());
    while (steps_done() < steps_) {
      const std::string what = step();
      const bool is_last = steps_done() == steps_;
      if (line.is_due(is_last)) line.write(what + ", " + speed());
      if (is_validated(steps_done())) line.clear(), report(what);
      if (is_last || steps_done() % options_.save_every == 0 || signals.caught() != 0) save();
      if (signals.caught() != 0 && !is_last) return stop(signals.caught());
    }
    if (first_step_ == steps_) save();  // a finished training was resumed
    save_weights(output_.path() / weights_name, *model_);
    finish();
    return 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::vector<fs::path> inputs() const {
    if (!options_.weights) return {};
    return {*options_.weights};
  }

  fs::path checkpoint() const { return output_.path() / checkpoint_name; }
  std::int64_t steps_done() const { return optimiser_->steps(); }
  bool is_validated(std::int64_t step) const { return step % options_.validate_every == 0 || step == steps_; }

  /// Before any picture is read: a training that cannot begin is refused at once.
  void check_checkpoint() const {
    std::error_code error;
    const bool exists = fs::exists(checkpoint(), error);
    DHT_EXPECTS(exists || !options_.resume, "--resume: ", dht::detail::file_name(checkpoint()),
                " does not exist; must be there to go on from");
    DHT_EXPECTS(!exists || options_.resume, "--output: ", dht::detail::file_name(checkpoint()),
                " is there already; --resume goes on from it, or choose another folder");
  }

  void make_pool() {
    threads_ = options_.threads > 0 ? options_.threads
                                    : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    try {
      pool_ = std::make_unique<backend::ThreadPool>(threads_ - 1);
    } catch (const std::system_error&) {
      dht::detail::fail("--threads: the system does not give ", threads_, " threads");
    }
  }

  void count_steps() {
    const std::int64_t shown = options_.epochs.value_or(10) * static_cast<std::int64_t>(images_->size());
    steps_ = options_.steps.value_or((shown + options_.batch - 1) / options_.batch);
    const std::int64_t warm_up = options_.warm_up.value_or(std::min<std::int64_t>(steps_ / 10, 500));
    DHT_EXPECTS(warm_up <= steps_, "--warm-up: is ", warm_up, "; must be at most ", steps_,
                ", the number of steps");
    schedule_.emplace(options_.learning_rate, steps_, warm_up);
    warm_up_ = warm_up;
  }

  std::vector<std::string> columns() const {
    std::vector<std::string> names{"step", "tokens", "learning_rate", "gradient_norm", "loss", "psnr"};
    if (validation_)
      for (const std::int64_t count : options_.tokens)
        names.push_back("validation_psnr_" + std::to_string(count));
    return names;
  }

  /// All on which the result depends. The number of threads is not among it.
  PretrainSettings settings() const {
    std::string tokens;
    for (const std::int64_t count : options_.tokens)
      tokens += (tokens.empty() ? "" : " ") + std::to_string(count);
    return {{"--batch", std::to_string(options_.batch)},
            {"--side", std::to_string(options_.side)},
            {"--tokens", tokens},
            {"--steps", std::to_string(steps_)},
            {"--learning-rate", shortest_text(options_.learning_rate)},
            {"--weight-decay", shortest_text(options_.weight_decay)},
            {"--warm-up", std::to_string(warm_up_)},
            {"--clip", shortest_text(options_.clip)},
            {"--features", std::to_string(model_->features())},
            {"--compactness", shortest_text(model_->compactness())},
            {"--start", options_.start},
            {"--seed", std::to_string(options_.seed)},
            {"--validate-every", validation_ ? std::to_string(options_.validate_every) : "(none)"},
            {"--weights of fingerprint", weights_fingerprint_},
            {"images of fingerprint", images_->fingerprint()},
            {"validation images of fingerprint", validation_ ? validation_->fingerprint() : "(none)"}};
  }

  void begin() {
    if (options_.resume) {
      remove_leftovers();
      restore_checkpoint(checkpoint(), state(), settings());
    } else {
      std::error_code error;
      fs::create_directories(output_.path(), error);
      DHT_EXPECTS(!error, "--output: ", dht::detail::file_name(output_.path()), " cannot be created (",
                  error.message(), ")");
      add_row({0, not_known, not_known, not_known, not_known, not_known}, true);
      save();
    }
    if (options_.quiet) return;
    std::cout << images_->size() << " pictures, " << images_->kept() << " of them in memory";
    if (validation_) std::cout << "; " << validation_->size() << " to validate with";
    if (images_->broken() > 0) std::cout << "; files that were left out: " << images_->broken();
    std::cout << ".\n";
    if (options_.resume) std::cout << "Going on after step " << steps_done() << " of " << steps_ << ".\n";
  }

  /// What runs that were killed had begun to write.
  void remove_leftovers() const {
    std::error_code error;
    std::vector<fs::path> leftovers;
    for (fs::directory_iterator at(output_.path(), error); !error && at != fs::directory_iterator();
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with(".dht-") && name.ends_with(".tmp")) leftovers.push_back(at->path());
    }
    for (const fs::path& path : leftovers) fs::remove(path, error);
  }

  PretrainState state() { return {*model_, *optimiser_, *log_}; }

  /// One step; what there is to say of it.
  std::string step() {
    const std::int64_t step = steps_done();
    training_batch(*images_, *order_, options_.seed, step, *pool_, batch_);
    const std::int64_t count =
        options_.tokens[Random(options_.seed, counting, step).below(options_.tokens.size())];
    const ReconstructionLoss loss = learn(count);
    const ParameterList<float> gradients = model_->gradients();
    const double norm = clip_by_global_norm(gradients, options_.clip);
    check_finite(norm, "the gradient", loss);
    const double rate = (*schedule_)(step);
    optimiser_->step(model_->parameters(), gradients, rate);
    model_->update_statistics();
    const double decibels = mean_decibels(loss.of_image);
    add_row({static_cast<double>(step + 1), static_cast<double>(count), rate, norm, loss.value, decibels},
            is_validated(step + 1));
    return "step " + std::to_string(step + 1) + " of " + std::to_string(steps_) + ": loss " +
           digits(loss.value, "%.5f") + ", " + digits(decibels, "%.2f") + " dB, " + std::to_string(count) +
           " tokens";
  }

  ReconstructionLoss learn(std::int64_t count) {
    ReconstructionLoss loss;
    try {
      loss = model_->learn(batch_.view(), count);
    } catch (const Error& error) {
      dht::detail::fail("step ", steps_done() + 1, ": ", error.what(), "; ", last_good());
    }
    check_finite(loss.value, "the loss", loss);
    return loss;
  }

  /// Names the picture whose loss is not finite, or else the one with the largest.
  void check_finite(double value, const char* what, const ReconstructionLoss& loss) const {
    if (std::isfinite(value)) return;
    const auto worst = std::max_element(loss.of_image.begin(), loss.of_image.end(), [](double a, double b) {
      return std::isfinite(a) && (!std::isfinite(b) || a < b);
    });
    const std::size_t image = batch_.image[static_cast<std::size_t>(worst - loss.of_image.begin())];
    dht::detail::fail("step ", steps_done() + 1, ": ", what, " is ", value, "; the loss of ",
                      images_->name(image), " is ", *worst, "; ", last_good());
  }

  std::string last_good() const {
    return "the last good checkpoint, after step " + std::to_string(saved_) + ", is " +
           dht::detail::file_name(checkpoint());
  }

  /// Mean decibels of the validation images for each number of tokens.
  std::vector<double> validate() {
    std::vector<std::vector<double>> errors(options_.tokens.size());
    TrainingBatch batch;
    batch.side = options_.side;
    for (std::size_t begin = 0; begin < validation_->size(); begin += batch.image.size()) {
      batch.image.resize(static_cast<std::size_t>(options_.batch));
      validation_batch(*validation_, begin, *pool_, batch);
      const auto losses = model_->look(batch.view(), options_.tokens);
      for (std::size_t k = 0; k < losses.size(); ++k)
        errors[k].insert(errors[k].end(), losses[k].of_image.begin(), losses[k].of_image.end());
    }
    std::vector<double> decibels;
    for (const auto& of_count : errors) decibels.push_back(mean_decibels(of_count));
    return decibels;
  }

  void add_row(std::vector<double> row, bool is_to_validate) {
    if (validation_) {
      validated_ = is_to_validate ? validate() : std::vector<double>(options_.tokens.size(), not_known);
      row.insert(row.end(), validated_.begin(), validated_.end());
    }
    log_->add(row);
  }

  /// The checkpoint first: the table and the curve follow from it.
  void save() {
    save_checkpoint(checkpoint(), state(), settings());
    saved_ = steps_done();
    write_file(output_.path() / table_name, log_->csv());
    write_file(output_.path() / curve_name, curves());
  }

  std::string curves() const {
    Chart loss{"Reconstruction loss", "step", "mean squared error", {curve_of(*log_, "step", "loss")}};
    loss.curves[0].name = "training";
    Chart decibels{"Peak signal-to-noise ratio", "step", "dB", {curve_of(*log_, "step", "psnr")}};
    decibels.curves[0].name = "training";
    if (validation_) {
      for (const std::int64_t count : options_.tokens) {
        decibels.curves.push_back(curve_of(*log_, "step", "validation_psnr_" + std::to_string(count)));
        decibels.curves.back().name = "val., " + std::to_string(count) + " tokens";
      }
    }
    return charts_svg({loss, decibels});
  }

  std::string speed() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count(),
                 done = static_cast<double>(steps_done() - first_step_);
    return tenths(done * options_.batch / seconds) + " images/s, " +
           duration_text(seconds / done * static_cast<double>(steps_ - steps_done())) + " left";
  }

  void report(const std::string& what) const {
    if (options_.quiet) return;
    std::cout << what << ", " << speed();
    for (std::size_t k = 0; k < validated_.size(); ++k)
      std::cout << (k == 0 ? "; validation: " : ", ") << digits(validated_[k], "%.2f") << " dB with "
                << options_.tokens[k];
    std::cout << std::endl;
  }

  int stop(int signal) const {
    if (!options_.quiet)
      std::cout << "Stopped after step " << steps_done() << " of " << steps_
                << "; --resume goes on from there.\n";
    return 128 + signal;
  }

  void finish() const {
    if (options_.quiet) return;
    std::error_code error;
    const fs::path where = fs::canonical(output_.path(), error);
    std::cout << "The results are in " << dht::detail::file_name(error ? output_.path() : where) << ": "
              << weights_name << ", " << table_name << ", " << curve_name << " and " << checkpoint_name
              << '\n';
  }

  static constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

  std::string program_, weights_fingerprint_ = "(none)";
  const PretrainOptions& options_;
  OutputFolder output_;
  int threads_ = 1;
  std::unique_ptr<backend::ThreadPool> pool_;
  std::unique_ptr<TrainingImages> images_, validation_;
  std::unique_ptr<ShuffledOrder> order_;
  std::unique_ptr<PretrainModel> model_;
  std::unique_ptr<AdamW<float>> optimiser_;
  std::unique_ptr<TrainingLog> log_;
  std::optional<CosineSchedule> schedule_;
  TrainingBatch batch_;
  std::vector<double> validated_;
  std::int64_t steps_ = 0, warm_up_ = 0, first_step_ = 0, saved_ = 0;
  Clock::time_point begin_;
};

}  // namespace

int pretrain(const std::string& program, const PretrainOptions& options) {
  return Pretrainer(program, options).run();
}

}  // namespace dht::examples
