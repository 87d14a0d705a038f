// SPDX-License-Identifier: MIT
// What a program tells while it works: a line a stage, with the time that it took.
#pragma once

#include <chrono>
#include <string>

#include "image_file.hpp"
#include "options.hpp"
#include "output_folder.hpp"
#include "photo_mask.hpp"
#include "photo_tokenizer.hpp"

namespace dht::examples {

/// Prints to stdout, or nothing at all when the user wants it quiet. The clock runs from line to line.
class Report {
 public:
  explicit Report(bool quiet) : quiet_(quiet), begin_(Clock::now()), last_(begin_) {}

  /// The photo's size, its reader's notes, and how long reading took.
  void photo(const std::filesystem::path& path, const Photo& photo);
  /// How much of the photo is inside, and its reader's notes.
  void mask(const std::filesystem::path& path, const PhotoMask& mask);
  /// Levels and their regions.
  void hierarchy(const Hierarchy<float>& tree, const Settings& settings);
  /// How many tokens came out, and how many were asked for where these are not the same.
  void tokens(const Tokens<float>& tokens, const Settings& settings);
  /// Any other stage.
  void stage(const std::string& name, const std::string& note);
  /// Where the results are.
  void results(const OutputFolder& output);

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_;
  Clock::time_point begin_, last_;
};

}  // namespace dht::examples
