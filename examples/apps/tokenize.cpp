// SPDX-License-Identifier: MIT
// tokenize PHOTO: a photo's tokens as a label map, as numbers, and as pictures to look at.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dht/draw/partitions.hpp>
#include <dht/io/file.hpp>
#include <dht/io/npy.hpp>
#include <dht/regions/projection.hpp>
#include <dht/regions/properties.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/output_folder.hpp"
#include "common/photo_mask.hpp"
#include "common/photo_tokenizer.hpp"
#include "common/report.hpp"

namespace {

namespace fs = std::filesystem;
using dht::examples::Photo;
using dht::examples::PhotoMask;
using dht::examples::Settings;
using Json = nlohmann::ordered_json;

Json settings_json(const Settings& settings) {
  Json json{{"encoder", settings.encoder},     {"similarity", settings.similarity},
            {"bandwidth", settings.bandwidth}, {"compactness", settings.compactness},
            {"criterion", settings.criterion}, {"iota", settings.iota},
            {"selection", settings.selection}};
  if (settings.penalty) json["penalty"] = *settings.penalty;
  if (settings.tokens) json["tokens"] = *settings.tokens;
  if (settings.smallest) json["smallest"] = *settings.smallest;
  if (settings.mask) json["mask"] = *settings.mask;
  if (settings.refine > 0) json["refine"] = settings.refine;
  return json;
}

/// Six digits after the point: a millionth of a pixel, or of the range of a colour.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

/// The numbers of the tokens as JSON, a line a token. Boxes are [top, left, bottom, right] with both ends inside,
/// centroids [row, column], colours [red, green, blue] from 0 to 1 (sRGB), neighbours [label, shared pixel sides].
std::string tokens_json(const std::string& name, const Photo& photo, const dht::Hierarchy<float>& tree,
                        const dht::Tokens<float>& tokens, const Settings& settings) {
  const auto text = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  const auto centroids = dht::centroids(tokens);
  const auto neighbours = dht::region_neighbours(tokens);
  const auto colour =
      photo.visit([&](const auto& image) { return dht::mean_over_tokens<float>(image, tokens); });
  std::string out = "{\"program\":" + text(dht::examples::version()) + ",\n\"photo\":" + text(name) +
                    ",\n\"height\":" + std::to_string(photo.height) +
                    ",\n\"width\":" + std::to_string(photo.width) +
                    ",\n\"settings\":" + text(settings_json(settings)) + ",\n\"levels\":[\n";
  for (int level = 0; level < tree.levels(); ++level) {
    Json json{{"level", level}, {"regions", tree.regions(level)}};
    if (level > 0) json["neighbouring_pairs"] = tree.edges_of(level).size();
    out += text(json) + (level + 1 < tree.levels() ? ",\n" : "],\n\"tokens\":[\n");
  }
  for (std::int32_t token = 0; token < tokens.count(); ++token) {
    const auto t = static_cast<std::size_t>(token);
    const dht::Box& box = tokens.box[t];
    Json touching = Json::array();
    const auto others = neighbours.neighbours_of(token), sides = neighbours.boundaries_of(token);
    for (std::size_t i = 0; i < others.size(); ++i) touching.push_back({others[i], sides[i]});
    const Json json{
        {"label", token},
        {"size", tokens.size[t]},
        {"box", {box.ymin, box.xmin, box.ymax, box.xmax}},
        {"centroid", {rounded(centroids[t].row), rounded(centroids[t].column)}},
        {"mean_colour", {rounded(colour[3 * t]), rounded(colour[3 * t + 1]), rounded(colour[3 * t + 2])}},
        {"neighbours", touching}};
    out += text(json) + (token + 1 < tokens.count() ? ",\n" : "]}\n");
  }
  return out;
}

void tokenize(const dht::examples::Options& options) {
  const dht::examples::OutputFolder output(
      options.output,
      {"labels.npy", "tokens.json", "boundaries.png", "means.png", "levels.png", "saliency.png"},
      {options.photo, options.weights.value_or(options.photo), options.mask.value_or(options.photo)});
  const auto tokenizer = dht::examples::make_tokenizer(options);
  const Settings& settings = tokenizer->settings();
  dht::examples::Report report(options.quiet);

  const Photo photo = dht::examples::read_photo(options.photo, tokenizer->bytes_a_pixel());
  report.photo(options.photo, photo);
  PhotoMask mask;
  if (options.mask) {
    mask = dht::examples::read_mask(*options.mask, photo);
    report.mask(*options.mask, mask);
  }
  const dht::Hierarchy<float>& tree = tokenizer->build(options.photo, photo);
  report.hierarchy(tree, settings);
  const dht::Tokens<float>& tokens = tokenizer->select(mask.view());
  report.tokens(tokens, settings);

  const dht::Picture picture = photo.picture();
  const dht::LabelView labels = tokens.labels();
  // Small photos are drawn at twice their size, so that lines are thin beside small tokens; large ones do not become
  // larger, and the six levels together stay below some 2000 pixels.
  const int side = std::max(photo.height, photo.width);
  dht::BoundaryStyle boundary_style;
  boundary_style.zoom = side <= 1024 ? 2 : 1;
  dht::LevelsStyle levels_style;
  levels_style.shrink = (side + 639) / 640;
  const dht::Picture boundaries = draw_boundaries(picture, labels, boundary_style);
  const dht::Picture means = paint_means(picture, labels, tokens.count());
  const dht::Picture levels = draw_levels(picture, tree, levels_style);
  const dht::Picture saliency = draw_saliency(tree);
  report.stage("pictures", "Boundaries, means, levels, saliency.");

  output.write([&](const fs::path& folder) {
    dht::write_npy(folder / "labels.npy", tokens.partition.labels, {photo.height, photo.width});
    dht::write_file(folder / "tokens.json",
                    tokens_json(options.photo.filename().string(), photo, tree, tokens, settings));
    dht::examples::write_png(folder / "boundaries.png", boundaries);
    dht::examples::write_png(folder / "means.png", means);
    dht::examples::write_png(folder / "levels.png", levels);
    dht::examples::write_png(folder / "saliency.png", saliency);
  });
  report.stage("write", std::to_string(output.names().size()) + " files.");
  report.results(output);
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("tokenize", [&] {
    const auto options = dht::examples::parse_options(
        argc, argv, "tokenize", "Turns a photo into tokens: regions that follow what it shows.",
        dht::examples::Masks::taken);
    if (options) tokenize(*options);
  });
}
