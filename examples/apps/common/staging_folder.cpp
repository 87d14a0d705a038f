// SPDX-License-Identifier: MIT
// Files that programs have while they run and that must not outlive them: locks, and results that are not ready.
#include "staging_folder.hpp"

#include <cerrno>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

namespace dht::examples {

namespace fs = std::filesystem;

namespace {

const char* const lock_name = "lock";

}  // namespace

// ------------------------------------------------------------------------------------------------- locks

LockFile::LockFile(fs::path path) : path_(std::move(path)), state_(take()) {}

LockFile::~LockFile() {
  std::error_code ignored;
  if (state_ == State::ours || state_ == State::unsupported) fs::remove(path_, ignored);
  if (descriptor_ >= 0) ::close(descriptor_);
}

LockFile::State LockFile::take() {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    error_ = {errno, std::generic_category()};
    return errno == ENOENT ? State::gone : State::failed;
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? State::others : State::unsupported;
  // Whoever had it may have removed it since it was opened: then this is the lock of a file that nobody else will find.
  struct stat mine {
  }, named{};
  const bool is_named = ::fstat(descriptor_, &mine) == 0 && ::stat(path_.c_str(), &named) == 0 &&
                        mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
  return is_named ? State::ours : State::gone;
}

// ------------------------------------------------------------------------------------------------- staging

bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".dht-") && name.ends_with(".tmp");
}

void remove_stale_staging(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (is_temporary(at->path()) && fs::is_directory(at->symlink_status(ignored)))
      found.push_back(at->path());
  }
  for (const fs::path& path : found) {
    const LockFile lock(path / lock_name);
    if (lock.state() == LockFile::State::ours) fs::remove_all(path, error);
  }
}

StagingFolder::StagingFolder(const fs::path& folder) {
  remove_stale_staging(folder);
  // Another process may take a folder that has no lock yet for that of a dead one: then its name is given up.
  for (int attempt = 0; attempt < 16; ++attempt) {
    const fs::path path = folder / (".dht-" + std::to_string(std::random_device{}()) + ".tmp");
    std::error_code error;
    const bool created = fs::create_directory(path, error);
    DHT_EXPECTS(!error, "--output: ", dht::detail::file_name(folder), " cannot be written to (",
                error.message(), ")");
    if (!created) continue;
    auto lock = std::make_unique<LockFile>(path / lock_name);
    if (lock->state() == LockFile::State::ours || lock->state() == LockFile::State::unsupported) {
      path_ = path;
      lock_ = std::move(lock);
      return;
    }
    const std::error_code reason = lock->error();
    const bool failed = lock->state() == LockFile::State::failed;
    fs::remove_all(path, error);
    DHT_EXPECTS(!failed, "--output: ", dht::detail::file_name(folder), " cannot be written to (",
                reason.message(), ")");
  }
  dht::detail::fail(
      {"--output: ", dht::detail::file_name(folder), " cannot be written to (temporary names are taken)"});
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace dht::examples
