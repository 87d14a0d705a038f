// SPDX-License-Identifier: MIT
// The tokenizer that the options ask for, behind an interface: compiled once for all programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <dht/hierarchy/hierarchy.hpp>
#include <dht/regions/tokens.hpp>
#include <dht/tokenizer.hpp>

#include "image_file.hpp"
#include "options.hpp"

namespace dht::examples {

/// What is done, once the checkpoint has had its say: every number that the result depends on.
struct Settings {
  std::string encoder;    ///< "learned", "colour", or the checkpoint's file name
  int features = 0;       ///< of a pixel
  std::string selection;  ///< best-ancestor, merging or optimal-cut
  std::string criterion;
  double iota = 0;
  std::string similarity;
  double bandwidth = 0, compactness = 0;
  std::optional<double> penalty;         ///< of merging and optimal-cut, where no number is asked for
  std::optional<std::int64_t> tokens;    ///< asked for, of merging and optimal-cut
  std::optional<std::int64_t> smallest;  ///< of merging
  int refine = 0;                        ///< sweeps over the borders after any of them
  std::optional<std::string> mask;       ///< of merging: the name of its file

  /// Selection and its numbers, for people.
  std::string selection_text() const;
};

/// Turns photos into tokens as the options say. Results are valid until the next call.
class PhotoTokenizer {
 public:
  virtual ~PhotoTokenizer() = default;
  /// From the photo to its hierarchy. Throws dht::Error, naming `path`, when that is impossible.
  virtual const Hierarchy<float>& build(const std::filesystem::path& path, const Photo& photo) = 0;
  /// Cuts the hierarchy of the last photo by the settings; by merging inside of `mask` where there is one.
  virtual const Tokens<float>& select(const Mask& mask = {}) = 0;

  /// Cuts it by merging, whatever the settings' number: to `count` tokens, or as near to it as the parts and pixels of the
  /// mask allow. Throws dht::Error when the photo has fewer pixels.
  virtual const Tokens<float>& merge_to(std::int64_t count, const Mask& mask = {}) = 0;
  /// Likewise at a penalty.
  virtual const Tokens<float>& merge_at(Penalty penalty, const Mask& mask = {}) = 0;
  /// A merge tree with at least `enough` leaves, as far as a level has them, and with at least `least`, as far as there
  /// are pixels; and the penalties of its merges. What `merge_at` cuts from then on, until the next photo.
  virtual std::pair<const MergeTree&, const MergePenalties&> penalties(std::int64_t enough,
                                                                       std::int64_t least) = 0;

  const Settings& settings() const { return settings_; }

  /// Memory that a photo takes, for each of its pixels and beside the photo itself, about: of photographs. Noise takes up to
  /// three times as much, flat areas half.
  int bytes_a_pixel() const;

 protected:
  explicit PhotoTokenizer(Settings settings) : settings_(std::move(settings)) {}
  Settings settings_;
};

/// Reads the checkpoint, if there is one, and puts the parts together. Throws dht::Error, naming file or option.
std::unique_ptr<PhotoTokenizer> make_tokenizer(const Options& options);

}  // namespace dht::examples
