// SPDX-License-Identifier: MIT
// What the programs write: every file there, complete, and in agreement with the others.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dht/encoder/checkpoint.hpp>
#include <dht/io/npy.hpp>
#include <dht/regions/properties.hpp>
#include <dht/tokenizer.hpp>

#include "common/image_file.hpp"
#include "common/sample_picture.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::call;
using dht::test::check_labels;
using dht::test::draw_sample;
using dht::test::quoted;
using dht::test::Said;
using dht::test::ScratchFolder;
using Json = nlohmann::json;

namespace {

constexpr int size = 96;  // a picture small enough for the sanitizers

void check_picture(const std::filesystem::path& path, int height, int width) {
  const auto photo = dht::examples::read_photo(path);
  CHECK(photo.height == height);
  CHECK(photo.width == width);
}

}  // namespace

TEST_CASE("tokenize writes labels, numbers and pictures that agree") {
  const ScratchFolder folder;
  draw_sample(folder / "a photo.png", size);
  const Said said = call("tokenize", "'a photo.png'", folder.path());
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK(said.err.empty());
  for (const char* word : {"read", "hierarchy", "selection", "pictures", "write", "96 x 96", "tokens",
                           "a photo.png", "labels.npy", "saliency.png"}) {
    CHECK_THAT(said.out, ContainsSubstring(word));
  }
  // named after the photo, in the working directory; nothing else is left there
  const std::filesystem::path results = folder / "a photo";
  CHECK(dht::test::entries(folder.path()) == 1 + 1 + 6);

  const std::int32_t count = check_labels(results / "labels.npy", size, size);
  CHECK_THAT(said.out, ContainsSubstring(std::to_string(count) + " tokens"));
  check_picture(results / "boundaries.png", 2 * size, 2 * size);
  check_picture(results / "means.png", size, size);
  check_picture(results / "saliency.png", 2 * size - 1, 2 * size - 1);
  CHECK(dht::examples::read_photo(results / "levels.png").width >= size);

  const Json json = Json::parse(dht::test::text_of(results / "tokens.json"));
  CHECK(json.at("photo") == "a photo.png");
  CHECK(json.at("height") == size);
  CHECK(json.at("width") == size);
  CHECK(json.at("settings").at("criterion") == "aicc");
  CHECK(json.at("settings").at("iota") == 5);
  CHECK(json.at("settings").at("compactness") == 0.01);
  CHECK(json.at("settings").at("selection") == "best-ancestor");
  CHECK(json.at("levels").front().at("regions") == size * size);
  CHECK(json.at("levels").back().at("regions") == 1);
  const auto& tokens = json.at("tokens");
  REQUIRE(tokens.size() == std::size_t(count));

  const auto array = dht::read_npy<std::int32_t>(results / "labels.npy");
  const dht::LabelView labels = dht::plane_view(array.values.data(), size, size);
  const dht::Picture picture = dht::examples::sample_picture(size);
  const auto mean =
      dht::mean_over_regions(dht::interleaved_view(picture.rgb.data(), size, size, 3), labels, count);
  const auto neighbours = dht::region_neighbours(labels, count);
  const auto centroids = dht::centroids(labels, count);
  const dht::Picture means = dht::examples::read_photo(results / "means.png").picture();
  std::int64_t pixels = 0;
  for (std::int32_t t = 0; t < count; ++t) {
    const auto i = std::size_t(t);
    CHECK(tokens[i].at("label") == t);
    CHECK(tokens[i].at("size") == std::count(array.values.begin(), array.values.end(), t));
    pixels += tokens[i].at("size").get<std::int64_t>();
    // written with six digits
    CHECK(tokens[i].at("centroid")[0].get<double>() == Catch::Approx(centroids[i].row).margin(1e-6));
    CHECK(tokens[i].at("centroid")[1].get<double>() == Catch::Approx(centroids[i].column).margin(1e-6));
    // float means, six digits
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(tokens[i].at("mean_colour")[c].get<double>() == Catch::Approx(mean[3 * i + c]).margin(2e-6));
    }
    const auto touching = neighbours.neighbours_of(t);
    REQUIRE(tokens[i].at("neighbours").size() == touching.size());
    for (std::size_t k = 0; k < touching.size(); ++k) {
      CHECK(tokens[i].at("neighbours")[k] == Json{touching[k], neighbours.boundaries_of(t)[k]});
    }
    const auto box = tokens[i].at("box").get<std::vector<int>>();
    REQUIRE(box.size() == 4);
    CHECK((box[0] <= box[2] && box[1] <= box[3] && box[2] < size && box[3] < size));
    const auto first = std::find(array.values.begin(), array.values.end(), t) - array.values.begin();
    for (int c = 0; c < 3; ++c) {
      const double painted = means.rgb[std::size_t(first) * 3 + std::size_t(c)] / 255.0;
      CHECK(painted ==
            Catch::Approx(mean[3 * i + std::size_t(c)]).margin(0.5 / 255 + 1e-9));  // rounded to 8 bits
    }
  }
  CHECK(pixels == size * size);
}

