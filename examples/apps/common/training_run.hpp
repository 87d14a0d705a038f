// SPDX-License-Identifier: MIT
// The loop of a training: steps, validations, checkpoints, table, curves, and what is said of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <dht/backend/thread_pool.hpp>

#include "learner.hpp"
#include "output_folder.hpp"
#include "signals.hpp"
#include "staging_folder.hpp"
#include "training_images.hpp"
#include "training_options.hpp"

namespace dht::examples {

/// The frame in which a program trains. First it refuses what cannot begin; `run` does the rest.
class TrainingRun {
 public:
  /// `names` are results that the program writes itself when training is over. Throws dht::Error when the output cannot be
  /// written to, another training writes to it, a checkpoint is missing that should go on, or one is there that should not,
  /// and when the system gives no threads. `options` must live as long. As long as it lives, no other training can write to
  /// the folder, and signals are noted (see Signals).
  TrainingRun(std::string program, const TrainingOptions& options, std::vector<std::string> names,
              const std::vector<std::filesystem::path>& inputs);

  backend::ThreadPool& pool() { return *pool_; }
  int threads() const { return threads_; }
  const std::filesystem::path& output() const { return output_.path(); }
  ReadingOptions reading() const { return {program_, options_.kept_bytes, options_.quiet}; }

  /// Trains on `images` pictures an epoch and writes PROGRAM.csv, curve.svg and, on the way, checkpoint.safetensors; `weights`
  /// is the file of weights in the end. Prints to stdout how it goes, unless it is to be quiet. Returns 0 when it is done,
  /// or 128 and the signal where one ended it, which leaves a checkpoint. Throws dht::Error for a checkpoint
  /// that cannot be used, results that cannot be written, and a loss or a gradient that is not finite; the last good
  /// checkpoint then stays as it is.
  int run(Learner& learner, std::size_t images, const std::string& weights);

  /// How long it all took and "The results are in out: ...", unless it is to be quiet.
  void say_results() const;

 private:
  class Loop;

  void take_folder();
  void make_folder();
  void check_checkpoint() const;
  std::filesystem::path checkpoint() const;

  std::string program_;
  const TrainingOptions& options_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  OutputFolder output_;
  Signals signals_;
  std::unique_ptr<LockFile> lock_;  ///< none until there is a folder
  int threads_ = 1;
  std::unique_ptr<backend::ThreadPool> pool_;
};

/// Of a file's bytes, to tell files apart.
std::string fingerprint_of(const std::filesystem::path& path);

}  // namespace dht::examples
