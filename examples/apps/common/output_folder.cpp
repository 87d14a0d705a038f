// SPDX-License-Identifier: MIT
// A program's results in a folder: written aside, then moved to their places; on failure everything new is removed.
#include "output_folder.hpp"

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <unistd.h>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "signals.hpp"
#include "staging_folder.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;

/// What was created, removed again in reverse order unless it is to stay.
class Created {
 public:
  Created() = default;
  Created(const Created&) = delete;
  Created& operator=(const Created&) = delete;
  ~Created() {
    std::error_code ignored;
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) fs::remove(*path, ignored);
  }

  void add(fs::path path) { paths_.push_back(std::move(path)); }
  void keep() { paths_.clear(); }

  /// Makes a folder and those above it.
  void make_folders(const fs::path& folder) {
    std::vector<fs::path> missing;
    std::error_code error;
    for (fs::path at = folder; !at.empty() && !fs::exists(at, error); at = at.parent_path())
      missing.push_back(at);
    for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
      if (fs::create_directory(*at, error)) add(*at);
      DHT_EXPECTS(!error, "--output: ", dht::detail::file_name(*at), " cannot be created (", error.message(),
                  ")");
    }
  }

 private:
  std::vector<fs::path> paths_;
};

/// Moves files to their places. What they replace comes back, unless it is to go.
class Publication {
 public:
  /// `aside` is a new folder beside the files, for what they replace.
  Publication(Created& created, fs::path aside) : created_(created), aside_(std::move(aside)) {
    std::error_code error;
    fs::create_directory(aside_, error);
    DHT_EXPECTS(!error, dht::detail::file_name(aside_), ": cannot be created (", error.message(), ")");
  }
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;
  ~Publication() {
    std::error_code ignored;
    for (auto moved = replaced_.rbegin(); moved != replaced_.rend(); ++moved)
      fs::rename(moved->old, moved->target, ignored);
  }

  void move(const fs::path& file, const fs::path& target) {
    std::error_code error;
    const fs::file_status before = fs::symlink_status(target, error);
    DHT_EXPECTS(!fs::is_directory(before), dht::detail::file_name(target),
                ": is a directory; must be a file");
    if (fs::exists(before)) {
      const fs::path old = aside_ / std::to_string(replaced_.size());
      // By a second name, so that the first one is never without a file; not every file system has that.
      fs::create_hard_link(target, old, error);
      if (error) fs::rename(target, old, error);
      check(target, error);
      replaced_.push_back({old, target});
    }
    fs::rename(file, target, error);
    check(target, error);
    if (!fs::exists(before)) created_.add(target);
  }

  void keep() { replaced_.clear(); }

 private:
  struct Replaced {
    fs::path old, target;
  };

  static void check(const fs::path& target, const std::error_code& error) {
    DHT_EXPECTS(!error, dht::detail::file_name(target), ": cannot be written (", error.message(), ")");
  }

  Created& created_;
  fs::path aside_;
  std::vector<Replaced> replaced_;
};

/// Waits until no other process moves results to this folder: files of one run do not come between those of another.
std::unique_ptr<LockFile> publishing_lock(const fs::path& folder) {
  for (;;) {
    auto lock = std::make_unique<LockFile>(folder / ".dht-publishing.tmp");
    DHT_EXPECTS(lock->state() != LockFile::State::failed, "--output: ", dht::detail::file_name(folder),
                " cannot be written to (", lock->error().message(), ")");
    if (lock->state() == LockFile::State::ours || lock->state() == LockFile::State::unsupported) return lock;
    check_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// The folder, or that in which it would be made, can be written to.
void check_folder(const fs::path& folder) {
  std::error_code error;
  fs::path at = fs::absolute(folder, error);  // none where the working directory was removed
  DHT_EXPECTS(!error, "--output: ", dht::detail::file_name(folder), " cannot be found (", error.message(),
              ")");
  for (; !at.empty(); at = at.parent_path()) {
    const fs::file_status status = fs::status(at, error);
    if (fs::is_directory(status)) {
      const int reason = ::access(at.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
      DHT_EXPECTS(reason == 0, "--output: ", dht::detail::file_name(folder), " cannot be written to (",
                  dht::detail::system_message(reason), ")");
      return;
    }
    DHT_EXPECTS(status.type() == fs::file_type::not_found, "--output: ", dht::detail::file_name(folder), ": ",
                status.type() == fs::file_type::none
                    ? "cannot be opened (" + error.message() + ")"
                    : dht::detail::file_name(at) + " is a file; must be a folder");
    if (at == at.parent_path()) return;
  }
}

/// The folders that the names have before them, within `folder`.
void make_folders_of(const std::vector<std::string>& names, const fs::path& folder) {
  fs::path last = folder;
  for (const std::string& name : names) {
    const fs::path parent = (folder / name).parent_path();
    if (parent == last) continue;
    std::error_code error;
    fs::create_directories(parent, error);
    DHT_EXPECTS(!error, dht::detail::file_name(parent), ": cannot be created (", error.message(), ")");
    last = parent;
  }
}

}  // namespace

OutputFolder::OutputFolder(fs::path folder, std::vector<std::string> names,
                           const std::vector<fs::path>& inputs)
    : folder_(std::move(folder)), names_(std::move(names)) {
  fs::path checked = folder_;
  check_folder(folder_);
  for (const std::string& name : names_) {
    std::error_code error;
    const fs::path path = folder_ / name;
    if (path.parent_path() != checked) check_folder(checked = path.parent_path());
    DHT_EXPECTS(!fs::is_directory(path, error), dht::detail::file_name(path),
                ": is a directory; must be a file");
    for (const fs::path& input : inputs) {
      DHT_EXPECTS(!fs::equivalent(path, input, error), "--output: ", dht::detail::file_name(path),
                  " is what the program reads; choose another folder");
    }
  }
}

void OutputFolder::write(const std::function<void(const fs::path&)>& writer) const {
  write_some([&](const fs::path& folder) {
    writer(folder);
    return names_;
  });
}

void OutputFolder::write_some(const std::function<std::vector<std::string>(const fs::path&)>& writer) const {
  const Signals signals;
  Created created;
  created.make_folders(folder_);
  const StagingFolder staging(folder_);
  std::vector<std::string> written;
  try {
    make_folders_of(names_, staging.path());
    written = writer(staging.path());
  } catch (const Error& error) {
    // The user knows nothing of the temporary folder.
    std::string what = error.what();
    const std::string aside = staging.path().string();
    const auto at = what.find(aside);
    if (at != std::string::npos) what.replace(at, aside.size(), folder_.string());
    throw Error(what);
  }
  check_interrupted();
  if (written.empty()) return;
  const auto lock = publishing_lock(folder_);
  Publication publication(created, staging.path() / "before");
  for (const std::string& name : written) {
    const fs::path target = folder_ / name;
    created.make_folders(target.parent_path());
    publication.move(staging.path() / name, target);
  }
  publication.keep();
  created.keep();
}

}  // namespace dht::examples