TEST_CASE("tokenize gives exactly as many tokens as asked") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  for (const int count : {1, 16, 64, 196, 256, 576, 1024, size * size}) {
    const std::string wanted = std::to_string(count);
    const Said said = call("tokenize", "sample.png --quiet --output out --tokens " + wanted, folder.path());
    INFO(wanted << ": " << said.err);
    REQUIRE(said.code == 0);
    CHECK(said.out.empty());
    CHECK(said.err.empty());
    CHECK(check_labels(folder / "out/labels.npy", size, size) == count);
    CHECK(Json::parse(dht::test::text_of(folder / "out/tokens.json")).at("tokens").size() ==
          std::size_t(count));
  }
}

TEST_CASE("the smallest and the oddest photos") {
  const ScratchFolder folder;
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(1, 9), std::pair(9, 1), std::pair(3, 5)}) {
    dht::Picture picture(height, width);
    for (std::size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = std::uint8_t(i * 97);
    dht::examples::write_png(folder / "small.png", picture);
    for (const char* selection : {"", "--tokens 1", "--selection merging", "--selection optimal-cut",
                                  "--selection optimal-cut --tokens 1"}) {
      const Said said = call("tokenize", "small.png --output out " + std::string(selection), folder.path());
      INFO(height << " x " << width << ' ' << selection << ": " << said.err);
      REQUIRE(said.code == 0);
      CHECK(check_labels(folder / "out/labels.npy", height, width) >= 1);
    }
    CHECK(call("vectorize", "small.png --output out", folder.path()).code == 0);
  }
}

TEST_CASE("every option changes what it says, and threads change nothing") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  const auto labels = [&](const std::string& options) {
    const Said said = call("tokenize", "sample.png --output out " + options, folder.path());
    INFO(options << ": " << said.err);
    REQUIRE(said.code == 0);
    check_labels(folder / "out/labels.npy", size, size);
    return dht::test::text_of(folder / "out/labels.npy");
  };
  const auto setting = [&](const char* name) {
    return Json::parse(dht::test::text_of(folder / "out/tokens.json")).at("settings").at(name);
  };
  const std::string usual = labels("");
  CHECK(labels("--threads 1") == usual);
  CHECK(labels("--threads 2") == usual);
  CHECK(labels("--backend cpu") == usual);
#ifdef DHT_TEST_HAS_THRUST
  CHECK(labels("--backend thrust") == usual);
  CHECK(labels("--backend thrust --encoder colour --criterion bic --similarity cauchy") ==
        labels("--encoder colour --criterion bic --similarity cauchy"));
#else
  CHECK(call("tokenize", "sample.png --backend thrust", folder.path()).code == 2);
