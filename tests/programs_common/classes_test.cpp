// SPDX-License-Identifier: MIT
// What classify, retrofit and segment are made of: class folders, label maps, tokens with their way back, scores, pictures.
#ifdef DHT_TEST_HAS_EXAMPLES

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include <dht/backend/thread_pool.hpp>
#include <dht/core/random.hpp>
#include <dht/io/parameters.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/vit/vision_transformer.hpp>

#include "common/class_drawing.hpp"
#include "common/class_folder.hpp"
#include "common/confusion_chart.hpp"
#include "common/image_file.hpp"
#include "common/labelled_images.hpp"
#include "common/sample_picture.hpp"
#include "common/token_source.hpp"
#include "common/vision_model.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using dht::Picture;
using dht::examples::ClassFolder;
using dht::examples::LabelMap;
using dht::test::error_of;
using dht::test::ScratchFolder;

namespace {

namespace fs = std::filesystem;

dht::examples::ReadingOptions quiet() { return {"test", std::int64_t{1} << 30, true}; }

/// Smooth random images, planes (batch, 3, side, side).
std::vector<float> random_images(int batch, int side, std::uint64_t seed) {
  std::vector<float> planes(std::size_t(batch * 3 * side * side));
  dht::Random random(seed);
  float value = 0.5f;
  for (float& v : planes)
    v = value = std::clamp(value + static_cast<float>(random.uniform(-0.1, 0.1)), 0.0f, 1.0f);
  return planes;
}

}  // namespace

