// SPDX-License-Identifier: MIT
// classify and retrofit: what they write, that they learn, that interrupted runs end like others, and what they refuse.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <dht/core/random.hpp>
#include <dht/encoder/pretrained.hpp>
#include <dht/io/safetensors.hpp>

#include "common/image_file.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"
#include "programs/killed.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::call;
using dht::test::check_refused;
using dht::test::entries;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> classes{"blue", "green", "red"};

/// Stripes of the class's colour on grey. How wide they are and where they lie says nothing.
dht::Picture drawn(int kind, std::uint64_t seed) {
  constexpr int side = 40;
  dht::Random random(seed, kind);
  const auto grey = static_cast<std::uint8_t>(60 + random.below(120));
  const int wide = 5 + static_cast<int>(random.below(8)), shift = static_cast<int>(random.below(20));
  dht::Picture picture(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      std::fill_n(picture.pixel(y, x), 3, grey);
      if ((x + y + shift) / wide % 2 == 0) picture.pixel(y, x)[2 - kind] = 240;
    }
  }
  return picture;
}

/// So many pictures of each class to learn from, and four to look at.
void fill(const fs::path& where, int count = 12) {
  for (int kind = 0; kind < 3; ++kind) {
    for (const std::string set : {"train", "other"}) {
      const fs::path folder = where / set / classes[std::size_t(kind)];
      fs::create_directories(folder);
      const int n = set == "train" ? count : 4, first = set == "train" ? 0 : 1000;
      for (int i = 0; i < n; ++i)
        dht::examples::write_png(folder / (std::to_string(i) + ".png"),
                                 drawn(kind, std::uint64_t(first + i)));
    }
  }
}

const std::string data = "train --validation other --side 32 --batch 6 --quiet ";
const std::string small = data + "--patch 8 --width 32 --depth 2 --steps 8 --validate-every 3 ";
const std::string tuned = data + "--model squares/model.safetensors --steps 6 --tokens 9 --validate-every 3 ";

Said checked(const std::string& program, const std::string& arguments, const fs::path& where) {
  const Said said = call(program, arguments, where);
  INFO(said.err);
  REQUIRE(said.code == 0);
  return said;
}

std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    found[entry.path().filename().string()] = text_of(entry.path());
  return found;
}

/// Lines of results.csv as fields.
std::vector<std::vector<std::string>> results(const fs::path& folder) {
  std::vector<std::vector<std::string>> table;
  std::istringstream lines(text_of(folder / "results.csv"));
  for (std::string line; std::getline(lines, line);) {
    table.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) table.back().push_back(field);
  }
  return table;
}

}  // namespace

