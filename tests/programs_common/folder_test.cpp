// SPDX-License-Identifier: MIT
// What tokenize_folder is made of: trees kept or built again, results in folders of folders, masks, the moving line.
#ifdef DHT_TEST_HAS_EXAMPLES

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <dht/io/file.hpp>

#include "common/folder_tokenizer.hpp"
#include "common/image_file.hpp"
#include "common/output_folder.hpp"
#include "common/photo_folder.hpp"
#include "common/photo_mask.hpp"
#include "common/progress.hpp"
#include "common/sample_picture.hpp"
#include "common/staging_folder.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::examples::OutputFolder;
using dht::examples::write_png;
using dht::test::error_of;
using dht::test::ScratchFolder;

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  const auto bytes = dht::read_file(path);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

TEST_CASE("trees that are kept and trees that are built again give the same tokens") {
  const ScratchFolder folder;
  fs::create_directory(folder / "photos");
  for (const int side : {30, 50, 64, 80})
    write_png(folder / "photos" / ("p" + std::to_string(side) + ".png"), dht::examples::sample_picture(side));
  dht::examples::FolderOptions options;
  options.folder = folder / "photos";
  options.mean_tokens = 30;
  options.each.selection = "merging";
  options.each.quiet = true;
  options.each.threads = 2;
  // all, some (a tree of the largest has some 50 000 bytes), none
  for (const std::int64_t bytes : {std::int64_t{1} << 30, std::int64_t{60'000}, std::int64_t{0}}) {
    options.kept_bytes = bytes;
    options.each.output = folder / std::to_string(bytes);
    REQUIRE(dht::examples::tokenize_folder("test", options) == 0);
    for (const char* name : {"p30.npy", "p50.npy", "p64.npy", "p80.npy", "tokens.csv"})
      CHECK(text_of(options.each.output / name) == text_of(folder / "1073741824" / name));
  }
}

TEST_CASE("photos of a folder are found by their names, in order") {
  const ScratchFolder folder;
  for (const char* name : {"z.jpg", "B.JPEG", "a.PNG", "a.png.txt", ".png", "c.gif", "none"})
    std::ofstream(folder / name) << "x";
  fs::create_directory(folder / "d.png");
  std::vector<std::string> names;
  for (const fs::path& photo : dht::examples::photos_in(folder.path()))
    names.push_back(photo.filename().string());
  CHECK(names == std::vector<std::string>{"B.JPEG", "a.PNG", "z.jpg"});
  CHECK(dht::examples::label_map_name("x/some.photo.jpg") == "some.photo.npy");
}

TEST_CASE(
    "photos behind links are found, links in a circle end, names that begin with a dot are passed over") {
  const ScratchFolder folder;
  const auto place = [&](const char* name) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "x";
  };
  for (const char* name : {"set/a/1.png", "set/.a/2.png", "set/a/.2.png", "set/a/.b/3.png", "far/deep/4.jpg"})
    place(name);
  fs::create_directory_symlink(folder / "far", folder / "set/b");
  fs::create_directory_symlink("a", folder / "set/c");            // the same pictures by another name
  fs::create_directory_symlink("..", folder / "far/deep/up");     // to what is being looked into
  fs::create_directory_symlink("../..", folder / "set/a/upper");  // to what is above all
  fs::create_symlink(folder / "set/a/1.png", folder / "set/5.png");
  fs::create_symlink("nowhere", folder / "set/6.png");  // for the reader to refuse
  fs::create_symlink("nowhere", folder / "set/.7");
  fs::create_directory_symlink("set", folder / "link");
  const auto names = [&](const char* of) {
    std::vector<std::string> below;
    for (const fs::path& photo : dht::examples::photos_below(folder / of))
      below.push_back(photo.lexically_relative(folder / of).generic_string());
    return below;
  };
  // `upper` leads to a folder that is not being looked into: what is beside `set` is there once more.
  const std::vector<std::string> found{"5.png",
                                       "6.png",
                                       "a/1.png",
                                       "a/upper/far/deep/4.jpg",
                                       "b/deep/4.jpg",
                                       "c/1.png",
                                       "c/upper/far/deep/4.jpg"};
  CHECK(names("set") == found);
  CHECK(names("set/") == found);
  CHECK(names("link") == found);
  CHECK(dht::examples::photos_in(folder / "set").size() == 2);
  fs::create_directory_symlink("nowhere", folder / "set/d");
  CHECK_THAT(error_of([&] { dht::examples::photos_below(folder / "set"); }),
             ContainsSubstring("set/d: is a link that leads nowhere; must lead to a folder or a file"));
  CHECK(dht::examples::photos_in(folder / "set").size() == 2);
  fs::create_symlink("round", folder / "far/round");
  CHECK_THAT(error_of([&] { dht::examples::photos_below(folder / "far"); }),
             ContainsSubstring("far/round: is a link that leads nowhere"));
}

TEST_CASE("results in folders below the output: those that were written, and nothing where none was") {
  const ScratchFolder folder;
  const auto write = [&](const fs::path& in, const char* name) {
    dht::write_file(in / name, std::string_view(name));
  };
  const OutputFolder output(folder / "out", {"5/a", "5/b", "6/a", "c"}, {});
  output.write_some([&](const fs::path&) { return std::vector<std::string>{}; });
  CHECK(!fs::exists(folder / "out"));
  output.write_some([&](const fs::path& in) {
    write(in, "5/b");
    write(in, "c");
    return std::vector<std::string>{"5/b", "c"};
  });
  CHECK(text_of(folder / "out/5/b") == "5/b");
  CHECK(text_of(folder / "out/c") == "c");
  CHECK(!fs::exists(folder / "out/5/a"));
  CHECK(!fs::exists(folder / "out/6"));
  // A file that was promised and is not there: what this call has moved goes away again.
  const OutputFolder other(folder / "other", {"5/a", "5/b"}, {});
  CHECK_THAT(error_of([&] { other.write([&](const fs::path& in) { write(in, "5/a"); }); }),
             ContainsSubstring("other/5/b: cannot be written"));
  CHECK(!fs::exists(folder / "other"));
  std::ofstream(folder / "out/7") << "x";
  CHECK_THAT(error_of([&] { OutputFolder(folder / "out", {"7/a"}, {}); }), ContainsSubstring("out/7"));
}

TEST_CASE("a result that cannot be replaced leaves all files as they were") {
  const ScratchFolder folder;
  const OutputFolder output(folder / "out", {"a", "b", "c/d", "e", "f"}, {});
  fs::create_directory(folder / "out");
  for (const char* name : {"a", "e"}) std::ofstream(folder / "out" / name) << "old";
  fs::create_symlink("a", folder / "out/b");
  const auto write = [&](const char* taken) {
    return error_of([&] {
      output.write([&](const fs::path& in) {
        for (const std::string& name : output.names()) dht::write_file(in / name, std::string_view("new"));
        if (*taken != 0) fs::create_directory(folder / "out" / taken);  // behind the program's back
      });
    });
  };
  CHECK_THAT(write("f"), ContainsSubstring("out/f: is a directory; must be a file"));
  CHECK(text_of(folder / "out/a") == "old");
  CHECK(fs::read_symlink(folder / "out/b") == "a");
  CHECK(text_of(folder / "out/e") == "old");
  CHECK(fs::is_directory(folder / "out/f"));
  CHECK(folder.files() == 1);
  CHECK(std::distance(fs::directory_iterator(folder / "out"), fs::directory_iterator()) == 4);
  fs::remove(folder / "out/f");
  CHECK(write("") == "(no error)");
  for (const std::string& name : output.names()) CHECK(text_of(folder / "out" / name) == "new");
  CHECK(std::distance(fs::directory_iterator(folder / "out"), fs::directory_iterator()) == 5);
}

TEST_CASE("temporary folders of the dead go, those of the living stay") {
  const ScratchFolder folder;
  fs::create_directories(folder / "out/.dht-1.tmp/5");
  std::ofstream(folder / "out/.dht-1.tmp/5/x.npy") << "left";
  std::ofstream(folder / "out/.dht-2.tmp") << "no folder";
  fs::create_directory(folder / "out/.other.tmp");
  const dht::examples::StagingFolder alive(folder / "out");
  std::ofstream(alive.path() / "y.npy") << "in work";
  const OutputFolder output(folder / "out", {"a"}, {});
  output.write([&](const fs::path& in) { dht::write_file(in / "a", std::string_view("a")); });
  CHECK(!fs::exists(folder / "out/.dht-1.tmp"));
  CHECK(text_of(alive.path() / "y.npy") == "in work");
  CHECK(std::distance(fs::directory_iterator(folder / "out"), fs::directory_iterator()) == 4);
}

TEST_CASE("a lock is one's own until its end") {
  using dht::examples::LockFile;
  using State = dht::examples::LockFile::State;
  const ScratchFolder folder;
  {
    const LockFile one(folder / "lock");
    CHECK(one.state() == State::ours);
    CHECK(LockFile(folder / "lock").state() == State::others);
    CHECK(LockFile(folder / "lock").state() == State::others);  // trying did not take it away
  }
  CHECK(folder.files() == 0);
  std::ofstream(folder / "lock") << "of a dead one";
  CHECK(LockFile(folder / "lock").state() == State::ours);
  CHECK(folder.files() == 0);
  CHECK(LockFile(folder / "none/lock").state() == State::gone);
  CHECK(LockFile(folder.path()).state() == State::failed);
}

TEST_CASE("a pixel is inside of a mask from half of the range on") {
  const ScratchFolder folder;
  dht::examples::Photo photo;
  photo.height = 1;
  photo.width = 4;
  dht::Picture picture(1, 4);
  // sums of 382, 383, 765 and 0, of 765
  const std::array<std::uint8_t, 12> values{255, 127, 0, 0, 255, 128, 255, 255, 255, 0, 0, 0};
  std::copy(values.begin(), values.end(), picture.rgb.begin());
  write_png(folder / "mask.png", picture);
  const auto mask = dht::examples::read_mask(folder / "mask.png", photo);
  CHECK(mask.inside == std::vector<std::uint8_t>{0, 1, 1, 0});
  CHECK(mask.pixels == 2);
  CHECK(mask.view().data == mask.inside.data());
  CHECK(mask.view().channels == 1);
  CHECK(dht::examples::PhotoMask().view().data == nullptr);
}

TEST_CASE("the line that moves tells how far it is, and goes away") {
  std::ostringstream out;
  {
    dht::examples::Progress progress(&out, "looking", 2);
    progress.interrupt([&] { out << "before|"; });
    CHECK(out.str() == "before|");  // there was no line yet
    progress.step();
    CHECK_THAT(out.str(), ContainsSubstring("looking: 1 of 2 photos, "));
    CHECK_THAT(out.str(), ContainsSubstring(" s left"));
    progress.interrupt([&] { out << "a broken photo|"; });
    CHECK_THAT(out.str(), ContainsSubstring("\r\033[Ka broken photo|"));
    progress.step();
    CHECK_THAT(out.str(), ContainsSubstring("looking: 2 of 2 photos, "));
  }
  CHECK(out.str().ends_with("\r\033[K"));
  dht::examples::Progress silent(nullptr, "looking", 1);
  silent.step();

  CHECK(dht::examples::duration_text(0.44) == "0.4 s");
  CHECK(dht::examples::duration_text(59.4) == "59 s");
  CHECK(dht::examples::duration_text(59.6) == "1 min 0 s");
  CHECK(dht::examples::duration_text(3600) == "1 h 0 min");
  CHECK(dht::examples::duration_text(7500) == "2 h 5 min");
}

#endif
