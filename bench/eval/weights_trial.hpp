// SPDX-License-Identifier: MIT
// What weights are worth, photo by photo: how well their tokens paint photos, and how well they follow what people see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/any_policies.hpp>
#include <dht/core/error.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/linear.hpp>
#include <dht/similarity/kernels.hpp>
#include <dht/tokenizer.hpp>

#include "judged_photo.hpp"
#include "painted_tokens.hpp"
#include "superpixel_scores.hpp"

namespace dht::bench {

using CandidatePolicies = dht::AnyPolicies<Gaussian>;

/// What is compared, a row of the tables.
struct Candidate {
  std::string name;
  TokenizerParts<CandidatePolicies> parts;
  Linear<float> projection;  ///< W, features to colours; one without outputs is replaced by the best map
  std::vector<double> mean, standard_deviation;  ///< of the colours that W gives; empty: they are from 0 to 1
};

/// Means over the photos.
struct WeightsRow {
  std::string name;
  std::vector<double> painted, means;  ///< decibels, one for each number of tokens
  std::vector<ScoreRow> scores;        ///< one for each number of regions
};

/// A candidate at work.
class WeightsTrial {
 public:
  WeightsTrial(Candidate candidate, std::vector<int> tokens, std::vector<int> regions)
      : candidate_(std::move(candidate)),
        tokenizer_(candidate_.parts),
        tokens_(std::move(tokens)),
        regions_(std::move(regions)),
        painted_(tokens_.size()),
        scores_(regions_.size(), ScoreRow{}) {}

  void paint(const ImageView<const std::uint8_t>& photo) {
    tokenizer_.build(photo);
    for (std::size_t k = 0; k < tokens_.size(); ++k)
      painted_[k].push_back(painted_tokens(tokenizer_.parts().backend, photo, tokenizer_.tokens(tokens_[k])));
  }

  void divide(const JudgedPhoto& photo) {
    const int height = photo.photo.height, width = photo.photo.width;
    tokenizer_.build(interleaved_view(photo.photo.rgb.data(), height, width, 3));
    for (std::size_t k = 0; k < regions_.size(); ++k) {
      const auto& labels = tokenizer_.tokens(regions_[k]).partition.labels;
      const LabelMap map = label_map(height, width, {labels.begin(), labels.end()});
      const ScoreRow scores = score_row(map, photo.photo, photo.truths);
      for (std::size_t i = 0; i < scores.size(); ++i) scores_[k][i] += scores[i];
    }
    ++divided_;
  }

  /// After at least one photo of each kind.
  WeightsRow row() const {
    WeightsRow row{candidate_.name, {}, {}, scores_};
    for (const std::vector<PaintedTokens>& photos : painted_) {
      const ColourMap map =
          candidate_.projection.outputs > 0
              ? colour_map(candidate_.projection, candidate_.mean, candidate_.standard_deviation)
              : best_map(photos);
      row.painted.push_back(mean_decibels(photos, [&](const auto& p) { return squared_error(p, map); }));
      row.means.push_back(mean_decibels(photos, squared_error_of_means));
    }
    for (ScoreRow& scores : row.scores)
      for (double& score : scores) score /= divided_;
    return row;
  }

 private:
  template <class Error>
  static double mean_decibels(const std::vector<PaintedTokens>& photos, const Error& error) {
    double sum = 0;
    for (const PaintedTokens& photo : photos) sum += decibels(error(photo));
    return sum / static_cast<double>(photos.size());
  }

  Candidate candidate_;
  Tokenizer<CandidatePolicies> tokenizer_;
  std::vector<int> tokens_, regions_;
  std::vector<std::vector<PaintedTokens>> painted_;  // by number of tokens, then by photo
  std::vector<ScoreRow> scores_;                     // by number of regions, summed over the photos
  int divided_ = 0;
};

}  // namespace dht::bench
