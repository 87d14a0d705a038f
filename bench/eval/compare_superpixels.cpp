// SPDX-License-Identifier: MIT
// Compares superpixels on photos that people have segmented: this library, squares and OpenCV's methods in one run, at
// equal numbers of regions, with the scores of docs/superpixels.md.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>
#include <dht/draw/partitions.hpp>
#include <dht/io/file.hpp>
#include <dht/io/npy.hpp>

#include "common/image_file.hpp"
#include "common/number_text.hpp"
#include "common/options.hpp"
#include "common/output_folder.hpp"
#include "judged_photo.hpp"
#include "superpixel_methods.hpp"
#include "superpixel_scores.hpp"
#include "superpixel_sweep.hpp"

namespace {

namespace fs = std::filesystem;
using namespace dht::bench;
using dht::LabelMap;
using dht::examples::fixed_text;

struct CompareOptions {
  fs::path images, output, label_maps;
  std::vector<int> tokens{50, 100, 200, 400, 800};
  std::vector<std::string> pictures, methods;
  int limit = 0;
  bool search_peers = false;
};

/// Numbers of a method at a count, summed over the images.
struct Sums {
  double labels = 0, exact = 0, connected = 0, reached = 0, milliseconds = 0;
  ScoreRow scores{};
};

/// A method at a count: means over the images.
struct Row {
  std::string method;
  int tokens = 0;
  Sums mean;
};

constexpr int pictured_tokens = 200;

// ---------------------------------------------------------------------------------------- pictures

/// Pictures of one size beside and below each other, white between them.
dht::Picture contact_sheet(const std::vector<dht::Picture>& panels) {
  const int columns = 4, gap = 8, count = static_cast<int>(panels.size());
  const int rows = (count + columns - 1) / columns, height = panels[0].height, width = panels[0].width;
  dht::Picture sheet(rows * (height + gap) - gap, columns * (width + gap) - gap);
  std::fill(sheet.rgb.begin(), sheet.rgb.end(), std::uint8_t{255});
  for (int i = 0; i < count; ++i) {
    for (int y = 0; y < height; ++y) {
      std::copy_n(panels[static_cast<std::size_t>(i)].pixel(y, 0), 3 * width,
                  sheet.pixel(i / columns * (height + gap) + y, i % columns * (width + gap)));
    }
  }
  return sheet;
}

dht::Picture with_boundaries(const dht::Picture& photo, const LabelMap& map) {
  return draw_boundaries(photo, map.view());
}

// ---------------------------------------------------------------------------------------- the comparison

std::vector<SuperpixelMethod> methods_of(const CompareOptions& options) {
  std::vector<SuperpixelMethod> methods = options.search_peers ? peer_search() : superpixel_methods();
  DHT_EXPECTS(!methods.empty(), "--search-peers: needs OpenCV; ", peers_note());
  for (const std::string& name : options.methods)
    DHT_EXPECTS(
        std::any_of(methods.begin(), methods.end(), [&](const auto& m) { return m.name.starts_with(name); }),
        "--methods: no name begins with ", dht::detail::one_line(name));
  if (!options.methods.empty()) {
    std::erase_if(methods, [&](const SuperpixelMethod& m) {
      return std::none_of(options.methods.begin(), options.methods.end(),
                          [&](const std::string& name) { return m.name.starts_with(name); });
    });
  }
  return methods;
}

/// Everything that is found out, photo by photo.
class Comparison {
 public:
  explicit Comparison(CompareOptions options) : options_(std::move(options)), methods_(methods_of(options_)) {
    for (const int tokens : options_.tokens)
      for (const SuperpixelMethod& method : methods_) rows_.push_back({method.name, tokens, {}});
  }

  void add(const JudgedPhoto& photo) {
    if (images_ == 0) warm_up(photo);
    const bool pictured = std::count(options_.pictures.begin(), options_.pictures.end(), photo.name) > 0;
    std::vector<dht::Picture> panels{photo.photo};
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      SuperpixelSweep sweep(methods_[m], photo,
                            *std::max_element(options_.tokens.begin(), options_.tokens.end()));
      for (std::size_t k = 0; k < options_.tokens.size(); ++k) add(photo, m, k, sweep.at(options_.tokens[k]));
      if (pictured) panels.push_back(with_boundaries(photo.photo, sweep.at(pictured_tokens).nearest->map));
    }
    if (pictured) sheets_.emplace_back(photo.name, contact_sheet(panels));
    if (++images_ == 1) first_ = photo.name;
    last_ = photo.name;
  }

  std::vector<Row> rows() const {
    std::vector<Row> rows = rows_;
    for (Row& row : rows) {
      Sums& mean = row.mean;
      for (double* sum : {&mean.labels, &mean.exact, &mean.connected, &mean.reached, &mean.milliseconds})
        *sum /= images_;
      for (double& sum : mean.scores) sum /= images_;
    }
    return rows;
  }

