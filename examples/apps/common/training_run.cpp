// SPDX-License-Identifier: MIT
// The loop of a training: steps, validations, checkpoints, table, curves, and what is said of them.
#include "training_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/train/clip.hpp>
#include <dht/train/optimiser.hpp>
#include <dht/train/schedule.hpp>

#include "fingerprint.hpp"
#include "number_text.hpp"
#include "progress.hpp"
#include "training_checkpoint.hpp"
#include "training_log.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

const char* const checkpoint_name = "checkpoint.safetensors";
const char* const curve_name = "curve.svg";

const char* const lock_name = ".dht-training.tmp";

std::string table_name(const std::string& program) { return program + ".csv"; }

std::vector<std::string> all_names(std::vector<std::string> names, const std::string& program) {
  for (const std::string& name : {table_name(program), std::string(curve_name), std::string(checkpoint_name)})
    names.push_back(name);
  return names;
}

/// What trainings that were killed had begun to write. None that lives does: this one has the folder.
void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (is_temporary(at->path()) && at->path().filename() != lock_name && at->is_regular_file(ignored))
      leftovers.push_back(at->path());
  }
  for (const fs::path& path : leftovers) fs::remove(path, error);
}

}  // namespace

std::string fingerprint_of(const fs::path& path) {
  Fingerprint fingerprint;
  fingerprint.add(read_file(path));
  return fingerprint.text();
}

// ------------------------------------------------------------------------------------------------- the loop

class TrainingRun::Loop {
 public:
  Loop(TrainingRun& run, Learner& learner, std::size_t images)
      : run_(run), options_(run.options_), learner_(learner), log_(learner.columns()) {
    count_steps(static_cast<std::int64_t>(images));
    for (const ParameterGroup& group : learner.groups())
      optimisers_.emplace_back(group.parameters,
                               AdamWOptions{.weight_decay = options_.weight_decay, .decay_vectors = false});
    settings_ = settings();
  }

  int go(const std::string& weights) {
    begin();
    const Signals& signals = run_.signals_;
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
    save_weights(run_.output() / weights, learner_);
    return 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t steps_done() const { return optimisers_.front().steps(); }
  bool is_validated(std::int64_t step) const { return step % validate_every_ == 0 || step == steps_; }

  void count_steps(std::int64_t images) {
    const std::int64_t shown = options_.epochs.value_or(options_.default_epochs) * images;
    steps_ = options_.steps.value_or((shown + options_.batch - 1) / options_.batch);
    warm_up_ = options_.warm_up.value_or(std::min<std::int64_t>(steps_ / 10, 500));
    DHT_EXPECTS(warm_up_ <= steps_, "--warm-up: is ", warm_up_, "; must be at most ", steps_,
                ", the number of steps");
    const std::int64_t an_epoch = (images + options_.batch - 1) / options_.batch;
    validate_every_ = options_.validate_every == 0 ? an_epoch : options_.validate_every;
  }

  double rate(std::int64_t step) const {
    return CosineSchedule(options_.learning_rate, steps_, warm_up_)(step);
  }

  /// All on which the result depends. The number of threads is not among it.
  TrainingSettings settings() {
    TrainingSettings all{{"--batch", std::to_string(options_.batch)},
                         {"--side", std::to_string(options_.side)},
                         {"--steps", std::to_string(steps_)},
                         {"--learning-rate", shortest_text(options_.learning_rate)},
                         {"--weight-decay", shortest_text(options_.weight_decay)},
                         {"--warm-up", std::to_string(warm_up_)},
                         {"--clip", shortest_text(options_.clip)},
                         {"--seed", std::to_string(options_.seed)}};
    all.emplace_back("--validate-every", learner_.validates() ? std::to_string(validate_every_) : "(none)");
    for (auto& setting : learner_.settings()) all.push_back(std::move(setting));
    return all;
  }

  TrainingState state() { return {learner_, optimisers_, log_}; }

  void begin() {
    if (options_.resume) {
      restore_checkpoint(run_.checkpoint(), run_.program_, state(), settings_);
    } else {
      constexpr double not_known = std::numeric_limits<double>::quiet_NaN();
      if (learner_.validates()) learner_.validate();
      log_.add(learner_.row({0, not_known, not_known}, true));
      check_interrupted();
      run_.make_folder();
      save();
    }
    if (options_.quiet) return;
    std::cout << learner_.introduction();
    if (options_.resume)
      std::cout << "Going on after step " << steps_done() << " of " << steps_ << ".\n";
    else if (const std::string start = learner_.validation_text(); !start.empty())
      std::cout << "Before the first step: " << start << '\n';
    std::cout << std::flush;
  }

  /// One step; what there is to say of it.
  std::string step() {
    const std::int64_t step = steps_done();
    check_finite(loss_of(step), "the loss");
    std::vector<ParameterGroup> groups = learner_.groups();
    ParameterList<float> gradients;
    for (const ParameterGroup& group : groups)
      gradients.insert(gradients.end(), group.gradients.begin(), group.gradients.end());
    const double norm = clip_by_global_norm(gradients, options_.clip);
    check_finite(norm, "the gradient");
    for (std::size_t i = 0; i < groups.size(); ++i)
      optimisers_[i].step(groups[i].parameters, groups[i].gradients, groups[i].rate * rate(step));
    learner_.update_statistics();
    if (learner_.validates() && is_validated(step + 1)) learner_.validate();
    log_.add(learner_.row({step + 1, rate(step), norm}, is_validated(step + 1)));
    return "step " + std::to_string(step + 1) + " of " + std::to_string(steps_) + ": " + learner_.step_text();
  }

  double loss_of(std::int64_t step) {
    try {
      return learner_.learn(step);
    } catch (const Error& error) {
      dht::detail::fail({"step ", step + 1, ": ", error.what(), "; ", last_good()});
    }
  }

  void check_finite(double value, const char* what) const {
    if (!std::isfinite(value))
      dht::detail::fail({"step ", steps_done() + 1, ": ", what, " is ", value, "; the loss of ",
                         learner_.worst(), "; ", last_good()});
  }

  std::string last_good() const {
    return "the last good checkpoint, after step " + std::to_string(saved_) + ", is " +
           dht::detail::file_name(run_.checkpoint());
  }

  /// The checkpoint first: the table and the curve follow from it.
  void save() {
    save_checkpoint(run_.checkpoint(), run_.program_, state(), settings_);
    saved_ = steps_done();
    write_file(run_.output() / table_name(run_.program_), log_.csv());
    write_file(run_.output() / curve_name, charts_svg(learner_.charts(log_)));
  }

  std::string speed() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count(),
                 done = static_cast<double>(steps_done() - first_step_);
    return tenths(done * options_.batch / seconds) + " images/s, " +
           duration_text(seconds / done * static_cast<double>(steps_ - steps_done())) + " left";
  }

