// SPDX-License-Identifier: MIT
// Programs that are stopped, killed, or started twice: what they leave behind; and output that nobody takes.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include <unistd.h>

#include "common/image_file.hpp"
#include "common/staging_folder.hpp"
#include "kit/catch.hpp"
#include "programs/call.hpp"
#include "programs/checks.hpp"
#include "programs/running.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::test::call;
using dht::test::check_refused;
using dht::test::comes;
using dht::test::draw_sample;
using dht::test::entries;
using dht::test::program_path;
using dht::test::quoted;
using dht::test::Running;
using dht::test::Said;
using dht::test::said_by;
using dht::test::ScratchFolder;
using dht::test::store;
using dht::test::text_of;

namespace {

namespace fs = std::filesystem;

constexpr int photo_count = 300;

/// Enough photos for the program to be met at work.
void fill(const fs::path& folder) {
  fs::create_directories(folder);
  draw_sample(folder / "0.png", 48);
  for (int i = 1; i < photo_count; ++i) fs::copy(folder / "0.png", folder / (std::to_string(i) + ".png"));
}

/// How many label maps wait in staging folders.
std::size_t staged(const fs::path& out) {
  std::size_t count = 0;
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(out, ignored), end; at != end; at.increment(ignored))
    count += at->path().string().find("/.dht-") != std::string::npos && at->path().extension() == ".npy";
  return count;
}

/// Names in a folder, hidden ones too.
std::size_t count_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// Two classes of two pictures, and label maps for them.
void fill_classes(const fs::path& where) {
  for (const char* name : {"a/1", "a/2", "b/3", "b/4"}) {
    fs::create_directories((where / "train" / name).parent_path());
    fs::create_directories((where / "labels" / name).parent_path());
    draw_sample(where / "train" / (name + std::string(".png")), 32);
    dht::examples::LabelMap map{32, 32, std::vector<std::uint8_t>(32 * 32)};
    std::fill(map.values.begin(), map.values.begin() + 400, std::uint8_t{1});
    dht::examples::write_label_map(where / "labels" / (name + std::string(".png")), map);
  }
}

const std::string classify = "train --side 32 --batch 2 --patch 8 --width 32 --depth 1 ";
const std::string segment =
    "train --labels labels --side 32 --batch 2 --width 32 --depth 1 --blocks 1 --tokens 9 ";

}  // namespace

TEST_CASE("a folder's tokens that are stopped by a signal leave nothing behind") {
  const ScratchFolder folder;
  fill(folder / "photos");
  const std::size_t before = entries(folder.path());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (const std::size_t when : {1u, 20u}) {
      Running running("tokenize_folder", "photos --tokens 9 --threads 2 --output new/out", folder.path());
      REQUIRE(comes([&] { return staged(folder / "new/out") >= when; }));
      running.send(signal);
      CHECK(running.wait() == 128 + signal);
      CHECK(!fs::exists(folder / "new"));
      CHECK(text_of(folder / "stdout").empty());
      CHECK(text_of(folder / "stderr") ==
            "tokenize_folder: was interrupted (signal " + std::to_string(signal) + ")\n");
    }
  }
  CHECK(entries(folder.path()) == before + 2);  // what was said
  // Results of before stay.
  fs::create_directory(folder / "old");
  store(folder / "old/7.npy", "before");
  Running running("tokenize_folder", "photos --tokens 9 --output old", folder.path());
  REQUIRE(comes([&] { return staged(folder / "old") >= 5; }));
  running.send(SIGTERM);
  CHECK(running.wait() == 128 + SIGTERM);
  CHECK(count_in(folder / "old") == 1);
  CHECK(text_of(folder / "old/7.npy") == "before");
}

TEST_CASE("under nohup a folder's tokens are made to the end") {
  const ScratchFolder folder;
  fill(folder / "photos");
  Running running("tokenize_folder", "photos --tokens 9 --output out", folder.path(), "nohup");
  REQUIRE(comes([&] { return staged(folder / "out") >= 1; }));
  running.send(SIGHUP);
  CHECK(running.wait() == 0);
  CHECK(count_in(folder / "out") == std::size_t{photo_count + 1});
}

TEST_CASE("what a killed run has left is removed by the next, what one that lives has is not") {
  const ScratchFolder folder;
  fill(folder / "photos");
  for (const std::size_t when : {0u, 1u, 30u}) {
    Running running("tokenize_folder", "photos --tokens 9 --output out", folder.path());
    REQUIRE(comes([&] { return fs::exists(folder / "out") && staged(folder / "out") >= when; }));
    running.send(SIGKILL);
    CHECK(running.wait() == 128 + SIGKILL);
  }
  const auto tokenize_one = [&] {
    CHECK(call("tokenize", "photos/0.png --tokens 9 --quiet --output out", folder.path()).code == 0);
  };
  tokenize_one();
  CHECK(count_in(folder / "out") == 6);
  Running slow("tokenize_folder", "photos --tokens 9 --threads 1 --output out", folder.path());
  REQUIRE(comes([&] { return staged(folder / "out") >= 1; }));
  slow.send(SIGSTOP);
  tokenize_one();
  CHECK(count_in(folder / "out") == 6 + 1);  // and the folder of the one that waits
  slow.send(SIGCONT);
  CHECK(slow.wait() == 0);
  CHECK(count_in(folder / "out") == std::size_t{6 + photo_count + 1});
  for (const auto& entry : fs::recursive_directory_iterator(folder / "out"))
    CHECK(!dht::examples::is_temporary(entry.path()));
}