#endif
  CHECK(labels("--criterion aicc --iota 5 --compactness 0.01 --bandwidth 1 --similarity gaussian "
               "--selection best-ancestor") == usual);
  CHECK(labels("--criterion bic") != usual);
  CHECK(setting("criterion") == "bic");
  CHECK(labels("--criterion cic") != usual);
  labels("--criterion aic");  // close to aicc: often the same tokens
  CHECK(setting("criterion") == "aic");
  CHECK(labels("--iota 1000") != usual);
  CHECK(labels("--compactness 0.3") != usual);
  CHECK(labels("--bandwidth 0.3") != usual);
  for (const char* similarity : {"laplacian", "cauchy", "cosine"}) {
    CHECK(labels("--similarity " + std::string(similarity)) != usual);
    CHECK(setting("similarity") == similarity);
  }
  const std::string cut = labels("--selection optimal-cut");
  CHECK(cut != usual);
  CHECK(labels("--selection optimal-cut --penalty 3000") != cut);
  CHECK(setting("penalty") == 3000);
  CHECK(labels("--selection optimal-cut --penalty 0") != cut);
  const std::string merged = labels("--tokens 20");
  CHECK(setting("selection") == "merging");
  CHECK(setting("tokens") == 20);
  CHECK(setting("smallest") == 1);
  CHECK(labels("--tokens 20 --selection merging --smallest 1 --threads 2") == merged);
  CHECK(labels("--tokens 20 --selection optimal-cut") != merged);
  CHECK(setting("selection") == "optimal-cut");
  CHECK(setting("tokens") == 20);
  const std::string by_penalty = labels("--selection merging");
  CHECK(setting("penalty") == dht::Penalty{}.value);
  CHECK(labels("--selection merging --penalty 1.3e-4 --threads 2") == by_penalty);
  CHECK(labels("--selection merging --penalty 0.01") != by_penalty);
  CHECK(labels("--tokens 200 --smallest 30") != labels("--tokens 200"));
  const std::string refined = labels("--tokens 20 --refine 1");
  CHECK(refined != merged);
  CHECK(setting("refine") == 1);
  CHECK(labels("--tokens 20 --refine 1 --threads 2") == refined);
  CHECK(labels("--tokens 20 --refine 0") == merged);
  CHECK(labels("--refine 2") != usual);
  CHECK(labels("--selection optimal-cut --refine 1") != cut);
}

TEST_CASE("no token is smaller than the smallest size, unless as many are asked for") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  for (const int tokens : {10, 40, 5000}) {
    const Said said =
        call("tokenize", "sample.png --output out --smallest 50 --tokens " + std::to_string(tokens),
             folder.path());
    INFO(said.out << said.err);
    REQUIRE(said.code == 0);
    const std::int32_t count = check_labels(folder / "out/labels.npy", size, size);
    const Json json = Json::parse(dht::test::text_of(folder / "out/tokens.json"));
    CHECK(json.at("settings").at("smallest") == 50);
    CHECK(count == tokens);
    for (const Json& token : json.at("tokens")) CHECK((token.at("size") >= 50 || tokens == 5000));
    CHECK_THAT(said.out, ContainsSubstring(std::to_string(count) + " tokens: merging, smallest 50"));
  }
}