  std::vector<std::string> method_names() const {
    std::vector<std::string> names;
    for (const SuperpixelMethod& method : methods_) names.push_back(method.name);
    return names;
  }

  const std::vector<std::pair<std::string, dht::Picture>>& sheets() const { return sheets_; }
  const std::string& image_lines() const { return image_lines_; }

  /// "50 photos, 100075 to 187029"
  std::string photos() const {
    if (images_ == 1) return "1 photo, " + first_;
    return std::to_string(images_) + " photos, " + first_ + " to " + last_;
  }

 private:
  /// The first call of a method makes tables and allocates what it keeps: that is not to be timed.
  void warm_up(const JudgedPhoto& photo) const {
    for (const SuperpixelMethod& method : methods_)
      SuperpixelSweep(method, photo, options_.tokens[0]).at(options_.tokens[0]);
  }

  void add(const JudgedPhoto& photo, std::size_t method, std::size_t tokens, const ScoresAtCount& found) {
    Row& row = rows_[tokens * methods_.size() + method];
    const SuperpixelRun& nearest = *found.nearest;
    row.mean.labels += nearest.map.count();
    row.mean.exact += nearest.map.count() == row.tokens;
    row.mean.connected += nearest.components == nearest.map.count();
    row.mean.reached += found.reached;
    row.mean.milliseconds += nearest.milliseconds;
    for (std::size_t i = 0; i < found.scores.size(); ++i) row.mean.scores[i] += found.scores[i];
    add_image_line(photo.name, row, nearest);
    if (!options_.label_maps.empty()) write_labels(photo.name, row, nearest.map);
  }

  /// The scores of the labels themselves, not interpolated: what another program can check.
  void add_image_line(const std::string& name, const Row& row, const SuperpixelRun& nearest) {
    image_lines_ += name + ",\"" + row.method + "\"," + std::to_string(row.tokens) + "," +
                    std::to_string(nearest.map.count()) + "," + std::to_string(nearest.components);
    for (const double score : nearest.scores) image_lines_ += "," + fixed_text(score, 6);
    image_lines_ += "," + fixed_text(nearest.milliseconds, 2) + "\n";
  }

  void write_labels(const std::string& name, const Row& row, const LabelMap& map) const {
    const fs::path folder = options_.label_maps / (row.method + " at " + std::to_string(row.tokens));
    std::error_code error;
    fs::create_directories(folder, error);
    DHT_EXPECTS(!error, "--label-maps: ", dht::detail::file_name(folder), " cannot be created (",
                error.message(), ")");
    dht::write_npy(folder / (name + ".npy"), map.labels, {map.height, map.width});
  }

  CompareOptions options_;
  std::vector<SuperpixelMethod> methods_;
  std::vector<Row> rows_;
  std::vector<std::pair<std::string, dht::Picture>> sheets_;
  std::string image_lines_, first_, last_;
  int images_ = 0;
};

// ---------------------------------------------------------------------------------------- tables

std::string percent(double share) { return fixed_text(100 * share, 0) + " %"; }

std::string table_of(const std::vector<Row>& rows, int tokens) {
  std::string text =
      "\n#### " + std::to_string(tokens) +
      " regions\n\n| method | labels | exactly | connected | UE ↓ | ASA ↑ | BR ↑ | EV ↑ | CO ↑ | ms |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows) {
    if (row.tokens != tokens) continue;
    text += "| " + row.method + " | " + fixed_text(row.mean.labels, 1) + " | " + percent(row.mean.exact) +
            " | " + percent(row.mean.connected) + " |";
    for (const double score : row.mean.scores) text += " " + fixed_text(score, 4) + " |";
    text += " " + fixed_text(row.mean.milliseconds, 1) + (row.mean.reached < 1 ? " | *" : " |") + "\n";
  }
  return text;
}

/// What one has to know to read the tables.
std::string explanation(const Comparison& comparison) {
  return "Means over " + comparison.photos() + ". " + peers_note() +
         ".\n\nLabels, exactly, connected and ms are of the setting whose number of labels is nearest. "
         "Scores are at\n"
         "the number itself: where a method does not hit it, they are interpolated for each photo, linearly "
         "in the\n"
         "logarithm of the number of labels, between the nearest settings with fewer and with more. "
         "Milliseconds are\n"
         "processor time of one thread from RGB to labels. A method with * has no setting on one side of the "
         "number for\n"
         "some photos; there its nearest setting counts as it is.\n";
}

std::string markdown(const Comparison& comparison, const std::vector<int>& tokens) {
  std::string text = explanation(comparison);
  const std::vector<Row> rows = comparison.rows();
  for (const int count : tokens) text += table_of(rows, count);
  return text;
}

