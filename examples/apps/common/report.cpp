// SPDX-License-Identifier: MIT
// What a program tells while it works: a line a stage, with the time that it took.
#include "report.hpp"

#include <algorithm>
#include <iostream>
#include <system_error>

#include <dht/io/file.hpp>

#include "number_text.hpp"

namespace dht::examples {
namespace {

std::string milliseconds(std::chrono::steady_clock::duration time) {
  const std::string text = fixed_text(std::chrono::duration<double, std::milli>(time).count(), 1);
  return std::string(text.size() < 9 ? 9 - text.size() : 0, ' ') + text + " ms";
}

}  // namespace

void Report::stage(const std::string& name, const std::string& note) {
  const Clock::time_point now = Clock::now();
  if (!quiet_) {
    std::string line = name;
    line.resize(std::max<std::size_t>(name.size(), 10), ' ');
    std::cout << line << milliseconds(now - last_) << "  " << note << '\n' << std::flush;
  }
  last_ = Clock::now();
}

void Report::photo(const std::filesystem::path& path, const Photo& photo) {
  std::string note = dht::detail::file_name(path) + ": " + std::to_string(photo.width) + " x " +
                     std::to_string(photo.height) + " pixels, " + std::to_string(photo.bits()) +
                     " bits a sample.";
  for (const std::string& sentence : photo.notes) note += " " + sentence;
  stage("read", note);
}

void Report::mask(const std::filesystem::path& path, const PhotoMask& mask) {
  std::string note = dht::detail::file_name(path) + ": " + std::to_string(mask.pixels) + " of " +
                     std::to_string(mask.inside.size()) + " pixels are inside.";
  for (const std::string& sentence : mask.notes) note += " " + sentence;
  stage("mask", note);
}

void Report::hierarchy(const Hierarchy<float>& tree, const Settings& settings) {
  std::string note = "Features: " + settings.encoder + ". " + std::to_string(tree.levels()) + " levels of";
  for (int level = 0; level < tree.levels(); ++level) note += " " + std::to_string(tree.regions(level));
  stage("hierarchy", note + " regions.");
}

void Report::tokens(const Tokens<float>& tokens, const Settings& settings) {
  std::string note = std::to_string(tokens.count()) + " tokens";
  if (settings.tokens && *settings.tokens != tokens.count())
    note += " (asked for: " + std::to_string(*settings.tokens) + ")";
  stage("selection", note + ": " + settings.selection_text() + ".");
}

void Report::results(const OutputFolder& output) {
  if (quiet_) return;
  std::error_code error;
  const std::filesystem::path where = std::filesystem::canonical(output.path(), error);
  std::string files;
  for (const std::string& name : output.names())
    files += (files.empty() ? "" : ", ") + dht::detail::one_line(name, 4096);
  std::cout << "together  " << milliseconds(Clock::now() - begin_) << '\n'
            << "The results are in " << dht::detail::file_name(error ? output.path() : where) << ": " << files
            << '\n';
}

}  // namespace dht::examples
