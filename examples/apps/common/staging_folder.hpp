// SPDX-License-Identifier: MIT
// Files that programs have while they run and that must not outlive them: locks, and results that are not ready.
#pragma once

#include <filesystem>
#include <memory>
#include <system_error>

namespace dht::examples {

/// A file that one process at a time has, and none that has died, however it died. It goes away with whom it belongs to.
class LockFile {
 public:
  enum class State {
    ours,
    others,       ///< another process has it
    gone,         ///< its folder is not there, or the file was removed in between
    unsupported,  ///< the file system has no locks: nothing can be said of others
    failed        ///< it cannot be made, see `error`
  };

  /// Tries once. Makes the file where there is none.
  explicit LockFile(std::filesystem::path path);
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  ~LockFile();

  State state() const { return state_; }
  const std::error_code& error() const { return error_; }

 private:
  State take();

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::error_code error_;
  State state_;
};

/// A new hidden folder within another, removed with everything in it.
class StagingFolder {
 public:
  /// Removes first what processes that have died left of theirs. Throws dht::Error, naming `--output`, where none can be made.
  explicit StagingFolder(const std::filesystem::path& folder);
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  ~StagingFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<LockFile> lock_;
};

/// Whether a name is one of those that are hidden while a program runs.
bool is_temporary(const std::filesystem::path& path);

/// Removes the staging folders in a folder whose processes have died.
void remove_stale_staging(const std::filesystem::path& folder);

}  // namespace dht::examples
