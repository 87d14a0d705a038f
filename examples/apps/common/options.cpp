// SPDX-License-Identifier: MIT
// The command lines of the programs: CLI11 reads them, this file says what may be asked.
#include "options.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "command_line.hpp"

namespace dht::examples {
namespace {

/// What all programs check, before any file is opened.
void check_common(const Options& options) {
  DHT_EXPECTS(!options.weights || !options.weights->empty(),
              "--weights: is empty; must be the name of a file");
  check_choice("--encoder", options.encoder, {"learned", "colour"});
  DHT_EXPECTS(!options.weights || options.encoder == "learned",
              "--weights: are for learned features; drop them or --encoder colour");
  DHT_EXPECTS(options.smallest.value_or(1) >= 1, "--smallest: is ", *options.smallest,
              "; must be at least 1");
  DHT_EXPECTS(options.refine >= 0 && options.refine <= 100, "--refine: is ", options.refine,
              "; must be 0 to 100");
  DHT_EXPECTS(options.threads >= 0 && options.threads <= 1024, "--threads: is ", options.threads,
              "; must be 0 (one per core) to 1024");
}

/// Options that are right by themselves, but not beside the others.
void check_together(const Options& options) {
  DHT_EXPECTS(
      !options.tokens || options.selection != "best-ancestor",
      "--tokens: cannot be asked of best-ancestor, which finds the number itself; drop one of the two");
  DHT_EXPECTS(
      !options.penalty || (!options.tokens && options.selection.value_or("best-ancestor") != "best-ancestor"),
      "--penalty: is for --selection merging or optimal-cut without --tokens");
  const char* const for_merging = ": is for --selection merging, which is the default with --tokens";
  DHT_EXPECTS(!options.smallest || options.merges(), "--smallest", for_merging);
  DHT_EXPECTS(!options.mask || options.merges(), "--mask", for_merging);
  DHT_EXPECTS(options.backend == "cpu" ||
                  (!options.merges() && options.selection.value_or("best-ancestor") == "best-ancestor"),
              "--backend: ", options.backend, " cuts by best-ancestor only; drop --tokens and --selection");
  DHT_EXPECTS(options.backend == "cpu" || options.refine == 0, "--backend: ", options.backend,
              " does not move borders; drop --refine");
}

void check(const Options& options) {
  DHT_EXPECTS(!options.photo.empty(), "PHOTO: is empty; must be the name of a PNG or JPEG file");
  check_common(options);
  DHT_EXPECTS(options.tokens.value_or(1) >= 1, "--tokens: is ", *options.tokens, "; must be at least 1");
  if (options.selection)
    check_choice("--selection", *options.selection, {"best-ancestor", "merging", "optimal-cut"});
  if (options.criterion) check_choice("--criterion", *options.criterion, {"aic", "aicc", "bic", "cic"});
  check_choice("--backend", options.backend, {"cpu", "thrust", "cuda"});
  check_choice("--similarity", options.similarity, {"gaussian", "laplacian", "cauchy", "cosine"});
  // Beyond these, a float cannot hold what is computed from them.
  check_range("--bandwidth", options.bandwidth, 1e-6, 1e6);
  if (options.iota) check_range("--iota", *options.iota, 1e-30, 1e30);
  if (options.penalty) check_range("--penalty", *options.penalty, 0, 1e30);
  if (options.compactness) {
    DHT_EXPECTS(*options.compactness >= 0 && *options.compactness < 1, "--compactness: is ",
                *options.compactness, "; must be at least 0 and below 1");
  }
  DHT_EXPECTS(!options.mask || !options.mask->empty(),
              "--mask: is empty; must be the name of a PNG or JPEG file");
  check_together(options);
}

void check(const FolderOptions& options) {
  DHT_EXPECTS(!options.folder.empty(), "DIR: is empty; must be the name of a folder");
  check_common(options.each);
  DHT_EXPECTS(!options.tokens.empty() || options.mean_tokens,
              "--tokens or --mean-tokens: is missing; must say how many");
  DHT_EXPECTS(!options.mean_tokens || options.each.refine == 0,
              "--refine: is for --tokens; drop it or --mean-tokens");
  DHT_EXPECTS(options.tokens.empty() || !options.mean_tokens,
              "--mean-tokens: cannot be asked for together with --tokens; drop one of the two");
  for (std::size_t i = 0; i < options.tokens.size(); ++i) {
    const std::int64_t count = options.tokens[i];
    DHT_EXPECTS(count >= 1, "--tokens: is ", count, "; must be at least 1");
    DHT_EXPECTS(std::count(options.tokens.begin(), options.tokens.end(), count) == 1, "--tokens: has ", count,
                " more than once; each number has a folder of its own");
  }
  if (options.mean_tokens) check_range("--mean-tokens", *options.mean_tokens, 1, 1e8);
}

/// The folder after which results are named: its last name, also where a path ends in "/" or "..".
std::string name_of_folder(const std::filesystem::path& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  DHT_EXPECTS(path.has_filename(), "--output: is missing; must be given for the folder ",
              dht::detail::file_name(folder), ", which has no name");
  return path.filename().string();
}

/// The folder that is named after a photo. "..png" has the stem ".", "...png" even "..".
std::filesystem::path folder_of_photo(const std::filesystem::path& photo) {
  const std::filesystem::path stem = photo.stem();
  DHT_EXPECTS(stem != "." && stem != "..", "--output: is missing; must be given for the photo ",
              dht::detail::file_name(photo), ", which has no name before its ending");
  return stem;
}

void add_input_and_output(CLI::App& app, Options& options, const std::string& output) {
  app.add_option("--output", options.output,
                 "folder of the results, created when missing (default: " + output + ")")
      ->type_name("DIR");
  app.add_option("--weights", options.weights, "checkpoint of learned features instead of the library's own")
      ->type_name("FILE.safetensors");
  app.add_option("--encoder", options.encoder,
                 "learned (default), or colour: regions differ by their colour as people see it, no weights")
      ->type_name("NAME");
}

void add_smallest(CLI::App& app, Options& options) {
  app.add_option("--smallest", options.smallest, "regions of fewer pixels merge first (default 1: none)")
      ->type_name("N");
}

void add_refine(CLI::App& app, Options& options) {
  app.add_option(
         "--refine", options.refine,
         "move the borders of tokens pixel by pixel to where they fit best, so many times over (default 0)")
      ->type_name("N");
}

void add_method(CLI::App& app, Options& options) {
  app.add_option("--criterion", options.criterion,
                 "what a region is worth: aic, aicc, bic or cic (default: the checkpoint's, or aicc)")
      ->type_name("NAME");
  app.add_option("--iota", options.iota,
                 "floor of the criterion; larger: more tokens (default: the checkpoint's, or 5)")
      ->type_name("NUMBER");
  app.add_option("--similarity", options.similarity, "gaussian (default), laplacian, cauchy or cosine")
      ->type_name("NAME");
  app.add_option("--bandwidth", options.bandwidth, "distance at which similarity falls off (default 1)")
      ->type_name("NUMBER");
  app.add_option("--compactness", options.compactness,
                 "how much round regions are preferred, 0 to below 1 (default: the checkpoint's, or 0.01)")
      ->type_name("NUMBER");
}

void add_selection(CLI::App& app, Options& options, Masks masks) {
  app.add_option("--tokens", options.tokens, "exactly so many tokens, 1 to the number of pixels")
      ->type_name("K");
  app.add_option(
         "--selection", options.selection,
         "best-ancestor (default): the paper's; merging: neighbours merge one pair at a time, the default "
         "with --tokens; optimal-cut: least cost over all cuts of the hierarchy")
      ->type_name("NAME");
  app.add_option(
         "--penalty", options.penalty,
         "what a token costs: for --selection merging, merges up to this cost are made (default 1.3e-4); for "
         "optimal-cut, nats (default 100)")
      ->type_name("NUMBER");
  add_smallest(app, options);
  add_refine(app, options);
  auto* const mask = app.add_option("--mask", options.mask,
                                    "picture of the photo's size; tokens only where it is at least half "
                                    "white, for --selection merging");
  mask->type_name("FILE");
  if (masks == Masks::refused) mask->group("");  // not in the help
}

void add_running(CLI::App& app, Options& options, const std::string& threads) {
  app.add_option("--threads", options.threads, threads + ", 0: one per core (default)")->type_name("N");
  app.add_flag("--quiet", options.quiet, "print nothing but errors");
}

void check_output(const CLI::App& app, const Options& options) {
  DHT_EXPECTS(app.count("--output") == 0 || !options.output.empty(),
              "--output: is empty; must be the name of a folder");
}

void add_photo_options(CLI::App& app, Options& options, const std::string& name, Masks masks) {
  prepare(app, name);
  app.add_option("PHOTO", options.photo, "PNG or JPEG file")->required();
  add_input_and_output(app, options, "one in the working directory, named after the photo");
  add_selection(app, options, masks);
  add_method(app, options);
  if (masks == Masks::taken)
    app.add_option(
           "--backend", options.backend,
           "where loops run: cpu (default), thrust (OpenMP), or cuda; as far as the program was built "
           "with them")
        ->type_name("NAME");
  add_running(app, options, "threads to work with");
}

void finish_photo_options(const CLI::App& app, Options& options, const std::string& name, Masks masks) {
  DHT_EXPECTS(masks == Masks::taken || !options.mask, "--mask: is not for ", name,
              ", which draws the whole picture; must be asked of tokenize");
  check(options);
  check_output(app, options);
  if (options.output.empty()) options.output = folder_of_photo(options.photo);
}

/// What says something about tokens: a drawing for which one is given is one of them.
constexpr std::array token_options{"--tokens",     "--selection", "--penalty",    "--criterion",
                                   "--iota",       "--weights",   "--encoder",    "--refine",
                                   "--similarity", "--bandwidth", "--compactness"};

/// Regions made for drawing leave nothing to choose but how many, and how small.
void check_drawing_options(const CLI::App& app, const VectorizeOptions& options) {
  if (options.bytes) check_range("--bytes", static_cast<double>(*options.bytes), 1, 1e12);
  if (options.price) check_range("--price", *options.price, 0, 1e7);
  check_range("--colors", options.colors, 0, 1e6);
  check_range("--layers", options.layers, 1, 8);
  check_choice("--seams", options.seams, {"none", "copy", "strokes", "crisp"});
  for (const char* asked : {"--bytes", "--price"}) {
    if (app.count(asked) == 0) continue;
    for (const char* other : token_options)
      DHT_EXPECTS(app.count(other) == 0, asked, ": makes its own regions; must be given without ", other);
    DHT_EXPECTS(app.count("--detail") == 0, asked,
                ": says how fine the drawing is; must be given without --detail");
  }
  DHT_EXPECTS(!options.bytes || !options.price,
              "--bytes: finds its own price; must be given without --price");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, const std::string& name,
                                     const std::string& description, Masks masks) {
  Options options;
  CLI::App app(description, name);
  add_photo_options(app, options, name, masks);
  if (!parse(app, argc, argv)) return std::nullopt;
  finish_photo_options(app, options, name, masks);
  return options;
}

std::optional<VectorizeOptions> parse_vectorize_options(int argc, char** argv, const std::string& name,
                                                        const std::string& description) {
  VectorizeOptions options;
  CLI::App app(description, name);
  add_photo_options(app, options.tokens, name, Masks::refused);
  app.add_option(
         "--tolerance", options.tolerance,
         "how many pixels boundaries may move to become simple; 0: the pixels' own outlines and exact "
         "colours (default 1.5, with tokens 1)")
      ->type_name("PIXELS");
  app.add_option(
         "--detail", options.detail,
         "how much finer the drawing is than what is good for its bytes: a byte must save so much less; of "
         "tokens, whose number stays, boundaries and colours alone (default 1)")
      ->type_name("FACTOR");
  app.add_flag("--curves", options.curves, "cubic curves between corners instead of lines and round arcs");
  app.add_flag("--gradients", options.gradients, "linear gradients where they are worth their bytes");
  auto* const flat =
      app.add_flag("--flat", options.flat, "each path is exactly its region; none lies under another");
  bool stacked = false;
  app.add_flag("--stacked", stacked,
               "each path is painted over what lies behind it: the default, the fewest bytes")
      ->excludes(flat);
  app.add_flag("--fluid", options.fluid,
               "no width and height: a page that shows the drawing says how large it is");
  app.add_option(
         "--seams", options.seams,
         "against hairlines between neighbours: none (default with --stacked), copy: the drawing once "
         "more beneath itself (default with --flat), strokes: a thin line around each shape, crisp: no "
         "smooth edges")
      ->type_name("NAME");
  app.add_option("--layers", options.layers,
                 "so many groups, which editors show as layers: each with about a quarter of the regions of "
                 "the one above it (default 1: no groups)")
      ->type_name("N");
  app.add_flag("--linear-light", options.linear_light, "mean colours of light instead of stored values");
  app.add_flag("--html", options.html,
               "also a page with the photo, the tokens where these are drawn, and a slider: drawings from "
               "coarse to fine");
  app.add_option("--bytes", options.bytes, "the best drawing of at most so many bytes under gzip")
      ->type_name("N");
  app.add_option(
         "--price", options.price,
         "the squared error (three channels, 0 to 255) that a byte must save: the larger, the coarser "
         "(default: by the picture)")
      ->type_name("NUMBER");
  app.add_option("--colors", options.colors, "at most so many colours, without gradients; 0: any (default 0)")
      ->type_name("N");
  if (!parse(app, argc, argv)) return std::nullopt;
  if (options.seams.empty()) options.seams = options.flat ? "copy" : "none";
  for (const char* option : token_options) options.of_tokens |= app.count(option) > 0;
  check_drawing_options(app, options);
  if (options.tolerance) check_range("--tolerance", *options.tolerance, 0, 64);
  check_range("--detail", options.detail, 0.001, 1000);
  if (!options.of_tokens) options.tokens.selection = "merging";  // which takes --smallest
  finish_photo_options(app, options.tokens, name, Masks::refused);
  return options;
}

std::optional<FolderOptions> parse_folder_options(int argc, char** argv, const std::string& name,
                                                  const std::string& description) {
  FolderOptions options;
  CLI::App app(description, name);
  prepare(app, name);
  app.add_option("DIR", options.folder, "folder of PNG and JPEG files")->required();
  app.add_option("--tokens", options.tokens,
                 "exactly so many tokens in each photo; where several numbers are given, each has a folder "
                 "of its own below the output, and DIR must stand before them")
      ->expected(1, -1)
      ->type_name("K");
  app.add_option("--mean-tokens", options.mean_tokens,
                 "so many tokens on average over all photos, more where there is more to see")
      ->type_name("K");
  add_input_and_output(app, options.each, "one in the working directory, DIR-tokens");
  add_smallest(app, options.each);
  add_refine(app, options.each);
  add_running(app, options.each, "photos to work on at once");
  if (!parse(app, argc, argv)) return std::nullopt;
  check(options);
  check_output(app, options.each);
  if (options.each.output.empty()) options.each.output = name_of_folder(options.folder) + "-tokens";
  options.each.selection = "merging";
  return options;
}

}  // namespace dht::examples
