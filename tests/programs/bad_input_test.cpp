// SPDX-License-Identifier: MIT
// Bad input: always one line on stderr that names the file or the option, exit code 2, and nothing left behind.
#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <dht/io/safetensors.hpp>

#include "common/image_file.hpp"
#include "common/sample_picture.hpp"
#include "kit/catch.hpp"
#include "kit/encoded_photo.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"

using dht::test::call;
using dht::test::check_refused;
using dht::test::draw_sample;
using dht::test::encode_jpeg;
using dht::test::encode_png;
using dht::test::entries;
using dht::test::Said;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

/// The sample picture as the bytes of a JPEG.
std::string jpeg_sample() {
  dht::test::JpegSettings settings;
  settings.width = settings.height = 40;
  const dht::test::Bytes bytes = encode_jpeg(settings, dht::examples::sample_picture(40).rgb);
  return {bytes.begin(), bytes.end()};
}

using Tensors = std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<float>>>;

/// A checkpoint with two features, all weights small.
Tensors checkpoint() {
  Tensors tensors;
  const auto layer = [&](const std::string& weight, const std::string& norm,
                         std::vector<std::int64_t> shape) {
    std::size_t n = 1;
    for (const auto length : shape) n *= std::size_t(length);
    std::vector<float> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = 0.1f * float(int(i % 7) - 3);
    const std::int64_t outputs = shape[0];
    const auto of = [&](float value) {
      return std::pair(std::vector{outputs}, std::vector<float>(std::size_t(outputs), value));
    };
    tensors["conv." + weight + ".weight"] = {shape, values};
    tensors["conv." + weight + ".bias"] = of(0.1f);
    tensors["conv." + norm + ".weight"] = of(1);
    tensors["conv." + norm + ".bias"] = of(0);
    tensors["conv." + norm + ".running_mean"] = of(0);
    tensors["conv." + norm + ".running_var"] = of(1);
  };
  layer("ds.0", "ds.1", {2, 3, 1, 1});
  layer("cv.0", "cv.1", {8, 3, 2, 2});
  layer("cv.3", "cv.4", {2, 8, 2, 2});
  tensors["varproj.weight"] = {{1, 2}, {0.1f, 0.2f}};
  tensors["varproj.bias"] = {{1}, {0.3f}};
  return tensors;
}

dht::SafeTensorsWriter writer_of(const Tensors& tensors) {
  dht::SafeTensorsWriter writer;
  for (const auto& [name, tensor] : tensors) writer.add(name, tensor.first, tensor.second);
  return writer;
}

/// A safetensors file with this header and so many bytes of data.
std::string raw_tensors(const std::string& header, std::size_t data, std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(length >> (8 * i) & 0xFF);
  return bytes + header + std::string(data, '\0');
}

}  // namespace

