// SPDX-License-Identifier: MIT
// The comparison of weights as a user calls it: its decibels and scores against a naive computation, pixel by pixel, and its
// one line on bad input.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <Eigen/Dense>

#include <dht/encoder/checkpoint.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/regions/projection.hpp>
#include <dht/tokenizer.hpp>

#include "common/image_file.hpp"
#include "common/sample_picture.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/parameters.hpp"
#include "painted_tokens.hpp"
#include "programs/call.hpp"
#include "superpixel_scores.hpp"

using dht::test::call;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::text_of;

namespace {

constexpr int side = 40, features = 4;
const std::vector<int> counts{6, 15};

/// Parts of the drawn picture, of different sizes: the crop is not the photo.
dht::Picture part_of_sample(int top, int left, int height, int width) {
  const dht::Picture sample = dht::examples::sample_picture(128);
  dht::Picture part(height, width);
  for (int y = 0; y < height; ++y) std::copy_n(sample.pixel(top + y, left), 3 * width, part.pixel(y, 0));
  return part;
}

std::vector<dht::Picture> photos() {
  return {part_of_sample(30, 10, 45, 53), part_of_sample(60, 60, 52, 40)};
}

/// Quarters of a picture, one segment each, and halves.
dht::Picture segments(int height, int width, bool quarters) {
  dht::Picture picture(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      std::fill_n(picture.pixel(y, x), 3, std::uint8_t(2 * (quarters && y >= height / 2) + (x >= width / 3)));
  return picture;
}

dht::Linear<float> random_map(std::uint64_t seed, int outputs = 3) {
  dht::test::Random random(seed);
  dht::Linear<float> map{features, outputs, {}, {}};
  for (int i = 0; i < outputs * features; ++i) map.weight.push_back(float(random.uniform(-0.3, 0.3)));
  for (int i = 0; i < outputs; ++i) map.bias.push_back(float(random.uniform(-0.3, 0.3)));
  return map;
}

dht::SafeTensorsWriter random_checkpoint(int channels, bool normalised, int outputs = 3) {
  dht::SafeTensorsWriter writer;
  dht::add_encoder(writer, dht::test::random_parameters<float>(channels, features, normalised, 5));
  const dht::Linear<float> map = random_map(6, outputs);
  writer.add("linear.weight", {outputs, features}, map.weight);
  writer.add("linear.bias", {outputs}, map.bias);
  writer.add("varproj.weight", {1, features}, std::vector<float>{0.1f, -0.2f, 0.3f, 0.1f});
  writer.add("varproj.bias", {1}, std::vector<float>{-1});
  writer.set_metadata("criterion", "bic");
  writer.set_metadata("iota", "3");
  writer.set_metadata("compactness", "0.125");
  return writer;
}

void draw_inputs(const ScratchFolder& folder) {
  std::filesystem::create_directories(folder / "photos/below");
  const std::vector<dht::Picture> drawn = photos();
  dht::examples::write_png(folder / "photos/a.png", drawn[0]);
  dht::examples::write_png(folder / "photos/below/b.PNG", drawn[1]);
  std::filesystem::create_directory(folder / "segmented");
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const std::string name = "segmented/" + std::to_string(i);
    const int height = drawn[i].height, width = drawn[i].width;
    // The reader looks into the files: a PNG may be called .jpg.
    dht::examples::write_png(folder / (name + ".jpg"), drawn[i]);
    dht::examples::write_png(folder / (name + ".0.png"), segments(height, width, true));
    if (i == 0) dht::examples::write_png(folder / (name + ".1.png"), segments(height, width, false));
  }
  random_checkpoint(3, true).save(folder / "normalised.safetensors");
  random_checkpoint(3, false).save(folder / "plain.safetensors");
}

/// Exactly the settings of `random_checkpoint`.
struct BicPolicies : dht::DefaultPolicies {
  using Criterion = dht::Bic;
};

dht::Tokenizer<BicPolicies> learned_tokenizer(const dht::Checkpoint<float>& checkpoint) {
  dht::TokenizerParts<BicPolicies> parts{dht::ConvolutionalEncoder<float>(checkpoint.encoder)};
  parts.criterion = dht::Bic(3);
  parts.self_loop = checkpoint.self_loop;
  parts.hierarchy.compactness = 0.125;
  return dht::Tokenizer<BicPolicies>(std::move(parts));
}

/// A copy of the middle.
dht::Picture middle(const dht::Picture& photo) {
  dht::Picture crop(side, side);
  const int top = (photo.height - side) / 2, left = (photo.width - side) / 2;
  for (int y = 0; y < side; ++y) std::copy_n(photo.pixel(top + y, left), 3 * side, crop.pixel(y, 0));
  return crop;
}

dht::ImageView<const std::uint8_t> view(const dht::Picture& photo) {
  return dht::interleaved_view(photo.rgb.data(), photo.height, photo.width, 3);
}

/// Every pixel gets its token's three numbers of `colour`.
double slow_decibels(const dht::Picture& photo, const dht::Tokens<float>& tokens,
                     const std::vector<double>& colour) {
  double sum = 0;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double difference =
            photo.pixel(y, x)[c] / 255.0 - colour[std::size_t(3 * tokens.labels()(y, x) + c)];
        sum += difference * difference;
      }
    }
  }
  return -10 * std::log10(sum / (3.0 * side * side));
}