  void report(const std::string& what) const {
    if (options_.quiet) return;
    const std::string validation = learner_.validation_text();
    std::cout << what << ", " << speed() << (validation.empty() ? "" : "; ") << validation << std::endl;
  }

  int stop(int signal) const {
    if (!options_.quiet)
      std::cout << "Stopped after step " << steps_done() << " of " << steps_
                << "; --resume goes on from there.\n";
    return 128 + signal;
  }

  TrainingRun& run_;
  const TrainingOptions& options_;
  Learner& learner_;
  TrainingLog log_;
  std::vector<AdamW<float>> optimisers_;
  TrainingSettings settings_;
  std::int64_t steps_ = 0, warm_up_ = 0, validate_every_ = 1, first_step_ = 0, saved_ = 0;
  Clock::time_point begin_;
};

// ------------------------------------------------------------------------------------------------- the frame

TrainingRun::TrainingRun(std::string program, const TrainingOptions& options, std::vector<std::string> names,
                         const std::vector<fs::path>& inputs)
    : program_(std::move(program)),
      options_(options),
      output_(options.output, all_names(std::move(names), program_), inputs) {
  std::error_code error;
  if (fs::exists(output(), error)) take_folder();
  check_checkpoint();
  threads_ = options.threads > 0 ? options.threads
                                 : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  pool_ = std::make_unique<backend::ThreadPool>(threads_ - 1);
}

fs::path TrainingRun::checkpoint() const { return output() / checkpoint_name; }

/// From here on no other training may write to it.
void TrainingRun::take_folder() {
  // A lock that is gone was that of a training that has just ended.
  for (int attempt = 0; attempt < 16 && (!lock_ || lock_->state() == LockFile::State::gone); ++attempt)
    lock_ = std::make_unique<LockFile>(output() / lock_name);
  DHT_EXPECTS(lock_->state() != LockFile::State::failed && lock_->state() != LockFile::State::gone,
              "--output: ", dht::detail::file_name(output()), " cannot be written to (",
              lock_->error().message(), ")");
  DHT_EXPECTS(lock_->state() != LockFile::State::others, "--output: ", dht::detail::file_name(output()),
              " is in use by another training; wait for its end, or choose another folder");
  remove_leftovers(output());
}

void TrainingRun::make_folder() {
  if (lock_) return;
  std::error_code error;
  fs::create_directories(output(), error);
  DHT_EXPECTS(!error, "--output: ", dht::detail::file_name(output()), " cannot be created (", error.message(),
              ")");
  take_folder();
  check_checkpoint();  // another may have trained here while this one read its pictures
}

/// Before any picture is read: a training that cannot begin is refused at once.
void TrainingRun::check_checkpoint() const {
  std::error_code error;
  const bool exists = fs::exists(checkpoint(), error);
  DHT_EXPECTS(exists || !options_.resume, "--resume: ", dht::detail::file_name(checkpoint()),
              " does not exist; must be there to go on from");
  DHT_EXPECTS(!exists || options_.resume, "--output: ", dht::detail::file_name(checkpoint()),
              " is there already; --resume goes on from it, or choose another folder");
}

int TrainingRun::run(Learner& learner, std::size_t images, const std::string& weights) {
  return Loop(*this, learner, images).go(weights);
}

void TrainingRun::say_results() const {
  if (options_.quiet) return;
  std::error_code error;
  const fs::path where = fs::canonical(output(), error);
  std::string names;
  for (std::size_t i = 0; i < output_.names().size(); ++i)
    names += (i == 0 ? "" : i + 1 == output_.names().size() ? " and " : ", ") + output_.names()[i];
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin_;
  std::cout << "All of it took " << duration_text(taken.count()) << ".\n"
            << "The results are in " << dht::detail::file_name(error ? output() : where) << ": " << names
            << '\n';
}

}  // namespace dht::examples
