// SPDX-License-Identifier: MIT
// All photos of a folder become label maps: several at once, each by a tokenizer of one thread.
#include "folder_tokenizer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <dht/backend/thread_pool.hpp>
#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/io/npy.hpp>
#include <dht/selection/merge_cut.hpp>

#include "image_file.hpp"
#include "memory.hpp"
#include "output_folder.hpp"
#include "photo_folder.hpp"
#include "photo_tokenizer.hpp"
#include "progress.hpp"
#include "signals.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

/// All that a photo's cuts at any penalty depend on.
struct KeptTree {
  MergeTree tree;
  MergePenalties penalties;
};

/// A photo and what became of it.
struct FolderPhoto {
  fs::path path;
  int height = 0, width = 0;
  std::vector<std::int32_t> tokens;  ///< per run
  std::unique_ptr<KeptTree> kept;
  bool is_broken = false;
};

/// One label map of every photo, and the folder for them below the output.
struct FolderRun {
  std::string folder;                  ///< empty, or with a slash at its end
  std::optional<std::int64_t> tokens;  ///< none: by the common penalty
};

/// What a thread works with.
struct Worker {
  std::unique_ptr<PhotoTokenizer> tokenizer;
  Partition partition;
  MergeCutWorkspace cut;
  backend::Cpu backend;
};

/// Trees for a mean have so many leaves for every token of the mean: some photos get more than others.
constexpr double leaves_for_each_token = 4;

/// About how many bytes a kept tree holds.
std::int64_t bytes_of(const MergeTree& tree) {
  const auto leaf = static_cast<std::int64_t>(sizeof(Merge) + sizeof(Box) + sizeof(double) +
                                              sizeof(std::int64_t) + sizeof(std::int32_t));
  return static_cast<std::int64_t>(tree.leaves.label.size() * sizeof(std::int32_t)) +
         leaf * tree.leaves.count();
}

/// A field of a table, in quotes where it needs them (RFC 4180).
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

class FolderTokenizer {
 public:
  FolderTokenizer(std::string program, const FolderOptions& options)
      : program_(std::move(program)), options_(options), begin_(Clock::now()) {
    for (fs::path& path : photos_in(options.folder)) photos_.emplace_back().path = std::move(path);
    for (const std::int64_t tokens : options.tokens)
      runs_.push_back({options.tokens.size() == 1 ? "" : std::to_string(tokens) + "/", tokens});
    if (runs_.empty()) runs_.push_back({});
    for (FolderPhoto& photo : photos_) photo.tokens.resize(runs_.size());
  }

  int run() {
    const OutputFolder output(options_.each.output, names(), inputs());
    make_workers();
    if (options_.mean_tokens) find_penalty();
    output.write_some([&](const fs::path& folder) {
      write_label_maps(folder);
      if (good_photos() > 0)
        for (std::size_t run = 0; run < runs_.size(); ++run)
          write_file(folder / (runs_[run].folder + table_name), table(run));
      return names();
    });
    if (!options_.each.quiet) report(output);
    return good_photos() < photos_.size() ? 1 : 0;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr const char* table_name = "tokens.csv";

  std::size_t good_photos() const {
    return photos_.size() -
           static_cast<std::size_t>(std::count_if(photos_.begin(), photos_.end(),
                                                  [](const FolderPhoto& photo) { return photo.is_broken; }));
  }

  /// The results, as far as no photo has turned out to be broken yet.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    if (good_photos() == 0) return names;
    for (const FolderRun& run : runs_) {
      for (const FolderPhoto& photo : photos_)
        if (!photo.is_broken) names.push_back(run.folder + label_map_name(photo.path));
      names.push_back(run.folder + table_name);
    }
    return names;
  }

  /// Files that a result might replace. Photos are not among them: no result is called like one.
  std::vector<fs::path> inputs() const {
    if (!options_.each.weights) return {};
    return {*options_.each.weights};
  }