/// Mean over the photos for each number of tokens: painted by `colours(photo, tokens)`.
template <class Tokenizer, class Colours>
std::vector<double> slow_means(Tokenizer tokenizer, const Colours& colours) {
  std::vector<double> means;
  for (const int count : counts) {
    double sum = 0;
    for (const dht::Picture& photo : photos()) {
      const dht::Picture crop = middle(photo);
      const dht::Tokens<float>& tokens = tokenizer(view(crop), count);
      sum += slow_decibels(crop, tokens, colours(crop, tokens, count));
    }
    means.push_back(sum / double(photos().size()));
  }
  return means;
}

std::vector<double> colours_of_means(const dht::Picture& crop, const dht::Tokens<float>& tokens, int) {
  const auto mean = dht::mean_over_tokens(view(crop), tokens);
  return {mean.begin(), mean.end()};
}

std::vector<double> painted_by(const dht::Checkpoint<float>& checkpoint, const dht::Tokens<float>& tokens) {
  const auto projected = dht::project(tokens, checkpoint.projection);
  std::vector<double> colour(projected.begin(), projected.end());
  for (std::size_t i = 0; !checkpoint.encoder.mean.empty() && i < colour.size(); ++i)
    colour[i] = colour[i] * checkpoint.encoder.standard_deviation[i % 3] + checkpoint.encoder.mean[i % 3];
  return colour;
}

Eigen::RowVector4d with_one(const dht::Tokens<float>& tokens, std::int32_t token) {
  const auto f = tokens.feature_of(token);
  return {f[0], f[1], f[2], 1};
}

/// Least squares with a row for every pixel of every photo.
Eigen::Matrix<double, 4, 3> slow_fit(int count) {
  dht::Tokenizer<dht::ColourPolicies> tokenizer;
  Eigen::MatrixXd x(2 * side * side, 4), y(2 * side * side, 3);
  int row = 0;
  for (const dht::Picture& photo : photos()) {
    const dht::Picture crop = middle(photo);
    const dht::Tokens<float>& tokens = tokenizer(view(crop), count);
    for (int i = 0; i < side * side; ++i, ++row) {
      x.row(row) = with_one(tokens, tokens.labels()(i / side, i % side));
      for (int c = 0; c < 3; ++c) y(row, c) = crop.rgb[std::size_t(3 * i + c)] / 255.0;
    }
  }
  return x.householderQr().solve(y);
}

std::vector<double> colours_of_fit(const dht::Picture&, const dht::Tokens<float>& tokens, int count) {
  const Eigen::Matrix<double, 4, 3> fit = slow_fit(count);
  std::vector<double> colour;
  for (std::int32_t t = 0; t < tokens.count(); ++t) {
    const Eigen::RowVector3d rgb = with_one(tokens, t) * fit;
    colour.insert(colour.end(), rgb.begin(), rgb.end());
  }
  return colour;
}

dht::LabelMap truth_of(const dht::Picture& photo, bool quarters) {
  const dht::Picture drawn = segments(photo.height, photo.width, quarters);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < drawn.rgb.size(); i += 3) labels.push_back(drawn.rgb[i]);
  return dht::bench::label_map(photo.height, photo.width, labels);
}

/// The photo at a place in the folder; the first one was segmented by two persons.
template <class Tokenizer>
dht::bench::ScoreRow scores_of_photo(Tokenizer& tokenizer, std::size_t place, int count) {
  const dht::Picture photo = photos()[place];
  std::vector<dht::LabelMap> truths{truth_of(photo, true)};
  if (place == 0) truths.push_back(truth_of(photo, false));
  const auto& labels = tokenizer(view(photo), count).partition.labels;
  const auto map = dht::bench::label_map(photo.height, photo.width, {labels.begin(), labels.end()});
  return dht::bench::score_row(map, photo, truths);
}

