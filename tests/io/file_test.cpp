// SPDX-License-Identifier: MIT
// Whole files: round trips, every error sentence, and no temporary left behind whatever fails.
#include <csignal>
#include <fstream>

#include <dht/io/file.hpp>

#include "io/scratch.hpp"
#include "kit/catch.hpp"

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#define DHT_TEST_POSIX 1
#endif

using dht::read_file;
using dht::write_file;
using dht::test::bytes_of;
using dht::test::error_of;

TEST_CASE("a written file reads back, and replaces the one before", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "a b.bin";
  for (const std::string& text :
       {std::string("first"), std::string(), std::string(100000, '\0'), std::string("\r\n\x1a")}) {
    write_file(path, text);
    CHECK(read_file(path) == bytes_of(text));
  }
  CHECK(folder.files() == 1);
}

TEST_CASE("a file in the working folder needs no folder in its name", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file("plain", std::string_view("x"));
  const auto bytes = read_file("plain");
  std::filesystem::current_path(before);
  CHECK(bytes == bytes_of("x"));
}

TEST_CASE("reading says what is wrong with a path", "[io]") {
  const dht::test::ScratchFolder folder;
  const std::string name = (folder / "missing").string();
  CHECK(error_of([&] { read_file(name); }) == name + ": does not exist");
  CHECK(error_of([&] { read_file(""); }) == "(empty path): does not exist");
  CHECK(error_of([&] { read_file(folder.path()); }) ==
        folder.path().string() + ": is a directory; must be a file");
  CHECK(error_of([&] { read_file(folder / "line\nbreak"); }) ==
        (folder / "line?break").string() + ": does not exist");
}

TEST_CASE("writing says what is wrong with a path and leaves nothing behind", "[io]") {
  const dht::test::ScratchFolder folder;
  const std::string_view text = "text";
  const std::string inside = (folder / "missing/file").string();
  CHECK(error_of([&] { write_file("", text); }) == "(empty path): cannot be written (it has no name)");
  CHECK(error_of([&] { write_file(inside, text); }) ==
        inside + ": cannot be written; its folder " + (folder / "missing").string() + " must exist");
  CHECK(error_of([&] { write_file(folder.path(), text); }) ==
        folder.path().string() + ": is a directory; must be a file");
  CHECK(folder.files() == 0);
}

TEST_CASE("text in errors stays one short line of valid UTF-8", "[io]") {
  using dht::detail::one_line;
  CHECK(one_line("a\tb\x7f") == "a?b?");
  CHECK(one_line("abcdef", 3) == "abc...");
  CHECK(one_line("ab\xc3\xa9", 3) == "ab...");
  CHECK(one_line("ab\xc3\xa9", 4) == "ab\xc3\xa9");
  const std::vector<std::int64_t> shape{1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(dht::detail::shape_text(shape) == "[1, 2, 3, 4, 5, 6, 7, 8, ...]");
  CHECK(dht::detail::shape_text({}) == "[]");
}

TEST_CASE("bytes of a shape do not overflow", "[io]") {
  using dht::detail::byte_count;
  const auto count = [](std::vector<std::int64_t> shape, std::size_t element) {
    return byte_count(shape, element);
  };
  CHECK(count({}, 8) == 8u);
  CHECK(count({3, 4}, 4) == 48u);
  CHECK(count({0, INT64_MAX, INT64_MAX}, 8) == 0u);
  CHECK(count({INT64_MAX}, 1) == std::uint64_t(INT64_MAX));
  CHECK(!count({INT64_MAX}, 2));
  CHECK(!count({INT64_MAX / 8 + 1}, 8));
  CHECK(!count({std::int64_t{1} << 32, std::int64_t{1} << 32}, 1));
  CHECK(!count({-1}, 1));
}

#ifdef DHT_TEST_POSIX

namespace {

/// Files may not grow over `bytes` while this lives: a full disk without a disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

/// Gives up root's right to pass every permission, where the tests run as root.
class NotRoot {
 public:
  NotRoot() : root_(geteuid() == 0 && seteuid(65534) == 0) {}
  ~NotRoot() {
    if (root_ && seteuid(0) != 0) std::abort();
  }

 private:
  bool root_;
};

}  // namespace

TEST_CASE("a full disk is an error, keeps the old file and leaves no temporary", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "file";
  write_file(path, std::string_view("old"));
  // 100 bytes fail in the last flush, a million in the write before it.
  for (const std::size_t size : {std::size_t{100}, std::size_t{1000000}}) {
    const FullDisk full(10);
    CHECK(error_of([&] { write_file(path, std::string(size, 'x')); }) ==
          path.string() + ": cannot be written (File too large)");
  }
  CHECK(read_file(path) == bytes_of("old"));
  CHECK(folder.files() == 1);
}

TEST_CASE("permissions that forbid reading or writing are named", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "secret";
  write_file(path, std::string_view("old"));
  chmod(path.c_str(), 0);
  chmod(folder.path().c_str(), 0555);
  std::string reading, writing;
  {
    const NotRoot guard;
    reading = error_of([&] { read_file(path); });
    writing = error_of([&] { write_file(path, std::string_view("new")); });
  }
  chmod(folder.path().c_str(), 0755);
  CHECK(reading == path.string() + ": cannot be opened (Permission denied)");
  CHECK(writing == path.string() + ": cannot be written (Permission denied)");
  CHECK(folder.files() == 1);
}

TEST_CASE("a folder that may not be entered is named", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "closed/file";
  std::filesystem::create_directory(folder / "closed");
  chmod((folder / "closed").c_str(), 0);
  chmod(folder.path().c_str(), 0755);
  std::string reading;
  {
    const NotRoot guard;
    reading = error_of([&] { read_file(path); });
  }
  chmod((folder / "closed").c_str(), 0755);
  CHECK(reading == path.string() + ": cannot be opened (Permission denied)");
}

TEST_CASE("a name that the system does not take is an error and leaves no temporary", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / std::string(300, 'n');
  CHECK(error_of([&] { write_file(path, std::string_view("x")); }) ==
        path.string() + ": cannot be opened (File name too long)");
  CHECK(folder.files() == 0);
}

TEST_CASE("devices and pipes are neither read nor replaced", "[io]") {
  const std::string sentence = "/dev/null: is a device or pipe; must be a regular file";
  CHECK(error_of([] { read_file("/dev/null"); }) == sentence);
  CHECK(error_of([] { write_file("/dev/null", std::string_view("x")); }) == sentence);
}

// The sanitizer's allocator ends the program instead of throwing.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a file too large for the memory is an error", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "sparse";
  write_file(path, std::string_view());
  if (truncate(path.c_str(), off_t{1} << 42) != 0)
    DHT_TEST_SKIP("no file system here holds a sparse file of 4 TiB");
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit limit{rlim_t{1} << 41, before.rlim_max};
  setrlimit(RLIMIT_AS, &limit);
  const std::string message = error_of([&] { read_file(path); });
  setrlimit(RLIMIT_AS, &before);
  CHECK(message == path.string() + ": has 4398046511104 bytes; must fit in memory");
}
#endif

TEST_CASE("a replaced file keeps its permissions, and a link its target", "[io]") {
  const dht::test::ScratchFolder folder;
  const auto path = folder / "file", link = folder / "link";
  write_file(path, std::string_view("old"));
  chmod(path.c_str(), 0600);
  std::filesystem::create_symlink(path, link);
  write_file(link, std::string_view("new"));
  CHECK(read_file(path) == bytes_of("new"));
  CHECK(std::filesystem::is_symlink(link));
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

#endif
