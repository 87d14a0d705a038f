// SPDX-License-Identifier: MIT
// A program that runs beside the test, to be stopped at a moment that the test chooses.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "kit/catch.hpp"
#include "programs/call.hpp"

namespace dht::test {

class Running {
 public:
  /// `program` with `arguments` (quoted already) in the working directory `where`; what it says goes to the files stdout and stderr
  /// there. `by` is a program that becomes it, such as nohup.
  Running(const std::string& program, const std::string& arguments, const std::filesystem::path& where,
          const std::string& by = "") {
    const std::string command = "cd " + quoted(where) + " && exec " + by + " " +
                                quoted(program_path(program)) + " " + arguments +
                                " > stdout 2> stderr < /dev/null";
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ != 0) return;
    // Until it is another program, a signal would be told as this test's failure.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (process_ == 0) return;
    send(SIGKILL);
    wait();
  }

  void send(int signal) const { kill(process_, signal); }

  /// Its exit code; 128 and the signal where one ended it.
  int wait() {
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t process_ = 0;
};

/// Waits for something that a program does; false where it does not come.
template <class Condition>
bool comes(const Condition& condition) {
  for (int i = 0; i < 20000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace dht::test
