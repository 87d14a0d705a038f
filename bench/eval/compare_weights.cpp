// SPDX-License-Identifier: MIT
// Compares weights of the encoder with each other and with plain colour: how well their tokens paint photos, and how well
// they follow what people see (docs/training.md).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include <dht/backend/cpu.hpp>
#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "common/command_line.hpp"
#include "common/image_file.hpp"
#include "common/number_text.hpp"
#include "common/options.hpp"
#include "common/output_folder.hpp"
#include "common/photo_folder.hpp"
#include "common/weights_file.hpp"
#include "judged_photo.hpp"
#include "weights_trial.hpp"

namespace {

namespace fs = std::filesystem;
using namespace dht::bench;
using dht::examples::fixed_text;

struct WeightsOptions {
  fs::path photos, segmented, output;
  std::vector<fs::path> weights;
  std::vector<int> tokens{128, 196, 400}, regions{100, 200, 400};
  int side = 224, limit = 0, threads = 0;
};

// ---------------------------------------------------------------------------------------- what is compared

dht::backend::Cpu make_backend(int threads) {
  try {
    return dht::backend::Cpu(threads);
  } catch (const std::system_error&) {
    dht::detail::fail({"--threads: the system does not give ", threads, " threads"});
  }
}

/// Every default of the library, and its weights.
Candidate default_weights(const dht::backend::Cpu& backend) {
  Candidate candidate;
  candidate.name = "the library's own";
  candidate.projection = dht::pretrained_projection<float>();
  candidate.parts.backend = backend;
  return candidate;
}

/// Every default of the library but its weights.
Candidate plain_colour(const dht::backend::Cpu& backend) {
  Candidate candidate;
  candidate.name = "plain colour";
  candidate.parts.encoder = dht::AnyEncoder<float>(dht::ColourEncoder<float>());
  candidate.parts.backend = backend;
  return candidate;
}

void check_projection(const dht::Linear<float>& projection, const std::string& file) {
  DHT_EXPECTS(projection.outputs > 0, file,
              ": has no linear.weight; must have the map from features to colours");
  DHT_EXPECTS(projection.outputs == 3, file, ": linear has ", projection.outputs, " outputs; must have 3");
  for (const auto* values : {&projection.weight, &projection.bias})
    for (const float value : *values)
      DHT_EXPECTS(std::isfinite(value), file, ": linear holds ", value, "; must be finite");
}

Candidate from_checkpoint(const fs::path& path, const std::string& name, const dht::backend::Cpu& backend) {
  const dht::Checkpoint<float> checkpoint = dht::examples::read_weights(path);
  const std::string file = dht::detail::file_name(path);
  check_projection(checkpoint.projection, file);
  Candidate candidate = plain_colour(backend);
  candidate.name = name;
  candidate.parts.encoder = dht::AnyEncoder<float>(
      dht::examples::with_name(file, [&] { return dht::ConvolutionalEncoder<float>(checkpoint.encoder); }));
  candidate.parts.criterion = dht::AnyCriterion(checkpoint.criterion, checkpoint.iota);
  candidate.parts.self_loop = checkpoint.self_loop;
  candidate.parts.hierarchy.compactness = checkpoint.compactness;
  candidate.projection = checkpoint.projection;
  candidate.mean = checkpoint.encoder.mean;
  candidate.standard_deviation = checkpoint.encoder.standard_deviation;
  return candidate;
}

/// The file's name; where others have the same, with its folders.
std::string name_of(const fs::path& path, const std::vector<fs::path>& all) {
  const bool is_only =
      std::ranges::count_if(all, [&](const fs::path& p) { return p.filename() == path.filename(); }) == 1;
  return dht::detail::file_name(is_only ? path.filename() : path);
}

/// The rows of the tables: to compare something else as well, add it here.
std::vector<Candidate> candidates(const WeightsOptions& options) {
  const dht::backend::Cpu backend = make_backend(options.threads);
  std::vector<Candidate> all{plain_colour(backend), default_weights(backend)};
  for (const fs::path& path : options.weights)
    all.push_back(from_checkpoint(path, name_of(path, options.weights), backend));
  return all;
}

// ---------------------------------------------------------------------------------------- the photos

dht::Picture read_photo(const fs::path& path, int side) {
  dht::Picture photo = dht::examples::read_photo(path).picture();
  DHT_EXPECTS(photo.height >= side && photo.width >= side, dht::detail::file_name(path), ": is ",
              photo.height, " x ", photo.width, " pixels; must be at least ", side, " x ", side, " (--side)");
  return photo;
}

/// The middle, where it lies in the photo.
dht::ImageView<const std::uint8_t> middle(const dht::Picture& photo, int side) {
  const int top = (photo.height - side) / 2, left = (photo.width - side) / 2;
  return dht::interleaved_view(photo.pixel(top, left), side, side, 3, std::ptrdiff_t{3} * photo.width);
}

JudgedPhoto read_segmented(const WeightsOptions& options, const std::string& name) {
  JudgedPhoto judged = read_judged_photo(options.segmented, name);
  const std::int64_t pixels = std::int64_t{judged.photo.height} * judged.photo.width;
  for (const int regions : options.regions) {
    DHT_EXPECTS(regions <= pixels, "--regions: is ", regions, "; ",
                dht::detail::file_name(options.segmented / (name + ".jpg")), " has only ", pixels, " pixels");
  }
  return judged;
}

/// Calls work(i) for all photos of a kind and tells of each.
void for_each_photo(const std::vector<std::string>& names, const std::string& kind,
                    const std::function<void(std::size_t)>& work) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work(i);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::cerr << kind << " " << i + 1 << " of " << names.size() << ": " << names[i] << ", "
              << fixed_text(seconds.count(), 1) << " s\n";
  }
}

