// SPDX-License-Identifier: MIT
// tokenize_folder: every photo's label map, the table, means over all photos, photos that are broken, wrong use.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <dht/io/npy.hpp>

#include "common/image_file.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::call;
using dht::test::check_labels;
using dht::test::check_refused;
using dht::test::draw_sample;
using dht::test::entries;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

namespace fs = std::filesystem;

/// Three photos of different sizes, the last nearly plain; beside them what is none.
void fill(const fs::path& folder) {
  fs::create_directories(folder / "below.png");
  draw_sample(folder / "b.PNG", 48);
  draw_sample(folder / "a.png", 64);
  dht::Picture plain(20, 30);
  std::fill(plain.rgb.begin(), plain.rgb.end(), std::uint8_t(90));
  std::fill(plain.pixel(5, 0), plain.pixel(12, 0), std::uint8_t(200));
  dht::examples::write_png(folder / "c, plain.jpg", plain);  // the bytes decide what it is
  draw_sample(folder / "below.png/d.png", 40);
  store(folder / "notes.txt", "no photo");
}

/// All files below a folder by their names.
std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) found[fs::relative(entry.path(), folder).string()] = text_of(entry.path());
  return found;
}

std::map<std::string, std::string> results(const std::string& options, const fs::path& where) {
  fs::remove_all(where / "out");
  const Said said = call("tokenize_folder", "photos --quiet --output out " + options, where);
  INFO(options << ": " << said.err);
  REQUIRE(said.code == 0);
  CHECK(said.out.empty());
  CHECK(said.err.empty());
  return files(where / "out");
}

}  // namespace

TEST_CASE("a folder's photos become label maps and a table") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const Said said = call("tokenize_folder", "photos/ --tokens 9", folder.path());
  INFO(said.out << said.err);
  REQUIRE(said.code == 0);
  CHECK(said.err.empty());
  CHECK_THAT(said.out, ContainsSubstring("3 photos in "));
  CHECK_THAT(said.out, ContainsSubstring("--tokens 9: lowest 9, mean 9.0, highest 9 tokens."));
  CHECK_THAT(said.out, ContainsSubstring("photos-tokens: 3 label maps and tokens.csv"));
  CHECK(said.out.find('\r') == std::string::npos);  // no line that is written again: no terminal
  const fs::path out = folder / "photos-tokens";
  CHECK(entries(out) == 4);
  CHECK(check_labels(out / "a.npy", 64, 64) == 9);
  CHECK(check_labels(out / "b.npy", 48, 48) == 9);
  CHECK(check_labels(out / "c, plain.npy", 20, 30) == 9);
  CHECK(text_of(out / "tokens.csv") ==
        "name,height,width,tokens\na.png,64,64,9\nb.PNG,48,48,9\n\"c, plain.jpg\",20,30,9\n");
  // the same as one photo alone
  REQUIRE(call("tokenize", "photos/a.png --tokens 9 --output one", folder.path()).code == 0);
  CHECK(text_of(folder / "one/labels.npy") == text_of(out / "a.npy"));
}

TEST_CASE("several numbers of tokens: a folder each, the same as one by one") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const auto all = results("--tokens 3 100 20", folder.path());
  CHECK(all.size() == 3 * 4);
  for (const std::string tokens : {"3", "100", "20"}) {
    for (const auto& [name, bytes] : results("--tokens " + tokens, folder.path())) {
      INFO(tokens << ": " << name);
      CHECK(all.at(tokens + "/" + name) == bytes);
    }
  }
}