TEST_CASE("tokens inside of a mask") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  // Three squares of a grey that is just inside, on one that is just outside.
  dht::Picture mask(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool inside = x % 32 >= 4 && x < 90 && y >= 20 && y < 60;
      std::fill_n(mask.pixel(y, x), 3, std::uint8_t(inside ? 128 : 127));
    }
  }
  dht::examples::write_png(folder / "mask.png", mask);
  const auto run = [&](const std::string& options) {
    const Said said = call("tokenize", "sample.png --mask mask.png --output out " + options, folder.path());
    INFO(said.err);
    REQUIRE(said.code == 0);
    const auto array = dht::read_npy<std::int32_t>(folder / "out/labels.npy");
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        REQUIRE((array.values[std::size_t(y * size + x)] < 0) == (mask.pixel(y, x)[0] < 128));
    return said.out;
  };
  CHECK_THAT(run("--tokens 12"), ContainsSubstring("12 tokens: merging, inside of mask.png"));
  CHECK(check_labels(folder / "out/labels.npy", size, size, true) == 12);
  const std::string labels = dht::test::text_of(folder / "out/labels.npy"),
                    numbers = dht::test::text_of(folder / "out/tokens.json");
  const Json json = Json::parse(numbers);
  CHECK(json.at("settings").at("mask") == "mask.png");
  CHECK(json.at("tokens").size() == 12);
  const dht::Picture means = dht::examples::read_photo(folder / "out/means.png").picture();
  CHECK(std::count(means.pixel(0, 0), means.pixel(1, 0), 255) == 3 * size);
  run("--tokens 12 --threads 2");
  CHECK(dht::test::text_of(folder / "out/labels.npy") == labels);
  CHECK(dht::test::text_of(folder / "out/tokens.json") == numbers);

  // Three parts are three tokens at least; and fewer pixels inside than tokens asked for
  CHECK_THAT(run("--tokens 2"), ContainsSubstring("3 tokens (asked for: 2): merging"));
  CHECK_THAT(run("--tokens 9000"), ContainsSubstring("3120 tokens (asked for: 9000): merging"));
  CHECK_THAT(run("--tokens 3000"), ContainsSubstring("3000 tokens: merging"));
  CHECK_THAT(run("--tokens 100 --smallest 20"), ContainsSubstring("100 tokens: merging"));
  run("--selection merging --penalty 3e-5 --smallest 9");
  CHECK(check_labels(folder / "out/labels.npy", size, size, true) >= 3);
}

TEST_CASE("a checkpoint brings its settings, the command line overrules them") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  dht::SafeTensorsWriter writer;
  const auto golden = dht::SafeTensors::load(dht::test::golden_folder() / "encoder_eval.safetensors");
  for (const std::string& name : golden.names()) {
    if (!name.starts_with("param.")) continue;
    const auto bytes = golden.bytes(name);
    writer.add_bytes("conv." + name.substr(6), golden.info(name).type, golden.shape(name),
                     {bytes.begin(), bytes.end()});
  }
  writer.set_metadata("criterion", "bic");
  writer.set_metadata("iota", "2.5");
  writer.set_metadata("compactness", "0.125");
  writer.save(folder / "weights.safetensors");
  const auto settings = [&](const std::string& options) {
    const Said said =
        call("tokenize", "sample.png --weights weights.safetensors --output out " + options, folder.path());
    INFO(said.err);
    REQUIRE(said.code == 0);
    return Json::parse(dht::test::text_of(folder / "out/tokens.json")).at("settings");
  };
  const Json own = settings("");
  CHECK(own.at("encoder") == "weights.safetensors");
  CHECK(own.at("criterion") == "bic");
  CHECK(own.at("iota") == 2.5);
  CHECK(own.at("compactness") == 0.125);
  const Json other = settings("--criterion cic --iota 3 --compactness 0");
  CHECK(other.at("criterion") == "cic");
  CHECK(other.at("iota") == 3);
  CHECK(other.at("compactness") == 0);
}

TEST_CASE("vectorize writes one path a token") {
  const ScratchFolder folder;
  draw_sample(folder / "<lake>.png", size);
  const Said said = call("vectorize", "'<lake>.png' --tokens 40 --output deep/er/folder", folder.path());
  INFO(said.err);
  REQUIRE(said.code == 0);
  CHECK_THAT(said.out, ContainsSubstring("40 tokens"));
  CHECK_THAT(said.out, ContainsSubstring("deep/er/folder"));
  const std::string svg = dht::test::text_of(folder / "deep/er/folder/<lake>.svg");
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK_THAT(svg, ContainsSubstring("<title>&lt;lake&gt;.png</title>"));
  std::size_t paths = 0;
  for (std::size_t at = 0; (at = svg.find("<path ", at)) != std::string::npos; ++at) ++paths;
  CHECK(paths == 40);
  CHECK(call("vectorize", "'<lake>.png' --quiet", folder.path()).out.empty());
  CHECK(std::filesystem::exists(folder / "<lake>/<lake>.svg"));
}

