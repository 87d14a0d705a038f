// SPDX-License-Identifier: MIT
// A program's results in a folder: written aside, then moved to their places; on failure everything new is removed.
#include "output_folder.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <system_error>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

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

/// A new folder within another, removed with everything in it.
class Staging {
 public:
  explicit Staging(const fs::path& folder)
      : path_(folder / (".dht-" + std::to_string(std::random_device{}()) + ".tmp")) {
    std::error_code error;
    const bool created = fs::create_directory(path_, error);
    DHT_EXPECTS(created, "--output: ", dht::detail::file_name(folder), " cannot be written to (",
                error ? error.message() : "a temporary name is taken", ")");
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void check_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = fs::absolute(folder); !at.empty(); at = at.parent_path()) {
    const fs::file_status status = fs::status(at, error);
    if (fs::is_directory(status)) return;
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
  Created created;
  created.make_folders(folder_);
  const Staging staging(folder_);
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
  for (const std::string& name : written) {
    const fs::path target = folder_ / name;
    created.make_folders(target.parent_path());
    std::error_code error;
    const bool is_new = !fs::exists(fs::symlink_status(target, error));
    fs::rename(staging.path() / name, target, error);
    DHT_EXPECTS(!error, dht::detail::file_name(target), ": cannot be written (", error.message(), ")");
    if (is_new) created.add(target);
  }
  if (!written.empty()) created.keep();
}

}  // namespace dht::examples