TEST_CASE("a mean over all photos") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const Said said = call("tokenize_folder", "photos --mean-tokens 20 --output out", folder.path());
  INFO(said.out << said.err);
  REQUIRE(said.code == 0);
  CHECK_THAT(said.out, ContainsSubstring("--mean-tokens 20, penalty "));
  CHECK_THAT(said.out, ContainsSubstring("Merge trees kept in memory: 3 of 3"));
  const std::int32_t a = check_labels(folder / "out/a.npy", 64, 64),
                     b = check_labels(folder / "out/b.npy", 48, 48),
                     c = check_labels(folder / "out/c, plain.npy", 20, 30);
  CHECK(a + b + c <= 60);
  CHECK(a + b + c >= 57);  // ties alone are missing
  CHECK(c <= 5);           // two colours
  CHECK(a > c);
  CHECK_THAT(said.out, ContainsSubstring("lowest " + std::to_string(std::min({a, b, c}))));
  CHECK_THAT(said.out, ContainsSubstring("highest " + std::to_string(std::max({a, b, c})) + " tokens"));
  // more than there are regions at the level where merging begins by default
  const auto many = results("--mean-tokens 300", folder.path());
  CHECK(check_labels(folder / "out/a.npy", 64, 64) > 300);
}

TEST_CASE("a folder's results are the same in every run and with any number of threads") {
  const ScratchFolder folder;
  fill(folder / "photos");
  for (const std::string options : {"--tokens 30", "--tokens 5 50 --smallest 12", "--mean-tokens 25",
                                    "--mean-tokens 25 --smallest 12", "--tokens 30 --refine 1"}) {
    const auto once = results(options + " --threads 1", folder.path());
    CHECK(once == results(options + " --threads 1", folder.path()));
    CHECK(once == results(options + " --threads 2", folder.path()));
    CHECK(once == results(options, folder.path()));
    CHECK(once != results("--tokens 31", folder.path()));
  }
}

TEST_CASE("exactly as many tokens in every photo, and on average, of plain photos too") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const Said said = call("tokenize_folder", "photos --tokens 40 --smallest 25 --output out", folder.path());
  REQUIRE(said.code == 0);
  CHECK_THAT(said.out, ContainsSubstring("lowest 40, mean 40.0, highest 40 tokens.\n"));
  CHECK(check_labels(folder / "out/c, plain.npy", 20, 30) == 40);

  fs::remove(folder / "photos/a.png");
  fs::remove(folder / "photos/b.PNG");
  const Said mean = call("tokenize_folder", "photos --mean-tokens 40 --output mean", folder.path());
  INFO(mean.out << mean.err);
  REQUIRE(mean.code == 0);
  const std::int32_t count = check_labels(folder / "mean/c, plain.npy", 20, 30);
  CHECK(count <= 40);
  CHECK(count > 20);  // ties alone are missing
}

TEST_CASE("a broken photo is named, the others are done") {
  const ScratchFolder folder;
  fill(folder / "photos");
  store(folder / "photos/broken.png", "no photo");
  store(folder / "photos/half.png", text_of(folder / "photos/a.png").substr(0, 300));
  for (const std::string options : {"--tokens 10", "--mean-tokens 10", "--tokens 10 12 --threads 1"}) {
    const Said said = call("tokenize_folder", "photos --output out " + options, folder.path());
    INFO(options << said.err);
    CHECK(said.code == 1);
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 2);
    CHECK_THAT(said.err, ContainsSubstring("tokenize_folder: photos/broken.png: "));
    CHECK_THAT(said.err, ContainsSubstring("tokenize_folder: photos/half.png: "));
    CHECK_THAT(said.out, ContainsSubstring("3 photos in "));
    CHECK_THAT(said.out, ContainsSubstring("Photos that were left out: 2."));
  }
  CHECK(entries(folder / "out") == 4 + 2 * 5);
  CHECK(text_of(folder / "out/tokens.csv").find("broken") == std::string::npos);

  // a photo with fewer pixels than tokens
  const Said small = call("tokenize_folder", "photos --tokens 601 --output small", folder.path());
  CHECK(small.code == 1);
  CHECK_THAT(small.err, ContainsSubstring("photos/c, plain.jpg: has only 600 pixels; --tokens is 601"));
  CHECK(entries(folder / "small") == 3);

  // no photo is left: nothing is written
  for (const std::string options : {"--tokens 100000", "--tokens 100000 7"}) {
    const Said none = call("tokenize_folder", "photos --output none " + options, folder.path());
    CHECK(none.code == 1);
    CHECK_THAT(none.out, ContainsSubstring("0 photos in "));
    CHECK(!fs::exists(folder / "none"));
  }
}