TEST_CASE("class folders: classes are the folders in order, pictures below them are theirs") {
  const ScratchFolder folder;
  for (const char* name : {"b/1.png", "a/deep/er/2.png", "a/3.png"}) {
    fs::create_directories((folder / "set" / name).parent_path());
    dht::examples::write_png(folder / "set" / name, dht::examples::sample_picture(16));
  }
  std::ofstream(folder / "set/readme.txt") << "no picture";
  dht::backend::ThreadPool pool(1);
  const ClassFolder set(folder / "set", quiet(), pool);
  CHECK(set.classes() == std::vector<std::string>{"a", "b"});
  REQUIRE(set.images().size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(set.label(i) == (set.images().name(i).find("/b/") != std::string::npos));
  // A model's own order.
  const ClassFolder other(folder / "set/", quiet(), pool, std::vector<std::string>{"b", "a"});
  for (std::size_t i = 0; i < 3; ++i) CHECK(other.label(i) == 1 - set.label(i));
  CHECK_THAT(error_of([&] {
               ClassFolder(folder / "set", quiet(), pool, std::vector<std::string>{"a", "c"});
             }),
             ContainsSubstring("set: has no folder c; must have one for each class"));
  CHECK_THAT(error_of([&] { ClassFolder(folder / "set", quiet(), pool, std::vector<std::string>{"a"}); }),
             ContainsSubstring("set: has a folder b, which is no class"));
}

TEST_CASE("class folders: links are folders, names that begin with a dot are none, others must be text") {
  const ScratchFolder folder;
  for (const char* name :
       {"far/1.png", "far/2.png", "set/dog/3.png", "set/.ipynb_checkpoints/4.png", "set/dog/._3.png"}) {
    fs::create_directories((folder / name).parent_path());
    dht::examples::write_png(folder / name, dht::examples::sample_picture(16));
  }
  std::ofstream(folder / "set/.stray.png") << "no picture";
  fs::create_directory_symlink(folder / "far", folder / "set/cat");
  dht::backend::ThreadPool pool(1);
  const ClassFolder set(folder / "set", quiet(), pool);
  CHECK(set.classes() == std::vector<std::string>{"cat", "dog"});
  REQUIRE(set.images().size() == 3);
  CHECK(set.images().broken() == 0);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(set.label(i) == (set.images().name(i).find("/dog/") != std::string::npos));

  const auto refused = [&](const std::string& name) {
    fs::create_directory(folder / "set" / name);
    const std::string error = error_of([&] { ClassFolder(folder / "set", quiet(), pool); });
    CHECK_THAT(error, ContainsSubstring("has a name that is not UTF-8 or not of one line"));
    fs::remove(folder / "set" / name);
  };
  refused("caf\xE9");
  refused("caf\xE8");
  refused("two\nlines");
  refused("cut \xE2\x82");
  fs::create_directory_symlink("nowhere", folder / "set/owl");
  CHECK_THAT(error_of([&] { ClassFolder(folder / "set", quiet(), pool); }),
             ContainsSubstring("set/owl: is a link that leads nowhere"));
}

TEST_CASE("a model's file with a class twice is refused") {
  const ScratchFolder folder;
  dht::examples::VisionModel model;
  model.side = 32;
  model.classes = {"a", "b", "a"};
  dht::SafeTensorsWriter writer;
  dht::examples::describe(writer, model);
  writer.save(folder / "model.safetensors");
  const auto file = dht::SafeTensors::load(folder / "model.safetensors");
  CHECK_THAT(error_of([&] { dht::examples::described(file); }),
             ContainsSubstring("vit.classes has a twice; must have different names"));
}

TEST_CASE("confusion matrix: its picture") {
  dht::ConfusionMatrix matrix(3);
  matrix.add(0, 0, 6);
  matrix.add(0, 1, 2);
  matrix.add(1, 1, 4);
  matrix.add(1, 0);
  const std::string svg = dht::examples::confusion_svg(matrix, {"cats & dogs", "b", "c"}, "title");
  CHECK(svg.starts_with("<svg "));
  CHECK_THAT(svg, ContainsSubstring(">cats &amp; dogs<"));
  CHECK_THAT(svg, ContainsSubstring(">6</text>"));
  // Wide enough for what is written, at 6 pixels a character at least: title, names, counts.
  const auto width_in = [](const std::string& text, const std::string& element) {
    return std::stoi(text.substr(text.find("width=\"", text.find(element)) + 7));
  };
  const std::string name(40, 'n'), title(90, 't');
  CHECK(width_in(dht::examples::confusion_svg(matrix, {"a", "b", "c"}, title), "<svg") >= 118 + 90 * 6);
  CHECK(width_in(dht::examples::confusion_svg(matrix, {name, "b", "c"}, ""), "<svg") >= 40 * 6 + 48 * 6);
  matrix.add(2, 2, 1'234'567'890);
  CHECK(width_in(dht::examples::confusion_svg(matrix, {"a", "b", "c"}, ""), "<rect x=") >= 10 * 6);
  CHECK_THAT(error_of([&] { dht::examples::confusion_svg(matrix, {"a"}, ""); }),
             ContainsSubstring("classes: are 1; must be 3"));
}

TEST_CASE("label maps: what is written is read, and of photos only grey ones and palettes are taken") {
  const ScratchFolder folder;
  LabelMap map{5, 7, std::vector<std::uint8_t>(35)};
  std::iota(map.values.begin(), map.values.end(), std::uint8_t{221});
  dht::examples::write_label_map(folder / "map.png", map);
  const LabelMap read = dht::examples::read_label_map(folder / "map.png");
  CHECK(read.height == 5);
  CHECK(read.width == 7);
  CHECK(read.values == map.values);
  const auto photo = dht::examples::read_photo(folder / "map.png").picture();
  CHECK(photo.pixel(0, 3)[1] == 224);
  dht::examples::write_png(folder / "photo.png", photo);
  CHECK_THAT(
      error_of([&] { dht::examples::read_label_map(folder / "photo.png"); }),
      ContainsSubstring("photo.png: is a PNG of 8-bit colours; a label map must be grey or a palette"));
  map.values.pop_back();
  CHECK_THAT(error_of([&] { dht::examples::write_label_map(folder / "bad.png", map); }),
             ContainsSubstring("label map: has 34 numbers; must have height * width = 5 * 7"));
}

TEST_CASE("label maps are cropped, scaled and mirrored as their pictures are") {
  const ScratchFolder folder;
  fs::create_directories(folder / "photos");
  fs::create_directories(folder / "maps");
  // Light where the class is 1, in halves of random cells: what is shown of the one must be shown of the other.
  Picture picture(60, 80);
  LabelMap map{60, 80, std::vector<std::uint8_t>(60 * 80)};
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 80; ++x) {
      const bool on = dht::Random(5, y / 20, x / 20).chance(0.5);
      map.values[std::size_t(y * 80 + x)] = y == 0 ? 9 : on;
      std::fill_n(picture.pixel(y, x), 3, on ? 255 : 0);
    }
  }
  dht::examples::write_png(folder / "photos/a.png", picture);
  dht::examples::write_label_map(folder / "maps/a.png", map);
  dht::backend::ThreadPool pool(0);
  const dht::examples::LabelledImages images(folder / "photos", folder / "maps", quiet(), pool);
  CHECK(images.classes(9) == 2);
  CHECK(images.classes(255) == 10);
  CHECK_THAT(error_of([&] { images.check_classes(2, 255); }),
             ContainsSubstring("maps/a.png: has a pixel of class 9; must be below 2, or 255"));
  dht::examples::TrainingBatch batch;
  batch.side = 32;
  batch.image.resize(8);
  dht::examples::ShuffledOrder order(1, 1);
  training_batch(images.images(), order, 1, 0, pool, batch);
  const auto maps = class_maps(images, batch, 9);
  REQUIRE(maps.size() == 8 * 32 * 32);
  int mirrored = 0, alike = 0, known = 0;
  for (std::size_t b = 0; b < 8; ++b) mirrored += batch.crop[b].is_mirrored;
  for (std::size_t p = 0; p < maps.size(); ++p) {
    if (maps[p] < 0) continue;
    ++known;
    alike += (batch.planes[p / 1024 * 3 * 1024 + p % 1024] > 0.5f) == (maps[p] == 1);
  }
  CHECK(mirrored > 0);
  CHECK(mirrored < 8);
  CHECK(known > 8000);
  CHECK(alike > 0.97 * known);  // all but where a boundary runs through a pixel
  dht::examples::write_label_map(folder / "maps/a.png", {4, 4, std::vector<std::uint8_t>(16)});
  CHECK_THAT(
      error_of([&] { dht::examples::LabelledImages(folder / "photos", folder / "maps", quiet(), pool); }),
      ContainsSubstring("maps/a.png: is 4 x 4 pixels; must be 80 x 60 like "));
}

