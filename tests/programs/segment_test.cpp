// SPDX-License-Identifier: MIT
// segment: what it writes and draws, that it learns, that interrupted runs end like others, and what it refuses.
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <dht/core/random.hpp>

#include "common/image_file.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"
#include "programs/killed.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::examples::LabelMap;
using dht::test::call;
using dht::test::check_refused;
using dht::test::entries;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

namespace fs = std::filesystem;

/// A red disc (class 1) and a blue square (class 2) somewhere on green ground (class 0); a row on top that nobody labelled.
void draw(const fs::path& image, const fs::path& labels, std::uint64_t seed) {
  constexpr int side = 48;
  dht::Random random(seed);
  const int cy = 12 + static_cast<int>(random.below(20)), cx = 10 + static_cast<int>(random.below(8)),
            top = 8 + static_cast<int>(random.below(20)), left = 28 + static_cast<int>(random.below(6));
  dht::Picture picture(side, side);
  LabelMap map{side, side, std::vector<std::uint8_t>(std::size_t(side * side))};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const bool disc = (y - cy) * (y - cy) + (x - cx) * (x - cx) < 64,
                 square = y >= top && y < top + 12 && x >= left && x < left + 12;
      const int kind = disc ? 1 : square ? 2 : 0;
      const int colours[3][3] = {{60, 150, 60}, {200, 60, 50}, {50, 60, 190}};
      for (int c = 0; c < 3; ++c)
        picture.pixel(y, x)[c] =
            static_cast<std::uint8_t>(colours[kind][c] + static_cast<int>(random.below(30)));
      map.values[std::size_t(y * side + x)] = static_cast<std::uint8_t>(y == 0 ? 255 : kind);
    }
  }
  dht::examples::write_png(image, picture);
  dht::examples::write_label_map(labels, map);
}

void fill(const fs::path& where) {
  for (const char* name : {"photos/below", "maps/below", "others", "other-maps"})
    fs::create_directories(where / name);
  for (int i = 0; i < 10; ++i) {
    const std::string name = (i < 7 ? "" : "below/") + std::to_string(i) + ".png";
    draw(where / "photos" / name, where / "maps" / name, std::uint64_t(i));
  }
  for (int i = 0; i < 3; ++i) {
    const std::string name = std::to_string(i) + ".png";
    draw(where / "others" / name, where / "other-maps" / name, std::uint64_t(100 + i));
  }
}

const std::string data = "photos --labels maps --validation others --validation-labels other-maps ";
const std::string small = data +
                          "--side 32 --batch 4 --tokens 12 --patch 4 --width 32 --depth 2 --steps 8 "
                          "--validate-every 3 --quiet ";

std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      found[entry.path().lexically_relative(folder).string()] = text_of(entry.path());
  return found;
}

Said checked(const std::string& arguments, const fs::path& where) {
  const Said said = call("segment", arguments, where);
  INFO(said.err);
  REQUIRE(said.code == 0);
  return said;
}

}  // namespace

TEST_CASE("segment learns what regions show, and draws it") {
  const ScratchFolder folder;
  fill(folder.path());
  store(folder / "photos/broken.jpg", "no picture");
  const Said said = call("segment",
                         data +
                             "--side 48 --batch 5 --tokens 24 --patch 4 --width 32 --depth 2 --epochs 40 "
                             "--learning-rate 0.003 --validate-every 40 --output out --drawings 2",
                         folder.path());
  INFO(said.out << said.err);
  REQUIRE(said.code == 0);
  CHECK_THAT(said.err, ContainsSubstring("photos/broken.jpg: "));
  CHECK_THAT(said.out,
             ContainsSubstring("10 pictures, 3 classes; 3 to validate with; files that were left out: 1"));
  CHECK_THAT(said.out, ContainsSubstring("Tokens: 24 regions"));
  CHECK_THAT(said.out, ContainsSubstring("of the pixels right, mean IoU "));
  CHECK(entries(folder / "out") == 6 + 1 + 2);

  std::istringstream results(text_of(folder / "out/results.csv"));
  std::string header, line;
  std::getline(results, header);
  std::getline(results, line);
  CHECK(header == "set,tokens,pixels,accuracy,mean_iou");
  // Without the row that nobody labelled.
  CHECK(line.starts_with("validation,24," + std::to_string(3 * 47 * 48) + ","));
  CHECK(std::stod(line.substr(line.rfind(',') + 1)) > 0.8);

  const auto drawing = dht::examples::read_photo(folder / "out/drawings/1.png");
  CHECK(drawing.height == 2 * 48);
  CHECK(drawing.width == 3 * 2 * 48 + 2 * 4);
  CHECK_THAT(text_of(folder / "out/segment.csv"), ContainsSubstring("validation_mean_iou"));
}