// ---------------------------------------------------------------------------------------- tables

/// A column of figures: what it is called, how many digits it has, and where a row has it.
struct Column {
  std::string heading, arrow;
  int digits = 0;
  std::function<double(const WeightsRow&)> value;
};

void add_decibels(std::vector<Column>& columns, const WeightsOptions& options, const std::string& heading,
                  std::vector<double> WeightsRow::*values) {
  for (std::size_t k = 0; k < options.tokens.size(); ++k) {
    columns.push_back({heading + " " + std::to_string(options.tokens[k]), " ↑", 2,
                       [=](const WeightsRow& row) { return (row.*values)[k]; }});
  }
}

void add_scores(std::vector<Column>& columns, const WeightsOptions& options, const std::string& heading,
                const std::string& arrow) {
  const auto score = static_cast<std::size_t>(std::ranges::find(score_names, heading) - score_names.begin());
  for (std::size_t k = 0; k < options.regions.size(); ++k) {
    columns.push_back({heading + " " + std::to_string(options.regions[k]), arrow, 4,
                       [=](const WeightsRow& row) { return row.scores[k][score]; }});
  }
}

std::vector<Column> main_columns(const WeightsOptions& options) {
  std::vector<Column> columns;
  add_decibels(columns, options, "PSNR", &WeightsRow::painted);
  add_scores(columns, options, "EV", " ↑");
  add_scores(columns, options, "BR", " ↑");
  add_scores(columns, options, "UE", " ↓");
  return columns;
}

std::vector<Column> mean_columns(const WeightsOptions& options) {
  std::vector<Column> columns;
  add_decibels(columns, options, "PSNR of means", &WeightsRow::means);
  return columns;
}

/// `text` with `escape` before each `special`.
std::string escaped(const std::string& text, char special, char escape) {
  std::string result;
  for (const char c : text) {
    if (c == special) result += escape;
    result += c;
  }
  return result;
}

std::string table(const std::vector<WeightsRow>& rows, const std::vector<Column>& columns) {
  std::string text = "| weights |", line = "|---|";
  for (const Column& column : columns) {
    text += " " + column.heading + column.arrow + " |";
    line += "---|";
  }
  text += "\n" + line + "\n";
  for (const WeightsRow& row : rows) {
    text += "| " + escaped(row.name, '|', '\\') + " |";
    for (const Column& column : columns) text += " " + fixed_text(column.value(row), column.digits) + " |";
    text += "\n";
  }
  return text;
}

std::string csv(const std::vector<WeightsRow>& rows, const std::vector<Column>& columns) {
  std::string text = "weights";
  for (const Column& column : columns) text += "," + column.heading;
  text += "\n";
  for (const WeightsRow& row : rows) {
    text += "\"" + escaped(row.name, '"', '"') + "\"";
    for (const Column& column : columns) text += "," + fixed_text(column.value(row), 6);
    text += "\n";
  }
  return text;
}

std::string photos_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " photo" : " photos");
}

/// What one has to know to read the tables.
std::string explanation(std::size_t photos, std::size_t segmented, int side) {
  const std::string size = std::to_string(side) + " x " + std::to_string(side);
  return "\nPSNR K: decibels, the mean over " + photos_text(photos) + " (their middle " + size +
         " pixels, colours from 0 to 1) of each photo's\n"
         "-10 log10 of the mean squared error, at most 100, when it is divided into K tokens and every pixel "
         "gets W f* of its token.\n"
         "Plain colour has no W: it gets the best one, the affine map of the least squared error over all "
         "pixels of these same\n"
         "photos, fitted to their tokens anew for each K, the most favourable choice for it.\n"
         "\nEV, BR and UE K: explained variation, boundary recall and undersegmentation error with K "
         "regions, "
         "means over\n" +
         photos_text(segmented) + " that people have segmented.\n";
}

std::string markdown(const std::vector<WeightsRow>& rows, const WeightsOptions& options,
                     const std::string& explained) {
  return table(rows, main_columns(options)) + explained +
         "\nWhat the partition alone allows, when every pixel gets the mean colour of its token:\n\n" +
         table(rows, mean_columns(options));
}

// ---------------------------------------------------------------------------------------- the program