TEST_CASE("drawn classes: the photo, the answers and the truth over it") {
  const Picture photo = dht::examples::sample_picture(8);
  std::vector<std::int32_t> answers(64, 0), truth(64, -1);
  const Picture drawn = dht::examples::draw_classes(photo, answers, truth, 3);
  CHECK(drawn.height == 24);
  CHECK(drawn.width == 3 * 24 + 8);
  const auto pixel = [&](int y, int x) { return std::vector<int>(drawn.pixel(y, x), drawn.pixel(y, x) + 3); };
  for (const int at : {0, 13, 23}) {
    CHECK(pixel(at, at) == pixel(at, 56 + at));  // nothing is known
    CHECK(pixel(at, at) != pixel(at, 28 + at));
  }
  CHECK(dht::examples::draw_classes(photo, answers, {}, 1).width == 2 * 8 + 4);
  answers.pop_back();
  CHECK_THAT(error_of([&] { dht::examples::draw_classes(photo, answers, {}); }),
             ContainsSubstring("answers: are 63; must be 64, one a pixel"));
}

TEST_CASE("descriptions of models: what is written is read, and checked") {
  dht::examples::VisionModel model;
  model.side = 96;
  model.classes = {"a \"b\"", "c"};
  model.config.vit = {.width = 64, .depth = 3, .heads = 2, .drop_path = 0.25};
  model.config.extraction.patch = 6;
  model.config.extraction.position = 12;
  auto backbone = dht::VisionTransformer<float>::initial(model.config, 1);
  const auto file = [&](const char* name, const std::string& value) {
    dht::SafeTensorsWriter writer;
    dht::add_parameters(writer, parameters(backbone));
    describe(writer, model);
    if (name != nullptr) writer.set_metadata(name, value);
    return dht::SafeTensors::from_bytes(writer.bytes(), "model");
  };
  const auto read = dht::examples::described(file(nullptr, ""));
  CHECK(read.side == 96);
  CHECK(read.classes == model.classes);
  CHECK(read.config == model.config);
  CHECK_THAT(error_of([&] { dht::examples::described(file("vit.width", "wide")); }),
             ContainsSubstring("model: vit.width is wide; must be a number"));
  CHECK_THAT(error_of([&] { dht::examples::described(file("vit.depth", "0")); }),
             ContainsSubstring("model: vit.depth is 0; must be 1 to 65536"));
  CHECK_THAT(error_of([&] { dht::examples::described(file("vit.classes", "[1]")); }),
             ContainsSubstring("model: vit.classes is [1]; must be a list of names"));
  for (const std::string list : {"[]", "{}", "[\"a\",[\"b\"]]", "[\"a\",{}]", "[\"a\""})
    CHECK(error_of([&] { dht::examples::described(file("vit.classes", list)); }) ==
          "model: vit.classes is " + list + "; must be a list of names");
  const std::string nested(1000000, '[');
  CHECK_THAT(error_of([&] { dht::examples::described(file("vit.classes", nested)); }),
             ContainsSubstring("must be a list of names"));
  // What the file's tensors are not is not believed: these would be models of many gigabytes.
  CHECK(error_of([&] { dht::examples::described(file("vit.width", "8192")); }) ==
        "model: embedder.cls_token: has shape [1, 64], must be [1, 8192]");
  CHECK_THAT(error_of([&] { dht::examples::described(file("vit.depth", "1000")); }),
             ContainsSubstring("model: has no tensor blocks.3.norm1.weight; nearest: "));
  CHECK(error_of([&] { dht::examples::described(file("vit.patch", "256")); }) ==
        "model: extractor.pixel_mask_token: has shape [3, 6, 6], must be [3, 256, 256]");
  CHECK(error_of([&] { dht::examples::described(file("vit.patch", "65536")); }) ==
        "model: patch: is 65536; must be 2 to 256");
  CHECK(error_of([&] { dht::examples::described(file("vit.position", "24")); }) ==
        "model: embedder.proj.weight: has shape [64, 252], must be [64, 684]");
}

