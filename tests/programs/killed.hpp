// SPDX-License-Identifier: MIT
// Runs of a program that are killed at any moment and resumed, until one comes to the end.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "programs/call.hpp"

namespace dht::test {

/// Kills `program` again and again, later each time, and lets another run go on, with `--resume` where there is a checkpoint in
/// `where / output`. Checks that it was killed, went on, and came to the end.
inline void kill_and_resume(const std::string& program, const std::string& arguments,
                            const std::filesystem::path& where, const std::string& output) {
  bool is_done = false;
  int kills = 0, resumes = 0;
  for (int attempt = 0; !is_done && attempt < 100; ++attempt) {
    const bool begun = std::filesystem::exists(where / output / "checkpoint.safetensors");
    // Half a millisecond is too short for any machine; later and later, so that some run comes to the end.
    const std::string after = std::to_string(0.0005 * std::pow(1.15, attempt));
    const std::string command = "cd " + quoted(where) + " && timeout -s KILL " + after + " " +
                                quoted(program_path(program)) + " " + arguments + " --output " + output +
                                (begun ? " --resume" : "") + " > /dev/null 2>&1";
    is_done = std::system(command.c_str()) == 0;
    kills += !is_done;
    resumes += begun;
  }
  CHECK(is_done);
  CHECK(kills > 0);
  CHECK(resumes > 0);
}

}  // namespace dht::test
