// SPDX-License-Identifier: MIT
// pretrain: what it writes, that interrupted runs end like others, and what it refuses.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/core/random.hpp>
#include <dht/encoder/checkpoint.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/io/safetensors.hpp>

#include "common/image_file.hpp"
#include "kit/catch.hpp"
#include "kit/parameters.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"
#include "programs/killed.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::call;
using dht::test::check_refused;
using dht::test::draw_sample;
using dht::test::entries;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

namespace fs = std::filesystem;

/// Coloured cells of some pixels each, with noise.
void draw_cells(const fs::path& path, int height, int width, std::uint64_t seed) {
  dht::Picture picture(height, width);
  dht::Random noise(seed);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      dht::Random cell(seed, y / 7, x / 9);
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] = static_cast<std::uint8_t>(cell.below(236) + noise.below(20));
    }
  }
  dht::examples::write_png(path, picture);
}

/// Six pictures in nested folders to learn from, two to validate with.
void fill(const fs::path& where) {
  fs::create_directories(where / "photos/below/deep");
  fs::create_directories(where / "others");
  draw_sample(where / "photos/sample.png", 70);
  for (int i = 0; i < 5; ++i)
    draw_cells(where / (i < 3 ? "photos/below" : "photos/below/deep") / (std::to_string(i) + ".PNG"),
               40 + 9 * i, 64 - 6 * i, std::uint64_t(i));
  draw_sample(where / "others/sample.png", 50);
  draw_cells(where / "others/cells.png", 50, 40, 9);
}

const std::string options =
    "photos --validation others --side 32 --batch 4 --tokens 6 12 --steps 9 --start random "
    "--learning-rate 0.02 --warm-up 2 --validate-every 4 --quiet ";

Said pretrain(const std::string& more, const fs::path& where, const std::string& before = "true") {
  return call("pretrain", options + more, where, before);
}

const std::vector<std::string> results{"checkpoint.safetensors", "curve.svg", "pretrain.csv",
                                       "weights.safetensors"};

std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const std::string& name : results) found[name] = text_of(folder / name);
  return found;
}

/// The results of a run that nothing interrupts.
std::map<std::string, std::string> reference(const fs::path& where) {
  const Said said = pretrain("--output whole --threads 1", where);
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK(said.out.empty());
  CHECK(said.err.empty());
  CHECK(entries(where / "whole") == results.size());
  return files(where / "whole");
}

}  // namespace

