// SPDX-License-Identifier: MIT
// Calls a program as a shell does, and keeps what it said.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/wait.h>

#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/folders.hpp"

namespace dht::test {

struct Said {
  int code = -1;  ///< exit code; over 128 where a signal ended it
  std::string out, err;
};

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void store(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), std::streamsize(bytes.size()));
  REQUIRE(file.flush());
}

/// An argument as the shell must see it.
inline std::string quoted(const std::string& argument) {
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}
inline std::string quoted(const std::filesystem::path& path) { return quoted(path.string()); }

/// What shell commands say in the working directory `where`.
inline Said said_by(const std::string& commands, const std::filesystem::path& where) {
  const ScratchFolder said;
  const std::string all = "cd " + quoted(where) + " && { " + commands + "; } > " + quoted(said / "out") +
                          " 2> " + quoted(said / "err") + " < /dev/null";
  const int status = std::system(all.c_str());
  Said result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  result.out = text_of(said / "out");
  result.err = text_of(said / "err");
  return result;
}

/// `program` with `arguments` (quoted already), in the working directory `where`; `before` are shell commands.
inline Said call(const std::string& program, const std::string& arguments, const std::filesystem::path& where,
                 const std::string& before = "true") {
  return said_by(before + " && " + quoted(program_path(program)) + " " + arguments, where);
}

/// The names below a folder, at any depth.
inline std::size_t entries(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::recursive_directory_iterator(folder)) ++count;
  return count;
}

}  // namespace dht::test