TEST_CASE("command lines that make no sense") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "PHOTO"},
      {"''", "PHOTO"},
      {"p.png second.png", "second.png"},
      {"p.png --nonsense", "--nonsense"},
      {"p.png --tokens 0", "--tokens"},
      {"p.png --tokens -5", "--tokens"},
      {"p.png --tokens 1601", "--tokens"},
      {"p.png --tokens 99999999999999999999", "--tokens"},
      {"p.png --tokens 0x10", "--tokens: is 0x10; must be a whole number"},
      {"p.png --tokens 9223372036854775808", "--tokens: is 9223372036854775808; must be a whole number"},
      {"p.png --tokens 1.5", "--tokens"},
      {"p.png --tokens many", "--tokens"},
      {"p.png --tokens", "--tokens"},
      {"p.png --tokens 4 --tokens 5", "--tokens"},
      {"p.png --tokens 4 --selection best-ancestor", "--tokens"},
      {"p.png --tokens 4 --selection best-ancestor --smallest 2", "--tokens"},
      {"p.png --tokens 1601 --selection optimal-cut", "--tokens"},
      {"p.png --selection best", "--selection"},
      {"p.png --selection budget --tokens 4", "--selection"},
      {"p.png --selection ''", "--selection"},
      {"p.png --criterion aicd", "--criterion"},
      {"p.png --criterion \"$(printf 'a\\nb')\"", "--criterion"},
      {"p.png --similarity linear", "--similarity"},
      {"p.png --backend abacus", "--backend"},
      {"p.png --backend thrust --tokens 20", "--backend"},
      {"p.png --backend cuda --selection optimal-cut", "--backend"},
      {"p.png --bandwidth 0", "--bandwidth"},
      {"p.png --bandwidth -1", "--bandwidth"},
      {"p.png --bandwidth nan", "--bandwidth"},
      {"p.png --bandwidth 1e-30", "--bandwidth"},
      {"p.png --bandwidth wide", "--bandwidth"},
      {"p.png --compactness 1", "--compactness"},
      {"p.png --compactness -0.1", "--compactness"},
      {"p.png --compactness nan", "--compactness"},
      {"p.png --iota 0", "--iota"},
      {"p.png --iota inf", "--iota"},
      {"p.png --penalty 5", "--penalty"},
      {"p.png --penalty 5 --selection optimal-cut --tokens 4", "--penalty"},
      {"p.png --penalty 5 --tokens 4", "--penalty"},
      {"p.png --penalty 5 --selection merging --tokens 4", "--penalty"},
      {"p.png --penalty 5 --selection best-ancestor", "--penalty"},
      {"p.png --penalty -5 --selection merging", "--penalty"},
      {"p.png --penalty nan --selection merging", "--penalty"},
      {"p.png --smallest 0 --tokens 4", "--smallest"},
      {"p.png --smallest -3 --tokens 4", "--smallest"},
      {"p.png --smallest 1.5 --tokens 4", "--smallest"},
      {"p.png --smallest 2", "--smallest"},
      {"p.png --refine -1", "--refine"},
      {"p.png --refine 1.5 --tokens 4", "--refine"},
      {"p.png --refine 1 --backend thrust", "--refine"},
      {"p.png --smallest 2 --selection best-ancestor", "--smallest"},
      {"p.png --smallest 2 --selection optimal-cut", "--smallest"},
      {"p.png --smallest 2 --selection optimal-cut --tokens 4", "--smallest"},
      {"p.png --mask p.png", "--mask"},
      {"p.png --mask p.png --selection optimal-cut --tokens 4", "--mask"},
      {"p.png --mask '' --tokens 4", "--mask"},
      {"p.png --penalty -5 --selection optimal-cut", "--penalty"},
      {"p.png --penalty nan --selection optimal-cut", "--penalty"},
      {"p.png --threads -1", "--threads"},
      {"p.png --threads 100000", "--threads"},
      {"p.png --threads x", "--threads"},
      {"p.png --output ''", "--output"},
      {"p.png --weights ''", "--weights"},
  };
  check_refused("vectorize", "p.png --tolerance -1", "--tolerance", folder.path());
  check_refused("vectorize", "p.png --tolerance nan", "--tolerance", folder.path());
  check_refused("vectorize", "p.png --detail 0", "--detail", folder.path());
  check_refused("vectorize", "p.png --flat --stacked", "--stacked", folder.path());
  for (const auto& [arguments, named] : cases) check_refused("tokenize", arguments, named, folder.path());
  for (const auto& arguments : {"", "p.png --tokens 0", "p.png --criterion aicd", "p.png --nonsense"}) {
    check_refused("vectorize", arguments, "", folder.path());
  }
  const std::vector<std::pair<std::string, std::string>> of_drawings{
      {"p.png --bytes 0", "--bytes"},
      {"p.png --bytes 20", "--bytes: is 20; the smallest drawing has "},
      {"p.png --price -1", "--price"},
      {"p.png --price nan", "--price"},
      {"p.png --colors -1", "--colors"},
      {"p.png --bytes 9000 --tokens 5", "--bytes"},
      {"p.png --price 5 --detail 2", "--price"},
      {"p.png --price 5 --bytes 900", "--bytes"},
      {"p.png --price 5 --encoder colour", "--price"}};
  for (const auto& [arguments, named] : of_drawings)
    check_refused("vectorize", arguments, named, folder.path());
}

TEST_CASE("whole numbers are decimal, also with zeros before them") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  CHECK(call("tokenize", "p.png --tokens 020 --output o", folder.path()).code == 0);
  CHECK(dht::test::check_labels(folder / "o/labels.npy", 40, 40) == 20);  // in C, 020 is 16
  CHECK(call("tokenize_folder", ". --tokens 09 --output o", folder.path()).code == 0);
  CHECK(dht::test::check_labels(folder / "o/p.npy", 40, 40) == 9);
  for (const std::string seed : {"-1", "18446744073709551616", "0x5", "1e3"})
    check_refused("pretrain", ". --output new --steps 1 --seed " + seed, "--seed", folder.path());
  check_refused("pretrain", ". --output new --steps 99999999999999999999", "--steps", folder.path());
  CHECK(call("tokenize_folder", ". --mean-tokens 1.5e1 --output o", folder.path()).code == 0);
  check_refused("draw_sample", "--size 0 new.png", "--size: is 0; must be 1 to 8192", folder.path());
}