TEST_CASE("vectorize draws as it is asked to") {
  const ScratchFolder folder;
  draw_sample(folder / "lake.png", size);
  const auto drawn = [&](const std::string& options) {
    const Said said = call("vectorize", "lake.png --tokens 40 --output out " + options, folder.path());
    INFO(options << ": " << said.err);
    REQUIRE(said.code == 0);
    return dht::test::text_of(folder / "out/lake.svg");
  };
  const std::string plain = drawn("");
  CHECK(drawn("--stacked") == plain);
  const std::string lossless = drawn("--tolerance 0");
  CHECK(lossless.size() > plain.size());
  CHECK(drawn("--detail 8").size() > plain.size());
  CHECK_THAT(drawn("--flat"), ContainsSubstring("<use href=\"#a\""));
  CHECK(drawn("--curves").find('c') != std::string::npos);
  CHECK_THAT(drawn("--gradients --detail 100"), ContainsSubstring("<linearGradient "));
  CHECK(drawn("--linear-light") != plain);
  CHECK_THAT(drawn("--seams strokes"), ContainsSubstring("stroke-width=\".5\""));
  CHECK_THAT(drawn("--flat --seams none"), !ContainsSubstring("<use"));
  CHECK_THAT(plain, ContainsSubstring("\" width=\""));
  CHECK_THAT(drawn("--fluid"), !ContainsSubstring("width=") && ContainsSubstring("viewBox=\"0 0 "));
  const std::string layered = drawn("--layers 3");
  for (const char* layer : {"layer0", "layer1", "layer2"})
    CHECK_THAT(layered, ContainsSubstring("<g id=\"" + std::string(layer) + "\""));
  // The uppermost is what is drawn without the others.
  const auto paths = plain.substr(plain.find("<path"), plain.rfind("</svg>") - plain.find("<path"));
  CHECK_THAT(layered, ContainsSubstring(paths));
  CHECK_THAT(drawn("--layers 3 --colors 5"), ContainsSubstring("layer2"));
  for (const char* options : {"--colors 5", "--layers 3 --colors 5"}) {
    std::set<std::string> fills;
    const std::string few = drawn(options);
    for (std::size_t at = 0; (at = few.find("fill=\"", at)) != few.npos; ++at)
      fills.insert(few.substr(at + 6, few.find('"', at + 6) - at - 6));
    CAPTURE(options);
    CHECK(fills.size() >= 2);
    CHECK(fills.size() <= 5);
  }
  CHECK(drawn("--html") == plain);
  const std::string page = dht::test::text_of(folder / "out/lake.html");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK_THAT(page, ContainsSubstring("data:image/svg+xml,"));
  CHECK_THAT(page, ContainsSubstring("src=\"lake_photo.png\""));
  CHECK(dht::test::entries(folder / "out") == 4);
}

TEST_CASE("regions made for drawing are none too small, where that is asked") {
  const ScratchFolder folder;
  draw_sample(folder / "lake.png", size);
  for (const std::string asked : {"--price 100", "--bytes 9000"}) {
    const auto drawn = [&](const std::string& options) {
      const Said said =
          call("vectorize", "lake.png --output out --tolerance 0 " + asked + options, folder.path());
      INFO(asked << options << ": " << said.err);
      REQUIRE(said.code == 0);
      return dht::test::text_of(folder / "out/lake.svg");
    };
    CHECK(drawn(" --smallest 500").size() < drawn("").size());
  }
}

