// SPDX-License-Identifier: MIT
// vectorize PHOTO: a photo as an SVG drawing, of regions made for it or of its tokens.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/draw/partitions.hpp>
#include <dht/io/file.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/output_folder.hpp"
#include "common/photo_drawing.hpp"
#include "common/photo_tokenizer.hpp"
#include "common/report.hpp"

namespace {

using dht::examples::LayerLabels;
using dht::examples::PageDrawing;
using dht::examples::VectorizeOptions;

std::string caption(std::int32_t regions, const std::string& svg) {
  return std::to_string(regions) + " regions, " + std::to_string(svg.size()) + " bytes";
}

/// `tokens`, and below them so many layers as are asked for, each with a quarter of the regions by merging. What `tokens`
/// refers to is the photo's labels no more.
std::vector<LayerLabels> layers_of(dht::examples::PhotoTokenizer& tokenizer, const dht::Tokens<float>& tokens,
                                   int layers) {
  const auto keep = [](const dht::Tokens<float>& cut) {
    const dht::LabelView labels = cut.labels();
    const auto pixels = static_cast<std::size_t>(labels.height) * static_cast<std::size_t>(labels.width);
    return LayerLabels{{labels.data, labels.data + pixels}, cut.count()};
  };
  std::vector<LayerLabels> found{keep(tokens)};
  std::int64_t regions = found[0].regions;
  while (static_cast<int>(found.size()) < layers) {
    regions = std::max<std::int64_t>(regions / 4, 1);
    found.push_back(keep(tokenizer.merge_to(regions)));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// The photo in 1/8 to 4 times as many regions as there are tokens, all by merging; `tokens` itself among them.
std::vector<PageDrawing> drawings_for_page(dht::examples::PhotoTokenizer& tokenizer,
                                           const dht::examples::Photo& photo, const PageDrawing& drawn,
                                           std::int32_t tokens, const VectorizeOptions& options) {
  std::vector<PageDrawing> drawings;
  const dht::Picture picture = photo.picture_with_alpha();
  const std::int64_t most = std::int64_t{photo.height} * photo.width;
  for (const double factor : {0.125, 0.25, 0.5, 1.0, 2.0, 4.0}) {
    const auto count = std::clamp<std::int64_t>(static_cast<std::int64_t>(tokens * factor), 1, most);
    if (factor == 1) {
      drawings.push_back(drawn);
      continue;
    }
    const dht::Tokens<float>& cut = tokenizer.merge_to(count);
    const std::int32_t regions = cut.count();
    const std::string svg =
        dht::examples::draw_regions(picture, layers_of(tokenizer, cut, options.layers), options);
    drawings.push_back({caption(regions, svg), svg});
  }
  return drawings;
}

/// Writes the drawing, and the page and its pictures behind it where there is one.
void write(const dht::examples::OutputFolder& output, const std::vector<std::string>& names,
           const std::string& svg, const std::string& page, const std::vector<dht::Picture>& pictures) {
  output.write([&](const std::filesystem::path& folder) {
    dht::write_file(folder / names[0], svg);
    if (names.size() == 1) return;
    dht::write_file(folder / names[1], page);
    for (std::size_t i = 0; i < pictures.size(); ++i)
      dht::examples::write_png(folder / names[2 + i], pictures[i]);
  });
}

/// In regions made for the drawing.
void draw_regions_made_for_it(const VectorizeOptions& options) {
  const std::filesystem::path& path = options.tokens.photo;
  const std::string stem = path.stem().string();
  std::vector<std::string> names{stem + ".svg"};
  if (options.html) names.insert(names.end(), {stem + ".html", stem + "_photo.png"});
  const dht::examples::OutputFolder output(options.tokens.output, names, {path});
  dht::examples::Report report(options.tokens.quiet);
  const auto photo = dht::examples::read_photo(path, dht::examples::bytes_a_drawn_pixel);
  report.photo(path, photo);
  const dht::Picture picture = photo.picture();
  const auto [svg, drawings, shown] = dht::examples::draw_photo(photo.picture_with_alpha(), options);
  report.stage("drawing", std::to_string(dht::examples::count_paths(svg)) + " paths, " +
                              std::to_string(svg.size()) + " bytes, " +
                              std::to_string(dht::examples::gzip_size(svg)) + " under gzip.");
  std::string page;
  if (options.html) {
    page = dht::examples::drawing_page(path.filename().string(), names[2], "", drawings, shown);
    report.stage("page", std::to_string(drawings.size()) + " drawings.");
  }
  write(output, names, svg, page, {picture});
  report.stage("write", std::to_string(names.size()) + (names.size() == 1 ? " file." : " files."));
  report.results(output);
}

void draw_tokens(const VectorizeOptions& options) {
  const std::filesystem::path& path = options.tokens.photo;
  const std::string stem = path.stem().string(), name = stem + ".svg";
  std::vector<std::string> names{name};
  if (options.html) names.insert(names.end(), {stem + ".html", stem + "_photo.png", stem + "_tokens.png"});
  const dht::examples::OutputFolder output(options.tokens.output, names,
                                           {path, options.tokens.weights.value_or(path)});
  const auto tokenizer = dht::examples::make_tokenizer(options.tokens);
  dht::examples::Report report(options.tokens.quiet);

  const auto photo = dht::examples::read_photo(path, tokenizer->bytes_a_pixel());
  report.photo(path, photo);
  const dht::Hierarchy<float>& tree = tokenizer->build(path, photo);
  report.hierarchy(tree, tokenizer->settings());
  const dht::Tokens<float>& tokens = tokenizer->select();
  report.tokens(tokens, tokenizer->settings());

  const dht::Picture picture = photo.picture();
  const std::int32_t count = tokens.count();
  dht::Picture outlines;
  if (options.html) outlines = dht::draw_boundaries(picture, tokens.labels());
  const std::string svg = dht::examples::draw_regions(photo.picture_with_alpha(),
                                                      layers_of(*tokenizer, tokens, options.layers), options);
  report.stage("drawing", std::to_string(dht::examples::count_paths(svg)) + " paths, " +
                              std::to_string(svg.size()) + " bytes.");

  std::string page;
  if (options.html) {
    const auto drawings = drawings_for_page(*tokenizer, photo, {caption(count, svg), svg}, count, options);
    page = dht::examples::drawing_page(path.filename().string(), names[2], names[3], drawings, 3);
    report.stage("page", std::to_string(drawings.size()) + " drawings.");
  }
  write(output, names, svg, page, {picture, outlines});
  report.stage("write", std::to_string(names.size()) + (names.size() == 1 ? " file." : " files."));
  report.results(output);
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("vectorize", [&] {
    const auto options =
        dht::examples::parse_vectorize_options(argc, argv, "vectorize", "Turns a photo into an SVG drawing.");
    if (options) options->of_tokens ? draw_tokens(*options) : draw_regions_made_for_it(*options);
  });
}