TEST_CASE("masks that do not fit") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  const auto refused = [&](const std::string& mask, const std::string& said) {
    check_refused("tokenize", "p.png --tokens 4 --mask " + mask, said, folder.path());
  };
  const auto write = [&](const char* name, int height, int width, std::uint8_t grey) {
    dht::Picture picture(height, width);
    std::fill(picture.rgb.begin(), picture.rgb.end(), grey);
    dht::examples::write_png(folder / name, picture);
  };
  write("wide.png", 40, 41, 255);
  write("turned.png", 41, 40, 255);
  write("dark.png", 40, 40, 127);
  store(folder / "text.png", "white everywhere\n");
  refused("missing.png", "missing.png: does not exist");
  refused("text.png", "text.png: ");
  refused("wide.png", "--mask: wide.png is 41 x 40 pixels; must be 40 x 40 like the photo");
  refused("turned.png", "--mask: turned.png is 40 x 41 pixels; must be 40 x 40 like the photo");
  refused("dark.png", "--mask: dark.png has nothing inside");
  // The mask would be replaced by a result.
  write("means.png", 40, 40, 255);
  check_refused("tokenize", "p.png --tokens 4 --mask means.png --output .", "means.png", folder.path());
  check_refused("vectorize", "p.png --tokens 4 --mask means.png", "--mask: is not for vectorize",
                folder.path());
}

TEST_CASE("photos that are none") {
  const ScratchFolder folder;
  draw_sample(folder / "good.png", 40);
  const std::string png = text_of(folder / "good.png");
  std::filesystem::create_directory(folder / "directory.png");
  store(folder / "empty.png", "");
  store(folder / "text.png", "a photo, believe me\n");
  store(folder / "short.png", std::string_view(png).substr(0, png.size() / 2));
  store(folder / "head.png", std::string_view(png).substr(0, 12));
  std::string bad = png;
  bad[bad.size() / 2] ^= 0x20;
  store(folder / "corrupt.png", bad);
  const std::string jpeg = jpeg_sample();
  store(folder / "good.jpg", jpeg);
  REQUIRE(call("tokenize", "good.jpg --quiet", folder.path()).code == 0);
  store(folder / "short.jpg", std::string_view(jpeg).substr(0, jpeg.size() / 2));
  store(folder / "head.jpg", std::string_view(jpeg).substr(0, 30));
  bad = jpeg;
  for (std::size_t i = bad.size() - 200; i < bad.size() - 100; i += 2)
    bad.replace(i, 2, std::string("\xFF\0", 2));  // all ones: no code
  store(folder / "corrupt.jpg", bad);
  for (const char* name : {"missing.png", "directory.png", "empty.png", "text.png", "short.png", "head.png",
                           "corrupt.png", "short.jpg", "head.jpg", "corrupt.jpg"}) {
    check_refused(name, name, folder.path());
  }
  check_refused("good.png/inside.png", "good.png/inside.png", folder.path());
}