std::string csv(const std::vector<Row>& rows) {
  std::string text = "method,tokens,labels,exactly,connected,bracketed";
  for (const char* name : score_names) text += std::string(",") + name;
  text += ",milliseconds\n";
  for (const Row& row : rows) {
    const Sums& mean = row.mean;
    text += "\"" + row.method + "\"," + std::to_string(row.tokens) + "," + fixed_text(mean.labels, 3) + "," +
            fixed_text(mean.exact, 4) + "," + fixed_text(mean.connected, 4) + "," +
            fixed_text(mean.reached, 4);
    for (const double score : mean.scores) text += "," + fixed_text(score, 6);
    text += "," + fixed_text(mean.milliseconds, 2) + "\n";
  }
  return text;
}

/// What the panels of the sheets are, for a PNG has no text.
std::string legend(const Comparison& comparison) {
  std::string text = "\nThe pictures, " + std::to_string(pictured_tokens) +
                     " regions or the nearest, row by row from the left: the photo";
  for (const std::string& name : comparison.method_names()) text += "; " + name;
  return text + ".\n";
}

// ---------------------------------------------------------------------------------------- the program

void check(const CompareOptions& options) {
  DHT_EXPECTS(!options.output.empty(), "--output: is empty; must be the name of a folder");
  for (const int tokens : options.tokens)
    DHT_EXPECTS(tokens >= 2 && tokens <= 100000, "--tokens: is ", tokens, "; must be 2 to 100000");
  DHT_EXPECTS(options.limit >= 0, "--limit: is ", options.limit, "; must be 0 (all) or more");
}

/// Nothing where `--help` was answered.
std::optional<CompareOptions> parse(int argc, char** argv) {
  CompareOptions options;
  CLI::App app("Compares superpixels on photos that people have segmented.", "dht_compare_superpixels");
  app.add_option("IMAGES_DIR", options.images, "folder of NAME.jpg and NAME.0.png, NAME.1.png, ...")
      ->required();
  app.add_option("--output", options.output, "folder of the results")->required()->type_name("DIR");
  app.add_option("--tokens", options.tokens, "numbers of regions (default 50 100 200 400 800)")
      ->type_name("K");
  app.add_option("--limit", options.limit, "only the first N photos by name (default 0: all)")
      ->type_name("N");
  app.add_option("--pictures", options.pictures, "photos to draw (default: the first three)")
      ->type_name("NAME");
  app.add_option("--label-maps", options.label_maps, "folder for every label map that is counted, as .npy")
      ->type_name("DIR");
  app.add_flag("--search-peers", options.search_peers,
               "compare settings of SLIC, SEEDS and LSC instead: how their tuned ones were found");
  app.add_option("--methods", options.methods, "only those whose names begin with one of these")
      ->type_name("NAME");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      throw dht::Error(dht::detail::one_line(error.what(), 1000) + "; see dht_compare_superpixels --help");
    app.exit(error);
    return std::nullopt;
  }
  check(options);
  return options;
}

void choose_pictures(CompareOptions& options, const std::vector<std::string>& names) {
  for (const std::string& name : options.pictures) {
    DHT_EXPECTS(std::count(names.begin(), names.end(), name) > 0, "--pictures: ", dht::detail::one_line(name),
                " is none of the photos; must be a name without .jpg");
  }
  if (!options.pictures.empty() || options.search_peers) return;
  const auto shown = std::min<std::ptrdiff_t>(std::ssize(names), 3);
  options.pictures.assign(names.begin(), names.begin() + shown);
}

std::vector<std::string> result_names(const CompareOptions& options) {
  std::vector<std::string> names{"scores.md", "scores.csv", "images.csv"};
  for (const std::string& name : options.pictures) names.push_back(name + ".png");
  return names;
}

void compare(CompareOptions options) {
  const std::vector<std::string> names = photo_names(options.images, options.limit);
  choose_pictures(options, names);
  const dht::examples::OutputFolder output(options.output, result_names(options), {});
  Comparison comparison(options);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    comparison.add(read_judged_photo(options.images, names[i]));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::cerr << i + 1 << " of " << names.size() << ": " << names[i] << ", " << fixed_text(seconds.count(), 1)
              << " s\n";
  }
  std::string text = markdown(comparison, options.tokens);
  if (!comparison.sheets().empty()) text += legend(comparison);
  output.write([&](const fs::path& folder) {
    dht::write_file(folder / "scores.md", text);
    dht::write_file(folder / "scores.csv", csv(comparison.rows()));
    dht::write_file(
        folder / "images.csv",
        "name,method,tokens,labels,components,UE,ASA,BR,EV,CO,milliseconds\n" + comparison.image_lines());
    for (const auto& [name, sheet] : comparison.sheets())
      dht::examples::write_png(folder / (name + ".png"), sheet);
  });
  std::cout << text;
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("dht_compare_superpixels", [&] {
    if (auto options = parse(argc, argv)) compare(std::move(*options));
  });
}