TEST_CASE("pretrain writes weights that others load, a table and a curve") {
  const ScratchFolder folder;
  fill(folder.path());
  store(folder / "photos/below/broken.jpg", "no picture");
  const Said said =
      call("pretrain",
           "photos --validation others --output out --side 32 --batch 4 --tokens 6 12 --epochs 5 "
           "--start random --learning-rate 0.05 --validate-every 4 --threads 2",
           folder.path());
  INFO(said.out << said.err);
  REQUIRE(said.code == 0);
  CHECK_THAT(said.err, ContainsSubstring("pretrain: "));
  CHECK_THAT(said.err, ContainsSubstring("photos/below/broken.jpg: "));
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
  CHECK_THAT(said.out, ContainsSubstring("6 pictures, 6 of them in memory; 2 to validate with; "));
  CHECK_THAT(said.out, ContainsSubstring("step 8 of 8: loss "));  // 5 * 6 / 4
  CHECK_THAT(said.out, ContainsSubstring(" dB with 12"));
  CHECK(said.out.find('\r') == std::string::npos);
  CHECK(entries(folder / "out") == results.size());

  const std::string csv = text_of(folder / "out/pretrain.csv");
  CHECK(csv.starts_with(
      "step,tokens,learning_rate,gradient_norm,loss,psnr,validation_psnr_6,validation_psnr_12\n0,,,,,,"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 1 + 8);
  const std::string svg = text_of(folder / "out/curve.svg");
  CHECK(svg.starts_with("<svg "));
  CHECK_THAT(svg, ContainsSubstring("val., 12 tokens"));

  const auto weights = dht::load_checkpoint<float>(folder / "out/weights.safetensors");
  CHECK(weights.encoder.features == 8);
  CHECK(weights.projection.outputs == 3);
  CHECK(weights.self_loop.is_constant());
  CHECK(weights.self_loop.value(0) == 0.1f);
  CHECK(weights.criterion == "aicc");
  CHECK(weights.compactness == 0.01);
  CHECK(weights.encoder.fine.running_mean != std::vector<float>(8, 0.0f));
  for (const char* name : {"weights", "checkpoint"}) {
    const Said used = call(
        "tokenize",
        "photos/sample.png --tokens 9 --quiet --output t --weights out/" + std::string(name) + ".safetensors",
        folder.path());
    INFO(used.err);
    CHECK(used.code == 0);
  }
  // The loss has fallen, and the rows say so.
  const auto log = dht::SafeTensors::load(folder / "out/checkpoint.safetensors").read<double>("log");
  REQUIRE(log.size() == 9 * 8);
  CHECK(log[8 * 8 + 6] > log[6]);
  CHECK(log[8 * 8 + 7] > log[7]);
}

TEST_CASE("pretrain begins as good as its opponent colours are") {
  const ScratchFolder folder;
  fill(folder.path());
  const Said said = call("pretrain",
                         "photos --validation others --output out --side 32 --tokens 256 --steps 1 "
                         "--learning-rate 0 --quiet",
                         folder.path());
  INFO(said.err);
  REQUIRE(said.code == 0);
  const auto log = dht::SafeTensors::load(folder / "out/checkpoint.safetensors").read<double>("log");
  CHECK(log[6] > 25);  // 4 pixels a token, W as it is at the start
}

TEST_CASE("pretrain takes weights of normalised images as weights of images") {
  const ScratchFolder folder;
  fill(folder.path());
  dht::SafeTensorsWriter writer;
  dht::add_encoder(writer, dht::test::random_parameters<float>(3, 4, true, 5));
  writer.add("linear.weight", {3, 4},
             std::vector<float>{.1f, .2f, -.3f, .4f, .5f, 0, .2f, -.1f, .3f, .1f, .2f, .6f});
  writer.add("linear.bias", {3}, std::vector<float>{.1f, -.2f, .3f});
  writer.save(folder / "normalised.safetensors");
  const Said said = call("pretrain",
                         "photos --output out --side 32 --tokens 6 --steps 1 --learning-rate 0 --quiet "
                         "--weights normalised.safetensors",
                         folder.path());
  INFO(said.err);
  REQUIRE(said.code == 0);
  const auto before = dht::load_checkpoint<float>(folder / "normalised.safetensors");
  auto after = dht::load_checkpoint<float>(folder / "out/weights.safetensors");
  CHECK(after.encoder.mean.empty());
  for (const auto layer :
       {&dht::ConvolutionalParameters<float>::fine, &dht::ConvolutionalParameters<float>::middle,
        &dht::ConvolutionalParameters<float>::coarse}) {  // the step has moved them
    (after.encoder.*layer).running_mean = (before.encoder.*layer).running_mean;
    (after.encoder.*layer).running_var = (before.encoder.*layer).running_var;
  }
  std::vector<float> image, features[2], painted[2];
  for (int i = 0; i < 3 * 64; ++i) image.push_back(static_cast<float>((i * 37) % 100) / 99);
  for (int k = 0; k < 2; ++k) {
    const auto& checkpoint = k == 0 ? before : after;
    features[k].resize(4 * 64);
    painted[k].resize(3 * 64);
    dht::ConvolutionalEncoder<float>::Workspace workspace;
    REQUIRE(dht::ConvolutionalEncoder<float>(checkpoint.encoder)
                .encode(dht::backend::Cpu(), dht::planar_view(image.data(), 1, 3, 8, 8), features[k].data(),
                        workspace));
    checkpoint.projection.forward({features[k].data(), 64, 4}, {painted[k].data(), 64, 3});
  }
  // A few roundings of numbers of order 1.
  for (std::size_t i = 0; i < features[0].size(); ++i)
    CHECK(std::abs(features[0][i] - features[1][i]) < 1e-5f);
  for (std::size_t i = 0; i < painted[0].size(); ++i) {
    const std::size_t c = i % 3;
    const double colour = painted[0][i] * before.encoder.standard_deviation[c] + before.encoder.mean[c];
    CHECK(std::abs(painted[1][i] - colour) < 1e-5);
  }
}

TEST_CASE("pretrain: the same weights with any number of threads, other ones with another seed") {
  const ScratchFolder folder;
  fill(folder.path());
  const auto whole = reference(folder.path());
  REQUIRE(pretrain("--output two --threads 2", folder.path()).code == 0);
  CHECK(files(folder / "two") == whole);
  REQUIRE(pretrain("--output other --seed 2", folder.path()).code == 0);
  CHECK(files(folder / "other").at("weights.safetensors") != whole.at("weights.safetensors"));
}

TEST_CASE("pretrain: killed at any moment and resumed, it ends like a run that was not") {
  const ScratchFolder folder;
  fill(folder.path());
  const auto whole = reference(folder.path());
  for (const std::string every : {"1", "3"}) {
    dht::test::kill_and_resume("pretrain", options + "--save-every " + every, folder.path(),
                               "killed" + every);
    CHECK(files(folder / ("killed" + every)) == whole);
    CHECK(entries(folder / ("killed" + every)) == results.size());
  }
}

TEST_CASE("pretrain: a signal ends it after a step, with a checkpoint") {
  const ScratchFolder folder;
  fill(folder.path());
  const std::string arguments =
      "photos --side 32 --batch 4 --tokens 6 --steps 100000 --save-every 1000000 --output out ";
  const std::string program = dht::test::quoted(dht::test::program_path("pretrain"));
  const std::string command = "cd " + dht::test::quoted(folder.path()) + " && { " + program + " " +
                              arguments +
                              "> said & } && while [ ! -e out/curve.svg ]; do sleep 0.05; done; sleep 0.3; "
                              "kill -TERM $!; wait $!";
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 128 + 15);
  CHECK_THAT(text_of(folder / "said"), ContainsSubstring("Stopped after step "));
  const auto steps =
      dht::SafeTensors::load(folder / "out/checkpoint.safetensors").read<std::int64_t>("steps");
  CHECK(steps[0] >= 1);
  CHECK(!fs::exists(folder / "out/weights.safetensors"));
}

