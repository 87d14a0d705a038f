// SPDX-License-Identifier: MIT
// The comparison of superpixels as a user calls it: its results on a drawn picture, and its one line on bad input.
#include <algorithm>
#include <string>

#include "common/image_file.hpp"
#include "common/sample_picture.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"

using dht::test::call;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::text_of;

namespace {

/// Left and right half.
dht::Picture halves(int side) {
  dht::Picture picture(side, side);
  for (int y = 0; y < side; ++y)
    for (int x = side / 2; x < side; ++x) std::fill_n(picture.pixel(y, x), 3, 1);
  return picture;
}

/// The reader looks into the files: a PNG may be called .jpg.
void draw_judged(const ScratchFolder& folder, const std::string& name, int side = 96) {
  dht::examples::write_png(folder / (name + ".jpg"), dht::examples::sample_picture(side));
  dht::examples::write_png(folder / (name + ".0.png"), halves(side));
  dht::examples::write_png(folder / (name + ".1.png"), dht::Picture(side, side));
}

void check_refused(const ScratchFolder& folder, const std::string& arguments, const std::string& named) {
  const Said said = call("dht_compare_superpixels", arguments, folder / "");
  INFO(arguments << "\nsaid: " << said.err);
  CHECK(said.code == 2);
  CHECK(said.err.find(named) != std::string::npos);
  CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("the comparison writes its table, its figures and its pictures") {
  const ScratchFolder folder;
  draw_judged(folder, "one");
  draw_judged(folder, "two");
  const Said said = call("dht_compare_superpixels",
                         ". --output out --tokens 20 40 --pictures two --label-maps maps", folder / "");
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK(said.out == text_of(folder / "out/scores.md"));
  for (const char* part :
       {"Means over 2 photos, one to two.", "#### 20 regions", "#### 40 regions", "| squares |",
        "| dht | 20.0 | 100 % | 100 % |", "| dht | 40.0 | 100 % | 100 % |"}) {
    INFO(part);
    CHECK(said.out.find(part) != std::string::npos);
  }
  CHECK(text_of(folder / "out/scores.csv").starts_with("method,tokens,labels,"));
  CHECK(text_of(folder / "out/images.csv").find("\ntwo,\"dht\",40,40,40,") != std::string::npos);
  CHECK(std::filesystem::exists(folder / "out/two.png"));
  CHECK_FALSE(std::filesystem::exists(folder / "out/one.png"));
  CHECK(std::filesystem::exists(folder / "maps/dht at 20/one.npy"));
}

TEST_CASE("comparison: --limit takes the first photos by name") {
  const ScratchFolder folder;
  draw_judged(folder, "two");
  draw_judged(folder, "one");
  const Said said = call("dht_compare_superpixels", ". --output out --tokens 20 --limit 1", folder / "");
  REQUIRE(said.code == 0);
  CHECK(said.out.find("Means over 1 photo, one.") != std::string::npos);
  CHECK(std::filesystem::exists(folder / "out/one.png"));
}

TEST_CASE("the comparison says in one line what it cannot do") {
  const ScratchFolder folder;
  check_refused(folder, "nowhere --output out", "nowhere: is no folder");
  check_refused(folder, ". --output out", "holds no NAME.jpg");
  draw_judged(folder, "one");
  check_refused(folder, ".", "--output");
  check_refused(folder, ". --output ''", "--output");
  check_refused(folder, ". --output out --tokens 1", "--tokens: is 1; must be 2 to 100000");
  check_refused(folder, ". --output out --limit -1", "--limit: is -1");
  check_refused(folder, ". --output out --pictures three", "--pictures: three is none of the photos");
  check_refused(folder, ". --output out --label-maps one.jpg", "--label-maps");
  dht::examples::write_png(folder / "one.1.png", dht::Picture(8, 8));
  check_refused(folder, ". --output out", "one.1.png: is 8 x 8 pixels; must be 96 x 96");
  std::filesystem::remove(folder / "one.0.png");
  check_refused(folder, ". --output out", "one.0.png: does not exist");
}
