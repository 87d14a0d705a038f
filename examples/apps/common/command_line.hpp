// SPDX-License-Identifier: MIT
// What the command lines of all programs have in common.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace dht::examples {

/// `--version`, and that an option given twice is an error.
void prepare(CLI::App& app, const std::string& name);

/// False where `--help` or `--version` was answered. Throws dht::Error for what CLI11 refuses.
bool parse(CLI::App& app, int argc, char** argv);

/// Throw dht::Error, naming the option, for a value that is none of those that may be.
void check_choice(const char* option, const std::string& value,
                  std::initializer_list<std::string_view> choices);
void check_range(const char* option, double value, double lowest, double highest);

}  // namespace dht::examples
