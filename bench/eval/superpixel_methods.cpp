// SPDX-License-Identifier: MIT
// The methods behind the comparison. What a user would have to do by himself (conversions of colour, connectivity) is
// part of each, so that it is timed.
#include "superpixel_methods.hpp"

#include <cmath>
#include <memory>
#include <utility>

#include <dht/tokenizer.hpp>
#ifdef DHT_HAVE_OPENCV
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/ximgproc.hpp>
#endif

namespace dht::bench {
namespace {

// ---------------------------------------------------------------------------------------- settings

/// Sides of regions, large to small. Below 4 pixels the methods that take them give up.
std::vector<CountSetting> region_sides(int height, int width, int most) {
  std::vector<CountSetting> settings;
  const double pixels = double{1} * height * width;
  for (int side = std::max(height, width); side >= 4; --side) {
    settings.push_back({side, pixels / side / side});
    if (settings.back().expected > 4.0 * most) break;
  }
  return settings;
}

/// The number itself.
std::vector<CountSetting> exact_counts(int height, int width, int most) {
  std::vector<CountSetting> settings;
  const std::int64_t pixels = std::int64_t{height} * width;
  for (int count = 1; count <= std::min<std::int64_t>(pixels, 2 * std::int64_t{most}); ++count)
    settings.push_back({count, double(count)});
  return settings;
}

// ---------------------------------------------------------------------------------------- ours and squares

/// Squares, the last of each row and column cut off by the image's border.
SuperpixelMethod squares() {
  const auto segment = [](const Picture& photo, int side) {
    const int columns = (photo.width + side - 1) / side;
    std::vector<std::int32_t> labels;
    labels.reserve(photo.rgb.size() / 3);
    for (int y = 0; y < photo.height; ++y)
      for (int x = 0; x < photo.width; ++x) labels.push_back(y / side * columns + x / side);
    return labels;
  };
  return {"squares", region_sides, segment};
}

/// The error-first setting: merges from the smallest regions on by the growth of the squared error alone.
struct ErrorFirst : ColourPolicies {
  using Linkage = Ward;
};

/// With borders moved `sweeps` times.
template <class Policies>
SuperpixelMethod ours(std::string name, MergeOptions merging, TokenizerParts<Policies> parts = {},
                      int sweeps = 0) {
  parts.merging = merging;
  // Kept from image to image, as a user would.
  const auto tokenizer = std::make_shared<Tokenizer<Policies>>(std::move(parts));
  const auto segment = [tokenizer, sweeps](const Picture& photo, int count) {
    const auto view = interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
    (*tokenizer)(view, count);
    const auto& labels = tokenizer->refine(sweeps).partition.labels;
    return std::vector<std::int32_t>(labels.begin(), labels.end());
  };
  return {std::move(name), exact_counts, segment};
}

// ---------------------------------------------------------------------------------------- OpenCV

#ifdef DHT_HAVE_OPENCV

cv::Mat converted(const Picture& photo, int code) {
  cv::setNumThreads(1);
  cv::Mat to;
  cv::cvtColor(cv::Mat(photo.height, photo.width, CV_8UC3, const_cast<std::uint8_t*>(photo.rgb.data())), to,
               code);
  return to;
}

template <class Superpixels>
std::vector<std::int32_t> labels_of(Superpixels& superpixels) {
  cv::Mat labels;
  superpixels.getLabels(labels);
  return {labels.begin<std::int32_t>(), labels.end<std::int32_t>()};
}

/// CIELAB, 10 iterations (the default), connectivity enforced. `algorithm` is SLIC, MSLIC or, which finds its own ruler, SLICO.
SuperpixelMethod slic(std::string name, float ruler, int algorithm = cv::ximgproc::SLIC) {
  const auto segment = [ruler, algorithm](const Picture& photo, int side) {
    const auto superpixels =
        cv::ximgproc::createSuperpixelSLIC(converted(photo, cv::COLOR_RGB2Lab), algorithm, side, ruler);
    superpixels->iterate(10);
    superpixels->enforceLabelConnectivity();
    return labels_of(*superpixels);
  };
  return {std::move(name), region_sides, segment};
}

/// CIELAB, 10 iterations (the default), connectivity enforced.
SuperpixelMethod lsc(std::string name, float ratio) {
  const auto segment = [ratio](const Picture& photo, int side) {
    const auto superpixels =
        cv::ximgproc::createSuperpixelLSC(converted(photo, cv::COLOR_RGB2Lab), side, ratio);
    superpixels->iterate(10);
    superpixels->enforceLabelConnectivity();
    return labels_of(*superpixels);
  };
  return {std::move(name), region_sides, segment};
}

cv::Ptr<cv::ximgproc::SuperpixelSEEDS> make_seeds(int height, int width, int count,
                                                  const SeedsParameters& parameters) {
  const bool small = std::int64_t{256} * count > std::int64_t{height} * width;
  const int levels = parameters.levels - (parameters.fewer_levels_when_small && small ? 1 : 0);
  return cv::ximgproc::createSuperpixelSEEDS(width, height, 3, count, levels, parameters.prior,
                                             parameters.bins, parameters.double_step);
}

/// SEEDS takes a number, but can only give those of its grids, whose cells are seeds doubled once a level: the smallest
/// number asked for that gives each of the grids.
std::vector<CountSetting> seeds_grids(int height, int width, int most, const SeedsParameters& parameters) {
  std::vector<CountSetting> settings;
  for (int rows = 1; rows <= height; ++rows) {
    const int asked = static_cast<int>(std::ceil(double{1} * rows * rows * width / height));
    const int given = make_seeds(height, width, asked, parameters)->getNumberOfSuperpixels();
    if (settings.empty() || given > settings.back().expected) settings.push_back({asked, double(given)});
    if (given > 2 * most) break;
  }
  return settings;
}

SuperpixelMethod seeds(std::string name, const SeedsParameters& parameters) {
  const auto settings = [parameters](int height, int width, int most) {
    return seeds_grids(height, width, most, parameters);
  };
  const auto segment = [parameters](const Picture& photo, int count) {
    const auto superpixels = make_seeds(photo.height, photo.width, count, parameters);
    superpixels->iterate(converted(photo, parameters.lab ? cv::COLOR_RGB2Lab : cv::COLOR_RGB2HSV),
                         parameters.iterations);
    return labels_of(*superpixels);
  };
  return {std::move(name), settings, segment};
}

std::string describe(const SeedsParameters& p) {
  return "SEEDS levels " + std::to_string(p.levels) + ", prior " + std::to_string(p.prior) + ", bins " +
         std::to_string(p.bins) + ", iterations " + std::to_string(p.iterations) +
         (p.double_step ? ", double step" : "") + (p.lab ? ", CIELAB" : ", HSV");
}

/// Of 96 settings with 4 levels, at 200 regions: the least undersegmentation error (docs/superpixels.md).
constexpr SeedsParameters tuned_seeds{4, 1, 10, 10, true, false, true};

void add_peers(std::vector<SuperpixelMethod>& methods) {
  methods.push_back(slic("SLIC, ruler 10", 10));
  methods.push_back(slic("SLIC, ruler 30", 30));
  methods.push_back(seeds("SEEDS", {}));
  methods.push_back(seeds("SEEDS, tuned", tuned_seeds));
  methods.push_back(lsc("LSC, ratio 0.075", 0.075f));
  methods.push_back(lsc("LSC, ratio 0.03", 0.03f));
}

#else

void add_peers(std::vector<SuperpixelMethod>&) {}

#endif

}  // namespace

std::vector<SuperpixelMethod> superpixel_methods() {
  std::vector<SuperpixelMethod> methods;
  methods.push_back(squares());
  add_peers(methods);
  methods.push_back(ours<ColourPolicies>("dht", {}));
  methods.push_back(ours<DefaultPolicies>("dht, learned", {}));
  methods.push_back(ours<ColourPolicies>("dht, refined", {}, {}, 1));
  methods.push_back(ours<ErrorFirst>("dht, Ward, refined", {}, {}, 1));
  methods.push_back(ours<ErrorFirst>("dht, Ward, level 2", {.start_level = 2}));
  methods.push_back(ours<ErrorFirst>("dht, Ward, level 1", {.start_level = 1}));
  methods.push_back(ours<ErrorFirst>("dht, Ward of RGB, level 2", {.start_level = 2},
                                     {ColourEncoder<float>(3, 40, ColourSpace::as_given)}));
  return methods;
}

std::vector<SuperpixelMethod> peer_search() {
  std::vector<SuperpixelMethod> methods;
#ifdef DHT_HAVE_OPENCV
  for (const int ruler : {5, 10, 15, 20, 25, 30, 40, 60}) {
    methods.push_back(slic("SLIC, ruler " + std::to_string(ruler), static_cast<float>(ruler)));
    methods.push_back(
        slic("MSLIC, ruler " + std::to_string(ruler), static_cast<float>(ruler), cv::ximgproc::MSLIC));
  }
  methods.push_back(slic("SLICO", 10, cv::ximgproc::SLICO));
  for (const int thousandths : {5, 10, 20, 30, 50, 75, 100, 150, 200})
    methods.push_back(lsc("LSC, ratio 0." + std::to_string(1000 + thousandths).substr(1),
                          static_cast<float>(thousandths) / 1000));
  for (const int levels : {3, 4, 5})
    for (const int prior : {0, 1, 2, 3, 4, 5})
      for (const int bins : {3, 4, 5, 7, 10, 15})
        for (const bool double_step : {false, true})
          for (const bool lab : {false, true}) {
            const SeedsParameters parameters{levels, prior, bins, 10, double_step, lab, false};
            methods.push_back(seeds(describe(parameters), parameters));
          }
#endif
  return methods;
}

std::string peers_note() {
#ifdef DHT_HAVE_OPENCV
  return std::string("OpenCV ") + CV_VERSION;
#else
  return "OpenCV with ximgproc was not found when this program was built: its superpixels are left out";
#endif
}

}  // namespace dht::bench