  void make_workers() {
    const int asked = options_.each.threads;
    const auto threads = static_cast<std::size_t>(
        asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
    workers_.resize(std::min(threads, photos_.size()));
    Options each = options_.each;
    each.threads = 1;
    for (Worker& worker : workers_) worker.tokenizer = make_tokenizer(each);
    pool_ = std::make_unique<backend::ThreadPool>(static_cast<int>(workers_.size()) - 1);
  }

  /// Calls, for every photo that is not broken, `look`, whose errors make it broken, and then `store`, whose errors end
  /// the program. In any order, on all threads.
  template <class Look, class Store>
  void for_each_photo(const char* what, const Look& look, const Store& store) {
    Progress progress(options_.each.quiet ? nullptr : terminal(), what, photos_.size());
    std::atomic<std::size_t> next = 0;
    pool_->run(static_cast<int>(workers_.size()), [&](int number) {
      Worker& worker = workers_[static_cast<std::size_t>(number)];
      for (std::size_t i = next++; i < photos_.size(); i = next++) {
        FolderPhoto& photo = photos_[i];
        try {
          check_interrupted();
          if (!photo.is_broken && succeeds(photo, progress, [&] { look(worker, photo); }))
            store(worker, photo);
        } catch (...) {
          next = photos_.size();  // the others need not begin
          throw;
        }
        progress.step();
      }
    });
  }

  /// False, with a line on stderr, where `look` finds the photo to be broken.
  template <class Look>
  bool succeeds(FolderPhoto& photo, Progress& progress, const Look& look) const {
    std::string what;
    try {
      look();
      return true;
    } catch (const Error& error) {
      what = error.what();
    } catch (const std::bad_alloc&) {
      what = dht::detail::file_name(photo.path) + ": " + not_enough_memory;
    }
    photo.is_broken = true;
    progress.interrupt([&] { complain(program_, what); });
    return false;
  }

  void build(Worker& worker, FolderPhoto& photo) const {
    const Photo picture = read_photo(photo.path, worker.tokenizer->bytes_a_pixel());
    photo.height = picture.height;
    photo.width = picture.width;
    const std::int64_t pixels = std::int64_t{photo.height} * photo.width;
    for (const FolderRun& run : runs_) {
      DHT_EXPECTS(run.tokens.value_or(1) <= pixels, dht::detail::file_name(photo.path), ": has only ", pixels,
                  " pixels; --tokens is ", *run.tokens);
    }
    worker.tokenizer->build(photo.path, picture);
  }

  std::int64_t enough_leaves() const {
    return static_cast<std::int64_t>(std::ceil(*options_.mean_tokens * leaves_for_each_token));
  }

  /// The penalty of the mean. Where all photos together have fewer regions, those that have fewer than the mean are cut
  /// finer, as far as there are pixels.
  void find_penalty() {
    if (look() >= *options_.mean_tokens * static_cast<double>(good_photos())) return;
    least_leaves_ = static_cast<std::int64_t>(std::ceil(*options_.mean_tokens));
    look();
  }

  /// Keeps the photos' trees and finds the penalty. Returns the most tokens that there can be.
  double look() {
    MeanBudget budget;
    std::mutex mutex;
    std::atomic<std::int64_t> bytes = 0;
    double most = 0;
    for_each_photo(
        "looking",
        [&](Worker& worker, FolderPhoto& photo) {
          photo.kept.reset();
          build(worker, photo);
          const auto [tree, penalties] = worker.tokenizer->penalties(enough_leaves(), least_leaves_);
          const std::int64_t size = bytes_of(tree);
          if (bytes.fetch_add(size) + size <= options_.kept_bytes)
            photo.kept = std::make_unique<KeptTree>(KeptTree{tree, penalties});
          else
            bytes.fetch_sub(size);
          const std::lock_guard lock(mutex);
          budget.add(tree, penalties);
          most += tree.most();
        },
        [](Worker&, FolderPhoto&) {});
    if (budget.images() > 0) penalty_.value = budget.penalty(*options_.mean_tokens);
    kept_ = static_cast<std::size_t>(std::count_if(
        photos_.begin(), photos_.end(), [](const FolderPhoto& photo) { return photo.kept != nullptr; }));
    return most;
  }

  void write_label_maps(const fs::path& folder) {
    for_each_photo(
        "tokenising",
        [&](Worker& worker, FolderPhoto& photo) {
          if (!photo.kept) build(worker, photo);
        },
        [&](Worker& worker, FolderPhoto& photo) {
          for (std::size_t run = 0; run < runs_.size(); ++run) {
            const Partition& partition = partition_of(worker, photo, runs_[run]);
            photo.tokens[run] = partition.regions;
            write_npy(folder / (runs_[run].folder + label_map_name(photo.path)), partition.labels,
                      {photo.height, photo.width});
          }
          photo.kept.reset();
        });
  }

  const Partition& partition_of(Worker& worker, const FolderPhoto& photo, const FolderRun& run) const {
    if (run.tokens) return worker.tokenizer->merge_to(*run.tokens).partition;
    if (!photo.kept) {
      worker.tokenizer->penalties(enough_leaves(), least_leaves_);
      return worker.tokenizer->merge_at(penalty_).partition;
    }
    cut_merges_at(worker.backend, photo.kept->tree, photo.kept->penalties, penalty_.value, worker.partition,
                  worker.cut);
    return worker.partition;
  }

  std::string table(std::size_t run) const {
    std::string text = "name,height,width,tokens\n";
    for (const FolderPhoto& photo : photos_) {
      if (photo.is_broken) continue;
      text += csv_field(photo.path.filename().string()) + "," + std::to_string(photo.height) + "," +
              std::to_string(photo.width) + "," + std::to_string(photo.tokens[run]) + "\n";
    }
    return text;
  }

  void report(const OutputFolder& output) const {
    const std::size_t good = good_photos();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::cout << good << " photos in " << duration_text(seconds) << ", "
              << tenths(static_cast<double>(good) / seconds) << " photos/s.\n";
    if (good < photos_.size()) std::cout << "Photos that were left out: " << photos_.size() - good << ".\n";
    if (good == 0) return;
    for (std::size_t run = 0; run < runs_.size(); ++run) report_counts(run);
    if (options_.mean_tokens)
      std::cout << "Merge trees kept in memory: " << kept_ << " of " << good
                << "; the other photos were tokenised twice.\n";
    std::error_code error;
    const fs::path where = fs::canonical(output.path(), error);
    std::cout << "The results are in " << dht::detail::file_name(error ? output.path() : where) << ": "
              << runs_.size() * good << " label maps and " << table_name << '\n';
  }

  /// Lowest, mean and highest number of tokens of a run.
  void report_counts(std::size_t run) const {
    std::int32_t lowest = std::numeric_limits<std::int32_t>::max(), highest = 0;
    double sum = 0;
    std::size_t others = 0;
    for (const FolderPhoto& photo : photos_) {
      if (photo.is_broken) continue;
      const std::int32_t count = photo.tokens[run];
      lowest = std::min(lowest, count);
      highest = std::max(highest, count);
      sum += count;
      others += runs_[run].tokens.value_or(count) != count;
    }
    if (runs_[run].tokens)
      std::cout << "--tokens " << *runs_[run].tokens;
    else
      std::cout << "--mean-tokens " << *options_.mean_tokens << ", penalty " << penalty_.value;
    std::cout << ": lowest " << lowest << ", mean " << tenths(sum / static_cast<double>(good_photos()))
              << ", highest " << highest << " tokens.";
    if (others > 0) std::cout << " Photos with another number: " << others << ".";
    std::cout << '\n';
  }

  std::string program_;
  const FolderOptions& options_;
  Clock::time_point begin_;
  std::vector<FolderPhoto> photos_;
  std::vector<FolderRun> runs_;
  std::vector<Worker> workers_;
  std::unique_ptr<backend::ThreadPool> pool_;
  std::int64_t least_leaves_ = 0;
  Penalty penalty_;
  std::size_t kept_ = 0;
};

}  // namespace

int tokenize_folder(const std::string& program, const FolderOptions& options) {
  return FolderTokenizer(program, options).run();
}

}  // namespace dht::examples