TEST_CASE("vectorize draws what is good for the picture by default") {
  const ScratchFolder folder;
  draw_sample(folder / "lake.png", size);
  const auto drawn = [&](const std::string& options) {
    const Said said = call("vectorize", "lake.png --output out " + options, folder.path());
    INFO(options << ": " << said.err);
    REQUIRE(said.code == 0);
    CHECK_THAT(said.out, !ContainsSubstring("tokens") && ContainsSubstring("under gzip"));
    return dht::test::text_of(folder / "out/lake.svg");
  };
  const std::string plain = drawn("");
  CHECK(drawn("--detail 8").size() > plain.size());
  CHECK(drawn("--price 100000").size() < plain.size());
  CHECK(drawn("--bytes 1500") != plain);
  CHECK(drawn("--linear-light") != plain);
  for (const char* option :
       {"--flat", "--curves", "--gradients", "--tolerance 0", "--seams strokes", "--fluid", "--colors 5",
        "--layers 3", "--colors 3 --layers 2 --flat --linear-light", "--smallest 20",
        "--smallest 20 --bytes 2000 --linear-light", "--price 5000 --html"})
    CHECK_THAT(drawn(option), ContainsSubstring("<path"));
  CHECK(drawn("--html") == plain);
  const std::string page = dht::test::text_of(folder / "out/lake.html");
  CHECK_THAT(page, ContainsSubstring("data:image/svg+xml,") && ContainsSubstring("src=\"lake_photo.png\"") &&
                       !ContainsSubstring("Tokens"));
  CHECK(dht::test::entries(folder / "out") == 3);
  // The paper's tokens.
  const Said said = call("vectorize", "lake.png --output out --selection best-ancestor", folder.path());
  CHECK(said.code == 0);
  CHECK_THAT(said.out, ContainsSubstring("tokens"));
}

TEST_CASE("results replace those of before, and other files stay") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  std::filesystem::create_directory(folder / "out");
  dht::test::store(folder / "out/labels.npy", "old");
  dht::test::store(folder / "out/mine.txt", "mine");
  REQUIRE(call("tokenize", "sample.png --output out --tokens 5", folder.path()).code == 0);
  CHECK(check_labels(folder / "out/labels.npy", size, size) == 5);
  CHECK(dht::test::text_of(folder / "out/mine.txt") == "mine");
  CHECK(dht::test::entries(folder / "out") == 7);
}

TEST_CASE("help and version") {
  const ScratchFolder folder;
  for (const std::string program : {"tokenize", "vectorize"}) {
    const Said help = call(program, "--help", folder.path());
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    for (const char* option :
         {"--output", "--weights", "--tokens", "--selection", "--criterion", "--similarity", "--bandwidth",
          "--compactness", "--threads", "--quiet", "--iota", "--penalty", "--smallest", "--refine"}) {
      CHECK_THAT(help.out, ContainsSubstring(option));
    }
    CHECK((help.out.find("--mask") != std::string::npos) == (program == "tokenize"));
    const Said version = call(program, "--version", folder.path());
    CHECK(version.code == 0);
    CHECK_THAT(version.out, ContainsSubstring(program + " (dht "));
  }
}

TEST_CASE("the programs that teach") {
  const ScratchFolder folder;
  draw_sample(folder / "sample.png", size);
  for (const char* photo : {"", "sample.png"}) {
    const Said first = call("first_tokens", photo, folder.path());
    INFO(first.err);
    CHECK(first.code == 0);
    CHECK_THAT(first.out, ContainsSubstring("token 15: "));
    CHECK_THAT(first.out, !ContainsSubstring("token 16: "));
    CHECK(call("own_policy", photo, folder.path()).code == 0);
    const Said panorama = call("own_graph", photo, folder.path());
    CHECK(panorama.code == 0);
    CHECK_THAT(panorama.out, ContainsSubstring("64 tokens; one lies across the seam in "));
    CHECK_THAT(panorama.out, !ContainsSubstring(" in 0 of "));
  }
  const Said foreign = call("foreign_buffer", "", folder.path());
  CHECK(foreign.code == 0);
  CHECK_THAT(foreign.out, ContainsSubstring("64 tokens"));
  CHECK_THAT(foreign.out, ContainsSubstring("the same labels"));
  CHECK(call("first_tokens", "missing.png", folder.path()).code == 2);
}