TEST_CASE("pretrain: a finished run that is resumed changes nothing, another one is refused") {
  const ScratchFolder folder;
  fill(folder.path());
  const auto whole = reference(folder.path());
  store(folder / "whole/.dht-1234-0.tmp", "what a killed run had begun to write");
  REQUIRE(pretrain("--output whole --resume --threads 2 --save-every 7", folder.path()).code == 0);
  CHECK(entries(folder / "whole") == results.size());
  CHECK(files(folder / "whole") == whole);
  check_refused("pretrain", options + "--output whole", "checkpoint.safetensors is there already; --resume",
                folder.path());
  check_refused("pretrain", options + "--output none --resume", "does not exist; must be there to go on from",
                folder.path());
  CHECK(files(folder / "whole") == whole);
}

TEST_CASE("pretrain: checkpoints of other settings, damaged ones and foreign ones are refused") {
  const ScratchFolder folder;
  fill(folder.path());
  reference(folder.path());
  const auto refused = [&](const std::string& more, const std::string& named) {
    check_refused("pretrain", options + "--output whole --resume " + more, named, folder.path());
  };
  refused("--seed 2", "was made with --seed 1, not 2; must be the same to go on");
  refused("--clip 2", "was made with --clip 1, not 2");
  refused("--weight-decay 0.5", "was made with --weight-decay 0.01, not 0.5");
  refused("--features 4", "was made with --features 8, not 4");
  refused("--compactness 0.5", "was made with --compactness 0.01, not 0.5");
  fs::copy_file(folder / "whole/weights.safetensors", folder / "start.safetensors");
  refused("--weights start.safetensors", "was made with --weights of fingerprint (none), not ");
  draw_sample(folder / "photos/new.png", 33);
  refused("", "was made with images of fingerprint ");
  fs::remove(folder / "photos/new.png");

  const std::string whole = text_of(folder / "whole/checkpoint.safetensors");
  for (const std::size_t length : {std::size_t{0}, std::size_t{5}, std::size_t{900}, whole.size() - 1}) {
    store(folder / "whole/checkpoint.safetensors", whole.substr(0, length));
    refused("", "whole/checkpoint.safetensors: ");
  }
  store(folder / "whole/checkpoint.safetensors", "no checkpoint at all");
  refused("", "whole/checkpoint.safetensors: ");
  fs::copy_file(folder / "whole/weights.safetensors", folder / "whole/checkpoint.safetensors",
                fs::copy_options::overwrite_existing);
  refused("", "is no checkpoint of pretrain");
}

TEST_CASE("pretrain: training goes on from weights") {
  const ScratchFolder folder;
  fill(folder.path());
  reference(folder.path());
  REQUIRE(pretrain("--output more --weights whole/weights.safetensors", folder.path()).code == 0);
  // Before the first step its validation is what it was after the last.
  const auto row = [&](const char* run, std::size_t step) {
    const auto log = dht::SafeTensors::load(folder / run / "checkpoint.safetensors").read<double>("log");
    return std::vector<double>(log.begin() + std::ptrdiff_t(8 * step + 6),
                               log.begin() + std::ptrdiff_t(8 * step + 8));
  };
  CHECK(row("more", 0) == row("whole", 9));
  check_refused("pretrain", options + "--output x --features 5 --weights whole/weights.safetensors",
                "--features: is 5; must be 8, as in ", folder.path());
}

