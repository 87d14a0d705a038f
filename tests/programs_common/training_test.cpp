// SPDX-License-Identifier: MIT
// What pretrain is made of: the order of pictures, batches, the table and the curve.
#ifdef DHT_TEST_HAS_EXAMPLES

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <dht/backend/thread_pool.hpp>

#include "common/image_file.hpp"
#include "common/number_text.hpp"
#include "common/progress.hpp"
#include "common/sample_picture.hpp"
#include "common/training_images.hpp"
#include "common/training_log.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/ramp.hpp"

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using dht::Picture;
using dht::examples::TrainingImages;
using dht::examples::TrainingLog;
using dht::test::error_of;
using dht::test::ramp;
using dht::test::ScratchFolder;

namespace {

namespace fs = std::filesystem;

void fill(const fs::path& folder) {
  fs::create_directories(folder / "below");
  dht::examples::write_png(folder / "b.png", dht::examples::sample_picture(40));
  dht::examples::write_png(folder / "below/a.png", ramp(30, 50));
  dht::examples::write_png(folder / "below/c.png", ramp(60, 20));
  std::ofstream(folder / "below/broken.jpg") << "no picture";
}

dht::examples::ReadingOptions quiet(std::int64_t bytes = std::int64_t{1} << 30) {
  return {"test", bytes, true};
}

}  // namespace

TEST_CASE("every picture is shown once before any is shown again, by the place alone") {
  dht::examples::ShuffledOrder order(7, 5), other(7, 6);
  std::vector<std::size_t> shown;
  for (std::uint64_t place = 0; place < 28; ++place) shown.push_back(order(place));
  for (int round = 0; round < 4; ++round)
    CHECK(std::set<std::size_t>(shown.begin() + 7 * round, shown.begin() + 7 * (round + 1)).size() == 7);
  CHECK(!std::equal(shown.begin(), shown.begin() + 7, shown.begin() + 7));
  for (const std::uint64_t place : {20, 3, 14, 0}) CHECK(order(place) == shown[place]);
  std::vector<std::size_t> others;
  for (std::uint64_t place = 0; place < 28; ++place) others.push_back(other(place));
  CHECK(others != shown);
}

TEST_CASE("a folder's pictures: found below it, broken ones left out, kept in memory or not") {
  const ScratchFolder folder;
  fill(folder / "photos");
  dht::backend::ThreadPool pool(1);
  const TrainingImages images(folder / "photos", quiet(), pool);
  REQUIRE(images.size() == 3);
  CHECK(images.broken() == 1);
  CHECK(images.kept() == 3);
  CHECK(images.name(0).ends_with("b.png"));
  CHECK(images.name(1).ends_with("below/a.png"));
  CHECK(images.picture(1)->rgb == ramp(30, 50).rgb);
  const TrainingImages few(folder / "photos/", quiet(5000), pool);
  CHECK(few.kept() < 3);
  CHECK(few.fingerprint() == images.fingerprint());
  for (std::size_t i = 0; i < 3; ++i) CHECK(few.picture(i)->rgb == images.picture(i)->rgb);
  dht::examples::write_png(folder / "photos/below/c.png", ramp(61, 20));
  CHECK(TrainingImages(folder / "photos", quiet(), pool).fingerprint() != images.fingerprint());
  const TrainingImages none(folder / "photos", quiet(0), pool);
  dht::examples::write_png(folder / "photos/below/c.png", ramp(62, 20));
  CHECK_THAT(error_of([&] { none.picture(2); }),
             ContainsSubstring("c.png: is 20 x 62 pixels; was 20 x 61 when training began"));
  for (const char* name : {"b.png", "below/a.png", "below/c.png"}) fs::remove(folder / "photos" / name);
  CHECK_THAT(error_of([&] { TrainingImages(folder / "photos", quiet(), pool); }),
             ContainsSubstring("has no photo that can be read"));
}

TEST_CASE("batches depend on seed and step, not on threads, memory or the batches before") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const auto batch_of = [&](int workers, std::int64_t bytes, std::uint64_t seed, std::int64_t step) {
    dht::backend::ThreadPool pool(workers);
    const TrainingImages images(folder / "photos", quiet(bytes), pool);
    dht::examples::ShuffledOrder order(images.size(), seed);
    dht::examples::TrainingBatch batch;
    batch.side = 12;
    batch.image.resize(5);
    training_batch(images, order, seed, step, pool, batch);
    return batch;
  };
  const auto batch = batch_of(0, 1 << 20, 1, 3);
  CHECK(batch.planes.size() == 5 * 3 * 12 * 12);
  CHECK(batch.view().batch == 5);
  CHECK(batch.planes == batch_of(2, 1 << 20, 1, 3).planes);
  CHECK(batch.planes == batch_of(1, 0, 1, 3).planes);
  CHECK(batch.planes != batch_of(0, 1 << 20, 1, 4).planes);
  CHECK(batch.planes != batch_of(0, 1 << 20, 2, 3).planes);
}