/// EV, BR and UE, each for both numbers of regions.
template <class Tokenizer>
std::vector<double> scores_of(Tokenizer tokenizer) {
  std::vector<double> figures;
  for (const std::size_t score : {3u, 2u, 0u})
    for (const int count : counts)
      figures.push_back(
          (scores_of_photo(tokenizer, 0, count)[score] + scores_of_photo(tokenizer, 1, count)[score]) / 2);
  return figures;
}

/// The numbers of a line of the table after its name.
std::vector<double> figures_of(const std::string& csv, const std::string& name) {
  const std::string begin = "\n\"" + name + "\",";
  const std::size_t at = csv.find(begin);
  REQUIRE(at != std::string::npos);
  std::istringstream line(csv.substr(at + begin.size(), csv.find('\n', at + 1) - at - begin.size()));
  std::vector<double> figures;
  for (std::string text; std::getline(line, text, ',');) figures.push_back(std::stod(text));
  return figures;
}

void check_figures(const std::string& csv, const std::string& name, std::vector<double> wanted,
                   const std::vector<double>& scores, const std::vector<double>& means) {
  INFO(name);
  wanted.insert(wanted.end(), scores.begin(), scores.end());
  wanted.insert(wanted.end(), means.begin(), means.end());
  const std::vector<double> found = figures_of(csv, name);
  REQUIRE(found.size() == wanted.size());
  // Six digits are printed; means and projections are floats, which is worth less than 1e-5 of a decibel.
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(i << ": " << found[i] << ", wanted " << wanted[i]);
    CHECK(std::abs(found[i] - wanted[i]) < 1e-5);
  }
}

/// One line and no results. Where photos were painted before, their progress stands above the line.
void check_refused(const ScratchFolder& folder, const std::string& arguments, const std::string& named,
                   int progress = 0) {
  const Said said = call("dht_compare_weights", arguments, folder / "");
  INFO(arguments << "\nsaid: " << said.err);
  CHECK(said.code == 2);
  CHECK(said.err.find(named) != std::string::npos);
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1 + progress);
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

const std::string folders = "--photos photos --segmented segmented --output out ";

}  // namespace

TEST_CASE("the comparison of weights prints what a naive computation gives") {
  const ScratchFolder folder;
  draw_inputs(folder);
  const Said said =
      call("dht_compare_weights",
           folders +
               "--weights normalised.safetensors plain.safetensors --tokens 6 15 --regions 6 15 "
               "--side 40 --threads 2",
           folder / "");
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK(said.out == text_of(folder / "out/weights.md"));
  for (const char* part :
       {"| weights | PSNR 6 ↑ | PSNR 15 ↑ | EV 6 ↑ | EV 15 ↑ | BR 6 ↑ | BR 15 ↑ | UE 6 ↓ |",
        "\n| plain colour |", "\n| normalised.safetensors |", "mean over 2 photos",
        "the most favourable choice for it", "| PSNR of means 6 ↑ |"}) {
    INFO(part);
    CHECK(said.out.find(part) != std::string::npos);
  }
  CHECK(said.err.find("painted 2 of 2: b.PNG, ") != std::string::npos);
  CHECK(said.err.find("segmented 1 of 2: 0, ") != std::string::npos);

  const std::string csv = text_of(folder / "out/weights.csv");
  CHECK(csv.starts_with("weights,PSNR 6,PSNR 15,EV 6,EV 15,BR 6,BR 15,UE 6,UE 15,PSNR of means 6,"));
  const dht::Tokenizer<dht::ColourPolicies> colour;
  check_figures(csv, "plain colour", slow_means(colour, colours_of_fit), scores_of(colour),
                slow_means(colour, colours_of_means));
  for (const std::string name : {"normalised.safetensors", "plain.safetensors"}) {
    const auto checkpoint = dht::load_checkpoint<float>(folder / name);
    const auto tokenizer = learned_tokenizer(checkpoint);
    const auto painted = [&](const auto&, const auto& tokens, int) { return painted_by(checkpoint, tokens); };
    check_figures(csv, name, slow_means(tokenizer, painted), scores_of(tokenizer),
                  slow_means(tokenizer, colours_of_means));
  }
}

