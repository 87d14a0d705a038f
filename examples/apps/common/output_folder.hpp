// SPDX-License-Identifier: MIT
// A program's results in a folder: all of them or none.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace dht::examples {

/// A folder that gets files with known names. Made before the work begins, so that what cannot be written is refused
/// before anybody waits for it; nothing is created until `write`.
class OutputFolder {
 public:
  /// Throws dht::Error, naming the option `--output` or the file, when `folder` is no folder and cannot become one, or cannot be
  /// written to, a name is taken by a folder, or a file would replace one of `inputs`. Names may have folders of their own before
  /// them, as in "50/labels.npy".
  OutputFolder(std::filesystem::path folder, std::vector<std::string> names,
               const std::vector<std::filesystem::path>& inputs);

  /// Calls `writer` with a temporary folder, in which it must write every file, then moves them to their places. When
  /// anything fails, everything that this call has created goes away, and files of before are as they were. So it is when a
  /// signal comes before all files are written (see Signals), which throws Interrupted; `writer` may look for one, too. What a
  /// process that was killed has left is removed by the next call.
  void write(const std::function<void(const std::filesystem::path&)>& writer) const;

  /// The same for a writer that returns which of the files it has written. The others stay as they were; where it has
  /// written none, no folder is created.
  void write_some(const std::function<std::vector<std::string>(const std::filesystem::path&)>& writer) const;

  const std::filesystem::path& path() const { return folder_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> names_;
};

}  // namespace dht::examples
