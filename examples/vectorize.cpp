// SPDX-License-Identifier: MIT
// vectorize PHOTO: a photo's tokens as an SVG drawing, each in its mean colour.
#include <string>

#include <dht/io/file.hpp>
#include <dht/tokens/measure.hpp>
#include <dht/vector/svg.hpp>

#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/output_folder.hpp"
#include "common/photo_tokenizer.hpp"
#include "common/report.hpp"

namespace {

void vectorize(const dht::examples::Options& options) {
  const std::string name = options.photo.stem().string() + ".svg";
  const dht::examples::OutputFolder output(options.output, {name},
                                           {options.photo, options.weights.value_or(options.photo)});
  const auto tokenizer = dht::examples::make_tokenizer(options);
  dht::examples::Report report(options.quiet);

  const dht::examples::Photo photo = dht::examples::read_photo(options.photo);
  report.photo(options.photo, photo);
  const dht::Hierarchy<float>& tree = tokenizer->build(options.photo, photo);
  report.hierarchy(tree, tokenizer->settings());
  const dht::Tokens<float>& tokens = tokenizer->select();
  report.tokens(tokens, tokenizer->settings());

  const auto colours = dht::mean_colours(photo.picture(), tokens.labels(), tokens.count());
  dht::SvgOptions svg_options;
  svg_options.title = options.photo.filename().string();
  const std::string text = dht::svg(tokens.labels(), colours, svg_options);
  report.stage("drawing",
               std::to_string(tokens.count()) + " paths, " + std::to_string(text.size()) + " bytes.");

  output.write([&](const std::filesystem::path& folder) { dht::write_file(folder / name, text); });
  report.stage("write", "1 file.");
  report.results(output);
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("vectorize", [&] {
    const auto options = dht::examples::parse_options(argc, argv, "vectorize",
                                                      "Turns a photo into an SVG drawing of its tokens.",
                                                      dht::examples::Masks::refused);
    if (options) vectorize(*options);
  });
}