TEST_CASE("folders and options that make no sense") {
  const ScratchFolder folder;
  fill(folder / "photos");
  fs::create_directory(folder / "empty");
  store(folder / "empty/notes.txt", "no photo");
  fs::create_directory(folder / "twice");
  draw_sample(folder / "twice/a.png", 20);
  draw_sample(folder / "twice/a.jpeg", 20);
  fs::create_directories(folder / "taken/a.npy");
  fs::create_directories(folder / "file");
  store(folder / "file/7", "");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "DIR"},
      {"'' --tokens 4", "DIR"},
      {"photos", "--tokens or --mean-tokens"},
      {"photos --tokens", "--tokens"},
      {"photos --tokens 0", "--tokens"},
      {"photos --tokens 4 -2", "--tokens"},
      {"photos --tokens 4 5 4", "--tokens"},
      {"photos --tokens 4 x", "--tokens"},
      {"photos --tokens 4 --mean-tokens 4", "--mean-tokens"},
      {"photos --mean-tokens 0.5", "--mean-tokens"},
      {"photos --mean-tokens nan", "--mean-tokens"},
      {"photos --mean-tokens 1e12", "--mean-tokens"},
      {"photos --mean-tokens 4 5", "5"},
      {"photos --tokens 4 --smallest 0", "--smallest"},
      {"photos --tokens 4 --refine 101", "--refine"},
      {"photos --mean-tokens 4 --refine 1", "--refine"},
      {"photos --tokens 4 --threads -1", "--threads"},
      {"photos --tokens 4 --threads 5000", "--threads"},
      {"photos --tokens 4 --output ''", "--output"},
      {"photos --tokens 4 --output photos/notes.txt", "--output"},
      {"photos --tokens 4 --output taken", "a.npy"},
      {"photos --tokens 7 8 --output file", "file/7"},
      {"photos --tokens 4 --weights ''", "--weights"},
      {"photos --tokens 4 --weights none.safetensors", "none.safetensors"},
      {"photos --tokens 4 --mask photos/a.png", "--mask"},
      {"missing --tokens 4", "missing: does not exist"},
      {"photos/a.png --tokens 4", "photos/a.png: is a file"},
      {"empty --tokens 4", "empty: has no photo"},
      {"twice --tokens 4", "has a.jpeg and a.png, which would both become a.npy"},
      {"/ --tokens 4", "/"},
  };
  for (const auto& [arguments, named] : cases)
    check_refused("tokenize_folder", arguments, named, folder.path());
}

TEST_CASE("a disk that is full while a folder is written leaves nothing behind") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const std::size_t before = entries(folder.path());
  for (const std::string options : {"--tokens 5", "--tokens 5 6", "--mean-tokens 5"}) {
    const Said said = call("tokenize_folder", "photos --quiet --output new/folder " + options, folder.path(),
                           "trap '' XFSZ && ulimit -f 5");
    INFO(said.err);
    CHECK(said.code == 2);
    CHECK(said.err.starts_with("tokenize_folder: new/folder/"));
    CHECK(said.err.find(".tmp") == std::string::npos);
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    CHECK(entries(folder.path()) == before);
  }
}

TEST_CASE("help and version of tokenize_folder") {
  const ScratchFolder folder;
  const Said help = call("tokenize_folder", "--help", folder.path());
  CHECK(help.code == 0);
  for (const char* option : {"DIR", "--tokens", "--mean-tokens", "--output", "--weights", "--smallest",
                             "--refine", "--threads", "--quiet"}) {
    CHECK_THAT(help.out, ContainsSubstring(option));
  }
  CHECK_THAT(call("tokenize_folder", "--version", folder.path()).out,
             ContainsSubstring("tokenize_folder (dht "));
}
