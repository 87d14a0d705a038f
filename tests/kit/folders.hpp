// SPDX-License-Identifier: MIT
// Where the tests find files of the project. Only folders.cpp is compiled with these paths: every other object is the same
// in every checkout, so that ccache finds it again.
#pragma once

#include <filesystem>
#include <string>

namespace dht::test {

/// The project's folder.
std::filesystem::path source_folder();

/// The folder of the golden figures that belong to the tests.
inline std::filesystem::path golden_folder() { return source_folder() / "tests" / "golden"; }

/// A program of examples/ or bench/eval/, as it was built beside the tests.
std::filesystem::path program_path(const std::string& name);

}  // namespace dht::test