TEST_CASE("pretrain: a loss that runs away stops it, and the last good checkpoint stays") {
  const ScratchFolder folder;
  fill(folder.path());
  const Said said = call("pretrain",
                         "photos --side 32 --batch 4 --tokens 6 --steps 60 --learning-rate 1e25 --clip 1e30 "
                         "--warm-up 0 --save-every 1 --quiet --output out",
                         folder.path());
  INFO(said.err);
  CHECK(said.code == 2);
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
  CHECK_THAT(said.err, ContainsSubstring("pretrain: step "));
  CHECK_THAT(said.err, ContainsSubstring("the last good checkpoint, after step "));
  const auto checkpoint = dht::SafeTensors::load(folder / "out/checkpoint.safetensors");
  for (const float v : checkpoint.read<float>("linear.weight")) CHECK(std::isfinite(v));
}

TEST_CASE("pretrain: a full disk leaves the results as they were") {
  const ScratchFolder folder;
  fill(folder.path());
  const auto whole = reference(folder.path());
  // No file may be longer than some blocks of 512 or 1024 bytes; a checkpoint is.
  const std::string full = "ulimit -f 12; trap '' XFSZ";
  const Said said = pretrain("--output whole --resume", folder.path(), full);
  INFO(said.err);
  CHECK(said.code == 2);
  CHECK_THAT(said.err, ContainsSubstring("whole/checkpoint.safetensors: cannot be written ("));
  CHECK(files(folder / "whole") == whole);
  CHECK(entries(folder / "whole") == results.size());
  CHECK(pretrain("--output new", folder.path(), full).code == 2);
  CHECK(entries(folder / "new") == 0);
}

TEST_CASE("pretrain: wrong use is refused before anything is written") {
  const ScratchFolder folder;
  fill(folder.path());
  fs::create_directory(folder / "empty");
  fs::create_directory(folder / "broken");
  store(folder / "broken/a.png", "no picture");
  const auto refused = [&](const std::string& arguments, const std::string& named) {
    check_refused("pretrain", arguments, named, folder.path());
  };
  refused("", "IMAGE_DIR");
  refused("photos", "--output");
  refused("empty --output out", "empty: has no photo");
  refused("missing --output out", "missing: does not exist");
  refused("photos/sample.png --output out", "is a file; must be a folder");
  refused("photos --output out --validation empty", "empty: has no photo");
  refused("photos --output photos/sample.png", "--output: ");
  refused("photos --output out --steps 3 --epochs 2", "--epochs: cannot be asked for together with --steps");
  refused("photos --output out --steps 0", "--steps: is 0; must be at least 1");
  refused("photos --output out --epochs -1", "--epochs: is -1; must be at least 1");
  refused("photos --output out --batch 0", "--batch: is 0; must be 1 to 4096");
  refused("photos --output out --side 4", "--side: is 4; must be 8 to 2048");
  refused("photos --output out --tokens 0", "--tokens: is 0; must be 1 to 50176");
  refused("photos --output out --side 8 --tokens 65", "--tokens: is 65; must be 1 to 64");
  refused("photos --output out --tokens 9 9", "--tokens: has 9 more than once");
  refused("photos --output out --learning-rate -1", "--learning-rate: is -1");
  refused("photos --output out --weight-decay nan", "--weight-decay: is nan");
  refused("photos --output out --clip 0", "--clip: is 0; must be above 0");
  refused("photos --output out --steps 5 --warm-up 6", "--warm-up: is 6; must be at most 5");
  refused("photos --output out --features 0", "--features: is 0; must be 3 to 64");
  refused("photos --output out --compactness 1", "--compactness: is 1");
  refused("photos --output out --threads -1", "--threads: is -1");
  refused("photos --output out --save-every 0", "--save-every: is 0; must be at least 1");
  refused("photos --output out --validate-every 0", "--validate-every: is 0; must be at least 1");
  refused("photos --output out --weights missing.safetensors", "missing.safetensors: does not exist");
  refused("photos --output out --weights photos/sample.png", "photos/sample.png: ");
  refused("photos --output ''", "--output: is empty");

  const Said broken = call("pretrain", "broken --output out", folder.path());
  CHECK(broken.code == 2);
  CHECK_THAT(broken.err, ContainsSubstring("broken/a.png: "));
  CHECK_THAT(broken.err, ContainsSubstring("broken: has no photo that can be read; must have at least one"));
  CHECK(!fs::exists(folder / "out"));
}