TEST_CASE("classify learns classes, and retrofit reads regions of the same pictures") {
  const ScratchFolder folder;
  fill(folder.path(), 24);
  store(folder / "train/blue/broken.jpg", "no picture");
  const Said said = call("classify",
                         "train --validation other --test other --side 32 --batch 12 --patch 8 --width 32 "
                         "--depth 2 --epochs 30 --learning-rate 0.003 --least-area 0.6 --output squares "
                         "--validate-every 20 --threads 2",
                         folder.path());
  INFO(said.out << said.err);
  REQUIRE(said.code == 0);
  CHECK_THAT(said.err, ContainsSubstring("classify: "));
  CHECK_THAT(said.err, ContainsSubstring("train/blue/broken.jpg: "));
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
  CHECK_THAT(said.out,
             ContainsSubstring("72 pictures of 3 classes; 12 to validate with; files that were left out: 1"));
  CHECK_THAT(said.out, ContainsSubstring("Tokens: squares of 8 pixels"));
  CHECK_THAT(said.out, ContainsSubstring("step 180 of 180: loss "));
  CHECK_THAT(said.out, ContainsSubstring("trained, test: "));
  CHECK(entries(folder / "squares") == 7);
  const auto trained = results(folder / "squares");
  REQUIRE(trained.size() == 3);
  CHECK(trained[0] == std::vector<std::string>{"stage", "set", "tokens", "images", "accuracy", "loss"});
  CHECK(trained[1][0] == "trained");
  CHECK(trained[1][2] == "16");
  CHECK(trained[1][3] == "12");
  CHECK(std::stod(trained[1][4]) > 0.8);
  const std::string matrix = text_of(folder / "squares/confusion_validation.svg");
  for (const std::string& name : classes) CHECK_THAT(matrix, ContainsSubstring(">" + name + "<"));
  const std::string csv = text_of(folder / "squares/classify.csv");
  CHECK(csv.starts_with(
      "step,learning_rate,gradient_norm,loss,accuracy,validation_loss,validation_accuracy\n0,,,,,"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 1 + 180);

  checked("retrofit",
          "train --validation other --side 32 --batch 12 --model squares/model.safetensors --epochs 10 "
          "--least-area 0.6 --output regions --quiet",
          folder.path());
  const auto table = results(folder / "regions");
  REQUIRE(table.size() == 4);
  CHECK(table[1][0] == "squares");
  CHECK(table[2][0] == "exchanged");
  CHECK(table[3][0] == "fine-tuned");
  for (std::size_t i = 2; i < 6; ++i) CHECK(table[1][i] == trained[1][i]);  // the model is what it was
  CHECK(table[2][2] == "16");
  CHECK(std::stod(table[3][4]) > 0.8);
  CHECK(table[3][5] != table[2][5]);
}

TEST_CASE("retrofit: the tokenizer stays as it is, unless it learns, too") {
  const ScratchFolder folder;
  fill(folder.path());
  checked("classify", small + "--output squares", folder.path());
  checked("retrofit", tuned + "--output fixed", folder.path());
  checked("retrofit", tuned + "--output learned --learn-features", folder.path());
  const auto encoder = dht::pretrained_encoder<float>();
  const auto weight = [&](const char* run, const char* name) {
    return dht::SafeTensors::load(folder / run / "model.safetensors").read<float>(name);
  };
  CHECK(weight("fixed", "conv.ds.0.weight") == encoder.fine.weight);
  for (const char* name : {"conv.ds.0.weight", "conv.cv.3.weight", "linear.weight"})
    CHECK(weight("learned", name) != weight("fixed", name));
  CHECK(weight("learned", "conv.ds.1.running_mean") == encoder.fine.running_mean);
  CHECK(results(folder / "learned")[2] == results(folder / "fixed")[2]);
  CHECK(results(folder / "learned")[3][5] != results(folder / "fixed")[3][5]);
  // The model of a retrofit is also one of the tokenizer.
  CHECK(call("tokenize", "train/blue/0.png --tokens 5 --quiet --output t --weights learned/model.safetensors",
             folder.path())
            .code == 0);
  checked("retrofit", data + "--model squares/model.safetensors --steps 2 --squares --output squares2",
          folder.path());
  CHECK(results(folder / "squares2").size() == 3);
}

TEST_CASE("classify and retrofit: the same files with any number of threads, other ones with another seed") {
  const ScratchFolder folder;
  fill(folder.path());
  checked("classify", small + "--output squares --threads 1", folder.path());
  checked("classify", small + "--output two --threads 2", folder.path());
  CHECK(files(folder / "two") == files(folder / "squares"));
  checked("classify", small + "--output other --seed 2", folder.path());
  CHECK(files(folder / "other").at("model.safetensors") != files(folder / "squares").at("model.safetensors"));
  checked("retrofit", tuned + "--learn-features --output one --threads 1", folder.path());
  checked("retrofit", tuned + "--learn-features --output three --threads 3", folder.path());
  CHECK(files(folder / "three") == files(folder / "one"));
}

TEST_CASE("classify and retrofit: killed at any moment and resumed, they end like runs that were not") {
  const ScratchFolder folder;
  fill(folder.path());
  checked("classify", small + "--output squares", folder.path());
  dht::test::kill_and_resume("classify", small + "--save-every 1", folder.path(), "killed");
  CHECK(files(folder / "killed") == files(folder / "squares"));
  const std::string arguments = tuned + "--learn-features --feature-rate 1 ";
  checked("retrofit", arguments + "--output regions", folder.path());
  dht::test::kill_and_resume("retrofit", arguments + "--save-every 2", folder.path(), "killed2");
  CHECK(files(folder / "killed2") == files(folder / "regions"));
}

TEST_CASE("classify and retrofit: checkpoints and models that do not fit are refused") {
  const ScratchFolder folder;
  fill(folder.path());
  checked("classify", small + "--output squares", folder.path());
  const auto refused = [&](const std::string& program, const std::string& arguments,
                           const std::string& named) {
    check_refused(program, arguments, named, folder.path());
  };
  refused("classify", small + "--output squares", "checkpoint.safetensors is there already; --resume");
  refused("classify",
          data + "--patch 8 --width 64 --depth 2 --steps 8 --validate-every 3 --resume --output squares",
          "was made with --width 32, not 64; must be the same to go on");
  refused("classify", small + "--smoothing 0 --resume --output squares",
          "was made with --smoothing 0.1, not 0");
  fs::create_directory(folder / "foreign");
  fs::copy_file(folder / "squares/checkpoint.safetensors", folder / "foreign/checkpoint.safetensors");
  refused("retrofit", tuned + "--resume --output foreign", "is no checkpoint of retrofit");

  // A file that says another width than its tensors have.
  const auto model = dht::SafeTensors::load(folder / "squares/model.safetensors");
  dht::SafeTensorsWriter wider, nameless;
  for (const std::string& name : model.names()) {
    const auto bytes = model.bytes(name);
    for (auto* writer : {&wider, &nameless})
      writer->add_bytes(name, model.info(name).type, model.shape(name), {bytes.begin(), bytes.end()});
  }
  for (const auto& [name, value] : model.metadata()) wider.set_metadata(name, value);
  wider.set_metadata("vit.width", "64");
  wider.save(folder / "wider.safetensors");
  nameless.save(folder / "nameless.safetensors");
  refused("retrofit", data + "--model wider.safetensors --output out", "wider.safetensors: ");
  refused("retrofit", data + "--model nameless.safetensors --output out",
          "nameless.safetensors: says nothing of vit.");
  refused("retrofit", data + "--model train/blue/0.png --output out", "train/blue/0.png: ");
  refused("retrofit", data + "--model missing.safetensors --output out",
          "missing.safetensors: does not exist");
  refused("retrofit", tuned + "--output squares/model.safetensors", "--output: ");
  refused("retrofit", "train --side 64 --model squares/model.safetensors --output out", "was trained on 32");
  fs::rename(folder / "train/blue", folder / "train/rings");
  refused("retrofit", tuned + "--output out", "train: has no folder blue");
}

TEST_CASE("classify and retrofit: wrong use is refused before anything is written") {
  const ScratchFolder folder;
  fill(folder.path(), 2);
  const auto refused = [&](const std::string& arguments, const std::string& named,
                           const std::string& program = "classify") {
    check_refused(program, arguments, named, folder.path());
  };
  refused("", "TRAIN_DIR");
  refused("train", "--output");
  refused("missing --output out", "missing: does not exist; must hold a folder for each class");
  refused("train/blue --output out", "train/blue: has 0 class folders; must have at least 2");
  refused("train/blue/0.png --output out", "is a file; must be a folder");
  refused("train --output out --patch 9", "--patch: is 9; must divide --side, 128");
  refused("train --output out --width 40", "--width: is 40; must be a multiple of 32");
  refused("train --output out --width 40 --heads 3", "--width: is 40; must be a multiple of 3, the heads");
  refused("train --output out --depth 0", "--depth: is 0; must be 1 to 64");
  refused("train --output out --smoothing 1", "--smoothing: is 1; must be 0 to 0.99");
  refused("train --output out --least-area 0", "--least-area: is 0; must be 0.01 to 1");
  refused("train --output out --drop-path -1", "--drop-path: is -1");
  refused("train --output out --validate-every -1", "--validate-every: is -1; must be at least 0");
  refused("train --output out --test ''", "--test: is empty");
  refused("train --output out", "--model", "retrofit");
  refused("train --output out --model m --tokens 0", "--tokens: is 0; must be 1 to 16384", "retrofit");
  refused("train --output out --model m --lambda 0", "--lambda: is 0; must be above 0 and at most 1",
          "retrofit");
  refused("train --output out --model m --squares --tokens 4", "--squares: cannot be asked for", "retrofit");
  refused("train --output out --model m --position -1", "--position: is -1", "retrofit");
  refused("train --output out --model m --feature-rate -1", "--feature-rate: is -1", "retrofit");

  fs::create_directory(folder / "train/nothing");
  refused("train --output out",
          "train/nothing: has no photo that can be read; every class must have at least one");
  refused("other --validation train --output out",
          "train: has a folder nothing, which is no class of the model");
  fs::remove(folder / "train/nothing");
  fs::rename(folder / "other/blue", folder / "blue");
  refused("train --validation other --output out", "other: has no folder blue; must have one for each class");
  fs::copy_file(folder / "train/blue/0.png", folder / "train/stray.png");
  refused("train --output out", "train/stray.png: lies beside the class folders; must be in one");
  CHECK(!fs::exists(folder / "out"));
}
