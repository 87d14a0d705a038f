// SPDX-License-Identifier: MIT
// No bare pixel at four scales: drawings as librsvg and Chromium show them, where these are installed.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <dht/vector/drawing.hpp>

#include "kit/catch.hpp"
#include "vector/random_label_map.hpp"

namespace {

namespace fs = std::filesystem;

bool runs(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

/// A folder that goes away again.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("dht_coverage_" + std::to_string(std::random_device{}()));
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

std::string python() {
  for (const char* name : {"python3", "/usr/bin/python3"})
    if (runs(std::string(name) + " -c 'import PIL'")) return name;
  return {};
}

/// Pixels of a PNG that are not wholly opaque.
int bare_pixels(const std::string& png) {
  const std::string out = png + ".txt";
  const std::string script = "from PIL import Image; open('" + out + "','w').write(str(sum(Image.open('" +
                             png + "').convert('RGBA').getchannel('A').histogram()[:255])))";
  REQUIRE(std::system((python() + " -c \"" + script + "\"").c_str()) == 0);
  int count = -1;
  std::ifstream(out) >> count;
  return count;
}

void write_drawings(const Folder& folder) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    auto map = dht::test::random_labels(7000 + seed, 24);
    // A canvas of 100 x 100 pixels has whole sizes at all scales.
    dht::test::RandomLabels large{100, 100, map.regions, {}};
    for (int y = 0; y < 100; ++y)
      for (int x = 0; x < 100; ++x) large.labels.push_back(map.view()(y % map.height, x % map.width));
    dht::DrawingOptions options;
    options.fit.strokes = seed % 2 ? dht::Strokes::curves : dht::Strokes::circles;
    options.form = seed < 2 ? dht::Form::stacked : dht::Form::flat;
    options.seams = seed < 2 ? dht::Seams::none : dht::Seams::under_copy;
    std::ofstream(folder / (std::to_string(seed) + ".svg"))
        << dht::drawing(large.view(), dht::test::distinct_fills(map.regions), options);
  }
}

}  // namespace

TEST_CASE("librsvg leaves no pixel bare at any scale", "[vector][coverage]") {
  if (!runs("rsvg-convert --version") || python().empty())
    DHT_TEST_SKIP("needs rsvg-convert (librsvg2-bin) and python3 with PIL (python3-pil) on PATH");
  const Folder folder;
  write_drawings(folder);
  for (const std::string name : {"0", "1", "2", "3"})
    for (const std::string zoom : {"0.37", "1", "1.7", "3"}) {
      const std::string png = folder / (name + ".png");
      REQUIRE(runs("rsvg-convert -z " + zoom + " -o " + png + " " + (folder / (name + ".svg"))));
      INFO("drawing " << name << " at " << zoom);
      CHECK(bare_pixels(png) == 0);
    }
}

TEST_CASE("Chromium leaves no pixel bare at any scale", "[vector][coverage]") {
  if (!runs("chromium --version") || python().empty())
    DHT_TEST_SKIP("needs chromium and python3 with PIL (python3-pil) on PATH");
  const Folder folder;
  write_drawings(folder);
  // All drawings at one scale below each other on one page without a background.
  for (const int side : {37, 100, 170, 300}) {
    std::string page = "<!DOCTYPE html><style>body{margin:0}img{display:block}</style>";
    for (const std::string name : {"0", "1", "2", "3"})
      page += "<img src=\"" + name + ".svg\" width=\"" + std::to_string(side) + "\" height=\"" +
              std::to_string(side) + "\">";
    std::ofstream(folder / "page.html") << page;
    const std::string png = folder / "page.png";
    const std::string window = std::to_string(side) + "," + std::to_string(4 * side);
    REQUIRE(
        runs("chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
             "--disable-background-networking --disable-component-update --disable-sync --hide-scrollbars "
             "--allow-file-access-from-files --default-background-color=00000000 --user-data-dir=" +
             (folder / "profile") + " --window-size=" + window + " --screenshot=" + png + " file://" +
             (folder / "page.html")));
    INFO("side " << side);
    CHECK(bare_pixels(png) == 0);
  }
}