TEST_CASE(
    "segment: the same files with any number of threads, killed or not, and from a classifier, by focal "
    "loss") {
  const ScratchFolder folder;
  fill(folder.path());
  checked(small + "--output whole --threads 1", folder.path());
  checked(small + "--output two --threads 2", folder.path());
  CHECK(files(folder / "two") == files(folder / "whole"));
  dht::test::kill_and_resume("segment", small + "--save-every 1", folder.path(), "killed");
  CHECK(files(folder / "killed") == files(folder / "whole"));
  checked(small + "--output focal --focal 2", folder.path());
  CHECK(files(folder / "focal").at("model.safetensors") != files(folder / "whole").at("model.safetensors"));

  for (const char* name : {"round", "square"}) {
    fs::create_directories(folder / "sorted" / name);
    fs::copy_file(folder / "photos/1.png", folder / "sorted" / name / "1.png");
  }
  const Said model =
      call("classify",
           "sorted --side 32 --patch 8 --width 64 --depth 3 --steps 1 --batch 2 --quiet --output model",
           folder.path());
  INFO(model.err);
  REQUIRE(model.code == 0);
  const std::string from = "--model model/model.safetensors ";
  checked(small + from + "--output from", folder.path());
  check_refused("segment", small + from + "--blocks 4 --output out",
                "--blocks: is 4; must be at most 3, the depth of ", folder.path());
  check_refused("segment", small + from + "--resume --output whole",
                "was made with --patch 4, not 8; must be the same to go on", folder.path());
}

TEST_CASE("segment: each picture has a drawing of its own, and never one that is read") {
  const ScratchFolder folder;
  for (const char* name : {"photos/a", "maps/a"}) fs::create_directories(folder / name);
  draw(folder / "photos/a/b.png", folder / "maps/a/b.png", 1);
  draw(folder / "photos/a-b.png", folder / "maps/a-b.png", 2);
  const std::string tiny =
      "photos --labels maps --side 32 --batch 2 --tokens 9 --width 32 --depth 1 --blocks 1 --steps 1 "
      "--quiet ";
  checked(tiny + "--output out", folder.path());
  CHECK(dht::examples::read_photo(folder / "out/drawings/a/b.png").samples !=
        dht::examples::read_photo(folder / "out/drawings/a-b.png").samples);
  checked(tiny + "--drawings 0 --output none", folder.path());
  CHECK(!fs::exists(folder / "none/drawings"));

  const auto refused = [&](const std::string& arguments, const std::string& named) {
    check_refused("segment", arguments, named, folder.path());
  };
  // Found before anything is learned.
  fs::create_directory(folder / "taken");
  store(folder / "taken/drawings", "");
  refused(tiny + "--output taken", "--output: taken/drawings is a file; must be a folder");
  refused(tiny + "--output photos/a/new",
          "--output: photos/a/new/drawings would be within photos, which is read; choose another folder");
  fs::create_directory_symlink("photos", folder / "link");
  refused(tiny + "--output link", "--output: link/drawings would be within photos, which is read");
  fs::rename(folder / "photos", folder / "drawings");
  refused("drawings" + tiny.substr(6) + "--output .", "./drawings would be within drawings, which is read");
  fs::copy_file(folder / "drawings/a-b.png", folder / "drawings/a-b.jpg");
  refused(
      "drawings" + tiny.substr(6) + "--output new",
      "drawings/a-b.jpg: has the same label map as drawings/a-b.png, maps/a-b.png; must have one of its own");
}

TEST_CASE("segment: label maps that do not fit, and wrong use, are refused before anything is written") {
  const ScratchFolder folder;
  fill(folder.path());
  const auto refused = [&](const std::string& arguments, const std::string& named) {
    check_refused("segment", arguments, named, folder.path());
  };
  refused("photos --output out", "--labels");
  refused("photos --labels missing --output out", "missing: is no folder; must hold the label maps");
  refused("photos --labels other-maps --output out", "other-maps/3.png: does not exist");
  refused("photos --labels maps --validation others --output out",
          "--validation: must be given together with");
  refused("photos --labels maps --classes 1 --output out", "--classes: is 1; must be at least 2");
  refused("photos --labels maps --classes 2 --output out", "has a pixel of class 2; must be below 2, or 255");
  refused("photos --labels maps --ignored 0 --classes 3 --output out",
          "has a pixel of class 255; must be below 3, or 0");
  refused("photos --labels maps --width 40 --output out", "--width: is 40; must be a multiple of 32");
  refused("photos --labels maps --blocks 5 --output out", "--blocks: is 5; must be at most --depth, 4");
  refused("photos --labels maps --tokens 0 --output out", "--tokens: is 0");
  refused("photos --labels maps --focal -1 --output out", "--focal: is -1");
  refused("photos --labels maps --model photos/1.png --output out", "photos/1.png: ");

  dht::examples::write_label_map(folder / "maps/0.png", {47, 48, std::vector<std::uint8_t>(47 * 48)});
  refused("photos --labels maps --output out",
          "maps/0.png: is 48 x 47 pixels; must be 48 x 48 like photos/0.png");
  fs::copy_file(folder / "photos/0.png", folder / "maps/0.png", fs::copy_options::overwrite_existing);
  refused("photos --labels maps --output out",
          "maps/0.png: is a PNG of 8-bit colours; a label map must be grey or a palette");
  store(folder / "maps/0.png", "nothing");
  refused("photos --labels maps --output out", "maps/0.png: is no PNG file; a label map must be one");
  CHECK(!fs::exists(folder / "out"));
}
