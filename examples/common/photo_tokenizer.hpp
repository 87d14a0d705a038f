// SPDX-License-Identifier: MIT
// The tokenizer that the options ask for, behind an interface: compiled once for both programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <dht/hierarchy/hierarchy.hpp>
#include <dht/tokens/tokens.hpp>

#include "image_file.hpp"
#include "options.hpp"

namespace dht::examples {

/// What is done, once the checkpoint has had its say: every number that the result depends on.
struct Settings {
  std::string encoder;    ///< "colour", or the checkpoint's file name
  std::string selection;  ///< best-ancestor, optimal-cut or budget
  std::string criterion;
  double iota = 0;
  std::string similarity;
  double bandwidth = 0, compactness = 0;
  std::optional<double> penalty;       ///< of optimal-cut
  std::optional<std::int64_t> tokens;  ///< of budget

  /// Selection and its numbers, for people.
  std::string selection_text() const;
};

/// Turns photos into tokens as the options say.
class PhotoTokenizer {
 public:
  virtual ~PhotoTokenizer() = default;
  /// From the photo to its hierarchy. Throws dht::Error, naming the photo, when that is impossible.
  virtual const Hierarchy<float>& build(const Photo& photo) = 0;
  /// Cuts the hierarchy.
  virtual const Tokens<float>& select() = 0;

  const Settings& settings() const { return settings_; }

 protected:
  explicit PhotoTokenizer(Settings settings) : settings_(std::move(settings)) {}
  Settings settings_;
};

/// Reads the checkpoint, if there is one, and puts the parts together. Throws dht::Error, naming file or option.
std::unique_ptr<PhotoTokenizer> make_tokenizer(const Options& options);

}  // namespace dht::examples