void check_counts(const char* option, const std::vector<int>& counts, int most) {
  for (const int count : counts) {
    dht::examples::check_range(option, count, 1, most);
    DHT_EXPECTS(std::ranges::count(counts, count) == 1, option, ": has ", count,
                " more than once; must have each number once");
  }
}

void check(const WeightsOptions& options) {
  DHT_EXPECTS(!options.photos.empty(), "--photos: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.segmented.empty(), "--segmented: is empty; must be the name of a folder");
  DHT_EXPECTS(!options.output.empty(), "--output: is empty; must be the name of a folder");
  for (const fs::path& path : options.weights)
    DHT_EXPECTS(!path.empty(), "--weights: is empty; must be the name of a file");
  dht::examples::check_range("--side", options.side, 8, 4096);
  check_counts("--tokens", options.tokens, options.side * options.side);
  check_counts("--regions", options.regions, 100000);
  DHT_EXPECTS(options.limit >= 0, "--limit: is ", options.limit, "; must be 0 (all) or more");
  dht::examples::check_range("--threads", options.threads, 0, 1024);
}

void add_options(CLI::App& app, WeightsOptions& options) {
  app.add_option("--photos", options.photos, "folder of PNG and JPEG files to paint, folders below it too")
      ->required()
      ->type_name("DIR");
  app.add_option("--segmented", options.segmented, "folder of NAME.jpg and NAME.0.png, NAME.1.png, ...")
      ->required()
      ->type_name("DIR");
  app.add_option("--output", options.output, "folder of the results")->required()->type_name("DIR");
  app.add_option("--weights", options.weights, "checkpoints to compare (default: only plain colour)")
      ->expected(1, -1)
      ->type_name("FILE.safetensors");
  app.add_option("--tokens", options.tokens, "numbers of tokens to paint with (default 128 196 400)")
      ->expected(1, -1)
      ->type_name("K");
  app.add_option("--regions", options.regions, "numbers of regions to score (default 100 200 400)")
      ->expected(1, -1)
      ->type_name("K");
  app.add_option("--side", options.side, "height and width of the middle that is painted (default 224)")
      ->type_name("PIXELS");
  app.add_option("--limit", options.limit, "only the first N photos of each folder (default 0: all)")
      ->type_name("N");
  app.add_option("--threads", options.threads, "threads to work with, 0: one per core (default)")
      ->type_name("N");
}

/// Nothing where `--help` or `--version` was answered.
std::optional<WeightsOptions> parse(int argc, char** argv) {
  WeightsOptions options;
  CLI::App app("Compares weights by how their tokens paint photos and follow what people see.",
               "dht_compare_weights");
  dht::examples::prepare(app, "dht_compare_weights");
  add_options(app, options);
  if (!dht::examples::parse(app, argc, argv)) return std::nullopt;
  check(options);
  return options;
}

std::vector<fs::path> first_photos(const WeightsOptions& options) {
  std::vector<fs::path> photos = dht::examples::photos_below(options.photos);
  if (options.limit > 0 && static_cast<std::size_t>(options.limit) < photos.size())
    photos.resize(static_cast<std::size_t>(options.limit));
  return photos;
}

void paint_all(std::vector<WeightsTrial>& trials, const std::vector<fs::path>& photos, int side) {
  std::vector<std::string> names;
  for (const fs::path& path : photos) names.push_back(dht::detail::file_name(path.filename()));
  for_each_photo(names, "painted", [&](std::size_t i) {
    const dht::Picture photo = read_photo(photos[i], side);
    for (WeightsTrial& trial : trials) trial.paint(middle(photo, side));
  });
}

void divide_all(std::vector<WeightsTrial>& trials, const std::vector<std::string>& names,
                const WeightsOptions& options) {
  for_each_photo(names, "segmented", [&](std::size_t i) {
    const JudgedPhoto photo = read_segmented(options, names[i]);
    for (WeightsTrial& trial : trials) trial.divide(photo);
  });
}

void compare(const WeightsOptions& options) {
  const std::vector<fs::path> photos = first_photos(options);
  const std::vector<std::string> segmented = photo_names(options.segmented, options.limit);
  const dht::examples::OutputFolder output(options.output, {"weights.md", "weights.csv"}, options.weights);
  std::vector<WeightsTrial> trials;
  for (const Candidate& candidate : candidates(options))
    trials.emplace_back(candidate, options.tokens, options.regions);
  paint_all(trials, photos, options.side);
  divide_all(trials, segmented, options);

  std::vector<WeightsRow> rows;
  for (const WeightsTrial& trial : trials) rows.push_back(trial.row());
  std::vector<Column> columns = main_columns(options);
  std::ranges::copy(mean_columns(options), std::back_inserter(columns));
  const std::string text =
      markdown(rows, options, explanation(photos.size(), segmented.size(), options.side));
  output.write([&](const fs::path& folder) {
    dht::write_file(folder / "weights.md", text);
    dht::write_file(folder / "weights.csv", csv(rows, columns));
  });
  std::cout << text;
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("dht_compare_weights", [&] {
    if (auto options = parse(argc, argv)) compare(*options);
  });
}