TEST_CASE("the table: empty cells, as few digits as needed") {
  TrainingLog log({"step", "loss", "validation"});
  const double none = std::numeric_limits<double>::quiet_NaN();
  log.add({0, none, 12.5});
  log.add({1, 0.1, none});
  CHECK(log.csv() == "step,loss,validation\n0,,12.5\n1,0.1,\n");
  TrainingLog other(log.columns());
  other.set_numbers(log.numbers());
  CHECK(other.csv() == log.csv());
  CHECK(error_of([&] { log.add({1}); }) == "row: has 1 numbers; must have 3");
  CHECK(error_of([&] { log.set_numbers({1, 2}); }) == "log: has 2 numbers; must be whole rows of 3");
}

TEST_CASE("the curve: means of many steps, round numbers beside the axes") {
  TrainingLog log({"step", "loss"});
  for (int i = 0; i < 1000; ++i) log.add({double(i), i % 2 ? 0.2 : 0.4});
  const auto curve = dht::examples::curve_of(log, "step", "loss", 100);
  REQUIRE(curve.x.size() == 100);
  CHECK(curve.x.front() == 4.5);
  for (const double y : curve.y) CHECK(y == Approx(0.3));
  CHECK_THAT(error_of([&] { dht::examples::curve_of(log, "step", "lost"); }), ContainsSubstring("lost"));

  CHECK(dht::examples::round_numbers(0.2, 9.7, 5) == std::vector<double>{2, 4, 6, 8});
  CHECK(dht::examples::round_numbers(-1, 1, 4) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(dht::examples::round_numbers(0, 1000, 5) == std::vector<double>{0, 200, 400, 600, 800, 1000});

  const std::string svg =
      dht::examples::charts_svg({{"a < b", "step", "loss", {curve}}, {"empty", "", "", {}}});
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK_THAT(svg, ContainsSubstring("a &lt; b"));
  CHECK_THAT(svg, ContainsSubstring(">1000</text>"));
  CHECK_THAT(svg, !ContainsSubstring("nan"));
}

TEST_CASE("charts and texts have points in numbers where the locale has commas") {
  const std::vector<dht::examples::Chart> charts{{"a", "step", "loss", {{"c", {0, 0.5}, {1.25, 2.5}}}}};
  const std::string before = dht::examples::charts_svg(charts);
  CHECK_THAT(before, ContainsSubstring(">0.5<"));
  CHECK(dht::examples::fixed_text(1234567.125, 2) == "1234567.12");
  CHECK(dht::examples::fixed_text(-1e300, 5).size() == 1 + 301 + 6);
  CHECK(dht::examples::short_text(0.1234567) == "0.123457");
  CHECK(dht::examples::short_text(1e10) == "1e+10");
  CHECK(dht::examples::shortest_text(0.1) == "0.1");

  // No system has to have such a locale: it is compiled here, where there is a compiler for it.
  const ScratchFolder folder;
  std::ofstream(folder / "comma") << "LC_NUMERIC\ndecimal_point \"<U002C>\"\nthousands_sep \"<U002E>\"\n"
                                     "grouping 3;3\nEND LC_NUMERIC\n";
  const std::string make = "cd '" + folder.path().string() +
                           "' && localedef -c -i comma -f ANSI_X3.4-1968 ./xx_XX > /dev/null 2>&1";
  [[maybe_unused]] const int warnings = std::system(make.c_str());
  const char* const path = std::getenv("LOCPATH");
  const std::string old_path = path == nullptr ? "" : path;
  setenv("LOCPATH", folder.path().c_str(), 1);
  const bool has_commas = std::setlocale(LC_ALL, "xx_XX") != nullptr;
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%.1f", 0.5);
  const std::string after = dht::examples::charts_svg(charts), fixed = dht::examples::fixed_text(0.5, 1),
                    time = dht::examples::duration_text(0.44);
  std::setlocale(LC_ALL, "C");
  path == nullptr ? unsetenv("LOCPATH") : setenv("LOCPATH", old_path.c_str(), 1);
  if (!has_commas) {
    WARN("localedef made no locale with commas here");
    return;
  }
  CHECK(std::string(text.data()) == "0,5");
  CHECK(after == before);
  CHECK(fixed == "0.5");
  CHECK(time == "0.4 s");
}

#endif