TEST_CASE("squares show images as they are, regions with means injected, each image on its own") {
  constexpr int side = 32;
  const auto planes = random_images(3, side, 4);
  const auto images = dht::planar_view(planes.data(), 3, 3, side, side);
  dht::examples::Squares squares(8);
  squares.cut(images, false);
  CHECK(squares.tokens().count() == 3 * 16);
  for (std::size_t i = 0; i < planes.size(); ++i)
    REQUIRE(squares.seen().data[i] == dht::examples::model_number(planes[i]));

  dht::backend::ThreadPool one(0), three(2);
  dht::examples::Regions regions({.tokens = 10}, one), others({.tokens = 10}, three),
      alone({.tokens = 10}, one);
  regions.cut(images, false);
  others.cut(images, false);
  CHECK(regions.tokens().count() == 30);
  CHECK(regions.tokens().begin == std::vector<std::int32_t>{0, 10, 20, 30});
  CHECK(regions.tokens().partition.labels == others.tokens().partition.labels);
  const auto second = dht::planar_view(planes.data() + 3 * side * side, 1, 3, side, side);
  alone.cut(second, false);
  for (std::size_t p = 0; p < std::size_t(side * side); ++p)
    REQUIRE(alone.tokens().partition.labels[p] + 10 ==
            regions.tokens().partition.labels[p + std::size_t(side * side)]);
  double apart = 0;
  for (std::size_t i = 0; i < std::size_t(3 * side * side); ++i) {
    REQUIRE(alone.seen().data[i] == regions.seen().data[i + std::size_t(3 * side * side)]);
    apart =
        std::max<double>(apart, std::abs(alone.seen().data[i] - dht::examples::model_number(second.data[i])));
  }
  CHECK(apart > 0.001);
  CHECK(apart < 4);
}

TEST_CASE("regions: gradients of W by differences, and no gradient unless they learn") {
  constexpr int side = 24;
  const auto planes = random_images(2, side, 6);
  const auto images = dht::planar_view(planes.data(), 2, 3, side, side);
  dht::backend::ThreadPool pool(1);
  dht::examples::Regions regions({.tokens = 6, .learn = true, .rate = 0.5}, pool);
  std::vector<float> upstream(planes.size());
  dht::Random random(2);
  for (float& u : upstream) u = static_cast<float>(random.uniform(-1, 1));
  const auto loss = [&] {
    regions.cut(images, true);
    double sum = 0;
    for (std::size_t i = 0; i < upstream.size(); ++i)
      sum += double(upstream[i]) * double(regions.seen().data[i]);
    return sum;
  };
  loss();
  REQUIRE(regions.grad_seen() != nullptr);
  std::copy(upstream.begin(), upstream.end(), regions.grad_seen());
  regions.backward(images);
  const auto groups = regions.groups();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].rate == 0.5);
  check_same_parameters(groups[0].parameters, groups[0].gradients, "gradients");
  double features = 0;
  for (std::size_t i = 0; i < groups[0].parameters.size(); ++i) {
    const auto& p = groups[0].parameters[i];
    if (!p.name.starts_with("linear.")) {
      for (const float g : groups[0].gradients[i].values) features += std::abs(double(g));
      continue;
    }
    for (std::size_t j = 0; j < p.values.size(); j += 5) {
      // The images are linear in W and b, so a wide step costs nothing but rounding of floats.
      const float before = p.values[j];
      p.values[j] = before + 0.5f;
      const double above = loss();
      p.values[j] = before - 0.5f;
      const double difference = above - loss();
      p.values[j] = before;
      CHECK(double(groups[0].gradients[i].values[j]) == Approx(difference).epsilon(1e-3).margin(1e-3));
    }
  }
  CHECK(features > 0);
  dht::examples::Regions fixed({.tokens = 6}, pool);
  fixed.cut(images, true);
  CHECK(fixed.grad_seen() == nullptr);
  CHECK(fixed.groups().empty());
}

#endif
