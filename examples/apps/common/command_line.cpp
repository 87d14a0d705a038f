// SPDX-License-Identifier: MIT
// What the command lines of all programs have in common, and the one way in which programs fail.
#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <functional>
#include <iostream>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/version.hpp>

#include "memory.hpp"
#include "options.hpp"
#include "signals.hpp"

namespace dht::examples {
namespace {

/// The system refuses a thread where there are too many, and where there is no room for its stack.
std::string refusal_of_threads() {
  constexpr std::uint64_t stack = 8 << 20;
  const std::optional<MemoryLeft> left = address_space_left();
  return left && left->bytes < 64 * stack ? not_enough_memory
                                          : "--threads: the system does not give so many threads";
}

/// Takes digits for what they are: without it, 010 is 8, 0x10 is 16, and what is too large another number. What is no whole
/// number is for the option's own type to refuse.
CLI::Validator whole_number() {
  const auto check = [](std::string& text) -> std::string {
    const std::size_t first = text.starts_with('-') ? 1 : 0;
    const auto is_digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    if (!is_digit(first)) return "";
    while (text[first] == '0' && is_digit(first + 1)) text.erase(first, 1);
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_decimal = error == std::errc() &&
                            (stop == end || std::string_view(".eE").find(*stop) != std::string_view::npos);
    return is_decimal ? "" : "is " + dht::detail::one_line(text) + "; must be a whole number";
  };
  return {check, ""};
}

}  // namespace

void prepare(CLI::App& app, const std::string& name) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  app.set_version_flag("--version", name + " (" + version() + ")");
}

bool parse(CLI::App& app, int argc, char** argv) {
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name() == "N" || option->get_type_name() == "K") option->transform(whole_number());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      throw Error(dht::detail::one_line(error.what(), 1000) + "; see " + app.get_name() + " --help");
    app.exit(error);
    return false;
  }
  return true;
}

void check_choice(const char* option, const std::string& value,
                  std::initializer_list<std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  std::string list;
  for (const std::string_view choice : choices) {
    if (!list.empty()) list += choice == *(choices.end() - 1) ? " or " : ", ";
    list += choice;
  }
  dht::detail::fail({option, ": is ", dht::detail::one_line(value), "; must be ", list});
}

void check_range(const char* option, double value, double lowest, double highest) {
  DHT_EXPECTS(value >= lowest && value <= highest, option, ": is ", value, "; must be ", lowest, " to ",
              highest);
}

std::string version() {
  return "dht " + std::to_string(DHT_VERSION_MAJOR) + "." + std::to_string(DHT_VERSION_MINOR) + "." +
         std::to_string(DHT_VERSION_PATCH);
}

void complain(const std::string& name, std::string_view what) {
  std::cerr << name << ": " << dht::detail::one_line(what, 9000) << '\n';
}

namespace {

/// Of stdin, stdout and stderr, what is closed would be the number of the next file that is opened: what is said would become
/// part of a result. Opened the wrong way round it is taken, and using it fails as before.
void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) == -1)
      ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

}  // namespace

int run_program(const std::string& name, const std::function<void()>& body) {
  occupy_standard_descriptors();
  try {
    body();
    std::cout.flush();
    DHT_EXPECTS(std::cout.good(), "standard output: cannot be written");
    return 0;
  } catch (const Interrupted& interrupted) {
    complain(name, "was interrupted (signal " + std::to_string(interrupted.signal) + ")");
    return 128 + interrupted.signal;
  } catch (const std::bad_alloc&) {
    complain(name, not_enough_memory);
  } catch (const std::length_error&) {  // more than a container can hold
    complain(name, not_enough_memory);
  } catch (const std::system_error& error) {
    complain(name,
             error.code() == std::errc::resource_unavailable_try_again ? refusal_of_threads() : error.what());
  } catch (const std::exception& error) {
    complain(name, error.what());
  }
  return 2;
}

}  // namespace dht::examples