TEST_CASE("trainings that are stopped at any moment leave a checkpoint or nothing, and nothing hidden") {
  const ScratchFolder folder;
  fill_classes(folder.path());
  for (const auto& [program, arguments] : std::map<std::string, std::string>{
           {"classify", classify + "--validation train"},
           {"segment", segment + "--validation train --validation-labels labels"}}) {
    const std::string endless = arguments + " --steps 100000 --output run";
    for (const int wait : {4, 15, 30, 60, 120}) {
      const int signal = wait % 2 == 0 ? SIGINT : SIGTERM;
      fs::remove_all(folder / "run");
      Running running(program, endless + " --save-every 3", folder.path());
      std::this_thread::sleep_for(std::chrono::milliseconds(wait));
      running.send(signal);
      CHECK(running.wait() == 128 + signal);
      if (!fs::exists(folder / "run")) continue;
      CHECK(count_in(folder / "run") == 3);
      CHECK(fs::exists(folder / "run/checkpoint.safetensors"));
    }
    // What is left of one that was killed goes with the next.
    fs::remove_all(folder / "run");
    Running killed(program, endless + " --save-every 1", folder.path());
    REQUIRE(comes([&] { return fs::exists(folder / "run/curve.svg"); }));
    killed.send(SIGKILL);
    CHECK(killed.wait() == 128 + SIGKILL);
    store(folder / "run/.dht-1-2.tmp", "half a checkpoint");
    Running last(program, endless + " --resume", folder.path());
    REQUIRE(
        comes([&] { return text_of(folder / "stdout").find("Going on after step") != std::string::npos; }));
    last.send(SIGINT);
    CHECK(last.wait() == 128 + SIGINT);
    CHECK(count_in(folder / "run") == 3);
  }
}

TEST_CASE("two trainings do not write to one folder") {
  const ScratchFolder folder;
  fill_classes(folder.path());
  Running first("classify", classify + "--steps 100000 --save-every 100000 --output run", folder.path());
  REQUIRE(comes([&] { return fs::exists(folder / "run/curve.svg"); }));
  for (const std::string more : {"", " --resume"}) {
    check_refused("classify", classify + "--steps 100000 --output run" + more,
                  "--output: run is in use by another training; wait for its end, or choose another folder",
                  folder.path());
  }
  check_refused("segment", segment + "--output run", "--output: run is in use by another training",
                folder.path());
  first.send(SIGINT);
  CHECK(first.wait() == 128 + SIGINT);
  CHECK(count_in(folder / "run") == 3);
  CHECK(call("classify", classify + "--steps 3 --quiet --output other", folder.path()).code == 0);
}

TEST_CASE("a folder that cannot be written to is refused before the work begins") {
  const ScratchFolder folder;
  fill_classes(folder.path());
  REQUIRE(call("classify", classify + "--steps 2 --quiet --output run", folder.path()).code == 0);
  fs::permissions(folder / "run", fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write,
                  fs::perm_options::remove);
  // Who may write everywhere becomes somebody who may not.
  const std::string other = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : "";
  const auto said = [&](const std::string& program, const std::string& arguments) {
    return said_by(other + quoted(program_path(program)) + " " + arguments, folder.path());
  };
  const Said able = said("tokenize", "--version");
  if (able.code != 0) {
    WARN("nobody else can run the programs: " << able.err);
  } else {
    for (const auto& [program, arguments] :
         std::map<std::string, std::string>{{"classify", classify + "--steps 1000000 --resume"},
                                            {"tokenize", "train/a/1.png"},
                                            {"tokenize_folder", "train/a --tokens 5"}}) {
      const Said refused = said(program, arguments + " --output run");
      CHECK(refused.code == 2);
      CHECK(refused.err == program + ": --output: run cannot be written to (Permission denied)\n");
      CHECK(refused.out.empty());
    }
    CHECK(said("segment", segment + "--output run/below/it").err ==
          "segment: --output: run/below/it cannot be written to (Permission denied)\n");
  }
  fs::permissions(folder / "run", fs::perms::owner_write, fs::perm_options::add);
}

TEST_CASE("output that cannot be written is an error, and no result") {
  const ScratchFolder folder;
  fill_classes(folder.path());
  for (const auto& [program, arguments] :
       std::map<std::string, std::string>{{"tokenize", "train/a/1.png --output o"},
                                          {"retrofit", "--help"},
                                          {"vectorize", "--version"},
                                          {"draw_sample", "--size 32 s.png"},
                                          {"first_tokens", "train/a/1.png"},
                                          {"tokenize_folder", "train/a --tokens 3 --output o"},
                                          {"classify", classify + "--steps 2 --output c"}}) {
    for (const std::string where : {"/dev/full", "&-"}) {
      fs::remove_all(folder / "c");
      const Said said =
          said_by(quoted(program_path(program)) + " " + arguments + " >" + where, folder.path());
      INFO(program << " to " << where << ": " << said.err);
      CHECK(said.code == 2);
      CHECK(said.err == program + ": standard output: cannot be written\n");
    }
  }
  // Nothing is to be said: nothing fails, and nothing is said into a result.
  CHECK(said_by(quoted(program_path("tokenize")) + " train/a/1.png --tokens 4 --quiet --output p >&- 2>&-",
                folder.path())
            .code == 0);
  dht::test::check_labels(folder / "p/labels.npy", 32, 32);
}