#ifdef __linux__
TEST_CASE("too little memory is one sentence, whatever it was wanted for") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 200);
  const auto said = [&](const std::string& arguments, int kilobytes) {
    return call("tokenize", arguments, folder.path(), "ulimit -v " + std::to_string(kilobytes));
  };
  int kilobytes = 4000;  // what the program itself takes
  while (kilobytes < 200'000 && said("--version", kilobytes).code != 0) kilobytes += 1000;
  if (kilobytes == 200'000) DHT_TEST_SKIP("sanitizers take more address space than can be limited");
  const int least = kilobytes;
  int refused = 0;
  for (Said run; run.code != 0; kilobytes += 4000) {
    run = said("p.png --quiet --threads 2 --output out", kilobytes);
    if (run.code == 0) continue;
    INFO(kilobytes << " kB: " << run.err);
    ++refused;
    REQUIRE(run.code == 2);
    CHECK(run.err.find("memory") != std::string::npos);
    CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  }
  CHECK(refused > 5);

  // Pictures to learn from are not left out for it, and not called damaged: libpng takes memory for rows of a picture of one row,
  // libjpeg for all coefficients of a progressive file.
  dht::test::Bytes pixels(20'000'000);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i / 100);
  const std::map<std::string, dht::test::Bytes> pictures{
      {"wide.png", encode_png({20'000'000, 1, 8, PNG_COLOR_TYPE_GRAY}, pixels)},
      {"progressive.jpg", encode_jpeg({4000, 4000, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, true}, pixels)}};
  for (const auto& [name, bytes] : pictures) {
    std::filesystem::remove_all(folder / "train");
    for (const char* below : {"a", "b"}) std::filesystem::create_directories(folder / "train" / below);
    draw_sample(folder / "train/a/1.png", 40);
    store(folder / "train/b" / name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    int without = 0;
    kilobytes = least + 12'000;  // enough for the files
    for (Said run; run.code != 0; kilobytes += kilobytes / 8) {
      run = call("classify",
                 "train --side 32 --width 32 --depth 1 --steps 1 --batch 2 --threads 1 --quiet --output c",
                 folder.path(), "rm -rf c && ulimit -v " + std::to_string(kilobytes));
      INFO(kilobytes << " kB: " << run.err);
      REQUIRE((run.code == 0 || run.code == 2));
      without += run.code == 2;
      CHECK((run.err.find("not enough memory") != std::string::npos) == (run.code == 2));
      CHECK(std::count(run.err.begin(), run.err.end(), '\n') == (run.code == 2));
    }
    CHECK(without > 5);
  }

  dht::examples::write_png(folder / "large.png", dht::Picture(2048, 2048));
  const Said large = said("large.png --quiet --threads 1 --output large", 500'000);
  CHECK(large.code == 2);
  CHECK(large.err.starts_with(
      "tokenize: large.png: is 2048 x 2048 pixels, for which about 0.6 GB of memory are needed; the limit of "
      "the process (ulimit -v) has 0."));
  CHECK(!std::filesystem::exists(folder / "large"));
}
#endif

TEST_CASE("checkpoints that are none") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  const std::string path = "w.safetensors";
  const auto refused = [&](const std::string& named) {
    check_refused("tokenize", "p.png --weights " + path, path, folder.path());
    check_refused("vectorize", "p.png --weights " + path, named, folder.path());
    std::filesystem::remove_all(folder / path);
  };
  const auto save = [&](const Tensors& tensors) { writer_of(tensors).save(folder / path); };

  save(checkpoint());
  REQUIRE(call("tokenize", "p.png --quiet --output ok --weights " + path, folder.path()).code == 0);
  const std::string good = text_of(folder / path);

  std::filesystem::remove(folder / path);
  refused(path);  // missing
  std::filesystem::create_directory(folder / path);
  refused(path);
  const std::vector<std::string> damaged{
      "",
      "short",
      good.substr(0, 8),
      good.substr(0, good.size() / 2),
      good.substr(0, good.size() - 1),
      good + "more",
      std::string(200, '\xFF'),
      raw_tensors("{}", 0, 1000000),  // header length over the file's
      raw_tensors("{}", 0, std::uint64_t(1) << 63),
      raw_tensors("{\"a\":", 0, 5),
      raw_tensors("[1]", 0, 3),
      raw_tensors("{}", 0, 2),  // well formed, but every tensor is missing
      [] {
        const std::string overlapping =
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}";
        return raw_tensors(overlapping, 12, overlapping.size());
      }(),
      [] {
        const std::string outside = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,800]}}";
        return raw_tensors(outside, 8, outside.size());
      }(),
  };
  for (const std::string& bytes : damaged) {
    INFO("a file of " << bytes.size() << " bytes");
    store(folder / path, bytes);
    refused(path);
  }

  for (const auto& [name, tensor] : checkpoint()) {
    if (name.starts_with("varproj.weight")) continue;  // without it there is no self-loop to learn
    INFO(name);
    Tensors tensors = checkpoint();
    tensors.erase(name);
    save(tensors);
    refused(name);
  }
  for (const auto& [name, tensor] : checkpoint()) {
    INFO(name);
    Tensors tensors = checkpoint();
    tensors[name].first.push_back(2);
    tensors[name].second.resize(tensor.second.size() * 2);
    save(tensors);
    refused(name);

    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      tensors = checkpoint();
      tensors[name].second.back() = bad;
      save(tensors);
      refused(path);
    }

    // text instead of numbers, as far as the format has it: bytes
    tensors = checkpoint();
    tensors.erase(name);
    dht::SafeTensorsWriter writer = writer_of(tensors);
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < tensor.second.size(); ++i) bytes.push_back(std::byte(i));
    writer.add_bytes(name, dht::DType::U8, {std::int64_t(bytes.size()), 1, 1, 1, 1}, bytes);
    writer.save(folder / path);
    refused(name);
  }
  Tensors huge = checkpoint();
  for (auto& [name, tensor] : huge) {
    if (name.find("0.weight") != std::string::npos || name.find("3.weight") != std::string::npos) {
      for (float& value : tensor.second) value *= 1e38f;
    }
  }
  save(huge);
  check_refused("tokenize", "p.png --weights " + path, "p.png",
                folder.path());  // features beyond all numbers

  const std::vector<std::pair<std::string, std::string>> notes{{"criterion", "best"},  {"iota", "five"},
                                                               {"iota", "-1"},         {"compactness", "1"},
                                                               {"compactness", "1,2"}, {"std", "0,1,1"}};
  for (const auto& [name, text] : notes) {
    INFO(name << " = " << text);
    dht::SafeTensorsWriter writer = writer_of(checkpoint());
    writer.set_metadata(name, text);
    if (name == "std") writer.set_metadata("mean", "0,0,0");
    writer.save(folder / path);
    refused(path);
  }
}