TEST_CASE("comparison of weights: the same for every number of threads, --limit, names that are equal") {
  const ScratchFolder folder;
  draw_inputs(folder);
  std::filesystem::create_directory(folder / "other");
  random_checkpoint(3, false).save(folder / "other/plain.safetensors");
  const std::string arguments =
      folders +
      "--weights plain.safetensors other/plain.safetensors --tokens 9 --regions 9 --side 40 --limit 1 ";
  REQUIRE(call("dht_compare_weights", arguments + "--threads 1", folder / "").code == 0);
  const std::string one = text_of(folder / "out/weights.csv");
  const Said said = call("dht_compare_weights", arguments + "--threads 3", folder / "");
  REQUIRE(said.code == 0);
  CHECK(text_of(folder / "out/weights.csv") == one);
  CHECK(said.out.find("mean over 1 photo (") != std::string::npos);
  CHECK(said.out.find("\n| other/plain.safetensors |") != std::string::npos);
  CHECK(figures_of(one, "plain.safetensors") == figures_of(one, "other/plain.safetensors"));
}

TEST_CASE("comparison of weights: a photo without error has 100 decibels") {
  CHECK(dht::bench::decibels(0) == 100);
  CHECK(dht::bench::decibels(1e-11) == 100);
  CHECK(dht::bench::decibels(0.01) == 20);
  const std::string sentence = dht::test::error_of([] { dht::bench::best_map({}); });
  CHECK(sentence == "photos: are none; must be at least 1");
}

TEST_CASE("the comparison of weights says in one line what it cannot do") {
  const ScratchFolder folder;
  draw_inputs(folder);
  std::filesystem::create_directory(folder / "empty");
  const std::string small = folders + "--side 40 ";
  check_refused(folder, "--segmented segmented --output out", "--photos");
  check_refused(folder, "--photos nowhere --segmented segmented --output out", "nowhere: does not exist");
  check_refused(folder, "--photos empty --segmented segmented --output out", "empty: has no photo");
  check_refused(folder, "--photos photos --segmented empty --output out", "holds no NAME.jpg");
  check_refused(folder, "--photos '' --segmented segmented --output out", "--photos: is empty");
  check_refused(folder, "--photos photos --segmented '' --output out", "--segmented: is empty");
  check_refused(folder, "--photos photos --segmented segmented --output ''", "--output: is empty");
  check_refused(folder, folders, "a.png: is 45 x 53 pixels; must be at least 224 x 224");
  check_refused(folder, small + "--tokens 1601", "--tokens: is 1601; must be 1 to 1600");
  check_refused(folder, small + "--tokens 5 5", "--tokens: has 5 more than once");
  check_refused(folder, small + "--regions 0", "--regions: is 0; must be 1 to 100000");
  check_refused(folder, folders + "--side 7", "--side: is 7; must be 8 to 4096");
  check_refused(folder, small + "--limit -1", "--limit: is -1; must be 0 (all) or more");
  check_refused(folder, small + "--threads -1", "--threads: is -1; must be 0 to 1024");
  check_refused(folder, small + "--weights ''", "--weights: is empty");
  check_refused(folder, small + "--weights none.safetensors", "none.safetensors: does not exist");
  check_refused(folder, small + "--regions 3000", "--regions: is 3000; segmented/0.jpg has only 2385 pixels",
                2);
}

TEST_CASE("comparison of weights: checkpoints that are not for photos") {
  const ScratchFolder folder;
  draw_inputs(folder);
  const std::string arguments = folders + "--side 40 --weights w.safetensors";
  random_checkpoint(1, false).save(folder / "w.safetensors");
  check_refused(folder, arguments, "w.safetensors: takes images of 1 channels; photos have 3");
  random_checkpoint(3, false, 2).save(folder / "w.safetensors");
  check_refused(folder, arguments, "w.safetensors: linear has 2 outputs; must have 3");
  dht::SafeTensorsWriter without;
  dht::add_encoder(without, dht::test::random_parameters<float>(3, features, false, 5));
  without.save(folder / "w.safetensors");
  check_refused(folder, arguments, "w.safetensors: has no linear.weight; must have");
  without.add("linear.weight", {3, features}, std::vector<float>(3 * features, INFINITY));
  without.add("linear.bias", {3}, std::vector<float>(3));
  without.save(folder / "w.safetensors");
  check_refused(folder, arguments, "w.safetensors: linear holds inf; must be finite");
}