TEST_CASE("places that cannot be written to") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  store(folder / "file", "");
  check_refused("p.png --output file", "file", folder.path());
  check_refused("p.png --output file/below", "file", folder.path());
  check_refused("p.png --output file/far/below", "file", folder.path());
  check_refused("p.png --output " + std::string(300, 'x'), "--output", folder.path());
  check_refused("p.png --output new/" + std::string(300, 'x'), "--output", folder.path());
  if (std::filesystem::exists("/proc/self"))
    check_refused("p.png --output /proc/dht", "/proc/dht", folder.path());

  // A working directory that is no more.
  const Said lost = call("tokenize", dht::test::quoted(folder / "p.png"), folder.path(),
                         "mkdir gone && cd gone && rmdir ../gone");
  CHECK(lost.code == 2);
  CHECK(lost.err == "tokenize: --output: p cannot be found (No such file or directory)\n");

  // The photo would be replaced by its own result.
  draw_sample(folder / "means.png", 40);
  check_refused("tokenize", "means.png --output .", "means.png", folder.path());
  // A folder has the name of a result: found before anything is written.
  std::filesystem::create_directories(folder / "out/saliency.png");
  check_refused("tokenize", "p.png --output out", "saliency.png", folder.path());
  // A photo without an ending: the default folder has its name.
  std::filesystem::copy(folder / "p.png", folder / "plain");
  check_refused("plain", "plain", folder.path());
  // One whose default folder would be this one, or the one above.
  std::filesystem::create_directory(folder / "below");
  for (const char* name : {"..png", "...png"}) {
    std::filesystem::copy(folder / "p.png", folder / "below" / name);
    const std::size_t before = entries(folder.path());
    const Said said = call("tokenize", std::string("./") + name, folder / "below");
    CHECK(said.code == 2);
    CHECK(said.err == std::string("tokenize: --output: is missing; must be given for the photo ./") + name +
                          ", which has no name before its ending\n");
    CHECK(entries(folder.path()) == before);
    CHECK(call("vectorize", std::string("./") + name + " --output o", folder / "below").code == 0);
  }

  // A failing run leaves a folder of before as it was.
  std::filesystem::create_directory(folder / "kept");
  store(folder / "kept/labels.npy", "old");
  check_refused("tokenize", "p.png --output kept --tokens 5000", "--tokens", folder.path());
  CHECK(text_of(folder / "kept/labels.npy") == "old");
}

TEST_CASE("a disk that is full halfway leaves nothing behind") {
  const ScratchFolder folder;
  draw_sample(folder / "p.png", 40);
  std::filesystem::create_directory(folder / "old");
  store(folder / "old/labels.npy", "old");
  const std::size_t before = entries(folder.path());
  // No file may grow beyond 5 blocks of 512 bytes (in some shells: of 1024); the label map alone has 6400.
  for (const std::string output : {"new/folder", "old"}) {
    const Said said =
        call("tokenize", "p.png --quiet --output " + output, folder.path(), "trap '' XFSZ && ulimit -f 5");
    INFO(said.err);
    CHECK(said.code == 2);
    CHECK(said.err.starts_with("tokenize: " + output + "/"));
    CHECK(said.err.find(".tmp") == std::string::npos);
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    CHECK(entries(folder.path()) == before);
    CHECK(text_of(folder / "old/labels.npy") == "old");
  }
}
